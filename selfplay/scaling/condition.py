"""Conditions on rows, as `--where` takes them: `arm == 'real' and (N > 1e6 or not seed in (3, 4))`.

    condition  :=  conjunct { "or" conjunct }
    conjunct   :=  part { "and" part }
    part       :=  "not" part  |  "(" condition ")"  |  COLUMN operator value  |  COLUMN ["not"] "in" "(" values ")"
    operator   :=  "==" | "!=" | "<" | "<=" | ">" | ">="
    value      :=  number | 'text' | "text"

A column whose name is not a word is written in backticks. Nothing is evaluated but this grammar. A cell that is
empty meets no comparison, `!=` included: leaving such rows out is then something the user has asked for.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.bool_]
Columns = Callable[[str], Sequence[str | float | None]]

_TOKEN = re.compile(
    r"""\s*(?:(?P<op>==|!=|<=|>=|<|>|[(),])
          |(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
          |'(?P<single>[^']*)'|"(?P<double>[^"]*)"|`(?P<quoted>[^`]+)`
          |(?P<word>[^\W\d]\w*))""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MAX_DEPTH = 50
"""Brackets within brackets."""


def matching(condition: str, column: Columns, n_rows: int) -> Rows:
    """Which rows meet a condition.

    Args:
        condition: In the grammar above.
        column: Gives the cells of a column, or raises ValueError.
        n_rows: Length of every column.

    Returns:
        (n_rows,) True where it is met.

    Raises:
        ValueError: It is not in the grammar, a column is unknown, or text is compared with a number.
    """
    reader = _Reader(condition, _tokens(condition), column, n_rows)
    met = reader.condition()
    if reader.place < len(reader.tokens):
        raise reader.wrong("'and' or 'or'")
    return met


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(condition: str) -> list[_Token]:
    found, place = [], 0
    while condition[place:].strip():
        match = _TOKEN.match(condition, place)
        if match is None:
            raise ValueError(f"--where {condition!r}: cannot read {condition[place:].strip()!r}")
        kind = match.lastgroup or ""
        found.append(_Token("text" if kind in ("single", "double") else kind, match[kind]))
        place = match.end()
    return found


@dataclass
class _Reader:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    source: str
    tokens: list[_Token]
    column: Columns
    n_rows: int
    place: int = 0
    depth: int = 0

    def wrong(self, expected: str) -> ValueError:
        found = repr(self.tokens[self.place].text) if self.place < len(self.tokens) else "its end"
        return ValueError(f"--where {self.source!r}: expected {expected}, found {found}")

    def take(self, *texts: str) -> str | None:
        """The next token if it is one of these words or operators."""
        if self.place < len(self.tokens):
            token = self.tokens[self.place]
            if token.kind in ("op", "word") and token.text in texts:
                self.place += 1
                return token.text
        return None

    def condition(self) -> Rows:
        met = self.conjunct()
        while self.take("or"):
            met = met | self.conjunct()
        return met

    def conjunct(self) -> Rows:
        met = self.part()
        while self.take("and"):
            met = met & self.part()
        return met

    def part(self) -> Rows:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"--where {self.source[:60]!r}...: more than {MAX_DEPTH} levels deep")
        try:
            if self.take("not"):
                return ~self.part()
            if self.take("("):
                met = self.condition()
                if not self.take(")"):
                    raise self.wrong("')'")
                return met
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Rows:
        if self.place >= len(self.tokens) or self.tokens[self.place].kind not in ("word", "quoted"):
            raise self.wrong("a column")
        name = self.tokens[self.place].text
        self.place += 1
        cells = self.column(name)
        negated = bool(self.take("not"))
        if self.take("in"):
            met = self.one_of(name, cells)
            present = np.array([cell is not None for cell in cells], dtype=bool)
            return present & ~met if negated else met
        sign = None if negated else self.take(*_COMPARE)
        if sign is None:
            raise self.wrong("'in'" if negated else "one of == != < <= > >= in")
        return self.compared(name, cells, _COMPARE[sign], self.value())

    def one_of(self, name: str, cells: Sequence[str | float | None]) -> Rows:
        if not self.take("("):
            raise self.wrong("'(' and values")
        met = self.compared(name, cells, operator.eq, self.value())
        while self.take(","):
            met = met | self.compared(name, cells, operator.eq, self.value())
        if not self.take(")"):
            raise self.wrong("',' or ')'")
        return met

    def value(self) -> str | float:
        if self.place < len(self.tokens) and self.tokens[self.place].kind in ("text", "number"):
            token = self.tokens[self.place]
            self.place += 1
            return token.text if token.kind == "text" else float(token.text)
        raise self.wrong("a number, or text in quotes")

    def compared(
        self,
        name: str,
        cells: Sequence[str | float | None],
        compare: Callable[[Any, Any], bool],
        value: str | float,
    ) -> Rows:
        met = np.zeros(self.n_rows, dtype=bool)
        for i, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(value, float) and isinstance(cell, str):
                raise ValueError(f"--where {self.source!r}: {name} holds the text {cell!r}, compared with {value:g}")
            if isinstance(value, str) and isinstance(cell, float):
                cell = f"{cell:.0f}" if cell.is_integer() else str(cell)
            met[i] = compare(cell, value)
        return met
