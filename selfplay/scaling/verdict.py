"""The level verdict: at matched training tokens, is an arm worth more real data than the baseline?

Gates come first. A study that fails one has no answer, and says which gate and why. Then a Student-t interval
over seeds of the mean ln EDM of the largest budgets is read as YES, NO or UNDECIDED; a NO may be HARM.

The level is one half of the claim: that an arm helps at these budgets. Whether it keeps improving past the
limit is a slope, which is not read here, nor are corrections for several arms or for repeated looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from selfplay.scaling.curve import Measured, Refusal
from selfplay.scaling.intervals import Interval, seeds_needed, t_interval
from selfplay.scaling.metrics import (
    PerSeed,
    Row,
    Unmatched,
    compare,
    fresh_curve,
    require_matched,
    shared_budgets,
)

MARGIN = math.log(1.10)
"""Smallest mean ln EDM that counts as help: 10% more real data."""

ALPHA = 0.05
"""One-sided, per claim."""

N_LEVEL_BUDGETS = 2
"""The level is the mean ln EDM of this many of the largest budgets: the best of several would be a choice by result."""

MIN_SEEDS = 3
"""With two, the t-interval rests on one difference and says next to nothing."""

NOT_CHECKED = (
    "whether the baseline was tuned as much as the other arms",
    "evaluation error against the spread over seeds",
    "an audit of the verifier",
    "whether arms, margin and budgets were fixed before the runs were read",
)
"""What a verdict should also rest on and this reading cannot see; shown with it."""


class Answer(StrEnum):
    """What a verdict says."""

    YES = "YES"
    NO = "NO"
    UNDECIDED = "UNDECIDED"


Expected = tuple[str, int, int]
"""A run that a study should have: arm, budget, seed."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition without which there is no verdict.

    Attributes:
        name: The condition.
        passed: Whether it holds; None where an earlier failure left nothing to check.
        reason: What was found.
    """

    name: str
    passed: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class Level:
    """The level verdict and all it rests on.

    Attributes:
        answer: YES, NO or UNDECIDED.
        harm: A NO that is also significantly worse than the baseline, by at least the margin.
        reason: Why, in one sentence without the final stop.
        gates: Every gate, in the order checked.
        arm: The primary arm.
        baseline: What it was compared with.
        budgets: Budgets of the level, rising.
        ln_edm: Mean ln EDM over those budgets, by seed.
        interval: Its mean over seeds with one-sided bounds; None where a gate failed.
        margin: Smallest ln EDM that counts as help.
        alpha: Level of each bound.
        seeds_needed: When undecided with all gates passed: seeds a new study would need were the observed mean and
            spread the truth. None otherwise, or where no practical number would do.
    """

    answer: Answer
    harm: bool
    reason: str
    gates: tuple[Gate, ...]
    arm: str
    baseline: str
    budgets: tuple[int, ...]
    ln_edm: PerSeed
    interval: Interval | None
    margin: float
    alpha: float
    seeds_needed: int | None = None


def read_level(
    rows: Sequence[Row],
    expected: Sequence[Expected],
    *,
    primary: str,
    baseline: str,
    fresh: str,
    margin: float = MARGIN,
    alpha: float = ALPHA,
) -> Level:
    """Read the level verdict off the finished runs of a study.

    Args:
        rows: Finished runs.
        expected: Runs the study should have, of all arms: to read it while it runs and again later is to look twice.
        primary: The arm the verdict is about.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data.
        margin: Smallest ln EDM that counts as help.
        alpha: One-sided level of each bound.
    """
    budgets = tuple(shared_budgets(rows, primary, baseline)[-N_LEVEL_BUDGETS:])
    compared = [row for row in rows if row.arm in (primary, baseline) and row.budget in budgets]
    matched, ln_edm = _matched(compared, budgets), PerSeed((), ())
    if matched.passed:
        ln_edm = _mean_ln_edm(rows, primary, baseline, fresh, budgets)
    gates = [
        _complete(rows, expected),
        _finite(rows, expected),
        _enough_seeds(compared),
        matched,
        _past_limit(compared, baseline),
        _has_synthetic(compared, primary),
        _fresh_falls(rows, fresh, sorted({row.seed for row in compared})),
    ]
    gates.append(_in_range(ln_edm, ready=all(gate.passed for gate in gates)))
    failed = "; ".join(f"{gate.name} ({gate.reason})" for gate in gates if gate.passed is False)
    refused = _Decision(Answer.UNDECIDED, f"not met: {failed}")
    decision = refused if failed else _decide(ln_edm.numbers(), margin, alpha)
    return Level(
        **decision._asdict(),
        gates=tuple(gates),
        arm=primary,
        baseline=baseline,
        budgets=budgets,
        ln_edm=ln_edm,
        margin=margin,
        alpha=alpha,
    )


class _Decision(NamedTuple):
    """The part of `Level` that the rule decides."""

    answer: Answer
    reason: str
    harm: bool = False
    interval: Interval | None = None
    seeds_needed: int | None = None


def _decide(ln_edm: Sequence[float], margin: float, alpha: float) -> _Decision:
    """The decision rule, once no gate stands in its way."""
    bounds = t_interval(ln_edm, alpha)
    if bounds.low > 0 and bounds.mean >= margin:
        reason = "the lower bound is above 1 and the mean is at or above the margin"
        return _Decision(Answer.YES, reason, interval=bounds)
    if bounds.high < margin:
        harm = bounds.high < 0 and bounds.mean <= -margin
        return _Decision(Answer.NO, "the upper bound is below the margin", harm, bounds)
    reason = "the interval holds both no effect and one worth having"
    if bounds.low > 0:
        reason = "better than the baseline, but the mean is below the margin and the upper bound above it"
    return _Decision(Answer.UNDECIDED, reason, interval=bounds, seeds_needed=seeds_needed(ln_edm, margin, alpha))


def _mean_ln_edm(rows: Sequence[Row], primary: str, baseline: str, fresh: str, budgets: Sequence[int]) -> PerSeed:
    """Per seed, the mean ln EDM over budgets; a budget without a number leaves the seed without one."""
    by_seed: dict[int, list[Measured]] = {}
    for budget in budgets:
        ln_edm = compare(rows, primary, budget, baseline=baseline, fresh=fresh).ln_edm
        for seed, value in zip(ln_edm.seeds, ln_edm.values, strict=True):
            by_seed.setdefault(seed, []).append(value)
    means = []
    for values in by_seed.values():
        reason = next((value.reason for value in values if value.reason), "")
        means.append(Measured.none(reason) if reason else Measured(sum(v.number for v in values) / len(values)))
    return PerSeed(tuple(by_seed), tuple(means))


def _complete(rows: Sequence[Row], expected: Sequence[Expected]) -> Gate:
    present = {(row.arm, row.budget, row.seed) for row in rows}
    missing = [key for key in expected if tuple(key) not in present]
    name = "all runs finished"
    if not missing:
        return Gate(name, True, f"{len(expected)} of {len(expected)}")
    arm, budget, seed = missing[0]
    example = f"{arm} at {budget:,} tokens, seed {seed}"
    return Gate(name, False, f"{len(missing)} of {len(expected)} missing, for example {example}")


def _finite(rows: Sequence[Row], expected: Sequence[Expected]) -> Gate:
    bad = [
        row
        for row in rows
        # a run that ends in nan has diverged, even if early stopping found a good round before
        if not (math.isfinite(row.loss) and math.isfinite(row.loss_final))
        and (row.arm, row.budget, row.seed) in expected
    ]
    if not bad:
        return Gate("losses are finite", True, "all of them")
    listed = ", ".join(f"{row.arm} at {row.budget:,} tokens, seed {row.seed}" for row in bad[:3])
    return Gate("losses are finite", False, f"{len(bad)} diverged, for example {listed}")


def _enough_seeds(compared: Sequence[Row]) -> Gate:
    n = len({row.seed for row in compared})
    return Gate(f"at least {MIN_SEEDS} seeds", n >= MIN_SEEDS, f"{n} seed{'s' if n != 1 else ''}")


def _matched(compared: Sequence[Row], budgets: Sequence[int]) -> Gate:
    name = "training tokens within 1%"
    if not budgets:
        return Gate(name, False, "the two arms have no budget in common")
    try:
        for budget in budgets:
            require_matched([row for row in compared if row.budget == budget])
    except Unmatched as error:
        return Gate(name, False, str(error))
    return Gate(name, True, f"at {' and '.join(f'{budget:,}' for budget in budgets)} tokens")


def _past_limit(compared: Sequence[Row], baseline: str) -> Gate:
    name = "real data has run out"
    real = [row for row in compared if row.arm == baseline]
    if not real:
        return Gate(name, None, "no baseline runs to read it from")
    limit, shortest = max(row.U for row in real), min(row.D for row in real)
    times = f"the baseline passes over its {limit:,} distinct real tokens {shortest / limit:.3g} times or more"
    return Gate(name, shortest > limit, times)


def _has_synthetic(compared: Sequence[Row], primary: str) -> Gate:
    """Without one synthetic token in any run, the arm is the baseline under another name: nothing was tested.

    Some runs without any do not fail it: how often self-play yields something is part of what is tested.
    """
    name = "synthetic data was trained on"
    runs = [row for row in compared if row.arm == primary]
    if not runs:
        return Gate(name, None, "no runs of the arm to read it from")
    share, n_none = sum(row.D_syn / row.D for row in runs) / len(runs), sum(row.D_syn == 0 for row in runs)
    found = f"{share:.0%} of training tokens" + (f"; none in {n_none} of {len(runs)} runs" if n_none else "")
    return Gate(name, n_none < len(runs), found)


def _fresh_falls(rows: Sequence[Row], fresh: str, seeds: Sequence[int]) -> Gate:
    name = "fresh loss falls with data"
    for seed in seeds:
        try:
            fresh_curve([row for row in rows if row.arm == fresh and row.seed == seed])
        except Refusal as refusal:
            return Gate(name, False, f"seed {seed}: {refusal}")
    return Gate(name, True, "at every budget of every seed") if seeds else Gate(name, None, "no seeds to check")


def _in_range(ln_edm: PerSeed, ready: bool) -> Gate:
    name = "losses inside the fresh range"
    if not ready:
        return Gate(name, None, "not checked while another condition fails")
    return Gate(name, not ln_edm.reason, ln_edm.reason or "every compared loss")
