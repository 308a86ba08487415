"""Which of the two ways to evaluate is in use: `balls` where python-flint can be imported, else `floats`."""

from __future__ import annotations

try:
    from envs.equality.balls import (
        Ball,
        Evaluator,
        is_below,
        is_real,
        is_tight,
        may_be_zero,
        relation,
        sign_of,
        sign_of_difference,
    )

    RIGOROUS = True
except ImportError:  # no wheel of python-flint for this platform
    from envs.equality.floats import (  # type: ignore[assignment]
        Ball,
        Evaluator,
        is_below,
        is_real,
        is_tight,
        may_be_zero,
        relation,
        sign_of,
        sign_of_difference,
    )

    RIGOROUS = False

__all__ = [
    "RIGOROUS",
    "Ball",
    "Evaluator",
    "is_below",
    "is_real",
    "is_tight",
    "may_be_zero",
    "relation",
    "sign_of",
    "sign_of_difference",
]
