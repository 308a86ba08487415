"""How close to each other two different algebraic numbers can be: a bound below which they must be equal.

An expression in rationals, roots and roots of unity is U/L with algebraic integers U and L. Every conjugate of U is at
most u in size and |L| is at most l, both read off the expression; U has at most D conjugates, D being the product of
the root indices. Where U is not 0 its norm is at least 1, so |U/L| is at least u**-(D-1)/l (Burnikel, Fleischer,
Mehlhorn, Schirra 2000, "A strong and easily computable separation bound for arithmetic expressions involving
radicals").
"""

from __future__ import annotations

import math
from fractions import Fraction
from math import lcm

from envs.expression import MINUS_ONE, Call, Name, Number, Power, Product, Sum, Tree, multiply, ordered

_CIRCULAR = {"sin", "cos", "tan", "cot", "sec", "csc"}
_SLACK = 1e-6  # above the rounding error of one step of the logarithms below
_LARGEST_DEGREE = 10_000


class _Transcendental(Exception):
    """The expression is not one this module bounds."""


def separation_bits(first: Tree, second: Tree) -> int | None:
    """Bits b such that the two constants are equal if they are within 2**-b; None where no bound is known."""
    bound = _Bound()
    try:
        u, below = bound.of(Sum((first, multiply((MINUS_ONE, second)))))
    except _Transcendental:
        return None
    degree = bound.degree()
    if degree > _LARGEST_DEGREE:
        return None
    return math.ceil((degree - 1) * max(u, 0.0) + below) + 1


class _Bound:
    """Logarithms to base 2 of the bounds u and l of expressions, and the degree of all their roots together."""

    def __init__(self) -> None:
        self._radicals: dict[tuple[Tree, int], None] = {}
        self._turn = 1

    def degree(self) -> int:
        """A bound on the degree of the field that holds all expressions met."""
        return math.prod(index for _, index in self._radicals) * self._turn

    def of(self, tree: Tree) -> tuple[float, float]:
        match tree:
            case Number(value):
                return _log2(max(abs(value.numerator), 1)), _log2(value.denominator)
            case Name("I"):
                self._turn = lcm(self._turn, 4)
                return 0.0, 0.0
            case Product(factors):
                bounds = [self.of(factor) for factor in factors]
                return sum(u for u, _ in bounds) + _SLACK, sum(below for _, below in bounds) + _SLACK
            case Sum(terms):
                bounds = [self.of(term) for term in terms]
                total = sum(below for _, below in bounds) + _SLACK
                return max(u - below for u, below in bounds) + math.log2(len(bounds)) + total + _SLACK, total
            case Power(base, Number(exponent)):
                return self._power(base, exponent)
            case Call(function, argument) if function in _CIRCULAR:
                return self._circular(function, _half_turns(argument))
            case Call("exp", argument):
                turn = _half_turns_of_exponent(argument)
                self._turn = lcm(self._turn, 2 * turn.denominator)
                return 0.0, 0.0
            case _:
                raise _Transcendental

    def _power(self, base: Tree, exponent: Fraction) -> tuple[float, float]:
        u, below = self.of(base)
        index, times = exponent.denominator, abs(exponent.numerator)
        if index > 1:
            self._radicals[ordered(base), index] = None
            u = (u + (index - 1) * below) / index + _SLACK
        u, below = u * times + _SLACK, below * times + _SLACK
        return (u, below) if exponent > 0 else (below, u)

    def _circular(self, function: str, half_turns: Fraction) -> tuple[float, float]:
        self._turn = lcm(self._turn, 4, 2 * half_turns.denominator)
        # The cosine is (z+1/z)/2 and the sine (z-1/z)/(2*I), with roots of unity z and I.
        match function:
            case "sin" | "cos":
                return 1.0 + _SLACK, 1.0 + _SLACK
            case "tan" | "cot":
                return 2.0 + _SLACK, 2.0 + _SLACK
            case _:
                return 1.0 + _SLACK, 1.0 + _SLACK


def _half_turns(tree: Tree) -> Fraction:
    match tree:
        case Name("pi"):
            return Fraction(1)
        case Number(value) if value == 0:
            return value
        case Product((Number(value), Name("pi"))):
            return value
        case _:
            raise _Transcendental


def _half_turns_of_exponent(tree: Tree) -> Fraction:
    match tree:
        case Product(factors):
            rest = [factor for factor in factors if factor != Name("I")]
            if len(rest) == len(factors) - 1:
                return _half_turns(multiply(rest))
    raise _Transcendental


def _log2(value: int) -> float:
    return math.log2(value) + _SLACK
