"""A second opinion on the shipped envs' answers that shares no code with them.

When an env's own verifier is on trial it cannot label answers. This reads prompts with Python's own parser (as data:
nothing is run) and computes with fractions, or with mpmath at 50 digits at random points. It is slow, covers the
families that come with the package only, and says so by None for everything it cannot tell.

    math/arithmetic, code/deduction   the value of the prompt, in its usual spelling
    math/linear                       the answer substituted into the left side
    math/factor_integer               sympy's primality test on each factor
    math/antiderivative               the numeric derivative of the answer against the prompt, at 4 points
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from random import Random
from typing import Any

import mpmath
import sympy

from envs.core import MAX_CHARS, Task

_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_RATIONAL = re.compile(r"-?[0-9]+(?:/[0-9]+)?", re.ASCII)
_PRODUCT = re.compile(r"[0-9]+(?:\*[0-9]+)*", re.ASCII)
_EXPRESSION = re.compile(r"[A-Za-z0-9+\-*/(). ]+", re.ASCII)
_DIGITS = 50
_AGREE, _DIFFER = mpmath.mpf(10) ** -20, mpmath.mpf(10) ** -10
_N_POINTS, _N_TRIES = 4, 24
_MOST_EXPONENT = 1_000

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_INTEGER_CALLS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "abs": abs}
_SMOOTH: dict[str, Callable[..., Any]] = {
    name: getattr(mpmath, name)
    for name in (
        *("sin", "cos", "tan", "sec", "csc", "cot", "asin", "acos", "atan", "acot", "asec", "acsc"),
        *("sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh", "acoth", "asech", "acsch"),
        *("exp", "log", "sqrt"),
    )
} | {"Abs": mpmath.fabs}


class _Unknown(Exception):
    """Text this reference cannot read."""


def independent(task: Task, answer: str) -> bool | None:
    """Whether an answer is right, by other means than the env's; None where that cannot be told."""
    judge = _FAMILIES.get(task.env)
    if judge is None or len(answer) > MAX_CHARS:
        return None if judge is None else False
    try:
        return judge(task.prompt, answer)
    except (_Unknown, ArithmeticError, ValueError, RecursionError, MemoryError):
        return None


def _parsed(text: str, mode: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text, mode=mode)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            raise _Unknown(str(problem)) from None


def _value(
    node: ast.AST, names: Mapping[str, Any], calls: Mapping[str, Callable[..., Any]], number: Callable[[str], Any]
) -> Any:
    """The value of an expression's syntax tree; only the operators and calls listed here are known."""

    def of(child: ast.AST) -> Any:
        return _value(child, names, calls, number)

    match node:
        case ast.Expression(body=body):
            return of(body)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return number(repr(value))
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -of(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return of(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            exponent = of(right)
            if abs(exponent) > _MOST_EXPONENT:
                raise _Unknown("a large exponent")
            return of(left) ** exponent
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](of(left), of(right))
        case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right]), body=body, orelse=orelse):
            return of(body) if _COMPARE[type(op)](of(left), of(right)) else of(orelse)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in calls:
            return calls[name](*map(of, arguments))
    raise _Unknown(type(node).__name__)


def _integer(prompt: str, answer: str) -> bool | None:
    """Straight-line programs and sums: the one usual spelling of their value is right."""
    names: dict[str, Any] = {}
    *assignments, last = _parsed(prompt.replace(";", "\n"), "exec").body
    for statement in assignments:
        names[statement.targets[0].id] = _value(statement.value, names, _INTEGER_CALLS, int)
    value = _value(last.value, names, _INTEGER_CALLS, int)
    if answer == str(value):
        return True
    plain = answer.strip().removeprefix("+")
    same = _INTEGER.fullmatch(plain) is not None and int(plain) == value  # 007: a matter of form, not of truth
    return None if same else False


def _linear(prompt: str, answer: str) -> bool | None:
    left, right = prompt.split("=")
    if not _RATIONAL.fullmatch(answer):
        return False
    x = Fraction(answer)
    tree = _parsed(re.sub(r"([0-9])x", r"\1*x", left), "eval")
    if _value(tree, {"x": x}, {}, Fraction) != Fraction(right):
        return False
    return True if str(x) == answer or re.fullmatch(r"-?[1-9][0-9]*/[1-9][0-9]*", answer) else None


def _factors(prompt: str, answer: str) -> bool | None:
    if not _PRODUCT.fullmatch(answer):
        return False
    factors = answer.split("*")
    product = 1
    for factor in factors:
        product *= int(factor)
    if product != int(prompt) or not all(sympy.isprime(int(factor)) for factor in factors):
        return False
    return None if any(factor.startswith("0") for factor in factors) else True


def _antiderivative(prompt: str, answer: str) -> bool | None:
    """Numeric derivative against the integrand; symbols other than x at random positive values."""
    if not _EXPRESSION.fullmatch(answer) or "//" in answer:
        return False
    if answer.count("C") > 1 or ("C" in answer and not answer.endswith("+C")):
        return None
    try:
        found = _parsed(answer.strip(), "eval")
    except _Unknown:
        return False
    wanted, rng, n_agree = _parsed(prompt.strip(), "eval"), Random(prompt), 0
    letters = {node.id for node in ast.walk(wanted) if isinstance(node, ast.Name)} - {"x", "pi", "E", "I"}
    known = {node.id for node in ast.walk(found) if isinstance(node, ast.Name)}
    if known - letters - {"x", "C", "pi", "E", "I"} - set(_SMOOTH):
        return False  # a symbol the prompt lacks
    with mpmath.workdps(_DIGITS):
        for _ in range(_N_TRIES):
            names = {letter: mpmath.mpf(rng.uniform(0.3, 3)) for letter in sorted(letters | {"C"})}
            names |= {"pi": +mpmath.pi, "E": +mpmath.e, "I": mpmath.mpc(0, 1)}
            seen = _agree(wanted, found, names, mpmath.mpf(rng.uniform(-3, 3)))
            if seen is False:
                return False
            n_agree += seen is True
            if n_agree == _N_POINTS:
                return True
    return None


def _agree(wanted: ast.AST, found: ast.AST, names: Mapping[str, Any], at: Any) -> bool | None:
    def function(x: Any) -> Any:
        return _value(found, {**names, "x": x}, _SMOOTH, mpmath.mpf)

    try:
        slope = mpmath.diff(function, at)
        value = _value(wanted, {**names, "x": at}, _SMOOTH, mpmath.mpf)
    except (ArithmeticError, ValueError, TypeError):
        return None
    gap = abs(slope - value) / (1 + abs(value))
    return True if gap < _AGREE else False if gap > _DIFFER else None


_FAMILIES: dict[str, Callable[[str, str], bool | None]] = {
    "math/arithmetic": _integer,
    "code/deduction": _integer,
    "math/linear": _linear,
    "math/factor_integer": _factors,
    "math/antiderivative": _antiderivative,
}
