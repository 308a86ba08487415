"""Addition, subtraction and multiplication of whole numbers.

Two tasks at level 3 with `operations="+-"`:

    123+45      answer 168, by 8+60+100
    7-304       answer -297

Cost: writing the answer takes carries over every digit in order; checking it is one sum in Python, about a
microsecond. Answers have exactly one spelling, so this family says nothing about equivalent answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Solved, Task, Verdict
from envs.counting import n_pairs
from envs.numerals import NO_INTEGER, NO_TASK, RIGHT, WRONG, check_integer, draw_magnitude, slip

_PROMPT = re.compile(r"(0|[1-9][0-9]*)([-+*])(0|[1-9][0-9]*)")
_REVERSED = re.compile(r"0|[0-9]*[1-9]-?")
_MOST_DIGITS = 100  # keeps prompt and product well inside the length every env accepts


@dataclass(frozen=True)
class Arithmetic(Env):
    """One operation on two non-negative integers.

    A task's level is the number of digits of its longer operand; the shorter one has any number of digits up
    to that, each equally often.

    Attributes:
        operations: The operations that occur, each equally often: any of `+`, `-`, `*`.
        max_digits: Most digits of an operand, in a sampled task and in one a model wrote.
        reverse: Whether the answer is written from its last digit to its first, a sign at its end: `861` for
            `123+45`. Carries then run the way the text does. Such tasks are a family with a name of their own.
    """

    operations: str = "+"
    max_digits: int = 3
    reverse: bool = False

    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: d digits with carries (d*d products for *); checking: the same, and one compare"
    )

    def __post_init__(self) -> None:
        distinct = set(self.operations)
        if not distinct or not distinct <= set("+-*") or len(distinct) < len(self.operations):
            raise ValueError(f"operations={self.operations!r}: use one or more of '+', '-' and '*', each once")
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")

    @property
    def name(self) -> str:
        """`math/arithmetic`, or `math/arithmetic_reversed`: one prompt must not have two answers."""
        return "math/arithmetic_reversed" if self.reverse else "math/arithmetic"

    @property
    def alphabet(self) -> str:
        """Digits and the operations; answers are negative only where `-` is one of them."""
        return "0123456789" + self.operations

    @property
    def levels(self) -> range:
        """Digits of the longer operand."""
        return range(1, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: pairs of operands, ordered for `-` alone, whose longer one has `level` digits."""
        self.check_level(level)
        numbers, shorter = 10**level, 10 ** (level - 1) if level > 1 else 0
        unordered = n_pairs(numbers) - n_pairs(shorter)
        return sum(numbers**2 - shorter**2 if operation == "-" else unordered for operation in self.operations)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a task whose longer operand has `level` digits."""
        self.check_level(level)
        left, right = draw_magnitude(rng, level), draw_magnitude(rng, rng.randint(1, level))
        if rng.random() < 0.5:
            left, right = right, left
        operation = rng.choice(self.operations)
        work = _columns(left, right) if operation == "+" and not self.reverse else ""
        return Solved(self._task(left, operation, right), self._answer(left, operation, right), work)

    def parse(self, prompt: str) -> Task:
        """Read `123+45`; operands without leading zeros, no spaces."""
        return self._task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the value of the prompt; only the usual spelling of an integer counts."""
        try:
            left, operation, right = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        value = _value(left, operation, right)
        if not self.reverse:
            return check_integer(answer, value)
        if answer == str(value)[::-1]:
            return RIGHT
        return WRONG if _REVERSED.fullmatch(answer) else NO_INTEGER

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer with one digit's place off by one, as after a lost carry."""
        answer = solved.answer[::-1] if self.reverse else solved.answer
        missed = str(slip(int(answer), rng, signed="-" in self.operations))
        return missed[::-1] if self.reverse else missed

    def _answer(self, left: int, operation: str, right: int) -> str:
        text = str(_value(left, operation, right))
        return text[::-1] if self.reverse else text

    def _task(self, left: int, operation: str, right: int) -> Task:
        first, second = (left, right) if operation == "-" else sorted((left, right))
        return Task(
            env=self.name,
            prompt=f"{left}{operation}{right}",
            level=len(str(max(left, right))),
            canonical=f"{first}{operation}{second}",
        )

    def _read(self, prompt: str) -> tuple[int, str, int]:
        if len(prompt) > 2 * self.max_digits + 1:
            raise MalformedTask(f"longer than two operands of {self.max_digits} digits")
        match = _PROMPT.fullmatch(prompt)
        if match is None:
            raise MalformedTask("not of the form a+b with operands free of leading zeros")
        left, operation, right = match.groups()
        if operation not in self.operations:
            raise MalformedTask(f"operation {operation} is not one of {self.operations}")
        if max(len(left), len(right)) > self.max_digits:
            raise MalformedTask(f"an operand has more than {self.max_digits} digits")
        return int(left), operation, int(right)


def _columns(left: int, right: int) -> str:
    """The sums of the columns from the right, `15+110` for 58+67; empty where there is one column only."""
    n_columns = len(str(max(left, right)))
    sums = [(left // 10**place % 10 + right // 10**place % 10) * 10**place for place in range(n_columns)]
    return "+".join(map(str, sums)) if n_columns > 1 else ""


def _value(left: int, operation: str, right: int) -> int:
    if operation == "+":
        return left + right
    return left - right if operation == "-" else left * right
