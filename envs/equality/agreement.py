"""Two trees compared at random points: fresh ones for every verdict, so that no answer can be built to fit them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal, TypeAlias

from envs.equality.backend import RIGOROUS, Evaluator, is_below, is_real, relation
from envs.equality.branches import survey
from envs.equality.comparison import BUDGET_S, RANDOM, Comparison, Domain
from envs.equality.evaluation import BeyondLimit, NoValue, OutOfTime, size_bits
from envs.equality.homomorphism import proves_equal
from envs.equality.points import Point, bands_of, random_point
from envs.equality.separation import separation_bits
from envs.expression import MINUS_ONE, Sum, Tree, multiply

N_POINTS_BEFORE_PROOF = 3
N_POINTS_WITH_PROOF = 8
N_POINTS_WITHOUT = 12
MOST_POINTS = 60
BITS = 200  # 60 decimal digits
_MORE_BITS = 1_000  # for points where cancellation left a wide ball
_MOST_BITS = 20_000

Seen: TypeAlias = Literal["agree", "differ", "unclear", "no gold", "no answer", "beyond", "not real"]

NO_VALUE = Comparison("reject", evidence="the answer has no value")
TOO_LATE = Comparison("undecided", evidence=f"not decided within {BUDGET_S} s")


class Agreement:
    """One comparison at points of the domain, under one deadline."""

    def __init__(self, gold: Tree, candidate: Tree, domains: Mapping[str, Domain], *, needs_real: bool) -> None:
        """Prepare.

        Args:
            gold: The reference.
            candidate: The answer, or the antiderivative whose derivative is the answer.
            domains: The domain of each symbol.
            needs_real: Whether points at which the gold is not real are left out.
        """
        self._domains = domains
        self._gold, self._candidate = gold, candidate
        self._bands = bands_of(gold, candidate)
        self._enough = max(N_POINTS_WITHOUT, 2 * len(self._bands) + 2)
        self._needs_real = needs_real
        self._deadline = time.perf_counter() + BUDGET_S
        self._rng = RANDOM
        self._most = MOST_POINTS if domains else 1
        self._n_tried = self._agreed = self._n_gold = self._n_answer = 0

    def has_value(self, answer: Tree) -> bool | None:
        """Whether the answer is finite at one of a few points; None where that is not worth its cost."""
        beyond = False
        for index in range(self._most):
            try:
                self._evaluator(index).value(answer)
            except OutOfTime:
                return None
            except NoValue as problem:
                beyond |= isinstance(problem, BeyondLimit)
                continue
            return True
        return None if beyond else False

    def compare(self, answer: Tree) -> Comparison:
        """Differ at one point: different. Agree at some and proved: equal. Agree at more: equal on evidence."""
        try:
            return self._compare(answer)
        except OutOfTime:
            return TOO_LATE

    def _compare(self, answer: Tree) -> Comparison:
        if not self._domains:
            return self._compare_constants(answer)
        # Every region is seen from both sides.
        with_proof = max(N_POINTS_WITH_PROOF, 2 * len(self._bands))
        for enough in (N_POINTS_BEFORE_PROOF, with_proof, self._enough):
            found = self._at_points(answer, enough)
            if found is not None:
                return found
            if enough == N_POINTS_BEFORE_PROOF:
                proved = proves_equal(self._gold, answer, self._domains, self._deadline)
            if enough == with_proof and proved:
                return Comparison("equal", "homomorphism", f"equal images, and agreement at {enough} points")
        return self._on_every_branch(answer)

    def _on_every_branch(self, answer: Tree) -> Comparison:
        """Points are believed only once every branch has been seen."""
        n_points = self._enough
        if "complex" not in self._domains.values():
            found = survey(self._gold, answer, self._domains, self._rng, self._deadline)
            for point in found.points:
                if self._at(point, answer, last=False) == "differ":
                    return _DIFFERENT
            if found.unsettled is not None:
                return Comparison("undecided", evidence="agreement, but the sign of a part is not proved")
            n_points += len(found.points)
        tier = "numeric" if RIGOROUS else "float"
        return Comparison("equal", tier, f"agreement at {n_points} points, no proof")

    def _at_points(self, answer: Tree, enough: int) -> Comparison | None:
        """Go on until `enough` points agree; a verdict where they do not."""
        while self._agreed < enough and self._n_tried < self._most:
            point = random_point(self._domains, self._n_tried, self._rng, self._bands)
            seen = self._at(point, answer, last=self._agreed == self._enough - 1)
            self._n_tried += 1
            self._n_gold += seen != "no gold"
            self._n_answer += seen not in ("no gold", "no answer")
            self._agreed += seen == "agree"
            if seen == "differ":
                return _DIFFERENT
        if self._agreed >= enough:
            return None
        if self._n_gold >= self._enough and self._n_answer == 0:
            return NO_VALUE
        return Comparison("undecided", evidence=f"agreement at {self._agreed} points only")

    def _compare_constants(self, answer: Tree) -> Comparison:
        seen = self._at({}, answer, last=False)
        if seen == "differ":
            return _DIFFERENT
        if seen == "no answer":
            return NO_VALUE
        if seen not in ("agree", "unclear"):
            return Comparison("undecided", evidence="a value is missing or too costly")
        if proves_equal(self._gold, answer, {}, self._deadline):
            return Comparison("equal", "homomorphism", f"equal images, and agreement to {BITS} bits")
        if RIGOROUS and (found := self._within_separation(answer)):
            return found
        seen = self._at({}, answer, last=True)
        if seen == "differ":
            return _DIFFERENT
        if seen != "agree":
            return Comparison("undecided", evidence="the balls stay too wide")
        tier = "numeric" if RIGOROUS else "float"
        return Comparison("equal", tier, "agreement beyond the size of all numbers, no proof")

    def _within_separation(self, answer: Tree) -> Comparison | None:
        """A proof for algebraic numbers: closer than any two different ones of their size and degree."""
        bits = separation_bits(self._gold, answer)
        if bits is None or bits > _MOST_BITS:
            return None
        difference = Sum((self._gold, multiply((MINUS_ONE, answer))))
        for precision in (bits + BITS, 2 * bits + 3 * BITS):
            try:
                if is_below(Evaluator({}, precision, self._deadline).value(difference), bits):
                    return Comparison("equal", "separation", f"algebraic numbers closer than 2**-{bits}")
            except NoValue:
                continue
        return None

    def _evaluator(self, index: int) -> Evaluator:
        return Evaluator(random_point(self._domains, index, self._rng, self._bands), BITS, self._deadline)

    def _at(self, point: Point, answer: Tree, *, last: bool) -> Seen:
        """Compare at one point; the last one at a precision that leaves a difference no room to hide."""
        precision, ceiling = BITS, _MORE_BITS
        seen: Seen = "no gold"
        while precision <= min(ceiling, _MOST_BITS):
            evaluator = Evaluator(point, precision, self._deadline)
            seen = self._seen(evaluator, answer, precision, strict=last and precision > BITS)
            if seen == "agree" and last:
                needed = BITS + 2 * (self._size_bits() + evaluator.spread_bits)
                if precision >= needed or not RIGOROUS:
                    return seen
                precision = ceiling = needed
                seen = "unclear"
            elif seen in ("agree", "differ", "not real"):
                break
            else:
                precision = _MORE_BITS if precision == BITS else ceiling + 1
        return "no gold" if seen == "not real" else seen

    def _size_bits(self) -> int:
        # Candidates are judged by their derivatives, which repeat their numbers up to twice.
        return size_bits(self._gold) + 2 * size_bits(self._candidate)

    def _seen(self, evaluator: Evaluator, answer: Tree, precision: int, *, strict: bool) -> Seen:
        try:
            wanted = evaluator.value(self._gold)
        except NoValue:
            return "no gold"
        if self._needs_real and not is_real(wanted):
            return "not real"
        try:
            found = evaluator.value(answer)
        except BeyondLimit:
            return "beyond"
        except NoValue:
            return "no answer"
        return relation(wanted, found, precision, strict=strict)


_DIFFERENT = Comparison("different", "balls" if RIGOROUS else "float", "disjoint values at a point")
