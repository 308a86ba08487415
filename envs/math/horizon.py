"""Chains of small tasks, each fed with the result of the one before; the length is the dial.

Two tasks with all operations, at levels 2 and 4:

    7;+5;*3%100             answer 36
    40;*7;g12;-9;/2%100     answer 47, by 80, 4, 95, 47

Each step is one operation modulo m on the value so far: `+n`, `-n`, `*n` with n prime to m, `/n` (floor division) and
`gn` (greatest common divisor with n). The first three map the numbers below m one to one, so that every step is as
hard as any other: if one comes out right with probability p, a chain of n does with p**n, and what a level adds is
the horizon alone. `/` and `g` forget most of what came before, and long chains of them end in 0 or 1 whatever they
began with (a small model solved 8 such steps twice as often as 1), so the default leaves them out. It leaves `*` out
as well, which a small model does not learn in minutes.

Cost: n steps in order, for a solver and for the checker, which takes under a microsecond each. There is no shortcut
from the answer back, so this family has no asymmetry beyond that; `work` has the value after every step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import gcd
from random import Random
from typing import ClassVar, TypeAlias

from envs.core import Env, MalformedTask, Solved, Task, Verdict
from envs.numerals import NATURAL, NO_TASK, POSITIVE, check_integer

_Step: TypeAlias = tuple[str, int]

_PROMPT = re.compile(rf"({NATURAL})((?:;[-+*/g]{POSITIVE})+)%({POSITIVE})")
_MOST_STEPS = 100
_LARGEST_MODULUS = 9_999


@dataclass(frozen=True)
class Horizon(Env):
    """Apply a list of steps to a number from 0 to m-1, always modulo m.

    A task's level is its number of steps.

    Attributes:
        operations: The operations that occur, each equally often: any of `+`, `-`, `*`, `/` and `g`.
        max_steps: Most steps.
        max_operand: Largest operand of a step; the smallest is 1, for `*`, `/` and `g` 2. Those of `*` are prime to the
            modulus.
        modulus: The m of every task.
    """

    operations: str = "+-"
    max_steps: int = 8
    max_operand: int = 20
    modulus: int = 100

    name: ClassVar[str] = "math/horizon"
    version: ClassVar[int] = 2
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: n operations in order; checking: the same n, by machine"

    def __post_init__(self) -> None:
        distinct = set(self.operations)
        if not distinct or not distinct <= set("+-*/g") or len(distinct) < len(self.operations):
            raise ValueError(
                f"operations={self.operations!r}: use one or more of '+', '-', '*', '/' and 'g', each once"
            )
        if not 1 <= self.max_steps <= _MOST_STEPS:
            raise ValueError(f"max_steps={self.max_steps}: use 1 to {_MOST_STEPS}")
        if not 10 <= self.modulus <= _LARGEST_MODULUS:
            raise ValueError(f"modulus={self.modulus}: use 10 to {_LARGEST_MODULUS}")
        if not 2 <= self.max_operand < self.modulus:
            raise ValueError(f"max_operand={self.max_operand}: use 2 to modulus - 1, which is {self.modulus - 1}")
        if "*" in self.operations and not self._operands("*"):
            raise ValueError(f"max_operand={self.max_operand}: no factor up to it is prime to modulus={self.modulus}")

    @property
    def alphabet(self) -> str:
        """Digits, `;`, `%` and the operations."""
        return "0123456789;%" + self.operations

    @property
    def levels(self) -> range:
        """Number of steps."""
        return range(1, self.max_steps + 1)

    def capacity(self, level: int) -> int:
        """Exact: choices of the first number and of every step."""
        self.check_level(level)
        n_steps = sum(len(self._operands(operation)) for operation in self.operations)
        return self.modulus * int(n_steps**level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the first number and every step uniformly, operations before operands."""
        self.check_level(level)
        start = rng.randrange(self.modulus)
        operations = rng.choices(self.operations, k=level)
        steps = [(operation, rng.choice(self._operands(operation))) for operation in operations]
        values = self._values(start, steps)
        prompt = f"{start}{''.join([f';{operation}{operand}' for operation, operand in steps])}%{self.modulus}"
        return Solved(self._task(prompt, level), str(values[-1]), ";".join(map(str, values[1:])))

    def parse(self, prompt: str) -> Task:
        """Read `7;+5;*3%100`."""
        return self._task(prompt, len(self._read(prompt)[1]))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Take every step."""
        try:
            return check_integer(answer, self._values(*self._read(task.prompt))[-1])
        except MalformedTask:
            return NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: below the modulus there is one."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The result of a chain with a step left out, where that differs, or the answer off by one."""
        start, steps = self._read(solved.task.prompt)
        del steps[rng.randrange(len(steps))]
        shortened = str(self._values(start, steps)[-1])
        if shortened != solved.answer and rng.random() < 0.5:
            return shortened
        return str((int(solved.answer) + rng.choice((-1, 1))) % self.modulus)

    def _operands(self, operation: str) -> range | tuple[int, ...]:
        return _operands(operation, self.max_operand, self.modulus)

    def _values(self, start: int, steps: list[_Step]) -> list[int]:
        """The first number and the value after every step."""

        def after(value: int, step: _Step) -> int:
            return _applied(value, *step) % self.modulus

        return list(accumulate(steps, after, initial=start))

    def _read(self, prompt: str) -> tuple[int, list[_Step]]:
        n_digits = len(str(self.modulus))
        longest = n_digits + self.max_steps * (len(str(self.max_operand)) + 2) + n_digits + 1
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= longest else None
        if match is None:
            raise MalformedTask("not of the form 7;+5;*3%100")
        if int(match[3]) != self.modulus or int(match[1]) >= self.modulus:
            raise MalformedTask(f"not a number below {self.modulus} and steps modulo {self.modulus}")
        steps = [(step[0], int(step[1:])) for step in match[2][1:].split(";")]
        if len(steps) > self.max_steps:
            raise MalformedTask(f"more than {self.max_steps} steps")
        for operation, operand in steps:
            if operation not in self.operations or operand not in self._operands(operation):
                raise MalformedTask(f"{operation}{operand} is not a step")
        return int(match[1]), steps

    def _task(self, prompt: str, level: int) -> Task:
        return Task(self.name, prompt, level, canonical=prompt)


@lru_cache(maxsize=256)
def _operands(operation: str, largest: int, modulus: int) -> range | tuple[int, ...]:
    if operation == "*":
        return tuple(n for n in range(2, largest + 1) if gcd(n, modulus) == 1)
    return range(1 if operation in "+-" else 2, largest + 1)  # /1 and g1 say nothing of the value before


def _applied(value: int, operation: str, operand: int) -> int:
    match operation:
        case "+":
            return value + operand
        case "-":
            return value - operand
        case "*":
            return value * operand
        case "/":
            return value // operand
        case _:
            return gcd(value, operand)
