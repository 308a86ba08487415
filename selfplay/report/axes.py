"""Parts that several figures share: bands over seeds, readable log axes, and where real data ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from selfplay.config import StudyConfig
from selfplay.records import RoundReport, RunResult
from selfplay.report.evidence import Evidence
from selfplay.report.style import FAINT, INK, Look, amount, looks

Measure = Callable[[RoundReport], float]


def seeds_text(evidence: Evidence) -> str:
    """`1 seed`, `4 seeds`."""
    n = len({row.seed for row in evidence.results})
    return f"{n} seed{'s' if n != 1 else ''}"


def canvas(evidence: Evidence, title: str, arms: Sequence[str] | None = None) -> tuple[Figure, Axes]:
    """An empty figure of one panel with the legend of these arms, of all that have finished runs by default."""
    figure = Figure(figsize=(7.6, 5.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    if arms is None:
        arms = [arm.name for arm in evidence.config.arms if evidence.budgets(arm.name)]
    legend_below(figure, evidence.config, arms, looks(evidence.config))
    return figure, axes


def draw_band(axes: Axes, curves: Sequence[Sequence[RoundReport]], x: Measure, y: Measure, look: Look) -> None:
    """Mean over seeds as a line, smallest to largest as a band.

    Seeds pass slightly different amounts at the same round, so they are read at common amounts: the rounds of the
    first seed, where every seed has measurements.
    """
    points = []
    for rounds in curves:
        xs, ys = np.array([x(r) for r in rounds], dtype=float), np.array([y(r) for r in rounds], dtype=float)
        measured = np.isfinite(ys)
        if measured.any():
            points.append((xs[measured], ys[measured]))
    if not points:
        return
    low, high = max(xs[0] for xs, _ in points), min(xs[-1] for xs, _ in points)
    grid = np.unique(np.concatenate([np.clip(points[0][0], low, high), [low, high]]))
    values = np.stack([np.interp(grid, xs, ys) for xs, ys in points])
    axes.fill_between(grid, values.min(axis=0), values.max(axis=0), color=look.color, alpha=0.2, linewidth=0)
    axes.plot(grid, values.mean(axis=0), color=look.color, linewidth=1.5)


def draw_finished(
    axes: Axes,
    groups: Iterable[Sequence[RunResult]],
    x: Callable[[RunResult], float],
    y: Callable[[RunResult], float],
    look: Look,
) -> None:
    """A marker per budget: the mean of its finished runs, with a bar from the smallest to the largest."""
    for rows in groups:
        values = np.array([y(row) for row in rows if math.isfinite(y(row))])
        if values.size == 0:
            continue
        spread = [[values.mean() - values.min()], [values.max() - values.mean()]]
        axes.errorbar(
            [float(np.mean([x(row) for row in rows]))],
            [values.mean()],
            yerr=spread,
            color=look.color,
            marker=look.marker,
            markersize=9,
            markeredgecolor="white",
            markeredgewidth=0.9,
            elinewidth=1.6,
            zorder=4,
        )


def log_axis(axes: Axes, which: str, text: Callable[[float], str] = amount) -> None:
    """A log axis with plain tick labels, also where it spans less than a decade."""
    getattr(axes, f"set_{which}scale")("log")
    low, high = getattr(axes, f"get_{which}lim")()
    ticks = _log_ticks(low, high)
    axis = getattr(axes, f"{which}axis")
    axis.set_ticks(ticks)
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _log_ticks(low: float, high: float) -> list[float]:
    """At least four round numbers between two limits."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), range(1, 10)):
        ticks = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
        if len(ticks) >= 4:
            return ticks
    return [float(tick) for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]


def mark_limits(axes: Axes, evidence: Evidence) -> None:
    """Mark, along a log token axis, where real data repeats, where self-play begins, where the baseline turns."""
    rows: list[tuple[float, str, str]] = []
    limit, config = evidence.real_limit_tokens(), evidence.config
    left, right = axes.get_xlim()
    if limit is not None:
        if left / 4 < limit < left:
            axes.set_xlim(left=limit * 0.9)
        rows.append((limit, f"real data used up: U = {amount(limit)}", "--"))
    if any(arm.proposer != "none" for arm in config.arms) and config.play.start_tokens > 0:
        rows.append((config.play.start_tokens, f"self-play begins: {amount(config.play.start_tokens)}", ":"))
    turned = evidence.turning_point().tokens
    if turned:
        low, high = turned[0], turned[-1]
        span = amount(low) if low == high else f"{amount(low)} to {amount(high)}"
        if high > low:
            axes.axvspan(low, high, color=FAINT, alpha=0.13, linewidth=0, zorder=0)
        rows.append((float(np.median(turned)), f"{config.baseline} stops improving: {span}", "-."))
    left, right = axes.get_xlim()
    for level, (x, label, dashes) in enumerate(rows):
        _mark(axes, x, label, dashes, level, math.log(max(x, left) / left) / math.log(right / left))
    axes.set_title(axes.get_title(loc="left"), pad=6 + 12 * len(rows))


def _mark(axes: Axes, x: float, label: str, dashes: str, level: int, place: float) -> None:
    """A vertical line, its label in its own row above the axes; an arrow where the place lies left of them."""
    across = axes.get_xaxis_transform()
    height = 1.015 + 0.052 * level
    if x < axes.get_xlim()[0]:
        axes.text(0.0, height, f"\N{LEFTWARDS ARROW} {label}", transform=axes.transAxes, color=INK, fontsize=9)
        return
    axes.plot([x, x], [0, height + 0.03], dashes, color=INK, linewidth=1.0, transform=across, clip_on=False, zorder=1)
    flipped = place > 0.6
    text = f"{label} " if flipped else f" {label}"
    axes.text(x, height, text, transform=across, color=INK, fontsize=9, ha="right" if flipped else "left")


def legend_below(figure: Figure, config: StudyConfig, arms: Sequence[str], styles: dict[str, Look]) -> None:
    """One legend for the figure, under the axes: line and marker per arm, what baseline and fresh are in brackets."""
    plays = any(arm.name == config.baseline and arm.proposer != "none" for arm in config.arms)
    roles = {config.fresh: "unlimited real data", config.baseline: "baseline" if plays else "real data repeated"}
    handles = [
        Line2D(
            [],
            [],
            color=styles[arm].color,
            marker=styles[arm].marker,
            markersize=7,
            markeredgecolor="white",
            label=f"{arm} ({roles[arm]})" if arm in roles else arm,
        )
        for arm in arms
    ]
    # One row while its labels fit the width of the figure; a line of the legend holds about 70 characters.
    one_row = sum(len(str(handle.get_label())) + 6 for handle in handles) <= 70
    n_columns = len(handles) if one_row else (len(handles) + 1) // 2
    figure.legend(handles=handles, loc="outside lower center", ncols=n_columns, columnspacing=1.6)
