"""The report's tables as text: every number with its interval, every missing number with its reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from selfplay.report.evidence import Evidence
from selfplay.report.style import amount, power
from selfplay.scaling.intervals import Interval, t_interval
from selfplay.scaling.metrics import Comparison, PerSeed, total_flops
from selfplay.study.prediction import Score

TWO_SIDED = 0.025
"""Level of each bound of the run table's 95% intervals."""


@dataclass
class Notes:
    """Reasons shown under a table, each once, called up by number."""

    texts: list[str] = field(default_factory=list)

    def mark(self, reason: str) -> str:
        """The mark that stands in for a number."""
        if reason not in self.texts:
            self.texts.append(reason)
        return f"[{self.texts.index(reason) + 1}]"


@dataclass(frozen=True)
class Table:
    """Headings, rows of text, and numbered notes. The first cell of a row is an arm's name."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def times(bounds: Interval) -> str:
    """A mean logarithm as a factor with its bounds: `1.62`, and `[1.31, 2.01]` on a second line."""
    if not math.isfinite(bounds.low):
        return f"{math.exp(bounds.mean):.2f}"
    return f"{math.exp(bounds.mean):.2f}\n[{math.exp(bounds.low):.2f}, {math.exp(bounds.high):.2f}]"


def plain(bounds: Interval, digits: str = ".3g") -> str:
    """A mean, and its bounds on a second line; of one seed the mean alone."""
    if not math.isfinite(bounds.low):
        return f"{bounds.mean:{digits}}"
    return f"{bounds.mean:{digits}}\n[{bounds.low:{digits}}, {bounds.high:{digits}}]"


def comparison_table(comparisons: Sequence[Comparison]) -> Table:
    """Every arm against the baseline at every budget they share."""
    notes = Notes()

    def factor(metric: PerSeed) -> str:
        bounds = metric.interval()
        return notes.mark(metric.reason) if bounds is None else times(bounds)

    def number(metric: PerSeed) -> str:
        bounds = metric.interval()
        return notes.mark(metric.reason) if bounds is None else plain(bounds)

    rows = [
        [
            comparison.arm,
            amount(comparison.budget),
            number(comparison.loss_gain),
            factor(comparison.ln_edm),
            factor(comparison.ln_edm_flops),
            number(comparison.exchange_raw),
            number(comparison.exchange_incremental),
            notes.mark(comparison.gap_reason)
            if comparison.gap_recovered is None
            else plain(comparison.gap_recovered, ".2f"),
        ]
        for comparison in comparisons
    ]
    headings = [
        "arm",
        "budget, tokens",
        "loss below baseline, nats/token",
        "multiplier, equal tokens",
        "multiplier, equal FLOPs",
        "exchange rate, raw",
        "exchange rate, incremental",
        "gap recovered",
    ]
    return Table(headings, rows, notes.texts)


def seed_table(comparisons: Sequence[Comparison]) -> Table:
    """The effective data multiplier of every seed."""
    notes = Notes()
    seeds = sorted({seed for comparison in comparisons for seed in comparison.ln_edm.seeds})
    rows = []
    for comparison in comparisons:
        of = dict(zip(comparison.ln_edm.seeds, comparison.ln_edm.values, strict=True))
        cells = []
        for seed in seeds:
            value = of.get(seed)
            if value is None:
                cells.append(notes.mark("no run"))
            else:
                cells.append(notes.mark(value.reason) if value.reason else f"{math.exp(value.number):.3f}")
        rows.append([comparison.arm, amount(comparison.budget), *cells])
    return Table(["arm", "budget, tokens", *(f"seed {seed}" for seed in seeds)], rows, notes.texts)


def run_table(evidence: Evidence) -> Table:
    """Per arm and budget: means over seeds with two-sided 95% t-intervals, and what the runs spent."""
    notes = Notes()
    rows = []
    for arm in evidence.config.arms:
        for budget in evidence.budgets(arm.name):
            runs = evidence.of(arm.name, budget)
            base = evidence.of(evidence.config.baseline, budget)
            flops = _mean([total_flops(run) for run in runs])
            ratio = (
                f"{flops / _mean([total_flops(run) for run in base]):.2f}" if base else notes.mark("no baseline run")
            )
            row = [
                arm.name,
                amount(budget),
                str(len(runs)),
                _interval([run.loss for run in runs], notes, ".4f"),
                _interval([run.loss_all for run in runs], notes, ".4f"),
                _interval([run.accuracy for run in runs], notes, ".3f"),
                amount(_mean([run.D_real for run in runs])),
                amount(_mean([run.D_syn for run in runs])),
                power(flops),
                ratio,
            ]
            rows.append(row)
    headings = [
        "arm",
        "budget, tokens",
        "seeds",
        "loss, answers",
        "loss, tasks and answers",
        "accuracy",
        "D_real",
        "D_syn",
        "FLOPs",
        "FLOPs / baseline",
    ]
    return Table(headings, rows, notes.texts)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _interval(values: Sequence[float], notes: Notes, digits: str) -> str:
    n_bad = sum(not math.isfinite(value) for value in values)
    if n_bad:
        return notes.mark(f"{n_bad} of {len(values)} seeds have no finite value")
    return plain(t_interval(values, TWO_SIDED), digits)


def prediction_table(found: Sequence[Score]) -> Table:
    """Every prediction beside its run."""
    notes = Notes()

    def percent(error: float | None) -> str:
        return "" if error is None else f"{error:+.1%}"

    rows = []
    for one in found:
        of = one.prediction
        doubt = f" {notes.mark(one.doubt)}" if one.doubt else ""
        far = f" {notes.mark('over a decade past the runs it was made from')}" if of.flagged else ""
        rows.append((
            of.arm, f"{amount(of.budget)}, seed {of.seed}", f"{of.ratio:.3g}x{far}",
            f"{of.loss:.3f}\n[{of.low:.3f}, {of.high:.3f}]",
            "not run yet" if one.observed is None else f"{one.observed:.3f}", percent(one.error) + doubt,
            "" if one.inside is None else "yes" if one.inside else "no",
            percent(one.last_point_error), percent(one.two_point_error),
        ))  # fmt: skip
    headings = ("arm", "run", "budget over fitted", "expected", "was", "error", "inside", "last point", "two-point law")
    return Table(headings, rows, notes.texts)
