"""Inverses of square integer matrices.

Two tasks at level 1:

    2,1;1,1         answer 1,-1;-1,2
    1,2;3,4         answer -2,1;3/2,-1/2

Cost: solving takes an elimination of about n**3 products and divisions, each step using those before; checking is one
matrix product. A solution is an inverse whose own inverse has integer entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from random import Random
from typing import ClassVar, TypeAlias

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.matrices import (
    Matrix,
    adjugate,
    determinant,
    draw_nonsingular,
    n_nonsingular,
    product,
    read_matrix,
    write_matrix,
)
from envs.numerals import NO_TASK, RIGHT, lowest, read_fraction, write_fraction

_Fractions: TypeAlias = list[list[tuple[int, int]]]

_MOST_ROWS = 4
_LONGEST_ANSWER = 400

_WRONG = Verdict(Outcome.INCORRECT, "the product is not the identity", tier="exact")
_WRONG_SIZE = Verdict(Outcome.MALFORMED, "not a matrix of the right size, such as -2,1;3/2,-1/2")


@dataclass(frozen=True)
class MatrixInverse(Env, SolutionFirst):
    """Invert an n by n matrix; entries of the answer are integers or fractions of any terms.

    A task's level is n-1.

    Attributes:
        max_rows: Most rows of a matrix.
        max_entry: Largest size of an entry.
    """

    max_rows: int = 3
    max_entry: int = 4

    name: ClassVar[str] = "math/matrix_inverse"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789-,;/"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: about n**3 products and divisions in order; checking: n**3 products, in any order"
    )

    def __post_init__(self) -> None:
        if not 2 <= self.max_rows <= _MOST_ROWS:
            raise ValueError(f"max_rows={self.max_rows}: use 2 to {_MOST_ROWS}")
        if not 1 <= self.max_entry <= 99:
            raise ValueError(f"max_entry={self.max_entry}: use 1 to 99")

    @property
    def levels(self) -> range:
        """Number of rows, less 1."""
        return range(1, self.max_rows)

    def capacity(self, level: int) -> int:
        """Matrices that have an inverse: exact for two rows; for more a lower bound, see `n_nonsingular`."""
        self.check_level(level)
        return n_nonsingular(level + 1, self.max_entry)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a matrix that has an inverse."""
        self.check_level(level)
        return self._solved(draw_nonsingular(rng, level + 1, self.max_entry))

    def parse(self, prompt: str) -> Task:
        """Read `2,1;1,1`; refused where no inverse exists."""
        return self._task(self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Multiply."""
        try:
            rows = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        fractions = _read_fractions(answer)
        if fractions is None or not len(fractions) == len(fractions[0]) == len(rows):
            return _WRONG_SIZE
        common, scaled = _scaled(fractions)
        size = range(len(rows))
        identity = tuple(tuple(common * (i == j) for j in size) for i in size)
        return RIGHT if product(rows, scaled) == identity else _WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The answer with one entry not in lowest terms."""
        rows = [row.split(",") for row in solved.answer.split(";")]
        row, column = rng.choice(rows), rng.randrange(len(rows))
        value, factor = read_fraction(row[column]), rng.randint(2, 9)
        assert value is not None
        row[column] = f"{value[0] * factor}/{value[1] * factor}"
        return ";".join(map(",".join, rows))

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One entry off by one, the adjugate in place of the inverse, or all signs changed."""
        rows = self._read(solved.task.prompt)
        fractions = _read_fractions(solved.answer)
        assert fractions is not None
        misses = [[[(-p, q) for p, q in row] for row in fractions]]
        if determinant(rows) != 1:
            misses.append([[(entry, 1) for entry in row] for row in adjugate(rows)])
        i, j = rng.randrange(len(rows)), rng.randrange(len(rows))
        slipped = [list(row) for row in fractions]
        slipped[i][j] = (slipped[i][j][0] + slipped[i][j][1], slipped[i][j][1])
        return _write(rng.choice([*misses, slipped]))

    def solution(self, solved: Solved) -> str:
        """The inverse in lowest terms."""
        return self._solved(self._read(solved.task.prompt)).answer

    def pose(self, solution: str) -> Solved:
        """Invert; refused where that has no integer entries in range."""
        fractions = _read_fractions(solution)
        if fractions is None or len(fractions) != len(fractions[0]) or len(fractions) > self.max_rows:
            raise MalformedTask("not a square matrix of fractions")
        # The inverse of B/c is c*adjugate(B)/determinant(B).
        common, scaled = _scaled(fractions)
        divisor = determinant(scaled)
        if divisor == 0:
            raise MalformedTask("no inverse exists")
        entries = [[common * entry for entry in row] for row in adjugate(scaled)]
        if any(entry % divisor for row in entries for entry in row):
            raise MalformedTask("the inverse has an entry that is no integer")
        rows = tuple(tuple(entry // divisor for entry in row) for row in entries)
        self._check(rows)
        return self._solved(rows)

    def _read(self, prompt: str) -> Matrix:
        rows = read_matrix(prompt) if len(prompt) <= 4 * _MOST_ROWS**2 else None
        if rows is None or len(rows) != len(rows[0]):
            raise MalformedTask("not a square matrix such as 2,1;1,1")
        self._check(rows)
        return rows

    def _check(self, rows: Matrix) -> None:
        if not 2 <= len(rows) <= self.max_rows:
            raise MalformedTask(f"not 2 to {self.max_rows} rows")
        if any(abs(entry) > self.max_entry for row in rows for entry in row):
            raise MalformedTask(f"an entry is larger than {self.max_entry}")
        if determinant(rows) == 0:
            raise MalformedTask("no inverse exists")

    def _task(self, rows: Matrix) -> Task:
        prompt = write_matrix(rows)
        return Task(self.name, prompt, len(rows) - 1, canonical=prompt)

    def _solved(self, rows: Matrix) -> Solved:
        divisor = determinant(rows)
        return Solved(self._task(rows), _write([[lowest(entry, divisor) for entry in row] for row in adjugate(rows)]))


def _read_fractions(text: str) -> _Fractions | None:
    """Numerators and denominators of `-2,1;3/2,-1/2`; None where the text is no matrix of fractions."""
    if len(text) > _LONGEST_ANSWER:
        return None
    rows: _Fractions = []
    for line in text.split(";"):
        fractions = [read_fraction(entry) for entry in line.split(",")]
        row = [fraction for fraction in fractions if fraction is not None]
        if len(row) < len(fractions) or (rows and len(row) != len(rows[0])):
            return None
        rows.append(row)
    return rows


def _scaled(fractions: _Fractions) -> tuple[int, Matrix]:
    """A common denominator c and the integer matrix B with B/c = the fractions."""
    common = lcm(*[q for row in fractions for _, q in row])
    return common, tuple(tuple(p * (common // q) for p, q in row) for row in fractions)


def _write(fractions: _Fractions) -> str:
    return ";".join([",".join([write_fraction(p, q) for p, q in row]) for row in fractions])
