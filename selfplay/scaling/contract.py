"""A verdict as JSON: the keys that other programs read. docs/verdict.md describes them.

Where a loss is outside the fresh runs the value is the text `beyond range`; a number that cannot be had for another
reason is null, and its reason stands in `reasons`. Intervals are two-sided and cover 1 - alpha; what the verdict is
decided by, the one-sided bounds at alpha, is in `decision`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from selfplay.scaling.controls import Control
from selfplay.scaling.curve import BEYOND
from selfplay.scaling.intervals import Interval, t_interval
from selfplay.scaling.metrics import PerSeed
from selfplay.scaling.reading import Reading
from selfplay.scaling.verdict import Answer, Level

Json = dict[str, Any]


def as_json(reading: Reading) -> Json:
    """The verdict's public contract."""
    decision, claim = reading.decision, reading.claim
    level, slopes, wall = decision.level, decision.slopes, decision.wall
    alpha = claim.level_alpha
    ratio = slopes.ratio
    found = {
        **_core(reading),
        "wall": {"D": _number(wall.D), "low": _number(wall.low), "high": _number(wall.high)},
        "wpr": {
            "value": ratio.mean if ratio else None,
            "low": _number(ratio.low) if ratio else None,
            "high": _number(ratio.high) if ratio else None,
        },
        "crossover": _number(reading.crossover.number),
        "seeds": len(level.ln_edm.seeds),
        "seeds_needed": level.seeds_needed,
        "gates": [{"name": gate.name, "passed": gate.passed, "detail": gate.reason} for gate in level.gates],
        "controls": {"aa": _control(decision.aa, alpha), "unverified": _control(reading.unverified, alpha)},
        "reasons": _reasons(reading),
        "decision": _decision(level),
        "arms": {arm: _arm(of, alpha) for arm, of in decision.levels.items()},
        "claim": {
            "primary": claim.primary, "baseline": claim.baseline, "fresh": claim.fresh, "margin": claim.margin,
            "w_min": claim.w_min, "alpha": alpha, "match": claim.match, "looks": claim.looks,
            "level_budgets": list(level.budgets), "slope_budgets": list(slopes.budgets),
        },
        "warnings": list(reading.warnings),
    }  # fmt: skip
    if reading.other is not None:
        found["other_match"] = {"match": reading.other.claim.match, **_core(reading.other)}
        found["other_match"]["reason"] = reading.other.decision.level.reason
    return found


def _core(reading: Reading) -> Json:
    """What is given for both matches."""
    decision, alpha = reading.decision, reading.claim.level_alpha
    largest, by_flops = reading.at_largest, reading.at_flops
    gained = by_flops or largest
    return {
        "level": decision.level.answer.value,
        "harm": decision.level.harm,
        "slope": decision.slope.value,
        "headline": decision.headline,
        "ln_edm": _ln_edm(decision.level.ln_edm, alpha),
        "edm_by_budget": [{"D": budget, **_edm(of, alpha)} for budget, of in reading.by_budget.items()],
        "gap_recovered": _gap(gained.gap_recovered if gained else None),
        "exchange_rate": {
            "raw": _mean(largest.exchange_raw if largest else None),
            "incremental": _mean(gained.exchange_incremental if gained else None),
        },
        "slope_real": _mean(decision.slopes.real),
        "slope_arm": _mean(decision.slopes.arm),
        "slope_fresh": _mean(decision.slopes.fresh),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _missing(metric: PerSeed) -> str | None:
    """What stands in for a number that a seed has no value for."""
    return BEYOND if BEYOND in metric.reason else None


def _mean(metric: PerSeed | None) -> float | str | None:
    if metric is None:
        return None
    return _missing(metric) if metric.reason else float(sum(metric.numbers()) / len(metric.values))


def _ln_edm(metric: PerSeed, alpha: float) -> Json:
    per_seed = [
        (BEYOND if BEYOND in value.reason else None) if value.reason else value.number for value in metric.values
    ]
    if metric.reason:
        return dict.fromkeys(("mean", "low", "high"), _missing(metric)) | {"per_seed": per_seed}
    bounds = t_interval(metric.numbers(), alpha / 2)
    return {"mean": bounds.mean, "low": _number(bounds.low), "high": _number(bounds.high), "per_seed": per_seed}


def _edm(metric: PerSeed, alpha: float) -> Json:
    found = _ln_edm(metric, alpha)
    mean, low, high = (found[name] for name in ("mean", "low", "high"))
    return {"edm": _exp(mean), "low": _exp(low), "high": _exp(high)}


def _exp(value: float | str | None) -> float | str | None:
    return math.exp(value) if isinstance(value, float) else value


def _gap(gap: Interval | None) -> Json:
    if gap is None:
        return {"mean": None, "low": None, "high": None}
    return {"mean": gap.mean, "low": _number(gap.low), "high": _number(gap.high)}


def _control(control: Control | None, alpha: float) -> Json | None:
    if control is None:
        return None
    return {
        "name": control.name,
        "level": control.answer or None,
        "ln_edm": _ln_edm(control.ln_edm, alpha) if control.ln_edm.values else None,
        "reason": control.reason,
    }


def _decision(level: Level) -> Json:
    bounds = level.interval
    return {
        "reason": level.reason,
        "mean": bounds.mean if bounds else None,
        "lower_bound": _number(bounds.low) if bounds else None,
        "upper_bound": _number(bounds.high) if bounds else None,
        "ln_margin": level.margin,
        "alpha": level.alpha,
    }


def _arm(level: Level, alpha: float) -> Json:
    return {
        "level": level.answer.value,
        "harm": level.harm,
        "p": _number(level.p),
        "p_holm": _number(level.p_adjusted),
        "ln_edm": _ln_edm(level.ln_edm, alpha),
        "reason": level.reason,
    }


def _reasons(reading: Reading) -> Mapping[str, str]:
    """Why a value is missing, by key; those that are there have none."""
    decision, largest = reading.decision, reading.at_largest
    slopes, gained = decision.slopes, reading.at_flops or largest
    found = {
        "ln_edm": decision.level.ln_edm.reason,
        "gap_recovered": gained.gap_reason if gained else reading.at_largest_reason,
        "exchange_rate.raw": largest.exchange_raw.reason if largest else reading.at_largest_reason,
        "exchange_rate.incremental": gained.exchange_incremental.reason if gained else reading.at_largest_reason,
        "wall": decision.wall.reason or ("" if math.isfinite(decision.wall.low) else decision.wall.by_seed.reason),
        "slope": decision.slope_reason if decision.slope is Answer.UNDECIDED else "",
        "slope_real": slopes.real.reason,
        "slope_arm": slopes.arm.reason,
        "slope_fresh": slopes.fresh.reason,
        "wpr": "" if slopes.ratio else slopes.reason or "the slopes of fresh and baseline cannot be told apart",
        "crossover": reading.crossover.reason,
    }
    return {key: reason for key, reason in found.items() if reason}
