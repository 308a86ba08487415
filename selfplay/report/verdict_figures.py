"""The figures of a verdict: every seed's effect, the multiplier by budget, the wall, and the slopes past it.

Drawn from a reading and its runs alone, so that a table of anyone's has them too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from selfplay.files import replacing
from selfplay.report.axes import log_axis
from selfplay.report.figures import Plate, plate
from selfplay.report.style import FAINT, INK, OTHERS, ROLES, Look, amount, power
from selfplay.scaling.claim import Claim
from selfplay.scaling.curve import Refusal
from selfplay.scaling.intervals import Interval, t_interval
from selfplay.scaling.metrics import PerSeed, worth
from selfplay.scaling.reading import Reading
from selfplay.scaling.rows import Row, Runs, spent

Drawn = tuple[Figure, str]


def verdict_plates(reading: Reading, runs: Runs) -> list[Plate]:
    """Every figure of a verdict but the multiplier by budget, which a study's report draws for all arms."""
    return [
        plate("forest", "Every seed's effect", partial(draw_forest, reading)),
        plate("wall", "What the baseline is worth, and where the wall is", partial(draw_wall, reading, runs)),
        plate("slopes", "Loss past the wall", partial(draw_slopes, reading, runs)),
    ]


def write_figures(reading: Reading, rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw a verdict into a folder, each figure as SVG and PNG; returns the files.

    Raises:
        OSError: The folder cannot be written.
    """
    plates = [plate("multiplier", "Multiplier by budget", partial(draw_by_budget, reading))]
    written = []
    for drawn in [*plates, *verdict_plates(reading, Runs.of(rows))]:
        for ending, data in (("svg", drawn.svg), ("png", drawn.png)):
            path = folder / f"{drawn.name}.{ending}"
            if data:
                with replacing(path) as temporary:
                    temporary.write_bytes(data)
                written.append(path)
            else:
                path.unlink(missing_ok=True)  # one of an earlier verdict would contradict this one
    return written


def draw_forest(reading: Reading) -> Drawn:
    """Per-seed ln EDM of the level with its mean, for every arm tested and every control."""
    groups = [(arm, level.ln_edm) for arm, level in reading.decision.levels.items() if not level.ln_edm.reason]
    groups += [
        (f"control: {control.name}".replace(" against ", "\nagainst "), control.ln_edm)
        for control in (reading.unverified, reading.decision.aa)
        if control is not None and control.interval is not None
    ]
    if reading.decision.level.ln_edm.reason:
        raise Refusal(reading.decision.level.ln_edm.reason)
    alpha, n_rows = reading.claim.level_alpha, sum(len(of.seeds) + 2 for _, of in groups)
    figure = Figure(figsize=(7.6, 1.5 + 0.27 * n_rows), layout="constrained")
    axes = figure.add_subplot()
    y, labels = 0.0, []
    for i, (name, ln_edm) in enumerate(groups):
        look = ROLES["primary"] if i == 0 else OTHERS[(i - 1) % len(OTHERS)]
        for seed, value in zip(ln_edm.seeds, ln_edm.numbers(), strict=True):
            axes.plot([value], [y], look.marker, color=look.color, markersize=6, alpha=0.75)
            labels.append((y, f"seed {seed}"))
            y += 1
        _draw_bounds(axes, t_interval(ln_edm.numbers(), alpha / 2), y, look)
        labels.append((y, name))
        y += 2
    margin = reading.claim.ln_margin
    axes.axvline(0.0, color=INK, linewidth=1.0)
    axes.axvline(margin, color=INK, linewidth=1.0, linestyle="--")
    axes.set_yticks([at for at, _ in labels], [text for _, text in labels])
    axes.set_ylim(y - 1, -1)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ln EDM (ln of the effective data multiplier)")
    axes.set_title("Worth against the baseline, by seed", pad=8)
    above = axes.secondary_xaxis("top", functions=(_exp, _log))
    low, high = (math.exp(value) for value in axes.get_xlim())
    ticks = _factors(low, high, 7)
    above.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    return figure, (
        f"Mean ln EDM of the level's budgets, {_equal(reading.claim)}. Small marks: seeds. Diamonds and bars: mean and"
        f" two-sided {100 * (1 - alpha):.3g}% Student-t interval. Solid line: no effect. Dashed: the margin of"
        f" {reading.claim.margin:.2f} times. For the control of seeds against seeds, a mark is a pair of seeds."
    )


def _factors(low: float, high: float, most: int) -> list[float]:
    """Round multipliers between two limits, 1 among them where it is, as many as fit."""
    fine = (0.05, 0.1, 0.2, 0.33, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10, 20)
    for ticks in (fine, (0.05, 0.1, 0.2, 0.33, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20), (0.01, 0.1, 0.33, 1, 3, 10, 100)):
        found = [tick for tick in ticks if low <= tick <= high]
        if len(found) <= most:
            return found
    return found


def _exp(value: Any) -> Any:
    return np.exp(value)


def _log(value: Any) -> Any:
    return np.log(np.maximum(value, 1e-12))  # matplotlib tries values of 0 and below


def _draw_bounds(axes: Axes, bounds: Interval, y: float, look: Look) -> None:
    if math.isfinite(bounds.low):
        axes.plot([bounds.low, bounds.high], [y, y], color=look.color, linewidth=2.2)
    axes.plot([bounds.mean], [y], "D", color=look.color, markersize=9, markeredgecolor="white", zorder=4)


def _equal(claim: Claim) -> str:
    return "at equal training tokens" if claim.match == "tokens" else "at equal total FLOPs"


def draw_by_budget(reading: Reading) -> Drawn:
    """The primary arm's multiplier at every budget where all its seeds have one, by tokens and by FLOPs."""
    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    drawn: list[Line2D] = []
    for one, look in ((reading, ROLES["primary"]), (reading.other, OTHERS[0])):
        if one is not None and _draw_budgets(
            axes, one.by_budget, look, reading.claim.level_alpha, 1 + 0.02 * len(drawn)
        ):
            drawn.append(_handle(_equal(one.claim), look))
    if not drawn:
        raise Refusal(next((of.reason for of in reading.by_budget.values()), "no budget in common"))
    axes.axhline(1.0, color=INK, linewidth=1.0)
    axes.axhline(reading.claim.margin, color=INK, linewidth=1.0, linestyle="--")
    if math.isfinite(reading.crossover.number):
        axes.axvline(reading.crossover.number, color=FAINT, linewidth=1.0, linestyle=":")
    axes.set_xlabel("training tokens of the arm")
    axes.set_ylabel("effective data multiplier (times)")
    axes.set_title(f"Worth of {reading.claim.primary} in fresh data, against {reading.claim.baseline}")
    log_axis(axes, "x")
    axes.set_yscale("log")
    ticks = _factors(*axes.get_ylim(), 9)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    figure.legend(handles=drawn, loc="outside lower center", ncols=2)
    return figure, "Means over seeds with two-sided Student-t intervals; dotted: where the multiplier crosses 1."


def _draw_budgets(axes: Axes, by_budget: Mapping[float, PerSeed], look: Look, alpha: float, aside: float) -> bool:
    points = [(x * aside, t_interval(of.numbers(), alpha / 2)) for x, of in by_budget.items() if not of.reason]
    for x, bounds in points:
        if math.isfinite(bounds.low):
            axes.plot([x, x], np.exp([bounds.low, bounds.high]), color=look.color, linewidth=2)
    axes.plot(
        [x for x, _ in points], [math.exp(bounds.mean) for _, bounds in points], color=look.color, marker=look.marker,
        markersize=8, markeredgecolor="white", linewidth=1.2,
    )  # fmt: skip
    return bool(points)


def _handle(label: str, look: Look) -> Line2D:
    return Line2D([], [], color=look.color, marker=look.marker, markersize=7, markeredgecolor="white", label=label)


def draw_wall(reading: Reading, runs: Runs) -> Drawn:
    """Fresh data that the baseline is worth over what it trained on, seed by seed, and the wall."""
    claim, wall, look = reading.claim, reading.decision.wall, ROLES["baseline"]
    figure = Figure(figsize=(7.6, 4.8), layout="constrained")
    axes = figure.add_subplot()
    n_drawn = 0
    for seed in runs.seeds(claim.baseline):
        points = []
        for row in sorted((r for r in runs.rows if (r.arm, r.seed) == (claim.baseline, seed)), key=lambda r: r.D):
            value = worth(runs, seed, row.loss, fresh=claim.fresh)
            if not value.reason:
                points.append((row.D, value.number))
        n_drawn += len(points)
        axes.plot([x for x, _ in points], [y for _, y in points], color=look.color, marker=look.marker, markersize=5,
                  markeredgecolor="white", linewidth=1.1, alpha=0.8)  # fmt: skip
    if not n_drawn:
        raise Refusal("no loss of the baseline is inside the fresh range")
    log_axis(axes, "x")
    log_axis(axes, "y")
    low, high = max(axes.get_xlim()[0], axes.get_ylim()[0]), min(axes.get_xlim()[1], axes.get_ylim()[1])
    if low < high:
        axes.plot([low, high], [low, high], color=ROLES["fresh"].color, linestyle="--", linewidth=1.3)
    caption = f"The dashed line is fresh data, worth itself; {claim.baseline} bends away from it as tokens repeat."
    if not wall.reason:
        if math.isfinite(wall.low):
            axes.axvspan(wall.low, wall.high, color=FAINT, alpha=0.15, linewidth=0, zorder=0)
        axes.axvline(wall.D, color=INK, linewidth=1.0, linestyle="-.")
        caption += (
            f" Past the wall, at {amount(wall.D)} tokens, one more token is worth less than 1/e of a fresh one; shaded:"
            " its interval over seeds, where every seed has one."
        )
    else:
        caption += f" Wall: {wall.reason}."
    axes.set_xlabel(f"training tokens of {claim.baseline}")
    axes.set_ylabel("worth in fresh tokens (D_eq)")
    axes.set_title(f"What repeated data is worth: {claim.baseline}, a line per seed")
    return figure, caption


def draw_slopes(reading: Reading, runs: Runs) -> Drawn:
    """Losses of the three arms over the budgets past the wall, with the least-squares line of every arm."""
    claim, slopes = reading.claim, reading.decision.slopes
    if not slopes.budgets:
        raise Refusal(slopes.reason)
    arms = {claim.baseline: ROLES["baseline"], claim.primary: ROLES["primary"], claim.fresh: ROLES["fresh"]}
    figure = Figure(figsize=(7.6, 4.8), layout="constrained")
    axes, handles = figure.add_subplot(), []
    for arm, look in arms.items():
        rows = [row for row in runs.where((arm,), slopes.budgets) if math.isfinite(row.loss)]
        x, y = np.array([spent(row, claim.match) for row in rows]), np.array([row.loss for row in rows])
        if x.size < 2 or not np.isfinite(x).all():
            continue
        axes.plot(x, y, look.marker, color=look.color, markersize=5.5, alpha=0.6)
        slope, intercept = np.polyfit(np.log(x), y, 1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * np.log(ends) + intercept, color=look.color)
        handles.append(_handle(f"{arm}: {-slope:.3g} nats/token an e-fold", look))
    if not handles:
        raise Refusal(slopes.reason or "no run past the wall has a finite loss")
    axes.set_xlabel("training tokens" if claim.match == "tokens" else "FLOPs: training, generating and verifying")
    axes.set_ylabel("held-out loss (nats per token)")
    axes.set_title("Does the loss keep falling past the wall?")
    text: Callable[[float], str] = amount if claim.match == "tokens" else power
    log_axis(axes, "x", text)
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure, (
        "Every finished run at the budgets of the slope, and least-squares lines over the seeds together; the verdict"
        " uses a slope per seed."
    )
