"""One operation modulo a prime: all pairs of residues, the setting in which grokking was first described.

Power et al. 2022, "Grokking: generalization beyond overfitting on small algorithmic datasets", train on a fraction
of such a table and hold out the rest. Two tasks modulo 97, at level 3:

    50+61%97    answer 14
    5/2%97      answer 51, as 51*2 = 97+5
    3o4%97      answer 37, where a o b = a*a+a*b+b*b

Cost: `+`, `-`, `*` and `o` are looked up or computed in a step or three, and so checked; for `/` a solver needs an
inverse (a search of p products, or Euclid's algorithm), while one product checks it. For a table with one modulus
write `moduli: [97]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Solved, Task, Verdict
from envs.counting import n_pairs
from envs.numerals import NATURAL, NO_TASK, POSITIVE, check_integer

_PROMPT = re.compile(rf"({NATURAL})([-+*/o])({NATURAL})%({POSITIVE})")
_LARGEST_MODULUS = 9_999
_COMMUTE = "+*o"


@dataclass(frozen=True)
class Modular(Env):
    """One operation on two residues modulo a prime; the answer is the residue from 0 to p-1.

    A task's level is the place of its modulus among `moduli`.

    Attributes:
        operations: The operations that occur, each equally often: any of `+`, `-`, `*`, `/` and `o`, which stands
            for the polynomial a*a+a*b+b*b.
        moduli: Primes in ascending order, one a level.
    """

    operations: str = "+-*/"
    moduli: tuple[int, ...] = (11, 31, 97)

    name: ClassVar[str] = "math/modular"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: 1 to 3 operations, for / an inverse (up to p products); checking: the operations"
    )

    def __post_init__(self) -> None:
        distinct = set(self.operations)
        if not distinct or not distinct <= set("+-*/o") or len(distinct) < len(self.operations):
            raise ValueError(
                f"operations={self.operations!r}: use one or more of '+', '-', '*', '/' and 'o', each once"
            )
        if not self.moduli or list(self.moduli) != sorted(set(self.moduli)):
            raise ValueError(f"moduli={self.moduli}: use one prime or more, ascending")
        for modulus in self.moduli:
            if not 2 <= modulus <= _LARGEST_MODULUS or any(modulus % k == 0 for k in range(2, int(modulus**0.5) + 1)):
                raise ValueError(f"moduli={self.moduli}: {modulus} is not a prime of at most {_LARGEST_MODULUS}")

    @property
    def alphabet(self) -> str:
        """Digits, `%` and the operations."""
        return "0123456789%" + self.operations

    @property
    def levels(self) -> range:
        """1 for the smallest modulus, 2 for the next."""
        return range(1, len(self.moduli) + 1)

    def capacity(self, level: int) -> int:
        """Exact: pairs of residues, ordered for `-` and `/`; what `/` divides by is not 0."""
        self.check_level(level)
        p = self.moduli[level - 1]
        counts = {"-": p * p, "/": p * (p - 1)}
        return sum(counts.get(operation, n_pairs(p)) for operation in self.operations)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw both residues uniformly."""
        self.check_level(level)
        modulus, operation = self.moduli[level - 1], rng.choice(self.operations)
        left, right = rng.randrange(modulus), rng.randrange(operation == "/", modulus)
        return Solved(self._task(left, operation, right, modulus), str(_value(left, operation, right, modulus)))

    def parse(self, prompt: str) -> Task:
        """Read `50+61%97`: residues below a modulus that is one of `moduli`."""
        return self._task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the residue of the prompt."""
        try:
            return check_integer(answer, _value(*self._read(task.prompt)))
        except MalformedTask:
            return NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: below the modulus there is one."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Another residue, or the right one and a modulus."""
        modulus = self._read(solved.task.prompt)[3]
        value = int(solved.answer)
        return str(rng.choice([value + modulus, (value + rng.randrange(1, modulus)) % modulus]))

    def _read(self, prompt: str) -> tuple[int, str, int, int]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= 14 else None
        if match is None:
            raise MalformedTask("not of the form a+b%p")
        left, operation, right, modulus = int(match[1]), match[2], int(match[3]), int(match[4])
        if modulus not in self.moduli:
            raise MalformedTask(f"modulus {modulus} is not one of {', '.join(map(str, self.moduli))}")
        if operation not in self.operations:
            raise MalformedTask(f"operation {operation} is not one of {self.operations}")
        if max(left, right) >= modulus:
            raise MalformedTask("not residues below the modulus")
        if operation == "/" and right == 0:
            raise MalformedTask("division by 0")
        return left, operation, right, modulus

    def _task(self, left: int, operation: str, right: int, modulus: int) -> Task:
        first, second = sorted((left, right)) if operation in _COMMUTE else (left, right)
        level = self.moduli.index(modulus) + 1
        return Task(self.name, f"{left}{operation}{right}%{modulus}", level, f"{first}{operation}{second}%{modulus}")


def _value(left: int, operation: str, right: int, modulus: int) -> int:
    match operation:
        case "+":
            return (left + right) % modulus
        case "-":
            return (left - right) % modulus
        case "*":
            return left * right % modulus
        case "/":
            return left * pow(right, -1, modulus) % modulus
        case _:
            return (left * left + left * right + right * right) % modulus
