"""Cancelling common factors of quotients of polynomials.

Two tasks, at levels 1 and 2:

    (x**2-1)/(x-1)                      answer x+1
    (2*x**3-2*x)/(4*x**3+12*x**2+8*x)   answer (x-1)/(2*x+4); or (x-1)/(2*(x+2))

Quotients are equal as rational functions: where the prompt has a hole, the answer need not have one.

Cost: solving factors both polynomials, or runs Euclid's algorithm with its growing fractions; checking takes four
products and a greatest common divisor, by machine. Quotients in lowest terms are refused, so no prompt is an answer;
as few quotients one writes down cancel, `solution` texts (both polynomials factored) are the easier thing to propose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, gcd
from random import Random
from typing import Any, ClassVar, TypeAlias

import flint

from envs.algebra import (
    PLAIN,
    Product,
    Terms,
    degree,
    degree_of,
    dense,
    lines,
    multiplied,
    read_product,
    read_quotient,
    read_sum,
    sparse,
    write_product,
    write_quotient,
    write_sum,
)
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.numerals import NO_TASK, RIGHT

_Polynomial: TypeAlias = Any  # flint.fmpz_poly

_LONGEST_PROMPT = 400
_MOST_DEGREE = 10
_LARGEST = 10**15
_SHAPES = ((1, 0), (0, 1), (1, 1), (1, 1), (2, 1), (1, 2))
"""Factors of the numerator and of the denominator that are left."""

_NO_QUOTIENT = Verdict(Outcome.MALFORMED, "not a polynomial, or a quotient such as (x+1)/(2*x-3)")
_ANOTHER = Verdict(Outcome.INCORRECT, "another function", tier="exact")
_NOT_LOWEST = Verdict(Outcome.INCORRECT, "not in lowest terms", tier="exact")


@dataclass(frozen=True)
class RationalSimplification(Env, SolutionFirst):
    """Write a quotient of polynomials in x with integer coefficients in lowest terms.

    Lowest terms: numerator and denominator share neither a polynomial nor an integer above 1. Either may be multiplied
    out or a product. A task's level is the degree of the greatest common divisor. Quotients that differ by an integer
    above and below the line are one question.

    Attributes:
        max_common: Highest degree of a sampled common divisor.
        max_coefficient: Largest size of a sampled linear factor's coefficients.
    """

    max_common: int = 3
    max_coefficient: int = 6

    name: ClassVar[str] = "math/rational_simplification"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789x+-*/()"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: two factorisations, or up to n divisions with remainder; checking: 4 products and a greatest divisor"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_common <= 5:
            raise ValueError(f"max_common={self.max_common}: use 1 to 5")
        if not 1 <= self.max_coefficient <= 20:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 1 to 20")

    @property
    def levels(self) -> range:
        """Degree of the greatest common divisor."""
        return range(1, self.max_common + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: products of `level` linear factors in common, and one more above and another one below."""
        self.check_level(level)
        n_lines = len(lines(self.max_coefficient))
        return comb(n_lines + level - 1, level) * n_lines * (n_lines - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw linear factors: in common, above and below; a third of the time integers above and below too."""
        self.check_level(level)
        every = lines(self.max_coefficient)
        n_above, n_below = rng.choice(_SHAPES)
        left = list[int]()
        for _ in range(n_above + n_below):
            index = rng.randrange(len(every))
            while index in left:  # all different, so that no more cancels
                index = (index + 1) % len(every)
            left.append(index)
        above, below = ([every[index] for index in part] for part in (left[:n_above], left[n_above:]))
        common = [rng.choice(every) for _ in range(level)]
        k, m = 1, 1
        if rng.random() < 0.3:
            k, m = rng.randrange(1, self.max_coefficient + 1), rng.randrange(1, self.max_coefficient + 1)
        if rng.random() < 0.1:
            k = -k
        shared, n, d = _product(1, common), _product(k, above), _product(m, below)
        terms = sparse((n * shared).coeffs()), sparse((d * shared).coeffs())
        answer = write_quotient(*(sparse((part // gcd(k, m)).coeffs()) for part in (n, d)))
        work = _quotient_text(*(_collected(c, common + rest) for c, rest in ((k, above), (m, below))))
        return Solved(Task(self.name, write_quotient(*terms), level, _canonical(*terms)), answer, work)

    def parse(self, prompt: str) -> Task:
        """Read `(x**2-1)/(x-1)`, both multiplied out; refused where only integers or nothing cancels."""
        above, below, common = self._read(prompt)
        return Task(self.name, prompt, common.degree(), _canonical(above, below))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Multiply crosswise, then look for common divisors."""
        try:
            above, below, _ = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        found = _read_quotient(answer) if len(answer) <= MAX_CHARS else None
        if found is None:
            return _NO_QUOTIENT
        if max(map(degree_of, found)) > _MOST_DEGREE:
            return _ANOTHER  # or far from lowest terms
        n, d = (flint.fmpz_poly(dense(multiplied(product))) for product in found)
        if n * flint.fmpz_poly(dense(below)) != d * flint.fmpz_poly(dense(above)):
            return _ANOTHER
        # Of the same value, they are the quotient in lowest terms, up to a sign, or a multiple of it.
        return RIGHT if n.gcd(d) == 1 else _NOT_LOWEST

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """Numerator and denominator with their signs changed, or as products."""
        found = _read_quotient(solved.answer)
        assert found is not None
        n, d = map(multiplied, found)
        if d == {0: 1}:
            return write_product(_factored(n)) if rng.random() < 0.5 else solved.answer
        if rng.random() < 0.5 or not degree(d):
            return _quotient_text(_factored(n), _factored(d))
        return write_quotient({key: -value for key, value in n.items()}, {key: -value for key, value in d.items()})

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One sign or coefficient wrong, an uncancelled factor, or the quotient upside down."""
        found = _read_quotient(solved.answer)
        assert found is not None
        n, d = map(multiplied, found)
        kind = rng.randrange(3)
        if kind == 0:
            _, _, common = self._read(solved.task.prompt)
            part = common.factor()[1][0][0]
            return write_quotient(*(sparse((part * flint.fmpz_poly(dense(terms))).coeffs()) for terms in (n, d)))
        if kind == 1 and n not in (d, {key: -value for key, value in d.items()}):
            return write_quotient(d, n)
        key = rng.choice(list(n))
        return write_quotient(n | {key: -n[key]} if len(n) > 1 else {key: 2 * n[key], key + 1: 1}, d)

    def solution(self, solved: Solved) -> str:
        """Both polynomials as products of irreducible factors."""
        above, below, _ = self._read(solved.task.prompt)
        return _quotient_text(_factored(above), _factored(below))

    def pose(self, solution: str) -> Solved:
        """Multiply out `(x-1)*(x+1)/(x-1)` above and below the line; refused where no polynomial cancels."""
        found = _read_quotient(solution) if len(solution) <= _LONGEST_PROMPT else None
        if found is None or max(map(degree_of, found)) > _MOST_DEGREE:
            raise MalformedTask(f"not a quotient of degrees up to {_MOST_DEGREE} such as (x-1)*(x+1)/(x-1)")
        prompt = write_quotient(*map(multiplied, found))
        above, below, common = self._read(prompt)
        if below[max(below)] < 0:
            common = -common
        parts = (sparse((flint.fmpz_poly(dense(terms)) // common).coeffs()) for terms in (above, below))
        task = Task(self.name, prompt, common.degree(), _canonical(above, below))
        return Solved(task, write_quotient(*parts), _quotient_text(_factored(above), _factored(below)))

    def _read(self, prompt: str) -> tuple[Terms, Terms, _Polynomial]:
        """Numerator, denominator and their greatest common divisor."""
        found = read_quotient(prompt) if len(prompt) <= _LONGEST_PROMPT else None
        if found is None:
            raise MalformedTask("not a quotient of two polynomials such as (x**2-1)/(x-1)")
        above, below = found
        if max(degree(above), degree(below)) > _MOST_DEGREE:
            raise MalformedTask(f"a degree above {_MOST_DEGREE}")
        if max(map(abs, (*above.values(), *below.values()))) >= _LARGEST:
            raise MalformedTask("a coefficient of more than 15 digits")
        common = flint.fmpz_poly(dense(above)).gcd(flint.fmpz_poly(dense(below)))
        if common.degree() < 1:
            raise MalformedTask("no polynomial cancels")
        return above, below, common


def _product(constant: int, factors: Iterable[Sequence[int]]) -> _Polynomial:
    result = flint.fmpz_poly([constant])
    for factor in factors:
        result = result * flint.fmpz_poly(list(factor))
    return result


def _collected(constant: int, factors: Sequence[tuple[int, int]]) -> Product:
    """Linear factors as a product, equal ones as powers."""
    return Product(constant, tuple((sparse(factor), power) for factor, power in Counter(factors).items()))


def _canonical(above: Terms, below: Terms) -> str:
    """The quotient without a common integer, the first coefficient below the line above 0."""
    divisor = gcd(*above.values(), *below.values())
    if below[max(below)] < 0:
        divisor = -divisor
    if divisor != 1:
        above, below = ({key: value // divisor for key, value in terms.items()} for terms in (above, below))
    return f"({write_sum(above)})/({write_sum(below)})"


def _factored(terms: Terms) -> Product:
    constant, factors = flint.fmpz_poly(dense(terms)).factor()
    return Product(int(constant), tuple((sparse(factor.coeffs()), int(power)) for factor, power in factors))


def _quotient_text(above: Product, below: Product) -> str:
    denominator = write_product(below)
    plain = PLAIN.fullmatch(denominator) or (below.constant == 1 and len(below.factors) == 1)
    return f"{write_product(above)}/{denominator if plain else f'({denominator})'}"


def _read_quotient(text: str) -> tuple[Product, Product] | None:
    """A polynomial or a quotient, of sums or of products; the denominator of a polynomial is 1."""
    above, line, below = text.partition("/")
    if not line:
        terms = read_sum(above)
        product = _as_product(terms) if terms is not None else read_product(above)
        return None if product is None else (product, Product(1, ()))
    numerator = Product(int(above), ()) if above in ("1", "-1") else read_product(above)
    if PLAIN.fullmatch(below):
        denominator = read_product(below)
    else:
        whole, inner = read_product(below), below[1:-1] if below[:1] == "(" and below[-1:] == ")" else ""
        terms = read_sum(inner)
        if whole is not None and whole.constant == 1 and len(whole.factors) == 1:
            denominator = whole
        elif terms is not None:
            denominator = _as_product(terms) if degree(terms) else None
        else:
            denominator = read_product(inner)
    return None if numerator is None or denominator is None else (numerator, denominator)


def _as_product(terms: Terms) -> Product | None:
    """A sum as a product of itself; None for 0."""
    if degree(terms):
        return Product(1, ((terms, 1),))
    return Product(terms[0], ()) if terms else None
