"""Figures of what was proposed: the monitors of every round, and the levels of proposed tasks beside the real ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from selfplay.records import RoundReport
from selfplay.report.axes import legend_below, seeds_text
from selfplay.report.evidence import Evidence
from selfplay.report.panels import draw_rate
from selfplay.report.style import FAINT, INK, looks
from selfplay.scaling.curve import Refusal

_MONITORS: list[tuple[str, Callable[[RoundReport], float]]] = [
    ("tasks, of texts proposed", lambda r: r.proposals.validity),
    ("new, of tasks", lambda r: r.proposals.novelty),
    ("entropy of levels, nats", lambda r: r.proposals.entropy),
    ("distance to real levels", lambda r: r.proposals.distance),
    ("distinct, of answers", lambda r: r.proposals.distinct_answers),
    ("mixed outcomes, of tasks", lambda r: r.proposals.signal),
    ("accepted less right, own tasks", lambda r: r.proposals.reward_gap),
    ("accepted less right, fixed probe", lambda r: r.proposals.probe_gap),
    ("judge's informedness J", lambda r: r.judge.informedness),
]
MOST_LEVELS = 12
"""Levels a panel can label; of more, those most often real or proposed are drawn."""


def draw_monitors(evidence: Evidence) -> tuple[Figure, str]:
    """Every monitor of the arms that propose, per round; dotted lines mark alarms."""
    arms = _proposing(evidence)
    styles = looks(evidence.config)
    figure = Figure(figsize=(7.6, 7.2), layout="constrained")
    grid = figure.subplots(3, 3, sharex=True)
    for axes, (title, measure) in zip(grid.flat, _MONITORS, strict=True):
        axes.set_title(title, fontsize=9)
        for arm in arms:
            draw_rate(axes, evidence.curves(arm), measure, styles[arm])
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for number in sorted({r.round for arm in arms for curve in evidence.curves(arm) for r in curve if r.alarms}):
            axes.axvline(number, color=FAINT, linewidth=0.8, linestyle=":", zorder=0)
    for axes in grid[-1]:
        axes.set_xlabel("round")
    legend_below(figure, evidence.config, arms, styles)
    return figure, (
        f"What the proposer wrote and what the judge made of it, in the longest runs. Lines: mean over"
        f" {seeds_text(evidence)}; bands: smallest to largest. The fixed probe is answered with the same draws every"
        f" round; judges that cannot be gamed have no point there. Dotted: rounds with an alarm, listed below."
    )


def draw_levels(evidence: Evidence) -> tuple[Figure, str]:
    """Levels of the tasks of the first and the last round of self-play, beside those of the real pool."""
    arms = _proposing(evidence)
    styles = looks(evidence.config)
    figure = Figure(figsize=(7.6, 0.8 + 1.5 * len(arms)), layout="constrained")
    for axes, arm in zip(figure.subplots(len(arms), 1, squeeze=False)[:, 0], arms, strict=True):
        rounds = [[r for r in curve if r.proposals.levels] for curve in evidence.curves(arm)]
        rounds = [curve for curve in rounds if curve]
        shares = [
            _mean([curve[-1].proposals.real_levels for curve in rounds]),
            _mean([curve[0].proposals.levels for curve in rounds]),
            _mean([curve[-1].proposals.levels for curve in rounds]),
        ]
        _draw_bars(axes, shares, styles[arm].color)
        axes.set_title(arm)
        axes.set_xlabel("level")
    figure.legend(["real pool", "proposed, first round", "proposed, last round"], loc="outside lower center", ncols=3)
    return figure, (
        f"How difficult the tasks are: the share of each level among real tasks, and among the tasks proposed in the"
        f" first and in the last round of self-play of the longest runs, mean over {seeds_text(evidence)}."
    )


def alarms_of(evidence: Evidence) -> list[tuple[str, str, int, int]]:
    """Arm, alarm (as it was first worded), round of the first, and how many runs' rounds had one of its kind."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for arm in evidence.config.arms:
        for report in (report for curve in evidence.curves(arm.name) for report in curve):
            for line in report.alarms:
                found.setdefault((arm.name, " ".join(line.split()[:2])), []).append((report.round, line))
    return [(arm, min(lines)[1], min(lines)[0], len(lines)) for (arm, _), lines in found.items()]


def _proposing(evidence: Evidence) -> list[str]:
    arms = [arm.name for arm in evidence.config.arms if any(map(_proposed, evidence.curves(arm.name)))]
    if not arms:
        raise Refusal("no finished run has proposed tasks")
    return arms


def _proposed(rounds: Sequence[RoundReport]) -> bool:
    return any(report.proposals.levels for report in rounds)


def _mean(shares: Sequence[Mapping[str, float]]) -> dict[str, float]:
    kinds = sorted({kind for share in shares for kind in share})
    return {kind: float(np.mean([share.get(kind, 0.0) for share in shares])) for kind in kinds}


def _draw_bars(axes: Axes, shares: Sequence[dict[str, float]], color: str) -> None:
    kinds = sorted({kind for share in shares for kind in share}, key=_order)
    most = sorted(kinds, key=lambda kind: -max(share.get(kind, 0.0) for share in shares))[:MOST_LEVELS]
    kinds = [kind for kind in kinds if kind in most]
    one_env = len({kind.rpartition(":")[0] for kind in kinds}) == 1
    places = np.arange(len(kinds))
    for i, (share, (face, alpha)) in enumerate(zip(shares, ((INK, 0.75), (color, 0.4), (color, 1.0)), strict=True)):
        heights = [share.get(kind, 0.0) for kind in kinds]
        axes.bar(places + 0.27 * (i - 1), heights, 0.25, color=face, alpha=alpha)
    axes.set_xticks(places, [kind.rpartition(":")[2] if one_env else kind.rpartition("/")[2] for kind in kinds])
    axes.set_ylabel("share")
    axes.grid(axis="x", visible=False)


def _order(kind: str) -> tuple[str, float]:
    env, _, level = kind.rpartition(":")
    return env, float(level) if level.lstrip("-").isdecimal() else math.inf
