"""Sets of real numbers as ordered, disjoint intervals with constant endpoints, and how statements become such sets."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from envs.equality.backend import Evaluator, is_real, sign_of_difference
from envs.equality.comparison import BUDGET_S, Comparison
from envs.equality.evaluation import NoValue, OutOfTime
from envs.equality.residues import degree_bound
from envs.equality.values import FiniteSet, Interval, Relation, Sequence, Statement, Union
from envs.expression import MINUS_ONE, Name, Number, Tree, add, multiply, symbols_of
from envs.polynomial import polynomial_of

Region: TypeAlias = tuple[Interval, ...]
"""Disjoint intervals in ascending order; a point is an interval from itself to itself."""

REALS = Interval(None, None, False, False)
_BITS = 200
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


class Unordered(Exception):
    """Endpoints could not be ordered, or the statement is not solved for its variable."""


class Order:
    """Compares constants, exactly where they are rational.

    Attributes:
        tiers: The tiers of evidence that equalities of endpoints rest on.
    """

    def __init__(self, decide: Callable[[Tree, Tree], Comparison]) -> None:
        self._decide = decide
        self._deadline = time.perf_counter() + BUDGET_S
        self.tiers: set[str] = {"structural"}

    def sign(self, first: Tree, second: Tree) -> int:
        """1, 0 or -1 for above, equal or below.

        Raises:
            Unordered: An endpoint is not a real constant, or it cannot be told.
        """
        if isinstance(first, Number) and isinstance(second, Number):
            return (first.value > second.value) - (first.value < second.value)
        try:
            evaluator = Evaluator({}, _BITS, self._deadline)
            left, right = evaluator.value(first), evaluator.value(second)
        except (NoValue, OutOfTime, KeyError):  # KeyError: a symbol
            raise Unordered("an endpoint is not a constant") from None
        if not (is_real(left) and is_real(right)):
            raise Unordered("an endpoint is not real")
        if found := sign_of_difference(left, right):
            return found
        result = self._decide(first, second)
        if result.label != "equal":
            raise Unordered("endpoints could not be told apart")
        self.tiers.add(result.tier)
        return 0

    def union(self, pieces: list[Interval]) -> Region:
        """The pieces sorted and merged, empty ones left out."""
        rest = [piece for piece in pieces if not self._is_empty(piece)]
        merged: list[Interval] = []
        while rest:
            lowest = rest[0]
            for piece in rest[1:]:
                if self._low_sign(piece, lowest) < 0:
                    lowest = piece
            rest.remove(lowest)
            if merged and self._touch(merged[-1], lowest):
                merged[-1] = self._joined(merged[-1], lowest)
            else:
                merged.append(lowest)
        return tuple(merged)

    def intersection(self, first: Region, second: Region) -> Region:
        """What lies in both."""
        return self.union([self._common(left, right) for left in first for right in second])

    def same(self, first: Region, second: Region) -> bool:
        """Whether two regions are the same set."""
        return len(first) == len(second) and all(
            self._low_sign(left, right) == 0 and self._high_sign(left, right) == 0
            for left, right in zip(first, second, strict=True)
        )

    def _is_empty(self, piece: Interval) -> bool:
        if piece.low is None or piece.high is None:
            return False
        sign = self.sign(piece.low, piece.high)
        return sign > 0 or (sign == 0 and not (piece.has_low and piece.has_high))

    def _low_sign(self, first: Interval, second: Interval) -> int:
        """Which interval begins first; one that has its endpoint begins before one that lacks it."""
        if first.low is None or second.low is None:
            return (first.low is not None) - (second.low is not None)
        return self.sign(first.low, second.low) or second.has_low - first.has_low

    def _high_sign(self, first: Interval, second: Interval) -> int:
        if first.high is None or second.high is None:
            return (first.high is None) - (second.high is None)
        return self.sign(first.high, second.high) or first.has_high - second.has_high

    def _touch(self, first: Interval, second: Interval) -> bool:
        """Whether nothing lies between two intervals of which the first begins first."""
        if first.high is None or second.low is None:
            return True
        sign = self.sign(first.high, second.low)
        return sign > 0 or (sign == 0 and (first.has_high or second.has_low))

    def _joined(self, first: Interval, second: Interval) -> Interval:
        last = first if self._high_sign(first, second) >= 0 else second
        return Interval(first.low, last.high, first.has_low, last.has_high)

    def _common(self, first: Interval, second: Interval) -> Interval:
        begins = first if self._low_sign(first, second) >= 0 else second
        ends = first if self._high_sign(first, second) <= 0 else second
        return Interval(begins.low, ends.high, begins.has_low, ends.has_high)


def point(value: Tree) -> Interval:
    """The interval that holds one number."""
    return Interval(value, value, True, True)


def region_of(value: Union | FiniteSet | Statement, order: Order) -> Region:
    """The set of real numbers that a value describes.

    Raises:
        Unordered: It is not solved for one variable, has tuples in it, or its endpoints cannot be ordered.
    """
    if isinstance(value, Statement):
        return _solutions(value, order)
    pieces: list[Interval] = []
    for piece in value.pieces if isinstance(value, Union) else (value,):
        if isinstance(piece, Interval):
            pieces.append(piece)
            continue
        for element in piece.elements:
            if isinstance(element, Sequence):
                raise Unordered("a set of tuples")
            pieces.append(point(element))
    return order.union(pieces)


def variable_of(statement: Statement) -> str:
    """The one symbol that the statement's relations are about.

    Raises:
        Unordered: There are none or several.
    """
    names = {
        name
        for relations in statement.alternatives
        for relation in relations
        for operand in relation.operands
        for name in symbols_of(operand)
    }
    if len(names) != 1:
        raise Unordered("not a statement about one variable")
    return names.pop()


def points_of(statement: Statement) -> FiniteSet:
    """The solutions where every alternative is `x = value`.

    Raises:
        Unordered: It is not of that form.
    """
    variable, values = variable_of(statement), []
    for relations in statement.alternatives:
        match relations:
            case (Relation((left, right), ("=",)),):
                values.append(_isolated(left, right, variable)[0])
            case _:
                raise Unordered("not a list of solutions")
    return FiniteSet(tuple(values))


def is_solved(statement: Statement, variable: str) -> bool:
    """Whether every relation has the bare variable on one side, or in the middle, and nowhere else."""
    return all(_is_solved(one, variable) for relations in statement.alternatives for one in relations)


def _is_solved(relation: Relation, variable: str) -> bool:
    bare = [side == Name(variable) for side in relation.operands]
    n_others = sum(variable in symbols_of(side) for side in relation.operands) - 1
    return sum(bare) == 1 and n_others == 0 and (len(bare) == 2 or (len(bare) == 3 and bare[1]))


def listed(statement: Statement, variable: str) -> FiniteSet:
    """The solutions where every alternative is `variable = value`; the values may have other symbols in them.

    Raises:
        Unordered: It is not of that form.
    """
    values = []
    for relations in statement.alternatives:
        match relations:
            case (Relation((left, right), ("=",)) as only,) if _is_solved(only, variable):
                values.append(right if left == Name(variable) else left)
            case _:
                raise Unordered("not a list of solutions")
    return FiniteSet(tuple(values))


def _solutions(statement: Statement, order: Order) -> Region:
    variable = variable_of(statement)
    pieces: list[Interval] = []
    for relations in statement.alternatives:
        region: Region = (REALS,)
        for relation in relations:
            for left, operator, right in zip(
                relation.operands, relation.operators, relation.operands[1:], strict=False
            ):
                region = order.intersection(region, _solved(left, operator, right, variable))
        pieces += region
    return order.union(pieces)


def _solved(left: Tree, operator: str, right: Tree, variable: str) -> Region:
    value, mirrored = _isolated(left, right, variable)
    match _MIRRORED[operator] if mirrored else operator:
        case "<" | "<=" as found:
            return (Interval(None, value, False, found == "<="),)
        case ">" | ">=" as found:
            return (Interval(value, None, found == ">=", False),)
        case "=":
            return (point(value),)
        case _:
            return (Interval(None, value, False, False), Interval(value, None, False, False))


def _isolated(left: Tree, right: Tree, variable: str) -> tuple[Tree, bool]:
    """The number that the variable is compared with, and whether sides were swapped in getting there."""
    if left == Name(variable) and not symbols_of(right):
        return right, False
    if right == Name(variable) and not symbols_of(left):
        return left, True
    difference = add((left, multiply((MINUS_ONE, right))))
    linear = polynomial_of(difference, variable) if degree_bound(difference) < 50 else None
    if linear is None or max(linear, default=0) != 1:
        raise Unordered("not solved for its variable")
    return Number(-linear.get(0, Fraction(0)) / linear[1]), linear[1] < 0
