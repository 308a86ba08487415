"""Answers that are more than one expression: sets, tuples, intervals and their unions, solution statements.

    {1, -2}  {}                     a set; its elements may be tuples
    (1, 2)                          a tuple; an open interval where the reference is one
    [0, 1)  (-oo, 2]                an interval; `oo` is an endpoint and nothing else, next to an open bracket
    (-oo, 0) U (1, 2] U {5}         a union
    x > 2   1 <= x < 3   x != 0     a relation, or a chain in one direction
    x = 2 or x = -2                 relations joined by `or`, looser than `and`

The parts are expressions of `envs.grammar` and its limits hold for the whole text. Nothing nests deeper than a tuple
in a set. `==`, lists, words and single elements without brackets are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from envs.core import MAX_CHARS
from envs.expression import Call, GrammarError, Name, Number, Power, Product, Sum, Tree
from envs.grammar import LETTERS, MAX_TOKENS, parse


@dataclass(frozen=True, slots=True)
class Sequence:
    """A tuple of two or more expressions."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class FiniteSet:
    """A set as it is written, repeated elements included."""

    elements: tuple[Tree | Sequence, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """Real numbers between two endpoints; None is an infinite one."""

    low: Tree | None
    high: Tree | None
    has_low: bool
    has_high: bool


@dataclass(frozen=True, slots=True)
class Union:
    """One or more intervals and sets of numbers."""

    pieces: tuple[Interval | FiniteSet, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """`operands[0] operators[0] operands[1] ...`, the operators among <, <=, >, >=, =, !=."""

    operands: tuple[Tree, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """Alternatives, each of which is one or more relations that hold together."""

    alternatives: tuple[tuple[Relation, ...], ...]


Value: TypeAlias = Tree | Sequence | FiniteSet | Union | Statement

EXPRESSIONS = (Number, Name, Sum, Product, Power, Call)
"""The classes of `Tree`."""

_STRUCTURE = re.compile(r"[{}\[\],<>=]")
_RELATION = re.compile(r"(<=|>=|!=|<|>|=)")
_TOKENS = re.compile(r"[A-Za-z0-9.]+|[^ ]")
_OPEN, _CLOSE = "([{", ")]}"


def parse_value(text: str, *, symbols: Collection[str] = LETTERS) -> Value:
    """Read an answer; the imaginary unit is allowed.

    Raises:
        GrammarError: The text is none of the above or beyond a limit.
    """
    if len(text) > MAX_CHARS:
        raise GrammarError(f"longer than {MAX_CHARS} characters")
    if _STRUCTURE.search(text) is None:
        return parse(text, symbols=symbols, imaginary_unit=True)
    if not text.isascii():
        raise GrammarError("a character outside ASCII")
    if len(_TOKENS.findall(text)) > MAX_TOKENS:
        raise GrammarError(f"more than {MAX_TOKENS} tokens")

    def read(part: str) -> Tree:
        return parse(part, symbols=symbols, imaginary_unit=True)

    text = text.strip(" ")
    if _RELATION.search(text):
        return _statement(text, read)
    pieces = _pieces(text)
    if len(pieces) == 1:
        return _single(pieces[0], read)
    return Union(tuple(_piece(piece, read) for piece in pieces))


def _statement(text: str, read: Callable[[str], Tree]) -> Statement:
    return Statement(
        tuple(
            tuple(_relation(part, read) for part in re.split(r"\band\b", alternative))
            for alternative in re.split(r"\bor\b", text)
        )
    )


def _relation(text: str, read: Callable[[str], Tree]) -> Relation:
    parts = _RELATION.split(text)
    operators = tuple(parts[1::2])
    if len(operators) > 1 and not (set(operators) <= {"<", "<="} or set(operators) <= {">", ">="}):
        raise GrammarError("a chain of relations in two directions")
    if not operators:
        raise GrammarError("no relation")
    return Relation(tuple(read(part) for part in parts[::2]), operators)


def _pieces(text: str) -> list[str]:
    """The bracketed pieces of a text, joined by `U`."""
    pieces, position = [], 0
    while True:
        if position >= len(text) or text[position] not in _OPEN:
            raise GrammarError("a comma or bracket outside a set, tuple or interval")
        end = _closing(text, position)
        pieces.append(text[position : end + 1])
        rest = text[end + 1 :].lstrip(" ")
        if not rest:
            return pieces
        if rest[0] != "U":
            raise GrammarError(f"unexpected {rest[0]!r}")
        text, position = rest[1:].lstrip(" "), 0


def _closing(text: str, start: int) -> int:
    """The position of the bracket that closes the one at `start`; [0,1) is closed by any kind."""
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] in _OPEN) - (text[position] in _CLOSE)
        if depth == 0:
            return position
    raise GrammarError("a bracket is not closed")


def _parts(text: str) -> list[str]:
    """The text between outer commas."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _single(text: str, read: Callable[[str], Tree]) -> Value:
    if text[0] == "(" and text[-1] == ")" and not _has_infinity(text):
        return _sequence(text, read)
    piece = _piece(text, read)
    return piece if isinstance(piece, FiniteSet) else Union((piece,))


def _piece(text: str, read: Callable[[str], Tree]) -> Interval | FiniteSet:
    if text[0] == "{":
        if text[-1] != "}":
            raise GrammarError("a set is not closed by }")
        inside = text[1:-1].strip(" ")
        return FiniteSet(tuple(_element(part.strip(" "), read) for part in _parts(inside)) if inside else ())
    ends = [part.strip(" ") for part in _parts(text[1:-1])]
    if len(ends) != 2 or text[-1] == "}":
        raise GrammarError("not an interval of two endpoints")
    low = None if ends[0] == "-oo" else read(ends[0])
    high = None if ends[1] == "oo" else read(ends[1])
    interval = Interval(low, high, text[0] == "[", text[-1] == "]")
    if (low is None and interval.has_low) or (high is None and interval.has_high):
        raise GrammarError("an infinite endpoint is never included")
    return interval


def _element(text: str, read: Callable[[str], Tree]) -> Tree | Sequence:
    is_tuple = text[:1] == "(" and _closing(text, 0) == len(text) - 1 and len(_parts(text[1:-1])) > 1
    return _sequence(text, read) if is_tuple else read(text)


def _sequence(text: str, read: Callable[[str], Tree]) -> Sequence:
    items = tuple(read(part) for part in _parts(text[1:-1]))
    if len(items) < 2:
        raise GrammarError("a tuple of a single item")
    return Sequence(items)


def _has_infinity(text: str) -> bool:
    return any(part.strip(" ") in ("oo", "-oo") for part in _parts(text[1:-1]))
