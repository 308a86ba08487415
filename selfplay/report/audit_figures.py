"""The figures of an audit: rates by stratum, what is kept by base rate, the curve of scores, drift over rounds."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator, PercentFormatter

from selfplay.measure.audit import Audit
from selfplay.measure.rates import Rate
from selfplay.report.figures import Plate, plate
from selfplay.report.style import FAINT, GRID, OTHERS, ROLES
from selfplay.scaling.curve import Refusal

GOOD, BAD = ROLES["fresh"].color, OTHERS[0].color
_FLOOR = 1e-5  # rates of 0 are drawn here, with the bound that their sample gives


def draw_audit(audit: Audit) -> list[Plate]:
    """Every figure of the page, in its order."""
    return [
        plate("rates", "Accepted, by where the answers come from", partial(_rates, audit)),
        plate("purity", "Purity of what is kept, by how good the generator is", partial(_purity, audit)),
        plate("scores", "How well scores order answers", partial(_scores, audit)),
        plate("drift", "Reward and audited reward over rounds", partial(_drift, audit)),
    ]


def _rates(audit: Audit) -> tuple[Figure, str]:
    strata = list(reversed(audit.strata))
    figure = Figure(figsize=(9.2, 1.6 + 0.3 * len(strata)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.set_title("right answers accepted")
    right.set_title("wrong answers accepted")
    for row, stratum in enumerate(strata):
        _bar(left, row, stratum.confusion.tpr, GOOD)
        _bar(right, row, stratum.confusion.fpr, BAD, log=True)
    left.set_yticks(range(len(strata)), [f"{s.family}, {s.origin}" for s in strata], fontsize=8.5)
    left.set_ylim(-0.7, len(strata) - 0.3)
    left.xaxis.set_major_formatter(PercentFormatter(1.0))
    left.xaxis.set_major_locator(MaxNLocator(5))
    left.axvline(audit.config.gate.min_true_accept_rate, color=FAINT, linestyle=":", linewidth=1.2)
    right.set_xscale("log")
    right.set_xlim(_FLOOR * 0.8, 1.3)
    right.xaxis.set_minor_locator(NullLocator())
    right.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "0" if x <= _FLOOR * 1.01 else f"{x:.4g}"))
    right.axvline(max(audit.config.gate.max_false_accept_rate, _FLOOR), color=FAINT, linestyle=":", linewidth=1.2)
    return figure, (
        "Marks: measured rates; bars: exact two-sided 95% intervals (Clopper and Pearson). Dotted: what the gate asks"
        " for. A rate of 0 is drawn at the left edge; its bar ends at what so small a sample cannot rule out."
    )


def _bar(axes: Axes, row: int, rate: Rate, color: str, *, log: bool = False) -> None:
    if not rate.n:
        return
    low, value = (max(rate.low, _FLOOR), max(rate.value, _FLOOR)) if log else (rate.low, rate.value)
    axes.plot([low, rate.high], [row, row], color=color, linewidth=2.4, alpha=0.5, solid_capstyle="butt")
    axes.plot([value], [row], marker="o", markersize=5, color=color, clip_on=False)


def _purity(audit: Audit) -> tuple[Figure, str]:
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    c, at_hand = audit.filtering_counts, audit.filtering[0]
    if not (c.tpr.n and c.fpr.n):
        raise Refusal("there are no decided right and wrong answers to take rates from")
    g = np.logspace(-4, 0, 200)
    for tpr, fpr, style, label in (
        (c.tpr.value, c.fpr.value, "-", "as measured"),
        (c.tpr.low, c.fpr.high, "--", "at the limits of the intervals"),
    ):
        accepted = g * tpr + (1 - g) * fpr
        axes.plot(g, np.divide(g * tpr, accepted, out=np.ones_like(g), where=accepted > 0), style, label=label,
                  color=ROLES["primary"].color)  # fmt: skip
    axes.plot(g, g, color=FAINT, linewidth=1.2, linestyle=":", label="without a verifier")
    axes.plot([at_hand.base_rate], [at_hand.purity], "o", color=ROLES["primary"].color, clip_on=False)
    axes.set_xscale("log")
    axes.set_xlabel("share of the generator's answers that are right")
    axes.set_ylabel("share of the kept answers that are right")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(0, 1.03)
    axes.legend(loc="upper left")
    return figure, (
        f"g TPR / (g TPR + (1-g) FPR) with the rates of {audit.filtering_from}. The dot is the generator at hand:"
        f" {at_hand.base_rate:.2%} right. The weaker the generator, the more a given false accept rate costs."
    )


def _scores(audit: Audit) -> tuple[Figure, str]:
    ranking = audit.ranking
    if ranking is None:
        raise Refusal("the verifier gives no scores, only verdicts")
    figure = Figure(figsize=(9.2, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=GRID, linewidth=1.2)
    left.plot(ranking.fpr, ranking.tpr, color=ROLES["primary"].color)
    left.set(title="accepted, right against wrong", xlabel="wrong answers accepted", ylabel="right answers accepted")
    right.plot(ranking.tpr, ranking.precision, color=ROLES["primary"].color)
    right.set(title="precision against recall", xlabel="recall", ylabel="precision", ylim=(0, 1.03))
    c = audit.confusion
    left.plot([c.fpr.value], [c.tpr.value], "o", color=BAD)
    right.plot([c.tpr.value], [c.precision.value], "o", color=BAD)
    return figure, (
        "Along falling thresholds, all strata but hostile texts; the dot is the threshold in use,"
        f" {audit.threshold:.4g}. Precision depends on this sample's mix of right and wrong answers."
    )


def _drift(audit: Audit) -> tuple[Figure, str]:
    if not audit.drift:
        raise Refusal("the audit is not of a run; give it one with the key run")
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    rounds = [d.round for d in audit.drift]
    axes.fill_between(rounds, [d.audited.low for d in audit.drift], [d.audited.high for d in audit.drift], color=GOOD,
                      alpha=0.2, linewidth=0)  # fmt: skip
    axes.plot(rounds, [d.audited.value for d in audit.drift], color=GOOD, marker="^", label="right, hidden sample")
    axes.plot(rounds, [d.audited_reward for d in audit.drift], color=BAD, marker="D", markersize=4,
              label="accepted by the run's judge, same sample")  # fmt: skip
    axes.set_xlabel("round")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    return figure, (
        "A hidden 1% of a round's attempts, at least 100, accepted and rejected alike, labelled by"
        f" {'the env' if audit.reference == 'env' else 'the independent reference'}; band: exact 95% interval. Where"
        " the judge's line is above the other, it pays for wrong answers."
    )
