"""Greatest common divisors.

Two tasks at level 2:

    84,36       answer 12
    7,25        answer 1

Cost: Euclid's algorithm takes up to 4.8d divisions for numbers of d digits, each needing the one before; checking
runs it too, in microseconds, so the asymmetry is that of work in order against a machine. A solution,
`12*7,12*3`, poses its task with two products.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, SolutionFirst, Solved, Task, Verdict
from envs.counting import n_pairs
from envs.numerals import NO_TASK, POSITIVE, check_integer, draw_positive

_PROMPT = re.compile(rf"({POSITIVE}),({POSITIVE})")
_SOLUTION = re.compile(rf"({POSITIVE})\*({POSITIVE}),\1\*({POSITIVE})")
_MOST_DIGITS = 100


@dataclass(frozen=True)
class GreatestDivisor(Env, SolutionFirst):
    """The greatest common divisor of two positive integers.

    A task's level is the digits of the larger one. Half of the sampled tasks or more have a divisor above 1.

    Attributes:
        max_digits: Most digits of a number.
    """

    max_digits: int = 4

    name: ClassVar[str] = "math/greatest_divisor"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789,;*"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: up to 4.8d divisions in order; checking: the same, by machine; posing: 2 products"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")

    @property
    def levels(self) -> range:
        """Digits of the larger number."""
        return range(1, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: unordered pairs whose larger number has `level` digits."""
        self.check_level(level)
        return n_pairs(10**level - 1) - n_pairs(10 ** (level - 1) - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a divisor, then a multiple of it with `level` digits and one that is not larger."""
        self.check_level(level)
        divisor = draw_positive(rng, rng.randint(1, level))
        top = (10**level - 1) // divisor
        first = rng.randint(-(-(10 ** (level - 1)) // divisor), top)
        pair = [divisor * first, divisor * rng.randint(1, first)]
        rng.shuffle(pair)
        return self._solved(*pair)

    def parse(self, prompt: str) -> Task:
        """Read `84,36`."""
        return _task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the divisor that Euclid's algorithm gives."""
        try:
            return check_integer(answer, gcd(*self._read(task.prompt)))
        except MalformedTask:
            return NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A proper divisor of the answer, a multiple of it, or the next integer."""
        value = int(solved.answer)
        proper = [value // factor for factor in (2, 3, 5, 7) if value % factor == 0]
        return str(rng.choice([value + 1, value * rng.choice((2, 3)), *proper]))

    def solution(self, solved: Solved) -> str:
        """`12*7,12*3`: the divisor, and what is left of each number."""
        first, second = self._read(solved.task.prompt)
        divisor = gcd(first, second)
        return f"{divisor}*{first // divisor},{divisor}*{second // divisor}"

    def pose(self, solution: str) -> Solved:
        """Multiply; refused where the two cofactors have a common divisor."""
        match = _SOLUTION.fullmatch(solution) if len(solution) <= 4 * self.max_digits + 3 else None
        if match is None:
            raise MalformedTask("not of the form g*a,g*b")
        divisor, first, second = map(int, match.groups())
        if gcd(first, second) > 1:
            raise MalformedTask("the cofactors have a common divisor")
        if max(first, second) * divisor >= 10**self.max_digits:
            raise MalformedTask(f"a number has more than {self.max_digits} digits")
        return self._solved(divisor * first, divisor * second)

    def _read(self, prompt: str) -> tuple[int, int]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= 2 * self.max_digits + 1 else None
        if match is None or max(len(match[1]), len(match[2])) > self.max_digits:
            raise MalformedTask(f"not two positive integers of at most {self.max_digits} digits")
        return int(match[1]), int(match[2])

    def _solved(self, first: int, second: int) -> Solved:
        large, small = max(first, second), min(first, second)
        steps = [f"{large},{small}"]
        while small:
            large, small = small, large % small
            steps.append(f"{large},{small}")
        return Solved(_task(first, second), str(large), ";".join(steps))


def _task(first: int, second: int) -> Task:
    canonical = f"{min(first, second)},{max(first, second)}"
    return Task(GreatestDivisor.name, f"{first},{second}", len(str(max(first, second))), canonical)
