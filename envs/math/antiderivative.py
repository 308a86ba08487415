"""Antiderivatives of polynomials and of elementary functions.

Three tasks, the first two sampled at levels 2 and 4, the third as a person might write it:

    3*x**2+2*x        answer x**3+x**2, with or without +C
    x*sin(2*x)        answer sin(2*x)/4-x*cos(2*x)/2
    x/sqrt(a+x**2)    answer sqrt(a+x**2)

Cost: integrating needs a search for the right rule, or has no rule at all; checking differentiates, which is
mechanical: about 0.2 ms for a polynomial, a few ms where functions must be compared at random points.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from random import Random
from typing import ClassVar, Literal

from envs.calculus import collect, derivative, gather
from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.equality import Domain, compare_derivative, is_somewhere_nonzero, verdict_of
from envs.equality.comparison import TIERS
from envs.equality.residues import degree_bound
from envs.exponential_polynomial import NotExponential, exponential_of
from envs.exponential_polynomial import tree_of as exponential_tree
from envs.expression import MAX_EXPONENT, GrammarError, Name, Sum, Tree, ordered, substitute, symbols_of, text_of
from envs.fingerprint import fingerprint, is_zero
from envs.grammar import SMOOTH_FUNCTIONS, parse
from envs.integrands import MOST_KERNELS, draw_integrand, n_integrands, n_kernels
from envs.polynomial import Polynomial, antiderivative_of, derivative_of, polynomial_of, tree_of

_CONSTANT = "C"  # of integration; no integrand may use it
_FUNCTIONS = SMOOTH_FUNCTIONS | {"Abs"}  # log(Abs(x)) is what books give for 1/x


@dataclass(frozen=True)
class Antiderivative(Env, SolutionFirst):
    """Find a function whose derivative is the prompt.

    A polynomial's level is its number of terms; with the default sizes level 1 has 240 tasks, level 2 24,000 and
    level 3 1.3 million. Other integrands have levels above `max_terms`, by their number of kernels: arguments of exp,
    of sin and cos together, and bases of logarithms, roots and denominators. Those sampled have antiderivatives made
    of polynomials, exp, sin, cos, log, atan and roots. Two prompts are one question if they agree at fixed points
    (`envs.fingerprint`).

    `parse` promises that an answer can be checked, not that one exists among elementary functions: no program
    can promise that for all of them. What `pose` returns has an answer.

    Answers are compared as analytic functions, so a constant may differ from piece to piece of the domain, as
    between log(x) and log(-x). Symbols other than the variable stand for positive numbers.

    Attributes:
        variable: The variable of integration.
        integrands: What `parse` admits: all of the grammar's functions but `sign`, or polynomials in the variable
            with rational coefficients, which need a much smaller alphabet.
        parameters: Further symbols an elementary integrand may hold.
        max_terms: Most terms of a sampled integrand.
        max_degree: Highest degree of a sampled integrand.
        max_coefficient: Largest size of a coefficient of a sampled integrand; all are integers.
        max_kernels: Most kernels of a sampled integrand that is no polynomial; 0 to sample polynomials only.
    """

    variable: str = "x"
    integrands: Literal["elementary", "polynomial"] = "elementary"
    parameters: str = "abcdefghijkmnpqrstABF"
    max_terms: int = 3
    max_degree: int = 5
    max_coefficient: int = 20
    max_kernels: int = MOST_KERNELS

    name: ClassVar[str] = "math/antiderivative"
    version: ClassVar[int] = 2
    asymmetry: ClassVar[str] = (
        "solving: a search for a rule, or none exists (polynomials: one division a term); checking: one derivative"
    )

    def __post_init__(self) -> None:
        letters = set(string.ascii_letters) - {"C", "E", "I"}
        if len(self.variable) != 1 or self.variable not in letters:
            raise ValueError(f"variable={self.variable!r}: use one letter other than C, E and I")
        if self.integrands not in ("elementary", "polynomial"):
            raise ValueError(f"integrands={self.integrands!r}: use 'elementary' or 'polynomial'")
        if not set(self.parameters) <= letters - {self.variable}:
            raise ValueError(f"parameters={self.parameters!r}: use letters other than C, E, I and the variable")
        if not 1 <= self.max_degree <= 20:
            raise ValueError(f"max_degree={self.max_degree}: use 1 to 20")
        if not 1 <= self.max_terms <= self.max_degree + 1:
            raise ValueError(f"max_terms={self.max_terms}: use 1 to max_degree + 1, which is {self.max_degree + 1}")
        if not 1 <= self.max_coefficient <= 10**6:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 1 to 1,000,000")
        if not 0 <= self.max_kernels <= MOST_KERNELS:
            raise ValueError(f"max_kernels={self.max_kernels}: use 0 to {MOST_KERNELS}")

    @property
    def alphabet(self) -> str:
        """For polynomials digits, operators, the variable and C; else letters and the decimal point too."""
        shared = "0123456789+-*/()" + _CONSTANT
        if self.integrands == "polynomial":
            return shared + self.variable
        return "".join(sorted({*shared, ".", *"".join(_FUNCTIONS), *"piE", self.variable, *self.parameters}))

    @property
    def levels(self) -> range:
        """Number of terms of a polynomial; then, for elementary integrands, of kernels."""
        return range(1, self.max_terms + 1 + (self.max_kernels if self.integrands == "elementary" else 0))

    @property
    def tiers(self) -> tuple[str, ...]:
        """Polynomials are decided exactly, elementary integrands as `envs.equality` can."""
        return TIERS[:2] if self.integrands == "polynomial" else TIERS

    def capacity(self, level: int) -> int:
        """Exact for polynomials, choices of exponents times choices of coefficients; for others a lower bound."""
        self.check_level(level)
        if level > self.max_terms:
            return n_integrands(level - self.max_terms, self.max_coefficient)
        return int(comb(self.max_degree + 1, level) * (2 * self.max_coefficient) ** level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a polynomial of `level` terms with integer coefficients; above `max_terms`, shapes with kernels."""
        self.check_level(level)
        if level > self.max_terms:
            drawn = draw_integrand(rng, level - self.max_terms, self.max_coefficient)
            function, integral = (substitute(tree, "x", Name(self.variable)) for tree in drawn)
            return Solved(self.parse(text_of(function)), text_of(integral))
        integrand: Polynomial = {}
        for exponent in rng.sample(range(self.max_degree + 1), level):
            integrand[exponent] = Fraction(rng.randint(1, self.max_coefficient) * rng.choice((-1, 1)))
        text = text_of(tree_of(integrand, self.variable))
        answer = text_of(tree_of(antiderivative_of(integrand), self.variable))
        return Solved(Task(self.name, text, level, canonical=text), answer)

    def parse(self, prompt: str) -> Task:
        """Read an integrand; refused where it is 0, or neither finite nor real anywhere. Spaces are dropped."""
        return _checked(self, prompt)[0]

    def verify(self, task: Task, answer: str) -> Verdict:
        """Differentiate the answer; exact for rational functions, else at random points."""
        try:
            _, integrand = _checked(self, task.prompt)
        except MalformedTask:
            return Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")
        try:
            candidate = self._candidate(answer, symbols_of(integrand))
        except GrammarError as problem:
            return Verdict(Outcome.MALFORMED, str(problem))
        return verdict_of(compare_derivative(candidate, integrand, self.variable, domains=self._domains(integrand)))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The answer with its terms in another order, or plus a constant."""
        tree = self._read(solved.answer, {_CONSTANT})
        terms = list(tree.terms) if isinstance(tree, Sum) else [tree]
        rng.shuffle(terms)
        constant = rng.choice(["", "+C", "+1", "-7"] if _CONSTANT not in symbols_of(tree) else ["", "+1"])
        text = text_of(Sum(tuple(terms))) + constant
        return text if len(text) <= MAX_CHARS else solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer with a term in the variable too many, doubled, or with the wrong sign."""
        # The integrand is not 0, so each of these has another derivative.
        answer = solved.answer
        return rng.choice([f"{answer}+{self.variable}", f"2*({answer})", f"-({answer})"])

    def solution(self, solved: Solved) -> str:
        """The antiderivative without its constant C."""
        tree = self._candidate(solved.answer, symbols_of(_checked(self, solved.task.prompt)[1]))
        return text_of(tree)

    def pose(self, solution: str) -> Solved:
        """Differentiate. For polynomials this inverts `solution`; other integrands may come in another spelling."""
        try:
            tree = self._read(solution, set())
            polynomial = self._polynomial(tree)
            if polynomial is None:
                integrand, answer = self._tidied(derivative(tree, self.variable)), tree
            else:
                integrand = tree_of(derivative_of(polynomial), self.variable)
                answer = tree_of(polynomial, self.variable)
            task, text = self.parse(text_of(integrand)), text_of(answer)
        except GrammarError as problem:
            raise MalformedTask(str(problem)) from None
        verdict = self.verify(task, text)
        if verdict.outcome is not Outcome.CORRECT:
            raise MalformedTask(f"its own derivative was not confirmed: {verdict.detail}")
        return Solved(task, text)

    def _read(self, text: str, extra: set[str]) -> Tree:
        parameters = set() if self.integrands == "polynomial" else set(self.parameters)
        outside = set(text[:MAX_CHARS]) - set(self.alphabet) - {" "}
        if outside:
            raise GrammarError(f"unexpected {min(outside)!r}")
        return parse(text, symbols={self.variable} | parameters | extra, functions=_FUNCTIONS)

    def _integrand(self, prompt: str) -> tuple[Task, Tree]:
        """The task of a prompt and its tree.

        Raises:
            GrammarError: The prompt is not an expression.
            MalformedTask: It is not a well-posed integrand.
        """
        tree = self._read(prompt, set())
        polynomial = self._polynomial(tree)
        if polynomial is None:
            if self.integrands == "polynomial":
                raise MalformedTask("not a polynomial")
            canonical = self._fingerprint(tree)
            level = self.max_terms + max(1, n_kernels(tree))
        elif not polynomial:
            raise MalformedTask("the integrand is 0")
        elif max(polynomial) >= MAX_EXPONENT:
            raise MalformedTask("the answer's exponent would be beyond the grammar")
        else:
            level, canonical = len(polynomial), text_of(tree_of(polynomial, self.variable))
        return Task(self.name, prompt.replace(" ", ""), level, canonical), tree

    def _tidied(self, slope: Tree) -> Tree:
        """A derivative with like terms merged; multiplied out where that more than halves it."""
        gathered = gather(collect(slope), self.variable)
        try:
            expanded = exponential_tree(exponential_of(substitute(slope, self.variable, Name("x"))))
        except NotExponential:
            return gathered
        expanded = substitute(expanded, "x", Name(self.variable))
        return expanded if 2 * len(text_of(expanded)) < len(text_of(gathered)) else gathered

    def _fingerprint(self, tree: Tree) -> str:
        """The id of an integrand that is no polynomial.

        Raises:
            MalformedTask: It is 0, or not real anywhere.
        """
        renamed = self.variable != "x" and "x" not in self.parameters
        found = fingerprint(substitute(tree, self.variable, Name("x")) if renamed else tree)
        certain = found and "," not in found and not is_zero(found)
        if not certain and not is_somewhere_nonzero(tree, domains=self._domains(tree), rng=Random(0)):
            raise MalformedTask("0 or without a real value at every point tried")
        return found or text_of(ordered(tree))

    def _candidate(self, answer: str, names: frozenset[str]) -> Tree:
        """The answer's tree without its constant C.

        Raises:
            GrammarError: It is no expression, has symbols the integrand lacks, or C in the wrong place.
        """
        tree = self._read(answer, {_CONSTANT})
        if isinstance(tree, Sum) and Name(_CONSTANT) in tree.terms:
            rest = list(tree.terms)
            rest.remove(Name(_CONSTANT))
            tree = rest[0] if len(rest) == 1 else Sum(tuple(rest))
        foreign = symbols_of(tree) - names - {self.variable}
        if foreign == {_CONSTANT}:
            raise GrammarError("C must be a term of its own, once")
        if foreign:
            raise GrammarError(f"symbol {min(foreign)} is not in the prompt")
        return tree

    def _polynomial(self, tree: Tree) -> Polynomial | None:
        if degree_bound(tree) > 2 * MAX_EXPONENT:  # expanding takes time quadratic in the degree
            return None
        return polynomial_of(tree, self.variable)

    def _domains(self, tree: Tree) -> dict[str, Domain]:
        domains: dict[str, Domain] = dict.fromkeys(symbols_of(tree), "positive")
        return domains | {self.variable: "real"}


@lru_cache(maxsize=4096)  # a prompt is verified once for every answer to it
def _checked(env: Antiderivative, prompt: str) -> tuple[Task, Tree]:
    if len(prompt) > MAX_CHARS:
        raise MalformedTask(f"longer than {MAX_CHARS} characters")
    try:
        return env._integrand(prompt)
    except GrammarError as problem:
        raise MalformedTask(str(problem)) from None
