"""The runs a law is fitted to: logarithms of its inputs and of the losses, and the coordinates of the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfplay.scaling.frame import Frame
from selfplay.scaling.laws import Array, Law

FLOPS_PER_PARAMETER_TOKEN = 6.0
"""Training FLOPs per parameter and token, where a table has no column C (Kaplan et al. 2020)."""


@dataclass(frozen=True)
class Points:
    """Runs as a law sees them.

    Attributes:
        logs: Input's name to (n,) its natural logarithm.
        log_loss: (n,) natural logarithm of the loss in nats per token.
        rows: (n,) row of each in its file.
        clusters: (n,) index of the independent unit each belongs to.
        notes: What was assumed or is odd about them, one sentence each.
    """

    logs: Mapping[str, Array]
    log_loss: Array
    rows: tuple[int, ...]
    clusters: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_clusters(self) -> int:
        """Independent units."""
        return len(set(self.clusters))

    def take(self, chosen: NDArray[np.bool_]) -> Points:
        """The runs where `chosen` is True."""
        kept = np.flatnonzero(chosen)
        return Points(
            {name: values[kept] for name, values in self.logs.items()},
            self.log_loss[kept],
            tuple(self.rows[i] for i in kept),
            tuple(self.clusters[i] for i in kept),
            self.notes,
        )


def input_logs(frame: Frame, law: Law, notes: list[str]) -> dict[str, Array]:
    """Logarithms of the inputs of a law; C is 6 N D in float64 where the table has no such column.

    Raises:
        ValueError: A column is missing, or a cell is no number above 0.
    """
    logs = {}
    for name in law.inputs:
        if name == "C" and not frame.has("C"):
            if not (frame.has("N") and frame.has("D")):
                frame.column("C")  # raises, naming the columns there are
            logs["C"] = np.log(FLOPS_PER_PARAMETER_TOKEN) + np.log(frame.positive("N")) + np.log(frame.positive("D"))
            notes.append("no column C: C is 6 N D FLOPs, training alone")
        else:
            logs[name] = np.log(frame.positive(name))
    return logs


def points_of(frame: Frame, law: Law, cluster: str = "", loss: str = "loss") -> Points:
    """The runs of a table, for a law.

    Args:
        frame: The table; every row is used.
        law: Says which columns are read.
        cluster: Column whose equal cells are one independent unit. Empty: runs with equal inputs are one.
        loss: Column of the loss.

    Raises:
        ValueError: A column is missing, a cell is no number above 0, or no data is repeated where the law needs it.
    """
    notes: list[str] = []
    logs = input_logs(frame, law, notes)
    log_loss = np.log(frame.positive(loss))
    keys = frame.texts(cluster) if cluster else list(zip(*(values.tolist() for values in logs.values()), strict=True))
    index: dict[object, int] = {}
    clusters = tuple(index.setdefault(key, len(index)) for key in keys)
    if not cluster and len(index) < len(frame):
        notes.append(f"{len(frame)} rows are {len(index)} configurations, resampled together; --cluster names others")
    twins = frame.repeated(list(frame.cells))
    if twins:
        shown = "; ".join(" and ".join(map(str, group)) for group in twins[:5])
        notes.append(f"rows equal in every column, all used: {shown}{' ...' if len(twins) > 5 else ''}")
    _look_at(frame, law, logs, notes)
    return Points(logs, log_loss, frame.rows, clusters, tuple(notes))


def _look_at(frame: Frame, law: Law, logs: Mapping[str, Array], notes: list[str]) -> None:
    """What a law needs of its inputs beyond being there."""
    if law.name == "asymptote" and frame.has("U") and len(set(frame.texts("U"))) > 1:
        notes.append("rows have several U, and an asymptote is a law at one: choose with --where")
    if "U" in logs and not (logs["D"] > logs["U"] + 1e-9).any():
        raise ValueError(
            f"{frame.source}: no run saw data again (D > U), so {law.name} cannot be fitted; use chinchilla"
        )
    for name, values in logs.items():
        if np.ptp(values) == 0.0 and name != "U":
            raise ValueError(
                f"{frame.source}: {name} is {np.exp(values[0]):g} in every row, so {law.name} cannot be fitted;"
                " choose a law of what varies, or other rows"
            )


@dataclass(frozen=True)
class Coordinates:
    """Where a law is searched: amplitudes centred on the data, everything within bounds.

    Attributes:
        law: The law.
        to_coded: (p, p) matrix from coordinates to coded parameters.
        low: (p,) lower bounds of the coordinates.
        high: (p,) upper bounds.
        free: (p,) False for parameters that are fixed.
        start: (p,) coordinates with the fixed parameters at their values, others 0.
    """

    law: Law
    to_coded: Array
    low: Array
    high: Array
    free: np.ndarray[tuple[int], np.dtype[np.bool_]]
    start: Array

    def coded(self, place: Array) -> Array:
        """(..., p) coded parameters of coordinates."""
        return place @ self.to_coded.T

    def place(self, coded: Array) -> Array:
        """(..., p) coordinates of coded parameters."""
        return np.asarray(np.linalg.solve(self.to_coded, np.asarray(coded)[..., None])[..., 0])


def coordinates(law: Law, points: Points, fixed: Mapping[str, float]) -> Coordinates:
    """Coordinates in which the terms of a law are nearly independent.

    Args:
        law: The law.
        points: Where its amplitudes are centred; also bounds a break.
        fixed: Parameters that are not fitted, by name. A fixed amplitude stays as it is, uncentred.

    Raises:
        ValueError: An unknown parameter or value, or none is left to fit.
    """
    p = len(law.names)
    matrix, start = np.eye(p), np.zeros(p)
    free = np.array([name not in fixed for name in law.names])
    for name, value in fixed.items():
        start[law.index(name)] = law.code(name, value)
    if not free.any():
        raise ValueError(f"every parameter of {law.name} is fixed: nothing to fit; see --objective-at")
    for amplitude in law.amplitudes:
        if amplitude.name in fixed:
            continue
        for exponent, (sign, feature) in amplitude.powers.items():
            matrix[law.index(amplitude.name), law.index(exponent)] = -sign * _centre(points, feature)
    low, high = _bounds(law, points)
    return Coordinates(law, matrix, np.where(free, low, -np.inf), np.where(free, high, np.inf), free, start)


def _centre(points: Points, feature: str) -> float:
    if feature == "R":
        repeats = np.expm1(points.logs["D"] - points.logs["U"])
        return float(np.log(repeats[repeats > 1e-9]).mean())
    if feature == "N/U":
        return float((points.logs["N"] - points.logs["U"]).mean())
    return float(points.logs[feature].mean())


def _bounds(law: Law, points: Points) -> tuple[Array, Array]:
    smallest, largest = float(points.log_loss.min()), float(points.log_loss.max())
    low, high = np.empty(len(law.names)), np.empty(len(law.names))
    for i, name in enumerate(law.names):
        if name in ("E", "c"):
            low[i], high[i] = smallest - 12.0, largest  # a floor of e^-12 of the loss is none
        elif name in ("R_D", "R_N"):
            low[i], high[i] = np.log(1e-3), np.log(1e6)
        elif name == "break":
            places = np.unique(points.logs["C"])
            inner = places[1:-1] if len(places) > 4 else places
            low[i], high[i] = inner[0], inner[-1]
        elif name in ("b2", "kappa"):
            low[i], high[i] = -1.0, 5.0
        elif name in law.logged:
            low[i], high[i] = smallest - 15.0, largest + 10.0
        else:
            low[i], high[i] = 1e-3, 5.0
    return low, high
