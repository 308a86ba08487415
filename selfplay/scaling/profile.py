"""Profile intervals: every value of a parameter that the others can make up for.

The rise of the objective is read on the scale of a likelihood ratio: for a loss rho with derivative psi, twice the
rise over E[psi^2] / E[psi'] is chi-squared with 1 degree of freedom (Heritier and Ronchetti 1994).
"""

from __future__ import annotations

import numpy as np

from selfplay.scaling.fit import Fit
from selfplay.scaling.laws import Array
from selfplay.scaling.points import coordinates
from selfplay.scaling.solver import huber, minimise

CHI_SQUARED_95 = 3.841458820694124
N_BISECTIONS = 20


def threshold(fit: Fit) -> float:
    """Rise of the objective at the ends of a 95% interval."""
    residual, n = fit.residuals, len(fit.points)
    n_free = int(fit.where.free.sum())
    if n <= n_free:
        raise ValueError(f"{n} runs for {n_free} free parameters leave no noise to judge a profile by; add runs")
    # the density at 0 of a loss that turns linear within the noise is read off a window as wide as half the noise
    window = max(fit.delta, 0.5 * 1.4826 * float(np.median(np.abs(residual))), 1e-12)
    curvature = 1.0 if np.isinf(window) else float((np.abs(residual) <= window).mean()) * min(1.0, fit.delta / window)
    push = float(np.mean(np.clip(residual, -fit.delta, fit.delta) ** 2))
    return 0.5 * CHI_SQUARED_95 * push / max(curvature, 1e-12) * n / (n - n_free)


def profile(fit: Fit, name: str) -> tuple[float | None, float | None]:
    """95% interval of one parameter; None where no value, up to the end of its range, can be ruled out.

    Raises:
        ValueError: The law has no such parameter, or it is fixed.
    """
    i = fit.law.index(name)
    if not fit.where.free[i]:
        raise ValueError(f"--profile {name}: it is fixed; leave it free to have an interval")
    rise = threshold(fit)
    ends: list[float | None] = []
    for sign, limit in ((-1.0, fit.where.low[i]), (1.0, fit.where.high[i])):
        # an amplitude's range is one of its centred form, which is not what is profiled
        reach = fit.coded[i] + sign * 60.0 if any(a.name == name for a in fit.law.amplitudes) else limit
        end = _end(fit, name, sign, float(reach), fit.objective + rise)
        ends.append(None if end is None else float(fit.law.decode(_with(fit.coded, i, end))[i]))
    return ends[0], ends[1]


def _with(coded: Array, i: int, value: float) -> Array:
    changed = coded.copy()
    changed[i] = value
    return changed


def _end(fit: Fit, name: str, sign: float, limit: float, ceiling: float) -> float | None:
    """Where the profile crosses the ceiling on one side: steps that double, then bisection."""
    i = fit.law.index(name)
    inside, coded, step = float(fit.coded[i]), fit.coded, 1e-3
    while True:
        outside = inside + sign * step
        if sign * (outside - limit) >= 0:
            outside = limit
        value, there = _held(fit, name, outside, coded)
        if value > ceiling:
            break
        if outside == limit:
            return None
        inside, coded, step = outside, there, step * 1.7
    for _ in range(N_BISECTIONS):
        middle = 0.5 * (inside + outside)
        value, there = _held(fit, name, middle, coded)
        if value > ceiling:
            outside = middle
        else:
            inside, coded = middle, there
    return 0.5 * (inside + outside)


def _held(fit: Fit, name: str, value: float, near: Array) -> tuple[float, Array]:
    """The lowest objective with a coded parameter held, and the coded parameters there."""
    i = fit.law.index(name)
    natural = fit.law.decode(_with(fit.coded, i, value))
    fixed = {known: float(natural[k]) for k, known in enumerate(fit.law.names) if not fit.where.free[k] or k == i}
    where = coordinates(fit.law, fit.points, fixed) if len(fixed) < len(fit.law.names) else None
    starts = np.stack([_with(near, i, value), _with(fit.coded, i, value)])
    if where is None:  # a law of one free parameter has no other to make up for it
        fitted, _ = fit.law.log_loss(starts, fit.points.logs)
        return float(huber(fitted[0] - fit.points.log_loss, fit.delta).sum()), starts[0]
    solved = minimise(where, fit.points, where.place(starts), fit.delta)
    best = int(solved.objective.argmin())
    return float(solved.objective[best]), where.coded(solved.place[best])
