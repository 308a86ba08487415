"""Figures of a study that are not loss curves: what an arm is worth, what its judge did, what it cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from selfplay.records import RoundReport
from selfplay.report.axes import canvas, legend_below, log_axis, seeds_text
from selfplay.report.evidence import Evidence
from selfplay.report.style import FAINT, INK, PHASES, Look, amount, looks, power
from selfplay.scaling.curve import Refusal
from selfplay.scaling.metrics import Comparison


def draw_multiplier(evidence: Evidence, comparisons: Sequence[Comparison]) -> tuple[Figure, str]:
    """The effective data multiplier of every arm at every budget where all its seeds have one."""
    drawn = [comparison for comparison in comparisons if not comparison.ln_edm.reason]
    if not drawn:
        raise Refusal(comparisons[-1].ln_edm.reason if comparisons else "no arm shares a budget with the baseline")
    styles = looks(evidence.config)
    arms = [arm for arm in styles if any(comparison.arm == arm for comparison in drawn)]
    figure, axes = canvas(evidence, "Worth in fresh data, as a multiple of the baseline's", arms)
    budgets = sorted({comparison.budget for comparison in drawn})
    for comparison in drawn:
        aside = (arms.index(comparison.arm) - (len(arms) - 1) / 2) * 0.5 / len(arms)  # arms side by side at a budget
        _draw_edm(axes, comparison, budgets.index(comparison.budget) + aside, styles[comparison.arm])
    axes.axhline(1.0, color=INK, linewidth=1.0)
    margin = evidence.config.verdict.margin
    axes.axhline(margin, color=INK, linewidth=1.0, linestyle="--")
    axes.set_xlabel("training tokens, real and synthetic")
    axes.set_ylabel("effective data multiplier")
    axes.set_xticks(range(len(budgets)), [amount(budget) for budget in budgets])
    axes.set_xlim(-0.5, len(budgets) - 0.5)
    axes.grid(axis="x", visible=False)
    log_axis(axes, "y")
    return figure, (
        f"How many times as much fresh data an arm's loss is worth as the baseline's, at equal training tokens. Small"
        f" marks: seeds. Large marks and bars: mean and one-sided 95% Student-t bounds over {seeds_text(evidence)}."
        f" Solid line: worth the same. Dashed: the margin of {margin:.2f} the verdict asks for. Budgets where"
        f" a seed has no value are left out; the tables say why."
    )


def _draw_edm(axes: Axes, comparison: Comparison, x: float, look: Look) -> None:
    numbers, bounds = comparison.ln_edm.numbers(), comparison.ln_edm.interval()
    axes.plot([x - 0.04] * len(numbers), np.exp(numbers), ".", color=look.color, markersize=5, alpha=0.6)
    if bounds is None:
        return
    if math.isfinite(bounds.low):
        axes.plot([x, x], np.exp([bounds.low, bounds.high]), color=look.color, linewidth=2)
    axes.plot([x], [math.exp(bounds.mean)], look.marker, color=look.color, markersize=9.5, markeredgecolor="white")


def _played(rounds: Sequence[RoundReport]) -> bool:
    return any(report.judge.n_attempts for report in rounds)


def draw_judge(evidence: Evidence) -> tuple[Figure, str]:
    """What the judges of the arms that play kept and accepted, per round."""
    arms = [arm.name for arm in evidence.config.arms if any(_played(rounds) for rounds in evidence.curves(arm.name))]
    if not arms:
        raise Refusal("no finished run has attempts to judge")
    figure = Figure(figsize=(7.6, 5.6), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True)
    panels: list[tuple[str, Callable[[RoundReport], float]]] = [
        ("kept, of all attempts", lambda r: r.judge.n_kept / r.judge.n_attempts if r.judge.n_attempts else math.nan),
        ("right, of kept", lambda r: r.judge.kept_precision),
        ("accepted, of right attempts", lambda r: r.judge.true_accept_rate),
        ("accepted, of wrong attempts", lambda r: r.judge.false_accept_rate),
    ]
    styles = looks(evidence.config)
    for axes, (title, measure) in zip(grid.flat, panels, strict=True):
        axes.set_title(title)
        for arm in arms:
            draw_rate(axes, evidence.curves(arm), measure, styles[arm])
        axes.set_ylim(-0.04, 1.04)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for arm in arms:
        draw_rate(grid[0, 1], evidence.curves(arm), lambda r: r.judge.solve_rate, styles[arm], dotted=True)
    for axes in grid[1]:
        axes.set_xlabel("round")
    legend_below(figure, evidence.config, arms, styles)
    return figure, (
        f"The arm's judge against the env's exact verifier on each round's own attempts, in the longest runs. Lines:"
        f" mean over {seeds_text(evidence)}; bands: smallest to largest. Dotted: right, of all attempts, which is what"
        f" keeping everything would give. Attempts the verifier could not decide are left out of the rates; rounds"
        f" without a case have no point."
    )


def draw_rate(
    axes: Axes, curves: Sequence[Sequence[RoundReport]], measure: Callable[[RoundReport], float], look: Look,
    dotted: bool = False,
) -> None:  # fmt: skip
    """A rate per round. Rounds without a case break the line, which interpolation over tokens would hide."""
    rounds = sorted({report.round for curve in curves for report in curve if report.judge.n_attempts})
    table = np.full((len(curves), len(rounds)), math.nan)
    for i, curve in enumerate(curves):
        for report in curve:
            if report.judge.n_attempts:
                table[i, rounds.index(report.round)] = measure(report)
    measured = np.isfinite(table).any(axis=0)
    low, high = np.full(len(rounds), math.nan), np.full(len(rounds), math.nan)
    mean = low.copy()
    if measured.any():
        low[measured] = np.nanmin(table[:, measured], axis=0)
        high[measured] = np.nanmax(table[:, measured], axis=0)
        mean[measured] = np.nanmean(table[:, measured], axis=0)
    if dotted:
        axes.plot(rounds, mean, ":", color=look.color, linewidth=1.4)
        return
    axes.fill_between(rounds, low, high, color=look.color, alpha=0.2, linewidth=0)
    axes.plot(rounds, mean, color=look.color, marker=look.marker, markersize=5, markeredgecolor="white",
              markevery=max(1, len(rounds) // 8))  # fmt: skip


def draw_cost(evidence: Evidence) -> tuple[Figure, str]:
    """FLOPs and seconds of every arm's longest runs."""
    arms = [arm.name for arm in evidence.config.arms if any(evidence.curves(arm.name))]
    if not arms:
        raise Refusal("no run of the largest budget has finished")
    figure = Figure(figsize=(7.6, 1.7 + 0.42 * len(arms)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    flops = {"learn": "train_flops", "solve": "generate_flops", "judge": "verify_flops"}
    _stack(left, evidence, arms, list(flops), lambda report, phase: getattr(report, flops[phase]))
    _stack(right, evidence, arms, list(PHASES), lambda report, phase: report.seconds.get(phase, 0.0))
    left.set_title("FLOPs")
    left.set_xlabel("FLOPs a run")
    right.set_title("Wall-clock time")
    right.set_xlabel("seconds a run")
    for axes, text in ((left, power), (right, amount)):
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _, text=text: text(value)))
        axes.set_xlim(0, 1.06 * axes.dataLim.x1)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="y", visible=False)
    left.invert_yaxis()
    names = {"learn": "learn (train)", "propose": "propose", "solve": "solve (left: propose too)", "judge": "judge"}
    handles = [Patch(facecolor=PHASES[p], edgecolor=FAINT, linewidth=0.5, label=names.get(p, p)) for p in PHASES]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, columnspacing=1.2)
    return figure, (
        f"Mean over {seeds_text(evidence)} of the longest runs. Evaluation is the experimenter's cost, not the"
        f" method's, and is not in the FLOPs. Seconds depend on the machine and on what ran beside it; FLOPs do not."
    )


def _stack(
    axes: Axes, evidence: Evidence, arms: Sequence[str], phases: Sequence[str],
    spent: Callable[[RoundReport, str], float],
) -> None:  # fmt: skip
    """One stacked bar per arm; amounts are running totals, so the last round holds the run's."""
    for i, arm in enumerate(arms):
        start = 0.0
        for phase in phases:
            mean = float(np.mean([float(spent(rounds[-1], phase)) for rounds in evidence.curves(arm)]))
            axes.barh(i, mean, left=start, color=PHASES[phase], edgecolor=FAINT, linewidth=0.5, height=0.66)
            start += mean
    axes.set_yticks(range(len(arms)), arms)
