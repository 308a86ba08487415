"""Expressions at a point as complex balls: a value together with a rigorous bound on its error.

Balls that do not meet prove that two values differ, whatever cancellation happened on the way (Johansson 2017,
"Arb: efficient arbitrary-precision midpoint-radius interval arithmetic"). Every function is the principal
branch; `acot`, `asec`, `acsc`, `acoth`, `asech` and `acsch` are the inverse functions of the reciprocal.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

import flint

from envs.expression import Call, Name, Number, Power, Product, Sum, Tree
from envs.grammar import SMOOTH_FUNCTIONS

Ball = Any  # flint.acb; the library ships no types that mypy can follow here

LARGEST_ARGUMENT = 2.0**20
"""Functions of anything larger count as undefined: their values, and the time they take, grow without limit."""

_UNKNOWN_SPREAD_BITS = 1_000_000

_FUNCTIONS: dict[str, Callable[[Ball], Ball]] = {
    **{name: getattr(flint.acb, name.lower()) for name in SMOOTH_FUNCTIONS if hasattr(flint.acb, name.lower())},
    "acot": lambda u: (1 / u).atan(),
    "asec": lambda u: (1 / u).acos(),
    "acsc": lambda u: (1 / u).asin(),
    "acoth": lambda u: (1 / u).atanh(),
    "asech": lambda u: (1 / u).acosh(),
    "acsch": lambda u: (1 / u).asinh(),
    "Abs": lambda u: flint.acb(abs(u)),
    "sign": lambda u: u.sgn(),
}


class NoValue(ArithmeticError):
    """The expression is undefined at the point, or too wide a ball to tell."""


class OutOfTime(Exception):
    """The deadline passed."""


class Evaluator:
    """Values of trees at one point, at one precision.

    Attributes:
        spread_bits: How many bits beyond its own size a value may hide a difference in, because a function
            was called far from 1: tanh(100) is within 2**-288 of 1 without being 1.
    """

    def __init__(self, point: Mapping[str, tuple[Fraction, Fraction]], precision_bits: int, deadline: float) -> None:
        """Make an evaluator.

        Args:
            point: Exact real and imaginary part of each symbol.
            precision_bits: Working precision; balls are about that narrow where nothing cancels.
            deadline: Value of `time.perf_counter()` after which `value` gives up.
        """
        self._precision_bits = precision_bits
        self._deadline = deadline
        self._known: dict[int, tuple[Tree, Ball]] = {}
        with flint.ctx.workprec(precision_bits):
            self._names: dict[str, Ball] = {"pi": flint.acb.pi(), "I": flint.acb(0, 1)}
            for name, (real, imaginary) in point.items():
                self._names[name] = flint.acb(_rational(real), _rational(imaginary))
        self.spread_bits = 0

    def value(self, tree: Tree) -> Ball:
        """The ball of a tree.

        Raises:
            NoValue: It is not finite.
            OutOfTime: The deadline passed.
        """
        with flint.ctx.workprec(self._precision_bits):
            return self._value(tree)

    def _value(self, tree: Tree) -> Ball:
        match tree:
            case Number(value):
                return flint.acb(_rational(value))
            case Name(name):
                return self._names[name]
        if id(tree) not in self._known:
            ball = self._compound(tree)
            if not ball.is_finite():
                raise NoValue("not finite")
            self._known[id(tree)] = tree, ball
        return self._known[id(tree)][1]

    def _compound(self, tree: Tree) -> Ball:
        match tree:
            case Sum(terms):
                total = self._value(terms[0])
                for term in terms[1:]:
                    total += self._value(term)
                return total
            case Product(factors):
                result = self._value(factors[0])
                for factor in factors[1:]:
                    result *= self._value(factor)
                return result
            case Power(base, exponent):
                return self._power(self._value(base), exponent)
            case Call(function, argument):
                return self._function(function, self._value(argument))
        raise AssertionError(f"unexpected node {tree!r}")

    def _power(self, base: Ball, exponent: Tree) -> Ball:
        self._check_time()
        if isinstance(exponent, Number):
            steps = exponent.value
            if base.is_zero():
                if steps <= 0:
                    raise NoValue("division by zero")
                return base
            if steps.denominator == 1:
                return base**steps.numerator
            if steps.denominator == 2:
                return base.sqrt() ** steps.numerator
            return base ** flint.acb(_rational(steps))
        raised = self._value(exponent)
        if base.is_zero():
            raise NoValue("a power of zero")
        logarithm = raised * base.log()
        self._measure("exp", logarithm)
        return base**raised

    def _function(self, function: str, argument: Ball) -> Ball:
        self._check_time()
        self._measure(function, argument)
        return _FUNCTIONS[function](argument)

    def _measure(self, function: str, argument: Ball) -> None:
        """Refuse huge arguments, and add to `spread_bits` for arguments far from 1 in size."""
        if not argument.is_finite():
            raise NoValue("not finite")
        size = float(argument.abs_upper())
        if not size < LARGEST_ARGUMENT:
            raise NoValue("a function of too large a number")
        if size > 8:
            self.spread_bits += math.ceil(3 * size * (size if function.startswith("erf") else 1))
        elif size == 0:
            self.spread_bits += 0 if argument.is_zero() else _UNKNOWN_SPREAD_BITS
        elif size < 2**-16:
            self.spread_bits += math.ceil(-2 * math.log2(size))

    def _check_time(self) -> None:
        if time.perf_counter() > self._deadline:
            raise OutOfTime


def relation(first: Ball, second: Ball, precision_bits: int) -> Literal["agree", "differ", "unclear"]:
    """Whether two balls are disjoint, or meet and are as narrow as the precision promises, or neither."""
    with flint.ctx.workprec(precision_bits):
        difference = first - second
        if not difference.contains(0):
            return "differ"
        scale = flint.arb(1) if first.contains(0) else first.abs_upper()
        tolerance = scale * flint.arb(2) ** (-3 * precision_bits // 4)
        return "agree" if difference.abs_upper() < tolerance else "unclear"


def is_real(ball: Ball) -> bool:
    """Whether the ball meets the real line."""
    return bool(ball.imag.contains(0))


def _rational(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def size_bits(tree: Tree) -> int:
    """Bits of all numbers in the tree, times the exponents above them: how finely it can tell values apart."""
    match tree:
        case Number(value):
            return abs(value.numerator).bit_length() + value.denominator.bit_length()
        case Name():
            return 1
        case Sum(parts) | Product(parts):
            return sum(map(size_bits, parts))
        case Power(base, Number(exponent)):
            return size_bits(base) * max(abs(math.ceil(exponent)), 1) + 1
        case Power(base, exponent_tree):
            return size_bits(base) + size_bits(exponent_tree)
        case Call(_, argument):
            return size_bits(argument)
