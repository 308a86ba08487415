"""Systems of linear equations with one integer solution.

Two tasks at level 1, which stand for x+2y=5 with 3x-y=1, and for -x+y=0 with 2x=6:

    1,2=5;3,-1=1        answer 1,2
    -1,1=0;2,0=6        answer 3,3

Cost: elimination takes about n**3/3 products and divisions, each step using those before; checking substitutes, n*n
products. Most systems one writes down at random have no integer solution, so `solution` texts
(`1,2;3,-1@1,2`: these left sides, at x = 1, y = 2) are the easier thing to propose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import factorial, gcd
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.counting import n_directions
from envs.matrices import Matrix, Row, adjugate, determinant, draw_nonsingular, read_matrix, write_matrix
from envs.numerals import INTEGER, NO_TASK, RIGHT

_ROW = rf"{INTEGER}(?:,{INTEGER})*={INTEGER}"
_PROMPT = re.compile(rf"{_ROW}(?:;{_ROW})*")
_MOST_UNKNOWNS = 4

_WRONG = Verdict(Outcome.INCORRECT, "does not solve every equation", tier="exact")
_WRONG_SIZE = Verdict(Outcome.MALFORMED, "not one integer for every unknown")


@dataclass(frozen=True)
class LinearSystem(Env, SolutionFirst):
    """Solve n equations in n unknowns, given by their coefficients.

    A task's level is n-1. The order and the scaling of equations do not make another question.

    Attributes:
        max_unknowns: Most unknowns.
        max_coefficient: Largest size of a coefficient.
        max_value: Largest size of an unknown's value.
    """

    max_unknowns: int = 3
    max_coefficient: int = 5
    max_value: int = 9

    name: ClassVar[str] = "math/linear_system"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789-,;=@"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: about n**3/3 products in order; checking: n*n products"

    def __post_init__(self) -> None:
        if not 2 <= self.max_unknowns <= _MOST_UNKNOWNS:
            raise ValueError(f"max_unknowns={self.max_unknowns}: use 2 to {_MOST_UNKNOWNS}")
        for field in ("max_coefficient", "max_value"):
            if not 1 <= getattr(self, field) <= 999:
                raise ValueError(f"{field}={getattr(self, field)}: use 1 to 999")

    @property
    def levels(self) -> range:
        """Number of unknowns, less 1."""
        return range(1, self.max_unknowns)

    def capacity(self, level: int) -> int:
        """Exact for two unknowns; for more a lower bound.

        A task is a set of n independent rows, each up to sign and scale, and a solution. At most
        ((2m+1)**i - 1)/2 rows lie in the span of i others, as i coordinates fix the rest; one, if i = 1.
        """
        self.check_level(level)
        n, n_entries = level + 1, 2 * self.max_coefficient + 1
        rows = n_directions(n, self.max_coefficient)
        ordered = rows * (rows - 1)
        for i in range(2, n):
            ordered *= rows - (n_entries**i - 1) // 2
        return int(ordered // factorial(n) * (2 * self.max_value + 1) ** n)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw coefficients and solution, and compute the right sides."""
        self.check_level(level)
        rows = draw_nonsingular(rng, level + 1, self.max_coefficient)
        values = rng.choices(range(-self.max_value, self.max_value + 1), k=level + 1)
        return self._solved(rows, tuple(values))

    def parse(self, prompt: str) -> Task:
        """Read `1,2=5;3,-1=1`; refused unless exactly one solution exists, and is of integers in range."""
        rows, values = self._read(prompt)
        return self._solved(rows, values).task

    def verify(self, task: Task, answer: str) -> Verdict:
        """Substitute the answer into every equation."""
        try:
            rows, solution = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        read = read_matrix(answer) if len(answer) <= 5 * _MOST_UNKNOWNS else None
        if read is None or len(read) != 1 or len(read[0]) != len(rows):
            return _WRONG_SIZE
        return RIGHT if all(_at(row, read[0]) == _at(row, solution) for row in rows) else _WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: integers have one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Two values exchanged, or one off by one."""
        values = solved.answer.split(",")
        i, j = rng.sample(range(len(values)), 2)
        if values[i] != values[j] and rng.random() < 0.5:
            values[i], values[j] = values[j], values[i]
        else:
            values[i] = str(int(values[i]) + rng.choice((-1, 1)))
        return ",".join(values)

    def solution(self, solved: Solved) -> str:
        """`1,2;3,-1@1,2`: the left sides, and the values that solve them."""
        rows, values = self._read(solved.task.prompt)
        return f"{write_matrix(rows)}@{write_matrix((values,))}"

    def pose(self, solution: str) -> Solved:
        """Compute the right sides; refused where other values would solve the equations too."""
        left, _, right = solution.partition("@")
        if len(solution) > 5 * (_MOST_UNKNOWNS + 1) * _MOST_UNKNOWNS:
            raise MalformedTask("too long for a solution")
        rows, values = read_matrix(left), read_matrix(right)
        if rows is None or values is None or len(values) != 1 or not len(rows) == len(rows[0]) == len(values[0]):
            raise MalformedTask("not of the form 1,2;3,-1@1,2")
        self._check(rows, determinant(rows))
        self._check_values(values[0])
        return self._solved(rows, values[0])

    def _read(self, prompt: str) -> tuple[Matrix, Row]:
        """The coefficients and the solution."""
        if len(prompt) > _MOST_UNKNOWNS * (5 * _MOST_UNKNOWNS + 9) or not _PROMPT.fullmatch(prompt):
            raise MalformedTask("not of the form 1,2=5;3,-1=1")
        sides = [row.split("=") for row in prompt.split(";")]
        rows: Matrix = tuple(tuple(map(int, left.split(","))) for left, _ in sides)
        if any(len(row) != len(rows) for row in rows):
            raise MalformedTask("not as many unknowns as equations")
        divisor = determinant(rows)
        self._check(rows, divisor)
        right = tuple(int(number) for _, number in sides)
        scaled = [_at(row, right) for row in adjugate(rows)]
        if any(number % divisor for number in scaled):
            raise MalformedTask("no integers solve it")
        values = tuple(number // divisor for number in scaled)
        self._check_values(values)
        return rows, values

    def _check(self, rows: Matrix, divisor: int) -> None:
        if not 2 <= len(rows) <= self.max_unknowns:
            raise MalformedTask(f"not 2 to {self.max_unknowns} unknowns")
        if (
            max(max(row) for row in rows) > self.max_coefficient
            or min(min(row) for row in rows) < -self.max_coefficient
        ):
            raise MalformedTask(f"a coefficient is larger than {self.max_coefficient}")
        if divisor == 0:
            raise MalformedTask("no solution or many")

    def _check_values(self, values: Row) -> None:
        if max(map(abs, values)) > self.max_value:
            raise MalformedTask(f"an unknown is larger than {self.max_value}")

    def _solved(self, rows: Matrix, values: Row) -> Solved:
        right = [_at(row, values) for row in rows]
        equations = list(zip(rows, right, strict=True))
        prompt = ";".join([f"{','.join(map(str, row))}={number}" for row, number in equations])
        canonical = ";".join(sorted([_scaled(row, number) for row, number in equations]))
        return Solved(Task(self.name, prompt, len(rows) - 1, canonical), ",".join(map(str, values)))


def _at(row: Row, values: Row) -> int:
    return sum([a * x for a, x in zip(row, values, strict=True)])


def _scaled(row: Row, right: int) -> str:
    """The equation without a common divisor, its first coefficient above 0."""
    divisor = gcd(*row)
    if next(filter(None, row)) < 0:
        divisor = -divisor
    return f"{','.join([str(entry // divisor) for entry in row])}={right // divisor}"
