"""Definite integrals with exact values.

Four tasks, at levels 1 to 3:

    3*x**2+1@0,2            answer 10
    x*exp(-x)@0,1           answer 1-2*exp(-1)
    x*sin(2*x)@0,pi         answer -pi/2
    1/(x**2-x-2)@3,5        answer 1/3*log(2)

Cost: solving needs an antiderivative and its values at both ends; checking has them by a fixed algorithm for this class
(0.1 to 0.3 ms) and compares two numbers: exactly where they are rational, else as `envs.equality` can.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from random import Random
from typing import ClassVar

from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.equality import compare_trees, verdict_of
from envs.equality.backend import Evaluator
from envs.equality.comparison import TIERS
from envs.equality.evaluation import NoValue, OutOfTime
from envs.expression import (
    ONE,
    ZERO,
    Call,
    GrammarError,
    Name,
    Number,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    number,
    power,
    text_of,
)
from envs.fingerprint import fingerprint
from envs.grammar import parse
from envs.integrals import n_parts, name_of, read_integral, steps_of, value_of
from envs.numerals import NO_TASK
from envs.polynomial import tree_of as polynomial_tree

_ANSWERED = frozenset({"exp", "log", "sqrt", "sin", "cos", "tan", "atan"})
_LONGEST_PROMPT = 120
_PI = Name("pi")
_MOST_LEVEL = 3


@dataclass(frozen=True)
class DefiniteIntegral(Env):
    """Find the exact value of an integral over x between two numbers, `f@a,b`.

    The class: sums and products of polynomials, exp, sin and cos of a*x+b, and quotients of polynomials whose
    denominators are products of linear factors and of quadratics without real roots, all with rational coefficients.
    Ends are rational, or rational multiples of pi where there is no denominator. A pole between the ends is refused.

    A task's level is one more than the exponentials, the sines and cosines of one frequency, and the factors of the
    denominator that it has; polynomials have level 1.

    Attributes:
        max_level: Hardest level that is sampled.
        max_coefficient: Largest size of a coefficient in a sampled task.
        max_bound: Largest size of an end that is an integer in a sampled task.
    """

    max_level: int = 3
    max_coefficient: int = 9
    max_bound: int = 4

    name: ClassVar[str] = "math/definite_integral"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+-*/().,@;" + "".join(sorted({*"".join(_ANSWERED), *"xpiE"}))
    tiers: ClassVar[tuple[str, ...]] = TIERS
    asymmetry: ClassVar[str] = (
        "solving: a rule for the antiderivative, and its 2 values; checking: by a fixed algorithm, and 1 comparison"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_level <= _MOST_LEVEL:
            raise ValueError(f"max_level={self.max_level}: use 1 to {_MOST_LEVEL}")
        if not 2 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 2 to 99")
        if not 2 <= self.max_bound <= 20:
            raise ValueError(f"max_bound={self.max_bound}: use 2 to 20")

    @property
    def levels(self) -> range:
        """One more than the exponentials, frequencies and factors below the line."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """Exact for polynomials; above, a lower bound: c*x**k*exp(a*x), and c*exp(a*x)*sin(b*x) or with cos."""
        self.check_level(level)
        n_signed: int = 2 * self.max_coefficient
        n_pairs = comb(2 * self.max_bound + 1, 2)
        if level == 1:
            n_all = sum(comb(_MOST_DEGREE + 1, k) * n_signed**k for k in (1, 2, 3)) - n_signed  # no constants
            return int(n_all * n_pairs)
        if level == 2:
            return n_signed * 3 * 2 * _MOST_RATE * n_pairs
        return n_signed * 2 * _MOST_RATE * _MOST_RATE * 2 * n_pairs

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a function with level-1 parts, and ends that suit it: multiples of pi/2 for sines and cosines."""
        self.check_level(level)
        low, high = sorted(rng.sample(range(-self.max_bound, self.max_bound + 1), 2))
        ends = f"{low},{high}"
        angles = f"{_half_turns(low)},{_half_turns(high)}"
        if level == 1:
            tree = self._polynomial(rng)
        elif level == 2:
            tree, turns = self._one(rng, low, high)
            ends = angles if turns else ends
        else:
            tree, turns = self._two(rng, low, high)
            ends = angles if turns else ends
        task, value = _read(f"{text_of(tree)}@{ends}")
        work = ";".join(steps_of(read_integral(task.prompt)))
        return Solved(task, text_of(value), work if len(work) <= MAX_CHARS else "")

    def parse(self, prompt: str) -> Task:
        """Read `x*exp(-x)@0,1`; refused outside the class, with equal ends, for the function 0 and across a pole."""
        return _read(prompt)[0]

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compute the value of the prompt's integral and compare the two numbers."""
        try:
            value = _read(task.prompt)[1]
        except MalformedTask:
            return NO_TASK
        try:
            found = parse(answer, symbols="", functions=_ANSWERED)
        except GrammarError as problem:
            return Verdict(Outcome.MALFORMED, str(problem))
        return verdict_of(compare_trees(value, found, domains={}))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The value as a difference of two, or its terms in another order."""
        value = _read(solved.task.prompt)[1]
        if isinstance(value, Sum):
            return text_of(Sum(tuple(rng.sample(value.terms, len(value.terms)))))
        extra = number(rng.randint(1, self.max_coefficient))
        return f"{text_of(add((value, extra)))}-{text_of(extra)}"

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The value with the other sign, doubled, off by one, or rounded."""
        value = _read(solved.task.prompt)[1]
        if value == ZERO:
            return rng.choice(["1", "-1", "pi"])
        wrong = [f"-({solved.answer})", f"2*({solved.answer})", f"{solved.answer}+1", "0"]
        if not isinstance(value, Number) and 1e-3 < abs(rounded := _decimal(value)) < 1e6:
            wrong.append(f"{rounded:.6f}")
        return rng.choice([text for text in wrong if len(text) <= MAX_CHARS])

    def _polynomial(self, rng: Random) -> Tree:
        exponents = rng.sample(range(_MOST_DEGREE + 1), rng.randint(1, 3))
        if exponents == [0]:
            exponents = [1]
        return polynomial_tree({exponent: Fraction(self._nonzero(rng)) for exponent in exponents}, "x")

    def _one(self, rng: Random, low: int, high: int) -> tuple[Tree, bool]:
        """A function with one part that is no polynomial, and whether its ends are multiples of pi/2."""
        kind = rng.randrange(4)
        rate = rng.randint(1, _MOST_RATE)
        if kind < 2:
            front = multiply((number(self._nonzero(rng)), _power_of_x(rng.randrange(3))))
            if rng.random() < 0.3:
                front = polynomial_tree({1: Fraction(self._nonzero(rng)), 0: Fraction(self._nonzero(rng))}, "x")
            if kind == 0:
                return multiply((front, Call("exp", _line(rate * rng.choice((-1, 1)))))), False
            return multiply((front, Call(rng.choice(("sin", "cos")), _line(rate)))), True
        if kind == 2:
            root = self._outside(rng, low, high)
            slope = rng.choice((0, 0, self._nonzero(rng)))
            return divide(self._line_without_root(rng, slope, (root,)), _line(1, -root)), False
        below = add((power(_X, number(2)), number(rng.randint(1, self.max_bound) ** rng.choice((1, 2)))))
        above = _X if rng.random() < 0.3 else ONE
        return divide(multiply((number(self._nonzero(rng)), above)), below), False

    def _two(self, rng: Random, low: int, high: int) -> tuple[Tree, bool]:
        """A function with two such parts."""
        kind = rng.randrange(4)
        rate, frequency = rng.randint(1, _MOST_RATE), rng.randint(1, _MOST_RATE)
        growing = Call("exp", _line(rate * rng.choice((-1, 1))))
        turning = Call(rng.choice(("sin", "cos")), _line(frequency))
        if kind == 0:
            return multiply((number(self._nonzero(rng)), growing, turning)), True
        if kind == 1:
            first = multiply((number(self._nonzero(rng)), _power_of_x(rng.randrange(2)), turning))
            return add((first, multiply((number(self._nonzero(rng)), growing)))), True
        root = self._outside(rng, low, high)
        if kind == 2:
            second = self._outside(rng, low, high)
            if second == root:
                second = root - 1 if root < low else root + 1
            product = {2: Fraction(1), 1: Fraction(-root - second), 0: Fraction(root * second)}
            below = polynomial_tree({k: value for k, value in product.items() if value}, "x")
            return divide(self._line_without_root(rng, rng.choice((0, 1, 2)), (root, second)), below), False
        quadratic = add((power(_X, number(2)), number(rng.randint(1, self.max_coefficient))))
        return divide(number(self._nonzero(rng)), multiply((_line(1, -root), quadratic))), False

    def _outside(self, rng: Random, low: int, high: int) -> int:
        """An integer that is not between the ends."""
        distance = rng.randint(1, self.max_bound)
        return low - distance if rng.random() < 0.5 else high + distance

    def _line_without_root(self, rng: Random, slope: int, roots: tuple[int, ...]) -> Tree:
        """slope*x+c, not 0 at any of the roots, so that no factor cancels."""
        start = self._nonzero(rng)
        return _line(slope, next(c for c in range(start, start + 9) if all(slope * root + c for root in roots)))

    def _nonzero(self, rng: Random) -> int:
        return rng.randint(1, self.max_coefficient) * rng.choice((-1, 1))


_X = Name("x")
_MOST_DEGREE = 4
_MOST_RATE = 4


@lru_cache(maxsize=4096)  # a prompt is verified once for every answer to it
def _read(prompt: str) -> tuple[Task, Tree]:
    """The task of a prompt, and the value of the integral."""
    if len(prompt) > _LONGEST_PROMPT:
        raise MalformedTask(f"longer than {_LONGEST_PROMPT} characters")
    integral = read_integral(prompt)
    value = value_of(integral)
    if len(text_of(value)) > MAX_CHARS - 2 * _LONGEST_PROMPT or not fingerprint(value):
        raise MalformedTask("the value is too long, or too large to compare")
    return Task(DefiniteIntegral.name, prompt, 1 + n_parts(integral), name_of(integral)), value


def _half_turns(n: int) -> str:
    """n*pi/2 as `0`, `-pi/2` or `3*pi/2`."""
    value = Fraction(n, 2)
    front = "" if abs(value.numerator) == 1 else f"{abs(value.numerator)}*"
    text = f"{'-' if n < 0 else ''}{front}pi{'' if value.denominator == 1 else '/2'}"
    return text if n else "0"


def _decimal(value: Tree) -> float:
    """About the value; 0.0 where it is none."""
    try:
        return float(Evaluator({}, 64, time.perf_counter() + 1).value(value).real)
    except (NoValue, OutOfTime, OverflowError):
        return 0.0


def _power_of_x(exponent: int) -> Tree:
    return power(_X, number(exponent)) if exponent else ONE


def _line(slope: int, shift: int = 0) -> Tree:
    return polynomial_tree({k: Fraction(value) for k, value in ((1, slope), (0, shift)) if value}, "x")
