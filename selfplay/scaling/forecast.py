"""What a fitted law says of other runs, with an interval and how far it reaches past the runs it has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from selfplay.scaling.fit import Fit
from selfplay.scaling.laws import Array

MAX_DECADES = 1.0
"""A forecast further past the fitted range is flagged."""


@dataclass(frozen=True)
class Forecast:
    """One predicted run.

    Attributes:
        inputs: The law's inputs, by name.
        loss: Nats per token.
        low: Lower end of the 95% interval of a new run's loss; None without a bootstrap.
        high: Its upper end.
        log10_extrapolation: Decades past the fitted range, in the input that is furthest outside it.
        flagged: Whether that is more than `MAX_DECADES`.
    """

    inputs: Mapping[str, float]
    loss: float
    low: float | None
    high: float | None
    log10_extrapolation: float
    flagged: bool


def forecasts(fit: Fit, logs: Mapping[str, Array], draws: Array | None = None, seed: int = 0) -> list[Forecast]:
    """Predict runs.

    Args:
        fit: The fit.
        logs: Input's name to (m,) its natural logarithm.
        draws: (B, p) coded parameters of a bootstrap; an interval holds their spread and the residuals of the fit.
        seed: Draws the residuals.
    """
    loss = np.exp(fit.law.log_loss(fit.coded[None], logs)[0][0])
    ends = None
    if draws is not None:
        noise = np.random.default_rng(seed).choice(fit.residuals, size=(len(draws), len(loss)))
        ends = np.exp(np.percentile(fit.law.log_loss(draws, logs)[0] - noise, [2.5, 97.5], axis=0))
    beyond = np.zeros(len(loss))
    for name in fit.law.inputs:
        seen = fit.points.logs[name]
        outside = np.maximum(np.maximum(seen.min() - logs[name], logs[name] - seen.max()), 0.0)
        beyond = np.maximum(beyond, outside / np.log(10.0))
    return [
        Forecast(
            {name: float(np.exp(logs[name][i])) for name in fit.law.inputs},
            float(loss[i]),
            None if ends is None else float(ends[0, i]),
            None if ends is None else float(ends[1, i]),
            float(beyond[i]),
            bool(beyond[i] > MAX_DECADES + 1e-9),
        )
        for i in range(len(loss))
    ]
