"""Sums, differences, products and quotients of two fractions, in lowest terms.

Two tasks at level 1, with `operations="+-*:"`:

    3/7+5/8     answer 59/56
    1/2:3/4     answer 2/3

Cost: solving takes three products and a sum of up to 2d digits, then a greatest common divisor (up to 10d steps of
Euclid's algorithm) to cancel; checking takes the same at a machine's speed, so there is no asymmetry beyond that. The
answer must be in lowest terms, and so has one spelling: `118/112` has the right value and is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.counting import n_pairs
from envs.numerals import NO_TASK, POSITIVE, RIGHT, WRONG, draw_positive, lowest, read_fraction, write_fraction

_PROMPT = re.compile(rf"({POSITIVE})/({POSITIVE})([-+*:])({POSITIVE})/({POSITIVE})")
_MOST_DIGITS = 20

_NOT_LOWEST = Verdict(Outcome.INCORRECT, "the right value, not in lowest terms", tier="exact")
_NO_FRACTION = Verdict(Outcome.MALFORMED, "not an integer or a fraction such as -7/2")


@dataclass(frozen=True)
class Fraction(Env):
    """One operation on two positive fractions, which need not be in lowest terms.

    A task's level is the largest number of digits among its four integers. A denominator is at least 2.

    Attributes:
        operations: The operations that occur, each equally often: any of `+`, `-`, `*` and `:` (divided by).
        max_digits: Most digits of a numerator or denominator.
    """

    operations: str = "+-*"
    max_digits: int = 2

    name: ClassVar[str] = "math/fraction"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: 3 products of d digits and a gcd of up to 10d steps; checking: the same"

    def __post_init__(self) -> None:
        distinct = set(self.operations)
        if not distinct or not distinct <= set("+-*:") or len(distinct) < len(self.operations):
            raise ValueError(f"operations={self.operations!r}: use one or more of '+', '-', '*' and ':', each once")
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")

    @property
    def alphabet(self) -> str:
        """Digits, `/`, the operations, and `-`, `+`, `*` and `=` as the work needs them."""
        needed = {"+": "+", "-": "-", "*": "*", ":": ":*"}
        return "".join(sorted({*"0123456789/=", *"".join(needed[operation] for operation in self.operations)}))

    @property
    def levels(self) -> range:
        """Digits of the longest of the four integers."""
        return range(1, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: pairs of fractions, ordered for `-` and `:`, with `level` digits in one of their integers."""
        self.check_level(level)
        fractions, shorter = (_n_fractions(n_digits) for n_digits in (level, level - 1))
        unordered = n_pairs(fractions) - n_pairs(shorter)
        return sum(fractions**2 - shorter**2 if sign in "-:" else unordered for sign in self.operations)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the four integers, one of which has `level` digits."""
        self.check_level(level)
        digits = [rng.randint(1, level) for _ in range(4)]
        digits[rng.randrange(4)] = level
        a, b, c, d = (draw_positive(rng, n_digits) for n_digits in digits)
        b, d = b + (b == 1), d + (d == 1)
        sign = rng.choice(self.operations)
        numerator, denominator = _value(a, b, sign, c, d)
        return Solved(
            _task(a, b, sign, c, d), _answer(a, b, sign, c, d), _work(a, b, sign, c, d, numerator, denominator)
        )

    def parse(self, prompt: str) -> Task:
        """Read `3/7+5/8`; no spaces."""
        return _task(*self._read(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the value of the prompt; only lowest terms count."""
        try:
            right = _answer(*self._read(task.prompt))
        except MalformedTask:
            return NO_TASK
        if answer == right:
            return RIGHT
        value = read_fraction(answer)
        if value is None:
            return _NO_FRACTION
        return _NOT_LOWEST if write_fraction(*value) == right else WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: lowest terms have one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer not cancelled, upside down, or with its numerator off by one."""
        value = read_fraction(solved.answer)
        assert value is not None
        numerator, denominator = value
        misses = [f"{2 * numerator}/{2 * denominator}", write_fraction(*lowest(numerator + 1, denominator))]
        if numerator > 1 and numerator != denominator:
            misses.append(write_fraction(denominator, numerator))
        return rng.choice(misses)

    def _read(self, prompt: str) -> tuple[int, int, str, int, int]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= 4 * self.max_digits + 3 else None
        if match is None:
            raise MalformedTask(f"not of the form a/b+c/d with positive integers of at most {self.max_digits} digits")
        a, b, sign, c, d = match.groups()
        if sign not in self.operations:
            raise MalformedTask(f"operation {sign} is not one of {self.operations}")
        if max(map(len, (a, b, c, d))) > self.max_digits:
            raise MalformedTask(f"an integer has more than {self.max_digits} digits")
        if "1" in (b, d):
            raise MalformedTask("a denominator is 1")
        return int(a), int(b), sign, int(c), int(d)


def _n_fractions(n_digits: int) -> int:
    top: int = 10**n_digits - 1
    return top * (top - 1) if n_digits else 0


def _value(a: int, b: int, sign: str, c: int, d: int) -> tuple[int, int]:
    """Numerator and denominator, not cancelled."""
    match sign:
        case "*":
            return a * c, b * d
        case ":":
            return a * d, b * c
        case "+":
            return a * d + c * b, b * d
        case _:
            return a * d - c * b, b * d


def _answer(a: int, b: int, sign: str, c: int, d: int) -> str:
    return write_fraction(*lowest(*_value(a, b, sign, c, d)))


def _work(a: int, b: int, sign: str, c: int, d: int, numerator: int, denominator: int) -> str:
    """The common denominator or the one product, then the fraction that is left to cancel."""
    step = {"*": f"{a}*{c}/{b}*{d}", ":": f"{a}*{d}/{b}*{c}"}.get(sign, f"{a * d}/{b * d}{sign}{c * b}/{b * d}")
    return f"{step}={numerator}/{denominator}"


def _task(a: int, b: int, sign: str, c: int, d: int) -> Task:
    left, right = f"{a}/{b}", f"{c}/{d}"
    first, second = (left, right) if sign in "-:" else sorted((left, right))
    level = len(str(max(a, b, c, d)))
    return Task(Fraction.name, f"{left}{sign}{right}", level, canonical=f"{first}{sign}{second}")
