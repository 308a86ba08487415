"""Derivatives of elementary functions of x.

Four tasks, at levels 1 to 4:

    x**3-2*x            answer 3*x**2-2
    x**2*sin(3*x)       answer 2*x*sin(3*x)+3*x**2*cos(3*x), or anything equal
    exp(2*x)/(x+1)      answer (2*x+1)*exp(2*x)/(x+1)**2
    log(cos(x**2)+3)*x  answer log(cos(x**2)+3)-2*x**2*sin(x**2)/(cos(x**2)+3)

Cost: solving takes one rule for each function, product and quotient, inside out; checking applies the same rules, then
compares functions: about 0.2 ms for polynomials and for answers written as the rules give them, else a few ms. There is
no asymmetry beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from random import Random
from typing import ClassVar

from envs.calculus import collect, derivative
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.equality import Domain, compare_trees, is_somewhere_nonzero, verdict_of
from envs.equality.comparison import TIERS
from envs.expression import (
    HALF,
    Call,
    GrammarError,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    nodes,
    number,
    power,
    symbols_of,
    text_of,
)
from envs.fingerprint import fingerprint, is_zero
from envs.grammar import parse
from envs.numerals import NO_TASK
from envs.polynomial import tree_of

_FUNCTIONS = frozenset(
    {"exp", "log", "sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "sinh", "cosh", "tanh"}
)
_DRAWN = ("exp", "exp", "sin", "sin", "cos", "cos", "tan", "atan", "log", "log", "sqrt")
_LONGEST_PROMPT = 150
_MOST_LEVEL = 5
_MOST_DEGREE = 5
_X = Name("x")
_DOMAINS: dict[str, Domain] = {"x": "real"}


@dataclass(frozen=True)
class Derivative(Env):
    """Write the derivative of the prompt, in any spelling.

    A task's level is one more than its functions, roots, divisions and exponents in x together; polynomials have level
    1. Functions with derivative 0 are refused, and those that are their own derivative: the prompt would be an answer.

    Attributes:
        max_level: Hardest level that is sampled.
        max_coefficient: Largest size of a number in a sampled task.
    """

    max_level: int = 4
    max_coefficient: int = 9

    name: ClassVar[str] = "math/derivative"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789+-*/()." + "".join(sorted({*"".join(_FUNCTIONS), *"xpiE"}))
    tiers: ClassVar[tuple[str, ...]] = TIERS
    asymmetry: ClassVar[str] = (
        "solving: one rule for each of n functions and products, inside out; checking: the same, and one comparison"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.max_level <= _MOST_LEVEL:
            raise ValueError(f"max_level={self.max_level}: use 1 to {_MOST_LEVEL}")
        if not 2 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 2 to 99")

    @property
    def levels(self) -> range:
        """One more than the functions, roots, divisions and exponents in x."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """Exact for polynomials; above, a lower bound: products p*sin(a*x)*sin(b*x)*..., told apart by their zeros.

        p is a number times x, x**2 or x**3. With one function, exp, cos, tan and atan serve as well.
        """
        self.check_level(level)
        most: int = self.max_coefficient
        if level == 1:
            n_all = sum(comb(_MOST_DEGREE + 1, k) * (2 * most) ** k for k in (2, 3, 4))
            return int(n_all)
        return int(3 * 2 * most * comb(most + level - 2, level - 1)) * (5 if level == 2 else 1)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a polynomial, or an expression with level-1 functions and divisions."""
        self.check_level(level)
        plain = level == 1 or rng.random() < 0.1
        try:
            task, slope = _read(text_of(self._plain(rng, level) if plain else self._draw(rng, level - 1)))
        except MalformedTask:  # exp(x), terms that cancel, or a long one
            task, slope = _read(text_of(self._plain(rng, level)))
        answer = text_of(collect(slope))
        work = text_of(slope)
        return Solved(task, answer, work if work != answer and len(work) <= MAX_CHARS else "")

    def parse(self, prompt: str) -> Task:
        """Read a function of x; refused where it is nowhere real, and where its derivative is 0 or itself."""
        return _read(prompt)[0]

    def verify(self, task: Task, answer: str) -> Verdict:
        """Differentiate the prompt and compare: exactly for rational functions, else as `envs.equality` can."""
        try:
            _, slope = _read(task.prompt)
        except MalformedTask:
            return NO_TASK
        try:
            found = parse(answer, symbols="x", functions=_FUNCTIONS)
        except GrammarError as problem:
            return Verdict(Outcome.MALFORMED, str(problem))
        return verdict_of(compare_trees(slope, found, domains=_DOMAINS))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """What the rules give, uncollected, or the terms or factors in another order."""
        slope = _read(solved.task.prompt)[1]
        tree = slope if rng.random() < 0.5 else parse(solved.answer, symbols="x", functions=_FUNCTIONS)
        match tree:
            case Sum(terms):
                tree = add(rng.sample(terms, len(terms)))
            case Product(factors):
                tree = multiply(rng.sample(factors, len(factors)))
        text = text_of(tree)
        return text if len(text) <= MAX_CHARS else solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The function itself, the derivative with another sign or factor, or with a term too many or too few."""
        answer = solved.answer
        wrong = [solved.task.prompt, f"-({answer})", f"2*({answer})", f"{answer}+x", f"({answer})/x"]
        tree = parse(answer, symbols="x", functions=_FUNCTIONS)
        if isinstance(tree, Sum):
            wrong.append(text_of(add(tree.terms[1:])))
        return rng.choice([text for text in wrong if len(text) <= MAX_CHARS])

    def _plain(self, rng: Random, level: int) -> Tree:
        """A polynomial; or a number times a power of x times sines."""
        if level > 1:
            power_of_x = multiply((number(self._nonzero(rng)), power(_X, number(rng.randint(1, 3)))))
            sines = [Call("sin", multiply((number(self._size(rng)), _X))) for _ in range(level - 1)]
            return multiply((power_of_x, *sines))
        exponents = rng.sample(range(_MOST_DEGREE + 1), rng.randint(2, 4))
        return tree_of({exponent: Fraction(self._nonzero(rng)) for exponent in exponents}, "x")

    def _draw(self, rng: Random, n: int) -> Tree:
        """An expression with n functions and divisions, real at all x above 0 where its parts are."""
        kind = rng.random()
        if n > 1 and kind < 0.2:
            split = rng.randrange(1, n)
            return add((self._product(rng, split), self._product(rng, n - split)))
        if kind < 0.4:  # the division is one of the n
            split = rng.randrange(n)
            return divide(self._product(rng, split), self._positive(rng, n - 1 - split))
        return self._product(rng, n)

    def _product(self, rng: Random, n: int) -> Tree:
        """A monomial, one function or two, or a product of these."""
        factors = list[Tree]()
        if n == 0 or rng.random() < 0.5:
            factors.append(multiply((number(self._nonzero(rng)), power(_X, number(rng.choice((1, 1, 2, 3)))))))
        if n > 1 and rng.random() < 0.5:
            split = rng.randrange(1, n)
            factors += [self._composed(rng, split), self._composed(rng, n - split)]
        elif n:
            factors.append(self._composed(rng, n))
        return multiply(factors)

    def _composed(self, rng: Random, n: int) -> Tree:
        """A function of an expression with n-1 more."""
        function = rng.choice(_DRAWN)
        if function in ("log", "sqrt"):
            inner = self._positive(rng, n - 1)
            return power(inner, HALF) if function == "sqrt" else Call(function, inner)
        return Call(function, self._draw(rng, n - 1) if n > 1 else self._argument(rng))

    def _positive(self, rng: Random, n: int) -> Tree:
        """An expression above 0 for all x above 0: roots and logarithms have a value there, and quotients no pole."""
        if n == 0:
            degree = rng.choice((1, 1, 2))
            return tree_of({degree: Fraction(self._size(rng)), 0: Fraction(self._size(rng))}, "x")
        function = rng.choice(("exp", "sin", "cos"))
        inner = self._draw(rng, n - 1) if n > 1 else self._argument(rng)
        return add((Call(function, inner), number(rng.randint(2, self.max_coefficient))))

    def _argument(self, rng: Random) -> Tree:
        """A polynomial inside a function: a*x most of the time."""
        kind = rng.random()
        if kind < 0.5:
            return tree_of({1: Fraction(self._size(rng))}, "x")
        return tree_of({1 if kind < 0.75 else 2: Fraction(self._size(rng)), 0: Fraction(self._nonzero(rng))}, "x")

    def _size(self, rng: Random) -> int:
        return rng.randint(1, self.max_coefficient)

    def _nonzero(self, rng: Random) -> int:
        return self._size(rng) * rng.choice((-1, 1))


@lru_cache(maxsize=4096)  # a prompt is verified once for every answer to it
def _read(prompt: str) -> tuple[Task, Tree]:
    """The task of a prompt, and the derivative as the rules give it."""
    if len(prompt) > _LONGEST_PROMPT or " " in prompt:
        raise MalformedTask(f"longer than {_LONGEST_PROMPT} characters, or with spaces")
    try:
        tree = parse(prompt, symbols="x", functions=_FUNCTIONS)
        if "x" not in symbols_of(tree):
            raise MalformedTask("a constant")
        slope = derivative(tree, "x")
    except GrammarError as problem:
        raise MalformedTask(str(problem)) from None
    name, rate = fingerprint(tree), fingerprint(slope)
    if not name or not rate or is_zero(rate):
        raise MalformedTask("its derivative is 0, or has no value at any point tried")
    if name == rate:
        raise MalformedTask("it is its own derivative")
    if "," in name + rate and not is_somewhere_nonzero(tree, domains=_DOMAINS, rng=Random(0)):
        raise MalformedTask("no real value at any point tried")
    level = 1 + sum(map(_is_counted, nodes(tree)))
    return Task(Derivative.name, prompt, level, name), slope


def _is_counted(node: Tree) -> bool:
    match node:
        case Call():
            return True
        case Power(_, Number(exponent)):
            return exponent.denominator > 1 or exponent < 0
        case Power():
            return True
        case _:
            return False
