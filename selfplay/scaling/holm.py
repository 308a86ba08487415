"""Several arms, one table: p-values by Student's t and Holm's correction (Holm 1979), which needs no independence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr


def p_above_zero(values: Sequence[float]) -> float:
    """One-sided p-value of "the mean is not above 0"; 1 for a single value, which says nothing of the spread."""
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        return 1.0
    error = float(array.std(ddof=1)) / math.sqrt(array.size)
    if error == 0.0:
        return 0.0 if array.mean() > 0 else 1.0
    return float(stdtr(array.size - 1, -float(array.mean()) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: each at most alpha exactly when Holm's procedure rejects at alpha.

    Args:
        p_values: (n,) one per arm; nan for an arm without one, which still counts among the arms tested.
    """
    order = sorted(range(len(p_values)), key=lambda i: (math.isnan(p_values[i]), p_values[i]))
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, i in enumerate(order):
        if not math.isnan(p_values[i]):
            largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
            adjusted[i] = largest
    return adjusted
