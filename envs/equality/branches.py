"""Where two expressions may part: the trees whose sign decides which branch a root, a logarithm or `Abs` takes.

`sqrt(g**2)` is g where g is not negative, and g may be negative in a region that no random point hits. Before points
alone are believed, the sign of every such g is settled: by the range its form allows, exactly where g is a rational
function of one symbol, or by finding both signs. A g that shows one sign at every point and is not settled leaves a
comparison undecided.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

from envs.equality.backend import RIGOROUS, Evaluator, sign_of
from envs.equality.comparison import Domain
from envs.equality.evaluation import NoValue
from envs.equality.points import Point, random_fraction
from envs.equality.residues import degree_bound
from envs.equality.signs import is_positive
from envs.expression import (
    MINUS_ONE,
    ONE,
    Call,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    multiply,
    nodes,
    power,
    symbols_of,
)

N_POINTS = 240
_BITS = 64
_OCTAVES = range(-12, 18)
_LARGEST_DEGREE = 40
_MOST_CELLS = 40

Interval = tuple[float, float]
_ALL: Interval = (-math.inf, math.inf)
_OF_SIGN = ("Abs", "sign", "log", "acot", "Ei", "li", "Ci", "Chi")
_OF_ONE = ("asin", "acos", "acosh", "atanh", "asec", "acsc", "acoth", "asech")
_RANGES: Mapping[str, Interval] = {
    "sin": (-1, 1), "cos": (-1, 1), "tanh": (-1, 1), "erf": (-1, 1), "exp": (0, math.inf), "cosh": (1, math.inf),
    "sech": (0, 1), "Abs": (0, math.inf), "sign": (-1, 1), "atan": (-2, 2), "erfc": (0, 2), "acos": (0, 4),
    "acosh": (0, math.inf), "asin": (-2, 2),
}  # fmt: skip
_KEEP_SIGN = {"sinh", "tanh", "atan", "asinh", "erf", "erfi", "sign"}


@dataclass(frozen=True)
class Survey:
    """What is known of the signs.

    Attributes:
        points: One of each combination of signs that was found.
        unsettled: A tree whose sign may change where nobody looked, if there is one.
    """

    points: tuple[Point, ...]
    unsettled: Tree | None


def survey(gold: Tree, answer: Tree, domains: Mapping[str, Domain], rng: Random, deadline: float) -> Survey:
    """Settle the signs that the branches of two trees depend on, over real symbols.

    Raises:
        OutOfTime: The deadline passed.
    """
    open_trees: list[Tree] = []
    edges: set[Fraction] = set()
    for tree in dict.fromkeys((*turning(gold), *turning(answer))):
        low, high = range_of(tree, domains)
        if low >= 0 or high <= 0 or is_positive(tree, domains) or not symbols_of(tree):
            continue
        found = _edges(tree, domains) if RIGOROUS else None
        if found is None:
            open_trees.append(tree)
        else:
            edges |= found
    points = _cells(sorted(edges), domains, rng)
    if not open_trees:
        return Survey(tuple(points[:_MOST_CELLS]), None)
    combinations: dict[tuple[int, ...], Point] = {}
    seen: list[set[int]] = [set() for _ in open_trees]
    for index in range(N_POINTS):
        point = _spread_point(domains, index, rng)
        signs = tuple(_sign_at(Evaluator(point, _BITS, deadline), tree) for tree in open_trees)
        combinations.setdefault(signs, point)
        for known, sign in zip(seen, signs, strict=True):
            known.add(sign)
    points += combinations.values()
    for tree, known in zip(open_trees, seen, strict=True):
        if not {1, -1} <= known:
            return Survey(tuple(points[:_MOST_CELLS]), tree)
    return Survey(tuple(points[:_MOST_CELLS]), None)


def turning(tree: Tree) -> Iterator[Tree]:
    """The trees whose sign chooses a branch somewhere in a tree, taken apart into factors."""
    has_angle = any(isinstance(node, Call) and node.function in ("atan", "acot") for node in nodes(tree))
    for node in nodes(tree):
        match node:
            case Call(function, argument) if function in _OF_SIGN:
                yield from _factors(argument)
            case Call(function, argument) if function in _OF_ONE:
                yield from _factors(add((ONE, multiply((MINUS_ONE, _squared(argument))))))
            case Power(base, Number(exponent)):
                if exponent.denominator > 1 or (exponent < 0 and has_angle):  # atan(1/x) jumps where x turns
                    yield from _factors(base)
            case Power(base, _):
                yield from _factors(base)


def _factors(tree: Tree) -> Iterator[Tree]:
    """The tree and its factors, powers left out: those of a square turn unseen, and two may turn side by side."""
    match tree:
        case Number() | Call("exp", _):
            return
        case Product(factors):
            bare = [part.base if isinstance(part, Power) else part for part in factors]
            yield multiply(bare)
            for factor in bare:
                yield from _factors(factor)
        case Power(base, _):
            yield from _factors(base)
        case _:
            yield tree


def _squared(tree: Tree) -> Tree:
    """The square, factor by factor: that of x/sqrt(x**2+1) is a rational function."""
    match tree:
        case Product(factors):
            return multiply(_squared(factor) for factor in factors)
        case Power(base, Number(exponent)):
            return power(base, Number(2 * exponent))
        case _:
            return power(tree, Number(Fraction(2)))


def range_of(tree: Tree, domains: Mapping[str, Domain]) -> Interval:
    """An interval that holds every real value of a tree, as far as its form says."""
    match tree:
        case Number(value):
            return float(value), float(value)
        case Name(name):
            if name == "pi":
                return 3.0, 4.0
            return (0.0 if domains.get(name) in ("positive", "nonneg-int") else -math.inf), math.inf
        case Sum(terms):
            ranges = [range_of(term, domains) for term in terms]
            # Sums of floats are rounded: a part in 10**12 is more than that, and exact zeros stay.
            low, high = sum(r[0] for r in ranges), sum(r[1] for r in ranges)
            size = sum(abs(bound) for r in ranges for bound in r if math.isfinite(bound)) * 1e-12
            exact = all(bound == int(bound) for r in ranges for bound in r if math.isfinite(bound))
            return (low, high) if exact else (low - size, high + size)
        case Product(factors):
            result: Interval = (1.0, 1.0)
            for factor, count in Counter(factors).items():  # x*x is a square
                result = _product(result, _power(range_of(factor, domains), Fraction(count)))
            return result
        case Power(base, Number(exponent)):
            return _power(range_of(base, domains), exponent)
        case Power(base, _):
            return (0.0, math.inf) if range_of(base, domains)[0] >= 0 else _ALL
        case Call(function, argument):
            low, high = _RANGES.get(function, _ALL)
            if function in _KEEP_SIGN:
                inner = range_of(argument, domains)
                low, high = (max(low, 0.0) if inner[0] >= 0 else low), (min(high, 0.0) if inner[1] <= 0 else high)
            return low, high


def _product(first: Interval, second: Interval) -> Interval:
    corners = [0.0 if 0.0 in (a, b) else a * b for a in first for b in second]
    slack = 1 + 1e-12
    low, high = min(corners), max(corners)
    return low * (slack if low < 0 else 1 / slack), high * (slack if high > 0 else 1 / slack)


def _power(base: Interval, exponent: Fraction) -> Interval:
    if exponent == 1:
        return base
    if exponent.denominator > 1:
        return 0.0, math.inf  # where it is real at all
    if exponent.numerator % 2 == 0:
        return 0.0, math.inf
    return (0.0 if base[0] >= 0 else -math.inf), (0.0 if base[1] <= 0 else math.inf)


def _cells(edges: list[Fraction], domains: Mapping[str, Domain], rng: Random) -> list[Point]:
    """A point between neighbouring edges, and one beyond them on each side."""
    if not edges:
        return []
    # Random points: (log(sqrt(x)))**2 is real at x = -1 and nowhere near it.
    inside = [a + (b - a) * random_fraction(rng) for a, b in pairwise(edges)]
    outer = [edges[0] - random_fraction(rng), edges[-1] + random_fraction(rng)]
    (name,) = domains
    return [{name: (value, Fraction(0))} for value in (*outer, *inside)]


def _edges(tree: Tree, domains: Mapping[str, Domain]) -> set[Fraction] | None:
    """Where a rational function of the one real symbol may change its sign; None for other trees."""
    if len(domains) != 1 or set(domains.values()) != {"real"} or degree_bound(tree) > _LARGEST_DEGREE:
        return None
    ratio = _rational(tree)
    if ratio is None:
        return None
    return {edge for part in ratio if part.degree() > 0 for edge in _root_edges(part)}


def _root_edges(polynomial: Any) -> list[Fraction]:
    """Rational bounds on both sides of every real root."""
    edges = []
    for root, _ in polynomial.numer().complex_roots():
        if root.imag.contains(0):
            for bound in (root.real.lower(), root.real.upper()):
                mantissa, exponent = bound.man_exp()
                edges.append(Fraction(int(mantissa)) * Fraction(2) ** int(exponent))
    return edges


def _rational(tree: Tree) -> tuple[Any, Any] | None:
    """Numerator and denominator as polynomials in the tree's one symbol."""
    import flint

    one = flint.fmpq_poly([1])
    match tree:
        case Number(value):
            return flint.fmpq_poly([flint.fmpq(value.numerator, value.denominator)]), one
        case Name("pi" | "I"):
            return None
        case Name():
            return flint.fmpq_poly([0, 1]), one
        case Sum(parts) | Product(parts):
            total = (flint.fmpq_poly([0]), one) if isinstance(tree, Sum) else (one, one)
            for part in parts:
                ratio = _rational(part)
                if ratio is None:
                    return None
                (a, b), (c, d) = total, ratio
                total = (a * d + c * b, b * d) if isinstance(tree, Sum) else (a * c, b * d)
            return total
        case Power(base, Number(exponent)) if exponent.denominator == 1:
            ratio = _rational(base)
            if ratio is None or (exponent < 0 and not ratio[0]):
                return None
            above, below = ratio if exponent > 0 else ratio[::-1]
            return above ** abs(exponent.numerator), below ** abs(exponent.numerator)
        case _:
            return None


def _spread_point(domains: Mapping[str, Domain], index: int, rng: Random) -> Point:
    """A point whose coordinates have sizes from 2**-12 to 2**17."""
    point = {}
    for position, (name, domain) in enumerate(sorted(domains.items())):
        octave = _OCTAVES[(index // 2 if position == 0 else rng.randrange(len(_OCTAVES))) % len(_OCTAVES)]
        value = Fraction(2) ** octave * (1 + random_fraction(rng))
        if domain == "nonneg-int":
            value = Fraction(math.floor(value))
        elif domain == "real" and (index if position == 0 else rng.getrandbits(1)) % 2:
            value = -value
        point[name] = value, Fraction(0)
    return point


def _sign_at(evaluator: Evaluator, tree: Tree) -> int:
    """1 or -1; 0 where it is 0, not real or has no value."""
    try:
        return sign_of(evaluator.value(tree))
    except NoValue:
        return 0
