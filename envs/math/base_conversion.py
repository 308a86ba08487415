"""The same number in another base.

Two tasks, at levels 2 and 4:

    13:10>2         answer 1101
    1101:2>16       answer d

Cost: solving takes a division (or a product) a digit, each using the one before; checking reads the answer's digits
once, as many products. Every number has one spelling in a base, so there are no equivalent answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.numerals import NO_TASK, RIGHT, WRONG

_DIGITS = "0123456789abcdef"
_PROMPT = re.compile(r"(0|[1-9a-f][0-9a-f]*):([1-9][0-9]?)>([1-9][0-9]?)")
_NUMBER = re.compile(r"0|[1-9a-f][0-9a-f]*")
_MOST_DIGITS = 100

_NO_NUMBER = Verdict(Outcome.MALFORMED, "not a number of that base without leading zeros")


@dataclass(frozen=True)
class BaseConversion(Env):
    """Convert a non-negative integer from one base to another, up to base 16 (digits `0` to `f`).

    A task's level is the number of digits it shows.

    Attributes:
        bases: Two or more bases; a task converts between any two of them.
        max_digits: Most digits of the number shown.
    """

    bases: tuple[int, ...] = (2, 10, 16)
    max_digits: int = 6

    name: ClassVar[str] = "math/base_conversion"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a division a digit, in order; checking: a product a digit"

    def __post_init__(self) -> None:
        if len(self.bases) < 2 or len(set(self.bases)) < len(self.bases) or not set(self.bases) <= set(range(2, 17)):
            raise ValueError(f"bases={self.bases}: use two or more different ones from 2 to 16")
        if not 2 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 2 to {_MOST_DIGITS}")

    @property
    def alphabet(self) -> str:
        """Decimal digits for the bases' names, the digits of the largest base, `:` and `>`."""
        return _DIGITS[: max(10, *self.bases)] + ":>"

    @property
    def levels(self) -> range:
        """Digits shown; single digits make too few tasks to sample, though `parse` admits them."""
        return range(2, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: numbers of `level` digits in each base, times the bases to convert to."""
        self.check_level(level)
        return int((len(self.bases) - 1) * sum(base**level - base ** (level - 1) for base in self.bases))

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the two bases, then the number's digits."""
        self.check_level(level)
        source, target = rng.sample(self.bases, 2)
        number = rng.randrange(source ** (level - 1), source**level)
        prompt = f"{_write(number, source)}:{source}>{target}"
        return Solved(self._task(prompt, level), _write(number, target))

    def parse(self, prompt: str) -> Task:
        """Read `13:10>2`."""
        self._read(prompt)
        return self._task(prompt, prompt.index(":"))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the number in the base asked for."""
        try:
            number, target = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        if answer == _write(number, target):
            return RIGHT
        spelled = _NUMBER.fullmatch(answer) and max(answer) < _below(target)
        return WRONG if spelled else _NO_NUMBER

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: a base has one spelling for a number."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The number before or after it, or one with a last digit too many."""
        number, target = self._read(solved.task.prompt)
        misses = [number + 1, number * target + rng.randrange(target), *([number - 1] if number else [])]
        return _write(rng.choice([miss for miss in misses if miss != number]), target)

    def _read(self, prompt: str) -> tuple[int, int]:
        """The number and the base to write it in."""
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= self.max_digits + 6 else None
        if match is None or len(match[1]) > self.max_digits:
            raise MalformedTask(f"not of the form 13:10>2 with at most {self.max_digits} digits")
        source, target = int(match[2]), int(match[3])
        if source == target or not {source, target} <= set(self.bases):
            raise MalformedTask(f"not two different bases of {', '.join(map(str, self.bases))}")
        if max(match[1]) >= _below(source):
            raise MalformedTask(f"a digit that base {source} does not have")
        return int(match[1], source), target

    def _task(self, prompt: str, level: int) -> Task:
        return Task(self.name, prompt, level, canonical=prompt)


def _below(base: int) -> str:
    """A character that sorts after every digit of a base and before every other digit."""
    return _DIGITS[base] if base < len(_DIGITS) else "g"


def _write(number: int, base: int) -> str:
    if base == 10:
        return str(number)
    digits = []
    while number:
        number, digit = divmod(number, base)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits)) or "0"
