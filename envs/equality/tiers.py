"""The comparison itself: which tier is asked when."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from random import Random

from envs.calculus import derivative
from envs.equality.agreement import BITS, MOST_POINTS, NO_VALUE, TOO_LATE, Agreement
from envs.equality.backend import Evaluator, is_real, may_be_zero
from envs.equality.comparison import BUDGET_S, RANDOM, Comparison, Domain, timed
from envs.equality.evaluation import NoValue, OutOfTime
from envs.equality.forms import Form, as_interval, form_problem
from envs.equality.matching import Matcher
from envs.equality.points import bands_of, random_point
from envs.equality.residues import MAX_DEGREE, Residues, Undefined, degree_bound
from envs.equality.values import EXPRESSIONS, Value, parse_value
from envs.expression import GrammarError, Tree, symbols_of
from envs.grammar import LETTERS


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
        gold_value = parse_value(gold, symbols=allowed)
    except GrammarError as problem:
        return timed(Comparison("undecided", evidence=f"gold: {problem}"), start)
    try:
        answer_value = parse_value(answer, symbols=allowed)
    except GrammarError as problem:
        return timed(Comparison("reject", evidence=str(problem)), start)
    if form == "interval":
        gold_value, answer_value = as_interval(gold_value), as_interval(answer_value)
    if form is not None and (problem_found := form_problem(form, answer, answer_value)):
        return timed(Comparison("reject", evidence=problem_found), start)
    return timed(compare_values(gold_value, answer_value, domain=domain), start)


def compare_values(gold: Value, answer: Value, *, domain: Domain = "real") -> Comparison:
    """Compare two answers of any kind; every symbol lives in the one domain."""

    def decide(first: Tree, second: Tree) -> Comparison:
        return compare_trees(first, second, domains=dict.fromkeys(symbols_of(first) | symbols_of(second), domain))

    if isinstance(gold, EXPRESSIONS) and isinstance(answer, EXPRESSIONS):
        return decide(gold, answer)
    return Matcher(decide).compare(gold, answer)


def compare_trees(gold: Tree, answer: Tree, *, domains: Mapping[str, Domain]) -> Comparison:
    """Compare two trees, every symbol of which has a domain."""
    needs_real = bool(domains) and "complex" not in domains.values()
    return _decide(gold, answer, lambda: Agreement(gold, answer, domains, needs_real=needs_real))


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
    agreement = Agreement(integrand, candidate, domains, needs_real=False)
    result = _decide(integrand, slope, lambda: agreement)
    # The derivative of log(0) is that of a constant, but log(0) is none.
    return _with_value(result, candidate, agreement) if result.label == "equal" else result


def is_somewhere_nonzero(tree: Tree, *, domains: Mapping[str, Domain], rng: Random) -> bool:
    """Whether the tree is finite, real and not 0 at some of the points that `rng` draws from the domain."""
    deadline, bands = time.perf_counter() + BUDGET_S, bands_of(tree)
    for index in range(MOST_POINTS):
        try:
            value = Evaluator(random_point(domains, index, rng, bands), BITS, deadline).value(tree)
        except NoValue:
            continue
        except OutOfTime:
            return False
        if is_real(value) and not may_be_zero(value):
            return True
    return False


def _decide(gold: Tree, answer: Tree, agreement: Callable[[], Agreement]) -> Comparison:
    start = time.perf_counter()
    result = _by_residues(gold, answer)
    if result.label == "undecided":
        result = agreement().compare(answer)
    elif result.evidence == _OPAQUE:
        result = _with_value(result, answer, agreement())  # 0*tan(pi/2) is formally 0, and has no value
    return timed(result, start)


def _with_value(result: Comparison, answer: Tree, agreement: Agreement) -> Comparison:
    match agreement.has_value(answer):
        case True:
            return result
        case False:
            return NO_VALUE
        case None:
            return TOO_LATE


_OPAQUE = "functions as unknowns"


def _by_residues(gold: Tree, answer: Tree) -> Comparison:
    """Exact verdict; undecided where the residues differ and functions are involved."""
    if degree_bound(gold) + degree_bound(answer) > MAX_DEGREE:
        return Comparison("undecided", evidence="degree too high for residues")
    points = [Residues(RANDOM) for _ in range(2)]
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
