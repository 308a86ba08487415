"""What counts as a right answer to a kind of task, beyond having the reference's value.

    {"kind": "integrate", "f": "2*x", "var": "x"}       x**2, x**2+C, x**2+5; neither x**2+C*x nor Integral(2*x,x)
    {"kind": "differentiate", "f": "x**2", "var": "x"}  2*x
    {"kind": "arith", "expr": "17*23"}                  391; 17*23 is equal, with `form` saying what is wrong
    {"kind": "factorint", "n": 15}                      3*5; neither 15 nor 15*1
    {"kind": "solve", "equation": "x**2=4", "var": "x"} {-2,2}, or x=2 or x=-2: all solutions
    {"kind": "factor"}, {"kind": "expand"}              polynomials that factor no further; a sum of monomials
    {"kind": "simplify", "f": "..."}                    anything equal but f itself

The value decides the label; a wrong spelling is in `Comparison.form`, and `Comparison.correct` wants both. Restating
with `Integral`, `Sum`, `limit`, `gcd` and the like is rejected, as the grammar has none of them. A kind that has no
rule here is compared by value, and the evidence says so.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from envs.calculus import derivative
from envs.core import MAX_CHARS
from envs.equality import compare, compare_derivative, compare_values
from envs.equality.comparison import BUDGET_S, Comparison, Domain, timed
from envs.equality.evaluation import OutOfTime
from envs.equality.forms import form_problem
from envs.equality.pieces import finds_jump
from envs.equality.regions import Unordered, points_of, variable_of
from envs.equality.values import EXPRESSIONS, FiniteSet, Statement, Value, parse_value
from envs.expression import GrammarError, Tree, ordered, symbols_of
from envs.grammar import LETTERS, parse

KINDS = (
    "integrate", "differentiate", "arith", "factorint", "gcd", "lcm", "sum", "product", "limit", "solve", "expand",
    "factor", "simplify",
)  # fmt: skip
"""Kinds with a rule, or known to need none."""

DOMAINS: tuple[str, ...] = get_args(Domain)

_LITERALS = frozenset({"arith", "gcd", "lcm", "sum", "product"})
_FORM_OF_KIND = {"factorint": "primes", "expand": "expanded", "factor": "factored"}
_CONSTANT = "C"
_TEXT_FIELDS = ("f", "var", "expr", "equation")


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
    if task is None:
        return compare(gold, answer, domain=domain)
    kind = _kind_of(task)
    start = time.perf_counter()
    if kind == "integrate":
        return timed(_integrate(gold, answer, domain, task), start)
    if kind == "solve":
        return timed(_solve(gold, answer, domain, task), start)
    result = compare(gold, answer, domain=domain)
    if kind not in KINDS:
        return timed(replace(result, evidence=f"{result.evidence}; no rule for kind {kind[:20]}".strip("; ")), start)
    if result.label == "equal":
        result = replace(result, form=_spelling(kind, gold, answer, task))
    return timed(result, start)


def _kind_of(task: Mapping[str, Any]) -> str:
    """The kind of a well-formed task."""
    if not isinstance(task, Mapping):
        raise ValueError(f"task={str(task)[:60]!r}: not a mapping")
    kind = task.get("kind")
    if not isinstance(kind, str) or not kind:
        raise ValueError(f"task['kind']={str(kind)[:60]!r}: not a kind of task")
    for field in _TEXT_FIELDS:
        if not isinstance(task.get(field, ""), str):
            raise ValueError(f"task[{field!r}]={str(task[field])[:60]!r}: not text")
    if "var" in task and task["var"] not in LETTERS:
        raise ValueError(f"task['var']={task['var'][:60]!r}: not a symbol")
    if "f" in task and kind in ("integrate", "simplify"):
        _function(task)
    if kind == "factorint" and not (isinstance(task.get("n", 1), int) and not isinstance(task.get("n"), bool)):
        raise ValueError(f"task['n']={str(task['n'])[:60]!r}: not an integer")
    return kind


def _function(task: Mapping[str, Any]) -> Tree:
    try:
        return parse(task["f"], imaginary_unit=True)
    except GrammarError as problem:
        raise ValueError(f"task['f']={task['f'][:60]!r}: {problem}") from None


def _spelling(kind: str, gold: str, answer: str, task: Mapping[str, Any]) -> str:
    """What is wrong with the spelling of an answer of the right value; empty where nothing is."""
    value = parse_value(answer)
    if kind in _LITERALS:
        # A value that is no rational number has no literal: then the spelling is free.
        needs_literal = not form_problem("literal", gold, parse_value(gold))
        return "restated, not computed" if needs_literal and form_problem("literal", answer, value) else ""
    if kind in _FORM_OF_KIND:
        form = _FORM_OF_KIND[kind]
        return form_problem(form, answer, value)  # type: ignore[arg-type]
    if kind == "simplify" and "f" in task and isinstance(value, EXPRESSIONS):
        given = ordered(_function(task))
        if ordered(value) == given and ordered(parse(gold, imaginary_unit=True)) != given:
            return "restated, not simplified"
    return ""


def _integrate(gold: str, answer: str, domain: Domain, task: Mapping[str, Any]) -> Comparison:
    try:
        wanted = parse(gold, imaginary_unit=True)
    except GrammarError as problem:
        return Comparison("undecided", evidence=f"gold: {problem}")
    given = _function(task) if "f" in task else None
    known = symbols_of(wanted) | (symbols_of(given) if given else frozenset())
    variable = _variable(task, known)
    try:
        tree = parse(answer[: MAX_CHARS + 1], imaginary_unit=True)
    except GrammarError as problem:
        return Comparison("reject", evidence=str(problem))
    foreign = symbols_of(tree) - known - {variable, _CONSTANT}
    if foreign:
        return Comparison("reject", evidence=f"symbol {min(foreign)} is not in the task")
    domains: dict[str, Domain] = dict.fromkeys(symbols_of(tree) | known | {variable}, domain)
    try:
        integrand = derivative(wanted, variable) if given is None else given
    except ValueError as problem:
        return Comparison("undecided", evidence=f"gold: {problem}")
    try:
        result = compare_derivative(tree, integrand, variable, domains=domains)
    except ValueError as problem:
        return Comparison("reject", evidence=str(problem))
    return _without_jumps(result, wanted, tree, integrand, variable, domains) if result.label == "equal" else result


def _without_jumps(
    result: Comparison, gold: Tree, answer: Tree, integrand: Tree, variable: str, domains: Mapping[str, Domain]
) -> Comparison:
    # The reference may have been given with other parameters or C in it; only a gold of the same derivative counts.
    try:
        if compare_derivative(gold, integrand, variable, domains=domains).label != "equal":
            return Comparison("undecided", evidence="the gold is not an antiderivative of f")
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


def _variable(task: Mapping[str, Any], known: frozenset[str]) -> str:
    if "var" in task:
        return str(task["var"])
    names = known - {_CONSTANT}
    if len(names) == 1:
        return min(names)
    raise ValueError("task['var']: missing, and the task has not exactly one symbol")


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
    variable = task.get("var")
    for value in (wanted, found):
        if variable and variable in _symbols(value) and not isinstance(value, Statement):
            label = "reject" if value is found else "undecided"
            return Comparison(label, evidence=f"not solved for {variable}")  # type: ignore[arg-type]
    if isinstance(found, Statement) and (misnamed := _misnamed(found, variable)):
        return misnamed
    pair = [_listed(wanted), _listed(found)]
    return compare_values(pair[0], pair[1], domain=domain)


def _misnamed(statement: Statement, variable: str | None) -> Comparison | None:
    """A verdict on a statement about something other than the task's variable."""
    try:
        name = variable_of(statement)
    except Unordered:
        return None
    return Comparison("different", "structural", f"about {name}") if variable not in (None, name) else None


def _listed(value: Value) -> Value:
    """A single solution or a list of them as a set; regions as they are."""
    if isinstance(value, EXPRESSIONS):
        return FiniteSet((value,))
    if isinstance(value, Statement):
        try:
            return points_of(value)
        except Unordered:
            return value
    return value


def _symbols(value: Value) -> frozenset[str]:
    """The symbols of an expression, or of the elements of a set."""
    if isinstance(value, FiniteSet):
        trees = [tree for tree in value.elements if isinstance(tree, EXPRESSIONS)]
    else:
        trees = [value] if isinstance(value, EXPRESSIONS) else []
    return frozenset(name for tree in trees for name in symbols_of(tree))
