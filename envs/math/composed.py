"""Small calculations composed by name, as hard as an entropy budget allows.

Two tasks, of 7 and of 14 bits, with all operations:

    a=5*9;ag4                   answer 1, by 45
    a=11-2;b=13+40;c=b%7;a*c    answer 36, by 9, 53, 4

The budget is spent as in the Mathematics Dataset (Saxton et al. 2019, 1904.01557): a number drawn from 2**e equally
likely ones costs e bits, the bits of a task are split at random among its numbers, and the result of one calculation
is an operand of a later one, exactly once. So tasks of one level differ in shape, a long chain of small numbers or a
short one of large numbers, and agree in how many questions of that shape there are: 2**bits. Which operations and
which shape come on top and are not counted.

Cost: every step in order, for a solver and for the checker, which takes under a microsecond each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from random import Random
from string import ascii_lowercase
from typing import ClassVar, NamedTuple

from envs.core import Env, MalformedTask, Solved, Task, Verdict
from envs.numerals import NO_TASK, POSITIVE, check_integer, slip

_NAMES = ascii_lowercase.replace("g", "")  # g is an operation
_OPERAND = rf"(?:{POSITIVE}|[{_NAMES}])"
_STEP = re.compile(rf"({_OPERAND})([-+*/%g])({_OPERAND})")
_COMMUTE = "+*g"
_NEED_A_NUMBER = "/%"
"""These take a number of the prompt on the right: the result of a step may be 0."""


class _Step(NamedTuple):
    left: str
    operation: str
    right: str


@dataclass(frozen=True)
class Composed(Env):
    """Calculate the last of a list of steps, each fed by earlier ones.

    A task's level is the entropy of its numbers in units of `bits_per_level`, rounded up. A number n of a prompt counts
    the bits after its first: floor(log2(n)).

    Attributes:
        operations: The operations that occur, each equally often where it is allowed: any of `+`, `-`, `*`, `/`
            (rounded down), `%` and `g` (greatest common divisor, not negative), not only `/` and `%`.
        max_bits: Largest entropy of a sampled task.
        bits_per_level: Entropy that a level adds.
        max_steps: Most steps.
        max_number_bits: Largest entropy of a single number.
    """

    operations: str = "+-"
    max_bits: int = 24
    bits_per_level: int = 3
    max_steps: int = 7
    max_number_bits: int = 5

    name: ClassVar[str] = "math/composed"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: n operations, as a tree; checking: the same n, by machine"

    def __post_init__(self) -> None:
        distinct = set(self.operations)
        if not distinct <= set("+-*/%g") or len(distinct) < len(self.operations) or not distinct & set("+-*g"):
            raise ValueError(
                f"operations={self.operations!r}: use '+', '-', '*', '/', '%' and 'g', each once, not only '/' and '%'"
            )
        if not 1 <= self.max_steps < len(_NAMES):
            raise ValueError(f"max_steps={self.max_steps}: use 1 to {len(_NAMES) - 1}")
        if not 1 <= self.max_number_bits <= 32:
            raise ValueError(f"max_number_bits={self.max_number_bits}: use 1 to 32")
        if self.bits_per_level < 2:
            raise ValueError(f"bits_per_level={self.bits_per_level}: use 2 or more, a bit for each of two numbers")
        most = (self.max_steps + 1) * self.max_number_bits
        if not self.bits_per_level <= self.max_bits <= most:
            raise ValueError(
                f"max_bits={self.max_bits}: use bits_per_level, {self.bits_per_level}, to {most}, which "
                f"{self.max_steps + 1} numbers of {self.max_number_bits} bits can hold"
            )

    @property
    def alphabet(self) -> str:
        """Digits, names of steps, `=`, `;` and the operations."""
        return "0123456789-=;" + "".join(sorted(set(self.operations) - {"-"})) + _NAMES[: self.max_steps]

    @property
    def levels(self) -> range:
        """Entropy budget, in units of `bits_per_level`."""
        return range(1, self.max_bits // self.bits_per_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: the tasks whose every step takes the one before it and a number on its right.

        Two of them are alike only where the two numbers of the first step are exchanged.
        """
        self.check_level(level)
        bits, n_operations = level * self.bits_per_level, len(self.operations)
        n_tasks = sum(_n_splits(bits, n, self.max_number_bits) * n_operations ** (n - 1) for n in self._n_numbers(bits))
        return int(n_tasks * 2 ** (bits - 1))

    def sample(self, rng: Random, level: int) -> Solved:
        """Split the budget among numbers, then join two operands at a time until one is left."""
        self.check_level(level)
        operands = [str(rng.randrange(1 << bits, 2 << bits)) for bits in self._split(rng, level * self.bits_per_level)]
        safe = [operation for operation in self.operations if operation not in _NEED_A_NUMBER]
        steps: list[_Step] = []
        while len(operands) > 1:
            left = operands.pop(rng.randrange(len(operands)))
            right = operands.pop(rng.randrange(len(operands)))
            operation = rng.choice(self.operations if right.isdecimal() else safe)
            operands.append(_NAMES[len(steps)])
            steps.append(_Step(left, operation, right))
        prompt = ";".join(
            [f"{name}={''.join(step)}" for name, step in zip(_NAMES, steps[:-1], strict=False)] + ["".join(steps[-1])]
        )
        values = _values(steps)
        work = ";".join(map(str, values)) if len(values) > 1 else ""
        return Solved(Task(self.name, prompt, level, _canonical(steps)), str(values[-1]), work)

    def parse(self, prompt: str) -> Task:
        """Read `a=5*9;ag6`."""
        steps = self._read(prompt)
        bits = sum(int(x).bit_length() - 1 for step in steps for x in (step.left, step.right) if x.isdecimal())
        return Task(self.name, prompt, max(1, -(-bits // self.bits_per_level)), _canonical(steps))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Take every step."""
        try:
            return check_integer(answer, _values(self._read(task.prompt))[-1])
        except MalformedTask:
            return NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The result of the step before, where that differs, or a slip in one digit."""
        *before, last = map(str, _values(self._read(solved.task.prompt)))
        if before and before[-1] != last and rng.random() < 0.5:
            return before[-1]
        return str(slip(int(last), rng))

    def _n_numbers(self, bits: int) -> range:
        """How many numbers a task of so many bits may have."""
        least = max(2, -(-bits // self.max_number_bits))
        return range(least, max(least, min(self.max_steps + 1, bits)) + 1)

    def _split(self, rng: Random, bits: int) -> list[int]:
        """Parts that sum to `bits`, each from 1 to `max_number_bits`."""
        n_parts = rng.choice(self._n_numbers(bits))
        parts: list[int] = []
        for n_left in range(n_parts - 1, -1, -1):
            low = max(1, bits - n_left * self.max_number_bits)
            parts.append(rng.randint(low, min(self.max_number_bits, bits - n_left)))
            bits -= parts[-1]
        rng.shuffle(parts)
        return parts

    def _read(self, prompt: str) -> list[_Step]:
        longest = (self.max_steps + 1) * (len(str(2 << self.max_number_bits)) + 4)
        if len(prompt) > longest:
            raise MalformedTask(f"longer than {longest} characters")
        *named, last = prompt.split(";")
        if len(named) >= self.max_steps:
            raise MalformedTask(f"more than {self.max_steps} steps")
        texts = [*[text[2:] for text in named], last]
        if any(text[:2] != f"{name}=" for name, text in zip(_NAMES, named, strict=False)):
            raise MalformedTask("steps are not named a, b, c in order")
        steps, free = [], set[str]()
        for name, text in zip(_NAMES, texts, strict=False):
            step = self._step(text)
            for operand in (step.left, step.right):
                if not operand.isdecimal():
                    if operand not in free:
                        raise MalformedTask(f"{operand} is no step before it, or is used twice")
                    free.remove(operand)
            free.add(name)
            steps.append(step)
        if len(free) > 1:
            raise MalformedTask(f"step {min(free)} is not used")
        return steps

    def _step(self, text: str) -> _Step:
        match = _STEP.fullmatch(text)
        if match is None or match[2] not in self.operations:
            raise MalformedTask("not of the form a=5*9;ag6")
        step = _Step(*match.groups())
        if step.operation in _NEED_A_NUMBER and not step.right.isdecimal():
            raise MalformedTask(f"{step.operation} needs a number on its right")
        for operand in (step.left, step.right):
            if operand.isdecimal() and int(operand) >= 2 << self.max_number_bits:
                raise MalformedTask(f"{operand} has more than {self.max_number_bits} bits after its first")
        return step


@lru_cache(maxsize=4096)
def _n_splits(total: int, n_parts: int, most: int) -> int:
    """Ordered ways to write `total` as so many parts from 1 to `most`."""
    if n_parts == 0:
        return int(total == 0)
    return sum(_n_splits(total - part, n_parts - 1, most) for part in range(1, min(most, total) + 1))


def _values(steps: list[_Step]) -> list[int]:
    """The value of every step."""
    values: list[int] = []
    for step in steps:
        left, right = (int(x) if x.isdecimal() else values[_NAMES.index(x)] for x in (step.left, step.right))
        values.append(_applied(left, step.operation, right))
    return values


def _applied(left: int, operation: str, right: int) -> int:
    match operation:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right
        case "%":
            return left % right
        case _:
            return gcd(left, right)


def _canonical(steps: list[_Step]) -> str:
    """One expression without names, the operands of what commutes in order: shared by all orders of the steps."""
    texts: dict[str, str] = {}
    for name, step in zip(_NAMES, steps, strict=False):
        operands = [texts.get(step.left, step.left), texts.get(step.right, step.right)]
        if step.operation in _COMMUTE:
            operands.sort()
        texts[name] = f"({operands[0]}{step.operation}{operands[1]})"
    return texts[_NAMES[len(steps) - 1]]
