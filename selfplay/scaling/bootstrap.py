"""How far parameters would move with other runs: the bootstrap over independent units.

Rows that share a run or a configuration are drawn together (Davison and Hinkley 1997, section 3.8). Percentile
intervals need about 20 units: with 3 to 8 they reject a true value two to four times too often.
"""

from __future__ import annotations

import numpy as np

from selfplay.scaling.fit import Fit
from selfplay.scaling.laws import Array
from selfplay.scaling.solver import minimise

MIN_UNITS = 20


def bootstrap(fit: Fit, n: int, seed: int = 0) -> Array:
    """(n, p) coded parameters of fits to resampled units, each begun at the fit.

    Raises:
        ValueError: Fewer than 2 resamples or 2 units.
    """
    units = fit.points.n_clusters
    if n < 2:
        raise ValueError(f"--bootstrap {n}: needs at least 2 resamples; 1000 is usual")
    if units < 2:
        raise ValueError("the runs are one independent unit: nothing to resample; name another column with --cluster")
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1.0 / units), size=n).astype(np.float64)
    weights = drawn[:, list(fit.points.clusters)]
    start = np.repeat(fit.place[None], n, axis=0)
    return fit.where.coded(minimise(fit.where, fit.points, start, fit.delta, weights=weights).place)


def spread(fit: Fit, draws: Array) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Standard errors and 95% percentile intervals of the free parameters; no intervals below `MIN_UNITS` units."""
    values = fit.law.decode(draws)
    free = [(i, name) for i, name in enumerate(fit.law.names) if fit.where.free[i]]
    errors = {name: float(values[:, i].std(ddof=1)) for i, name in free}
    if fit.points.n_clusters < MIN_UNITS:
        return errors, {}
    ends = np.percentile(values, [2.5, 97.5], axis=0)
    return errors, {name: (float(ends[0, i]), float(ends[1, i])) for i, name in free}
