"""Factoring polynomials over the rationals.

Two tasks, at levels 2 and 3:

    x**2-1                  answer (x-1)*(x+1), in any order
    6*x**3+6*x**2+6*x+6     answer 6*(x+1)*(x**2+1); or (6*x+6)*(x**2+1): an integer may stay in a factor

Cost: factoring searches for roots among quotients of divisors, then for factors of higher degree (or lifts them from a
prime field); checking multiplies out and counts. Polynomials that do not factor, and monomials, are refused, so that no
prompt is its own answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import comb, gcd, isqrt
from random import Random
from typing import ClassVar

import flint

from envs.algebra import (
    Product,
    Terms,
    degree,
    degree_of,
    dense,
    lines,
    multiplied,
    read_product,
    read_sum,
    sparse,
    times,
    write_product,
    write_sum,
)
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.numerals import NO_TASK, RIGHT

_Factor = tuple[int, ...]  # coefficients, constant first

_X: _Factor = (0, 1)

_LONGEST_PROMPT = 400
_MOST_DEGREE = 12
_LARGEST = 10**15

_NO_PRODUCT = Verdict(Outcome.MALFORMED, "not a product such as 6*(x+1)**2*(x**2+1)")
_ANOTHER = Verdict(Outcome.INCORRECT, "another product", tier="exact")
_REDUCIBLE = Verdict(Outcome.INCORRECT, "a factor can be factored", tier="exact")


@dataclass(frozen=True)
class Factoring(Env, SolutionFirst):
    """Write a polynomial in x as a product of polynomials that do not factor over the rationals, in any order.

    A task's level is the number of these factors, each as often as it divides. Coefficients are integers, in answers
    too; an integer may stand in front or in a factor.

    Attributes:
        max_factors: Most factors of a sampled task.
        max_coefficient: Largest size of a sampled factor's coefficients and of the integer in front.
    """

    max_factors: int = 4
    max_coefficient: int = 6

    name: ClassVar[str] = "math/factoring"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789x+-*();"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: a search among quotients of divisors of the first and last coefficient; checking: n products of "
        "polynomials and a count of factors"
    )

    def __post_init__(self) -> None:
        if not 2 <= self.max_factors <= 6:
            raise ValueError(f"max_factors={self.max_factors}: use 2 to 6")
        if not 1 <= self.max_coefficient <= 20:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 1 to 20")

    @property
    def levels(self) -> range:
        """Irreducible factors."""
        return range(2, self.max_factors + 1)

    def capacity(self, level: int) -> int:
        """Exact: collections of `level` linear and quadratic factors, times the integers in front. Not all are x."""
        self.check_level(level)
        n_factors = len(lines(self.max_coefficient)) + len(_quadratics(self.max_coefficient))
        return 2 * self.max_coefficient * (comb(n_factors + level - 1, level) - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw factors: a quarter of them quadratic, the second one like the first now and then."""
        self.check_level(level)
        linear, quadratics = lines(self.max_coefficient), _quadratics(self.max_coefficient)
        drawn = [rng.choice(quadratics if rng.random() < 0.25 else linear) for _ in range(level)]
        if rng.random() < 0.15:
            drawn[1] = drawn[0]
        if set(drawn) == {_X}:  # a monomial, which is a product as it stands
            drawn[0] = (1, 1)
        constant = rng.randrange(1, self.max_coefficient + 1) if rng.random() < 0.3 else 1
        return self._solved(-constant if rng.random() < 0.1 else constant, drawn)

    def parse(self, prompt: str) -> Task:
        """Read a polynomial; refused where it has fewer than two factors that are no numbers."""
        terms, n_factors = self._read(prompt)
        return Task(self.name, prompt, n_factors, write_sum(terms))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Multiply out, then count the factors: as many as there are in all cannot be factored."""
        try:
            terms, n_factors = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        product = read_product(answer) if len(answer) <= MAX_CHARS else None
        if product is None:
            return _NO_PRODUCT
        if degree_of(product) != degree(terms) or multiplied(product) != terms:
            return _ANOTHER
        return RIGHT if sum(power for _, power in product.factors) == n_factors else _REDUCIBLE

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The factors in another order, one of them with its signs changed."""
        product = read_product(solved.answer)
        assert product is not None
        factors = [terms for terms, power in product.factors for _ in range(power)]
        rng.shuffle(factors)
        constant = product.constant
        if len(factors[0]) > 1 and rng.random() < 0.5:
            constant, factors[0] = -constant, {key: -value for key, value in factors[0].items()}
        return write_product(Product(constant, tuple((terms, 1) for terms in factors)))

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A factor with another sign, or two factors left unsplit."""
        product = read_product(solved.answer)
        assert product is not None
        factors = [terms for terms, power in product.factors for _ in range(power)]
        rng.shuffle(factors)
        first, second, *others = factors
        if rng.random() < 0.5:
            factors = [times(first, second), *others]
            if len(factors[0]) == 1:  # x*x would be written x**2, which is factored
                factors = [{1: 1, 0: 1}, second, *others]
        else:
            factors = [first | {0: -first[0]} if 0 in first else first | {0: 1}, second, *others]
        return write_product(Product(product.constant, tuple((terms, 1) for terms in factors)))

    def solution(self, solved: Solved) -> str:
        """The product of irreducible factors, in a fixed order."""
        terms, _ = self._read(solved.task.prompt)
        return self._solved(*_factors_of(terms)).answer

    def pose(self, solution: str) -> Solved:
        """Multiply out `2*(x+1)*(x**2+1)`; refused where a factor can be factored."""
        product = read_product(solution) if len(solution) <= _LONGEST_PROMPT else None
        if product is None or degree_of(product) > _MOST_DEGREE:
            raise MalformedTask(f"not a product of a degree up to {_MOST_DEGREE} such as 2*(x+1)*(x**2+1)")
        constant, factors = _factors_of(multiplied(product))
        if len(factors) < 2 or len(factors) != sum(power for _, power in product.factors):
            raise MalformedTask("fewer than two factors, or one that can be factored")
        solved = self._solved(constant, factors)
        self._read(solved.task.prompt)
        return solved

    def _read(self, prompt: str) -> tuple[Terms, int]:
        """The polynomial and the number of its irreducible factors."""
        terms = read_sum(prompt) if len(prompt) <= _LONGEST_PROMPT else None
        if terms is None or not 2 <= degree(terms) <= _MOST_DEGREE:
            raise MalformedTask(f"not a polynomial of degree 2 to {_MOST_DEGREE} such as x**2-1")
        if max(map(abs, terms.values())) >= _LARGEST:
            raise MalformedTask("a coefficient of more than 15 digits")
        if len(terms) < 2:
            raise MalformedTask("a single monomial is a product already")
        n_factors = sum(power for _, power in flint.fmpz_poly(dense(terms)).factor()[1])
        if n_factors < 2:
            raise MalformedTask("it does not factor")
        return terms, n_factors

    def _solved(self, constant: int, factors: Iterable[_Factor]) -> Solved:
        counted = sorted(Counter(factors).items(), key=lambda item: (len(item[0]), item[0][::-1]))
        product = Product(constant, tuple((sparse(factor), power) for factor, power in counted))
        answer, prompt = write_product(product), write_sum(multiplied(product))
        single = [terms for terms, power in product.factors for _ in range(power)]
        work = ";".join([*_steps(constant, single), answer])
        task = Task(self.name, prompt, len(single), canonical=prompt)
        return Solved(task, answer, work if len(work) <= MAX_CHARS else "")


def _steps(constant: int, factors: list[Terms]) -> list[str]:
    """The product with one factor split off, with two, and so on; the last step, all of them, is left out."""
    rests = [factors[-1]]
    for terms in reversed(factors[1:-1]):
        rests.append(times(rests[-1], terms))
    rests.reverse()
    return [
        write_product(Product(constant, (*((terms, 1) for terms in factors[: n + 1]), (rests[n], 1))))
        for n in range(len(factors) - 2)
    ]


def _factors_of(terms: Terms) -> tuple[int, list[_Factor]]:
    """The integer in front and the irreducible factors, each as often as it divides."""
    constant, factors = flint.fmpz_poly(dense(terms)).factor()
    return int(constant), [tuple(map(int, factor.coeffs())) for factor, power in factors for _ in range(power)]


@lru_cache(maxsize=8)
def _quadratics(largest: int) -> tuple[_Factor, ...]:
    """All ax^2+bx+c with a above 0, without a common divisor and without a rational root."""
    either = range(-largest, largest + 1)
    return tuple(
        (c, b, a)
        for a in range(1, largest + 1)
        for b in either
        for c in either
        if gcd(a, b, c) == 1 and not _is_square(b * b - 4 * a * c)
    )


def _is_square(n: int) -> bool:
    return n >= 0 and isqrt(n) ** 2 == n
