"""A whole verdict: gates, level, slope, headline, controls, and every metric that is shown beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from selfplay.scaling import slope
from selfplay.scaling.claim import Claim
from selfplay.scaling.controls import Control, read_aa, read_unverified
from selfplay.scaling.curve import Measured, Refusal
from selfplay.scaling.gates import Declared, Gate
from selfplay.scaling.intervals import t_interval
from selfplay.scaling.metrics import AtFlops, Comparison, PerSeed, compare, compare_flops, compare_worth
from selfplay.scaling.rows import Key, Row, Runs
from selfplay.scaling.slope import Slopes
from selfplay.scaling.verdict import Answer, Level, level_budgets, read_levels
from selfplay.scaling.wall import Wall, find_wall

HEADLINES = {
    (Answer.YES, Answer.YES): "keeps scaling",
    (Answer.YES, Answer.NO): "one-off gain",
    (Answer.YES, Answer.UNDECIDED): "helps, slope undecided",
    (Answer.NO, Answer.UNDECIDED): "no help",
    (Answer.UNDECIDED, Answer.UNDECIDED): "undecided",
}
HARM = "harm"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a study says of its primary arm.

    Attributes:
        level: The level verdict on the primary arm.
        levels: The same on every arm tested, by name; Holm's correction is over these.
        slopes: What the slope verdict was read from.
        slope: The slope verdict; UNDECIDED unless the level is YES.
        slope_reason: Why.
        headline: One of `HEADLINES`, or `HARM`.
        aa: The A/A control.
        wall: Of the baseline.
    """

    level: Level
    levels: Mapping[str, Level]
    slopes: Slopes
    slope: Answer
    slope_reason: str
    headline: str
    aa: Control
    wall: Wall


@dataclass(frozen=True, slots=True)
class Reading:
    """A decision and the metrics beside it.

    Attributes:
        claim: The rule.
        decision: What it says.
        by_budget: ln EDM of the primary arm at every budget it can be compared at, rising.
        at_largest: Token-matched metrics at the largest budget shared with the baseline; None where there is none.
        at_largest_reason: Why not.
        at_flops: Gap recovered and exchange rate at the largest budget compared by FLOPs; None where there is none, and
            in a reading by tokens.
        crossover: Where the multiplier crosses 1, in training tokens; or the reason why it does not.
        unverified: The unverified control, if there is one.
        other: The same study by the other match (FLOPs where the claim is by tokens); None within that one.
        warnings: What was found odd in the table, a line each.
    """

    claim: Claim
    decision: Decision
    by_budget: Mapping[float, PerSeed]
    at_largest: Comparison | None
    at_largest_reason: str
    at_flops: AtFlops | None
    crossover: Measured
    unverified: Control | None
    other: Reading | None
    warnings: tuple[str, ...] = ()


def decide(
    rows: Runs | Iterable[Row], expected: Sequence[Key], claim: Claim, declared: Declared | None = None
) -> Decision:
    """Read level, slope and A/A control: all that a verdict is decided by.

    Args:
        rows: Finished runs.
        expected: Runs the study should have.
        claim: The rule.
        declared: What the verdict rests on beside the runs.
    """
    runs = Runs.of(rows)
    wall = find_wall(runs, baseline=claim.baseline, fresh=claim.fresh, alpha=claim.level_alpha)
    levels = read_levels(runs, expected, claim, declared, wall)
    aa = read_aa(runs, claim)
    if aa.answer == Answer.YES:
        levels = {arm: _stopped(level, aa) for arm, level in levels.items()}
    level = levels[claim.primary]
    slopes = slope.read_slopes(runs, claim, claim.primary, level_budgets(runs, claim, claim.primary), wall)
    answer, reason = Answer.UNDECIDED, "asked only where the level is YES"
    if level.answer is Answer.YES:
        text, reason = slope.decide(slopes)
        answer = Answer(text)
    headline = HARM if level.harm else HEADLINES[level.answer, answer]
    return Decision(level, levels, slopes, answer, reason, headline, aa, wall)


def _stopped(level: Level, aa: Control) -> Level:
    """No verdict where the same arm against itself says YES: something other than the arms differs."""
    gate = Gate("A/A control behaves", False, f"{aa.name} says YES, although nothing differs but the seeds")
    reason = f"not met: {gate.name} ({gate.reason})"
    return replace(
        level, answer=Answer.UNDECIDED, harm=False, reason=reason, gates=(*level.gates, gate), interval=None,
        seeds_needed=None, p=math.nan, p_adjusted=math.nan,
    )  # fmt: skip


def read_verdict(
    rows: Runs | Iterable[Row],
    expected: Sequence[Key],
    claim: Claim,
    declared: Declared | None = None,
    warnings: Sequence[str] = (),
) -> Reading:
    """Read a study in full, by tokens and by FLOPs.

    Args:
        rows: Finished runs.
        expected: Runs the study should have.
        claim: The rule; its `match` is the one the verdict is about.
        declared: What the verdict rests on beside the runs.
        warnings: What was found odd while reading the table.
    """
    runs = Runs.of(rows)
    other = replace(claim, match="flops" if claim.match == "tokens" else "tokens", slope_budgets=())
    reading = _read(runs, expected, claim, declared)
    return replace(reading, other=_read(runs, expected, other, declared), warnings=tuple(warnings))


def _read(runs: Runs, expected: Sequence[Key], claim: Claim, declared: Declared | None) -> Reading:
    budgets = level_budgets(runs, claim, claim.primary)
    by_budget = {
        budget: compare_worth(
            runs, claim.primary, budget, baseline=claim.baseline, fresh=claim.fresh, match=claim.match
        )
        for budget in budgets
    }
    largest, reason = None, "the two arms have no budget in common"
    shared = level_budgets(runs, replace(claim, match="tokens"), claim.primary)
    if shared:
        try:
            largest, reason = (
                compare(
                    runs,
                    claim.primary,
                    shared[-1],
                    baseline=claim.baseline,
                    fresh=claim.fresh,
                    alpha=claim.level_alpha / 2,
                ),
                "",
            )
        except Refusal as refusal:
            reason = str(refusal)
    at_flops = None
    if claim.match == "flops" and budgets:
        at_flops = compare_flops(
            runs, claim.primary, budgets[-1], baseline=claim.baseline, fresh=claim.fresh, alpha=claim.level_alpha / 2
        )
    return Reading(
        claim, decide(runs, expected, claim, declared), by_budget, largest, reason, at_flops,
        _crossover(by_budget, claim.level_alpha), read_unverified(runs, claim), None,
    )  # fmt: skip


def _crossover(by_budget: Mapping[float, PerSeed], alpha: float) -> Measured:
    """Where the multiplier goes through 1, straight in ln D between budgets.

    Only between a budget where it is surely on one side and one where it is surely on the other: a multiplier that is
    1 all along crosses it by chance at every second budget.
    """
    points = []
    for budget, ln_edm in by_budget.items():
        if not ln_edm.reason:
            bounds = t_interval(ln_edm.numbers(), alpha)
            points.append((budget, bounds.mean, (bounds.low > 0) - (bounds.high < 0)))
    sure = [i for i, (_, _, side) in enumerate(points) if side]
    for first, second in pairwise(sure):
        if points[first][2] == points[second][2]:
            continue
        for (a, before, _), (b, after, _) in zip(points[first:second], points[first + 1 : second + 1], strict=True):
            if (before > 0) != (after > 0):
                return Measured(a * (b / a) ** (before / (before - after)))
    return Measured.none("the multiplier does not surely cross 1")
