"""Polynomial equations of degree 3 to 6 with rational roots; the answer lists every root as often as it counts.

Two tasks, both at level 3:

    x^3-2x^2-5x+6=0     answer 1,3,-2 in any order
    x^3-3x+2=0          answer 1,1,-2

Cost: solving tries quotients of divisors of the last and first coefficient, and divides by each root found; checking
substitutes, n products a root, and multiplies n factors. Few equations one writes down at random have rational roots
only, so `solution` texts (the roots) are the easier thing to propose. Two roots are `math/quadratic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, gcd
from random import Random
from typing import ClassVar, Literal, TypeAlias

import flint

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.counting import totient_sum
from envs.numerals import NO_TASK, RIGHT, lowest, read_fraction, write_fraction
from envs.univariate import read_polynomial, write_polynomial

_Root: TypeAlias = tuple[int, int]  # numerator and denominator

_LEAST_DEGREE, _MOST_DEGREE = 3, 6
_LONGEST_PROMPT, _LONGEST_ANSWER = 200, 120
_LARGEST = 10**18

_NO_ROOT = Verdict(Outcome.INCORRECT, "not a root", tier="exact")
_MISCOUNTED = Verdict(Outcome.INCORRECT, "a root is missing or not as often there as it counts", tier="exact")
_NO_LIST = Verdict(Outcome.MALFORMED, "not integers or fractions such as -7/2, with commas between")


@dataclass(frozen=True)
class PolynomialRoots(Env, SolutionFirst):
    """Find all roots of a polynomial with their multiplicities.

    A task's level is the degree. Multiples of one equation are one question; sampled equations have no common divisor
    and a first coefficient above 0. Equations with a root that is not rational, or beyond the limits, are refused.

    Attributes:
        max_degree: Highest degree.
        max_root: Largest size of a root's numerator and denominator.
        roots: Whether roots may be fractions, or must be integers for the task to count as well-posed.
    """

    max_degree: int = 6
    max_root: int = 9
    roots: Literal["integer", "rational"] = "integer"

    name: ClassVar[str] = "math/polynomial_roots"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789x^+-=,/();"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: n products for each divisor of the last coefficient tried; checking: n products a root given"
    )

    def __post_init__(self) -> None:
        if not _LEAST_DEGREE <= self.max_degree <= _MOST_DEGREE:
            raise ValueError(f"max_degree={self.max_degree}: use {_LEAST_DEGREE} to {_MOST_DEGREE}")
        if not 1 <= self.max_root <= 99:
            raise ValueError(f"max_root={self.max_root}: use 1 to 99")
        if self.roots not in ("integer", "rational"):
            raise ValueError(f"roots={self.roots!r}: use 'integer' or 'rational'")

    @property
    def levels(self) -> range:
        """The degree."""
        return range(_LEAST_DEGREE, self.max_degree + 1)

    def capacity(self, level: int) -> int:
        """Exact: collections of `level` roots, each as often as you like."""
        self.check_level(level)
        # With fractions: 0, and coprime pairs in either order and of either sign.
        n_roots = 2 * self.max_root + 1 if self.roots == "integer" else 4 * totient_sum(self.max_root) - 1
        return comb(n_roots + level - 1, level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the roots; now and then a second one is made like the first."""
        self.check_level(level)
        drawn = rng.choices(_roots(self.max_root, self.max_root if self.roots == "rational" else 1), k=level)
        if rng.random() < 0.3:
            drawn[1] = drawn[0]
        return self._solved(drawn)

    def parse(self, prompt: str) -> Task:
        """Read `x^3-3x+2=0`: terms by falling degree; refused where a root is not of the kind asked for."""
        polynomial, _ = self._read(prompt)
        return Task(self.name, prompt, len(polynomial) - 1, write_polynomial(polynomial) + "=0")

    def verify(self, task: Task, answer: str) -> Verdict:
        """Substitute each root, then compare with the product of all x - root."""
        try:
            polynomial, _ = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        roots = _read_roots(answer)
        if roots is None:
            return _NO_LIST
        if any(_value(polynomial, root) for root in roots):
            return _NO_ROOT
        right = len(roots) == len(polynomial) - 1 and _product(roots) == polynomial
        return RIGHT if right else _MISCOUNTED

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The roots in another order, sometimes one of them not in lowest terms."""
        roots = solved.answer.split(",")
        rng.shuffle(roots)
        if rng.random() < 0.3:
            value = read_fraction(roots[0])
            assert value is not None
            roots[0] = f"{value[0] * 2}/{value[1] * 2}"
        return ",".join(roots)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A root off by one, left out, given once more or in place of another; or all signs changed."""
        roots = _read_roots(solved.answer)
        assert roots is not None
        rng.shuffle(roots)
        (p, q), *others = roots
        misses = [[(p + q, q), *others], [(p - q, q), *others], others, [(p, q), *roots]]
        if (mirrored := [(-p, q) for p, q in roots]) and sorted(mirrored) != sorted(roots):
            misses.append(mirrored)
        if (p, q) != others[0]:
            misses.append([others[0], *others])
        return ",".join([write_fraction(*root) for root in rng.choice(misses)])

    def solution(self, solved: Solved) -> str:
        """The roots, the smallest first."""
        _, roots = self._read(solved.task.prompt)
        return self._solved(roots).answer

    def pose(self, solution: str) -> Solved:
        """The equation with these roots."""
        roots = _read_roots(solution)
        if roots is None or not _LEAST_DEGREE <= len(roots) <= self.max_degree:
            raise MalformedTask(f"not {_LEAST_DEGREE} to {self.max_degree} integers or fractions")
        self._check(roots)
        return self._solved(roots)

    def _read(self, prompt: str) -> tuple[list[int], list[_Root]]:
        """The coefficients without common divisor, and the roots."""
        readable = len(prompt) <= _LONGEST_PROMPT and prompt.endswith("=0")
        found = read_polynomial(prompt[:-2], self.max_degree) if readable else None
        if found is None or len(found) <= _LEAST_DEGREE:
            raise MalformedTask(f"not a polynomial of degree {_LEAST_DEGREE} to {self.max_degree} and =0")
        if max(map(abs, found)) >= _LARGEST:
            raise MalformedTask("a coefficient of more than 18 digits")
        content, factors = flint.fmpz_poly(found[::-1]).factor()
        roots = list[_Root]()
        for factor, power in factors:
            if factor.degree() > 1:
                raise MalformedTask("a root is not rational")
            root = lowest(-int(factor[0]), int(factor[1]))
            roots += [root] * power
        self._check(roots)
        divisor = int(content)
        return [coefficient // divisor for coefficient in found], roots

    def _check(self, roots: Sequence[_Root]) -> None:
        if any(abs(p) > self.max_root or q > self.max_root for p, q in roots):
            raise MalformedTask(f"a root beyond {self.max_root}")
        if self.roots == "integer" and any(q > 1 for _, q in roots):
            raise MalformedTask("a root is not an integer")

    def _solved(self, roots: Sequence[_Root]) -> Solved:
        ascending = sorted(roots, key=lambda root: (root[0] / root[1], root))
        rests = [[1]]
        for p, q in reversed(ascending):
            rests.append(_times(rests[-1], p, q))
        equation = write_polynomial(rests[-1]) + "=0"
        factors = [f"({write_polynomial((q, -p))})" for p, q in ascending]
        steps = [
            "".join(factors[:n]) + f"({write_polynomial(rests[len(roots) - n])})" for n in range(1, len(roots) - 1)
        ]
        answer = ",".join([write_fraction(*root) for root in ascending])
        task = Task(self.name, equation, len(roots), equation)
        return Solved(task, answer, ";".join([*steps, "".join(factors)]))


def _times(coefficients: Sequence[int], p: int, q: int) -> list[int]:
    """A polynomial, highest degree first, times qx - p."""
    return [q * first - p * second for first, second in zip([*coefficients, 0], [0, *coefficients], strict=True)]


def _product(roots: Sequence[_Root]) -> list[int]:
    # A product of polynomials without common divisors has none (Gauss), so it is the equation itself.
    result = [1]
    for p, q in roots:
        result = _times(result, p, q)
    return result


def _value(coefficients: Sequence[int], root: _Root) -> int:
    """The polynomial at p/q, times q to the degree."""
    p, q = root
    value, scale = 0, 1
    for coefficient in coefficients:
        value = value * p + coefficient * scale
        scale *= q
    return value


def _read_roots(text: str) -> list[_Root] | None:
    parts = text.split(",") if len(text) <= _LONGEST_ANSWER else []
    roots = [read_fraction(part) for part in parts]
    read = [root for root in roots if root is not None]
    return read if 1 <= len(read) == len(roots) else None


@lru_cache(maxsize=8)
def _roots(largest: int, denominator: int) -> tuple[_Root, ...]:
    """Every fraction in lowest terms within the limits, each once."""
    return tuple((p, q) for q in range(1, denominator + 1) for p in range(-largest, largest + 1) if gcd(p, q) == 1)
