"""How well laws are recovered from runs that were made with them, and how well intervals cover.

    python benchmarks/fitting.py                 # 100 planted sets a law, about 2 minutes
    python benchmarks/fitting.py --sets 20 --json fitting.json

Chinchilla: 9 sizes (1e7 to 1e10) x 8 amounts of data (1e8 to 1e11), 0.4% noise. Data-constrained: 6 sizes x 4 pools
(1e8 to 3e9) x 6 numbers of epochs (1 to 64), 0.4% noise. Broken power: 40 amounts of compute over 6 decades, 0.5%
noise, a slope of 0.20 that turns to 0.08 at the middle or stays; a break is found where AICc prefers it. Noise is
Gaussian in the log loss, and least squares, then the efficient estimator, is what is fitted.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from selfplay.scaling.bootstrap import bootstrap, spread
from selfplay.scaling.fit import fit_law
from selfplay.scaling.laws import LAWS, Array, Law
from selfplay.scaling.points import Points

CHINCHILLA = {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}
CONSTRAINED = {**CHINCHILLA, "R_D": 15.0, "R_N": 5.0}
BROKEN = {"a": 2000.0, "b": 0.20, "c": 0.3, "break": 1e18, "b2": 0.08}


def planted(law: Law, params: dict[str, float], logs: dict[str, Array], noise: float, seed: int) -> Points:
    """Runs of a law with noise in the log loss."""
    loss = law.log_loss(law.encode(params)[None], logs)[0][0]
    n = len(loss)
    rows = tuple(range(n))
    return Points(logs, loss + np.random.default_rng(seed).normal(0.0, noise, n), rows, rows)


def grid(**axes: Array) -> dict[str, Array]:
    """Every combination of the axes, as logarithms."""
    mesh = np.meshgrid(*(np.log(axis) for axis in axes.values()), indexing="ij")
    return {name: values.ravel() for name, values in zip(axes, mesh, strict=True)}


def chinchilla_design() -> dict[str, Array]:
    """72 runs."""
    return grid(N=np.geomspace(1e7, 1e10, 9), D=np.geomspace(1e8, 1e11, 8))


def constrained_design() -> dict[str, Array]:
    """144 runs."""
    logs = grid(N=np.geomspace(1e7, 1e10, 6), U=np.geomspace(1e8, 3e9, 4), D=np.array([1, 2, 4, 12, 32, 64.0]))
    return {**logs, "D": logs["D"] + logs["U"]}


def broken_found(turns: bool, seed: int) -> bool:
    """Whether AICc prefers a break."""
    params = BROKEN if turns else {**BROKEN, "b2": BROKEN["b"]}
    points = planted(LAWS["broken-power"], params, grid(C=np.geomspace(1e15, 1e21, 40)), 0.005, seed)
    straight = fit_law(LAWS["power"], points, loss="l2")
    try:
        return fit_law(LAWS["broken-power"], points, loss="l2").aicc < straight.aicc
    except ValueError:  # without a break its place is anywhere, and the fit says so
        return False


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, metavar="N", help="planted sets a law (default 100)")
    parser.add_argument("--resamples", type=int, default=300, metavar="N", help="of the bootstrap (default 300)")
    parser.add_argument("--json", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    seeds, found = range(arguments.sets), {}

    began, errors, covered = time.perf_counter(), [], []
    for seed in seeds:
        points = planted(LAWS["chinchilla"], CHINCHILLA, chinchilla_design(), 0.004, seed)
        fit = fit_law(LAWS["chinchilla"], points, loss="l2")
        errors.append([fit.params[name] - CHINCHILLA[name] for name in CHINCHILLA])
        _, intervals = spread(fit, bootstrap(fit, arguments.resamples, seed))
        covered.append([low <= CHINCHILLA[name] <= high for name, (low, high) in intervals.items()])
    ninth = dict(zip(CHINCHILLA, np.percentile(np.abs(errors), 90, axis=0).tolist(), strict=True))
    found["chinchilla: 90th percentile error of alpha (target 0.0115)"] = ninth["alpha"]
    found["chinchilla: of beta (0.0075)"] = ninth["beta"]
    found["chinchilla: of E, relative (0.027)"] = ninth["E"] / CHINCHILLA["E"]
    for name, share in zip(CHINCHILLA, np.mean(covered, axis=0).tolist(), strict=True):
        found[f"chinchilla: coverage of 95% intervals, {name} (0.88 to 1)"] = share
    found["chinchilla: seconds a set"] = (time.perf_counter() - began) / arguments.sets

    began, logs = time.perf_counter(), []
    for seed in seeds:
        points = planted(LAWS["data-constrained"], CONSTRAINED, constrained_design(), 0.004, seed)
        params = fit_law(LAWS["data-constrained"], points, loss="l2").params
        logs.append([np.log(params[name] / CONSTRAINED[name]) for name in ("R_D", "R_N")])
    ninth_d, ninth_n = np.percentile(np.abs(logs), 90, axis=0).tolist()
    found["data-constrained: 90th percentile error of ln R_D (0.05)"] = ninth_d
    found["data-constrained: of ln R_N (0.10)"] = ninth_n
    found["data-constrained: seconds a set"] = (time.perf_counter() - began) / arguments.sets
    found["broken-power: found where planted (0.95)"] = float(np.mean([broken_found(True, seed) for seed in seeds]))
    found["broken-power: found where there is none (0.05)"] = float(
        np.mean([broken_found(False, seed) for seed in seeds])
    )
    for name, value in found.items():
        print(f"{name:<62}{value:.4g}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
