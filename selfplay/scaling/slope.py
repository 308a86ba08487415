"""The slope verdict: past the wall, does an arm keep scaling, or was its gain a one-off?

SR = -dL/dlnC by least squares over the budgets past the wall, one per seed and arm. Fresh data is what no wall looks
like, the baseline what a wall looks like; the contrast T(w) = SR_arm - SR_real - w (SR_fresh - SR_real) asks whether
the arm has kept the share w of the difference. Tested seed by seed; a ratio of slopes is never resampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selfplay.scaling.claim import Claim
from selfplay.scaling.curve import Measured
from selfplay.scaling.intervals import Interval, ratio_interval, t_interval
from selfplay.scaling.metrics import PerSeed
from selfplay.scaling.rows import Runs, count, rounded, spent
from selfplay.scaling.wall import Wall

MIN_BUDGETS, MIN_SPAN = 3, 4.0
"""A slope is read over at least so many budgets, the largest at least so many times the smallest."""

WALL_RESOLUTION = 1.10
"""The wall is read between budgets, so it is known no better than to this factor."""


@dataclass(frozen=True, slots=True)
class Slopes:
    """Slopes past the wall and their contrasts; nats per token and e-fold of tokens (or FLOPs), above 0 is better.

    Attributes:
        budgets: Budgets they are read over, rising; empty where there are too few.
        real: Of the baseline, by seed.
        arm: Of the arm.
        fresh: Of the fresh arm.
        gain: One-sided bounds of SR_arm - SR_real; None where a seed has no number.
        contrast: One-sided bounds of T(w_min).
        ratio: Wall-passing ratio with two-sided Fieller bounds; None where the fresh arm's slope cannot be told from
            the baseline's.
        reason: Why slopes decide nothing; empty where they may.
    """

    budgets: tuple[float, ...]
    real: PerSeed
    arm: PerSeed
    fresh: PerSeed
    gain: Interval | None
    contrast: Interval | None
    ratio: Interval | None
    reason: str


def budgets_past(budgets: Sequence[float]) -> tuple[float, ...]:
    """The fewest largest budgets that a slope can be read over; empty where there are none.

    A rule over the design alone: budgets chosen by their losses would be chosen by result.
    """
    for n in range(MIN_BUDGETS, len(budgets) + 1):
        if _spans(budgets[-n:]):
            return tuple(budgets[-n:])
    return ()


def _spans(budgets: Sequence[float]) -> bool:
    return len(budgets) >= MIN_BUDGETS and budgets[-1] >= 0.99 * MIN_SPAN * budgets[0]


def read_slopes(runs: Runs, claim: Claim, arm: str, budgets: Sequence[float], wall: Wall) -> Slopes:
    """Slopes of an arm, the baseline and the fresh arm over the budgets past the wall.

    Args:
        runs: All finished runs.
        claim: The rule; `slope_budgets` in it replace the rule over the design.
        arm: The arm.
        budgets: Budgets that the arm and the baseline share, rising.
        wall: Of the baseline.
    """
    chosen = tuple(claim.slope_budgets) or budgets_past(budgets)
    reason = ""
    if not _spans(chosen):
        reason = (
            f"slopes need {MIN_BUDGETS} or more budgets past the wall that span {MIN_SPAN:g} times;"
            f" the arms share {', '.join(map(count, budgets)) or 'none'}"
        )
        chosen = tuple(claim.slope_budgets)
    elif wall.reason:
        reason = f"wall: {wall.reason}"
    elif (wall.low if math.isfinite(wall.low) else wall.D) > chosen[0] * WALL_RESOLUTION:
        reason = f"the wall, at {rounded(wall.D)} tokens, lies past the first budget of the slope"
    of = {name: _slopes(runs, name, chosen, claim.match) for name in (claim.baseline, arm, claim.fresh)}
    real, own, fresh = of[claim.baseline], of[arm], of[claim.fresh]
    missing = "; ".join(f"{name}: {slopes.reason}" for name, slopes in of.items() if slopes.reason)
    gain = contrast = ratio = None
    if not missing and real.seeds == own.seeds == fresh.seeds and len(real.seeds) > 1:
        gains = np.subtract(own.numbers(), real.numbers())
        freshs = np.subtract(fresh.numbers(), real.numbers())
        gain = t_interval(gains.tolist(), claim.level_alpha)
        contrast = t_interval((gains - claim.w_min * freshs).tolist(), claim.level_alpha)
        ratio = ratio_interval(gains.tolist(), freshs.tolist(), claim.level_alpha / 2)
    elif not missing:
        missing = "slopes need the same two or more seeds of each arm"
    return Slopes(chosen, real, own, fresh, gain, contrast, ratio, reason or missing)


def _slopes(runs: Runs, arm: str, budgets: Sequence[float], match: str) -> PerSeed:
    seeds = runs.seeds(arm)
    return PerSeed(tuple(seeds), tuple(_slope(runs, arm, seed, budgets, match) for seed in seeds))


def _slope(runs: Runs, arm: str, seed: int, budgets: Sequence[float], match: str) -> Measured:
    """SR of one seed: minus the least-squares slope of the loss over ln of what was spent."""
    rows = [runs.at(arm, budget, seed) for budget in budgets]
    present = [row for row in rows if row is not None]
    if len(present) < len(rows) or len(rows) < 2:
        return Measured.none("no run at every budget of the slope")
    x, y = np.log([spent(row, match) for row in present]), np.array([row.loss for row in present])
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Measured.none("a loss, or what its run spent, is not finite")
    centred = x - x.mean()
    return Measured(-float(centred @ (y - y.mean())) / float(centred @ centred))


def decide(slopes: Slopes) -> tuple[str, str]:
    """YES, NO or UNDECIDED from the contrasts, and why; asked only of an arm whose level is YES."""
    if slopes.reason or slopes.gain is None or slopes.contrast is None:
        return "UNDECIDED", slopes.reason
    if slopes.gain.low > 0 and slopes.contrast.mean >= 0:
        return "YES", "steeper than the baseline, by at least the asked share of what fresh data is"
    if slopes.contrast.high < 0:
        return "NO", "the upper bound is below the asked share of the fresh arm's slope"
    return "UNDECIDED", "the interval holds both the baseline's slope and one worth having"
