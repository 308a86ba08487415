"""The figures of a fitted law: its curves through the runs, with bands, and what is left over.

Colours run through viridis, which readers with any common colour blindness can order, and print in grey.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from selfplay.files import replacing
from selfplay.report.axes import log_axis
from selfplay.report.board import write_images
from selfplay.report.figures import Plate, plate
from selfplay.report.style import INK, amount, power
from selfplay.scaling.band import band
from selfplay.scaling.curve import Refusal
from selfplay.scaling.fit import Fit
from selfplay.scaling.laws import Array

LABELS = {
    "N": "parameters N",
    "D": "training tokens D",
    "U": "distinct tokens U",
    "C": "compute C (FLOPs)",
}
N_CURVES = 5
N_GRID = 80


def fit_plates(fit: Fit) -> list[Plate]:
    """Curves and residuals."""
    return [
        plate("fit", f"The {fit.law.name} law through its runs", partial(draw_fit, fit)),
        plate("residuals", "What the law leaves over", partial(draw_residuals, fit)),
    ]


def write_fit_figures(fit: Fit, folder: Path) -> list[Path]:
    """Draw a fit into a folder: SVG, PNG, and TensorBoard images; returns the files.

    Raises:
        OSError: The folder cannot be written.
    """
    written = []
    plates = fit_plates(fit)
    for drawn in plates:
        for ending, data in (("svg", drawn.svg), ("png", drawn.png)):
            path = folder / f"{drawn.name}.{ending}"
            if data:
                with replacing(path) as temporary:
                    temporary.write_bytes(data)
                written.append(path)
            else:
                path.unlink(missing_ok=True)
    write_images(plates, folder)
    return written


def label(name: str, value: float) -> str:
    """An input's value: FLOPs as powers, counts with suffixes."""
    return power(value) if name == "C" else amount(value)


def draw_fit(fit: Fit) -> tuple[Figure, str]:
    """The loss over the law's last-named amount of training, a curve for each of several sizes."""
    along = next(name for name in ("C", "D", "N") if name in fit.law.inputs)
    others = [name for name in fit.law.inputs if name != along]
    figure = Figure(figsize=(7.6, 5.0), layout="constrained")
    axes = figure.add_subplot()
    logs = fit.points.logs
    shades = _shades(logs[others[0]]) if others else np.full((len(fit.points), 3), 0.3)
    axes.scatter(np.exp(logs[along]), np.exp(fit.points.log_loss), s=16, c=shades, alpha=0.75, linewidth=0, zorder=2)
    curves = _curves(fit, others)
    for color, at, name in curves:
        _draw_curve(axes, fit, along, at, color, name)
    axes.set_xlabel(LABELS[along])
    axes.set_ylabel("loss (nats per token)")
    axes.set_title(f"{fit.law.name}: {len(fit.points)} runs")
    log_axis(axes, "x", partial(label, along))
    log_axis(axes, "y", lambda value: f"{value:g}")
    if others:
        figure.legend(loc="outside lower center", ncols=min(3, len(curves)))
    return figure, "Points: runs. Lines: the fitted law, each with its pointwise 95% band (delta method)."


def _shades(values: Array) -> Array:
    """(n, 3) colours in the order of the values; the palest yellow is left out."""
    from matplotlib import colormaps

    span = float(np.ptp(values)) or 1.0
    return np.asarray(colormaps["viridis"](0.88 * (values - values.min()) / span))[..., :3]


def _curves(fit: Fit, others: list[str]) -> list[tuple[Array, Mapping[str, float], str]]:
    """(colour, logarithms of the other inputs, name) of every curve: the settings with most runs, or quantiles."""
    if not others:
        return [(np.array([0.0, 0.447, 0.698]), {}, fit.law.name)]
    logs = fit.points.logs
    groups: dict[tuple[float, ...], int] = {}
    for key in zip(*(np.round(logs[name], 6).tolist() for name in others), strict=True):
        groups[key] = groups.get(key, 0) + 1
    full = sorted(key for key, n in groups.items() if n >= 3)
    if full:
        firsts = np.array([key[0] for key in full])
        wanted = np.linspace(firsts.min(), firsts.max(), N_CURVES)  # evenly over the axis, not over the runs
        chosen = [full[i] for i in np.unique(np.abs(firsts[:, None] - wanted).argmin(axis=0))]
    else:  # no setting repeats: curves at quantiles of the first, the others at their medians
        levels = np.quantile(logs[others[0]], np.linspace(0.05, 0.95, N_CURVES))
        chosen = [(float(level), *(float(np.median(logs[name])) for name in others[1:])) for level in levels]
    lows = logs[others[0]]
    colors = _shades(np.concatenate([[lows.min(), lows.max()], [key[0] for key in chosen]]))[2:]
    return [
        (
            color,
            dict(zip(others, key, strict=True)),
            ", ".join(f"{name} = {label(name, math.exp(x))}" for name, x in zip(others, key, strict=True)),
        )
        for color, key in zip(colors, chosen, strict=True)
    ]


def _draw_curve(axes: Axes, fit: Fit, along: str, at: Mapping[str, float], color: Array, name: str) -> None:
    seen = fit.points.logs[along]
    x = np.linspace(float(seen.min()), float(seen.max()), N_GRID)
    logs = {along: x, **{other: np.full(N_GRID, value) for other, value in at.items()}}
    axes.plot(np.exp(x), np.exp(fit.law.log_loss(fit.coded[None], logs)[0][0]), color=color, label=name)
    try:
        low, high = band(fit, logs)
    except ValueError:
        return  # as many parameters as runs: a line without a band
    axes.fill_between(np.exp(x), np.exp(low), np.exp(high), color=color, alpha=0.2, linewidth=0)


def draw_residuals(fit: Fit) -> tuple[Figure, str]:
    """Residuals over every input that varies."""
    names = [name for name in fit.law.inputs if np.ptp(fit.points.logs[name]) > 0]
    if not names:
        raise Refusal("no input varies")
    figure = Figure(figsize=(max(5.2, 3.4 * len(names)), 3.6), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    percent = 100.0 * np.expm1(-fit.residuals)
    for axes, name in zip(panels, names, strict=True):
        axes.axhline(0.0, color=INK, linewidth=1.0)
        axes.plot(np.exp(fit.points.logs[name]), percent, "o", color="#0072b2", markersize=4, alpha=0.6)
        axes.set_xlabel(LABELS[name])
        log_axis(axes, "x", partial(label, name))
    panels[0].set_ylabel("run above the law (%)")
    figure.suptitle(f"Residuals of {fit.law.name}", x=0.02, ha="left", fontweight="bold", fontsize=11.5)
    return figure, "Loss of each run over that of the fitted law, less 1. A pattern is something the law does not know."


def study_fit_plate(fits: Mapping[str, Fit], colors: Mapping[str, str], refused: Mapping[str, str]) -> Plate:
    """Every arm's power law over training tokens, with its residuals below."""
    return plate("fits", "Fitted power laws", partial(_draw_arms, fits, colors, refused))


def _draw_arms(
    fits: Mapping[str, Fit], colors: Mapping[str, str], refused: Mapping[str, str]
) -> tuple[Figure, str]:  # fmt: skip
    if not fits:
        raise Refusal("; ".join(f"{arm}: {reason}" for arm, reason in refused.items()) or "no arm has finished runs")
    figure = Figure(figsize=(7.6, 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    below.axhline(0.0, color=INK, linewidth=1.0)
    for arm, fit in fits.items():
        x = np.exp(fit.points.logs["C"])
        color = np.array([int(colors[arm][i : i + 2], 16) / 255 for i in (1, 3, 5)])
        above.plot(x, np.exp(fit.points.log_loss), "o", color=color, markersize=5, alpha=0.6)
        _draw_curve(above, fit, "C", {}, color, f"{arm}: exponent {fit.params['b']:.3g}")
        below.plot(x, 100.0 * np.expm1(-fit.residuals), "o", color=color, markersize=4.5, alpha=0.6)
    above.set_ylabel("held-out loss (nats per answer token)")
    below.set_ylabel("run above\nthe law (%)")
    below.set_xlabel("training tokens")
    above.set_title("Power laws over training tokens, by arm")
    log_axis(above, "y", lambda value: f"{value:g}")
    log_axis(below, "x")
    figure.legend(loc="outside lower center", ncols=2)
    caption = "Lines: loss = a D^-b, with a floor where an arm has five budgets or more; bands: pointwise 95% (delta"
    caption += " method). The verdict does not rest on these."
    return figure, caption + "".join(f" Not fitted: {arm}, {reason}." for arm, reason in refused.items())
