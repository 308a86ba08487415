"""A loss curve over what was spent, and its inverse: how much fresh data would have given this loss.

Monotone cubic interpolation (PCHIP: Fritsch and Carlson 1980) of the loss over the logarithm of the tokens or
FLOPs. Nothing is extrapolated and nothing is clipped: outside the curve the answer is a reason, not a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

MIN_FRESH_BUDGETS = 3
"""Two points always make a straight line; only a third can contradict it."""


TOLERANCE = 0.01
"""What runs spent may differ by this fraction and still count as the same amount."""

BEYOND = "beyond range"
"""How the reason of a loss outside the fresh runs begins."""


class Refusal(ValueError):
    """A metric that has no meaning on these runs; the message says why."""


class TooFewBudgets(Refusal):
    """The fresh arm was run at too few budgets to be a curve."""


class NotFalling(Refusal):
    """The fresh arm's loss does not fall with every larger budget, so it cannot be inverted."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, or the reason why there is none.

    Attributes:
        number: The value; nan where there is none.
        reason: Why there is none; empty where there is one.
    """

    number: float
    reason: str = ""

    @classmethod
    def none(cls, reason: str) -> Measured:
        """No number, for this reason."""
        return cls(math.nan, reason)


@dataclass(frozen=True)
class LossCurve:
    """Losses of finished runs over what they spent; one seed of one arm.

    Attributes:
        spent: (n,) training tokens or FLOPs, strictly rising, above 0.
        loss: (n,) nats per token, finite.
        unit: What `spent` counts, for messages.
    """

    spent: NDArray[np.float64]
    loss: NDArray[np.float64]
    unit: str = "tokens"

    @classmethod
    def of(cls, spent: Sequence[float], loss: Sequence[float], unit: str = "tokens") -> LossCurve:
        """A curve from points in any order.

        Raises:
            Refusal: No points, two at one place, or a value that is not finite.
        """
        order = np.argsort(np.asarray(spent, dtype=np.float64), kind="stable")
        x, y = np.asarray(spent, dtype=np.float64)[order], np.asarray(loss, dtype=np.float64)[order]
        if x.size == 0 or not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise Refusal(f"a loss curve needs finite values, got losses {y.tolist()} at {x.tolist()} {unit}")
        if x[0] <= 0 or (np.diff(x) <= 0).any():
            raise Refusal(f"a loss curve needs distinct amounts above 0, got {x.tolist()} {unit}")
        return cls(x, y, unit)

    def at(self, spent: float) -> Measured:
        """The loss after spending that much; a reason where no run is on either side, nor within `TOLERANCE`."""
        first, last = float(self.spent[0]), float(self.spent[-1])
        if spent * (1 + TOLERANCE) < first:
            return Measured.none(f"fewer {self.unit} than any of its runs spent")
        if spent > last * (1 + TOLERANCE):
            return Measured.none(f"more {self.unit} than any of its runs spent")
        if self.spent.size == 1:
            return Measured(float(self.loss[0]))
        return Measured(float(self.interpolant(math.log(min(max(spent, first), last)))))

    @cached_property
    def interpolant(self) -> PchipInterpolator:
        """The loss over ln of what was spent; needs two points."""
        return PchipInterpolator(np.log(self.spent), self.loss)


def require_fresh(curve: LossCurve) -> LossCurve:
    """Pass a curve that can be inverted.

    Raises:
        TooFewBudgets: Fewer than `MIN_FRESH_BUDGETS` points.
        NotFalling: The loss stays or rises somewhere.
    """
    if curve.spent.size < MIN_FRESH_BUDGETS:
        raise TooFewBudgets(f"needs fresh runs at {MIN_FRESH_BUDGETS} or more budgets, has {curve.spent.size}")
    rises = np.flatnonzero(np.diff(curve.loss) >= 0)
    if rises.size:
        i = int(rises[0])
        raise NotFalling(
            f"fresh loss does not fall from {curve.spent[i]:,.0f} to {curve.spent[i + 1]:,.0f} {curve.unit}"
            f" ({curve.loss[i]:.4g} to {curve.loss[i + 1]:.4g} nats/token)"
        )
    return curve


def equivalent(curve: LossCurve, loss: float) -> Measured:
    """D_eq: how much fresh data (or FLOPs on it) gives this loss.

    Args:
        curve: Passed by `require_fresh`.
        loss: Nats per token.

    Returns:
        An amount in the curve's unit, or "beyond range" where the loss is above or below the whole curve.
    """
    if math.isnan(loss):
        return Measured.none("loss is nan")
    if loss > curve.loss[0]:
        return Measured.none(f"{BEYOND}, worse than the smallest fresh run")
    if loss < curve.loss[-1]:
        return Measured.none(f"{BEYOND}, better than the largest fresh run")
    # the segment that holds the loss: on falling knots the root in it is the only one
    right = int(np.searchsorted(-curve.loss, -loss, side="left"))
    if curve.loss[right] == loss:
        return Measured(float(curve.spent[right]))
    cubic = [float(c) for c in curve.interpolant.c[:, right - 1]]
    start, stop = (math.log(float(curve.spent[i])) for i in (right - 1, right))
    return Measured(math.exp(start + _falling_root(cubic, loss, stop - start)))


def _falling_root(cubic: Sequence[float], value: float, width: float) -> float:
    """Where a cubic that falls from above `value` at 0 to below it at `width` equals it.

    Newton's steps, and halving where one would leave the bracket: as exact as bisection, and an order faster.
    """
    a, b, c, d = cubic
    low, high, x = 0.0, width, width / 2
    for _ in range(200):
        excess = ((a * x + b) * x + c) * x + d - value
        low, high = (x, high) if excess > 0 else (low, x)
        slope = (3 * a * x + 2 * b) * x + c
        new = x - excess / slope if slope < 0 else math.nan
        new = new if low < new < high else (low + high) / 2
        if abs(new - x) <= 1e-14 * width or new in (low, high):
            return new
        x = new
    return x
