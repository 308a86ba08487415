"""Controls: comparisons whose answer is known. One that says YES where nothing differs stops the report."""

from __future__ import annotations

import math
from dataclasses import dataclass

from selfplay.scaling.claim import LOOK_ALPHA, Claim
from selfplay.scaling.curve import Measured
from selfplay.scaling.gates import MIN_SEEDS
from selfplay.scaling.intervals import Interval, t_interval
from selfplay.scaling.metrics import PerSeed, worth
from selfplay.scaling.rows import Runs
from selfplay.scaling.verdict import N_LEVEL_BUDGETS, level_budgets, mean_ln_edm

HALVES_ALPHA = LOOK_ALPHA
"""One-sided level of the control that is always there: at 0.05 it would stop one sound study in twenty."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control's level, read by the verdict's own rule without its gates.

    Attributes:
        name: What was compared.
        answer: YES, NO or UNDECIDED; empty where it could not be read.
        ln_edm: By seed, or by pair of seeds.
        interval: Mean with one-sided bounds; None where it could not be read.
        reason: Why not.
    """

    name: str
    answer: str
    ln_edm: PerSeed
    interval: Interval | None
    reason: str = ""


def read_aa(runs: Runs, claim: Claim) -> Control:
    """Real against real: the arm named as A/A, or half the baseline's seeds against the other half.

    Each seed is read on its own fresh curve. Halves are the first seeds and the last, in their order, so that nobody
    chooses them; an odd one is left out.
    """
    if claim.aa:
        return _read(runs, claim, claim.aa)
    seeds, budgets = runs.seeds(claim.baseline), level_budgets(runs, claim, claim.baseline)[-N_LEVEL_BUDGETS:]
    half = len(seeds) // 2
    name = f"{claim.baseline} against {claim.baseline}, other seeds"
    if half < MIN_SEEDS:
        return Control(name, "", PerSeed((), ()), None, f"needs {2 * MIN_SEEDS} seeds of {claim.baseline}, or --aa ARM")
    own = [_ln_worth(runs, claim, seed, budgets) for seed in seeds]
    values = []
    for first, second in zip(own[:half], own[-half:], strict=True):
        reason = first.reason or second.reason
        values.append(Measured.none(reason) if reason else Measured(first.number - second.number))
    return _judge(name, PerSeed(tuple(seeds[:half]), tuple(values)), claim, HALVES_ALPHA)


def read_unverified(runs: Runs, claim: Claim) -> Control | None:
    """The arm that keeps everything, read like the primary one; None where there is none."""
    return _read(runs, claim, claim.unverified) if claim.unverified else None


def _read(runs: Runs, claim: Claim, arm: str) -> Control:
    budgets = level_budgets(runs, claim, arm)[-N_LEVEL_BUDGETS:]
    return _judge(f"{arm} against {claim.baseline}", mean_ln_edm(runs, claim, arm, budgets), claim, claim.level_alpha)


def _judge(name: str, ln_edm: PerSeed, claim: Claim, alpha: float) -> Control:
    if ln_edm.reason:
        return Control(name, "", ln_edm, None, ln_edm.reason)
    bounds = t_interval(ln_edm.numbers(), alpha)
    answer = "UNDECIDED"
    if bounds.n >= MIN_SEEDS and bounds.low > 0 and bounds.mean >= claim.ln_margin:
        answer = "YES"
    elif bounds.n >= MIN_SEEDS and bounds.high < claim.ln_margin:
        answer = "NO"
    return Control(name, answer, ln_edm, bounds)


def _ln_worth(runs: Runs, claim: Claim, seed: int, budgets: tuple[float, ...]) -> Measured:
    """Mean ln D_eq of the baseline over the budgets of the level."""
    total = 0.0
    for budget in budgets:
        row = runs.at(claim.baseline, budget, seed)
        if row is None:
            return Measured.none("a run is missing")
        value = worth(runs, seed, row.loss, fresh=claim.fresh)
        if value.reason:
            return value
        total += math.log(value.number) / len(budgets)
    return Measured(total) if budgets else Measured.none("no budgets to read it at")
