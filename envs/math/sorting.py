"""Sorting: the sorted list, or a shortest way there by exchanges.

Two tasks of `Sorting`, at levels 3 and 4:

    57,3,12         answer 3,12,57
    9,81,40,7       answer 7,9,40,81

Two tasks of `Swaps`, at levels 3 and 4 (letters, then how many exchanges are allowed; an answer names them in order):

    qdb:1           answer qb
    tmca:2          answer ta,mc, or cm,at, ...

Cost: sorting n numbers takes about n*log2(n) comparisons and so does checking, for the sorted list is one; to a solver
that writes left to right each number is a search for the next smallest. Exchanges have a search in them: n letters
have n(n-1)/2 exchanges a step, and only those that split a cycle lead on; checking makes the exchanges named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb, factorial, perm
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict

_NUMBERS = re.compile(r"(?:0|[1-9][0-9]?)(?:,(?:0|[1-9][0-9]?))*")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROW = re.compile(r"([a-z]{2,12}):([1-9][0-9]?)")
_EXCHANGES = re.compile(r"[a-z]{2}(?:,[a-z]{2})*")
_MOST_ENTRIES = 12

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG_ORDER = Verdict(Outcome.INCORRECT, "not the numbers in ascending order", tier="exact")
_UNSORTED = Verdict(Outcome.INCORRECT, "the letters are not in order afterwards", tier="exact")
_TOO_MANY = Verdict(Outcome.INCORRECT, "more exchanges than allowed", tier="exact")
_FOREIGN = Verdict(Outcome.INCORRECT, "a letter that is not in the row, or exchanged with itself", tier="exact")
_NO_LIST = Verdict(Outcome.MALFORMED, "not numbers below 100 joined by commas")
_NO_EXCHANGES = Verdict(Outcome.MALFORMED, "not pairs of letters joined by commas")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class Sorting(Env):
    """Write different numbers from 0 to 99 in ascending order.

    A task's level is how many numbers there are. Lists that are in order already are refused: the answer would be
    the prompt.

    Attributes:
        max_numbers: Most numbers.
    """

    max_numbers: int = 6

    name: ClassVar[str] = "math/sorting"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789,"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: about n*log2(n) comparisons; checking: the same, and one compare"

    def __post_init__(self) -> None:
        if not 2 <= self.max_numbers <= _MOST_ENTRIES:
            raise ValueError(f"max_numbers={self.max_numbers}: use 2 to {_MOST_ENTRIES}")

    @property
    def levels(self) -> range:
        """How many numbers there are."""
        return range(2, self.max_numbers + 1)

    def capacity(self, level: int) -> int:
        """Exact: the rows of different numbers, less those in order."""
        self.check_level(level)
        return perm(100, level) - comb(100, level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw different numbers; a row that happens to be in order is turned round."""
        self.check_level(level)
        numbers = rng.sample(range(100), level)
        ordered = sorted(numbers)
        if numbers == ordered:
            numbers.reverse()
        return Solved(self._task(",".join(map(str, numbers)), level), ",".join(map(str, ordered)))

    def parse(self, prompt: str) -> Task:
        """Read `57,3,12`."""
        return self._task(prompt, len(self._read(prompt)))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Sort the prompt and compare."""
        try:
            numbers = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if answer == ",".join(map(str, sorted(numbers))):
            return _RIGHT
        within = len(answer) <= 3 * _MOST_ENTRIES
        return _WRONG_ORDER if within and _NUMBERS.fullmatch(answer) else _NO_LIST

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: it has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Two neighbours exchanged, or one number left out."""
        numbers = solved.answer.split(",")
        place = rng.randrange(len(numbers) - 1)
        numbers[place : place + 2] = numbers[place : place + 2][:: -1 if rng.random() < 0.5 else 2]
        return ",".join(numbers)

    def _read(self, prompt: str) -> list[int]:
        if len(prompt) >= 3 * self.max_numbers or not _NUMBERS.fullmatch(prompt):
            raise MalformedTask(f"not at most {self.max_numbers} numbers below 100 joined by commas")
        numbers = [int(number) for number in prompt.split(",")]
        if not 2 <= len(numbers) <= self.max_numbers or len(set(numbers)) < len(numbers):
            raise MalformedTask(f"not two to {self.max_numbers} different numbers")
        if numbers == sorted(numbers):
            raise MalformedTask("the numbers are in order already")
        return numbers

    def _task(self, prompt: str, n_numbers: int) -> Task:
        return Task(self.name, prompt, n_numbers, canonical=prompt)


@dataclass(frozen=True)
class Swaps(Env):
    """Bring a row of different letters into alphabetical order by at most so many exchanges of two.

    A task's level is how many letters there are. Sampled tasks allow as few exchanges as can do.

    Attributes:
        max_letters: Most letters.
    """

    max_letters: int = 6

    name: ClassVar[str] = "math/swaps"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = f"{_LETTERS}0123456789,:"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among (n(n-1)/2)^k sequences of k exchanges; checking: k exchanges"

    def __post_init__(self) -> None:
        if not 3 <= self.max_letters <= _MOST_ENTRIES:
            raise ValueError(f"max_letters={self.max_letters}: use 3 to {_MOST_ENTRIES}")

    @property
    def levels(self) -> range:
        """How many letters there are."""
        return range(3, self.max_letters + 1)

    def capacity(self, level: int) -> int:
        """Exact: the rows of different letters, less those in order."""
        self.check_level(level)
        return comb(26, level) * (factorial(level) - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw different letters; a row that happens to be in order is turned round."""
        self.check_level(level)
        row = rng.sample(_LETTERS, level)
        if row == sorted(row):
            row.reverse()
        exchanges = _exchanges(row)
        return Solved(self._task("".join(row), len(exchanges)), ",".join(exchanges))

    def parse(self, prompt: str) -> Task:
        """Read `qdb:1`; refused where the letters are in order, or so few exchanges cannot do."""
        return self._task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Make the exchanges one after another."""
        try:
            letters, most = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if len(answer) > 3 * 99 or not _EXCHANGES.fullmatch(answer):
            return _NO_EXCHANGES
        exchanges, row = answer.split(","), list(letters)
        if len(exchanges) > most:
            return _TOO_MANY
        for exchange in exchanges:
            one, other = exchange[0], exchange[1]
            if one == other or one not in row or other not in row:
                return _FOREIGN
            i, j = row.index(one), row.index(other)
            row[i], row[j] = other, one
        return _RIGHT if row == sorted(row) else _UNSORTED

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The letters of some exchanges named the other way round."""
        return ",".join(pair[::-1] if rng.random() < 0.5 else pair for pair in solved.answer.split(","))

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One exchange left out, or made twice in a row."""
        exchanges = solved.answer.split(",")
        place = rng.randrange(len(exchanges))
        # A shortest way has no exchange to spare, and one made twice undoes itself.
        exchanges[place : place + 1] = [exchanges[place]] * (2 if len(exchanges) == 1 or rng.random() < 0.5 else 0)
        return ",".join(exchanges)

    def _read(self, prompt: str) -> tuple[str, int]:
        match = _ROW.fullmatch(prompt) if len(prompt) <= self.max_letters + 3 else None
        if match is None or len(match[1]) > self.max_letters or len(set(match[1])) < len(match[1]):
            raise MalformedTask(f"not two to {self.max_letters} different letters, : and a number")
        least = len(_exchanges(list(match[1])))
        if least == 0:
            raise MalformedTask("the letters are in order already")
        if int(match[2]) < least:
            raise MalformedTask("so few exchanges cannot do")
        return match[1], int(match[2])

    def _task(self, letters: str, most: int) -> Task:
        return Task(self.name, f"{letters}:{most}", len(letters), canonical=f"{letters}:{most}")


def _exchanges(letters: list[str]) -> list[str]:
    """A shortest way to order: each exchange puts one letter in its place, so it takes n less the cycles."""
    row, found = list(letters), []
    for place, letter in enumerate(sorted(letters)):
        if row[place] != letter:
            found.append(row[place] + letter)
            other = row.index(letter)
            row[place], row[other] = letter, row[place]
    return found
