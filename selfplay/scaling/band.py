"""How far a fitted curve, and a new run on it, may lie from where it is drawn: the delta method.

The fit is linear near its optimum, so the curve's standard error follows from the gradients there (Seber and Wild
1989, section 5.1). Cheap and defined for few runs, where the bootstrap is not; blind to the law being wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import t as student

from selfplay.scaling.fit import Fit
from selfplay.scaling.laws import Array


def band(fit: Fit, logs: Mapping[str, Array], *, new_run: bool = False, level: float = 0.95) -> tuple[Array, Array]:
    """Lower and upper log losses, (m,) each.

    Args:
        fit: The fit.
        logs: Input's name to (m,) its natural logarithm.
        new_run: Add the scatter of single runs about the curve.
        level: Two-sided, pointwise.

    Raises:
        ValueError: No more runs than free parameters: nothing says how far they scatter.
    """
    n_free = int(fit.where.free.sum())
    n_spare = len(fit.points) - n_free
    if n_spare < 1:
        raise ValueError(f"{len(fit.points)} runs for {n_free} free parameters: no run is left to show the scatter")
    chosen = np.flatnonzero(fit.where.free)
    seen, here = (
        (fit.law.log_loss(fit.coded[None], at)[1][0] @ fit.where.to_coded)[:, chosen] for at in (fit.points.logs, logs)
    )
    variance = float(np.sum(fit.residuals**2)) / n_spare
    spread = np.einsum("mi,ij,mj->m", here, np.linalg.pinv(seen.T @ seen, hermitian=True), here)
    reach = student.ppf(0.5 + level / 2.0, n_spare) * np.sqrt(variance * (spread + (1.0 if new_run else 0.0)))
    middle = fit.law.log_loss(fit.coded[None], logs)[0][0]
    return middle - reach, middle + reach
