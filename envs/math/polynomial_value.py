"""Values of polynomials at integers.

Two tasks, at levels 1 and 2:

    3x-4@5              answer 11
    2x^2-x+1@-3         answer 22

Cost: Horner's rule takes d products and d sums, each using the one before, and so does checking, at a machine's speed:
there is no asymmetry beyond that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Solved, Task, Verdict
from envs.numerals import INTEGER, NO_TASK, check_integer, slip
from envs.univariate import read_polynomial, value_at, write_polynomial

_ARGUMENT = re.compile(INTEGER)
_MOST_DEGREE = 9


@dataclass(frozen=True)
class PolynomialValue(Env):
    """Evaluate a polynomial in x at an integer.

    A task's level is the degree.

    Attributes:
        max_degree: Highest degree.
        max_coefficient: Largest size of a coefficient.
        max_argument: Largest size of x.
    """

    max_degree: int = 4
    max_coefficient: int = 9
    max_argument: int = 9

    name: ClassVar[str] = "math/polynomial_value"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789x^+-@;"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: d products and d sums in order; checking: the same, by machine"

    def __post_init__(self) -> None:
        if not 1 <= self.max_degree <= _MOST_DEGREE:
            raise ValueError(f"max_degree={self.max_degree}: use 1 to {_MOST_DEGREE}")
        for field in ("max_coefficient", "max_argument"):
            if not 1 <= getattr(self, field) <= 999:
                raise ValueError(f"{field}={getattr(self, field)}: use 1 to 999")

    @property
    def levels(self) -> range:
        """The degree."""
        return range(1, self.max_degree + 1)

    def capacity(self, level: int) -> int:
        """Exact: choices of coefficients, the first not 0, times choices of x."""
        self.check_level(level)
        n_coefficients: int = 2 * self.max_coefficient + 1
        return (n_coefficients - 1) * int(n_coefficients**level) * (2 * self.max_argument + 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw coefficients and x uniformly."""
        self.check_level(level)
        first = rng.randint(1, self.max_coefficient) * rng.choice((-1, 1))
        others = rng.choices(range(-self.max_coefficient, self.max_coefficient + 1), k=level)
        x = rng.randint(-self.max_argument, self.max_argument)
        steps = value_at([first, *others], x)
        prompt = f"{write_polynomial([first, *others])}@{x}"
        return Solved(self._task(prompt, level), str(steps[-1]), ";".join(map(str, steps)))

    def parse(self, prompt: str) -> Task:
        """Read `2x^2-x+1@-3`: terms by falling degree, none of them 0."""
        return self._task(prompt, len(self._read(prompt)[0]) - 1)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the value by Horner's rule."""
        try:
            return check_integer(answer, value_at(*self._read(task.prompt))[-1])
        except MalformedTask:
            return NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One place off by one, or the value at -x."""
        coefficients, x = self._read(solved.task.prompt)
        mirrored = str(value_at(coefficients, -x)[-1])
        return mirrored if mirrored != solved.answer and rng.random() < 0.5 else str(slip(int(solved.answer), rng))

    def _read(self, prompt: str) -> tuple[list[int], int]:
        polynomial, _, argument = prompt.partition("@") if len(prompt) <= 8 * (self.max_degree + 2) else ("", "", "")
        coefficients = read_polynomial(polynomial, self.max_degree)
        if coefficients is None or not _ARGUMENT.fullmatch(argument):
            raise MalformedTask("not of the form 2x^2-x+1@3")
        if len(coefficients) < 2:
            raise MalformedTask("a constant")
        if max(map(abs, coefficients)) > self.max_coefficient or abs(int(argument)) > self.max_argument:
            raise MalformedTask(f"a coefficient above {self.max_coefficient} or an x above {self.max_argument}")
        return coefficients, int(argument)

    def _task(self, prompt: str, level: int) -> Task:
        return Task(self.name, prompt, level, canonical=prompt)
