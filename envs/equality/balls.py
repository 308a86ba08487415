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

from envs.equality.evaluation import LARGEST_ARGUMENT, SLOW_GROWING, BeyondLimit, NoValue, OutOfTime
from envs.expression import Call, Name, Number, Power, Product, Sum, Tree
from envs.grammar import SMOOTH_FUNCTIONS

Ball = Any  # flint.acb; the library ships no types that mypy can follow here

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


class Evaluator:
    """Values of trees at one point, at one precision.

    Attributes:
        spread_bits: How many bits beyond its own size a value may hide a difference in, because a function
            was called far from 1: tanh(100) is within 2**-288 of 1 without being 1.
    """

    def __init__(
        self,
        point: Mapping[str, tuple[Fraction, Fraction]],
        precision_bits: int,
        deadline: float,
        widths: Mapping[str, Fraction] | None = None,
    ) -> None:
        """Make an evaluator.

        Args:
            point: Exact real and imaginary part of each symbol.
            precision_bits: Working precision; balls are about that narrow where nothing cancels.
            deadline: Value of `time.perf_counter()` after which `value` gives up.
            widths: How far a real symbol may lie from its point; balls then hold the values at all such points.
        """
        self._precision_bits = precision_bits
        self._deadline = deadline
        self._known: dict[int, tuple[Tree, Ball]] = {}
        with flint.ctx.workprec(precision_bits):
            self._names: dict[str, Ball] = {"pi": flint.acb.pi(), "I": flint.acb(0, 1)}
            for name, (real, imaginary) in point.items():
                self._names[name] = flint.acb(_rational(real), _rational(imaginary) if imaginary else 0)
            for name, width in (widths or {}).items():
                self._names[name] += flint.acb(flint.arb(0, flint.arb(_rational(width)).upper()))
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
        if function in SLOW_GROWING:
            # The difference is in the digits, of which a large number has more.
            self.spread_bits += 2 * abs(_magnitude_bits(argument))
            return
        size = float(argument.abs_upper())
        if not size < LARGEST_ARGUMENT:
            raise BeyondLimit("a function of too large a number")
        if size > 8:
            self.spread_bits += math.ceil(3 * size * (size if function.startswith("erf") else 1))
        elif size == 0:
            self.spread_bits += 0 if argument.is_zero() else _UNKNOWN_SPREAD_BITS
        elif size < 2**-16:
            self.spread_bits += math.ceil(-2 * math.log2(size))

    def _check_time(self) -> None:
        if time.perf_counter() > self._deadline:
            raise OutOfTime


def relation(
    first: Ball, second: Ball, precision_bits: int, *, strict: bool = False
) -> Literal["agree", "differ", "unclear"]:
    """Whether two balls are disjoint, or meet and are narrow for the precision (more so if `strict`), or neither."""
    with flint.ctx.workprec(precision_bits):
        difference = first - second
        if not difference.contains(0):
            return "differ"
        scale = flint.arb(1) if first.contains(0) else first.abs_upper()
        tolerance = scale * flint.arb(2) ** (-3 * precision_bits // 4 if strict else -precision_bits // 3)
        return "agree" if difference.abs_upper() < tolerance else "unclear"


def is_real(ball: Ball) -> bool:
    """Whether the ball meets the real line."""
    return bool(ball.imag.contains(0))


def may_be_zero(ball: Ball) -> bool:
    """Whether the ball holds 0."""
    return bool(ball.contains(0))


def sign_of_difference(first: Ball, second: Ball) -> int:
    """1 or -1 where the real part of the first is above or below that of the second, 0 where the balls meet."""
    difference = (first - second).real
    return 0 if difference.contains(0) else 1 if difference > 0 else -1


def is_below(ball: Ball, bits: int) -> bool:
    """Whether all of the ball is smaller than 2**-bits in size."""
    return bool(ball.abs_upper() < flint.arb(2) ** -bits)


def _magnitude_bits(ball: Ball) -> int:
    """The binary logarithm of its size, rounded."""
    if ball.contains(0):
        return 0 if ball.is_zero() else _UNKNOWN_SPREAD_BITS
    return int(float(ball.abs_upper().log()) * 1.45)


def _rational(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def is_tight(ball: Ball) -> bool:
    """Whether the ball is narrow beside its middle, or beside 1."""
    return bool(ball.rad() < 1e-3 * max(1.0, float(ball.mid().abs_upper())))


def sign_of(ball: Ball) -> int:
    """1 or -1 where the ball shows it; 0 for balls that meet 0 or leave the real line."""
    if not ball.imag.contains(0) or ball.real.contains(0):
        return 0
    return 1 if ball.real > 0 else -1
