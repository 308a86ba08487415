"""Jumps of an antiderivative inside the domain of its integrand, where the derivative cannot see them.

`x**2+x/Abs(x)` has derivative 2*x wherever it has one, but jumps at 0, where 2*x is defined: it is no antiderivative.
`log(-x)` and `log(x)` differ from `log(Abs(x))` by other constants on either side of 0, where 1/x is not defined: each
is one, piece by piece. Two antiderivatives are compared; a jump of their difference is found by bisection.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from random import SystemRandom

from envs.equality.backend import RIGOROUS, Ball, Evaluator, is_real, is_tight, relation
from envs.equality.comparison import Domain
from envs.equality.evaluation import NoValue
from envs.equality.points import bands_of, random_point
from envs.expression import MINUS_ONE, Call, Number, Power, Tree, add, multiply, nodes

_BITS = 200
_N_POINTS = 16
_N_HALVINGS = 48
_SMOOTH_EVERYWHERE = {"exp", "sin", "cos", "sinh", "cosh", "erf", "erfc", "erfi", "Si", "Shi"}


def finds_jump(
    gold: Tree, answer: Tree, integrand: Tree, variable: str, domains: Mapping[str, Domain], deadline: float
) -> bool:
    """Whether an answer jumps, against the gold, at a point around which the integrand is finite and real.

    Args:
        gold: An antiderivative of the integrand.
        answer: Another, with the same derivative.
        integrand: What both have as derivative.
        variable: The variable of integration.
        domains: The domain of each symbol; with a complex one there are no sides to jump between.
        deadline: Value of `time.perf_counter()` after which it gives up.

    Raises:
        OutOfTime: The deadline passed.
    """
    if not RIGOROUS or domains.get(variable) not in ("real", "positive") or "complex" in domains.values():
        return False
    difference = add((answer, multiply((MINUS_ONE, gold))))
    if not any(map(_may_jump, nodes(difference))):
        return False
    search = _Search(difference, answer, integrand, variable, domains, deadline)
    return any(search.jumps_between(low, high) for low, high in search.steps())


def _may_jump(node: Tree) -> bool:
    match node:
        case Power(_, Number(exponent)):
            return exponent.denominator > 1 or exponent < 0
        case Power():
            return True
        case Call(function, _):
            return function not in _SMOOTH_EVERYWHERE
        case _:
            return False


class _Search:
    """One line through the domain, along the variable."""

    def __init__(
        self,
        difference: Tree,
        answer: Tree,
        integrand: Tree,
        variable: str,
        domains: Mapping[str, Domain],
        deadline: float,
    ) -> None:
        self._difference, self._answer, self._integrand = difference, answer, integrand
        self._variable, self._deadline = variable, deadline
        rng, bands = SystemRandom(), bands_of(difference)
        points = [random_point(domains, index, rng, bands) for index in range(_N_POINTS)]
        self._fixed = points[0]
        self._line = sorted(point[variable][0] for point in points)

    def steps(self) -> list[tuple[Fraction, Fraction]]:
        """Neighbouring points between which the difference changes."""
        places = [x for x in self._line if self._value(self._difference, x) is not None]
        return [(low, high) for low, high in pairwise(places) if not self._agree(low, high)]

    def jumps_between(self, low: Fraction, high: Fraction) -> bool:
        """Whether the change happens inside the integrand's domain, through the answer's fault."""
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            if self._value(self._difference, middle) is None:
                middle += (high - low) / 64
                if self._value(self._difference, middle) is None:
                    break  # too near a pole inside the answer: what is left is judged as it is
            low, high = (middle, high) if self._agree(low, middle) else (low, middle)
        if not (self._is_real(low) and self._is_real(high)):
            return False
        return self._is_tight(self._integrand, low, high) and not self._is_tight(self._answer, low, high)

    def _value(self, tree: Tree, x: Fraction, width: Fraction = Fraction(0)) -> Ball | None:
        point = {**self._fixed, self._variable: (x, Fraction(0))}
        widths = {self._variable: width} if width else None
        try:
            return Evaluator(point, _BITS, self._deadline, widths).value(tree)
        except NoValue:
            return None

    def _agree(self, first: Fraction, second: Fraction) -> bool:
        left, right = self._value(self._difference, first), self._value(self._difference, second)
        return left is not None and right is not None and relation(left, right, _BITS) != "differ"

    def _is_real(self, x: Fraction) -> bool:
        value = self._value(self._integrand, x)
        return value is not None and is_real(value)

    def _is_tight(self, tree: Tree, low: Fraction, high: Fraction) -> bool:
        value = self._value(tree, (low + high) / 2, high - low)
        return value is not None and is_tight(value)
