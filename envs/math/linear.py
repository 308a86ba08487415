"""Linear equations in one unknown with integer coefficients.

Two tasks at level 1:

    3x+5=20     answer 5, by 3x=15
    -2x-7=4     answer -11/2, by -2x=11

Cost: solving takes a subtraction and a division whose result must come out right; checking substitutes the
answer into the left side. The family has a global constraint where `solutions="integer"`: most equations one
writes down at random have no integer solution, so `solution` texts (`3x+5@5`: this left side, at x = 5) are
the easier thing to propose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import ClassVar, Literal

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.counting import totient
from envs.numerals import NO_TASK, RIGHT, draw_magnitude

_SIDE = r"(-?[0-9]*)x([-+][0-9]+)?"
_PROMPT = re.compile(_SIDE + r"=(-?[0-9]+)")
_SOLUTION = re.compile(_SIDE + r"@(-?[0-9]+)(?:/([0-9]+))?")
_RATIONAL = re.compile(r"(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?")
_MOST_DIGITS = 20
_TOP_DENOMINATOR = 99  # of a sampled solution; finding the divisors of a takes time
_LONGEST_ANSWER = 100  # more than any fraction in lowest terms needs; room for multiples of it

_WRONG = Verdict(Outcome.INCORRECT, "does not solve the equation", tier="exact")
_NO_RATIONAL = Verdict(Outcome.MALFORMED, "not an integer or a fraction such as -7/2")


@dataclass(frozen=True)
class Linear(Env, SolutionFirst):
    """Solve ax+b=c for x.

    A task's level is the largest number of digits among a, b and the whole part of x. Level 1 has about 34,000
    tasks with rational and 6,498 with integer solutions; each further level has over a thousand times more.

    Attributes:
        max_digits: Most digits of a, b and the whole part of x.
        solutions: Whether x may be a fraction, or must be an integer for the task to count as well-posed.
    """

    max_digits: int = 2
    solutions: Literal["integer", "rational"] = "rational"

    name: ClassVar[str] = "math/linear"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: a subtraction and a division that must come out right; checking: a*x+b, 3 operations"
    )
    alphabet: ClassVar[str] = "0123456789x+-=/@"

    def __post_init__(self) -> None:
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")
        if self.solutions not in ("integer", "rational"):
            raise ValueError(f"solutions={self.solutions!r}: use 'integer' or 'rational'")

    @property
    def levels(self) -> range:
        """Digits of the largest of a, b and the whole part of x."""
        return range(1, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: the equations with at most `level` digits, less those with fewer."""
        self.check_level(level)
        return self._n_equations(10**level) - (self._n_equations(10 ** (level - 1)) if level > 1 else 0)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a, x and b, and compute c; one of the three has exactly `level` digits."""
        self.check_level(level)
        digits = [rng.randint(1, level) for _ in range(3)]
        digits[rng.randrange(3)] = level
        a = max(1, draw_magnitude(rng, digits[0])) * rng.choice((-1, 1))
        b = draw_magnitude(rng, digits[1]) * rng.choice((-1, 1))
        # A denominator that divides a keeps c an integer.
        denominators = [q for q in range(1, min(abs(a), _TOP_DENOMINATOR) + 1) if a % q == 0]
        q = rng.choice(denominators) if self.solutions == "rational" else 1
        x = Fraction(draw_magnitude(rng, digits[2]) * q + rng.randrange(q), q) * rng.choice((-1, 1))
        return self._solved(a, b, x)

    def parse(self, prompt: str) -> Task:
        """Read `3x+5=20`: coefficient 1 is not written, nor is a zero constant; no spaces."""
        a, b, x = self._read(prompt)
        return self._solved(a, b, x).task

    def verify(self, task: Task, answer: str) -> Verdict:
        """Substitute the answer; an integer or any fraction of the right value counts."""
        try:
            _, _, x = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        match = _RATIONAL.fullmatch(answer) if len(answer) <= _LONGEST_ANSWER else None
        if match is None:
            return _NO_RATIONAL
        numerator, denominator = int(match[1]), int(match[2] or 1)
        return RIGHT if numerator * x.denominator == x.numerator * denominator else _WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The answer as a fraction that is not in lowest terms."""
        x, factor = Fraction(solved.answer), rng.randint(2, 9)
        return f"{x.numerator * factor}/{x.denominator * factor}"

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer off by one, or with its sign changed."""
        x = Fraction(solved.answer)
        return str(rng.choice([x - 1, x + 1, *([-x] if x else [])]))

    def solution(self, solved: Solved) -> str:
        """`3x+5@5`: the left side, and the x that solves the equation."""
        a, b, x = self._read(solved.task.prompt)
        return f"{_side(a, b)}@{x}"

    def pose(self, solution: str) -> Solved:
        """Compute c from `3x+5@5`; refused where c is no integer."""
        if len(solution) > _LONGEST_ANSWER:
            raise MalformedTask("too long for a solution")
        match = _SOLUTION.fullmatch(solution)
        if match is None or not int(match[4] or 1):
            raise MalformedTask("not of the form ax+b@x")
        a, b = _coefficients(match)
        x = Fraction(int(match[3]), int(match[4] or 1))
        self._check(a, b, x)
        return self._solved(a, b, x)

    def relabel(self, task: Task, answer: str) -> Solved:
        """The same left side with the value that the answer gives it: 6 for `3x+5=20` solves `3x+5=23`."""
        a, b, _ = self._read(task.prompt)
        return self.pose(f"{_side(a, b)}@{answer}")

    def _n_equations(self, limit: int) -> int:
        """Equations with |a|, |b| and |x| below a limit."""
        n_constants = 2 * limit - 1
        if self.solutions == "integer":
            return 2 * (limit - 1) * n_constants * (2 * limit - 1)
        # By the denominator q of x: the a that it divides, times the x in lowest terms (0 among those with q = 1).
        n_pairs = sum(
            (limit - 1) // q * (2 * limit * totient(q) - (q == 1))
            for q in range(1, min(limit - 1, _TOP_DENOMINATOR) + 1)
        )
        return 2 * n_constants * n_pairs

    def _read(self, prompt: str) -> tuple[int, int, Fraction]:
        """The coefficients a, b and the solution of a prompt."""
        if len(prompt) > 4 * self.max_digits + 8:  # c has at most twice the digits of a, and one more
            raise MalformedTask(f"too long for numbers of {self.max_digits} digits")
        match = _PROMPT.fullmatch(prompt)
        if match is None:
            raise MalformedTask("not of the form ax+b=c")
        (a, b), c = _coefficients(match), int(match[3])
        x = Fraction(c - b, a)
        self._check(a, b, x)
        if prompt != f"{_side(a, b)}={c}":
            raise MalformedTask(f"write it as {_side(a, b)}={c}")
        return a, b, x

    def _check(self, a: int, b: int, x: Fraction) -> None:
        limit: int = 10**self.max_digits
        if abs(a) >= limit or abs(b) >= limit or abs(x) >= limit:
            raise MalformedTask(f"a, b or x has more than {self.max_digits} digits")
        if a % x.denominator:
            raise MalformedTask("the right side would not be an integer")
        if self.solutions == "integer" and x.denominator > 1:
            raise MalformedTask("no integer solves it")

    def _solved(self, a: int, b: int, x: Fraction) -> Solved:
        prompt = f"{_side(a, b)}={int(a * x + b)}"
        level = len(str(max(abs(a), abs(b), int(abs(x)))))
        work = f"{_side(a, 0)}={int(a * x)}" if b else ""
        return Solved(Task(self.name, prompt, level, canonical=prompt), str(x), work)


def _coefficients(match: re.Match[str]) -> tuple[int, int]:
    """The numbers a and b of a left side.

    Raises:
        MalformedTask: a is 0, so that every x solves the equation or none does.
    """
    sign_only = {"": 1, "-": -1}
    a = sign_only[match[1]] if match[1] in sign_only else int(match[1])
    if a == 0:
        raise MalformedTask("with 0x every x solves it, or none")
    return a, int(match[2] or 0)


def _side(a: int, b: int) -> str:
    coefficient = {1: "", -1: "-"}.get(a, str(a))
    return f"{coefficient}x{b:+d}" if b else f"{coefficient}x"
