"""Run tables of simulated studies, as files."""

import csv
import math
from pathlib import Path

import numpy as np

from selfplay.scaling.simulate import Design, simulate

COLUMNS = [
    "arm",
    "seed",
    "N",
    "U",
    "D",
    "D_real",
    "D_syn",
    "flops_train",
    "flops_generate",
    "flops_verify",
    "verify_cpu_s",
    "loss",
]
KEYS = {
    "level", "harm", "slope", "headline", "ln_edm", "edm_by_budget", "gap_recovered", "exchange_rate", "wall",
    "slope_real", "slope_arm", "slope_fresh", "wpr", "crossover", "seeds", "seeds_needed", "gates", "controls",
}  # fmt: skip
"""Of the public contract."""

Table = list[dict[str, object]]


def study(noise: float = 0.003, seeds: int = 5, **arms) -> Table:
    """The run table of a simulated study."""
    runs, _ = simulate(Design(seeds=seeds, noise=noise, arms=arms), np.random.default_rng(7))
    return [
        {name: getattr(run, name, 120_000 if name == "N" else 0) for name in COLUMNS} | {"N": 120_000} for run in runs
    ]


def write(path: Path, table: Table) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    return path


def failed(verdict: dict) -> list[str]:
    return [gate["name"] for gate in verdict["gates"] if gate["passed"] is False]


def same(found: object, before: object) -> bool:
    """Equal but for rounding."""
    if isinstance(before, dict) and isinstance(found, dict):
        return found.keys() == before.keys() and all(same(found[key], before[key]) for key in before)
    if isinstance(before, list) and isinstance(found, list):
        return len(found) == len(before) and all(map(same, found, before))
    if isinstance(before, float):
        return isinstance(found, float) and math.isclose(found, before, rel_tol=1e-6, abs_tol=1e-9)
    return found == before
