"""Definite integrals of one class of functions, by exact arithmetic: text to parts, and parts to a value.

The class is that of `envs.exponential_polynomial` plus that of `envs.partial_fractions`; the value is a tree of
rationals, pi, exp, sin, cos, log, atan and square roots.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from envs.calculus import collect
from envs.core import MalformedTask
from envs.exponential_polynomial import (
    Exponential,
    NotExponential,
    Term,
    antiderivative,
    exponential_of,
    total,
    tree_of,
)
from envs.expression import (
    HALF,
    ONE,
    ZERO,
    Call,
    GrammarError,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    negate,
    number,
    power,
    substitute,
    symbols_of,
    text_of,
)
from envs.grammar import parse
from envs.partial_fractions import Fractions, NotSplit, Quadratic, split

_FUNCTIONS = frozenset({"exp", "sin", "cos"})
_BOUND = re.compile(r"0|(-?)(?:([1-9][0-9]{0,3})(?:/([1-9][0-9]{0,3}))?|(?:([1-9][0-9]?)\*)?pi(?:/([1-9][0-9]?))?)")
_LONGEST_ENDS = 40
_PI = Name("pi")


class Bound(NamedTuple):
    """A number plain + turns*pi, one of the two 0."""

    plain: Fraction
    turns: Fraction

    @property
    def tree(self) -> Tree:
        """The number as a tree."""
        return multiply((number(self.turns), _PI)) if self.turns else number(self.plain)


class Integral(NamedTuple):
    """What a prompt asks for.

    Attributes:
        smooth: The part with exponentials, sines and cosines, polynomials included.
        fractions: The part with denominators.
        lower: Where it begins.
        upper: Where it ends.
    """

    smooth: Exponential
    fractions: Fractions
    lower: Bound
    upper: Bound


def read_integral(prompt: str) -> Integral:
    """Read `x*exp(-x)@0,1`; bound its length first.

    Raises:
        MalformedTask: It has another form, the function is outside the class or 0, the ends are equal, or there is a
            pole between them.
    """
    try:
        return _integral(prompt)
    except (GrammarError, NotExponential, NotSplit) as problem:
        raise MalformedTask(str(problem)) from None


def value_of(integral: Integral) -> Tree:
    """The exact value.

    Raises:
        MalformedTask: A number in it grows too large.
    """
    try:
        return collect(add((_smooth_value(integral), _fractions_value(integral))))
    except (GrammarError, NotExponential) as problem:
        raise MalformedTask(str(problem)) from None


def steps_of(integral: Integral) -> list[str]:
    """The antiderivative and its values at the upper and the lower end; nothing where there is a denominator."""
    if integral.fractions.poles or integral.fractions.quadratics:
        return []
    slope = tree_of(antiderivative(integral.smooth))
    return [text_of(tree) for tree in (slope, _at(slope, integral.upper), _at(slope, integral.lower))]


def n_parts(integral: Integral) -> int:
    """How many rates, frequencies, and factors of the denominator it has."""
    smooth, fractions = integral.smooth, integral.fractions
    rates, frequencies = {term.rate for term in smooth} - {0}, {abs(term.frequency) for term in smooth} - {0}
    return len(rates) + len(frequencies) + len({pole[0] for pole in fractions.poles}) + len(fractions.quadratics)


def name_of(integral: Integral) -> str:
    """Text that equal functions with equal ends share, and no others."""
    smooth, fractions, lower, upper = integral
    parts = [*smooth.items(), *fractions.poles, *fractions.quadratics]
    names = sorted(" ".join(map(str, _flat(part))) for part in parts)
    return f"{';'.join(names)}@{text_of(lower.tree)},{text_of(upper.tree)}"


def _flat(part: tuple[object, ...]) -> Iterator[object]:
    for item in part:
        if isinstance(item, tuple):
            yield from item
        else:
            yield item


def _integral(prompt: str) -> Integral:
    """A prompt's function in parts, and its ends.

    Raises:
        GrammarError, NotExponential, NotSplit: The function is outside the class.
        MalformedTask: The rest is wrong.
    """
    text, _, ends = prompt.rpartition("@")
    matches = [_BOUND.fullmatch(end) for end in ends.split(",")] if len(ends) <= _LONGEST_ENDS else []
    if len(matches) != 2 or None in matches or " " in prompt:
        raise MalformedTask("not of the form x**2@0,1, with fractions or multiples of pi as ends")
    lower, upper = (_bound(match) for match in matches if match)
    if lower == upper:
        raise MalformedTask("equal ends")
    tree = parse(text, symbols="x", functions=_FUNCTIONS)
    if "x" not in symbols_of(tree):
        raise MalformedTask("a constant")
    smooth, fractions = _parted(tree)
    if fractions.poles or fractions.quadratics:
        if lower.turns or upper.turns:
            raise MalformedTask("ends with pi for a function with a denominator")
        low, high = sorted((lower.plain, upper.plain))
        if any(low <= root <= high for root, _, _ in fractions.poles):
            raise MalformedTask("a pole between the ends")
    elif not smooth:
        raise MalformedTask("the function is 0")
    return Integral(smooth, fractions, lower, upper)


def _bound(match: re.Match[str]) -> Bound:
    sign = -1 if match[1] else 1
    if match[0] == "0":
        return Bound(Fraction(0), Fraction(0))
    if match[2]:
        return Bound(sign * Fraction(int(match[2]), int(match[3] or 1)), Fraction(0))
    return Bound(Fraction(0), sign * Fraction(int(match[4] or 1), int(match[5] or 1)))


def _parted(tree: Tree) -> tuple[Exponential, Fractions]:
    """Both parts of a function; polynomials belong to the first."""
    smooth: list[Exponential] = [{}]
    others: list[Tree] = []
    for term in tree.terms if isinstance(tree, Sum) else (tree,):
        try:
            smooth.append(exponential_of(term))
        except NotExponential:
            others.append(term)
    fractions = split(add(others)) if others else Fractions({}, (), ())
    whole: Exponential = {Term(degree, 0, 0, 0, 0): (value, 0) for degree, value in fractions.polynomial.items()}
    return total([*smooth, whole]), fractions._replace(polynomial={})


def _smooth_value(integral: Integral) -> Tree:
    slope = tree_of(antiderivative(integral.smooth))
    return add((_at(slope, integral.upper), negate(_at(slope, integral.lower))))


def _at(tree: Tree, bound: Bound) -> Tree:
    """A function at an end, values of exp, sin and cos worked out where they are rational or roots."""
    return _worked_out(substitute(tree, "x", bound.tree))


def _worked_out(tree: Tree) -> Tree:
    match tree:
        case Sum(terms):
            return add(map(_worked_out, terms))
        case Product(factors):
            parts = list(map(_worked_out, factors))
            return ZERO if ZERO in parts else multiply(parts)
        case Power(base, exponent):
            return power(_worked_out(base), exponent)
        case Call("exp", argument) if argument == ZERO:
            return ONE
        case Call("sin" | "cos" as name, argument):
            turns = _turns(argument)
            known = _sine(turns if name == "sin" else turns + Fraction(1, 2)) if turns is not None else None
            return tree if known is None else known
        case _:
            return tree


def _turns(angle: Tree) -> Fraction | None:
    """An angle as a multiple of pi; None where it is none."""
    match angle:
        case Number(value) if not value:
            return Fraction(0)
        case Name("pi"):
            return Fraction(1)
        case Product((Number(value), Name("pi"))):
            return value
        case _:
            return None


def _sine(turns: Fraction) -> Tree | None:
    """sin(turns*pi) for multiples of 1/4 and 1/6."""
    turns %= 2
    sign = -1 if turns > 1 else 1
    turns -= 1 if turns > 1 else 0
    known = _SINES.get(min(turns, 1 - turns))
    return None if known is None else multiply((number(sign), known))


_SINES: dict[Fraction, Tree] = {
    Fraction(0): ZERO,
    Fraction(1, 6): HALF,
    Fraction(1, 4): multiply((HALF, Power(number(2), HALF))),
    Fraction(1, 3): multiply((HALF, Power(number(3), HALF))),
    Fraction(1, 2): ONE,
}


def _fractions_value(integral: Integral) -> Tree:
    _, fractions, lower, upper = integral
    low, high = lower.plain, upper.plain
    plain = Fraction(0)
    logs: dict[Fraction, Fraction] = {}  # coefficients, above 0, to what the logarithm is of

    def add_log(coefficient: Fraction, ratio: Fraction) -> None:
        size = abs(coefficient)
        if size:
            logs[size] = number(logs.get(size, Fraction(1)) * (ratio if coefficient > 0 else 1 / ratio)).value

    for root, order, coefficient in fractions.poles:
        if order == 1:
            add_log(coefficient, (high - root) / (low - root))
        else:
            plain += coefficient * ((high - root) ** (1 - order) - (low - root) ** (1 - order)) / (1 - order)
    terms: list[Tree] = [number(plain)]
    for quadratic in fractions.quadratics:
        p, q, slope, _ = quadratic
        add_log(slope / 2, (high * high + p * high + q) / (low * low + p * low + q))
        terms += _arcs(quadratic, low, high)
    terms += [multiply((number(size), Call("log", number(ratio)))) for size, ratio in logs.items() if ratio != 1]
    return add(terms)


def _arcs(quadratic: Quadratic, low: Fraction, high: Fraction) -> list[Tree]:
    """The arcus tangents in the integral of a quotient by a quadratic."""
    p, q, slope, intercept = quadratic
    factor = intercept - slope * p / 2
    root = _root(q - p * p / 4)
    arcs: list[Tree] = []
    for end, sign in ((high, factor), (low, -factor)):
        moved = end + p / 2
        if moved and sign:
            tangent = divide(number(abs(moved)), root)
            angle = multiply((number(Fraction(1, 4)), _PI)) if tangent == ONE else Call("atan", tangent)
            arcs.append(divide(multiply((number(sign if moved > 0 else -sign), angle)), root))
    return arcs


def _root(value: Fraction) -> Tree:
    roots = [isqrt(part) for part in value.as_integer_ratio()]
    if [root * root for root in roots] == list(value.as_integer_ratio()):
        return number(Fraction(*roots))
    return Power(number(value), HALF)
