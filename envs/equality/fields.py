"""Random prime fields with many roots of unity, and roots in them.

The prime p is such that `ORDER = 2*lcm(1, ..., 24)` divides p-1 and shares no factor with (p-1)/`ORDER`. So the field
holds `exp(2*pi*i/n)` for every n that divides `ORDER`, and m-th roots are found by a table where few of them exist.
Primes are drawn from the operating system's entropy: nobody can write an expression that vanishes modulo them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from math import gcd, lcm
from random import Random

from envs.equality.comparison import RANDOM

ORDER = 2 * lcm(*range(1, 25))
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23)  # those that divide ORDER
_COFACTOR_BITS = 66  # primes of about 100 bits: degrees of 10**12 still leave an error below 10**-17
_N_WITNESSES = 24
_MOST_IN_TABLE = 2_000
_N_FIELDS = 12


class NoRoot(ArithmeticError):
    """The element has no root of that index in the field, or the index is not supported."""


class Field:
    """The integers modulo a random prime.

    Attributes:
        prime: The modulus.
        unity: An element of order `ORDER`.
    """

    def __init__(self, rng: Random) -> None:
        while True:
            cofactor = rng.getrandbits(_COFACTOR_BITS) | 1
            self.prime = ORDER * cofactor + 1
            if gcd(cofactor, ORDER) == 1 and is_prime(self.prime, rng):
                break
        self.unity = 1
        for q in _PRIMES:
            self.unity = self.unity * self._of_prime_power_order(q, rng) % self.prime

    def root_of_unity(self, n: int) -> int:
        """An element of order n, which divides `ORDER`; the roots of all orders fit together."""
        if n not in self._roots_of_unity:
            self._roots_of_unity[n] = pow(self.unity, ORDER // n, self.prime)
        return self._roots_of_unity[n]

    def root(self, element: int, index: int) -> int:
        """One of the roots of an element.

        Raises:
            NoRoot: There is none, or the index is too large for a table.
        """
        p = self.prime
        if element % p == 0:
            raise NoRoot
        part, table = self._table(index)
        rest = (p - 1) // part  # prime to the index
        # first**index is the element times one whose order divides `part`, of which the table knows the root.
        if index == 2:
            half = pow(element, rest // 2, p)
            first = element * half % p
            in_part, excess = first * half % p, 1
        else:
            inverse = pow(index, -1, rest)
            first, in_part, excess = pow(element, inverse, p), pow(element, rest, p), inverse * index // rest
        position = table[in_part] * excess % part
        if position % index:
            raise NoRoot
        return first * pow(self.root_of_unity(part), -position // index, p) % p

    def _table(self, index: int) -> tuple[int, dict[int, int]]:
        """The order of the group that holds all roots of unity of the index, and the positions of its elements."""
        if index not in self._tables:
            part = 1
            for q in _PRIMES:
                if index % q == 0:
                    part *= _power_in(q)
            if part > _MOST_IN_TABLE:
                raise NoRoot
            generator, element, positions = self.root_of_unity(part), 1, {}
            for position in range(part):
                positions[element] = position
                element = element * generator % self.prime
            self._tables[index] = part, positions
        return self._tables[index]

    @cached_property
    def _roots_of_unity(self) -> dict[int, int]:
        return {}

    @cached_property
    def _tables(self) -> dict[int, tuple[int, dict[int, int]]]:
        return {}

    def _of_prime_power_order(self, q: int, rng: Random) -> int:
        order = _power_in(q)
        while True:
            element = pow(rng.randrange(2, self.prime), (self.prime - 1) // order, self.prime)
            if pow(element, order // q, self.prime) != 1:
                return element


_fields: list[Field] = []


def fields() -> Iterator[Field]:
    """Fields in random order; they are made on first use and shared, as making one takes milliseconds."""
    rng = RANDOM
    order = list(range(_N_FIELDS))
    rng.shuffle(order)
    for index in order:
        if index >= len(_fields):
            _fields.append(Field(rng))
            index = len(_fields) - 1
        yield _fields[index]


def _power_in(q: int) -> int:
    """The highest power of a prime that divides `ORDER`."""
    power = 1
    while ORDER % (power * q) == 0:
        power *= q
    return power


def is_prime(n: int, rng: Random | None = None) -> bool:
    """Whether n is prime; a composite passes with probability below 4**-24 (Miller 1976, Rabin 1980)."""
    if n < 1_000**2:
        return n > 1 and all(n % q for q in range(2, math.isqrt(n) + 1))
    if n % 2 == 0 or any(n % q == 0 for q in range(3, 1_000, 2)):
        return False
    rng = rng or RANDOM
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_N_WITNESSES):
        power = pow(rng.randrange(2, n - 1), odd, n)
        if power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True
