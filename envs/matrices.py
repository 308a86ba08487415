"""Small integer matrices as text and as tuples of rows: `1,2;3,4`."""

from __future__ import annotations

import re
from random import Random
from typing import TypeAlias

from envs.numerals import INTEGER

Row: TypeAlias = tuple[int, ...]
Matrix: TypeAlias = tuple[Row, ...]

_MATRIX = re.compile(rf"{INTEGER}(?:[,;]{INTEGER})*")


def read_matrix(text: str) -> Matrix | None:
    """The rows of `1,2;3,4`; None where the text is none or its rows differ in length. Bound the length first."""
    if not _MATRIX.fullmatch(text):
        return None
    rows = tuple(tuple(map(int, row.split(","))) for row in text.split(";"))
    return rows if len({len(row) for row in rows}) == 1 else None


def write_matrix(rows: Matrix) -> str:
    """`1,2;3,4`."""
    return ";".join([",".join(map(str, row)) for row in rows])


def product(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product."""
    columns = list(zip(*right, strict=True))
    return tuple(tuple(sum([a * b for a, b in zip(row, column, strict=True)]) for column in columns) for row in left)


def determinant(rows: Matrix) -> int:
    """Exact, by expansion along the first row; for up to about five rows."""
    match rows:
        case ((a,),):
            return a
        case ((a, b), (c, d)):
            return a * d - b * c
    return sum((-1) ** k * entry * determinant(_minor(rows, 0, k)) for k, entry in enumerate(rows[0]) if entry)


def adjugate(rows: Matrix) -> Matrix:
    """The matrix whose product with `rows` is the determinant on the diagonal."""
    size = range(len(rows))
    if len(size) == 1:
        return ((1,),)
    return tuple(tuple((-1) ** (i + j) * determinant(_minor(rows, j, i)) for j in size) for i in size)


def draw_matrix(rng: Random, n_rows: int, n_columns: int, largest: int) -> Matrix:
    """Entries uniform from -largest to largest."""
    entries = range(-largest, largest + 1)
    return tuple(tuple(rng.choices(entries, k=n_columns)) for _ in range(n_rows))


def draw_nonsingular(rng: Random, size: int, largest: int) -> Matrix:
    """A square matrix with a determinant other than 0: any of them can come.

    A singular draw is cut to its upper triangle, with 1 for every 0 on the diagonal.
    """
    rows = draw_matrix(rng, size, size, largest)
    if determinant(rows):
        return rows
    return tuple(
        tuple(entry if j > i else (entry or 1) if j == i else 0 for j, entry in enumerate(row))
        for i, row in enumerate(rows)
    )


def n_nonsingular(size: int, largest: int) -> int:
    """How many `draw_nonsingular` can give: exact for two rows, else a lower bound.

    A subspace of dimension i holds at most (2*largest+1)**i rows, as i of its coordinates fix the others. So at
    least n_rows - (2*largest+1)**i rows lie outside the span of i earlier ones.
    """
    n_entries = 2 * largest + 1
    if size == 2:
        products: dict[int, int] = {}
        for a in range(-largest, largest + 1):
            for b in range(-largest, largest + 1):
                products[a * b] = products.get(a * b, 0) + 1
        return n_entries**4 - sum(count * count for count in products.values())
    total = 1
    for i in range(size):
        total *= n_entries**size - n_entries**i
    return total


def _minor(rows: Matrix, row: int, column: int) -> Matrix:
    return tuple(line[:column] + line[column + 1 :] for i, line in enumerate(rows) if i != row)
