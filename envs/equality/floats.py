"""Expressions at a point as floats of 60 digits (mpmath), for hosts without python-flint.

The names are those of `balls`, the guarantees are not: errors are unknown, so two values count as equal where
40 digits agree, and a difference is evidence rather than proof. What this decided is marked with the tier "float".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

import mpmath

from envs.equality.evaluation import LARGEST_ARGUMENT, SLOW_GROWING, BeyondLimit, NoValue, OutOfTime
from envs.expression import Call, Name, Number, Power, Product, Sum, Tree
from envs.grammar import FUNCTIONS

Ball = Any  # mpmath.mpc; the library ships no types

_BITS = 200
_AGREEING_BITS = 133  # 40 digits
_context = mpmath.MPContext()
_context.prec = _BITS

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(_context, name.lower()) for name in FUNCTIONS if hasattr(_context, name.lower())},
    "acot": lambda u: _context.atan(1 / u),
    "asec": lambda u: _context.acos(1 / u),
    "acsc": lambda u: _context.asin(1 / u),
    "acoth": lambda u: _context.atanh(1 / u),
    "asech": lambda u: _context.acosh(1 / u),
    "acsch": lambda u: _context.asinh(1 / u),
    "Abs": lambda u: _context.mpc(abs(u)),
}
_ERRORS = (
    ValueError,
    ArithmeticError,
    NotImplementedError,
    _context.NoConvergence,
)  # what mpmath raises without a value


class Evaluator:
    """Values of trees at one point; `envs.equality.balls.Evaluator` with a fixed precision and no error bounds."""

    def __init__(
        self,
        point: Mapping[str, tuple[Fraction, Fraction]],
        precision_bits: int,
        deadline: float,
        widths: Mapping[str, Fraction] | None = None,
    ) -> None:
        """Make an evaluator; `precision_bits` and `widths` are ignored."""
        del precision_bits, widths
        self._deadline = deadline
        self._known: dict[int, tuple[Tree, Ball]] = {}
        self._names: dict[str, Ball] = {"pi": _context.mpc(_context.pi), "I": _context.mpc(0, 1)}
        for name, (real, imaginary) in point.items():
            self._names[name] = _context.mpc(_real(real), _real(imaginary))
        self.spread_bits = 0

    def value(self, tree: Tree) -> Ball:
        """The value of a tree.

        Raises:
            NoValue: It is not finite.
            OutOfTime: The deadline passed.
        """
        match tree:
            case Number(value):
                return _context.mpc(_real(value))
            case Name(name):
                return self._names[name]
        if id(tree) not in self._known:
            if time.perf_counter() > self._deadline:
                raise OutOfTime
            try:
                value = _context.mpc(self._compound(tree))
            except _ERRORS:
                raise NoValue("not finite") from None
            if not _context.isfinite(value):
                raise NoValue("not finite")
            self._known[id(tree)] = tree, value
        return self._known[id(tree)][1]

    def _compound(self, tree: Tree) -> Ball:
        match tree:
            case Sum(terms):
                parts = [self.value(term) for term in terms]
                total = _context.fsum(parts)
                # What is left of complete cancellation is noise, and 1/noise is no value.
                scale = max(abs(part) for part in parts)
                return total if abs(total) > scale * _context.mpf(2) ** -_AGREEING_BITS else _context.mpc(0)
            case Product(factors):
                return _context.fprod(self.value(factor) for factor in factors)
            case Power(base, exponent):
                return self._power(self.value(base), self.value(exponent))
            case Call(function, argument):
                return self._function(function, self.value(argument))
        raise AssertionError(f"unexpected node {tree!r}")

    def _power(self, base: Ball, exponent: Ball) -> Ball:
        if base == 0:
            if not (exponent.imag == 0 and exponent.real > 0):
                raise NoValue("a power of zero")
            return base
        if abs(exponent * _context.log(base)) > LARGEST_ARGUMENT:
            raise BeyondLimit("a function of too large a number")
        if exponent.imag == 0 and exponent.real == int(exponent.real):
            return base ** int(exponent.real)
        return base**exponent

    def _function(self, function: str, argument: Ball) -> Ball:
        if function not in SLOW_GROWING and abs(argument) > LARGEST_ARGUMENT:
            raise BeyondLimit("a function of too large a number")
        return _FUNCTIONS[function](argument)


def relation(
    first: Ball, second: Ball, precision_bits: int, *, strict: bool = False
) -> Literal["agree", "differ", "unclear"]:
    """Whether two values agree to 40 digits."""
    del precision_bits, strict
    scale = max(abs(first), abs(second), 1)
    return "agree" if abs(first - second) <= scale * _context.mpf(2) ** -_AGREEING_BITS else "differ"


def is_real(ball: Ball) -> bool:
    """Whether the imaginary part is 0 to 40 digits."""
    return bool(abs(ball.imag) <= max(abs(ball), 1) * _context.mpf(2) ** -_AGREEING_BITS)


def may_be_zero(ball: Ball) -> bool:
    """Whether the value is 0 to 40 digits."""
    return bool(abs(ball) <= _context.mpf(2) ** -_AGREEING_BITS)


def sign_of_difference(first: Ball, second: Ball) -> int:
    """1 or -1 where the first is above or below the second, 0 where 40 digits agree."""
    if relation(first, second, _BITS) == "agree":
        return 0
    return 1 if first.real > second.real else -1


def is_below(ball: Ball, bits: int) -> bool:
    """Whether the value is smaller than 2**-bits in size."""
    return bool(abs(ball) < _context.mpf(2) ** -bits)


def _real(value: Fraction) -> Any:
    return _context.mpf(value.numerator) / value.denominator


def is_tight(ball: Ball) -> bool:
    """False: floats bound no errors."""
    del ball
    return False


def sign_of(value: Ball) -> int:
    """1 or -1; 0 for what is 0 or not real."""
    if value.imag or not value.real:
        return 0
    return 1 if value.real > 0 else -1
