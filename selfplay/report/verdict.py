"""A study folder's verdict: the same reading that `selfplay verdict` makes of a table, with what the folder knows."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from selfplay.report.evidence import Evidence
from selfplay.report.style import amount
from selfplay.scaling.gates import Declared
from selfplay.scaling.intervals import t_interval
from selfplay.scaling.metrics import total_flops
from selfplay.scaling.reading import Reading, read_verdict
from selfplay.scaling.summary import arm_lines, details
from selfplay.scaling.verdict import Answer, Level
from selfplay.study.registration import check_registration, claim_of
from selfplay.study.table import run_keys

AUDIT = Path("audit/audit.json")
"""In a study's folder, the audit of its verifier: `selfplay audit --out STUDY/audit`."""


def read_study(evidence: Evidence) -> Reading:
    """Read the verdict of a study on its primary arm.

    Raises:
        ValueError: The audit in its folder is damaged.
    """
    config = evidence.config
    declared = Declared(
        tuning={arm: float(n) for arm, n in (config.verdict.tuning_runs or {}).items()},
        audit=_audit(evidence.study_dir / AUDIT),
        sizes={(row.arm, row.budget, row.seed): row.N for row in evidence.results},
        registration=check_registration(config, evidence.study_dir),
    )
    return read_verdict(evidence.results, list(run_keys(config)), claim_of(config), declared)


def _audit(path: Path) -> bool | None:
    if not path.is_file():
        return None
    try:
        return bool(json.loads(path.read_text())["passed"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: not an audit; delete it or run selfplay audit again") from None


@dataclass(frozen=True)
class Words:
    """A verdict as the page says it.

    Attributes:
        headline: The answer in a sentence.
        footing: What it rests on and what it cost.
        points: Wall, slopes, controls and other arms, a line each.
        unchecked: Conditions nobody checked.
    """

    headline: str
    footing: str
    points: Sequence[str]
    unchecked: Sequence[str]


def in_words(reading: Reading, evidence: Evidence) -> Words:
    """The reading of a study in sentences."""
    level = reading.decision.level
    unchecked = [gate.name for gate in level.gates if gate.passed is None]
    if level.interval is None:
        headline = "No verdict: the study does not meet the conditions for one."
        return Words(headline, _sentence(level.reason), [_sentence(text) for text in details(reading)], unchecked)
    points = [_other(reading), *(_sentence(text) for text in details(reading))]
    if len(reading.decision.levels) > 1:
        points.append(f"Arms tested together, with Holm's correction: {'; '.join(arm_lines(reading))}.")
    return Words(_headline(reading), _footing(reading, evidence), points, unchecked)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _worth(level: Level) -> str:
    assert level.interval is not None
    bounds = level.interval
    mean, low, high = (math.exp(value) for value in (bounds.mean, bounds.low, bounds.high))
    return (
        f"at equal training tokens, “{level.arm}” is worth {mean:.2f} times the fresh data that “{level.baseline}” is"
        f" worth ({low:.2f} to {high:.2f})"
    )


def _headline(reading: Reading) -> str:
    decision, level = reading.decision, reading.decision.level
    worth = _worth(level)
    match level.answer, decision.slope:
        case Answer.YES, Answer.YES:
            return f"Yes, and it keeps scaling past the wall: {worth}."
        case Answer.YES, Answer.NO:
            return f"Yes, but a one-off gain: {worth}, and past the wall its loss falls no faster for it."
        case Answer.YES, _:
            return f"Yes, it helps at these budgets: {worth}."
        case Answer.NO, _ if level.harm:
            return f"No, it does harm: {worth}."
        case Answer.NO, _:
            return f"No, it does not help by {math.expm1(level.margin):.0%} or more: {worth}."
        case _:
            return f"Undecided: {worth}."


def _footing(reading: Reading, evidence: Evidence) -> str:
    level, decision = reading.decision.level, reading.decision
    assert level.interval is not None
    budgets = " and ".join(f"{budget:,.0f}" for budget in level.budgets)
    text = (
        f"{_sentence(level.reason)} Mean over {level.interval.n} seeds and the budgets of {budgets} tokens; the range"
        f" is that of one-sided {100 * (1 - level.alpha):.4g}% t-bounds; the margin is"
        f" {math.exp(level.margin):.2f} times."
    )
    spent, base = (
        sum(total_flops(run) for budget in level.budgets for run in evidence.of(arm, int(budget)))
        for arm in (level.arm, level.baseline)
    )
    text += f" At equal tokens “{level.arm}” spent {spent / base:.2f} times the FLOPs of “{level.baseline}”."
    if level.answer is Answer.YES:
        text += f" Keeps scaling: {decision.slope.value} ({decision.slope_reason})."
    if level.seeds_needed is not None:
        text += (
            f" Were this mean and spread the truth, a new study would need about {level.seeds_needed} seeds. Adding"
            f" seeds to this one and looking again would be a second chance to say yes."
        )
    return text


def _other(reading: Reading) -> str:
    """The same comparison at equal FLOPs."""
    if reading.other is None:
        return ""
    level = reading.other.decision.level
    if level.interval is None:
        return f"At equal FLOPs: {level.answer.value} ({level.reason})."
    bounds = t_interval(level.ln_edm.numbers(), level.alpha)
    mean, low, high = (math.exp(value) for value in (bounds.mean, bounds.low, bounds.high))
    budgets = " and ".join(amount(budget) for budget in level.budgets)
    return (
        f"At equal FLOPs: {level.answer.value}{', HARM' if level.harm else ''}, {mean:.2f} times ({low:.2f} to"
        f" {high:.2f}), over the budgets of {budgets} tokens."
    )
