"""A verdict in plain lines, for the terminal and the report."""

from __future__ import annotations

import math

from selfplay.scaling.controls import Control
from selfplay.scaling.intervals import t_interval
from selfplay.scaling.metrics import PerSeed
from selfplay.scaling.reading import Reading
from selfplay.scaling.rows import rounded


def lines(reading: Reading) -> list[str]:
    """What a reading says, the answer first."""
    decision, claim = reading.decision, reading.claim
    level = decision.level
    found = [
        f"{decision.headline} (level {level.answer.value}{', HARM' if level.harm else ''};"
        f" slope {decision.slope.value})",
        f"  level: {level.reason}",
        f"  slope: {decision.slope_reason}",
        f"  {claim.primary} against {claim.baseline}, {_match(reading)}: {_worth(level.ln_edm, claim.level_alpha)}",
    ]
    found += [f"    at {rounded(budget)} tokens: {_worth(of, claim.level_alpha)}" for budget, of in _budgets(reading)]
    if reading.other is not None:
        other = reading.other.decision.level
        found.append(
            f"  {_match(reading.other)}: {other.answer.value}, {_worth(other.ln_edm, claim.level_alpha)}"
            + (f" ({other.reason})" if other.interval is None else "")
        )
    found += [f"  {text}" for text in details(reading)]
    if len(decision.levels) > 1:
        found.append("  arms, Holm's correction over all: " + "; ".join(arm_lines(reading)))
    for mark, state in (("not met", False), ("not checked", None)):
        found += [f"  {mark}: {gate.name} ({gate.reason})" for gate in level.gates if gate.passed is state]
    if level.seeds_needed is not None:
        found.append(f"  a new study would need about {level.seeds_needed} seeds, were this mean and spread the truth")
    return found


def details(reading: Reading) -> list[str]:
    """Wall, slopes, crossover and controls, a line each."""
    wall, slopes, alpha = reading.decision.wall, reading.decision.slopes, reading.claim.level_alpha
    found = []
    if wall.reason:
        found.append(f"wall: {wall.reason}")
    else:
        span = f" ({rounded(wall.low)} to {rounded(wall.high)})" if math.isfinite(wall.low) else ""
        found.append(f"wall: {rounded(wall.D)} tokens{span}")
    if not (slopes.real.reason or slopes.arm.reason or slopes.fresh.reason) and slopes.budgets:
        means = [t_interval(of.numbers(), alpha).mean for of in (slopes.real, slopes.arm, slopes.fresh)]
        found.append(
            "loss taken off by an e-fold of compute past the wall:"
            f" {means[0]:.3g} {reading.claim.baseline}, {means[1]:.3g} {reading.claim.primary},"
            f" {means[2]:.3g} {reading.claim.fresh} nats/token"
        )
    if slopes.ratio:
        found.append(
            f"wall-passing ratio: {slopes.ratio.mean:.2f} ({slopes.ratio.low:.2f} to {slopes.ratio.high:.2f});"
            " 0 is recycling, 1 is no wall"
        )
    if math.isfinite(reading.crossover.number):
        found.append(f"crossover: the multiplier goes through 1 at {rounded(reading.crossover.number)} tokens")
    found += [_control(control, alpha) for control in (reading.decision.aa, reading.unverified) if control]
    return found


def arm_lines(reading: Reading) -> list[str]:
    """Every tested arm with its answer and adjusted p-value."""
    return [
        f"{arm} {level.answer.value}" + (f" (p {level.p_adjusted:.2g})" if math.isfinite(level.p_adjusted) else "")
        for arm, level in reading.decision.levels.items()
    ]


def _match(reading: Reading) -> str:
    return "at equal training tokens" if reading.claim.match == "tokens" else "at equal FLOPs"


def _budgets(reading: Reading) -> list[tuple[float, PerSeed]]:
    return list(reading.by_budget.items())


def _control(control: Control, alpha: float) -> str:
    answer = control.answer or "not read"
    text = _worth(control.ln_edm, alpha) if control.answer else control.reason
    return f"control, {control.name}: {answer}, {text}"


def _worth(ln_edm: PerSeed, alpha: float) -> str:
    """`worth 1.46 times the fresh data (1.37 to 1.55)`, or why there is no number."""
    if ln_edm.reason:
        return ln_edm.reason
    bounds = t_interval(ln_edm.numbers(), alpha / 2)
    text = f"worth {math.exp(bounds.mean):.2f} times the fresh data"
    if not math.isfinite(bounds.low):
        return text
    return f"{text} ({math.exp(bounds.low):.2f} to {math.exp(bounds.high):.2f}, {100 * (1 - alpha):.3g}% interval)"
