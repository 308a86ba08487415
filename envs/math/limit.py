"""Limits at a point, from one side of it, and at infinity.

Four tasks, at levels 1 to 4:

    (x**2-1)/(x-1)@1            answer 2
    sin(3*x)/(2*x)@0            answer 3/2
    (1+2/x)**(3*x)@oo           answer exp(6)
    (exp(2*x)-1)/sin(3*x)@0     answer 2/3

Cost: solving needs the first terms of each part that do not cancel, found by hand one order at a time; checking expands
in exact Laurent series by machine, 0.1 to 1 ms for a prompt, and compares two numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from random import Random
from typing import ClassVar, NamedTuple, TypeAlias

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.expression import (
    HALF,
    ONE,
    Call,
    GrammarError,
    Name,
    Number,
    Power,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    negate,
    nodes,
    number,
    power,
    symbols_of,
    text_of,
)
from envs.fingerprint import fingerprint
from envs.germs import constant_of, germ_of, limit_of, mirrored
from envs.grammar import parse
from envs.laurent import Exact, Laurent, SeriesError, Vanishing, shifted
from envs.numerals import NO_TASK, RIGHT
from envs.polynomial import Polynomial, product_of, tree_of

Value: TypeAlias = tuple[Fraction, Exact] | int
"""c and r of c*exp(r), or 1 or -1 for infinities of these signs."""


class _Part(NamedTuple):
    """A function of u that begins with coefficient*u**order.

    Attributes:
        order: The exponent of its first term.
        coefficient: The number before it.
        build: The function of a tree.
    """

    order: int
    coefficient: Fraction
    build: Callable[[Tree], Tree]


def _called(function: str) -> Callable[[Tree], Tree]:
    return lambda u: Call(function, u)


_PARTS = (
    *(_Part(1, Fraction(1), _called(function)) for function in ("sin", "tan", "atan", "asin")),
    _Part(1, Fraction(1), lambda u: add((Call("exp", u), number(-1)))),
    _Part(1, Fraction(1), lambda u: Call("log", add((u, ONE)))),
    _Part(1, Fraction(1, 2), lambda u: add((power(add((u, ONE)), HALF), number(-1)))),
    _Part(2, Fraction(1, 2), lambda u: Sum((ONE, negate(Call("cos", u))))),
    _Part(2, Fraction(1, 2), lambda u: add((Call("exp", u), negate(u), number(-1)))),
    _Part(2, Fraction(1, 2), lambda u: add((u, negate(Call("log", add((u, ONE))))))),
    _Part(3, Fraction(1, 6), lambda u: add((u, negate(Call("sin", u))))),
    _Part(3, Fraction(1, 3), lambda u: add((Call("tan", u), negate(u)))),
)
_SINE = _PARTS[0]

_FUNCTIONS = frozenset({"exp", "log", "sqrt", "sin", "cos", "tan", "atan", "asin"})
_LONGEST_PROMPT = 120
_LONGEST_ANSWER = 200
_N_TERMS = (4, 10, 30)  # the later ones where more terms cancel
_POINT = re.compile(r"oo|-oo|((?:0|-?[1-9][0-9]{0,5})(?:/[1-9][0-9]{0,5})?)([-+]?)")
_WRONG = Verdict(Outcome.INCORRECT, "another value", tier="exact")
_MOST_LEVEL = 4
_FARTHEST = 4  # points of sampled tasks lie in -4 to 4
_X = Name("x")


@dataclass(frozen=True)
class Limit(Env):
    """Find the limit of a function of x at a point, or as x grows beyond all bounds.

    `0` approaches from both sides, `0+` and `0-` from above and below. `parse` admits what it can decide exactly: where
    Laurent series with rational coefficients, and exponentials of them, show the limit to be a rational number, a
    rational multiple of a rational power of e, `oo` or `-oo`. A limit that differs from side to side is refused.

    A task's level is one more than its functions, roots and exponents in x together; quotients of polynomials have
    level 1.

    Attributes:
        max_level: Hardest level that is sampled.
        max_coefficient: Largest size of a number in a sampled task.
    """

    max_level: int = 4
    max_coefficient: int = 9

    name: ClassVar[str] = "math/limit"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+-*/()@;" + "acegilnopqrstx"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: series of each part, by hand, to the order that does not cancel (2 to 4); checking: the same by "
        "machine, 0.1 to 1 ms"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_level <= _MOST_LEVEL:
            raise ValueError(f"max_level={self.max_level}: use 1 to {_MOST_LEVEL}")
        if not 2 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 2 to 99")

    @property
    def levels(self) -> range:
        """One more than the functions, roots and exponents in x."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: quotients (p*x+q)/(x+s), or products of sines over b*x**n, at each point.

        The zeros of sin(a*x)*sin(b*x)*... tell the numbers a, b, ... up to their order.
        """
        self.check_level(level)
        most, n_points = self.max_coefficient, 2 * _FARTHEST + 1
        if level == 1:  # s is not minus the point, nor q = p*s
            return n_points * 2 * most * 2 * most * 2 * most
        return n_points * 2 * most * comb(most + level - 2, level - 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw parts whose first terms are known, at a point between -4 and 4, and balance their orders."""
        self.check_level(level)
        if rng.random() < 0.3 and level < 3:
            tree, point, value, work = self._at_infinity(rng, level)
        else:
            c = rng.randint(-_FARTHEST, _FARTHEST) if level == 1 or rng.random() < 0.5 else 0
            tree, value, work = self._hole(rng, c) if level == 1 else self._quotient(rng, c, level - 1)
            point = str(c)
        return Solved(self.parse(f"{text_of(tree)}@{point}"), _written(value), work)

    def parse(self, prompt: str) -> Task:
        """Read `sin(3*x)/(2*x)@0`; refused unless the limit exists and is found exactly."""
        return _read(prompt)[0]

    def verify(self, task: Task, answer: str) -> Verdict:
        """Expand the prompt in a series and compare its limit with the answer; both are exact."""
        try:
            _, value = _read(task.prompt)
        except MalformedTask:
            return NO_TASK
        if answer in ("oo", "-oo"):
            return RIGHT if value == (1 if answer == "oo" else -1) else _WRONG
        if len(answer) > _LONGEST_ANSWER:
            return Verdict(Outcome.MALFORMED, f"longer than {_LONGEST_ANSWER} characters")
        try:
            found = constant_of(parse(answer, symbols="", functions=_ANSWERED))
        except (GrammarError, SeriesError) as problem:
            return Verdict(Outcome.MALFORMED, str(problem))
        if isinstance(value, int):
            return _WRONG
        coefficient, exponent = value
        return RIGHT if found == ({exponent: coefficient} if coefficient else {}) else _WRONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """A fraction that is not in lowest terms, or a power of e as a product of two."""
        value = _read(solved.task.prompt)[1]
        if isinstance(value, int):
            return solved.answer
        coefficient, exponent = value
        k = rng.randint(2, 5)
        text = f"{k * coefficient.numerator}/{k * coefficient.denominator}"
        return f"{text}*exp({k})*exp({exponent}-{k})" if exponent else text

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The reciprocal, the other sign, twice the value, an exponent off by one, or an infinity."""
        value = _read(solved.task.prompt)[1]
        if isinstance(value, int):
            return rng.choice(["0", "1", "oo" if value < 0 else "-oo"])
        coefficient, exponent = value
        if not coefficient:
            return rng.choice(["1", "oo", "-oo"])
        wrong = [_written((-coefficient, exponent)), _written((2 * coefficient, exponent)), "oo"]
        wrong.append(_written((coefficient, exponent + 1)) if exponent else str(coefficient + 1))
        if abs(coefficient) != 1:
            wrong.append(_written((1 / coefficient, exponent)))
        return rng.choice(wrong)

    def _hole(self, rng: Random, c: int) -> tuple[Tree, Value, str]:
        """A quotient of two quadratics with the root c in common, expanded."""
        most = self.max_coefficient
        p, q = _nonzero(rng, most), rng.randint(-most, most)
        r = rng.choice((1, rng.randint(1, most)))
        s = rng.randint(-most, most)
        if r * c + s == 0:
            s = s + 1 if s < most else s - 1
        root: Polynomial = {1: Fraction(1), 0: Fraction(-c)} if c else {1: Fraction(1)}
        above, below = _line(p, q), _line(r, s)
        tree = divide(tree_of(product_of(root, above), "x"), tree_of(product_of(root, below), "x"))
        value = Fraction(p * c + q, r * c + s)
        return tree, (value, 0), f"{_wrapped(above)}/{_wrapped(below)}"

    def _quotient(self, rng: Random, c: int, n_parts: int) -> tuple[Tree, Value, str]:
        """Parts above and below the line, and a power of x-c that makes their orders equal."""
        most = self.max_coefficient
        t = add((_X, number(-c)))
        above, below = list[Tree](), list[Tree]()
        first_above, first_below = list[Tree](), list[Tree]()
        value, order, exponent = Fraction(1), 0, 0
        for index in range(n_parts):
            a = rng.randint(1, most)
            if rng.random() < 0.15:  # (1+a*t)**(b/t)
                b = _nonzero(rng, most)
                u = tree_of(_line(a, 1 - a * c), "x")
                above.append(power(u, divide(number(b), t)))
                first_above.append(Call("exp", number(a * b)))
                exponent += a * b
                continue
            part = rng.choice(_PARTS) if rng.random() < 0.75 else _SINE
            goes_below = index > 0 and rng.random() < 0.5
            function = part.build(tree_of(_line(a, -a * c), "x"))
            size = part.coefficient * a**part.order
            first = multiply((number(size), power(t, number(part.order))))
            (below if goes_below else above).append(function)
            (first_below if goes_below else first_above).append(first)
            value, order = (value / size, order - part.order) if goes_below else (value * size, order + part.order)
        b = _nonzero(rng, most)
        monomial = multiply((number(b), power(t, number(abs(order))))) if order else number(b)
        value = value * b if order < 0 else value / b
        (above if order < 0 else below).append(monomial)
        (first_above if order < 0 else first_below).append(monomial)
        tree = divide(multiply(above), multiply(below) if below else ONE)
        work = ";".join(text_of(first) for first in (*first_above, *first_below))
        return tree, (value, exponent), work

    def _at_infinity(self, rng: Random, level: int) -> tuple[Tree, str, Value, str]:
        """A quotient of polynomials, (1+a/x)**(b*x), a root minus its first term, or exp against a power."""
        most = self.max_coefficient
        a, b = rng.randint(1, most), _nonzero(rng, most)
        if level == 1:
            return self._rational_at_infinity(rng, a, b)
        kind = rng.randrange(3)
        if kind == 0:
            tree = power(add((ONE, divide(number(a), _X))), multiply((number(b), _X)))
            return tree, rng.choice(("oo", "-oo")), (Fraction(1), a * b), ""
        if kind == 1:
            square = tree_of({2: Fraction(a * a), 1: Fraction(b)}, "x")
            tree = add((power(square, HALF), multiply((number(-a), _X))))
            return tree, "oo", (Fraction(b, 2 * a), 0), ""
        n = rng.randint(1, 5)
        tree = multiply((number(b), power(_X, number(n)), Call("exp", multiply((number(-a), _X)))))
        if rng.random() < 0.5:
            return tree, "oo", (Fraction(0), 0), ""
        return tree, "-oo", (1 if b > 0 else -1) * (-1) ** n, ""

    def _rational_at_infinity(self, rng: Random, a: int, b: int) -> tuple[Tree, str, Value, str]:
        m, n = rng.choice(((1, 1), (2, 2), (2, 1), (1, 2), (3, 3), (3, 2)))
        lower = range(-self.max_coefficient, self.max_coefficient + 1)
        tops = {k: Fraction(value) for k in range(m) if (value := rng.choice(lower))} | {m: Fraction(b)}
        bottoms = {k: Fraction(value) for k in range(n) if (value := rng.choice(lower))} | {n: Fraction(a)}
        tree = divide(tree_of(tops, "x"), tree_of(bottoms, "x"))
        finite = (Fraction(b, a) if m == n else Fraction(0), 0)
        return tree, "oo", (1 if b > 0 else -1) if m > n else finite, ""


_ANSWERED = frozenset({"exp"})


@lru_cache(maxsize=4096)  # a prompt is verified once for every answer to it
def _read(prompt: str) -> tuple[Task, Value]:
    """The task of a prompt, and the limit."""
    if len(prompt) > _LONGEST_PROMPT:
        raise MalformedTask(f"longer than {_LONGEST_PROMPT} characters")
    text, _, at = prompt.rpartition("@")
    point = _POINT.fullmatch(at)
    if point is None or " " in prompt:
        raise MalformedTask("not of the form sin(x)/x@0, with 0+, 0-, 1/2, oo or -oo as the point")
    try:
        tree = parse(text, symbols="x", functions=_FUNCTIONS)
        if "x" not in symbols_of(tree):
            raise MalformedTask("a constant")
        c = Fraction(point[1]) if point[1] else None
        value = _limit(tree, c, point[2] or "", at)
    except (GrammarError, SeriesError) as problem:
        raise MalformedTask(str(problem)) from None
    name = fingerprint(tree)
    if not name:
        raise MalformedTask("no real value at any point tried")
    level = 1 + sum(map(_is_function, nodes(tree)))
    return Task(Limit.name, prompt, level, f"{name}@{at if c is None else f'{c}{point[2]}'}"), value


def _limit(tree: Tree, point: Fraction | None, side: str, text: str) -> Value:
    """The limit from the sides asked for.

    Raises:
        SeriesError: It does not exist, or is not found.
    """
    for n_terms in _N_TERMS:
        if point is None:
            at = Laurent(-1, (1 if text == "oo" else -1, *(0,) * (n_terms - 1)))
        else:
            at = shifted(point, -1 if side == "-" else 1, n_terms)
        try:
            germ = germ_of(tree, "x", at)
            value = limit_of(germ)
        except Vanishing as problem:
            if n_terms == _N_TERMS[-1]:
                raise SeriesError(str(problem)) from None
            continue
        if point is not None and not side:
            # A root of t**2 is t on one side of 0 and -t on the other; everything else is one series for both.
            rooted = any(isinstance(node, Power) and _is_function(node) for node in nodes(tree))
            other = germ_of(tree, "x", shifted(point, -1, n_terms)) if rooted else mirrored(germ)
            if limit_of(other) != value:
                raise SeriesError("the limits from the two sides differ")
        return value
    raise AssertionError("the last number of terms returns or raises")


def _is_function(node: Tree) -> bool:
    match node:
        case Call():
            return True
        case Power(_, Number(exponent)):
            return exponent.denominator > 1
        case Power():
            return True
        case _:
            return False


def _written(value: Value) -> str:
    if isinstance(value, int):
        return "oo" if value > 0 else "-oo"
    coefficient, exponent = value
    return text_of(multiply((number(coefficient), Call("exp", number(exponent)))) if exponent else number(coefficient))


def _line(slope: int, intercept: int) -> Polynomial:
    return {1: Fraction(slope), 0: Fraction(intercept)} if intercept else {1: Fraction(slope)}


def _wrapped(line: Polynomial) -> str:
    return f"({text_of(tree_of(line, 'x'))})"


def _nonzero(rng: Random, most: int) -> int:
    return rng.randint(1, most) * rng.choice((-1, 1))
