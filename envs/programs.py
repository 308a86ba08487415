"""A total subset of Python: assignments of integer expressions, then one expression, joined by `;`.

    program     = { name "=" expression ";" } expression
    expression  = sum [ " if " sum comparison sum " else " expression ]
    sum         = product { ("+" | "-") product }
    product     = signed { ("*" | "//" | "%") signed }
    signed      = "-" signed | atom
    atom        = integer | name | "(" expression ")" | ("min" | "max") "(" expression "," expression ")"
                | "abs" "(" expression ")"

Names are single lower-case letters. Every program of this grammar is a Python program with the same value, where
it has one: the only differences are a bound on every intermediate value and on the size of the text. Reading,
evaluating and writing are done here by hand; no text is ever given to Python.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from envs.core import MAX_CHARS

MAX_DEPTH = 30

_TOKEN = re.compile(r" if | else |[0-9]+|(?:min|max|abs)(?=\()|[a-z]|//|[<>=!]=|[-+*%(),;=<>]")
_INTEGER = re.compile(r"0|[1-9][0-9]*")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COMPUTE: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "min": min,
    "max": max,
}


class ProgramError(ValueError):
    """Text that is no program, or a program without a value within the bound; the message says why."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A literal, not negative."""

    value: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A use of a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-` or `abs` of an operand."""

    function: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """An arithmetic operator, `min` or `max` of two operands."""

    function: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Choice:
    """`then if left comparison right else otherwise`; only the chosen side is evaluated."""

    then: Expression
    comparison: str
    left: Expression
    right: Expression
    otherwise: Expression


Expression: TypeAlias = Integer | Variable | Unary | Binary | Choice


@dataclass(frozen=True, slots=True)
class Program:
    """Assignments in order, and the expression whose value is the program's."""

    assignments: tuple[tuple[str, Expression], ...]
    result: Expression


def read(text: str) -> Program:
    """Parse a program.

    Raises:
        ProgramError: The text is not of the grammar, is too long or nested too deeply.
    """
    if len(text) > MAX_CHARS:
        raise ProgramError(f"longer than {MAX_CHARS} characters")
    tokens = _TOKEN.findall(text)
    if sum(map(len, tokens)) != len(text):
        raise ProgramError("a character outside the grammar")
    return _Reader(tokens).program()


class _Reader:
    """One pass over the tokens, a method per rule of the grammar."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, "", ""]
        self._position = 0

    def program(self) -> Program:
        assignments = []
        while self._tokens[self._position + 1] == "=":
            name = self._next()
            if not _is_name(name):
                raise ProgramError(f"cannot assign to {name}")
            self._next()
            assignments.append((name, self._expression(0)))
            self._expect(";")
        result = self._expression(0)
        self._expect("")
        return Program(tuple(assignments), result)

    def _expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ProgramError(f"nested deeper than {MAX_DEPTH}")
        then = self._sum(depth)
        if self._peek() != " if ":
            return then
        self._next()
        left = self._sum(depth)
        comparison = self._next()
        if comparison not in _COMPARE:
            raise ProgramError("expected a comparison")
        right = self._sum(depth)
        self._expect(" else ")
        return Choice(then, comparison, left, right, self._expression(depth + 1))

    def _sum(self, depth: int) -> Expression:
        left = self._product(depth)
        while self._peek() in ("+", "-"):
            left = Binary(self._next(), left, self._product(depth))
        return left

    def _product(self, depth: int) -> Expression:
        left = self._signed(depth)
        while self._peek() in ("*", "//", "%"):
            left = Binary(self._next(), left, self._signed(depth))
        return left

    def _signed(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ProgramError(f"nested deeper than {MAX_DEPTH}")
        if self._peek() == "-":
            self._next()
            return Unary("-", self._signed(depth + 1))
        return self._atom(depth)

    def _atom(self, depth: int) -> Expression:
        token = self._next()
        if token == "(":
            inner = self._expression(depth + 1)
            self._expect(")")
            return inner
        if token in ("min", "max", "abs"):
            self._expect("(")
            first = self._expression(depth + 1)
            if token == "abs":
                self._expect(")")
                return Unary(token, first)
            self._expect(",")
            second = self._expression(depth + 1)
            self._expect(")")
            return Binary(token, first, second)
        if _is_name(token):
            return Variable(token)
        if not _INTEGER.fullmatch(token):
            raise ProgramError(f"unexpected {token[:20]!r}" if token else "it ends too early")
        return Integer(int(token))

    def _peek(self) -> str:
        return self._tokens[self._position]

    def _next(self) -> str:
        token = self._tokens[self._position]
        self._position += bool(token)
        return token

    def _expect(self, token: str) -> None:
        found = self._next()
        if found != token:
            raise ProgramError(f"expected {token or 'the end'!r}, found {found[:20]!r}")


def evaluate(program: Program, max_value: int) -> int:
    """The program's value, by Python's rules.

    Raises:
        ProgramError: A name is used before it has a value, a divisor is 0, or some value, intermediate ones
            included, is larger than `max_value` in size.
    """
    values: dict[str, int] = {}
    for name, expression in program.assignments:
        values[name] = _value(expression, values, max_value)
    return _value(program.result, values, max_value)


def _value(expression: Expression, values: Mapping[str, int], max_value: int) -> int:
    match expression:
        case Integer(value):
            result = value
        case Variable(name):
            if name not in values:
                raise ProgramError(f"{name} has no value")
            return values[name]
        case Unary(function, operand):
            inner = _value(operand, values, max_value)
            return -inner if function == "-" else abs(inner)
        case Binary(function, left, right):
            first, second = _value(left, values, max_value), _value(right, values, max_value)
            if second == 0 and function in ("//", "%"):
                raise ProgramError("division by zero")
            result = _COMPUTE[function](first, second)
        case Choice(then, comparison, left, right, otherwise):
            holds = _COMPARE[comparison](_value(left, values, max_value), _value(right, values, max_value))
            return _value(then if holds else otherwise, values, max_value)
    if abs(result) > max_value:
        raise ProgramError(f"a value is larger than {max_value}")
    return result


def write(program: Program) -> str:
    """The program as text, with the fewest parentheses and with names a, b, c... in order of assignment."""
    names: dict[str, str] = {}
    statements = []
    for name, expression in program.assignments:
        text = _text(expression, names)[0]
        names.setdefault(name, chr(ord("a") + len(names)))
        statements.append(f"{names[name]}={text}")
    return ";".join([*statements, _text(program.result, names)[0]])


# Binding strength of a written expression, weakest first.
_CHOICE, _SUM, _PRODUCT, _SIGNED, _ATOM = range(5)
_STRENGTH = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT}


def _text(expression: Expression, names: Mapping[str, str]) -> tuple[str, int]:
    match expression:
        case Integer(value):
            return str(value), _ATOM
        case Variable(name):
            return names.get(name, name), _ATOM
        case Unary("-", operand):
            return "-" + _wrapped(operand, names, _SIGNED), _SIGNED
        case Unary(function, operand):
            return f"{function}({_text(operand, names)[0]})", _ATOM
        case Binary("min" | "max" as function, left, right):
            return f"{function}({_text(left, names)[0]},{_text(right, names)[0]})", _ATOM
        case Binary(function, left, right):
            strength = _STRENGTH[function]
            return f"{_wrapped(left, names, strength)}{function}{_wrapped(right, names, strength + 1)}", strength
        case Choice(then, comparison, left, right, otherwise):
            condition = f"{_wrapped(left, names, _SUM)}{comparison}{_wrapped(right, names, _SUM)}"
            return f"{_wrapped(then, names, _SUM)} if {condition} else {_text(otherwise, names)[0]}", _CHOICE


def _wrapped(expression: Expression, names: Mapping[str, str], least: int) -> str:
    text, strength = _text(expression, names)
    return text if strength >= least else f"({text})"


def _is_name(token: str) -> bool:
    return len(token) == 1 and token.isalpha()
