"""Rates with exact intervals, and what they mean for the data a verifier lets through.

Intervals of rates are Clopper and Pearson's (1934), two-sided 95%; bounds that a gate tests are one-sided 95%.
Youden's J is a difference of two such rates; its interval combines theirs (Newcombe 1998, method of variance
estimates recovery), which with exact limits is somewhat wider than 95%.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv
from scipy.stats import rankdata

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its exact interval.

    Attributes:
        k: Cases counted.
        n: Of so many.
        low: Two-sided 95% limit.
        high: Two-sided 95% limit.
    """

    k: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """k/n; nan of no cases."""
        return self.k / self.n if self.n else math.nan

    @property
    def upper(self) -> float:
        """One-sided 95% bound from above; about 3/n where k is 0."""
        return _high(self.k, self.n, ALPHA)

    @property
    def lower(self) -> float:
        """One-sided 95% bound from below."""
        return _low(self.k, self.n, ALPHA)


def rate(k: int, n: int) -> Rate:
    """The share k of n with its exact two-sided 95% interval; (0, 1) of no cases."""
    return Rate(k, n, _low(k, n, ALPHA / 2), _high(k, n, ALPHA / 2))


def _low(k: int, n: int, alpha: float) -> float:
    return float(betaincinv(k, n - k + 1, alpha)) if 0 < k <= n else 0.0


def _high(k: int, n: int, alpha: float) -> float:
    return float(betaincinv(k + 1, n - k, 1 - alpha)) if 0 <= k < n else 1.0


def n_needed(bound: float) -> int:
    """Cases without a single event that bound a rate by `bound` at one-sided 95%; about 3/bound.

    Raises:
        ValueError: No number of cases shows a rate of 0.
    """
    if not 0 < bound <= 1:
        raise ValueError(f"a rate bounded by {bound}: no number of cases shows that; use a number above 0, at most 1")
    return math.ceil(math.log(ALPHA) / math.log1p(-bound)) if bound < 1 else 1


@dataclass(frozen=True, slots=True)
class Confusion:
    """Decided cases by label and verdict.

    Attributes:
        true_accepts: Right, accepted.
        false_rejects: Right, rejected.
        false_accepts: Wrong, accepted.
        true_rejects: Wrong, rejected.
    """

    true_accepts: int = 0
    false_rejects: int = 0
    false_accepts: int = 0
    true_rejects: int = 0

    @property
    def tpr(self) -> Rate:
        """Share of the right answers that are accepted."""
        return rate(self.true_accepts, self.true_accepts + self.false_rejects)

    @property
    def fpr(self) -> Rate:
        """Share of the wrong answers that are accepted."""
        return rate(self.false_accepts, self.false_accepts + self.true_rejects)

    @property
    def precision(self) -> Rate:
        """Share of the accepted answers that are right, at this sample's mix."""
        return rate(self.true_accepts, self.true_accepts + self.false_accepts)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        n = 2 * self.true_accepts + self.false_accepts + self.false_rejects
        return 2 * self.true_accepts / n if n else math.nan


def youden(tpr: Rate, fpr: Rate) -> tuple[float, float, float]:
    """J = TPR - FPR and its limits."""
    j = tpr.value - fpr.value
    low = j - math.hypot(tpr.value - tpr.low, fpr.high - fpr.value)
    high = j + math.hypot(tpr.high - tpr.value, fpr.value - fpr.low)
    return j, low, high


@dataclass(frozen=True, slots=True)
class Filtering:
    """What a verifier of these rates makes of a generator's answers.

    Attributes:
        base_rate: g, share of the answers that are right before filtering.
        purity: Of the accepted ones: g TPR / (g TPR + (1-g) FPR).
        purity_low: Purity at the lower limit of TPR and the upper limit of FPR.
        lift: purity / g.
        yield_rate: Share of the answers that are accepted.
        wrong_per_10_000: Wrong answers accepted out of 10,000 answers.
        wrong_per_10_000_high: The same at the upper limit of FPR.
    """

    base_rate: float
    purity: float
    purity_low: float
    lift: float
    yield_rate: float
    wrong_per_10_000: float
    wrong_per_10_000_high: float


def filtering(base_rate: float, tpr: Rate, fpr: Rate) -> Filtering:
    """The verifier as a filter behind a generator whose answers are right with probability `base_rate`."""
    g = base_rate
    purity = _purity(g, tpr.value, fpr.value)
    return Filtering(
        base_rate=g,
        purity=purity,
        purity_low=_purity(g, tpr.low, fpr.high),
        lift=purity / g if g else math.nan,
        yield_rate=g * tpr.value + (1 - g) * fpr.value,
        wrong_per_10_000=1e4 * (1 - g) * fpr.value,
        wrong_per_10_000_high=1e4 * (1 - g) * fpr.high,
    )


def _purity(g: float, tpr: float, fpr: float) -> float:
    accepted = g * tpr + (1 - g) * fpr
    return g * tpr / accepted if accepted else math.nan


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Chance that a right answer scores above a wrong one, ties counting half; nan without both kinds."""
    truth = np.asarray(labels, dtype=bool)
    n_right, n_wrong = int(truth.sum()), int((~truth).sum())
    if not n_right or not n_wrong:
        return math.nan
    ranks = rankdata(np.asarray(scores, dtype=np.float64))
    return float((ranks[truth].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))


def phi(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Correlation of two yes-no series; nan where one of them never changes."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.size == 0 or a.std() == 0 or b.std() == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def percentile(values: Sequence[float], q: float) -> float:
    """The q-th percentile, by linear interpolation; nan of no values."""
    return float(np.percentile(values, q)) if len(values) else math.nan


def best_threshold(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """The score from which accepting makes J largest, half way to the score below it; 0.5 without both kinds."""
    order = sorted(zip(scores, labels, strict=True), reverse=True)
    n_right = sum(labels)
    n_wrong = len(order) - n_right
    if not n_right or not n_wrong:
        return 0.5
    best, threshold, j = 0.0, 1.0, 0.0
    for index, (score, label) in enumerate(order):
        j += 1 / n_right if label else -1 / n_wrong
        below = order[index + 1][0] if index + 1 < len(order) else 0.0
        if below < score and j > best:
            best, threshold = j, (score + below) / 2
    return threshold
