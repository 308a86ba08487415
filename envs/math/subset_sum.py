"""Choose some of the given numbers so that they add up to a target.

Two tasks, at levels 3 and 4:

    12,57,3=15          answer 12+3
    40,7,31,18=56       answer 7+31+18

Cost: a solver searches the 2**n choices from n numbers; checking adds the chosen ones. The target is never one of
the numbers. A prompt whose target no choice adds up to has no answer and is refused: with targets this small, one
shift of a bit set per number decides. Sampled tasks begin with the choice, and so do `solution` texts
(`12+3,57`: the numbers chosen, then the others).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict

_PROMPT = re.compile(r"([1-9][0-9]*(?:,[1-9][0-9]*)+)=([1-9][0-9]*)")
_ANSWER = re.compile(r"[1-9][0-9]*(?:\+[1-9][0-9]*)*")
_SOLUTION = re.compile(r"([1-9][0-9]*(?:\+[1-9][0-9]*)+)((?:,[1-9][0-9]*)*)")

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG = Verdict(Outcome.INCORRECT, "another sum", tier="exact")
_FOREIGN = Verdict(Outcome.INCORRECT, "a number that is not given, or used twice", tier="exact")
_NO_SUM = Verdict(Outcome.MALFORMED, "not numbers joined by +")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class SubsetSum(Env, SolutionFirst):
    """Find numbers with a given sum among given numbers, each used at most once.

    A task's level is how many numbers are given.

    Attributes:
        max_numbers: Most numbers given.
        max_number: Largest number given.
    """

    max_numbers: int = 8
    max_number: int = 99

    name: ClassVar[str] = "math/subset_sum"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+,="
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among 2^n choices; checking: at most n-1 additions"

    def __post_init__(self) -> None:
        if not 3 <= self.max_numbers <= 30:
            raise ValueError(f"max_numbers={self.max_numbers}: use 3 to 30")
        if not 9 <= self.max_number <= 9999:
            raise ValueError(f"max_number={self.max_number}: use 9 to 9999")

    @property
    def levels(self) -> range:
        """How many numbers are given."""
        return range(3, self.max_numbers + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: n different positive numbers have at least n(n+1)/2 different sums of one or more.

        Of these n(n+1)/2, at most n are numbers given, and one is the sum of all.
        """
        self.check_level(level)
        return comb(self.max_number, level) * (level * (level - 1) // 2 - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw numbers and choose two or more of them, but not all."""
        self.check_level(level)
        numbers = [rng.randint(1, self.max_number) for _ in range(level)]
        n_chosen = rng.randint(2, level - 1)
        chosen = numbers[:n_chosen]
        target = sum(chosen)
        numbers[n_chosen:] = [number - (number == target) for number in numbers[n_chosen:]]
        rng.shuffle(numbers)
        return Solved(self._task(numbers, target), "+".join(map(str, chosen)))

    def parse(self, prompt: str) -> Task:
        """Read `12,57,3=15`; refused where the target is one of the numbers or no sum of them."""
        return self._task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Add the numbers, and see that each is given."""
        try:
            numbers, target = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if len(answer) > len(task.prompt) or not _ANSWER.fullmatch(answer):
            return _NO_SUM
        chosen = [int(number) for number in answer.split("+")]
        for number in chosen:
            if number not in numbers:
                return _FOREIGN
            numbers.remove(number)
        return _RIGHT if sum(chosen) == target else _WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The numbers in another order."""
        chosen = solved.answer.split("+")
        rng.shuffle(chosen)
        return "+".join(chosen)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One number too few, or another one of those given in its place."""
        chosen, others = self._split(solved)
        place = rng.randrange(len(chosen))
        other = [number for number in others if number != chosen[place]]
        chosen[place : place + 1] = [rng.choice(other)] if other and rng.random() < 0.5 else []
        return "+".join(map(str, chosen))

    def solution(self, solved: Solved) -> str:
        """`12+3,57`: the sum, then the numbers left."""
        chosen, others = self._split(solved)
        return ",".join(["+".join(map(str, chosen)), *map(str, others)])

    def pose(self, solution: str) -> Solved:
        """Add the numbers before the first comma; the target is their sum."""
        match = _SOLUTION.fullmatch(solution) if len(solution) <= self._longest() else None
        if match is None:
            raise MalformedTask("not a sum, with other numbers after it")
        target = sum(int(number) for number in match[1].split("+"))
        return Solved(self.parse(f"{match[1].replace('+', ',')}{match[2]}={target}"), match[1])

    def _split(self, solved: Solved) -> tuple[list[int], list[int]]:
        """The numbers an answer chooses and the ones it leaves."""
        others, _ = self._read(solved.task.prompt)
        chosen = [int(number) for number in solved.answer.split("+")]
        for number in chosen:
            others.remove(number)
        return chosen, others

    def _longest(self) -> int:
        n_digits = len(str(self.max_number))
        return self.max_numbers * (n_digits + 1) + n_digits + 2

    def _read(self, prompt: str) -> tuple[list[int], int]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= self._longest() else None
        if match is None:
            raise MalformedTask("not of the form a,b,...=target, or too long")
        numbers, target = [int(number) for number in match[1].split(",")], int(match[2])
        if len(numbers) > self.max_numbers or max(numbers) > self.max_number:
            raise MalformedTask(f"more than {self.max_numbers} numbers, or one above {self.max_number}")
        if target in numbers:
            raise MalformedTask("the target is one of the numbers")
        if target > sum(numbers):
            raise MalformedTask("the target is larger than all numbers together")
        sums = 1
        for number in numbers:
            sums |= sums << number
        if not sums >> target & 1:
            raise MalformedTask("no choice adds up to the target")
        return numbers, target

    def _task(self, numbers: list[int], target: int) -> Task:
        prompt = f"{','.join(map(str, numbers))}={target}"
        return Task(self.name, prompt, len(numbers), canonical=f"{','.join(map(str, sorted(numbers)))}={target}")
