"""Fits of a law from many starts, to many resamples, at once.

Damped Gauss-Newton steps on the Huber loss, written as weighted least squares (Holland and Welsch 1977), for a whole
batch in one array operation; a step is tried at several lengths, because the weights overstate the curvature where
most residuals lie in the linear part. No step is taken that does not lower the objective, so a fit that cannot move
is seen as one: the summed loss is used as it is, with no tolerance that its small size could fall below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfplay.scaling.laws import Array
from selfplay.scaling.points import Coordinates, Points

LENGTHS = (1.0, 2.5, 6.0)
MAX_STEPS = 300
SETTLED = 1e-13
"""A relative gain below this is rounding."""
CHUNK = 2_000_000
"""Numbers in the largest array of a batch, 16 MB."""
LAD_DELTA = 1e-6
"""Least absolute deviations are a Huber loss of this delta: residuals of a millionth of the loss are none."""


def huber(residual: Array, delta: float) -> Array:
    """Half the square up to `delta`, then linear (Huber 1964); `inf` gives half the square throughout."""
    size = np.abs(residual)
    with np.errstate(invalid="ignore"):
        return np.where(size <= delta, 0.5 * residual**2, delta * (size - 0.5 * delta))


@dataclass(frozen=True)
class Solved:
    """Results of a batch.

    Attributes:
        place: (B, p) coordinates.
        objective: (B,) weighted sum of Huber losses.
        n_steps: Steps that the slowest took.
    """

    place: Array
    objective: Array
    n_steps: int


def residuals(where: Coordinates, points: Points, place: Array, target: Array | None = None) -> Array:
    """(B, n) log of the fitted over the observed loss."""
    fitted, _ = where.law.log_loss(where.coded(place), points.logs)
    return fitted - (points.log_loss if target is None else target)


def minimise(
    where: Coordinates,
    points: Points,
    start: Array,
    delta: float,
    weights: Array | None = None,
    target: Array | None = None,
    max_steps: int = MAX_STEPS,
) -> Solved:
    """Minimise the weighted sum of Huber losses of log residuals.

    Args:
        where: Law, bounds and which parameters are free; the others stay as they are in `start`.
        points: The runs.
        start: (B, p) coordinates to begin at.
        delta: Where the loss turns linear, in log loss; `inf` for least squares.
        weights: (B, n) weight of each run in each fit; all 1 by default.
        target: (B, n) log losses to fit instead of those of `points`.
        max_steps: Stop after so many.
    """
    batch = max(1, CHUNK // max(1, len(points) * start.shape[1]))
    parts = []
    for first in range(0, len(start), batch):
        part = slice(first, first + batch)
        w = np.ones((len(start[part]), len(points))) if weights is None else weights[part]
        y = np.broadcast_to(points.log_loss, w.shape) if target is None else target[part]
        parts.append(_descend(where, points, start[part], delta, w, y, max_steps))
    return Solved(
        np.concatenate([part.place for part in parts]),
        np.concatenate([part.objective for part in parts]),
        max(part.n_steps for part in parts),
    )


def _descend(
    where: Coordinates, points: Points, start: Array, delta: float, w: Array, y: Array, max_steps: int
) -> Solved:
    place = np.clip(start, where.low, where.high)
    objective = np.sum(w * huber(residuals(where, points, place, y), delta), axis=1)
    damping = np.full(len(place), 1e-3)
    moving = np.arange(len(place))
    n_steps = 0
    while moving.size and n_steps < max_steps:
        n_steps += 1
        now = place[moving]
        step = _step(where, points, now, delta, w[moving], y[moving], damping[moving])
        best, at = np.full(moving.size, np.inf), now.copy()
        for length in LENGTHS:
            tried = np.clip(now + length * step, where.low, where.high)
            value = np.sum(w[moving] * huber(residuals(where, points, tried, y[moving]), delta), axis=1)
            better = value < best
            best[better], at[better] = value[better], tried[better]
        before = objective[moving]
        lower = best < before
        place[moving[lower]], objective[moving[lower]] = at[lower], best[lower]
        tiny = lower & (before - best <= SETTLED * before)
        damping[moving] = np.where(
            lower, np.maximum(damping[moving] * 0.2, 1e-10), np.minimum(damping[moving] * 8.0, 1e9)
        )
        moving = moving[~(tiny | (~lower & (damping[moving] > 1e7)))]
    return Solved(place, objective, n_steps)


def _step(where: Coordinates, points: Points, place: Array, delta: float, w: Array, y: Array, damping: Array) -> Array:
    """(B, p) damped Gauss-Newton steps; 0 in what is fixed or held by a bound."""
    fitted, by_coded = where.law.log_loss(where.coded(place), points.logs)
    slopes = by_coded @ where.to_coded
    residual = fitted - y
    weight = w * np.minimum(1.0, delta / np.maximum(np.abs(residual), 1e-300))
    gradient = np.einsum("bnp,bn->bp", slopes, weight * residual)
    held = ~where.free | ((place <= where.low) & (gradient > 0)) | ((place >= where.high) & (gradient < 0))
    curvature = (slopes * weight[:, :, None]).transpose(0, 2, 1) @ slopes
    return _solve(curvature, gradient, held, damping)


def _solve(curvature: Array, gradient: Array, held: NDArray[np.bool_], damping: Array) -> Array:
    p = gradient.shape[1]
    open_ = (~held).astype(np.float64)
    matrix = curvature * open_[:, :, None] * open_[:, None, :]
    diagonal = np.einsum("bpp->bp", matrix).copy()
    scale = np.maximum(diagonal.max(axis=1, keepdims=True), 1e-30)
    inside = np.arange(p)
    # a parameter that no run depends on has no curvature: it is held by a floor and does not move
    matrix[:, inside, inside] += damping[:, None] * diagonal + 1e-12 * scale + held * scale
    step = np.linalg.solve(matrix, (gradient * open_)[:, :, None])[:, :, 0]
    return -step.astype(np.float64, copy=False)
