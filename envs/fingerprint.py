"""Ids of functions: their values at fixed points, so that every spelling of a function has one id.

Rewriting gives elementary functions no normal form, but equal functions have equal values: `2*sin(x)*cos(x)` and
`sin(2*x)` agree in 25 digits at 17/23 and at -73/19. A fingerprint names a question; it never judges an answer, for
which points that everybody knows would be no evidence.

Functions that are real at other points differ: `log(x**2)` is one function, `2*log(x)` another. Two spellings part by
mistake if a value lies within its error of the border between two roundings to 84 bits, which has a chance below 1e-15.
Functions share an id by mistake if they differ only where no point lies, as `Abs(x-50)` and `50-x` do.
"""

from __future__ import annotations

import time
from fractions import Fraction
from functools import cache

from envs.equality.backend import RIGOROUS, Ball, Evaluator, is_real
from envs.equality.evaluation import NoValue, OutOfTime
from envs.expression import Tree, symbols_of

if RIGOROUS:
    import flint

_POINTS = tuple(
    Fraction(*pair)
    for pair in (
        (17, 23), (-73, 19), (613, 47), (1, 97), (-11, 17), (41, 13), (1009, 7), (-1, 89), (-431, 11), (10007, 3),
        (1, 1009), (-1, 997),
    )
)  # fmt: skip
_N_VALUES = 2
_KEPT_BITS = 84  # of a value that its id keeps, about 25 digits
_PRECISIONS = (160, 700, 3_000)  # bits; the later ones where digits cancel
_TINY_BITS = 400
_BUDGET_S = 0.2


def fingerprint(tree: Tree) -> str:
    """Text that all spellings of a function share: its values at the first two fixed points where it is real.

    Where it is real at fewer than two, its complex values at the first two. Empty where there is none, or none within a
    fifth of a second; `0 0` for the function 0.
    """
    deadline = time.perf_counter() + _BUDGET_S
    names = sorted(symbols_of(tree))
    real: list[str] = []
    other: list[str] = []
    try:
        for at in _POINTS:
            value = _value(tree, {name: (_shifted(at, name), Fraction(0)) for name in names}, deadline)
            if value:
                (other if "," in value else real).append(value)
            if len(real) == _N_VALUES:
                break
    except OutOfTime:
        return ""
    return " ".join(real if len(real) == _N_VALUES or not other else (real + other)[:_N_VALUES])


def is_zero(text: str) -> bool:
    """Whether a fingerprint is that of the function 0."""
    return bool(text) and set(text) <= {"0", " "}


def vanishes(tree: Tree) -> bool:
    """Whether a function is 0 at the fixed points where it is real, and real at one at least."""
    try:
        # Most functions are not 0, and one point shows it.
        point = {name: (_shifted(_POINTS[0], name), Fraction(0)) for name in symbols_of(tree)}
        value = _value(tree, point, time.perf_counter() + _BUDGET_S)
    except OutOfTime:
        return False
    return value in ("", "0") and is_zero(fingerprint(tree))


@cache
def _shifted(at: Fraction, name: str) -> Fraction:
    """The point itself for x; for other symbols, which may have to be positive, a value above 0 of their own."""
    return at if name == "x" else abs(at) + Fraction(ord(name[0]), 31 + 6 * at.denominator)


def _value(tree: Tree, point: dict[str, tuple[Fraction, Fraction]], deadline: float) -> str:
    """The value's leading bits at a point, real and imaginary part with a comma between; empty where it is infinite."""
    for bits in _PRECISIONS:
        try:
            ball = Evaluator(point, bits, deadline).value(tree)
        except NoValue:
            return ""
        parts = [_leading(ball.real, bits)] if is_real(ball) else [_leading(ball.real, bits), _leading(ball.imag, bits)]
        if all(parts):
            return ",".join(parts)
    return ""


def _leading(part: Ball, bits: int) -> str:
    """The first 84 bits, rounded, and the exponent; empty where fewer are certain. A value below 2**-400 is 0."""
    if RIGOROUS:
        if part.is_zero() or (bits > _TINY_BITS and abs(part).upper() < flint.arb(2) ** -_TINY_BITS):
            return "0"
        if part.rel_accuracy_bits() < _KEPT_BITS + 16:
            return ""
        mantissa, exponent = map(int, part.mid().man_exp())
    else:
        mantissa, exponent = (-int(part.man) if part < 0 else int(part.man)), int(part.exp)
    shift = mantissa.bit_length() - _KEPT_BITS
    scaled = mantissa << -shift if shift <= 0 else (mantissa + (1 << (shift - 1))) >> shift
    zeros = (scaled & -scaled).bit_length() - 1  # 0.111... and 1.000... round to one number
    return f"{scaled >> zeros:x}p{exponent + shift + zeros}"
