"""Inverses modulo an integer.

Two tasks at levels 2 and 3:

    7%26        answer 15, as 7*15 = 4*26+1
    3%100       answer 67

Cost: finding the inverse takes the extended Euclidean algorithm, up to 4.8d divisions for d digits, each needing the
one before; checking is one product and one remainder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.counting import totient_sum
from envs.numerals import NO_INTEGER, NO_TASK, POSITIVE, RIGHT, next_coprime

_PROMPT = re.compile(rf"({POSITIVE})%({POSITIVE})")
_RESIDUE = re.compile(POSITIVE)
_MOST_DIGITS = 8  # the count of tasks takes 10 s for ten digits

_WRONG = Verdict(Outcome.INCORRECT, "the product does not leave 1", tier="exact")
_NOT_LEAST = Verdict(Outcome.INCORRECT, "an inverse, but not below the modulus", tier="exact")


@dataclass(frozen=True)
class ModularInverse(Env):
    """The x from 1 to m-1 for which a*x leaves the remainder 1 when divided by m.

    A task's level is the digits of m; a is below m and has no common divisor with it.

    Attributes:
        max_digits: Most digits of the modulus.
    """

    max_digits: int = 4

    name: ClassVar[str] = "math/modular_inverse"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789%-:;"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: up to 4.8d divisions in order; checking: 1 product, 1 remainder"

    def __post_init__(self) -> None:
        if not 2 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 2 to {_MOST_DIGITS}")

    @property
    def levels(self) -> range:
        """Digits of the modulus; moduli of one digit make too few tasks to sample, though `parse` admits them."""
        return range(2, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: phi(m) tasks for every m of `level` digits."""
        self.check_level(level)
        return totient_sum(10**level - 1) - totient_sum(10 ** (level - 1) - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the modulus and a number below it; where they share a divisor, the next number that does not."""
        self.check_level(level)
        modulus = rng.randrange(10 ** (level - 1), 10**level)
        number = next_coprime(rng.randrange(1, modulus), modulus, modulus - 1)
        return Solved(_task(number, modulus), str(pow(number, -1, modulus)), _work(number, modulus))

    def parse(self, prompt: str) -> Task:
        """Read `7%26`; refused where no inverse exists."""
        return _task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Multiply; only the least positive inverse counts."""
        try:
            number, modulus = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        if len(answer) > 2 * self.max_digits or not _RESIDUE.fullmatch(answer):
            return NO_INTEGER
        value = int(answer)
        if value * number % modulus != 1:
            return _WRONG
        return RIGHT if value < modulus else _NOT_LEAST

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: below the modulus there is one."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer off by one, its negative, or a modulus too large."""
        number, modulus = self._read(solved.task.prompt)
        value = int(solved.answer)
        candidates = [value + 1, value - 1, modulus - value, value + modulus]
        return str(rng.choice([x for x in candidates if x > 0 and (x >= modulus or x * number % modulus != 1)]))

    def _read(self, prompt: str) -> tuple[int, int]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= 2 * self.max_digits + 1 else None
        if match is None or len(match[2]) > self.max_digits:
            raise MalformedTask(f"not of the form a%m with positive integers of at most {self.max_digits} digits")
        number, modulus = int(match[1]), int(match[2])
        if number >= modulus:
            raise MalformedTask("the number is not below the modulus")
        if gcd(number, modulus) != 1:
            raise MalformedTask("a common divisor: no inverse exists")
        return number, modulus


def _work(number: int, modulus: int) -> str:
    """Remainders of Euclid's algorithm with their multiple of the number: `26:0;7:1;5:-3;2:4;1:-11`."""
    remainders, multiples = [modulus, number], [0, 1]
    while remainders[-1] > 1:
        quotient = remainders[-2] // remainders[-1]
        remainders.append(remainders[-2] - quotient * remainders[-1])
        multiples.append(multiples[-2] - quotient * multiples[-1])
    return ";".join(f"{r}:{m}" for r, m in zip(remainders, multiples, strict=True))


def _task(number: int, modulus: int) -> Task:
    prompt = f"{number}%{modulus}"
    return Task(ModularInverse.name, prompt, len(str(modulus)), canonical=prompt)
