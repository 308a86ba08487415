"""Intervals over seeds: Student's t for a mean, Fieller's for a ratio of means.

A seed is the unit of replication. Studies have 3 to 12 of them, far too few for a percentile bootstrap, whose
"95%" intervals then miss the truth several times as often as they say; so there is none here.

All bounds are one-sided at level `alpha`: a pair of them is a two-sided interval of coverage `1 - 2 * alpha`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

MAX_SEEDS = 1_000
"""Past this many, `seeds_needed` says there is no practical number."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, or a ratio of means, with its bounds.

    Attributes:
        mean: Estimate.
        low: Lower one-sided bound; -inf where one seed leaves the spread unknown.
        high: Upper one-sided bound; inf where one seed leaves the spread unknown.
        n: Seeds.
        alpha: Chance that the truth lies below `low`, and likewise above `high`.
    """

    mean: float
    low: float
    high: float
    n: int
    alpha: float


def t_quantile(n: int, alpha: float) -> float:
    """Upper `alpha` quantile of Student's t for a mean of `n` values; inf for one value."""
    return float(stdtrit(n - 1, 1.0 - alpha)) if n > 1 else math.inf


def t_interval(values: Sequence[float], alpha: float = 0.05) -> Interval:
    """Student-t bounds of a mean.

    Args:
        values: (n,) one per seed, finite.
        alpha: Level of each bound: 0.05 gives one-sided 95% bounds, 0.025 the usual two-sided 95% interval.

    Raises:
        ValueError: No values, or one that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"interval over seeds: needs finite values, got {list(values)}")
    n, mean = int(array.size), float(array.mean())
    if n == 1:
        return Interval(mean, -math.inf, math.inf, 1, alpha)
    half = t_quantile(n, alpha) * float(array.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, alpha)


def ratio_interval(numerator: Sequence[float], denominator: Sequence[float], alpha: float = 0.05) -> Interval | None:
    """Fieller bounds of mean(numerator) / mean(denominator), paired by seed (Fieller 1954).

    The bounds are the ratios r for which the mean of `numerator - r * denominator` may be 0 by a t-test. They
    exist exactly when the denominator's lower t-bound is above 0 (or its upper one below), so there is no
    separate rule for "too close to 0 to divide by".

    Args:
        numerator: (n,) one per seed, finite.
        denominator: (n,) aligned with it.
        alpha: Level of each bound.

    Returns:
        The ratio and its bounds, or None where the denominator cannot be told from 0.
    """
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    below = t_interval(bottom.tolist(), alpha)
    if below.low <= 0.0 <= below.high:
        return None
    n = int(top.size)
    covariance = np.cov(top, bottom, ddof=1) / n
    t2 = t_quantile(n, alpha) ** 2
    # (top - r bottom)^2 = t^2 var(top - r bottom), a quadratic a r^2 - 2 b r + c = 0 with a > 0 by the test above
    a = below.mean**2 - t2 * float(covariance[1, 1])
    b = below.mean * float(top.mean()) - t2 * float(covariance[0, 1])
    c = float(top.mean()) ** 2 - t2 * float(covariance[0, 0])
    root = math.sqrt(max(b * b - a * c, 0.0))
    return Interval(float(top.mean()) / below.mean, (b - root) / a, (b + root) / a, n, alpha)


def seeds_needed(values: Sequence[float], margin: float, alpha: float = 0.05) -> int | None:
    """Seeds at which the observed mean and spread would settle a level reading, were they the truth.

    For planning a new study. Adding seeds to this one and looking again is a second chance to say YES.

    Args:
        values: (n,) the effect, one per seed; at least two.
        margin: Smallest effect of interest: a mean at or above it aims at "above 0", one below at "below margin".
        alpha: Level of the bounds.

    Returns:
        The number, or None above `MAX_SEEDS`.
    """
    array = np.asarray(values, dtype=np.float64)
    mean, deviation = float(array.mean()), float(array.std(ddof=1))
    distance = mean if mean >= margin else margin - mean
    for n in range(2, MAX_SEEDS + 1):
        if t_quantile(n, alpha) * deviation / math.sqrt(n) < distance:
            return n
    return None
