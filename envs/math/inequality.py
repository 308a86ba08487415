"""Inequalities in x: polynomials, quotients and absolute values; the answer is the set of all solutions.

Four tasks, at levels 1 to 4:

    3*x-1>=x+5              answer [3,oo)
    x**2-x-1<0              answer ((1-sqrt(5))/2,(1+sqrt(5))/2)
    (x**2-4)/(x-1)<=0       answer (-oo,-2]U(1,2]
    Abs(x**2-5*x+5)>1       answer (-oo,1)U(2,3)U(4,oo)

Sets are spelled as in `envs.equality`: `{}`, `{2,3}`, `(-oo,2)U[3,5]`, `(-oo,oo)`.

Cost: solving factors, orders the n critical points and finds a sign between any two of them; checking does the same by
machine, then compares sets, n end points: there is no asymmetry beyond that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import comb, gcd, isqrt
from random import Random
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from envs.algebra import (
    Product,
    Surd,
    Terms,
    degree,
    degree_of,
    lines,
    multiplied,
    plus,
    primitive,
    rank_of,
    read_products,
    read_quotient,
    read_surd,
    real_roots,
    signs,
    sparse,
    times,
    total_of,
    write_product,
    write_quotient,
    write_sum,
    write_surd,
)
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.numerals import NO_TASK, RIGHT

_Cut: TypeAlias = tuple[int, int]
"""A place between numbers: just before (0) or just after (1) the number with this rank."""
_Region: TypeAlias = tuple[tuple[_Cut, _Cut], ...]
"""Disjoint and ascending: `[2,3)` lies between the cuts before 2 and before 3, `{2}` between those around 2."""

_LONGEST_PROMPT = 200
_MOST_DEGREE = 12
_LARGEST = 10**12
_END = (1 << 1_200, 0)  # beyond the rank of every number
_START = (-_END[0], 0)

_QUESTION = re.compile(r"([^<>=]+)(<=|>=|<|>)([^<>=]+)")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}

_NO_SET = Verdict(Outcome.MALFORMED, "not a set such as (-oo,2)U[3,5], {2,3}, (-oo,oo) or {}")
_ANOTHER = Verdict(Outcome.INCORRECT, "another set", tier="exact")


class _Question(NamedTuple):
    """`first`, or the quotient first/second, compared with 0; or |P| with R, where first is P-R and second is P+R."""

    kind: Literal["polynomial", "quotient", "absolute"]
    relation: str
    first: Terms
    second: Terms
    canonical: str


@dataclass(frozen=True)
class Inequality(Env):
    """Find all real x for which an inequality holds.

    A task's level is the number of its critical points: where both sides are equal or the left one is undefined. End
    points are fractions or, where a quadratic makes them, (p+s*sqrt(n))/q; inequalities with others are refused.
    Multiples of an inequality, and the same with terms or sides swapped, are one question.

    Attributes:
        max_points: Most critical points of a sampled task.
        max_coefficient: Largest size of the coefficients of a sampled linear factor.
    """

    max_points: int = 4
    max_coefficient: int = 9

    name: ClassVar[str] = "math/inequality"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789x+-*/()[]{},<>=UosqrtAb"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: a factorisation and n+1 signs for n critical points; checking: the same, by machine, and 2n compared"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_points <= 5:
            raise ValueError(f"max_points={self.max_points}: use 1 to 5")
        if not 3 <= self.max_coefficient <= 20:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 3 to 20")

    @property
    def levels(self) -> range:
        """Critical points."""
        return range(1, self.max_points + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: sets of as many rational points, each a root once, times four relations."""
        self.check_level(level)
        return 4 * comb(len(lines(self.max_coefficient)), level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw the critical points, then how they come about."""
        self.check_level(level)
        factors = self._factors(rng, level)
        relation = rng.choice(("<", "<=", ">", ">="))
        kind = rng.random()
        if level == 1 or kind < 0.4:
            prompt = _written_polynomial(rng, factors, relation)
        elif kind < 0.7:
            prompt = _written_quotient(rng, factors, relation)
        else:
            prompt = _written_absolute(rng, factors, relation)
        question = _read(prompt)
        region, points = _solution(question)
        names = {rank: write_surd(number) for rank, number in points.items()}
        task = Task(self.name, prompt, len(points), question.canonical)
        return Solved(task, _written(region, names), ",".join(names[rank] for rank in sorted(names)))

    def parse(self, prompt: str) -> Task:
        """Read `P<Q`, `(P)/(Q)<R` or `Abs(P)<R` with any relation; refused where a critical point is no such number."""
        question = _read(prompt)
        _, points = _solution(question)
        return Task(self.name, prompt, len(points), question.canonical)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare the set with the solutions, end point by end point."""
        try:
            region, _ = _solution(_read(task.prompt))
        except MalformedTask:
            return NO_TASK
        found = _region_of(answer) if len(answer) <= MAX_CHARS else None
        if found is None:
            return _NO_SET
        return RIGHT if found == region else _ANOTHER

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The pieces in another order."""
        pieces = solved.answer.split("U")
        rng.shuffle(pieces)
        return "U".join(pieces)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A critical point, or all between two of them, wrongly in or out."""
        region, points = _solution(_read(solved.task.prompt))
        wrong = rng.randrange(2 * len(points) + 1)
        cells = [
            (low, high)
            for index, (low, high) in enumerate(_cells(sorted(points)))
            if any(start <= low and high <= end for start, end in region) != (index == wrong)
        ]
        return _written(_merged(cells), {rank: write_surd(number) for rank, number in points.items()})

    def _factors(self, rng: Random, level: int) -> list[Terms]:
        """Linear polynomials with different roots; instead of two of them, now and then, one with two surds."""
        every = lines(self.max_coefficient)
        drawn, found = set[int](), list[Terms]()
        if level > 1 and rng.random() < 0.2:
            found.append(sparse(rng.choice(_surd_quadratics(self.max_coefficient))))
        while len(found) + (found != [] and max(found[0]) == 2) < level:
            # Half of the roots are integers: the first lines have x alone.
            index = rng.randrange(len(every) if rng.random() < 0.5 else 2 * self.max_coefficient + 1)
            while index in drawn:
                index = (index + 1) % len(every)
            drawn.add(index)
            found.append(sparse(every[index]))
        return found


def _written_polynomial(rng: Random, factors: list[Terms], relation: str) -> str:
    """As a product, multiplied out, or with a part of it on the right; now and then a factor is squared."""
    squared = rng.randrange(len(factors)) if len(factors) > 1 and rng.random() < 0.2 else -1
    powers = [2 if index == squared else 1 for index in range(len(factors))]
    product = Product(rng.choice((1, 1, 1, 2, -1)), tuple(zip(factors, powers, strict=True)))
    if len(factors) > 1 and rng.random() < 0.25:
        return f"{write_product(product)}{relation}0"
    right = {0: rng.randrange(-9, 10), 1: rng.randrange(-9, 10)} if rng.random() < 0.5 else {}
    left = plus(multiplied(product), right)
    return f"{write_sum(left)}{relation}{write_sum({key: value for key, value in right.items() if value})}"


def _written_quotient(rng: Random, factors: list[Terms], relation: str) -> str:
    """Some of the points below the line; a number on the right, which the numerator makes up for."""
    n_above = rng.randrange(len(factors))
    above = multiplied(Product(rng.choice((1, 1, 2, -1)), tuple((terms, 1) for terms in factors[:n_above])))
    below = multiplied(Product(1, tuple((terms, 1) for terms in factors[n_above:])))
    right = rng.randrange(-4, 5) if rng.random() < 0.5 else 0
    return f"{write_quotient(plus(above, below, right), below)}{relation}{right}"


def _written_absolute(rng: Random, factors: list[Terms], relation: str) -> str:
    """|P| against R such that P-R has some of the points, and P+R the others."""
    if len(factors) == 1:  # a quadratic, of which there are no two parts
        first, second = {1: 1, 0: -rng.randrange(1, 10)}, {1: 1, 0: rng.randrange(1, 10)}
    else:
        half = rng.randrange(1, len(factors))
        first, second = (
            multiplied(Product(1, tuple((terms, 1) for terms in part))) for part in (factors[:half], factors[half:])
        )
    if len(factors) == 2 and max(first) == max(second) == 1 and rng.random() < 0.5:
        second = plus(first, {0: 2 * rng.randrange(1, 10)})
    p, r = plus(first, second), plus(second, first, -1)
    if all(value % 2 == 0 for terms in (p, r) for value in terms.values()):
        p, r = ({key: value // 2 for key, value in terms.items()} for terms in (p, r))
    return f"Abs({write_sum(p)}){relation}{write_sum(r)}"


def _read(prompt: str) -> _Question:
    match = _QUESTION.fullmatch(prompt) if len(prompt) <= _LONGEST_PROMPT else None
    if match is None:
        raise MalformedTask("not of the form P<Q with one of <, <=, >, >=")
    left, relation, right = match.groups()
    other = _read_side(right)
    if left.startswith("Abs(") and left.endswith(")"):
        inside = _read_side(left[4:-1])
        if not degree(inside):
            raise MalformedTask("no x in Abs")
        return _absolute(inside, relation, other)
    quotient = read_quotient(left) if "/" in left else None
    if quotient is not None:
        return _quotient(*quotient, relation, other)
    return _polynomial(plus(_read_side(left), other, -1), relation)


def _read_side(text: str) -> Terms:
    products = read_products(text) if text != "0" else []
    if products is None or any(degree_of(product) > _MOST_DEGREE for product in products):
        raise MalformedTask(f"not a polynomial in x of a degree up to {_MOST_DEGREE}, nor a quotient or Abs of one")
    return total_of(products)


def _polynomial(terms: Terms, relation: str) -> _Question:
    _check(terms)
    terms, sign = primitive(terms)
    relation = relation if sign > 0 else _MIRRORED[relation]
    return _Question("polynomial", relation, terms, {0: 1}, f"{write_sum(terms)}{relation}0")


def _quotient(above: Terms, below: Terms, relation: str, right: Terms) -> _Question:
    _check(below)
    if degree(below) + max(degree(above), degree(right)) > _MOST_DEGREE:
        raise MalformedTask(f"a degree above {_MOST_DEGREE}")
    first = plus(above, times(below, right), -1)
    if not first:
        raise MalformedTask("both sides are the same")
    (first, sign), (second, other_sign) = primitive(first), primitive(below)
    _check(first, 0)
    relation = relation if sign * other_sign > 0 else _MIRRORED[relation]
    text = f"({write_sum(first)})/({write_sum(second)}){relation}0"
    return _Question("quotient", relation, first, second, text)


def _absolute(inside: Terms, relation: str, right: Terms) -> _Question:
    divisor = gcd(*inside.values(), *right.values())
    if inside[max(inside)] < 0:
        inside = {key: -value for key, value in inside.items()}
    inside, right = ({key: value // divisor for key, value in terms.items()} for terms in (inside, right))
    first, second = plus(inside, right, -1), plus(inside, right)
    for terms in (first, second):
        _check(terms, 0)
    return _Question("absolute", relation, first, second, f"Abs({write_sum(inside)}){relation}{write_sum(right)}")


def _check(terms: Terms, least: int = 1) -> None:
    if degree(terms) < least:
        raise MalformedTask("no x is left, or none below the line")
    if max(map(abs, terms.values()), default=0) >= _LARGEST:
        raise MalformedTask("a coefficient of more than 12 digits")


def _solution(question: _Question) -> tuple[_Region, dict[int, Surd]]:
    """The solutions, and the critical points by rank.

    Raises:
        MalformedTask: A critical point is neither rational nor a root of a quadratic, or too large.
    """
    kind, relation, first, second, _ = question
    numbers = dict[int, Surd]()
    counts = [_roots(terms, numbers) for terms in (first, second)]
    ranks = sorted(numbers)
    pairs = zip(
        *(signs(terms, count, ranks) for terms, count in zip((first, second), counts, strict=True)), strict=True
    )
    cells = zip(_cells(ranks), pairs, strict=True)
    return _merged([cell for cell, pair in cells if _holds(kind, relation, *pair)]), numbers


def _cells(ranks: Sequence[int]) -> list[tuple[_Cut, _Cut]]:
    """What lies on the left of all ranks, the first of them, what lies behind it, and so on."""
    return list(pairwise([_START, *((rank, side) for rank in ranks for side in (0, 1)), _END]))


def _holds(kind: str, relation: str, first: int, second: int) -> bool:
    """Whether the inequality holds where its polynomials have these signs."""
    if kind == "polynomial":
        return _compares(first, relation)
    if kind == "quotient":
        return second != 0 and _compares(first * second, relation)
    # |P| < R where P - R < 0 < P + R; |P| > R where P - R > 0 or P + R < 0.
    here, there = _compares(first, relation), _compares(-second, relation)
    return (here and there) if relation[0] == "<" else (here or there)


def _compares(sign: int, relation: str) -> bool:
    """Whether a number of this sign is in the relation to 0."""
    return (sign == 0 and relation[-1] == "=") or sign == (-1 if relation[0] == "<" else 1)


def _roots(terms: Terms, numbers: dict[int, Surd]) -> dict[int, int]:
    """The real roots, by rank, with their multiplicities; adds them to `numbers`."""
    try:
        roots = real_roots(terms)
    except ValueError as problem:
        raise MalformedTask(str(problem)) from None
    ranked = {rank_of(root): (root, power) for root, power in roots}
    numbers.update({rank: root for rank, (root, _) in ranked.items()})
    return {rank: power for rank, (_, power) in ranked.items()}


def _merged(cells: Sequence[tuple[_Cut, _Cut]]) -> _Region:
    """Pieces in any order as disjoint ones that do not touch."""
    merged = list[tuple[_Cut, _Cut]]()
    for low, high in sorted(cells):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _written(region: _Region, names: dict[int, str]) -> str:
    """A set as text; points beside each other share their braces."""
    pieces = list[str]()
    for (low, low_side), (high, high_side) in region:
        if low == high:
            if pieces and pieces[-1][0] == "{":
                pieces[-1] = f"{pieces[-1][:-1]},{names[low]}}}"
            else:
                pieces.append(f"{{{names[low]}}}")
            continue
        start = "(-oo" if low == _START[0] else f"{'(' if low_side else '['}{names[low]}"
        end = "oo)" if high == _END[0] else f"{names[high]}{']' if high_side else ')'}"
        pieces.append(f"{start},{end}")
    return "U".join(pieces) or "{}"


def _region_of(text: str) -> _Region | None:
    """The set that a text spells; None where it spells none. Bound its length first."""
    if text == "{}":
        return ()
    pieces = list[tuple[_Cut, _Cut]]()
    for piece in text.split("U"):
        bounds, inside = piece[:1] + piece[-1:], piece[1:-1].split(",")
        if bounds == "{}":
            cuts = [(_cut(part, 0), _cut(part, 1)) for part in inside]
        elif len(inside) == 2 and bounds in ("()", "(]", "[)", "[]"):
            low = _START if bounds[0] + inside[0] == "(-oo" else _cut(inside[0], int(bounds[0] == "("))
            high = _END if inside[1] + bounds[1] == "oo)" else _cut(inside[1], int(bounds[1] == "]"))
            cuts = [(low, high)]
        else:
            return None
        for low, high in cuts:
            if low is None or high is None or (low[0] >= high[0] and bounds != "{}"):
                return None
            pieces.append((low, high))
    return _merged(pieces)


def _cut(text: str, side: int) -> _Cut | None:
    number = read_surd(text)
    return None if number is None else (rank_of(number), side)


@lru_cache(maxsize=8)
def _surd_quadratics(largest: int) -> tuple[tuple[int, int, int], ...]:
    """All x^2+bx+c with two roots that are not rational."""
    either = range(-largest, largest + 1)
    found = [(c, b, b * b - 4 * c) for b in either for c in either if b * b > 4 * c]
    return tuple((c, b, 1) for c, b, discriminant in found if isqrt(discriminant) ** 2 != discriminant)
