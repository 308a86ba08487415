"""The expression grammar: text to tree, for text that nobody vouches for.

    3*x**2 + sqrt(x)/2          names, integers, decimals (exact), + - * / ** and parentheses
    exp(-x)*sin(a*x + pi/4)     elementary functions, and the constants pi, E and (on request) I

A Pratt parser (Pratt 1973, "Top down operator precedence") over a list of at most 400 tokens. `**` binds to the
right and tighter than unary minus. Multiplication is written. Nothing is evaluated as code and no text reaches
sympy: trees are built by hand and `envs.symbolic` turns them into sympy objects. Everything else that sympy or
Python would read (`^`, `%`, `//`, `!`, keyword arguments, oo, nan, 1e5, 5_0, unknown names) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from fractions import Fraction
from functools import lru_cache

from envs.core import MAX_CHARS
from envs.expression import (
    HALF,
    ONE,
    Call,
    GrammarError,
    Name,
    Tree,
    add,
    divide,
    multiply,
    negate,
    number,
    power,
)

MAX_TOKENS = 400
MAX_DEPTH = 60
MAX_DIGITS = 60

SMOOTH_FUNCTIONS = frozenset(
    {"exp", "log", "sqrt", "erf", "erfc", "erfi", "Ei", "li", "Si", "Ci", "Shi", "Chi"}
    | {"sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot", "asec", "acsc"}
    | {"sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh", "acoth", "asech", "acsch"}
)
"""Functions with a derivative wherever they are continuous; `envs.calculus` has a rule for each."""

FUNCTIONS = SMOOTH_FUNCTIONS | {"Abs", "sign"}
"""Every function of the grammar, each of one argument. `abs` and `ln` are not among them: one spelling each."""

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDFGHJKLMNOPQRSTUVWXYZ")
"""Symbols allowed where the caller names none: single letters except E and I."""

_TOKEN = re.compile(r" *(?:([0-9]+(?:\.[0-9]*)?)|([A-Za-z][A-Za-z0-9]*)|(\*\*|[-+*/()]))")
_SPACES = re.compile(r" *")

_SUM, _PRODUCT, _POWER = 10, 20, 30
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}
_END = ""


def parse(
    text: str,
    *,
    symbols: Collection[str] = LETTERS,
    functions: Collection[str] = FUNCTIONS,
    imaginary_unit: bool = False,
) -> Tree:
    """Read an expression.

    Args:
        text: Any text, of any length.
        symbols: The symbols it may use; a symbol named like a constant or a function hides it.
        functions: The functions it may use, some of `FUNCTIONS`.
        imaginary_unit: Whether `I` is the imaginary unit; otherwise it is refused.

    Raises:
        GrammarError: The text is not an expression of the grammar or is beyond a limit.
    """
    if len(text) > MAX_CHARS:
        raise GrammarError(f"longer than {MAX_CHARS} characters")
    return _parse_cached(text, frozenset(symbols), frozenset(functions), imaginary_unit)


# An answer is compared with the same gold, and a prompt checked, many times over.
@lru_cache(maxsize=4096)
def _parse_cached(text: str, symbols: frozenset[str], functions: frozenset[str], imaginary_unit: bool) -> Tree:
    constants = {"pi", "E", "I"} if imaginary_unit else {"pi", "E"}
    parser = _Parser(_tokens(text), symbols, functions, frozenset(constants))
    tree = parser.expression(0, 0)
    if parser.token != _END:
        raise GrammarError(f"unexpected {parser.token!r}")
    return tree


def _tokens(text: str) -> list[str]:
    if not text.isascii():
        raise GrammarError("a character outside ASCII")
    found: list[str] = []
    position, end = 0, len(text.rstrip(" "))
    if end == 0:
        raise GrammarError("no expression")
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            position = _SPACES.match(text, position).end()  # type: ignore[union-attr]
            raise GrammarError(f"unexpected {text[position]!r}")
        found.append(match[1] or match[2] or match[3])
        if len(found) > MAX_TOKENS:
            raise GrammarError(f"more than {MAX_TOKENS} tokens")
        position = match.end()
    return found


class _Parser:
    """One pass over the tokens; `token` is the one not yet consumed."""

    def __init__(
        self, tokens: list[str], symbols: frozenset[str], functions: frozenset[str], constants: frozenset[str]
    ) -> None:
        self._rest = iter(tokens)
        self._symbols, self._functions, self._constants = symbols, functions, constants
        self.token = next(self._rest, _END)

    def expression(self, least: int, depth: int) -> Tree:
        """Read operators that bind at least as tightly as `least`."""
        left = self._operand(least, depth)
        while (binding := _BINDING.get(self.token, -1)) >= least and binding > 0:
            operator = self._advance()
            if operator == "**":
                left = power(left, self.expression(_POWER, _deeper(depth)))
                continue
            right = self.expression(binding + 1, depth)
            match operator:
                case "+":
                    left = add((left, right))
                case "-":
                    left = add((left, negate(right)))
                case "*":
                    left = multiply((left, right))
                case "/":
                    left = divide(left, right)
        return left

    def _operand(self, least: int, depth: int) -> Tree:
        token = self._advance()
        if token == "-":
            # Looser than a product (-a*b is -(a*b)) unless a tighter operator is waiting (a**-b*c).
            return negate(self.expression(max(least, _PRODUCT), _deeper(depth)))
        if token == "(":
            inner = self.expression(0, _deeper(depth))
            self._expect(")")
            return inner
        if token[:1].isdigit():
            return _number(token)
        if token[:1].isalpha():
            return self._named(token, depth)
        raise GrammarError(f"unexpected {token!r}" if token else "it ends too early")

    def _named(self, name: str, depth: int) -> Tree:
        if name in self._symbols:
            return Name(name)
        if name in self._functions:
            self._expect("(")
            argument = self.expression(0, _deeper(depth))
            self._expect(")")
            return power(argument, HALF) if name == "sqrt" else Call(name, argument)
        if name == "E" and name in self._constants:
            return Call("exp", ONE)
        if name in self._constants:
            return Name(name)
        raise GrammarError(f"unknown name {name[:20]!r}")

    def _advance(self) -> str:
        token, self.token = self.token, next(self._rest, _END)
        return token

    def _expect(self, token: str) -> None:
        if self._advance() != token:
            raise GrammarError(f"expected {token!r}")


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise GrammarError(f"nested deeper than {MAX_DEPTH}")
    return depth + 1


def _number(token: str) -> Tree:
    whole, _, decimals = token.partition(".")
    if len(whole) + len(decimals) > MAX_DIGITS:
        raise GrammarError(f"a number of more than {MAX_DIGITS} digits")
    if len(whole) > 1 and whole[0] == "0":
        raise GrammarError("a number with a leading zero")
    return number(Fraction(int(whole + decimals), 10 ** len(decimals)) if decimals else int(whole))
