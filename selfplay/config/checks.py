"""Range checks of configurations: a ValueError of one line that names the value and the remedy."""

from __future__ import annotations

import math


def require(condition: bool, message: str) -> None:
    """Refuse a configuration: a ValueError of `message`, which names value and remedy, unless `condition` holds."""
    if not condition:
        raise ValueError(message)


def require_fraction(name: str, value: float) -> None:
    """Refuse a value outside [0, 1]."""
    require(0.0 <= value <= 1.0, f"{name} = {value}: must lie between 0 and 1")


def require_positive(name: str, value: float) -> None:
    """Refuse a value that is not above 0 and finite."""
    require(0 < value < math.inf, f"{name} = {value}: must be above 0{' and finite' if value > 0 else ''}")


def require_not_negative(name: str, value: float) -> None:
    """Refuse a value that is not 0 or more and finite."""
    require(0 <= value < math.inf, f"{name} = {value}: must be 0 or more{' and finite' if value > 0 else ''}")
