"""Random rational points of a domain, in regions that matter to the trees at hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from random import Random
from typing import TypeAlias

from envs.equality.comparison import Domain
from envs.equality.residues import degree_bound
from envs.expression import Call, Number, Power, Product, Sum, Tree, nodes, symbols_of
from envs.polynomial import polynomial_of

Point: TypeAlias = Mapping[str, tuple[Fraction, Fraction]]
"""Exact real and imaginary part of each symbol."""

Band: TypeAlias = tuple[Fraction | int, Fraction | int]

_BANDS: tuple[Band, ...] = ((0, 1), (1, 4), (0, 1), (4, 30))  # asin and acosh live on different sides of 1
_FARTHEST = 2**64
_LARGEST_DEGREE = 12
_TURNING = {"Abs", "sign", "log", "asin", "acos", "atan", "acot", "asec", "acsc", "acosh", "atanh", "acoth", "asech"}


def bands_of(*trees: Tree) -> tuple[Band, ...]:
    """Sizes to try symbols at: beyond the places where Abs(x-1000) and sqrt((x/3+8)**2) turn, and around 1."""
    nearest = 15
    sizes: set[int] = set()
    largest = highest = 0
    turns = False
    for tree in trees:
        for node in nodes(tree):
            match node:
                case Number(value) if abs(value.numerator) > nearest:
                    size = math.ceil(abs(value))
                    highest = max(highest, size)
                    largest = max(largest, size if nearest < size < _FARTHEST else 0)
                case Call(function, argument) if function in _TURNING:
                    turns = True
                    sizes |= _beyond_roots(argument)
                case Power(base, Number(exponent)) if exponent.denominator > 1:
                    turns = True
                    sizes |= _beyond_roots(base)
                case Power(base, exponent) if not isinstance(exponent, Number):
                    sizes |= _beyond_roots(base)
    if largest:
        sizes.add(largest)
    kept = sorted(size for size in sizes if 4 < size < _FARTHEST)[:_MOST_EXTRA]
    near: tuple[Band, ...] = ((0, Fraction(1, highest)),) if turns and highest else ()  # Abs(50+1/x) turns there
    far: tuple[Band, ...] = ((30, 1_000), (1_000, 10**5)) if turns else ()  # 7-sqrt(Abs(x)) changes sign at 49
    return (*((size, 2 * size) for size in kept), *near, *far, *_BANDS)


_MOST_EXTRA = 4
_MOST_ZERO_GROUPS = 6  # 8 points are drawn before anything is believed: all symbols 0, and each of these groups
_N_SMALL = 2
_SMALL = 5


def _beyond_roots(tree: Tree) -> set[int]:
    """A size beyond all roots of each polynomial in one symbol that is a power's base, a factor or the tree."""
    found: set[int] = set()
    pending = [tree]
    while pending:
        part = pending.pop()
        match part:
            case Product(factors):
                pending += factors
            case Power(base, _):
                pending.append(base)
            case Sum():
                if bound := _root_bound(part):
                    found.add(bound)
    return found


def _root_bound(tree: Tree) -> int:
    """Fujiwara's bound (1916) on the roots of a polynomial in one symbol, rounded up; 0 for other trees."""
    names = symbols_of(tree)
    if len(names) != 1 or degree_bound(tree) > _LARGEST_DEGREE:
        return 0
    polynomial = polynomial_of(tree, min(names))
    if not polynomial:
        return 0
    degree = max(polynomial)
    ratios = {degree - power: abs(coefficient / polynomial[degree]) for power, coefficient in polynomial.items()}
    terms = [_root(ratio, steps) for steps, ratio in ratios.items() if steps]
    factor = 1 if degree == 1 else 2
    return math.ceil(factor * max(terms, default=0)) + 1


def _root(value: Fraction, index: int) -> float:
    """A root of a number of any size, as a float."""
    bits = value.numerator.bit_length() - value.denominator.bit_length()
    return (
        float(_FARTHEST) if bits > 64 * index else 2.0 ** ((bits + 1) / index) if bits > 900 else value ** (1 / index)
    )


def random_point(domains: Mapping[str, Domain], index: int, rng: Random, bands: tuple[Band, ...]) -> Point:
    """A random point; which signs and what size its coordinates have follows from its index.

    Branches differ by region (sqrt(x**2) from x where x is negative), and points with random signs would miss a
    region too often.
    """
    low, high = bands[index // 2 % len(bands)]
    n_groups = min(len(domains), _MOST_ZERO_GROUPS)
    point = {}
    for position, (name, domain) in enumerate(sorted(domains.items())):
        sign = -1 if (index >> position % 4) & 1 else 1
        value, imaginary = low + (high - low) * random_fraction(rng), Fraction(0)
        match domain:
            case "real":
                value *= sign
            case "complex":
                value, imaginary = value * sign, high * random_fraction(rng) * rng.choice((-1, 1))
            case "nonneg-int":
                value = Fraction(_natural(index, position, n_groups, rng, bands))
        point[name] = value, imaginary
    return point


def _natural(index: int, position: int, n_groups: int, rng: Random, bands: tuple[Band, ...]) -> int:
    """0 for all symbols, then for one after the other, then small numbers: sign(n) is 1 everywhere but at 0."""
    n_special = n_groups + 1 + _N_SMALL
    if index == 1 or (1 < index <= n_groups + 1 and position % n_groups == index - 2):
        return 0
    if n_groups + 1 < index <= n_special:
        return rng.randrange(1, _SMALL)
    size = math.ceil(bands[max(index - n_special, 0) % len(bands)][1])
    return rng.randrange(size, 10 * size)


def random_fraction(rng: Random) -> Fraction:
    """A random rational between 0 and 1."""
    # A random odd denominator: sin(2**40*pi*x) is 0 at every multiple of 2**-40, but not here.
    denominator = rng.getrandbits(40) | 2**40 | 1
    return Fraction(rng.randrange(1, denominator), denominator)
