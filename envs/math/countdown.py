"""Reach a target from given numbers with + - * and /, using each number at most once.

Two tasks at level 3:

    3,8,5=29        answer 3*8+5, or 5+8*3
    2,9,14=16       answer 14+2, or 9+14/2

Cost: n numbers have n! * Catalan(n-1) * 4**(n-1) expressions that use all of them (7,680 for 4), and a solver must
find one that hits the target; checking evaluates one expression. Divisions must come out even, everything else is
allowed on the way. A prompt is well-posed only if its target can be reached through integers from 1 to `max_target`,
which `parse` decides by listing what the numbers reach; the lists are kept, so most prompts cost a look-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, combinations_with_replacement
from math import comb
from random import Random
from typing import ClassVar

from envs import infix
from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict

_PROMPT = re.compile(r"([1-9][0-9]*(?:,[1-9][0-9]*)+)=([1-9][0-9]*)")
_UNUSED = re.compile(r"(?:,[1-9][0-9]{0,2}){0,4}")
_NUMBER = re.compile(r"[0-9]+")

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG = Verdict(Outcome.INCORRECT, "another value", tier="exact")
_UNEVEN = Verdict(Outcome.INCORRECT, "a division by 0 or with a remainder", tier="exact")
_FOREIGN = Verdict(Outcome.INCORRECT, "a number that is not given, or used twice", tier="exact")
_NO_EXPRESSION = Verdict(Outcome.MALFORMED, "not an expression of numbers, + - * / and parentheses")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class Countdown(Env, SolutionFirst):
    """Write an expression of some of the numbers whose value is the target.

    A task's level is how many numbers are given. The target is never one of them.

    Attributes:
        max_numbers: Most numbers given.
        max_number: Largest number given.
        max_target: Largest target, and largest value that a sampled answer passes through.
    """

    max_numbers: int = 4
    max_number: int = 20
    max_target: int = 99

    name: ClassVar[str] = "math/countdown"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+-*/(),="
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among n!*Catalan(n-1)*4^(n-1) expressions; checking: n-1 operations"

    def __post_init__(self) -> None:
        if not 2 <= self.max_numbers <= 5:
            raise ValueError(f"max_numbers={self.max_numbers}: use 2 to 5")
        if not 2 <= self.max_number <= 100:
            raise ValueError(f"max_number={self.max_number}: use 2 to 100")
        if not self.max_numbers * self.max_number <= self.max_target <= 500:
            raise ValueError(f"max_target={self.max_target}: use max_numbers*max_number to 500")

    @property
    def levels(self) -> range:
        """How many numbers are given."""
        return range(2, self.max_numbers + 1)

    def capacity(self, level: int) -> int:
        """Exact for up to four numbers up to 20, or three up to 50.

        Else a lower bound: what those numbers alone give, and with a fifth as much as four of them give beside it.
        """
        self.check_level(level)
        return _n_tasks(level, self.max_number, self.max_target)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw numbers and combine them at random, mostly all of them; what comes out is the target."""
        self.check_level(level)
        numbers = [rng.randint(1, self.max_number) for _ in range(level)]
        n_used = level if rng.random() < 0.75 else rng.randint(2, level)
        target, tree = self._combine(rng, numbers, n_used)
        rng.shuffle(numbers)
        prompt = f"{','.join(map(str, numbers))}={target}"
        return Solved(self._task(prompt, numbers, target), infix.write(tree))

    def parse(self, prompt: str) -> Task:
        """Read `3,8,5=29`; refused where the target is one of the numbers or cannot be reached."""
        return self._task(prompt, *self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Evaluate the expression, and see that each number in it is given."""
        try:
            numbers, target = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        tree = infix.read(answer)
        if tree is None:
            return _NO_EXPRESSION
        for number in infix.leaves(tree):
            if number not in numbers:
                return _FOREIGN
            numbers.remove(number)
        value = infix.value(tree)
        if value is None:
            return _UNEVEN
        return _RIGHT if value == target else _WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The sums and products with their sides exchanged at random."""
        tree = infix.read(solved.answer)
        assert tree is not None, "a right answer is an expression"
        return infix.write(infix.mirrored(tree, rng))

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Another operation in one place, or a number used twice."""
        answer = solved.answer
        places = [place for place, symbol in enumerate(answer) if symbol in "+-*/"]
        altered = [f"{answer[:p]}{rng.choice('+-*/')}{answer[p + 1 :]}" for p in places]
        rng.shuffle(altered)
        candidates = [*altered, f"{answer}+{rng.choice(_NUMBER.findall(solved.task.prompt)[:-1])}"]
        return next(c for c in candidates if self.verify(solved.task, c).outcome is not Outcome.CORRECT)

    def solution(self, solved: Solved) -> str:
        """`3*8+5`: the answer, followed by the numbers it leaves unused, as in `14+2,9`."""
        numbers, _ = self._read(solved.task.prompt)
        for number in _NUMBER.findall(solved.answer):
            numbers.remove(int(number))
        return ",".join([solved.answer, *map(str, numbers)])

    def pose(self, solution: str) -> Solved:
        """Evaluate an expression; the target is its value, the numbers are those in it and those after it."""
        answer, comma, unused = solution.partition(",")
        tree = infix.read(answer)
        if tree is None or not _UNUSED.fullmatch(comma + unused):
            raise MalformedTask("not an expression, with other numbers after it")
        value = infix.value(tree)
        if value is None:
            raise MalformedTask("a division by 0 or with a remainder")
        numbers = [*map(str, infix.leaves(tree)), *(unused.split(",") if comma else [])]
        return Solved(self.parse(f"{','.join(numbers)}={value}"), answer)

    def _read(self, prompt: str) -> tuple[list[int], int]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= 4 * self.max_numbers + 4 else None
        if match is None:
            raise MalformedTask("not of the form a,b,...=target")
        numbers, target = [int(number) for number in match[1].split(",")], int(match[2])
        if len(numbers) > self.max_numbers or max(numbers) > self.max_number or target > self.max_target:
            raise MalformedTask(f"more than {self.max_numbers} numbers up to {self.max_number}, or too large a target")
        if target in numbers:
            raise MalformedTask("the target is one of the numbers")
        if not _reached(tuple(sorted(numbers)), self.max_target) >> target & 1:
            raise MalformedTask("the target cannot be reached")
        return numbers, target

    def _combine(self, rng: Random, numbers: list[int], n_used: int) -> tuple[int, infix.Tree]:
        """A value that is none of the numbers, as an expression of `n_used` of them."""
        parts: list[tuple[int, infix.Tree]] = [(number, number) for number in numbers[:n_used]]
        while len(parts) > 1:
            left, right = (parts.pop(rng.randrange(len(parts))) for _ in range(2))
            choices = [choice for choice in _results(left[0], right[0]) if choice[1] <= self.max_target]
            if not parts:
                choices = [choice for choice in choices if choice[1] not in numbers]
            if not choices:  # only at the last: the sum of all numbers is none of them, and small enough
                return sum(numbers), _sum(numbers)
            operation, value = rng.choice(choices)
            if operation in "-/" and left[0] < right[0]:
                left, right = right, left
            parts.append((value, (operation, left[1], right[1])))
        return parts[0]

    def _task(self, prompt: str, numbers: list[int], target: int) -> Task:
        return Task(self.name, prompt, len(numbers), canonical=f"{','.join(map(str, sorted(numbers)))}={target}")


def _results(a: int, b: int) -> list[tuple[str, int]]:
    """What two positive integers give that is a positive integer."""
    if a < b:
        a, b = b, a
    found = [("+", a + b), ("*", a * b)]
    if a > b:
        found.append(("-", a - b))
    if a % b == 0:
        found.append(("/", a // b))
    return found


def _sum(numbers: list[int]) -> infix.Tree:
    tree: infix.Tree = numbers[0]
    for number in numbers[1:]:
        tree = ("+", tree, number)
    return tree


@lru_cache(maxsize=1 << 16)
def _reached(numbers: tuple[int, ...], limit: int) -> int:
    """The values up to a limit that some of the numbers, in ascending order, reach: a bit each.

    Negative values on the way reach nothing more: signs can be moved outwards.
    """
    found = 0
    for number in numbers:
        found |= 1 << number
    first, rest = numbers[0], numbers[1:]
    for n_with_first in range(len(rest)):
        for chosen in combinations(range(len(rest)), n_with_first):
            left = (first, *(rest[i] for i in chosen))
            right = tuple(rest[i] for i in range(len(rest)) if i not in chosen)
            right_values = _values(right, limit)
            for a in _values(left, limit):
                row = _table(limit)[a]
                for b in right_values:
                    found |= row[b]
    return found


@lru_cache(maxsize=1 << 16)
def _values(numbers: tuple[int, ...], limit: int) -> tuple[int, ...]:
    found = _reached(numbers, limit)
    return tuple(value for value in range(1, limit + 1) if found >> value & 1)


@lru_cache(maxsize=4)
def _table(limit: int) -> list[list[int]]:
    """For each two values, the bits of what they give."""
    sizes = range(1, limit + 1)
    rows = [[sum(1 << v for v in {v for _, v in _results(a, b)} if v <= limit) for b in sizes] for a in sizes]
    return [[], *([0, *row] for row in rows)]


@lru_cache(maxsize=64)
def _n_tasks(level: int, max_number: int, limit: int) -> int:
    largest = min(max_number, 20 if level > 3 else 50)  # more would take seconds
    if level == 5:  # a fifth number, `max_number`, takes at most one target from each four
        return _n_tasks(4, max_number, limit) - comb(largest + 3, 4)
    total = 0
    for numbers in combinations_with_replacement(range(1, largest + 1), level):
        found = _reached(numbers, limit)
        for number in set(numbers):
            found &= ~(1 << number)
        total += found.bit_count()
    return total
