"""Quadratic equations with rational roots; the answer is their set.

Two tasks at level 1:

    x^2-5x+6=0      answer 2,3 or 3,2
    x^2+2x+1=0      answer -1

Cost: solving searches the divisors of the constant term for two with the right sum, or takes a square root of up to 4d
digits; checking substitutes, three products a root. Most equations one writes down at random have no rational root, so
`solution` texts (the roots) are the easier thing to propose.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, isqrt
from random import Random
from typing import ClassVar, Literal, TypeAlias

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.counting import n_pairs, totient_sum
from envs.numerals import (
    NO_TASK,
    RIGHT,
    draw_magnitude,
    draw_positive,
    lowest,
    next_coprime,
    read_fraction,
    write_fraction,
)
from envs.univariate import read_polynomial, write_polynomial

_Root: TypeAlias = tuple[int, int]

_MOST_DIGITS = 7
_LONGEST_ANSWER = 80

_NO_ROOT = Verdict(Outcome.INCORRECT, "not a root", tier="exact")
_MISSING = Verdict(Outcome.INCORRECT, "a root is missing", tier="exact")
_NO_SET = Verdict(Outcome.MALFORMED, "not one or two integers or fractions such as -7/2, with a comma between")


@dataclass(frozen=True)
class Quadratic(Env, SolutionFirst):
    """Find all roots of ax^2+bx+c. They may be given in any order, a double root once or twice.

    A task's level is the largest number of digits of a numerator or denominator of its roots. Multiples of one
    equation are one question; sampled equations have no common divisor and a above 0.

    Attributes:
        max_digits: Most digits of a root's numerator or denominator.
        roots: Whether roots may be fractions, or must be integers for the task to count as well-posed.
    """

    max_digits: int = 2
    roots: Literal["integer", "rational"] = "integer"

    name: ClassVar[str] = "math/quadratic"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789x^+-=,/()"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: a search among divisors of c, or a square root of 4d digits; checking: 3 products a root"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 1 to {_MOST_DIGITS}")
        if self.roots not in ("integer", "rational"):
            raise ValueError(f"roots={self.roots!r}: use 'integer' or 'rational'")

    @property
    def levels(self) -> range:
        """Digits of the largest numerator or denominator of a root."""
        return range(1, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: unordered pairs of roots, one of which has `level` digits."""
        self.check_level(level)
        return n_pairs(self._n_roots(level)) - (n_pairs(self._n_roots(level - 1)) if level > 1 else 0)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the two roots, of which one has `level` digits."""
        self.check_level(level)
        digits = [level, rng.randint(1, level)]
        rng.shuffle(digits)
        first, second = (self._draw_root(rng, n_digits) for n_digits in digits)
        return self._solved(first, second)

    def parse(self, prompt: str) -> Task:
        """Read `x^2-5x+6=0`; refused where the roots are not rational, or not integers where these are asked for."""
        *_, first, second = self._read(prompt)
        task = self._solved(first, second).task
        return Task(self.name, prompt, task.level, task.canonical)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Substitute each root, and count them."""
        try:
            a, b, c, first, second = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        roots = _read_roots(answer)
        if roots is None:
            return _NO_SET
        if any(a * p * p + b * p * q + c * q * q for p, q in roots):
            return _NO_ROOT
        return RIGHT if len(set(roots)) == len({first, second}) else _MISSING

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The roots in the other order, or one of them not in lowest terms."""
        roots = solved.answer.split(",")
        if len(roots) == 1:
            return f"{roots[0]},{roots[0]}"
        if rng.random() < 0.5:
            value = read_fraction(roots[0])
            assert value is not None
            roots[0] = f"{value[0] * 3}/{value[1] * 3}"
        return ",".join(reversed(roots))

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The roots with their signs changed, one of two alone, or one off by one."""
        roots = _read_roots(solved.answer)
        assert roots is not None
        (p, q), *others = roots
        misses = [[(p + q, q), *others], [(p - q, q), *others]]
        if len(roots) == 2:
            misses.append(others)
        if {(-p, q) for p, q in roots} != set(roots):
            misses.append([(-p, q) for p, q in roots])
        # Off by one, 2,3 may become 3,3, which lacks a root; -1,0 may become 0,0.
        return ",".join([write_fraction(*root) for root in rng.choice(misses)])

    def solution(self, solved: Solved) -> str:
        """The roots, the smaller one first."""
        *_, first, second = self._read(solved.task.prompt)
        return self._solved(first, second).answer

    def pose(self, solution: str) -> Solved:
        """The equation with these roots; one root alone is a double one."""
        roots = _read_roots(solution)
        if roots is None:
            raise MalformedTask("not one or two integers or fractions")
        first, second = roots[0], roots[-1]
        self._check(first, second)
        return self._solved(first, second)

    def _n_roots(self, n_digits: int) -> int:
        if self.roots == "integer":
            return int(2 * 10**n_digits - 1)
        return 1 + 2 * (2 * totient_sum(10**n_digits - 1) - 1)  # 0, and coprime pairs in either order and sign

    def _draw_root(self, rng: Random, n_digits: int) -> _Root:
        sign = rng.choice((-1, 1))
        if self.roots == "integer":
            return sign * draw_magnitude(rng, n_digits), 1
        shorter, top = rng.randint(1, n_digits), 10**n_digits - 1
        if rng.random() < 0.5:
            p = draw_magnitude(rng, n_digits)
            return sign * p, next_coprime(draw_positive(rng, shorter), p, top)
        q = draw_positive(rng, n_digits)
        return sign * next_coprime(draw_magnitude(rng, shorter), q, top), q

    def _read(self, prompt: str) -> tuple[int, int, int, _Root, _Root]:
        """The coefficients and both roots."""
        if len(prompt) > 6 * self.max_digits + 16 or not prompt.endswith("=0"):
            raise MalformedTask("not of the form ax^2+bx+c=0")
        coefficients = read_polynomial(prompt[:-2], 2)
        if coefficients is None or len(coefficients) < 3:
            raise MalformedTask("not of the form ax^2+bx+c=0")
        a, b, c = coefficients
        discriminant = b * b - 4 * a * c
        root = isqrt(max(0, discriminant))
        if root * root != discriminant:
            raise MalformedTask("no rational root")
        first, second = lowest(-b - root, 2 * a), lowest(-b + root, 2 * a)
        self._check(first, second)
        return a, b, c, first, second

    def _check(self, first: _Root, second: _Root) -> None:
        if max(map(abs, first + second)) >= 10**self.max_digits:
            raise MalformedTask(f"a root has more than {self.max_digits} digits")
        if self.roots == "integer" and not first[1] == second[1] == 1:
            raise MalformedTask("a root is not an integer")

    def _solved(self, first: _Root, second: _Root) -> Solved:
        if first[0] * second[1] > second[0] * first[1]:
            first, second = second, first
        (p, q), (r, s) = first, second
        a, b, c = q * s, -(q * r + p * s), p * r
        assert gcd(a, b, c) == 1, "a product of primitive polynomials is primitive"
        equation = write_polynomial((a, b, c)) + "=0"
        answer = ",".join([write_fraction(*root) for root in ((first, second) if first != second else (first,))])
        level = len(str(max(abs(p), q, abs(r), s)))
        return Solved(Task(self.name, equation, level, equation), answer, f"({_factor(p, q)})({_factor(r, s)})=0")


def _factor(p: int, q: int) -> str:
    return write_polynomial((q, -p))


def _read_roots(text: str) -> list[_Root] | None:
    parts = text.split(",") if len(text) <= _LONGEST_ANSWER else []
    roots = [read_fraction(part) for part in parts]
    read = [root for root in roots if root is not None]
    return read if 1 <= len(read) == len(roots) <= 2 else None
