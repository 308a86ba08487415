"""What counts as a right answer to a kind of task, beyond having the reference's value.

    {"kind": "integrate", "f": "2*x", "var": "x"}       x**2, x**2+C, x**2+5; neither x**2+C*x nor Integral(2*x,x)
    {"kind": "differentiate", "f": "x**2", "var": "x"}  2*x
    {"kind": "arith", "expr": "17*23"}                  391; 17*23 is equal, with `form` saying what is wrong
    {"kind": "factorint", "n": 15}                      3*5; neither 15 nor 15*1
    {"kind": "solve", "equation": "x**2=4", "var": "x"} {-2,2}, or x=2 or x=-2: all solutions, solved for x
    {"kind": "factor"}, {"kind": "expand"}              polynomials that factor no further; a sum of monomials;
                                                        neither with functions, roots or reciprocals in it
    {"kind": "simplify", "f": "..."}                    anything equal but f itself

The value decides the label; a wrong spelling is in `Comparison.form`, and `Comparison.correct` wants both. Restating
with `Integral`, `Sum`, `limit`, `gcd` and the like is rejected, as the grammar has none of them. A kind that has no
rule here is compared by value, and the evidence says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, get_args

from envs.calculus import derivative
from envs.core import MAX_CHARS
from envs.equality import compare, compare_derivative, compare_trees, compare_values
from envs.equality.agreement import Agreement
from envs.equality.comparison import BUDGET_S, Comparison, Domain, timed
from envs.equality.evaluation import OutOfTime
from envs.equality.factoring import atoms_of
from envs.equality.forms import expanded_problem, form_problem
from envs.equality.pieces import finds_jump
from envs.equality.regions import Unordered, is_solved, listed, points_of, variable_of
from envs.equality.values import EXPRESSIONS, FiniteSet, Interval, Sequence, Statement, Union, Value, parse_value
from envs.expression import (
    Call,
    GrammarError,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    ordered,
    power,
    symbols_of,
)
from envs.grammar import LETTERS, MAX_DIGITS, parse

KINDS = (
    "integrate", "differentiate", "arith", "factorint", "gcd", "lcm", "sum", "product", "limit", "solve", "expand",
    "factor", "simplify",
)  # fmt: skip
"""Kinds with a rule, or known to need none."""

DOMAINS: tuple[str, ...] = get_args(Domain)

_LITERALS = frozenset({"arith", "gcd", "lcm", "sum", "product"})
_POLYNOMIALS = {"expand": "expanded", "factor": "factored"}
_CONSTANT = "C"
_TEXT_FIELDS = ("f", "var", "expr", "equation")
_NEEDED = {
    "integrate": "f", "differentiate": "f", "simplify": "f", "arith": "expr", "solve": "equation", "factorint": "n"
}  # fmt: skip
# The other kinds may state their tasks with words that the grammar lacks, such as gcd(24,36).
_PARSED = frozenset({"integrate", "differentiate", "simplify", "arith", "solve", "expand", "factor"})


def check(gold: str, answer: str, *, domain: Domain = "real", task: Mapping[str, Any] | None = None) -> Comparison:
    """Check an answer against a reference, by the rules of the task's kind.

    Args:
        gold: The reference. Outside the grammar it makes the verdict undecided.
        answer: Any text.
        domain: Where symbols live.
        task: None, or a mapping with a "kind" and what the kind needs, see the module.

    Raises:
        ValueError: The domain is unknown or the task malformed.
    """
    if domain not in DOMAINS:
        raise ValueError(f"domain={domain!r}: use one of {', '.join(DOMAINS)}")
    check_task(task)
    if task is None:
        return compare(gold, answer, domain=domain)
    kind = task["kind"]
    start = time.perf_counter()
    if kind == "integrate":
        return timed(_integrate(gold, answer, domain, task), start)
    if kind == "solve":
        return timed(_solve(gold, answer, domain, task), start)
    result = compare(gold, answer, domain=domain)
    if kind not in KINDS:
        return timed(replace(result, evidence=f"{result.evidence}; no rule for kind {kind[:20]}".strip("; ")), start)
    if (
        kind == "factorint"
        and result.label in ("equal", "different")
        and parse_value(gold) != Number(Fraction(task["n"]))
    ):
        result = Comparison("undecided", evidence=f"the gold is not n={str(task['n'])[:60]}")
    if result.label == "equal":
        if kind in _POLYNOMIALS:
            result = _as_polynomial(result, kind, gold, answer)
        else:
            result = replace(result, form=_spelling(kind, gold, answer, task))
    return timed(result, start)


def check_task(task: Mapping[str, Any] | None) -> None:
    """Check that a task says what its kind needs; None and kinds without a rule are fine.

    Raises:
        ValueError: It is malformed; the message names the field.
    """
    if task is None:
        return
    if not isinstance(task, Mapping):
        raise ValueError(f"task={str(task)[:60]!r}: not a mapping")
    kind = task.get("kind")
    if not isinstance(kind, str) or not kind:
        raise ValueError(f"task['kind']={str(kind)[:60]!r}: not a kind of task")
    if kind not in KINDS:
        return
    if kind in _NEEDED and task.get(_NEEDED[kind]) is None:
        raise ValueError(f"task[{_NEEDED[kind]!r}]: missing, and kind {kind!r} needs it")
    for field in _TEXT_FIELDS:
        if not isinstance(task.get(field, ""), str):
            raise ValueError(f"task[{field!r}]={str(task[field])[:60]!r}: not text")
    if "var" in task and task["var"] not in LETTERS:
        raise ValueError(f"task['var']={task['var'][:60]!r}: not a symbol")
    if kind == "factorint" and (not isinstance(task["n"], int) or isinstance(task["n"], bool)):
        raise ValueError(f"task['n']={str(task['n'])[:60]!r}: not an integer")
    for field in ("f", "expr", "equation") if kind in _PARSED else ():
        if field in task:
            _given(task, field)
    if kind in ("integrate", "solve"):
        _variable(task)


def _given(task: Mapping[str, Any], field: str) -> Value:
    """A field of the task as a value."""
    try:
        value = parse_value(task[field])
        if not isinstance(value, EXPRESSIONS) and (field != "equation" or not isinstance(value, Statement)):
            raise GrammarError("not an equation or inequality" if field == "equation" else "not an expression")
    except GrammarError as problem:
        raise ValueError(f"task[{field!r}]={task[field][:60]!r}: {problem}") from None
    return value


def _function(task: Mapping[str, Any], field: str = "f") -> Tree:
    return parse(task[field], imaginary_unit=True)


def _variable(task: Mapping[str, Any]) -> str:
    """The variable to integrate over or to solve for."""
    if "var" in task:
        return str(task["var"])
    names = _symbols(_given(task, _NEEDED[task["kind"]])) - {_CONSTANT}
    if len(names) == 1:
        return min(names)
    raise ValueError("task['var']: missing, and the task has not exactly one symbol")


def _spelling(kind: str, gold: str, answer: str, task: Mapping[str, Any]) -> str:
    """What is wrong with the spelling of an answer of the right value; empty where nothing is."""
    value = parse_value(answer)
    if kind in _LITERALS:
        return _literal_problem(gold, answer, value, task)
    if kind == "factorint":
        return form_problem("primes", answer, value)
    if kind == "simplify" and isinstance(value, EXPRESSIONS):
        given = ordered(_function(task))
        if ordered(value) == given and ordered(parse(gold, imaginary_unit=True)) != given:
            return "restated, not simplified"
    return ""


def _literal_problem(gold: str, answer: str, value: Value, task: Mapping[str, Any]) -> str:
    wanted = parse_value(gold)
    # Other values have no literal that the grammar could read: then only the task itself is no answer.
    if isinstance(wanted, Number) and max(map(_n_digits, wanted.value.as_integer_ratio())) <= MAX_DIGITS:
        return "restated, not computed" if form_problem("literal", answer, value) else ""
    if "expr" not in task:
        return ""
    try:
        given = parse_value(task["expr"])
    except GrammarError:  # of a kind whose tasks need words that answers lack
        return ""
    if not form_problem("literal", task["expr"], given):
        return ""
    same_text = answer.replace(" ", "") == task["expr"].replace(" ", "")
    both = isinstance(value, EXPRESSIONS) and isinstance(given, EXPRESSIONS) and not isinstance(given, Number)
    same_tree = both and ordered(value) == ordered(given)  # type: ignore[arg-type]
    return "restated, not computed" if same_text or same_tree else ""


def _n_digits(integer: int) -> int:
    # Not by str: a number may have more digits than Python turns into text.
    return 0 if abs(integer) < 10**MAX_DIGITS else MAX_DIGITS + 1


def _as_polynomial(result: Comparison, kind: str, gold: str, answer: str) -> Comparison:
    """The verdict on an equal answer that should be expanded or factored."""
    wanted, value = parse_value(gold), parse_value(answer)
    if not (isinstance(wanted, EXPRESSIONS) and isinstance(value, EXPRESSIONS)) or not atoms_of(wanted):
        return replace(result, form=form_problem(_POLYNOMIALS[kind], answer, value))  # type: ignore[arg-type]
    note = "the gold is no polynomial"
    if ordered(value) == ordered(wanted):
        return replace(result, evidence=f"{result.evidence}; {note}".strip("; "))
    if kind == "expand" and atoms_of(value) <= atoms_of(wanted):
        return replace(result, form=expanded_problem(value), evidence=f"{result.evidence}; {note}".strip("; "))
    return Comparison("undecided", evidence=f"equal, but {note}, so that the form cannot be judged")


def _integrate(gold: str, answer: str, domain: Domain, task: Mapping[str, Any]) -> Comparison:
    try:
        wanted = parse(gold, imaginary_unit=True)
    except GrammarError as problem:
        return Comparison("undecided", evidence=f"gold: {problem}")
    integrand, variable = _function(task), _variable(task)
    known = symbols_of(wanted) | symbols_of(integrand)
    try:
        tree = parse(answer[: MAX_CHARS + 1], imaginary_unit=True)
    except GrammarError as problem:
        return Comparison("reject", evidence=str(problem))
    foreign = symbols_of(tree) - known - {variable, _CONSTANT}
    if foreign:
        return Comparison("reject", evidence=f"symbol {min(foreign)} is not in the task")
    domains: dict[str, Domain] = dict.fromkeys(symbols_of(tree) | known | {variable}, domain)
    if domain != "complex":
        try:
            wanted, tree = _without_signs(wanted, variable), _without_signs(tree, variable)
        except GrammarError as problem:
            return Comparison("undecided", evidence=f"sign: {problem}")
    try:
        result = _compare_slope(tree, integrand, variable, domains)
    except ValueError as problem:
        return Comparison("undecided", evidence=str(problem))
    if result.label == "different" and ordered(tree) == ordered(wanted):
        return Comparison("undecided", evidence=_NO_ANTIDERIVATIVE)
    return _without_jumps(result, wanted, tree, integrand, variable, domains) if result.label == "equal" else result


_NO_ANTIDERIVATIVE = "the gold is not an antiderivative of f"


def _compare_slope(tree: Tree, integrand: Tree, variable: str, domains: Mapping[str, Domain]) -> Comparison:
    """Whether the derivative is the integrand: as analytic functions, or else where the integrand is real."""
    result = compare_derivative(tree, integrand, variable, domains=domains)
    if result.label != "different" or "complex" in domains.values():
        return result
    # Abs is no analytic function: log(Abs(log(x))) is right for 1/(x*log(x)), but not where log(x) is not real.
    result = compare_trees(integrand, derivative(tree, variable), domains=domains)
    if result.label != "equal":
        return result
    # The derivative of log(0) is that of a constant, but log(0) is none.
    has_value = Agreement(integrand, tree, domains, needs_real=True).has_value(tree)
    return result if has_value else Comparison("reject", evidence="the answer has no value")


def _without_signs(tree: Tree, variable: str) -> Tree:
    """The tree with u/Abs(u) for each sign(u) that depends on the variable: `Abs` has a derivative.

    Raises:
        GrammarError: A number or exponent grows beyond the limits.
    """

    def rewrite(part: Tree) -> Tree:
        match part:
            case Sum(terms):
                return add(map(rewrite, terms))
            case Product(factors):
                return multiply(map(rewrite, factors))
            case Power(base, exponent):
                return power(rewrite(base), rewrite(exponent))
            case Call("sign", argument) if variable in symbols_of(argument):
                inner = rewrite(argument)
                return divide(inner, Call("Abs", inner))
            case Call(function, argument):
                return Call(function, rewrite(argument))
            case _:
                return part

    return rewrite(tree)


def _without_jumps(
    result: Comparison, gold: Tree, answer: Tree, integrand: Tree, variable: str, domains: Mapping[str, Domain]
) -> Comparison:
    # The reference may have been given with other parameters or C in it; only a gold of the same derivative counts.
    try:
        if _compare_slope(gold, integrand, variable, domains).label != "equal":
            return Comparison("undecided", evidence=_NO_ANTIDERIVATIVE)
    except ValueError:
        return result
    deadline = time.perf_counter() + BUDGET_S / 4
    try:
        jumps = finds_jump(gold, answer, integrand, variable, domains, deadline)
    except OutOfTime:
        return result
    if jumps:
        return Comparison("different", "balls", "not constant over the domain: it jumps where f is defined")
    return result


def _solve(gold: str, answer: str, domain: Domain, task: Mapping[str, Any]) -> Comparison:
    """All solutions, as a set or as `x=2 or x=-2`; a single one may come without braces."""
    try:
        wanted = parse_value(gold)
    except GrammarError as problem:
        return Comparison("undecided", evidence=f"gold: {problem}")
    try:
        found = parse_value(answer)
    except GrammarError as problem:
        return Comparison("reject", evidence=str(problem))
    variable = _variable(task)
    for value in (wanted, found):
        if variable in _symbols(value) and not isinstance(value, Statement):
            label = "reject" if value is found else "undecided"
            return Comparison(label, evidence=f"not solved for {variable}")  # type: ignore[arg-type]
    if isinstance(found, Statement) and (misnamed := _misnamed(found, variable)):
        return misnamed
    result = compare_values(_listed(wanted, variable), _listed(found, variable), domain=domain)
    if isinstance(found, Statement) and not is_solved(found, variable) and result.label == "equal":
        return replace(result, form="not solved")
    return result


def _misnamed(statement: Statement, variable: str) -> Comparison | None:
    """A verdict on a statement about something other than the task's variable."""
    try:
        name = variable_of(statement)
    except Unordered:
        return None
    return Comparison("different", "structural", f"about {name}") if variable != name else None


def _listed(value: Value, variable: str) -> Value:
    """A single solution or a list of them as a set; regions as they are."""
    if isinstance(value, EXPRESSIONS):
        return FiniteSet((value,))
    if not isinstance(value, Statement):
        return value
    readings: tuple[Callable[[], FiniteSet], ...] = (lambda: listed(value, variable), lambda: points_of(value))
    for reading in readings:
        try:
            return reading()
        except Unordered:
            continue
    return value


def _symbols(value: Value) -> frozenset[str]:
    """All symbols of a value."""
    match value:
        case FiniteSet(parts) | Sequence(parts) | Union(parts):
            return frozenset().union(*map(_symbols, parts))  # type: ignore[arg-type]
        case Interval(low, high):
            return frozenset().union(*(symbols_of(end) for end in (low, high) if end is not None))
        case Statement(alternatives):
            sides = (side for relations in alternatives for one in relations for side in one.operands)
            return frozenset().union(*map(symbols_of, sides))
        case _:
            return symbols_of(value)
