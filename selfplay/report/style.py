"""How arms look in every figure and table: one colour and one marker each, and how amounts are written."""

from __future__ import annotations

import math
from dataclasses import dataclass

from selfplay.config import StudyConfig

INK, FAINT, GRID = "#222222", "#767676", "#e6e6e6"


@dataclass(frozen=True, slots=True)
class Look:
    """An arm's colour and marker."""

    color: str
    marker: str


# Okabe and Ito's palette, told apart by readers with any common colour blindness, without its pale yellow
ROLES = {"baseline": Look("#4d4d4d", "o"), "primary": Look("#0072b2", "s"), "fresh": Look("#009e73", "^")}
OTHERS = (
    Look("#d55e00", "D"),
    Look("#cc79a7", "v"),
    Look("#e69f00", "P"),
    Look("#56b4e9", "<"),
    Look("#8c564b", "X"),
    Look("#332288", ">"),
)
PHASES = {"learn": "#00204d", "propose": "#575d6d", "solve": "#8a8678", "judge": "#d9c55c", "evaluate": "#e9e9e9"}
"""Colours of the phases of a round, even steps of lightness, so that they also read in grey."""

SETTINGS = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so figures are the same on every machine
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def looks(config: StudyConfig) -> dict[str, Look]:
    """The look of every arm: by role, then by order in the study."""
    found: dict[str, Look] = {}
    others = 0
    role_of = {config.fresh: "fresh", config.baseline: "baseline", config.primary: "primary"}
    for arm in config.arms:
        if arm.name in role_of:
            found[arm.name] = ROLES[role_of[arm.name]]
        else:
            found[arm.name] = OTHERS[others % len(OTHERS)]
            others += 1
    return found


def amount(value: float) -> str:
    """A count in three digits with a metric suffix: 1500000 is `1.5M`."""
    for size, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:  # 999,600 is 1M, not 1000k
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def power(value: float) -> str:
    """A FLOP count as `1.5e12`: its suffixes are read differently by different people."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
