"""Sums of monomials in unknowns with rational coefficients, small enough to expand; for exponents."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

Monomial: TypeAlias = tuple[tuple[int, int], ...]
"""Unknowns with their degrees, sorted by unknown; degrees may be negative and are never 0."""

Combination: TypeAlias = dict[Monomial, Fraction]
"""Monomials with their coefficients, none of them 0; the empty mapping is 0."""

UNIT = -1
"""The imaginary unit, in monomials with degree 1 at most; other unknowns are residues, so it sorts first."""

_MOST_TERMS = 64


class Unsupported(Exception):
    """The expression is beyond what is worth expanding."""


def plus(first: Combination, second: Combination) -> Combination:
    """Their sum."""
    if not first or not second:
        return first or second
    total = dict(first)
    for monomial, coefficient in second.items():
        changed = total.get(monomial, 0) + coefficient
        if changed:
            total[monomial] = changed
        else:
            del total[monomial]
    return total


def scaled(combination: Combination, factor: Fraction) -> Combination:
    """The combination times a number that is not 0."""
    return {monomial: coefficient * factor for monomial, coefficient in combination.items()}


def times(first: Combination, second: Combination) -> Combination:
    """Their product.

    Raises:
        Unsupported: It has too many terms.
    """
    if len(first) * len(second) > _MOST_TERMS:
        raise Unsupported("too many terms in an exponent")
    total: Combination = {}
    for left, a in first.items():
        for right, b in second.items():
            monomial, sign = _joined(left, right)
            total = plus(total, {monomial: a * b * sign})
    return total


def powered(base: Combination, exponent: int) -> Combination:
    """The combination to an integer power; below 0 for a single term only.

    Raises:
        Unsupported: It has too many terms or too large numbers.
    """
    if abs(exponent) > 64:
        raise Unsupported("too high a power in an exponent")
    if exponent < 0:
        ((monomial, coefficient),) = base.items()
        reciprocal = tuple((atom, degree if atom == UNIT else -degree) for atom, degree in monomial)
        sign = -1 if monomial[:1] == ((UNIT, 1),) else 1  # 1/I is -I
        base, exponent = {reciprocal: sign / coefficient}, -exponent
    result: Combination = {(): Fraction(1)}
    for _ in range(exponent):
        result = times(result, base)
    return result


def _joined(left: Monomial, right: Monomial) -> tuple[Monomial, int]:
    """The product of two monomials, and the sign that I*I brings."""
    if not left or not right:
        return left or right, 1
    degrees = dict(left)
    for atom, degree in right:
        degrees[atom] = degrees.get(atom, 0) + degree
    sign = 1
    if degrees.get(UNIT) == 2:
        del degrees[UNIT]
        sign = -1
    return tuple(sorted((atom, degree) for atom, degree in degrees.items() if degree)), sign
