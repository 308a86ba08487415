"""The level verdict: at matched training tokens (or FLOPs), is an arm worth more real data than the baseline?

Gates come first. A study that fails one has no answer, and says which gate and why. Then a Student-t interval
over seeds of the mean ln EDM of the largest budgets is read as YES, NO or UNDECIDED; a NO may be HARM. Where several
arms are tested, a YES must also stand under Holm's correction over them.

The level is one half of the claim: that an arm helps at these budgets. Whether it keeps improving past the
limit is a slope (`slope`); both together are a reading (`reading`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from selfplay.scaling.claim import ALPHA, Claim
from selfplay.scaling.claim import MARGIN as MARGIN_RATIO
from selfplay.scaling.curve import TOLERANCE, Measured
from selfplay.scaling.gates import MIN_SEEDS, Declared, Gate, check, in_range
from selfplay.scaling.holm import holm, p_above_zero
from selfplay.scaling.intervals import Interval, seeds_needed, t_interval
from selfplay.scaling.metrics import PerSeed, compare_worth
from selfplay.scaling.rows import Key, Row, Runs, shared_budgets, total_flops
from selfplay.scaling.wall import Wall, find_wall

__all__ = ["MIN_SEEDS", "Answer", "Gate", "Level", "level_budgets", "mean_ln_edm", "read_level", "read_levels"]

MARGIN = math.log(MARGIN_RATIO)
"""Smallest mean ln EDM that counts as help: 10% more real data."""

N_LEVEL_BUDGETS = 2
"""The level is the mean ln EDM of this many of the largest budgets: the best of several would be a choice by result."""

Expected = Key
"""A run that a study should have: arm, budget, seed."""


class Answer(StrEnum):
    """What a verdict says."""

    YES = "YES"
    NO = "NO"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Level:
    """The level verdict and all it rests on.

    Attributes:
        answer: YES, NO or UNDECIDED.
        harm: A NO that is also significantly worse than the baseline, by at least the margin.
        reason: Why, in one sentence without the final stop.
        gates: Every gate, in the order checked.
        arm: The arm.
        baseline: What it was compared with.
        budgets: Budgets of the level, rising.
        ln_edm: Mean ln EDM over those budgets, by seed.
        interval: Its mean over seeds with one-sided bounds; None where a gate failed.
        margin: Smallest ln EDM that counts as help.
        alpha: Level of each bound.
        seeds_needed: When undecided with all gates passed: seeds a new study would need were the observed mean and
            spread the truth. None otherwise, or where no practical number would do.
        p: One-sided p-value of "worth no more than the baseline"; nan where a gate failed.
        p_adjusted: The same after Holm's correction over the arms tested.
        n_tested: Arms tested together.
    """

    answer: Answer
    harm: bool
    reason: str
    gates: tuple[Gate, ...]
    arm: str
    baseline: str
    budgets: tuple[float, ...]
    ln_edm: PerSeed
    interval: Interval | None
    margin: float
    alpha: float
    seeds_needed: int | None = None
    p: float = math.nan
    p_adjusted: float = math.nan
    n_tested: int = 1


def read_level(
    rows: Runs | Iterable[Row],
    expected: Sequence[Expected],
    *,
    primary: str,
    baseline: str,
    fresh: str,
    margin: float = MARGIN,
    alpha: float = ALPHA,
) -> Level:
    """Read the level verdict on one arm off the finished runs of a study, at equal training tokens.

    Args:
        rows: Finished runs.
        expected: Runs the study should have, of all arms: to read it while it runs and again later is to look twice.
        primary: The arm the verdict is about.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data.
        margin: Smallest ln EDM that counts as help.
        alpha: One-sided level of each bound.
    """
    claim = Claim(primary, baseline, fresh, margin=math.exp(margin), alpha=alpha)
    return read_levels(rows, expected, claim)[primary]


def read_levels(
    rows: Runs | Iterable[Row],
    expected: Sequence[Expected],
    claim: Claim,
    declared: Declared | None = None,
    wall: Wall | None = None,
) -> dict[str, Level]:
    """Read the level verdicts on the primary arm and the secondary ones, Holm's correction over all of them.

    Args:
        rows: Finished runs.
        expected: Runs the study should have.
        claim: The rule.
        declared: What the verdict rests on beside the runs.
        wall: Of the baseline, if it is known already.
    """
    runs, declared = Runs.of(rows), declared or Declared()
    wall = wall or find_wall(runs, baseline=claim.baseline, fresh=claim.fresh, alpha=claim.level_alpha)
    levels = [_measure(runs, expected, claim, arm, declared, wall) for arm in (claim.primary, *claim.secondary)]
    adjusted = holm([level.p for level in levels])
    return {
        level.arm: _decide(replace(level, p_adjusted=p, n_tested=len(levels)))
        for level, p in zip(levels, adjusted, strict=True)
    }


def level_budgets(runs: Runs, claim: Claim, arm: str) -> tuple[float, ...]:
    """Budgets at which the arm can be compared with the baseline, rising; a rule over the design, not over losses.

    By tokens, those that both have. By FLOPs, those of the arm that the baseline spends too, at some budget.
    """
    if claim.match == "tokens":
        return tuple(shared_budgets(runs.rows, arm, claim.baseline))
    spent = sorted(total_flops(row) for row in runs.rows if row.arm == claim.baseline)
    if not spent or any(math.isnan(flops) for flops in spent):
        return ()
    low, high = spent[0] / (1 + TOLERANCE), spent[-1] * (1 + TOLERANCE)
    own: dict[float, list[float]] = {}
    for row in runs.rows:
        if row.arm == arm:
            own.setdefault(row.budget, []).append(total_flops(row))
    return tuple(sorted(budget for budget, flops in own.items() if all(low <= f <= high for f in flops)))


def _measure(runs: Runs, expected: Sequence[Expected], claim: Claim, arm: str, declared: Declared, wall: Wall) -> Level:
    """The level of one arm before anything is decided."""
    budgets = level_budgets(runs, claim, arm)[-N_LEVEL_BUDGETS:]
    gates = check(runs, expected, claim, arm, budgets, declared, wall)
    ln_edm = mean_ln_edm(runs, claim, arm, budgets)
    gates.append(in_range(ln_edm, ready=all(gate.passed is not False for gate in gates)))
    failed = "; ".join(f"{gate.name} ({gate.reason})" for gate in gates if gate.passed is False)
    level = Level(
        Answer.UNDECIDED, False, f"not met: {failed}", tuple(gates), arm, claim.baseline, budgets, ln_edm, None,
        claim.ln_margin, claim.level_alpha,
    )  # fmt: skip
    if failed:
        return level
    numbers = ln_edm.numbers()
    return replace(level, reason="", interval=t_interval(numbers, level.alpha), p=p_above_zero(numbers))


def _decide(level: Level) -> Level:
    """The decision rule, once no gate stands in its way."""
    bounds = level.interval
    if bounds is None:
        return level
    if bounds.low > 0 and bounds.mean >= level.margin and level.p_adjusted < level.alpha:
        return replace(
            level, answer=Answer.YES, reason="the lower bound is above 1 and the mean is at or above the margin"
        )
    if bounds.high < level.margin:
        harm = bounds.high < 0 and bounds.mean <= -level.margin
        return replace(level, answer=Answer.NO, harm=harm, reason="the upper bound is below the margin")
    reason = "the interval holds both no effect and one worth having"
    if bounds.low > 0 and bounds.mean < level.margin:
        reason = "better than the baseline, but the mean is below the margin and the upper bound above it"
    elif bounds.low > 0:
        reason = f"better than the baseline by itself, but not after Holm's correction over {level.n_tested} arms"
    return replace(level, reason=reason, seeds_needed=seeds_needed(level.ln_edm.numbers(), level.margin, level.alpha))


def mean_ln_edm(runs: Runs, claim: Claim, arm: str, budgets: Sequence[float]) -> PerSeed:
    """Per seed, the mean ln EDM over budgets; a budget without a number leaves the seed without one."""
    by_seed: dict[int, list[Measured]] = {}
    for budget in budgets:
        found = compare_worth(runs, arm, budget, baseline=claim.baseline, fresh=claim.fresh, match=claim.match)
        for seed, value in zip(found.seeds, found.values, strict=True):
            by_seed.setdefault(seed, []).append(value)
    means = []
    for values in by_seed.values():
        reason = next((value.reason for value in values if value.reason), "")
        means.append(Measured.none(reason) if reason else Measured(sum(v.number for v in values) / len(values)))
    return PerSeed(tuple(by_seed), tuple(means))
