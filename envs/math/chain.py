"""Long sums and differences of whole numbers.

Two tasks, at levels 2 and 4:

    7+5-3           answer 9
    2-8+6+6-1       answer 5

Cost: a chain of n operations takes n steps in order, each with its chance of a slip; checking adds the terms, n
operations at a machine's speed. The length is the dial: operands stay small.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from math import comb
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Solved, Task, Verdict
from envs.numerals import NO_TASK, POSITIVE, check_integer, slip

_PROMPT = re.compile(rf"{POSITIVE}(?:[-+]{POSITIVE})+")
_TERM = re.compile(r"[-+]?[0-9]+")
_MOST_OPERATIONS = 100
_MOST_DIGITS = 8


@dataclass(frozen=True)
class Chain(Env):
    """A sum of positive integers, some of them subtracted; orders of the same terms are one question.

    A task's level is its number of operations.

    Attributes:
        operations: `+`, `-` or `+-`.
        max_operations: Most operations in a chain.
        max_digits: Most digits of an operand; operands are uniform below 10**max_digits.
    """

    operations: str = "+-"
    max_operations: int = 8
    max_digits: int = 1

    name: ClassVar[str] = "math/chain"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: n additions in order; checking: the same n, by machine"

    def __post_init__(self) -> None:
        if self.operations not in ("+", "-", "+-", "-+"):
            raise ValueError(f"operations={self.operations!r}: use '+', '-' or '+-'")
        if not 1 <= self.max_operations <= _MOST_OPERATIONS:
            raise ValueError(f"max_operations={self.max_operations}: use 1 to {_MOST_OPERATIONS}")
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")

    @property
    def alphabet(self) -> str:
        """Digits, the operations, and `;` between worked steps."""
        return "0123456789;" + self.operations

    @property
    def levels(self) -> range:
        """Number of operations."""
        return range(1, self.max_operations + 1)

    def capacity(self, level: int) -> int:
        """Exact: multisets of `level` + 1 signed terms with one to put first, which is not subtracted."""
        self.check_level(level)
        kinds: int = 10**self.max_digits - 1
        if len(self.operations) == 2:
            return comb(2 * kinds + level, level + 1) - comb(kinds + level, level + 1)
        return comb(kinds + level, level + 1) if self.operations == "+" else kinds * comb(kinds + level - 1, level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw operands and operations uniformly."""
        self.check_level(level)
        top = 10**self.max_digits
        terms = [rng.randrange(1, top), *(_signed(rng, self.operations, top) for _ in range(level))]
        values = list(accumulate(terms))
        return Solved(_task(terms), str(values[-1]), ";".join(map(str, values[1:])))

    def parse(self, prompt: str) -> Task:
        """Read `7+5-3`; operands above 0, no spaces."""
        return _task(self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the sum of the terms."""
        try:
            return check_integer(answer, sum(self._read(task.prompt)))
        except MalformedTask:
            return NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One place off by one, or one term left out or added instead of subtracted."""
        value = int(solved.answer)
        term = rng.choice(self._read(solved.task.prompt))
        wrong = rng.choice([slip(value, rng, signed="-" in self.operations), value - term, value - 2 * term])
        return str(wrong) if wrong >= 0 or "-" in self.operations else str(value + 1)

    def _read(self, prompt: str) -> list[int]:
        if len(prompt) > (self.max_digits + 1) * (self.max_operations + 1) or not _PROMPT.fullmatch(prompt):
            raise MalformedTask("not positive integers joined by + and -")
        terms = _TERM.findall(prompt)
        if len(terms) > self.max_operations + 1:
            raise MalformedTask(f"more than {self.max_operations} operations")
        if max(len(term.lstrip("+-")) for term in terms) > self.max_digits:
            raise MalformedTask(f"an operand has more than {self.max_digits} digits")
        if not all(term[0] in self.operations for term in terms[1:]):
            raise MalformedTask(f"an operation is not one of {self.operations}")
        return list(map(int, terms))


def _signed(rng: Random, operations: str, top: int) -> int:
    return rng.randrange(1, top) * (1 if rng.choice(operations) == "+" else -1)


def _task(terms: list[int]) -> Task:
    prompt = f"{terms[0]}" + "".join(f"{term:+d}" for term in terms[1:])
    return Task(Chain.name, prompt, len(terms) - 1, canonical="".join(f"{term:+d}" for term in sorted(terms)))
