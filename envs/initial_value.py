"""Differential equations y' = F(x, y) with an initial value: text to equation, and solution to equation.

y'=2*x*y**2,y(0)=1
"""

from __future__ import annotations

import re
import time
from fractions import Fraction
from typing import NamedTuple

from envs.calculus import collect, derivative, gather
from envs.core import MalformedTask
from envs.equality.backend import Evaluator, is_real
from envs.equality.comparison import BUDGET_S
from envs.equality.evaluation import NoValue, OutOfTime
from envs.expression import (
    MINUS_ONE,
    ONE,
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
    nodes,
    number,
    power,
    substitute,
    symbols_of,
    text_of,
)
from envs.fingerprint import fingerprint, vanishes
from envs.grammar import parse
from envs.numerals import read_fraction

FUNCTIONS = frozenset({"exp", "log", "sqrt", "sin", "cos", "tan", "atan"})
"""What an equation and its solution may use."""

_OF_Y = frozenset({"exp", "sin", "cos", "tan"})
_EQUATION = re.compile(r"y'=([^=,]+),y\(([-0-9/]{1,12})\)=([-0-9/]{1,24})")
_Y = Name("y")


class Equation(NamedTuple):
    """y' = slope(x, y) with y(start) = value."""

    slope: Tree
    start: Fraction
    value: Fraction


def read_equation(prompt: str) -> tuple[Equation, int, str]:
    """The equation of a prompt, its kind and a name that all its spellings share; bound its length first.

    Kinds are 1 for constant coefficients, 2 for separable and 3 for other linear equations.

    Raises:
        MalformedTask: It has another form, is of no such kind, or a constant solves it.
    """
    match = _EQUATION.fullmatch(prompt)
    start, value = (read_fraction(match[2]), read_fraction(match[3])) if match else (None, None)
    if match is None or start is None or value is None or " " in prompt:
        raise MalformedTask("not of the form y'=2*y+x,y(0)=3 with fractions as initial values")
    try:
        slope = parse(match[1], symbols="xy", functions=FUNCTIONS)
        equation = Equation(slope, Fraction(*start), Fraction(*value))
        by_x, by_y = derivative(slope, "x"), derivative(slope, "y")
        kind = _kind(slope, by_x, by_y)
        _check_start(equation, by_x, by_y)
        if vanishes(substitute(slope, "y", number(equation.value))):
            raise MalformedTask("a constant solves it")
    except GrammarError as problem:
        raise MalformedTask(str(problem)) from None
    name = fingerprint(slope)
    if not name:
        raise MalformedTask("no value at any point tried")
    return equation, kind, f"{name};{equation.start};{equation.value}"


def _kind(slope: Tree, by_x: Tree, by_y: Tree) -> int:
    """The kind of an equation, from its right side and the derivatives of that.

    Raises:
        GrammarError: A number grows too large.
        MalformedTask: It is of none, or y is in a root or an inverse function.
    """
    if "y" not in symbols_of(slope):
        raise MalformedTask("no y on the right side")
    for node in nodes(slope):
        if isinstance(node, Call | Power) and not _is_single_valued(node) and "y" in symbols_of(node):
            raise MalformedTask("y in a root, a logarithm or an exponent of its own")
    is_linear = "y" not in symbols_of(by_y) or vanishes(derivative(by_y, "y"))
    if "x" not in symbols_of(slope):
        return 1 if is_linear else 2
    mixed = add((multiply((slope, derivative(by_x, "y"))), negate(multiply((by_x, by_y)))))
    if vanishes(mixed):  # so the right side is a function of x times one of y
        return 2
    if is_linear:
        return 3
    raise MalformedTask("neither linear in y nor separable")


def _is_single_valued(node: Tree) -> bool:
    match node:
        case Call(function, _):
            return function in _OF_Y
        case Power(_, Number(exponent)):
            return exponent.denominator == 1
        case Power():
            return False
        case _:
            return True


def _check_start(equation: Equation, by_x: Tree, by_y: Tree) -> None:
    """Refuse an initial value where the right side or its derivatives have no real value.

    Where they have, there is one solution and no more (Picard, Lindeloef).
    """
    point = {"x": (equation.start, Fraction(0)), "y": (equation.value, Fraction(0))}
    try:
        at = Evaluator(point, 80, time.perf_counter() + BUDGET_S / 4)
        if not all(is_real(at.value(tree)) for tree in (equation.slope, by_x, by_y)):
            raise MalformedTask("the right side is not real at the initial value")
    except (NoValue, OutOfTime):
        raise MalformedTask("the right side is not smooth at the initial value") from None


def slope_of(part: Tree, function: Tree) -> Tree:
    """The right side that a function solves: p*y plus what is missing, or the part times what is missing.

    Raises:
        GrammarError: A number grows too large, or a divisor is 0.
    """
    slope = derivative(function, "x")
    if "y" in symbols_of(part) and _is_homogeneous(part):
        rate = substitute(part, "y", ONE)
        terms = function.terms if isinstance(function, Sum) else (function,)
        rest = add((slope, *(multiply((MINUS_ONE, rate, term)) for term in terms)))
        return add((part, gather(collect(rest), "x")))
    return multiply((collect(divide(slope, _plain(substitute(part, "y", function)))), part))


def _is_homogeneous(part: Tree) -> bool:
    """Whether it is p(x)*y as it is written: a product with y once, as a factor or its numerator."""
    factors = part.factors if isinstance(part, Product) else (part,)
    return factors.count(_Y) == 1 and all("y" not in symbols_of(factor) for factor in factors if factor != _Y)


def _plain(tree: Tree) -> Tree:
    """exp(n*log(u)) as u**n."""
    match tree:
        case Call("exp", Call("log", inner)):
            return inner
        case Call("exp", Product((Number(exponent), Call("log", inner)))):
            return power(inner, Number(exponent))
        case Product(factors):
            return multiply(map(_plain, factors))
        case _:
            return tree


def write_equation(equation: Equation) -> str:
    """Inverts `read_equation`."""
    return f"y'={text_of(equation.slope)},y({equation.start})={equation.value}"
