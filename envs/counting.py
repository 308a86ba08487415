"""Exact counts that capacities are made of."""

from __future__ import annotations

from functools import lru_cache
from math import gcd


def n_pairs(n: int) -> int:
    """Unordered pairs of n things, a thing with itself included."""
    return n * (n + 1) // 2


@lru_cache(maxsize=4096)
def totient_sum(n: int) -> int:
    """Pairs 1 <= a <= m <= n without a common divisor, so also phi(1) + ... + phi(n).

    Of all n(n+1)/2 pairs, those with greatest common divisor d are as many as the coprime ones up to n//d. Time
    grows like n**0.75: 10 ms for a million.
    """
    total, divisor = n * (n + 1) // 2, 2
    while divisor <= n:
        quotient = n // divisor
        last = n // quotient
        total -= (last - divisor + 1) * totient_sum(quotient)
        divisor = last + 1
    return total


def totient(n: int) -> int:
    """How many of 1 to n have no common divisor with n; for small n."""
    return sum(gcd(n, k) == 1 for k in range(1, n + 1))


def n_directions(n_entries: int, largest: int) -> int:
    """Integer vectors with entries up to `largest` in size, none 0, up to sign and without a common divisor."""
    if largest < 1:
        return 0
    every = ((2 * largest + 1) ** n_entries - 1) // 2
    return int(every - sum(n_directions(n_entries, largest // divisor) for divisor in range(2, largest + 1)))
