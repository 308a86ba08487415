"""Are two expressions equal? Tiers of evidence, cheapest first, each bounded in time.

    structural   the trees are the same
    exact        rational functions, functions and roots as unknowns: equal residues at random points modulo a
                 prime; unequal ones prove a difference where no function or root occurs (`envs.residues`)
    numeric      fresh random points of the domain, rigorous balls: disjoint balls prove a difference
                 (`envs.balls`); agreement at many points, and once more at a precision beyond the size of all
                 numbers involved, counts as equal but is no proof

A verdict is "equal", "different", "undecided" (no tier could tell; never to be read as wrong) or "reject" (the
answer is not an expression of the grammar, has a symbol it must not have, or has no value anywhere).

Values are compared where the gold is defined. On the domains "real" and "positive" symbols are real and so must
the gold be: `log(x**2)` equals `2*log(x)` there, as the latter is real for positive x only. Points where the
answer has a pole are skipped. Not covered: sets, intervals, relations and proofs of transcendental identities.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random, SystemRandom
from typing import Literal, TypeAlias

from envs.balls import Evaluator, NoValue, OutOfTime, is_real, relation, size_bits
from envs.calculus import derivative
from envs.core import Outcome, Verdict
from envs.expression import GrammarError, Number, Tree, nodes, symbols_of
from envs.grammar import LETTERS, parse
from envs.residues import MAX_DEGREE, Residues, Undefined, degree_bound

Label: TypeAlias = Literal["equal", "different", "undecided", "reject"]
Domain: TypeAlias = Literal["real", "positive", "complex", "nonneg-int"]
Form: TypeAlias = Literal["integer", "rational"]

BUDGET_S = 1.0
"""Time after which a comparison is undecided."""

ENOUGH_POINTS = 12
MOST_POINTS = 60
_BITS = 200  # 60 decimal digits
_MORE_BITS = 1_000  # for points where cancellation left a wide ball
_MOST_BITS = 20_000

_FORMS = {"integer": re.compile(r"0|-?[1-9][0-9]*"), "rational": re.compile(r"0|-?[1-9][0-9]*(?:/[1-9][0-9]*)?")}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found out about two expressions.

    Attributes:
        label: The verdict.
        tier: The kind of evidence, see the module's list; empty for undecided and reject.
        evidence: A few words for a reader.
        cost_s: Seconds it took.
    """

    label: Label
    tier: str = ""
    evidence: str = ""
    cost_s: float = 0.0


_OUTCOMES = {
    "equal": Outcome.CORRECT,
    "different": Outcome.INCORRECT,
    "undecided": Outcome.UNDECIDED,
    "reject": Outcome.MALFORMED,
}


def verdict_of(comparison: Comparison) -> Verdict:
    """The comparison as an env's verdict."""
    return Verdict(_OUTCOMES[comparison.label], comparison.evidence, comparison.tier, comparison.cost_s)


def compare(
    gold: str,
    answer: str,
    *,
    domain: Domain = "real",
    symbols: Collection[str] | None = None,
    form: Form | None = None,
) -> Comparison:
    """Compare an answer with a reference; neither text is trusted.

    Args:
        gold: The reference. Outside the grammar it makes the verdict undecided.
        answer: Any text.
        domain: Where symbols live.
        symbols: Symbols the answer may use; None means single letters.
        form: The spelling an answer must have besides its value.
    """
    start = time.perf_counter()
    allowed = LETTERS if symbols is None else symbols
    try:
        gold_tree = parse(gold, symbols=allowed, imaginary_unit=True)
    except GrammarError as problem:
        return _timed(Comparison("undecided", evidence=f"gold: {problem}"), start)
    try:
        answer_tree = parse(answer, symbols=allowed, imaginary_unit=True)
    except GrammarError as problem:
        return _timed(Comparison("reject", evidence=str(problem)), start)
    if form is not None and not _FORMS[form].fullmatch(answer.strip(" ")):
        return _timed(Comparison("reject", evidence=f"not of the form {form}"), start)
    domains = dict.fromkeys(symbols_of(gold_tree) | symbols_of(answer_tree), domain)
    return compare_trees(gold_tree, answer_tree, domains=domains)


def compare_trees(gold: Tree, answer: Tree, *, domains: Mapping[str, Domain]) -> Comparison:
    """Compare two trees, every symbol of which has a domain."""
    needs_real = bool(domains) and "complex" not in domains.values()
    return _decide(gold, answer, _Numeric(gold, answer, domains, needs_real=needs_real))


def compare_derivative(candidate: Tree, integrand: Tree, variable: str, *, domains: Mapping[str, Domain]) -> Comparison:
    """Whether the derivative of a candidate equals an integrand, as analytic functions.

    Constants may differ between the pieces of the domain, as they do for log(x) and log(-x). Values need not be
    real: 2/3*sqrt(x)**3 has derivative sqrt(x) at negative x too.

    Raises:
        ValueError: The candidate holds a function without a derivative, such as `sign`.
    """
    try:
        slope = derivative(candidate, variable)
    except GrammarError as problem:
        return Comparison("undecided", evidence=f"derivative: {problem}")
    numeric = _Numeric(integrand, candidate, domains, needs_real=False)
    result = _decide(integrand, slope, numeric)
    # The derivative of log(0) is that of a constant, but log(0) is none.
    return _with_value(result, candidate, numeric) if result.label == "equal" else result


def is_somewhere_nonzero(tree: Tree, *, domains: Mapping[str, Domain], rng: Random) -> bool:
    """Whether the tree is finite, real and not 0 at some of the points that `rng` draws from the domain."""
    deadline, bands = time.perf_counter() + BUDGET_S, _bands(tree)
    for index in range(MOST_POINTS):
        try:
            value = Evaluator(_point(domains, index, rng, bands), _BITS, deadline).value(tree)
        except NoValue:
            continue
        except OutOfTime:
            return False
        if is_real(value) and not value.contains(0):
            return True
    return False


def _decide(gold: Tree, answer: Tree, numeric: _Numeric) -> Comparison:
    start = time.perf_counter()
    result = _by_residues(gold, answer)
    if result.label == "undecided":
        result = numeric.compare(gold, answer)
    elif result.evidence == _OPAQUE:
        result = _with_value(result, answer, numeric)  # 0*tan(pi/2) is formally 0, and has no value
    return _timed(result, start)


def _with_value(result: Comparison, answer: Tree, numeric: _Numeric) -> Comparison:
    match numeric.has_value(answer):
        case True:
            return result
        case False:
            return _NO_VALUE
        case None:
            return _TOO_LATE


_NO_VALUE = Comparison("reject", evidence="the answer has no value")
_TOO_LATE = Comparison("undecided", evidence=f"not decided within {BUDGET_S} s")
_OPAQUE = "functions as unknowns"


def _by_residues(gold: Tree, answer: Tree) -> Comparison:
    """Exact verdict; undecided where the residues differ and functions are involved."""
    if degree_bound(gold) + degree_bound(answer) > MAX_DEGREE:
        return Comparison("undecided", evidence="degree too high for residues")
    points = [Residues(SystemRandom()) for _ in range(2)]
    try:
        wanted = [point.value(gold) for point in points]
    except Undefined as problem:
        return Comparison("undecided", "", f"the gold is undefined: {problem}")
    try:
        found = [point.value(answer) for point in points]
    except Undefined as problem:
        return Comparison("reject", "", f"the answer is undefined: {problem}")
    opaque = points[0].opaque
    if wanted == found:
        return Comparison("equal", "structural" if gold == answer else "exact", _OPAQUE if opaque else "")
    return Comparison("undecided") if opaque else Comparison("different", "exact", "as rational functions")


class _Numeric:
    """Comparison at random points: fresh ones for every verdict, so that no answer can be built to fit them."""

    def __init__(self, gold: Tree, candidate: Tree, domains: Mapping[str, Domain], *, needs_real: bool) -> None:
        self._domains = domains
        self._bands = _bands(gold, candidate)
        self._needs_real = needs_real
        # Candidates are judged by their derivatives, which repeat their numbers up to twice.
        self._bits = size_bits(gold) + 2 * size_bits(candidate)
        self._deadline = time.perf_counter() + BUDGET_S
        self._rng = SystemRandom()

    def has_value(self, answer: Tree) -> bool | None:
        """Whether the answer is finite at one of a few points; None where time ran out."""
        for index in range(MOST_POINTS if self._domains else 1):
            try:
                Evaluator(_point(self._domains, index, self._rng, self._bands), _BITS, self._deadline).value(answer)
            except NoValue:
                continue
            except OutOfTime:
                return None
            return True
        return False

    def compare(self, gold: Tree, answer: Tree) -> Comparison:
        """Differ at one point: different. Agree at enough of them: equal."""
        try:
            return self._compare(gold, answer)
        except OutOfTime:
            return _TOO_LATE

    def _compare(self, gold: Tree, answer: Tree) -> Comparison:
        agreed = n_gold = n_answer = 0
        enough = ENOUGH_POINTS if self._domains else 1
        for index in range(MOST_POINTS if self._domains else 1):
            seen = self._at(
                _point(self._domains, index, self._rng, self._bands), gold, answer, last=agreed == enough - 1
            )
            n_gold += seen != "no gold"
            n_answer += seen not in ("no gold", "no answer")
            agreed += seen == "agree"
            if seen == "differ":
                return Comparison("different", "numeric", "disjoint balls at a point")
            if agreed == enough:
                return Comparison("equal", "numeric", f"agreement at {enough} points")
        if n_gold >= enough and n_answer == 0:
            return _NO_VALUE
        return Comparison("undecided", evidence=f"agreement at {agreed} points only")

    def _at(self, point: _Point, gold: Tree, answer: Tree, *, last: bool) -> str:
        """Compare at one point; the last one at a precision that leaves a difference no room to hide."""
        precision, ceiling = _BITS, _MORE_BITS
        seen = "no gold"
        while precision <= min(ceiling, _MOST_BITS):
            evaluator = Evaluator(point, precision, self._deadline)
            seen = self._seen(evaluator, gold, answer, precision)
            if seen == "agree" and last:
                precision_needed = _BITS + 2 * (self._bits + evaluator.spread_bits)
                if precision >= precision_needed:
                    return seen
                precision = ceiling = precision_needed
                seen = "unclear"
            elif seen in ("agree", "differ", "not real"):
                break
            else:
                precision = _MORE_BITS if precision == _BITS else ceiling + 1
        return "no gold" if seen == "not real" else seen

    def _seen(self, evaluator: Evaluator, gold: Tree, answer: Tree, precision: int) -> str:
        try:
            wanted = evaluator.value(gold)
        except NoValue:
            return "no gold"
        if self._needs_real and not is_real(wanted):
            return "not real"
        try:
            found = evaluator.value(answer)
        except NoValue:
            return "no answer"
        return relation(wanted, found, precision)


_Point: TypeAlias = Mapping[str, tuple[Fraction, Fraction]]
_Band: TypeAlias = tuple[int, int]
_BANDS: tuple[_Band, ...] = ((0, 1), (1, 4), (0, 1), (4, 30))  # asin and acosh live on different sides of 1
_FARTHEST = 2**16


def _bands(*trees: Tree) -> tuple[_Band, ...]:
    """Sizes to try symbols at: around 1, and beyond the largest number, where Abs(x-1000) turns."""
    sizes = [abs(node.value) for tree in trees for node in nodes(tree) if isinstance(node, Number)]
    large = [math.ceil(size) for size in sizes if _BANDS[-1][1] / 2 < size < _FARTHEST]
    return (*_BANDS, (max(large), 2 * max(large))) if large else _BANDS


def _point(domains: Mapping[str, Domain], index: int, rng: Random, bands: tuple[_Band, ...]) -> _Point:
    """A random point; which signs and what size its coordinates have follows from its index.

    Branches differ by region (sqrt(x**2) from x where x is negative), and points with random signs would miss a
    region too often.
    """
    low, high = bands[index // 2 % len(bands)]
    point = {}
    for position, (name, domain) in enumerate(sorted(domains.items())):
        sign = -1 if (index >> position % 4) & 1 else 1
        value, imaginary = low + (high - low) * _fraction(rng), Fraction(0)
        match domain:
            case "real":
                value *= sign
            case "complex":
                value, imaginary = value * sign, high * _fraction(rng) * rng.choice((-1, 1))
            case "nonneg-int":
                value = Fraction(rng.randrange(high, 10 * high))
        point[name] = value, imaginary
    return point


def _fraction(rng: Random) -> Fraction:
    """Between 0 and 1."""
    # A random odd denominator: sin(2**40*pi*x) is 0 at every multiple of 2**-40, but not here.
    denominator = rng.getrandbits(40) | 2**40 | 1
    return Fraction(rng.randrange(1, denominator), denominator)


def _timed(comparison: Comparison, start: float) -> Comparison:
    return replace(comparison, cost_s=time.perf_counter() - start)
