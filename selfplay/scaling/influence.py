"""Which runs a parameter hangs on: groups that pull the same way, found by leaving out one run after the other.

Runs that err together hide one another: with one left out, the others still pull. So the strongest is left out, then
the one that moves the parameter furthest the same way without it, and so on (a greedy form of Broderick, Giordano and
Meager 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfplay.scaling.fit import Fit
from selfplay.scaling.laws import Array
from selfplay.scaling.solver import minimise

N_NAMED = 8
N_CANDIDATES = 64
"""Runs tried at every step after the first: those that alone move the parameter most the same way."""


@dataclass(frozen=True)
class Influence:
    """What leaving a run out does.

    Attributes:
        row: Its row in the file.
        param: A parameter.
        shift: How far the parameter moves without this run and without those named before it for this parameter.
    """

    row: int
    param: str
    shift: float


def influence(fit: Fit, n_named: int = N_NAMED) -> list[Influence]:
    """For every free parameter, the runs whose absence moves it most, the strongest first.

    Parameters that are fixed have none, nor has a fit with no run to spare.
    """
    n = len(fit.points)
    n_spare = n - int(fit.where.free.sum())
    if n_spare <= 0:
        return []
    alone, places = _without(fit, np.ones(n), fit.place, np.arange(n))
    found = []
    for i, name in enumerate(fit.law.names):
        if fit.where.free[i]:
            found += _group(fit, i, name, alone[:, i], places, min(n_named, n_spare))
    return found


def _group(fit: Fit, i: int, name: str, alone: Array, places: Array, n_named: int) -> list[Influence]:
    """The group of one parameter, given what every run does alone."""
    weights = np.ones(len(fit.points))
    chosen = int(np.argmax(np.abs(alone)))
    direction, place, shift = float(np.sign(alone[chosen])), places[chosen], float(alone[chosen])
    if shift == 0.0:
        return []  # held at a bound: no run moves it
    candidates = np.argsort(-alone * direction, kind="stable")[:N_CANDIDATES]
    found = [Influence(fit.points.rows[chosen], name, shift)]
    while len(found) < n_named:
        weights[chosen] = 0.0
        candidates = candidates[candidates != chosen]
        if not len(candidates):
            break
        shifts, tried = _without(fit, weights, place, candidates)
        best = int(np.argmax(shifts[:, i] * direction))
        if shifts[best, i] * direction <= shift * direction:
            break
        chosen, place, shift = int(candidates[best]), tried[best], float(shifts[best, i])
        found.append(Influence(fit.points.rows[chosen], name, shift))
    return found


def _without(fit: Fit, weights: Array, place: Array, left_out: NDArray[np.intp]) -> tuple[Array, Array]:
    """Shifts of the parameters, and places, of the fits that also leave one run out: (m, p) each."""
    each = np.repeat(weights[None], len(left_out), axis=0)
    each[np.arange(len(left_out)), left_out] = 0.0
    start = np.repeat(place[None], len(left_out), axis=0)
    solved = minimise(fit.where, fit.points, start, fit.delta, weights=each)
    return fit.law.decode(fit.where.coded(solved.place)) - fit.law.decode(fit.coded), solved.place
