"""Addition, subtraction and multiplication of whole numbers.

Two tasks at level 3 with `operations="+-"`:

    123+45      answer 168
    7-304       answer -297

Cost: writing the answer takes carries over every digit in order; checking it is one sum in Python, about a
microsecond. Answers have exactly one spelling, so this family says nothing about equivalent answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict

_PROMPT = re.compile(r"(0|[1-9][0-9]*)([-+*])(0|[1-9][0-9]*)")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_MOST_DIGITS = 100  # keeps prompt and product well inside the length every env accepts

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG = Verdict(Outcome.INCORRECT, "another value", tier="exact")
_NO_INTEGER = Verdict(Outcome.MALFORMED, "not an integer in its usual spelling")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class Arithmetic(Env):
    """One operation on two non-negative integers.

    A task's level is the number of digits of its longer operand; the shorter one has any number of digits up
    to that, each equally often.

    Attributes:
        operations: The operations that occur, each equally often: any of `+`, `-`, `*`.
        max_digits: Most digits of an operand, in a sampled task and in one a model wrote.
    """

    operations: str = "+"
    max_digits: int = 3

    name: ClassVar[str] = "math/arithmetic"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        distinct = set(self.operations)
        if not distinct or not distinct <= set("+-*") or len(distinct) < len(self.operations):
            raise ValueError(f"operations={self.operations!r}: use one or more of '+', '-' and '*', each once")
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")

    @property
    def alphabet(self) -> str:
        """Digits and the operations; answers are negative only where `-` is one of them."""
        return "0123456789" + self.operations

    @property
    def levels(self) -> range:
        """Digits of the longer operand."""
        return range(1, self.max_digits + 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a task whose longer operand has `level` digits."""
        if level not in self.levels:
            raise ValueError(f"level={level}: {self.name} has levels 1 to {self.max_digits}")
        left, right = _integer(rng, level), _integer(rng, rng.randint(1, level))
        if rng.random() < 0.5:
            left, right = right, left
        operation = rng.choice(self.operations)
        task = _task(left, operation, right)
        return Solved(task, str(_value(left, operation, right)))

    def parse(self, prompt: str) -> Task:
        """Read `123+45`; operands without leading zeros, no spaces."""
        return _task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the value of the prompt; only the usual spelling of an integer counts."""
        try:
            left, operation, right = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        # Text is compared, not numbers: int() of a long string is slow and refuses 4,300 digits and more.
        if answer == str(_value(left, operation, right)):
            return _RIGHT
        return _WRONG if _INTEGER.fullmatch(answer) else _NO_INTEGER

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer with one digit's place off by one, as after a lost carry."""
        value, place = int(solved.answer), 10 ** rng.randrange(len(solved.answer.lstrip("-")))
        lowered = value - place
        if rng.random() < 0.5 and (lowered >= 0 or "-" in self.operations):
            return str(lowered)
        return str(value + place)

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


def _integer(rng: Random, n_digits: int) -> int:
    """Uniform over the integers of so many digits; 0 counts as one digit."""
    return rng.randint(10 ** (n_digits - 1) if n_digits > 1 else 0, 10**n_digits - 1)


def _value(left: int, operation: str, right: int) -> int:
    if operation == "+":
        return left + right
    return left - right if operation == "-" else left * right


def _task(left: int, operation: str, right: int) -> Task:
    first, second = (left, right) if operation == "-" else sorted((left, right))
    return Task(
        env=Arithmetic.name,
        prompt=f"{left}{operation}{right}",
        level=len(str(max(left, right))),
        canonical=f"{first}{operation}{second}",
    )
