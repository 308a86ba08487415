"""Products of two square integer matrices.

Two tasks at level 1:

    1,2;3,4*5,1;0,2         answer 5,5;15,11
    0,1;1,0*2,3;4,5         answer 4,5;2,3

Cost: solving takes n**3 products and as many sums; checking here takes the same, though a random vector would do with
3*n*n products at a chance of 1/2 to miss an error (Freivalds 1977, "Probabilistic machines can use less running time").
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.matrices import Matrix, draw_matrix, product, read_matrix, write_matrix
from envs.numerals import NO_TASK, RIGHT, WRONG

_MOST_ROWS = 4

_WRONG_SIZE = Verdict(Outcome.MALFORMED, "not a matrix of the right size, such as 1,2;3,4")


@dataclass(frozen=True)
class MatrixProduct(Env):
    """Multiply two n by n matrices.

    A task's level is n-1.

    Attributes:
        max_rows: Most rows of a matrix.
        max_entry: Largest size of an entry.
    """

    max_rows: int = 3
    max_entry: int = 5

    name: ClassVar[str] = "math/matrix_product"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789-,;*"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: n**3 products; checking: the same, or 3*n*n for a probable verdict"

    def __post_init__(self) -> None:
        if not 2 <= self.max_rows <= _MOST_ROWS:
            raise ValueError(f"max_rows={self.max_rows}: use 2 to {_MOST_ROWS}")
        if not 1 <= self.max_entry <= 999:
            raise ValueError(f"max_entry={self.max_entry}: use 1 to 999")

    @property
    def levels(self) -> range:
        """Number of rows, less 1."""
        return range(1, self.max_rows)

    def capacity(self, level: int) -> int:
        """Exact: choices for the entries of both matrices."""
        self.check_level(level)
        return int((2 * self.max_entry + 1) ** (2 * (level + 1) ** 2))

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw all entries uniformly."""
        self.check_level(level)
        left, right = (draw_matrix(rng, level + 1, level + 1, self.max_entry) for _ in range(2))
        prompt = f"{write_matrix(left)}*{write_matrix(right)}"
        return Solved(self._task(prompt, level), write_matrix(product(left, right)))

    def parse(self, prompt: str) -> Task:
        """Read `1,2;3,4*5,1;0,2`; square matrices of one size."""
        return self._task(prompt, len(self._read(prompt)[0]) - 1)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the product, entry by entry."""
        try:
            left, right = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        value = product(left, right)
        if answer == write_matrix(value):
            return RIGHT
        read = read_matrix(answer) if len(answer) <= 10 * _MOST_ROWS**2 else None
        return _WRONG_SIZE if read is None or not len(read) == len(read[0]) == len(value) else WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: integers have one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One entry off by one, or the factors taken in the other order where that differs."""
        left, right = self._read(solved.task.prompt)
        swapped = write_matrix(product(right, left))
        if swapped != solved.answer and rng.random() < 0.5:
            return swapped
        rows = [list(row) for row in product(left, right)]
        rng.choice(rows)[rng.randrange(len(rows))] += rng.choice((-1, 1))
        return write_matrix(tuple(map(tuple, rows)))

    def _read(self, prompt: str) -> tuple[Matrix, Matrix]:
        first, _, second = prompt.partition("*") if len(prompt) <= 10 * _MOST_ROWS**2 else ("", "", "")
        left, right = read_matrix(first), read_matrix(second)
        if left is None or right is None:
            raise MalformedTask("not of the form 1,2;3,4*5,6;7,8")
        if not len(left) == len(left[0]) == len(right) == len(right[0]):
            raise MalformedTask("not square matrices of one size")
        if not 2 <= len(left) <= self.max_rows:
            raise MalformedTask(f"not 2 to {self.max_rows} rows")
        if any(abs(entry) > self.max_entry for row in left + right for entry in row):
            raise MalformedTask(f"an entry is larger than {self.max_entry}")
        return left, right

    def _task(self, prompt: str, level: int) -> Task:
        return Task(self.name, prompt, level, canonical=prompt)
