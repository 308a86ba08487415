"""Multiplying out products of polynomials.

Three tasks, at levels 1, 3 and 3:

    3*x*(2*x-5)             answer 6*x**2-15*x
    (x+2)*(3*x-1)**2        answer 9*x**3+12*x**2-11*x+2
    (x+1)*(x-4)-(2*x+3)     answer x**2-5*x-7

Cost: n factors of two terms take up to n**2 products of numbers, sums of like terms between them; checking does the
same by machine and compares: there is no asymmetry beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from random import Random
from typing import ClassVar, Literal

from envs.algebra import (
    STRIDE,
    Product,
    Terms,
    degree_of,
    multiplied,
    plus,
    read_products,
    read_sum,
    times,
    total_of,
    write_product,
    write_sum,
)
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.counting import n_directions
from envs.numerals import NO_TASK, RIGHT

_LONGEST_PROMPT = 200
_MOST_DEGREE = 12
_LARGEST = 10**30  # the longest coefficient that is read

_NO_SUM = Verdict(Outcome.MALFORMED, "not a sum of different monomials such as 3*x**2-x+5")
_ANOTHER = Verdict(Outcome.INCORRECT, "another polynomial", tier="exact")


@dataclass(frozen=True)
class Expansion(Env):
    """Write a sum of products of polynomials as a sum of different monomials, in any order.

    A task's level is how many factors stand in parentheses, powers counted as often as they say. Prompts with the same
    expansion are one question. A prompt in which nothing is to be multiplied out is refused, so no prompt is an answer.

    Attributes:
        variables: The symbols: x alone, or x and y.
        max_factors: Most factors of a sampled task.
        max_coefficient: Largest size of a sampled coefficient.
    """

    variables: Literal["x", "xy"] = "x"
    max_factors: int = 4
    max_coefficient: int = 9

    name: ClassVar[str] = "math/expansion"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: up to n**2 products for n factors of two terms; checking: the same, by machine"

    def __post_init__(self) -> None:
        if self.variables not in ("x", "xy"):
            raise ValueError(f"variables={self.variables!r}: use 'x' or 'xy'")
        if not 1 <= self.max_factors <= 5:
            raise ValueError(f"max_factors={self.max_factors}: use 1 to 5")
        if not 2 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 2 to 99")

    @property
    def alphabet(self) -> str:
        """Digits, operators, parentheses and the symbols; `;` between the steps of the work."""
        return "0123456789+-*();" + self.variables

    @property
    def levels(self) -> range:
        """Factors in parentheses."""
        return range(1, self.max_factors + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: products of `level` linear forms without common divisors, which factor in one way only."""
        self.check_level(level)
        n_forms = n_directions(len(self.variables) + 1, self.max_coefficient)
        if level == 1:  # an integer of 2 or more before the form, and x or nothing
            return 2 * (self.max_coefficient - 1) * n_forms
        return comb(n_forms + level - 1, level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the factors, half of the time one of them repeated; a quarter of the longer tasks are two products."""
        self.check_level(level)
        sizes = [level]
        if level > 2 and rng.random() < 0.25:
            first = rng.randrange(1, level)
            sizes = [first, level - first]
        products = [self._draw(rng, size, monomial=level == 1) for size in sizes]
        if len(products) == 2 and rng.random() < 0.5:
            products[1] = _negated(products[1])
        if not total_of(products):
            products[1] = _negated(products[1])
        prompt = "+".join(map(write_product, products)).replace("+-", "-")
        answer, work = write_sum(total_of(products)), ";".join(_steps(products))
        task = Task(self.name, prompt, level, answer)
        return Solved(task, answer, work if len(work) <= MAX_CHARS else "")

    def parse(self, prompt: str) -> Task:
        """Read a sum of products; refused where nothing is multiplied, and where all cancels."""
        products, value = self._read(prompt)
        level = sum(power for product in products for terms, power in product.factors if len(terms) > 1)
        return Task(self.name, prompt, level, write_sum(value))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Multiply out and compare term by term."""
        try:
            _, value = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        found = read_sum(answer, self.variables) if len(answer) <= MAX_CHARS else None
        if found is None:
            return _NO_SUM
        return RIGHT if found == value else _ANOTHER

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The terms in another order."""
        terms = list((read_sum(solved.answer, self.variables) or {}).items())
        rng.shuffle(terms)
        return "+".join(write_sum({key: value}) for key, value in terms).replace("+-", "-")

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A term with the other sign, lost, or with a coefficient off by one."""
        terms = dict(read_sum(solved.answer, self.variables) or {})
        key = rng.choice(list(terms))
        value = terms.pop(key)
        wrong = rng.choice((-value, 0, value + 1, value - 1))
        return write_sum(terms | {key: wrong} if wrong else terms)

    def _draw(self, rng: Random, n_factors: int, *, monomial: bool) -> Product:
        drawn = [self._form(rng) for _ in range(n_factors)]
        if n_factors > 1 and rng.random() < 0.5:
            drawn[1] = drawn[0]
        factors = list[tuple[Terms, int]]()
        for form in drawn:
            if factors and factors[-1][0] == form:
                factors[-1] = (form, factors[-1][1] + 1)
            else:
                factors.append((form, 1))
        constant = 1
        if monomial or rng.random() < 0.2:
            constant = rng.randrange(2, self.max_coefficient + 1)
            if rng.random() < 0.5:
                factors.insert(0, ({1: 1}, 1))
        return Product(constant, tuple(factors))

    def _form(self, rng: Random) -> Terms:
        """A linear form with a positive first coefficient, or a quadratic in x now and then."""
        most = self.max_coefficient
        form = {1: rng.randrange(1, most + 1), 0: rng.randrange(1, most + 1) * (1 - 2 * rng.randrange(2))}
        kind = rng.random()
        if self.variables == "xy" and kind < 0.8:
            form[STRIDE] = rng.randrange(1, most + 1) * (1 - 2 * rng.randrange(2))
            if kind < 0.4:
                del form[0]
        elif kind >= 0.8:
            form[2] = rng.randrange(1, most + 1)
            if kind < 0.9:
                del form[1]
        return form

    def _read(self, prompt: str) -> tuple[list[Product], Terms]:
        """The products and their sum."""
        products = read_products(prompt, self.variables) if len(prompt) <= _LONGEST_PROMPT else None
        if products is None:
            raise MalformedTask("not a sum of products such as (x+2)*(3*x-1)**2")
        if max(map(degree_of, products)) > _MOST_DEGREE:
            raise MalformedTask(f"a degree above {_MOST_DEGREE}")
        if not any(map(_multiplies, products)):
            raise MalformedTask("nothing to multiply out")
        value = total_of(products)
        if not value:
            raise MalformedTask("everything cancels")
        if max(map(abs, value.values())) >= _LARGEST or len(write_sum(value)) > MAX_CHARS:
            raise MalformedTask("its expansion is too long")
        return products, value


def _negated(product: Product) -> Product:
    return Product(-product.constant, product.factors)


def _multiplies(product: Product) -> bool:
    """Whether a sum in parentheses meets another factor."""
    n_sums = sum(power for terms, power in product.factors if len(terms) > 1)
    n_others = (abs(product.constant) > 1) + sum(len(terms) == 1 for terms, _ in product.factors)
    return n_sums > 1 or (n_sums == 1 and n_others > 0)


def _steps(products: list[Product]) -> list[str]:
    """The value after each multiplication by a sum in parentheses, and after each product is added."""
    steps = list[str]()
    total: Terms = {}
    for product in products:
        value = multiplied(Product(product.constant, tuple(f for f in product.factors if len(f[0]) == 1)))
        n_sums = 0
        for terms, power in product.factors:
            for _ in range(power if len(terms) > 1 else 0):
                value, n_sums = times(value, terms), n_sums + 1
                if n_sums > 1 or len(product.factors) == 1 == power:
                    steps.append(write_sum(value))
        total = plus(total, value)
    if len(products) > 1 or not steps:
        steps.append(write_sum(total))
    return steps
