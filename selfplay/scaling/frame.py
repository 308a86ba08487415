"""A run table of anyone's: CSV or Parquet, its columns under our names, its rows never dropped unasked.

Rows are counted from 0 as they stand in the file, and keep that number when others are filtered out. A cell that
cannot be used is an error that names its row and column, never a row left out.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from selfplay.scaling.condition import matching

Cell = str | float | None
PARQUET = (".parquet", ".pq")
DELIMITERS = ",\t;"
ABSENT = ("", "nan", "na", "n/a", "null", "none")
"""Texts, in any case, that say a cell is empty."""


@dataclass(frozen=True)
class Frame:
    """Rows of a table, by column.

    Attributes:
        source: The file, for messages.
        cells: Column name to its cells, all of one length; None where a cell is empty.
        rows: (n,) position of each row in the file, from 0.
    """

    source: str
    cells: Mapping[str, tuple[Cell, ...]]
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.cells

    def column(self, name: str) -> tuple[Cell, ...]:
        """The cells of a column.

        Raises:
            ValueError: There is none; the message has those that there are, and how to map one.
        """
        if name not in self.cells:
            near = difflib.get_close_matches(name.lower(), [known.lower() for known in self.cells], n=1, cutoff=0.5)
            guess = next((known for known in self.cells if near and known.lower() == near[0]), "COLUMN")
            raise ValueError(
                f"{self.source}: no column {name!r}; it has {', '.join(self.cells)}. Map one: --columns {name}={guess}"
            )
        return self.cells[name]

    def numbers(self, name: str, *, empty: bool = False) -> NDArray[np.float64]:
        """(n,) a column as float64.

        Args:
            name: The column.
            empty: Give nan for empty cells; else they are refused.

        Raises:
            ValueError: No such column, a text, an infinity, or an empty cell; names the row and the column.
        """
        values = np.empty(len(self))
        for i, cell in enumerate(self.column(name)):
            values[i] = self._number(name, i, cell)
            if math.isnan(values[i]) and not empty:
                raise ValueError(
                    f"{self.source}: {self.at(i)}: {name} is empty or NaN; fill it in, or leave such rows out with"
                    f" --where '{name} > 0'"
                )
        return values

    def _number(self, name: str, i: int, cell: Cell) -> float:
        try:
            value = math.nan if cell is None else float(cell)
        except ValueError:
            raise ValueError(
                f"{self.source}: {self.at(i)}: {name} = {cell!r} is not a number; write it in full, or map another"
                f" column with --columns {name}=COLUMN"
            ) from None
        if math.isinf(value):
            raise ValueError(f"{self.source}: {self.at(i)}: {name} = {cell} is not finite; correct it or leave it out")
        return value

    def positive(self, name: str) -> NDArray[np.float64]:
        """(n,) a column as float64, each above 0.

        Raises:
            ValueError: As `numbers`, or a value of 0 or less.
        """
        values = self.numbers(name)
        for i in np.flatnonzero(values <= 0):
            raise ValueError(
                f"{self.source}: {self.at(int(i))}: {name} = {values[i]:g}, must be above 0; correct it, or leave such"
                f" rows out with --where '{name} > 0'"
            )
        return values

    def texts(self, name: str) -> tuple[str, ...]:
        """(n,) a column as texts: 3.0 is "3", an empty cell is "".

        Raises:
            ValueError: No such column.
        """
        return tuple(_text(cell) for cell in self.column(name))

    def at(self, i: int) -> str:
        """How messages name the `i`-th of these rows: its row in the file and, in a text file, its line."""
        row = self.rows[i]
        return f"row {row}" if Path(self.source).suffix.lower() in PARQUET else f"row {row} (line {row + 2})"

    def take(self, chosen: Sequence[int] | NDArray[np.intp]) -> Frame:
        """These rows, by their position here, in this order."""
        picked = [int(i) for i in chosen]
        cells = {name: tuple(column[i] for i in picked) for name, column in self.cells.items()}
        return Frame(self.source, cells, tuple(self.rows[i] for i in picked))

    def where(self, condition: str) -> Frame:
        """The rows that meet a condition such as `arm == 'real' and N > 1e6`; an empty cell meets none.

        Raises:
            ValueError: It cannot be read, names an unknown column, or no row meets it.
        """
        kept = np.flatnonzero(matching(condition, self.column, len(self)))
        if kept.size == 0:
            raise ValueError(f"{self.source}: no row of {len(self)} meets --where {condition!r}")
        return self.take(kept)

    def repeated(self, names: Sequence[str]) -> list[tuple[int, ...]]:
        """Groups of rows, by row number, that are equal in all of these columns."""
        groups: dict[tuple[Cell, ...], list[int]] = {}
        for row, values in zip(self.rows, zip(*(self.column(name) for name in names), strict=True), strict=True):
            groups.setdefault(values, []).append(row)
        return [tuple(group) for group in groups.values() if len(group) > 1]


def read_frame(path: Path, columns: Mapping[str, str] | None = None, where: str = "") -> Frame:
    """Read a run table.

    Args:
        path: `.parquet` or `.pq`; anything else is delimited text (comma, tab or semicolon) with a header.
        columns: Our name to the file's, for columns that are called otherwise there. Columns not named keep theirs.
        where: Keep only the rows that meet this condition; empty keeps all. Both names may be used in it.

    Raises:
        ValueError: It cannot be read, has no rows, two columns of a name, or lacks a column named in `columns`.
        OSError: The file cannot be opened.
    """
    cells = _read_parquet(path) if path.suffix.lower() in PARQUET else _read_text(path)
    n_rows = len(next(iter(cells.values()), ()))
    if n_rows == 0:
        raise ValueError(f"{path}: has no rows")
    frame = Frame(str(path), cells, tuple(range(n_rows)))
    mapped = {ours: frame.column(theirs) for ours, theirs in (columns or {}).items()}
    frame = Frame(frame.source, {**cells, **mapped}, frame.rows)
    return frame.where(where) if where else frame


def parse_columns(text: str) -> dict[str, str]:
    """Read `N=params,D=tokens`: our name to the file's.

    Raises:
        ValueError: A part without `=`, or a name twice.
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, equals, theirs = (word.strip() for word in part.partition("="))
        if not (ours and equals and theirs):
            raise ValueError(f"--columns {part!r}: expected NAME=COLUMN, for example N=params,D=tokens")
        if ours in found:
            raise ValueError(f"--columns names {ours} twice: {found[ours]} and {theirs}")
        found[ours] = theirs
    return found


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)


def _read_text(path: Path) -> dict[str, tuple[Cell, ...]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8 CSV or as Parquet") from None
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    while lines and not any(cell.strip() for cell in lines[-1]):
        lines.pop()
    if not lines:
        raise ValueError(f"{path}: is empty")
    names = [name.strip() for name in lines[0]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path}: two columns are called {twice[0]!r}; rename one")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            raise ValueError(f"{path}: line {number} has {len(line)} cells, the header has {len(names)}")
    return {name: tuple(_cell(line[i]) for line in lines[1:]) for i, name in enumerate(names)}


def _cell(text: str) -> Cell:
    """A number where the text is one in full, None where it says there is nothing, else the text."""
    plain = text.strip()
    if plain.lower() in ABSENT:
        return None
    try:
        return _plain(float(plain))
    except ValueError:
        return plain


def _read_parquet(path: Path) -> dict[str, tuple[Cell, ...]]:
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
    return {
        name: tuple(_plain(value) for value in table.column(name).to_pylist())
        for name in dict.fromkeys(table.column_names)
    }


def _plain(value: object) -> Cell:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return float(value) if isinstance(value, int | float) else str(value)
