"""Coefficients of power series at 0.

Three tasks, at levels 1 to 3:

    [3]1/(1-2*x)                    answer 8
    [4]exp(3*x)/(1+x)               answer 11/8
    [5]sqrt(1+x)*exp(x**2)*cos(x)   answer 85/256

Cost: n sums of up to n products for each function and each product of them, one after the other; checking does the same
by machine: there is no asymmetry beyond that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb, factorial
from random import Random
from typing import ClassVar

from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.expression import (
    HALF,
    MINUS_ONE,
    ONE,
    Call,
    GrammarError,
    Name,
    Number,
    Power,
    Sum,
    Tree,
    multiply,
    nodes,
    number,
    power,
    symbols_of,
    text_of,
)
from envs.fingerprint import fingerprint
from envs.germs import series_of
from envs.grammar import parse
from envs.laurent import Exact, SeriesError, Vanishing, natural, shifted
from envs.numerals import NO_TASK, RIGHT, WRONG, read_fraction, write_fraction

_FUNCTIONS = frozenset({"exp", "log", "sqrt", "sin", "cos", "tan", "atan"})
_LONGEST_PROMPT = 120
_MOST_ORDER = 20
_SPARE_TERMS = (1, 6)  # beyond x**n; the second where poles cancel
_PROMPT = re.compile(r"\[([1-9][0-9]?)\]([^][]+)")
_NO_FRACTION = Verdict(Outcome.MALFORMED, "not an integer or a fraction such as -7/2")
_X = Name("x")
_FIRST_DRAWN = 2  # lowest coefficient that sampled tasks ask for
_LONGEST_ANSWER = 150
_SQUARES = (1, 4, 9)  # sqrt(4+x) has rational coefficients
_ROOTS = (Fraction(-1, 2), Fraction(1, 3), Fraction(-1, 3), Fraction(2, 3), Fraction(3, 2))


@dataclass(frozen=True)
class SeriesCoefficient(Env):
    """Find the coefficient of a power of x in the Taylor series of a function at 0; `[4]f` asks for that of x**4.

    A task's level is how many functions, roots, reciprocals of sums and other powers of sums it has. Functions are
    admitted whose coefficients are rational and found by series arithmetic; removable singularities are no hindrance.
    A coefficient that is 0 is no task, nor is one of a polynomial in which nothing is to be multiplied out.

    Attributes:
        max_parts: Most factors and compositions of a sampled function.
        max_order: Highest power of x whose coefficient is asked for.
        max_coefficient: Largest size of a number in a sampled function.
    """

    max_parts: int = 3
    max_order: int = 6
    max_coefficient: int = 9

    name: ClassVar[str] = "math/series_coefficient"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+-*/()[];" + "acegilnopqrstx"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: n**2/2 products in order for each function of n terms; checking: the same"

    def __post_init__(self) -> None:
        if not 1 <= self.max_parts <= 5:
            raise ValueError(f"max_parts={self.max_parts}: use 1 to 5")
        if not _FIRST_DRAWN <= self.max_order <= 12:
            raise ValueError(f"max_order={self.max_order}: use {_FIRST_DRAWN} to 12")
        if not 1 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 1 to 99")

    @property
    def levels(self) -> range:
        """Functions, roots, reciprocals of sums and other powers of sums."""
        return range(1, self.max_parts + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: products of factors 1/(1-a*x), told apart by their poles, at even powers of x.

        These coefficients are complete symmetric polynomials of even degree, which are positive (Hunter 1977). With
        b*x in front they are those of odd powers.
        """
        self.check_level(level)
        n_products = comb(2 * self.max_coefficient + level - 1, level)
        return int(n_products) * (self.max_order // 2 + 2 * self.max_coefficient * ((self.max_order - 1) // 2))

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw parts that are multiplied or put into each other, then a power of x with a coefficient other than 0."""
        self.check_level(level)
        if rng.random() < 0.2:
            tree = self._geometric([_nonzero(rng, self.max_coefficient) for _ in range(level)])
        else:
            tree = self._draw(rng, level)
        terms = _terms(tree, self.max_order)
        orders = [n for n in range(_FIRST_DRAWN, self.max_order + 1) if terms[n]]
        if not orders:  # as for sin(x**7); these coefficients are powers of 2 and multiples
            tree = self._geometric([2 if self.max_coefficient > 1 else 1] * level)
            terms, orders = _terms(tree, self.max_order), [_FIRST_DRAWN]
        n = rng.choice(orders)
        work = ";".join(str(term) for term in terms[: n + 1])
        return Solved(self.parse(f"[{n}]{text_of(tree)}"), str(terms[n]), work if len(work) <= MAX_CHARS else "")

    def parse(self, prompt: str) -> Task:
        """Read `[3]1/(1-2*x)`; refused unless the coefficient is found exactly and is not 0."""
        return _read(prompt)[0]

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the coefficient by series arithmetic."""
        try:
            terms = _read(task.prompt)[1]
        except MalformedTask:
            return NO_TASK
        found = read_fraction(answer)
        if found is None:
            return _NO_FRACTION
        return RIGHT if found == terms[-1].as_integer_ratio() else WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The same fraction, not in lowest terms."""
        numerator, denominator = _read(solved.task.prompt)[1][-1].as_integer_ratio()
        k = rng.randint(2, 5)
        return f"{k * numerator}/{k * denominator}"

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The coefficient next to it, the value of the derivative, the other sign, or one more."""
        terms = _read(solved.task.prompt)[1]
        right, n = Fraction(terms[-1]), len(terms) - 1
        wrong = [terms[-2], right * factorial(n), -right, right + 1]
        return write_fraction(*rng.choice([value for value in wrong if value != right]).as_integer_ratio())

    def _draw(self, rng: Random, n_parts: int) -> Tree:
        """A product of parts, or one part of another, now and then times a binomial."""
        most = self.max_coefficient
        parts = list[Tree]()
        remaining = n_parts
        while remaining:
            argument = multiply((number(_nonzero(rng, most)), power(_X, number(rng.choice((1, 1, 1, 2))))))
            if remaining > 1 and rng.random() < 0.4:
                argument = Call(rng.choice(_INNER), argument)
                remaining -= 1
            parts.append(_part(rng, argument))
            remaining -= 1
        if rng.random() < 0.25:
            slope = multiply((number(_nonzero(rng, most)), _X))
            parts.insert(0, Sum((slope, number(_nonzero(rng, most)))) if rng.random() < 0.5 else slope)
        return multiply(parts)

    def _geometric(self, ratios: list[int]) -> Tree:
        return multiply(Power(_one_plus(multiply((number(-ratio), _X))), MINUS_ONE) for ratio in ratios)


_INNER = ("sin", "tan", "atan")
_OUTER = ("exp", "exp", "sin", "cos", "tan", "atan")


def _part(rng: Random, argument: Tree) -> Tree:
    """A function, logarithm, root or reciprocal of an argument that is 0 at 0."""
    kind = rng.randrange(10)
    if kind < 5:
        return Call(rng.choice(_OUTER), argument)
    if kind == 5:
        return Call("log", _one_plus(argument))
    base = rng.choice(_SQUARES) if kind == 6 else 1
    if kind < 8:
        return Power(Sum((number(base), argument)), HALF if kind == 6 else Number(rng.choice(_ROOTS)))
    return Power(_one_plus(argument), number(-rng.choice((1, 1, 2, 3))))


def _one_plus(tree: Tree) -> Tree:
    return Sum((ONE, tree))


def _nonzero(rng: Random, most: int) -> int:
    return rng.randint(1, most) * rng.choice((-1, 1))


def _terms(tree: Tree, order: int) -> tuple[Exact, ...]:
    """The coefficients up to an order.

    Raises:
        SeriesError: The function has no such series, or too many terms cancel to see it.
    """
    for spare in _SPARE_TERMS:
        try:
            series = series_of(tree, "x", shifted(0, 1, order + spare))
        except Vanishing:
            continue
        if series.order + len(series.terms) > order:
            terms = natural(series)
            return (*terms, *(0,) * (order + 1 - len(terms)))[: order + 1]
    raise SeriesError("too many terms cancel")


@lru_cache(maxsize=4096)  # a prompt is verified once for every answer to it
def _read(prompt: str) -> tuple[Task, tuple[Exact, ...]]:
    """The task of a prompt, and the coefficients up to the one asked for."""
    if len(prompt) > _LONGEST_PROMPT:
        raise MalformedTask(f"longer than {_LONGEST_PROMPT} characters")
    match = _PROMPT.fullmatch(prompt)
    if match is None or int(match[1]) > _MOST_ORDER or " " in prompt:
        raise MalformedTask(f"not of the form [3]exp(x)/(1-x), with a number from 1 to {_MOST_ORDER}")
    try:
        tree = parse(match[2], symbols="x", functions=_FUNCTIONS)
        level = sum(map(_is_part, nodes(tree)))
        if "x" not in symbols_of(tree) or not level:
            raise MalformedTask("a polynomial, or a constant")
        if any(map(_turns_at_0, nodes(tree))):
            raise MalformedTask("a root of something that is 0 or infinite at 0")
        terms = _terms(tree, int(match[1]))
    except (GrammarError, SeriesError) as problem:
        raise MalformedTask(str(problem)) from None
    if not terms[-1]:
        raise MalformedTask("the coefficient is 0")
    name = fingerprint(tree)
    if not name or len(str(terms[-1])) > _LONGEST_ANSWER:
        raise MalformedTask("no value at any point tried, or a coefficient that is too long")
    return Task(SeriesCoefficient.name, prompt, level, f"[{match[1]}]{name}"), terms


def _turns_at_0(node: Tree) -> bool:
    """Whether it is a root that has other series on the two sides of 0: sqrt(x**2) is x on one and -x on the other."""
    match node:
        case Power(base, Number(exponent)) if exponent.denominator > 1:
            return not natural(series_of(base, "x", shifted(0, 1, 2)))[0]
        case _:
            return False


def _is_part(node: Tree) -> bool:
    match node:
        case Call() | Power(Sum()):
            return True
        case Power(_, Number(exponent)):
            return exponent.denominator > 1
        case Power():
            return True
        case _:
            return False
