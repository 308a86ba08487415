"""Which law a run table speaks for: by AICc, and by how well each foretells larger runs from smaller ones.

A form that describes its own runs best need not extrapolate best, so both are shown, beside two forecasts anyone can
make without a law: that the best loss stays, and that a power law goes on through the last two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfplay.scaling.fit import fit_law
from selfplay.scaling.frame import Frame
from selfplay.scaling.laws import LAWS, Array, law_named
from selfplay.scaling.points import Points, input_logs, points_of

RATIOS = (2.0, 4.0, 8.0)
"""The largest compute of a table over the largest that is fitted."""
BACK = 4.0
"""The second of the two runs of a two-point power law has at most the compute of the first over this."""
BASELINES = ("last point", "two-point power law")


@dataclass(frozen=True)
class Holdout:
    """Losses of larger runs, foretold from smaller ones.

    Attributes:
        ratio: The largest compute over the largest fitted.
        n_fitted: Runs fitted.
        n_foretold: Runs of more compute.
        rms: Root mean square of the log errors of these; None where there is no fit.
        bias: Their mean; above 0 the law expects too high a loss.
        reason: Why there is no fit.
    """

    ratio: float
    n_fitted: int
    n_foretold: int
    rms: float | None = None
    bias: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Candidate:
    """A law, or one of `BASELINES`, on a table.

    Attributes:
        name: Its name.
        n_free: Parameters fitted; 0 for a baseline.
        aicc: Of all runs; None where there is no fit, and for a baseline.
        rms: Root mean square of the log residuals of all runs; None likewise.
        holdouts: One a ratio.
        reason: Why there is no fit to all runs.
    """

    name: str
    n_free: int
    aicc: float | None
    rms: float | None
    holdouts: tuple[Holdout, ...]
    reason: str = ""


def compare_laws(
    frame: Frame,
    names: Sequence[str] = tuple(LAWS),
    *,
    loss: str = "l2",
    delta: float = 1e-3,
    ratios: Sequence[float] = RATIOS,
    seed: int = 0,
) -> list[Candidate]:
    """Fit every law to all runs and to the smaller ones; laws by AICc, then the baselines.

    Args:
        frame: The runs; C is 6 N D where it has no such column.
        names: Laws.
        loss: As `fit_law`; AICc is that of Gaussian log residuals, which least squares belongs to.
        delta: As `fit_law`.
        ratios: As `Holdout.ratio`, each above 1.
        seed: Draws the starts.

    Raises:
        ValueError: An unknown law, no compute in the table, a ratio that leaves nothing to foretell.
    """
    if any(not ratio > 1.0 for ratio in ratios):
        raise ValueError(f"--ratios {min(ratios):g}: each is the largest compute over the largest fitted, above 1")
    log_c = input_logs(frame, law_named("power"), [])["C"]
    log_loss = np.log(frame.positive("loss"))
    found = [_law(frame, name, log_c, loss, delta, ratios, seed) for name in names]
    found.sort(key=lambda one: math.inf if one.aicc is None else one.aicc)
    holdouts = [_baselines(log_c, log_loss, ratio) for ratio in ratios]
    for i, name in enumerate(BASELINES):
        found.append(Candidate(name, 0, None, None, tuple(pair[i] for pair in holdouts)))
    return found


def _law(
    frame: Frame, name: str, log_c: Array, loss: str, delta: float, ratios: Sequence[float], seed: int
) -> Candidate:
    law = law_named(name)
    try:
        points = points_of(frame, law)
        fit = fit_law(law, points, loss=loss, delta=delta, seed=seed)
    except ValueError as error:
        return Candidate(name, len(law.names), None, None, (), str(error))
    holdouts = tuple(_foretell(points, name, log_c, ratio, loss, delta, seed) for ratio in ratios)
    aicc = fit.aicc if math.isfinite(fit.aicc) else None
    return Candidate(name, len(law.names), aicc, float(np.sqrt(np.mean(fit.residuals**2))), holdouts)


def _foretell(
    points: Points, name: str, log_c: Array, ratio: float, loss: str, delta: float, seed: int
) -> Holdout:  # fmt: skip
    small = _smaller(log_c, ratio)
    n_fitted, n_foretold = int(small.sum()), int((~small).sum())
    law = law_named(name)
    try:
        if n_fitted < len(law.names) + 1:
            raise ValueError(f"{n_fitted} smaller runs for {len(law.names)} parameters")
        fit = fit_law(law, points.take(small), loss=loss, delta=delta, seed=seed)
    except ValueError as error:
        return Holdout(ratio, n_fitted, n_foretold, reason=str(error))
    large = points.take(~small)
    return _scored(ratio, n_fitted, fit.law.log_loss(fit.coded[None], large.logs)[0][0] - large.log_loss)


def _smaller(log_c: Array, ratio: float) -> NDArray[np.bool_]:
    small: NDArray[np.bool_] = log_c <= log_c.max() - math.log(ratio) + 1e-9
    return small


def _scored(ratio: float, n_fitted: int, errors: Array) -> Holdout:
    return Holdout(ratio, n_fitted, len(errors), float(np.sqrt(np.mean(errors**2))), float(errors.mean()))


def _baselines(log_c: Array, log_loss: Array, ratio: float) -> tuple[Holdout, Holdout]:
    """Last point and two-point power law at one ratio."""
    small = _smaller(log_c, ratio)
    large = ~small
    if not small.any():
        refused = Holdout(ratio, 0, int(large.sum()), reason="no run has so little compute")
        return refused, refused
    last = forecast_last(log_loss[small])
    two = forecast_two_point(log_c[small], log_loss[small], log_c[large])
    n_fitted = int(small.sum())
    first = _scored(ratio, n_fitted, last - log_loss[large])
    if two is None:
        reason = f"no smaller run has a {BACK:g}th of the compute of the best"
        return first, Holdout(ratio, n_fitted, int(large.sum()), reason=reason)
    return first, _scored(ratio, n_fitted, two - log_loss[large])


def forecast_last(log_loss: Array) -> float:
    """Log loss of any larger run: the best so far."""
    return float(log_loss.min())


def forecast_two_point(log_c: Array, log_loss: Array, at: Array) -> Array | None:
    """Log losses on the power law through the best run and the best of those with a quarter of its compute or less.

    None where there is no such run.
    """
    best = int(log_loss.argmin())
    earlier = np.flatnonzero(log_c <= log_c[best] - math.log(BACK) + 1e-9)
    if not len(earlier):
        return None
    other = int(earlier[log_loss[earlier].argmin()])
    slope = (log_loss[best] - log_loss[other]) / (log_c[best] - log_c[other])
    return np.asarray(log_loss[best] + slope * (at - log_c[best]))
