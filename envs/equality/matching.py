"""Sets, tuples, intervals and statements compared part by part; how two expressions compare is an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence as AnySequence
from fractions import Fraction

from envs.equality.comparison import BUDGET_S, TIERS, Comparison
from envs.equality.regions import Order, Unordered, points_of, region_of
from envs.equality.values import EXPRESSIONS, FiniteSet, Interval, Relation, Sequence, Statement, Union, Value
from envs.expression import (
    MINUS_ONE,
    GrammarError,
    Name,
    Number,
    Product,
    Sum,
    Tree,
    add,
    multiply,
    substitute,
    symbols_of,
)

_NOT_AN_EXPRESSION = Comparison("reject", evidence="not an expression")
_ANOTHER_KIND = Comparison("different", "structural", "another kind of answer")
_MIRRORED = {"<": ">", "<=": ">="}


class Matcher:
    """Compares values; one deadline for all parts."""

    def __init__(self, decide: Callable[[Tree, Tree], Comparison]) -> None:
        """Make a matcher; `decide` compares a reference expression with an answer's."""
        self._decide = decide
        self._deadline = time.perf_counter() + BUDGET_S

    def compare(self, gold: Value, answer: Value) -> Comparison:
        """Compare two values; which kinds may be equal is the gold's choice."""
        if isinstance(gold, EXPRESSIONS):
            return self._decide(gold, answer) if isinstance(answer, EXPRESSIONS) else _NOT_AN_EXPRESSION
        if isinstance(answer, EXPRESSIONS):
            return _ANOTHER_KIND
        if isinstance(gold, Sequence):
            return self._sequences(gold, answer) if isinstance(answer, Sequence) else _ANOTHER_KIND
        if isinstance(answer, Sequence):
            # A set is never a tuple, but an interval that the reference writes with [ may come with ( in an answer.
            if isinstance(gold, FiniteSet) or len(answer.items) != 2:
                return _ANOTHER_KIND
            answer = open_interval(answer)
        if isinstance(gold, FiniteSet) and isinstance(answer, FiniteSet):
            return self._sets(gold, answer)
        return self._regions(gold, answer)

    def _sequences(self, gold: Sequence, answer: Sequence) -> Comparison:
        if len(gold.items) != len(answer.items):
            return Comparison("different", "structural", f"{len(answer.items)} items, not {len(gold.items)}")
        return _together([self._timely(a, b) for a, b in zip(gold.items, answer.items, strict=True)])

    def _timely(self, gold: Tree, answer: Tree) -> Comparison:
        if time.perf_counter() > self._deadline:
            return Comparison("undecided", evidence=f"not decided within {BUDGET_S} s")
        return self._decide(gold, answer)

    def _elements(self, gold: Tree | Sequence, answer: Tree | Sequence) -> Comparison:
        match gold, answer:
            case Sequence(), Sequence():
                return self._sequences(gold, answer)
            case Sequence(), _:
                return _ANOTHER_KIND
            case _, Sequence():
                return _ANOTHER_KIND
        return self._timely(gold, answer)  # type: ignore[arg-type]

    def _sets(self, gold: FiniteSet, answer: FiniteSet) -> Comparison:
        wanted, given = self._distinct(gold), self._distinct(answer)
        if isinstance(wanted, Comparison):
            return wanted
        if isinstance(given, Comparison):
            return given
        if len(wanted) != len(given):
            return Comparison("different", "structural", f"{len(given)} elements, not {len(wanted)}")
        matches: list[Comparison] = []
        for element in wanted:
            results = []
            for index, other in enumerate(given):
                result = self._elements(element, other)
                if result.label == "equal":
                    del given[index]
                    matches.append(result)
                    break
                results.append(result)
            else:
                unclear = [result for result in results if result.label in ("undecided", "reject")]
                return unclear[0] if unclear else Comparison("different", _weakest(results), "an element is missing")
        return _together(matches)

    def _distinct(self, one: FiniteSet) -> list[Tree | Sequence] | Comparison:
        """The elements without repetitions, or why they could not be told apart."""
        kept: list[Tree | Sequence] = []
        for element in one.elements:
            results = [self._elements(other, element) for other in kept]
            if any(result.label == "undecided" for result in results):
                return Comparison("undecided", evidence="elements of a set could not be told apart")
            if not any(result.label == "equal" for result in results):
                kept.append(element)
        return kept

    def _regions(self, gold: Union | FiniteSet | Statement, answer: Union | FiniteSet | Statement) -> Comparison:
        if isinstance(gold, FiniteSet) and isinstance(answer, Statement):
            return self._solutions(gold, answer)
        if isinstance(gold, Statement) and isinstance(answer, FiniteSet):
            return self._listed(gold, answer)
        order = Order(self._timely)
        try:
            same = order.same(region_of(gold, order), region_of(answer, order))
        except Unordered as problem:
            return self._symbolic(gold, answer, str(problem))
        if isinstance(gold, Statement) and isinstance(answer, Statement) and _variables(gold) != _variables(answer):
            return Comparison("different", "structural", "about another variable")
        return Comparison("equal" if same else "different", max(order.tiers, key=TIERS.index), "as sets of numbers")

    def _solutions(self, gold: FiniteSet, answer: Statement) -> Comparison:
        try:
            return self._sets(gold, points_of(answer))
        except Unordered:
            return _ANOTHER_KIND

    def _listed(self, gold: Statement, answer: FiniteSet) -> Comparison:
        try:
            return self._sets(points_of(gold), answer)
        except Unordered:
            return _ANOTHER_KIND

    def _symbolic(
        self, gold: Union | FiniteSet | Statement, answer: Union | FiniteSet | Statement, problem: str
    ) -> Comparison:
        """What can be said without ordering endpoints: a single interval or a single relation on both sides."""
        match gold, answer:
            case Union((Interval() as wanted,)), Union((Interval() as given,)):
                return self._intervals(wanted, given)
            case Statement(((Relation((_, _)) as relation,),)), Statement(((Relation((_, _)) as other,),)):
                return self._relations(relation, other)
        return Comparison("undecided", evidence=problem)

    def _intervals(self, gold: Interval, answer: Interval) -> Comparison:
        kinds = [(i.low is None, i.high is None, i.has_low, i.has_high) for i in (gold, answer)]
        if kinds[0] != kinds[1]:
            return Comparison("different", "structural", "other endpoints are included or infinite")
        pairs = [(gold.low, answer.low), (gold.high, answer.high)]
        return _together([self._timely(a, b) for a, b in pairs if a is not None and b is not None])

    def _relations(self, gold: Relation, answer: Relation) -> Comparison:
        """Equal where one difference of sides is a positive multiple of the other."""
        wanted, given = _difference(gold), _difference(answer)
        if wanted[1] != given[1]:
            return Comparison("undecided", evidence="relations of two kinds that are not solved")
        factor = _ratio(wanted[0], given[0])
        if factor is not None and factor != 0 and (factor > 0 or wanted[1] in ("=", "!=")):
            result = self._timely(multiply((Number(factor), wanted[0])), given[0])
            if result.label == "equal":
                return result
            if result.label == "different" and _degree(wanted[0]) == _degree(given[0]) == 1:
                return Comparison("different", result.tier, "linear, and no multiples of each other")
        return Comparison("undecided", evidence="relations that are not solved")


def open_interval(sequence: Sequence) -> Union:
    """(a, b) as an interval."""
    return Union((Interval(sequence.items[0], sequence.items[1], False, False),))


def _together(results: AnySequence[Comparison]) -> Comparison:
    """All parts must be equal; a part that is not decides."""
    for label in ("reject", "different", "undecided"):
        for result in results:
            if result.label == label:
                return result
    return Comparison("equal", _weakest(results), "all parts are equal")


def _weakest(results: AnySequence[Comparison]) -> str:
    return max((result.tier for result in results if result.tier), key=TIERS.index, default="structural")


def _variables(statement: Statement) -> frozenset[str]:
    return frozenset(
        name for part in statement.alternatives for one in part for side in one.operands for name in symbols_of(side)
    )


def _difference(relation: Relation) -> tuple[Tree, str]:
    """Left minus right with its operator, turned so that the operator is no < or <=."""
    (left, right), (operator,) = relation.operands, relation.operators
    if operator in _MIRRORED:
        left, right, operator = right, left, _MIRRORED[operator]
    return add((left, multiply((MINUS_ONE, right)))), operator


def _ratio(first: Tree, second: Tree) -> Fraction | None:
    """Second by first at a rational point, where both are rational there."""
    values = []
    for tree in (first, second):
        for index, name in enumerate(sorted(symbols_of(first) | symbols_of(second))):
            try:
                tree = substitute(tree, name, Number(Fraction(7_919 + 104 * index, 3)))
            except GrammarError:
                return None
        values.append(tree.value if isinstance(tree, Number) else None)
    if values[0] is None or values[1] is None or values[0] == 0:
        return None
    return values[1] / values[0]


def _degree(tree: Tree) -> int:
    """A bound on the degree of a polynomial; for other trees a number above any that matters."""
    match tree:
        case Number():
            return 0
        case Name():
            return 1
        case Sum(parts):
            return max(map(_degree, parts))
        case Product(parts):
            return sum(map(_degree, parts))
        case _:
            return 1_000
