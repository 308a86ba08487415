from itertools import combinations_with_replacement, product
from math import gcd

import pytest

from envs.counting import n_directions, n_pairs, totient, totient_sum


@pytest.mark.parametrize("n", [1, 2, 9, 10, 99, 137])
def test_coprime_pairs(n: int) -> None:
    assert totient_sum(n) == sum(gcd(a, m) == 1 for m in range(1, n + 1) for a in range(1, m + 1))
    assert totient_sum(n) - totient_sum(n - 1) == totient(n)


def test_coprime_pairs_of_large_numbers() -> None:
    assert totient_sum(10**6) == 303_963_552_392  # OEIS A064018


def test_unordered_pairs() -> None:
    assert [n_pairs(n) for n in range(5)] == [len(list(combinations_with_replacement(range(n), 2))) for n in range(5)]


@pytest.mark.parametrize(("n_entries", "largest"), [(1, 3), (2, 1), (2, 4), (3, 2), (2, 0)])
def test_directions(n_entries: int, largest: int) -> None:
    vectors = product(range(-largest, largest + 1), repeat=n_entries)
    coprime = [vector for vector in vectors if gcd(*vector) == 1]
    assert n_directions(n_entries, largest) == len(coprime) / 2
