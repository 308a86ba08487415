"""Differential equations of first order with an initial value.

Three tasks, at levels 1 to 3:

    y'=2*y-6,y(0)=5         answer 2*exp(2*x)+3
    y'=2*x*y**2,y(0)=1      answer 1/(1-x**2)
    y'=y/x+x,y(1)=3         answer x**2+2*x

Cost: solving needs the right method, one or two integrals and the constant from the initial value; checking
substitutes: one derivative and two comparisons, 0.3 ms to a few ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import ClassVar, NamedTuple

from envs.calculus import collect, derivative
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.equality import Domain, compare_trees, verdict_of
from envs.equality.comparison import TIERS
from envs.expression import (
    HALF,
    MINUS_ONE,
    ONE,
    Call,
    GrammarError,
    Name,
    Power,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    negate,
    number,
    power,
    substitute,
    symbols_of,
    text_of,
)
from envs.germs import constant_of
from envs.grammar import parse
from envs.initial_value import FUNCTIONS, Equation, read_equation, slope_of, write_equation
from envs.laurent import SeriesError
from envs.numerals import NO_TASK, read_fraction
from envs.polynomial import tree_of

_LONGEST_PROMPT = 200
_DOMAINS: dict[str, Domain] = {"x": "real"}
_X, _Y = Name("x"), Name("y")
_MOST_RATE = 5


@dataclass(frozen=True)
class DifferentialEquation(Env, SolutionFirst):
    """Find the function y(x) that solves an equation of first order and has a given value.

    `parse` admits equations y' = F(x, y) that are linear in y, or a function of x times one of y, where F is smooth at
    the initial value: then there is exactly one solution near it. It does not promise that integrals of elementary
    functions lead to it; what `pose` returns has an elementary solution. F holds y, with integer exponents and in exp,
    sin, cos and tan only; an equation that the constant y solves is refused.

    Level 1 is y' = a*y+b with numbers a and b; 2 is separable; 3 is y' = p(x)*y+q(x).

    A solution text is `K;x0;Y`: a function Y, where it begins, and a part K of the equation. With K = p(x)*y the
    equation is y' = K plus the q(x) that makes Y solve it; any other K is multiplied by the g(x) that does.

    Attributes:
        max_level: Hardest level that is sampled.
        max_coefficient: Largest size of a number in a sampled solution.
    """

    max_level: int = 3
    max_coefficient: int = 9

    name: ClassVar[str] = "math/differential_equation"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+-*/().,;='" + "".join(sorted({*"".join(FUNCTIONS), *"xypiCE"}))
    tiers: ClassVar[tuple[str, ...]] = TIERS
    asymmetry: ClassVar[str] = (
        "solving: a choice of method, 1 or 2 integrals and a constant; checking: 1 derivative and 2 comparisons"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_level <= 3:
            raise ValueError(f"max_level={self.max_level}: use 1 to 3")
        if not 2 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 2 to 99")

    @property
    def levels(self) -> range:
        """Constant coefficients, separable, linear."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: y' = a*y-a*k; y' = c*x**n/y; y' = a*y+q with a solution s*x**n+t*x+c*exp(a*x)."""
        self.check_level(level)
        signed: int = 2 * self.max_coefficient
        if level == 1:
            return 2 * _MOST_RATE * (signed + 1) * signed * len(_STARTS)
        if level == 2:
            return signed * 3 * signed * len(_STARTS)
        return 2 * _MOST_RATE * signed**3 * 2

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a solution of a shape that the level's method finds, and its equation."""
        self.check_level(level)
        drawn = (self._constant, self._separable, self._linear)[level - 1](rng)
        return Solved(_read(write_equation(drawn.equation))[0], text_of(drawn.solution), drawn.work)

    def parse(self, prompt: str) -> Task:
        """Read `y'=2*y-6,y(0)=5`."""
        return _read(prompt)[0]

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare the initial value, then the derivative with the equation's right side, as functions of x."""
        try:
            equation = _read(task.prompt)[1]
        except MalformedTask:
            return NO_TASK
        try:
            found = parse(answer, symbols="x", functions=FUNCTIONS)
            value = substitute(found, "x", number(equation.start))
            slope, wanted = derivative(found, "x"), substitute(equation.slope, "y", found)
        except GrammarError as problem:
            return Verdict(Outcome.MALFORMED, str(problem))
        begins = verdict_of(compare_trees(number(equation.value), value, domains={}))
        if begins.outcome is not Outcome.CORRECT:
            return begins if begins.outcome is not Outcome.INCORRECT else _other_start(begins)
        return verdict_of(compare_trees(wanted, slope, domains=_DOMAINS))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The terms in another order, or a factor 1 = exp(0)."""
        tree = parse(solved.answer, symbols="x", functions=FUNCTIONS)
        if isinstance(tree, Sum):
            return text_of(Sum(tuple(rng.sample(tree.terms, len(tree.terms)))))
        return f"({solved.answer}){rng.choice(('*exp(0)', '+x-x', '/1'))}"

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Another constant, or a function with the right initial value that does not solve the equation."""
        start = _read(solved.task.prompt)[1].start
        return rng.choice([f"{solved.answer}+1", f"{solved.answer}+x-({start})", f"({solved.answer})*exp(x-({start}))"])

    def solution(self, solved: Solved) -> str:
        """`K;x0;Y` with K = p(x)*y for linear equations, else K the whole right side."""
        equation = _read(solved.task.prompt)[1]
        rate = collect(derivative(equation.slope, "y"))
        part = equation.slope if "y" in symbols_of(rate) else multiply((rate, _Y))
        return f"{text_of(part)};{equation.start};{solved.answer}"

    def pose(self, solution: str) -> Solved:
        """Find the equation of the given form that the function solves."""
        fields = solution.split(";") if len(solution) <= MAX_CHARS else []
        start = read_fraction(fields[1]) if len(fields) == 3 else None
        if start is None:
            raise MalformedTask("not of the form 2*y;0;exp(2*x)-x")
        try:
            part = parse(fields[0], symbols="xy", functions=FUNCTIONS)
            function = parse(fields[2], symbols="x", functions=FUNCTIONS)
            slope = slope_of(part, function)
            value = constant_of(substitute(function, "x", number(Fraction(*start))))
        except (GrammarError, SeriesError) as problem:
            raise MalformedTask(str(problem)) from None
        if set(value) - {0}:
            raise MalformedTask("an initial value that is not rational")
        task, _ = _read(write_equation(Equation(slope, Fraction(*start), Fraction(value.get(0, 0)))))
        answer = text_of(function)
        verdict = self.verify(task, answer)
        if verdict.outcome is not Outcome.CORRECT:
            raise MalformedTask(f"its own equation was not confirmed: {verdict.detail}")
        return Solved(task, answer)

    def _constant(self, rng: Random) -> _Drawn:
        """k + c*exp(a*(x-x0)), which solves y' = a*y - a*k."""
        a, c = _nonzero(rng, _MOST_RATE), _nonzero(rng, self.max_coefficient)
        k, start = rng.randint(-self.max_coefficient, self.max_coefficient), rng.choice(_STARTS)
        growing = multiply((number(c), Call("exp", _terms({1: a, 0: -a * start}))))
        slope = add((multiply((number(a), _Y)), number(-a * k)))
        return _Drawn(
            Equation(slope, Fraction(start), Fraction(c + k)),
            add((growing, number(k))),
            f"C*exp({text_of(_terms({1: a}))})" + (text_of(number(k)) if k < 0 else f"+{k}" if k else ""),
        )

    def _separable(self, rng: Random) -> _Drawn:
        """y' = g(x)*h(y) with G = k*x**(n+1) the integral of g, for five functions h."""
        k, n, start = _nonzero(rng, self.max_coefficient), rng.randrange(3), rng.choice(_STARTS)
        grown, at_start = _terms({n + 1: k}), k * start ** (n + 1)
        front = _terms({n: k * (n + 1)})
        kind = rng.randrange(5)
        if kind == 0:  # h = y; without x in g it would be of level 1
            n = max(n, 1)
            grown, at_start, front = _terms({n + 1: k}), k * start ** (n + 1), _terms({n: k * (n + 1)})
            c = _nonzero(rng, self.max_coefficient)
            solution = multiply((number(c), Call("exp", add((grown, number(-at_start))))))
            return _Drawn(
                Equation(multiply((front, _Y)), Fraction(start), Fraction(c)), solution, f"C*exp({text_of(grown)})"
            )
        if kind == 1:  # h = y**2
            c = _nonzero(rng, self.max_coefficient)
            c = c if c != at_start else c + 1
            below = add((negate(grown), number(c)))
            equation = Equation(multiply((front, power(_Y, number(2)))), Fraction(start), Fraction(1, c - at_start))
            return _Drawn(equation, Power(below, MINUS_ONE), f"-1/y={text_of(grown)}+C")
        if kind == 2:  # h = 1/y
            value = _nonzero(rng, self.max_coefficient)
            square = add((multiply((number(2), grown)), number(value * value - 2 * at_start)))
            root = Power(square, HALF)
            solution = root if value > 0 else negate(root)
            return _Drawn(
                Equation(divide(front, _Y), Fraction(start), Fraction(value)), solution, f"y**2/2={text_of(grown)}+C"
            )
        shifted = add((grown, number(-at_start)))
        if kind == 3:  # h = exp(-y)
            equation = Equation(multiply((front, Call("exp", negate(_Y)))), Fraction(start), Fraction(0))
            return _Drawn(equation, Call("log", add((shifted, ONE))), f"exp(y)={text_of(grown)}+C")
        equation = Equation(multiply((front, add((power(_Y, number(2)), ONE)))), Fraction(start), Fraction(0))
        return _Drawn(equation, Call("tan", shifted), f"atan(y)={text_of(grown)}+C")

    def _linear(self, rng: Random) -> _Drawn:
        """A particular solution plus c times one of y' = p*y, for p = a, 2*a*x and k/x."""
        c, kind = _nonzero(rng, self.max_coefficient), rng.randrange(3)
        a = _nonzero(rng, _MOST_RATE)
        first, second = _nonzero(rng, self.max_coefficient), _nonzero(rng, self.max_coefficient)
        start = 0
        particular = _terms({rng.randint(2, 3): first, 1: second})
        if kind == 2:
            a = rng.choice((-2, -1, 1))
            start, p, alone = 1, multiply((number(a), power(_X, MINUS_ONE))), power(_X, number(a))
            particular = _terms({rng.randint(2, 3): first, 0: second})
        elif kind == 1:
            p, alone = multiply((number(2 * a), _X)), Call("exp", _terms({2: a}))
        else:
            p, alone = number(a), Call("exp", _terms({1: a}))
            if rng.random() < 0.5:
                inner = _terms({1: rng.choice([rate for rate in (a + 1, a - 1, -a) if rate])})  # not a
                particular = multiply((number(first), Call(rng.choice(("sin", "exp")), inner)))
        part = multiply((p, _Y))
        free = add((particular, multiply((number(c), alone))))
        slope = slope_of(part, particular)
        (value,) = constant_of(substitute(free, "x", number(start))).values() or (0,)
        return _Drawn(Equation(slope, Fraction(start), Fraction(value)), free, text_of(multiply((Name("C"), alone))))


class _Drawn(NamedTuple):
    """An equation, its solution, and the step that leads to it."""

    equation: Equation
    solution: Tree
    work: str


_STARTS = (-2, -1, 0, 1, 2)


@lru_cache(maxsize=4096)  # a prompt is verified once for every answer to it
def _read(prompt: str) -> tuple[Task, Equation]:
    """The task of a prompt, and its equation."""
    if len(prompt) > _LONGEST_PROMPT:
        raise MalformedTask(f"longer than {_LONGEST_PROMPT} characters")
    equation, kind, name = read_equation(prompt)
    return Task(DifferentialEquation.name, prompt, kind, name), equation


def _other_start(verdict: Verdict) -> Verdict:
    return Verdict(verdict.outcome, "another initial value", verdict.tier, verdict.cost_s)


def _terms(coefficients: dict[int, int]) -> Tree:
    return tree_of({exponent: Fraction(value) for exponent, value in coefficients.items() if value}, "x")


def _nonzero(rng: Random, most: int) -> int:
    return rng.randint(1, most) * rng.choice((-1, 1))
