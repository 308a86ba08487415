"""The wall: the budget past which a repeated token of the real-only arm is worth less than 1/e of a fresh one.

Measured off the runs, on the fresh arm's scale; a formula's constant for it is barely identified by most data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selfplay.scaling.curve import Measured
from selfplay.scaling.intervals import t_interval
from selfplay.scaling.metrics import PerSeed, worth
from selfplay.scaling.rows import Runs

MARGINAL = math.exp(-1.0)
"""Where a token seen once more is worth this part of a fresh one, repetition has run its course."""


@dataclass(frozen=True, slots=True)
class Wall:
    """Where the wall is.

    Attributes:
        D: Training tokens, off the mean over seeds; nan where it is not reached.
        low: Two-sided lower bound over seeds; nan where not every seed has a wall of its own.
        high: Likewise the upper bound.
        reason: Why there is no number; empty where there is one.
        by_seed: ln of each seed's own wall, or its reason.
    """

    D: float
    low: float
    high: float
    reason: str
    by_seed: PerSeed


def find_wall(runs: Runs, *, baseline: str, fresh: str, alpha: float = 0.05) -> Wall:
    """Measure the wall of the baseline.

    Between two budgets the marginal value is the fresh data gained per token; it is read at their midpoint, and
    between midpoints it is taken as straight in ln D. Up to U tokens the baseline is fresh data, so the first budget
    is compared with U, or with nothing at all where U is not given. Budgets where a seed's loss is outside the fresh
    runs are left out.

    Args:
        runs: All finished runs.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data.
        alpha: The interval over seeds covers 1 - alpha, two-sided.
    """
    seeds = runs.seeds(baseline)
    table = [_worths(runs, seed, baseline, fresh) for seed in seeds]
    shared = sorted(set.intersection(*(set(points) for points in table))) if table else []
    starts = [_start(runs, baseline, seed) for seed in seeds]
    own = [_crossing([start, *(points[b] for b in shared)]) for start, points in zip(starts, table, strict=True)]
    by_seed = PerSeed(tuple(seeds), tuple(Measured(math.log(w.number)) if not w.reason else w for w in own))
    if not shared:
        return Wall(math.nan, math.nan, math.nan, "no budget of the baseline is inside the fresh range", by_seed)
    found = _crossing([_mean(starts), *(_mean([points[b] for points in table]) for b in shared)])
    low = high = math.nan
    if not by_seed.reason and len(seeds) > 1:
        bounds = t_interval(by_seed.numbers(), alpha / 2)
        low, high = math.exp(bounds.low), math.exp(bounds.high)
    return Wall(found.number, low, high, found.reason, by_seed)


_Point = tuple[float, float]
"""Training tokens, and the fresh tokens they are worth."""


def _worths(runs: Runs, seed: int, baseline: str, fresh: str) -> dict[float, _Point]:
    """By budget, for those past U whose loss is inside the fresh range."""
    found = {}
    for row in runs.rows:
        if row.arm == baseline and row.seed == seed and not row.D <= row.U and math.isfinite(row.loss):
            value = worth(runs, seed, row.loss, fresh=fresh)
            if not value.reason:
                found[row.budget] = (float(row.D), value.number)
    return found


def _start(runs: Runs, baseline: str, seed: int) -> _Point:
    known = [float(row.U) for row in runs.rows if row.arm == baseline and row.seed == seed and row.U > 0]
    return (max(known), max(known)) if known else (0.0, 0.0)


def _mean(points: Sequence[_Point]) -> _Point:
    """Mean tokens, and the geometric mean of what they are worth."""
    array = np.asarray(points, dtype=np.float64)
    value = 0.0 if (array[:, 1] == 0).any() else math.exp(float(np.log(array[:, 1]).mean()))
    return float(array[:, 0].mean()), value


def _crossing(points: Sequence[_Point]) -> Measured:
    """The tokens at which the marginal value first falls below `MARGINAL`."""
    D, worths = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    if D.size < 2:
        return Measured.none("no budget of the baseline is inside the fresh range")
    marginal, middle = np.diff(worths) / np.diff(D), (D[1:] + D[:-1]) / 2
    below = np.flatnonzero(marginal < MARGINAL)
    if not below.size:
        return Measured.none(f"not reached: a repeated token is still worth {marginal[-1]:.2g} fresh ones at the end")
    i = int(below[0])
    if i == 0:
        return Measured(float(D[1]))
    share = (marginal[i - 1] - MARGINAL) / (marginal[i - 1] - marginal[i])
    return Measured(float(middle[i - 1] * (middle[i] / middle[i - 1]) ** share))
