"""A law fitted to runs: many starts are screened, the best polished, and those that agree are counted.

The procedure of Hoffmann et al. 2022, with the sum of the Huber losses where the mean would end at its start
(Besiroglu et al. 2024).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from selfplay.scaling.laws import Array, Law
from selfplay.scaling.points import Coordinates, Points, coordinates
from selfplay.scaling.solver import LAD_DELTA, huber, minimise, residuals

LOSSES = ("huber", "l2", "lad")
N_STARTS, N_POLISHED, N_RESTARTS = 512, 24, 12
MIN_AGREEING = 3
AGREEMENT = 1e-4
"""Relative difference of objectives that counts as the same optimum."""
NO_RESIDUAL = 1e-7
"""Log residuals below this are rounding."""


@dataclass(frozen=True)
class Fit:
    """The optimum that was found.

    Attributes:
        where: The law and the coordinates it was searched in.
        points: The runs.
        loss: One of `LOSSES`.
        delta: Where the loss turns linear; `inf` for l2.
        place: (p,) coordinates of the optimum.
        objective: Sum of the losses of the log residuals there.
        n_starts: Starts that were screened.
        n_agreeing: Of the polished ones, those that reached the same objective.
        warnings: One sentence each.
    """

    where: Coordinates
    points: Points
    loss: str
    delta: float
    place: Array
    objective: float
    n_starts: int
    n_agreeing: int
    warnings: tuple[str, ...]

    @property
    def law(self) -> Law:
        """The law."""
        return self.where.law

    @property
    def coded(self) -> Array:
        """(p,) coded parameters."""
        return self.where.coded(self.place)

    @property
    def params(self) -> dict[str, float]:
        """Parameters by name, those that were fixed included."""
        return dict(zip(self.law.names, self.law.decode(self.coded).tolist(), strict=True))

    @property
    def residuals(self) -> Array:
        """(n,) log of the fitted over the observed loss."""
        found: Array = residuals(self.where, self.points, self.place[None])[0]
        return found

    @property
    def aicc(self) -> float:
        """AICc of Gaussian log residuals (Hurvich and Tsai 1989); `inf` with too few runs."""
        n = len(self.points)
        k = int(self.where.free.sum()) + 1 + self.law.extra
        if n - k - 1 <= 0:
            return math.inf
        squares = max(float(np.mean(self.residuals**2)), 1e-300)
        return n * math.log(squares) + 2.0 * k + 2.0 * k * (k + 1) / (n - k - 1)


def delta_of(loss: str, delta: float) -> float:
    """Where a loss turns linear.

    Raises:
        ValueError: An unknown loss, or a delta that is not above 0.
    """
    if loss not in LOSSES:
        raise ValueError(f"loss {loss!r}: choose one of {', '.join(LOSSES)}")
    if not (math.isfinite(delta) and delta > 0):
        raise ValueError(f"delta {delta:g}: must be above 0, in units of log loss; 1e-3 is usual")
    return {"huber": delta, "l2": math.inf, "lad": LAD_DELTA}[loss]


def objective_at(law: Law, points: Points, params: Mapping[str, float], loss: str, delta: float) -> float:
    """The sum of losses at given parameters, to set beside a published optimum."""
    fitted, _ = law.log_loss(law.encode(params)[None], points.logs)
    return float(huber(fitted[0] - points.log_loss, delta_of(loss, delta)).sum())


def fit_law(
    law: Law,
    points: Points,
    *,
    loss: str = "huber",
    delta: float = 1e-3,
    fixed: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Fit:
    """Fit a law.

    Args:
        law: The law.
        points: The runs.
        loss: One of `LOSSES`, of log residuals; their sum is minimised.
        delta: Where the Huber loss turns linear, in log loss.
        fixed: Parameters that keep a value, by name.
        seed: Draws the starts.

    Raises:
        ValueError: Fewer runs than free parameters, or the optimum cannot be trusted: fewer than 3 starts reach it,
            or no start moved.
    """
    turn = delta_of(loss, delta)
    where = coordinates(law, points, fixed or {})
    n_free = int(where.free.sum())
    if len(points) < n_free:
        raise ValueError(
            f"{len(points)} runs for the {n_free} free parameters of {law.name}; add runs, or fix some:"
            " --fix NAME=VALUE"
        )
    rng = np.random.default_rng(seed)
    starts = draw_starts(where, points, N_STARTS, rng)
    screened = minimise(where, points, starts, max(turn, delta), max_steps=12)
    chosen = np.argsort(screened.objective)[:N_POLISHED]
    place, objective = _polish(where, points, screened.place[chosen], turn)
    best = int(objective.argmin())
    nearby = place[best] + np.where(where.free, rng.normal(0.0, 0.05, (N_RESTARTS, len(law.names))), 0.0)
    again, lower = _polish(where, points, np.concatenate([place[best : best + 1], nearby]), turn)
    if lower.min() < objective[best]:
        best = len(place) + int(lower.argmin())
    place, objective = np.concatenate([place, again]), np.concatenate([objective, lower])
    same = objective[best] * (1.0 + AGREEMENT) + len(points) * float(huber(np.array(NO_RESIDUAL), turn))
    n_agreeing = int((objective[:N_POLISHED] <= same).sum())
    if (np.abs(starts - place[best]).max(axis=1) == 0.0).any():
        raise ValueError(f"the fit of {law.name} ended where it began: the search did not move, so there is no fit")
    if n_agreeing < MIN_AGREEING:
        raise ValueError(
            f"only {n_agreeing} of {N_POLISHED} polished starts of {law.name} reach the lowest objective: the optimum"
            " is not established; fix parameters (--fix), take a law with fewer, or try another --seed"
        )
    warnings = (*points.notes, *_doubts(where, place[best], len(points)))
    return Fit(where, points, loss, turn, place[best], float(objective[best]), N_STARTS, n_agreeing, warnings)


def _polish(where: Coordinates, points: Points, start: Array, turn: float) -> tuple[Array, Array]:
    """Least deviations are approached through wider Huber losses: from afar their curvature says nothing."""
    place = start
    if turn < 1e-4:
        for wider in (1e-3, 1e-4, 1e-5):
            place = minimise(where, points, place, wider).place
    solved = minimise(where, points, place, turn)
    return solved.place, solved.objective


def draw_starts(where: Coordinates, points: Points, n: int, rng: np.random.Generator) -> Array:
    """(n, p) places where a law of that kind may lie; fixed parameters at their values."""
    law = where.law
    least, typical = float(points.log_loss.min()), float(points.log_loss.mean())
    starts = np.empty((n, len(law.names)))
    for i, name in enumerate(law.names):
        if name in ("E", "c"):
            span = (least - 3.0, least)
        elif name == "P":
            span = (typical - 7.0, typical - 0.5)
        elif name in ("A", "B", "a"):
            span = (typical - 4.0, typical)
        elif name in ("R_D", "R_N"):
            span = (math.log(0.3), math.log(300.0))
        elif name == "break":
            span = (float(where.low[i]), float(where.high[i])) if where.free[i] else (0.0, 0.0)
        elif name in ("delta", "kappa"):
            span = (0.0, 1.5)
        else:
            span = (0.02, 1.0)
        starts[:, i] = rng.uniform(*span, n)
    return np.where(where.free, np.clip(starts, where.low, where.high), where.start)


def _doubts(where: Coordinates, place: Array, n: int) -> list[str]:
    """What a reader should know before believing the numbers."""
    found = []
    values = where.law.decode(where.coded(place))
    for i, name in enumerate(where.law.names):
        if where.free[i] and (place[i] <= where.low[i] or place[i] >= where.high[i]):
            found.append(f"{name} = {values[i]:.4g} lies at the end of its range: the runs do not determine it")
    if n < 2 * int(where.free.sum()):
        found.append(f"{n} runs for {int(where.free.sum())} free parameters: expect wide intervals")
    return found
