"""Runs from anyone's run table: budgets from the tokens where there is no such column, repeats averaged and said.

Nothing is guessed of a column's meaning: what is called otherwise is mapped by the user. What is odd but usable is
used with a warning; what is not, is refused in a line that names the row and the remedy.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from selfplay.scaling.claim import Claim
from selfplay.scaling.frame import Frame
from selfplay.scaling.gates import Declared
from selfplay.scaling.rows import Key, count

FLOPS = ("flops_train", "flops_generate", "flops_verify")
SAME_BUDGET = (0.10, 0.01)
"""Runs whose tokens differ by less share a budget; the second is tried where the first joins two runs of a seed."""


@dataclass(frozen=True)
class Run:
    """A row of a run table; nan where the table has no such column or cell. See `rows.Row`."""

    arm: str
    seed: int
    budget: float
    loss: float
    D: float
    U: float = math.nan
    D_real: float = math.nan
    D_syn: float = math.nan
    flops_train: float = math.nan
    flops_generate: float = math.nan
    flops_verify: float = math.nan
    loss_final: float = 0.0
    N: float = math.nan
    loss_se: float = math.nan


@dataclass(frozen=True)
class RunTable:
    """A run table, read.

    Attributes:
        runs: One a run, in the order of the table.
        declared: What its other columns say.
        warnings: What is odd in it, a line each.
    """

    runs: tuple[Run, ...]
    declared: Declared
    warnings: tuple[str, ...]

    @property
    def arms(self) -> list[str]:
        """Names of the arms, in order."""
        return sorted({run.arm for run in self.runs})

    def require_arm(self, role: str, name: str) -> None:
        """Refuse a name that no run has.

        Raises:
            ValueError: It is none of the arms; one line with those there are.
        """
        if name not in self.arms:
            near = difflib.get_close_matches(name, self.arms, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else f"; name it with --{role} ARM"
            raise ValueError(f"--{role} {name}: no run of such an arm; arms are {', '.join(self.arms)}{guess}")

    def expected(self, claim: Claim) -> list[Key]:
        """Runs there should be: each arm's budgets for every seed of the primary, the baseline and the fresh arm."""
        arms = (claim.primary, claim.baseline, claim.fresh)
        seeds = sorted({run.seed for run in self.runs if run.arm in arms})
        keys = {(run.arm, run.budget) for run in self.runs if run.arm in arms}
        return [(arm, budget, seed) for arm, budget in sorted(keys) for seed in seeds]

    def others(self, claim: Claim) -> tuple[str, ...]:
        """Arms that are tested beside the primary: all with synthetic data that share a budget with the baseline."""
        known = (claim.primary, claim.baseline, claim.fresh, claim.aa, claim.unverified)
        base = {run.budget for run in self.runs if run.arm == claim.baseline}
        of = {arm: [run for run in self.runs if run.arm == arm] for arm in self.arms if arm not in known}
        return tuple(
            arm
            for arm, runs in of.items()
            if any(run.budget in base for run in runs) and not all(run.D_syn == 0 for run in runs)
        )


def read_runs(frame: Frame) -> RunTable:
    """Read the runs of a table.

    Args:
        frame: Columns `arm, seed, loss` and `D`, or `D_real` and `D_syn`; optional: `budget, N, U, flops_train,
            flops_generate, flops_verify` (or `flops` in all), `loss_final, loss_se, tuning_runs, overlap,
            audit_passed`.

    Raises:
        ValueError: A column is missing, or a cell cannot be used; one line.
    """
    warnings: list[str] = []
    arms, seeds = frame.texts("arm"), _seeds(frame, warnings)
    for i, arm in enumerate(arms):
        if not arm:
            raise ValueError(f"{frame.source}: {frame.at(i)}: arm is empty; fill it in or leave the row out")
    loss = _losses(frame, "loss", warnings)
    D, D_real, D_syn = _tokens(frame, warnings)
    flops = _flops(frame, warnings)
    optional = {name: _optional(frame, name) for name in ("U", "N", "loss_se")}
    final = _losses(frame, "loss_final", []) if frame.has("loss_final") else loss
    budgets = _budgets(frame, D, [*zip(arms, seeds, strict=True)])
    runs = [
        Run(
            arm=arms[i], seed=seeds[i], budget=float(budgets[i]), loss=float(loss[i]), D=float(D[i]),
            U=_above(optional["U"][i]), D_real=float(D_real[i]), D_syn=float(D_syn[i]), flops_train=float(flops[0][i]),
            flops_generate=float(flops[1][i]), flops_verify=float(flops[2][i]), loss_final=float(final[i]),
            N=_above(optional["N"][i]), loss_se=_above(optional["loss_se"][i]),
        )
        for i in range(len(frame))
    ]  # fmt: skip
    single = _merge(frame, runs, warnings)
    return RunTable(tuple(single), _declared(frame, single, arms), tuple(warnings))


def _above(value: float) -> float:
    return float(value) if value > 0 else math.nan


def _seeds(frame: Frame, warnings: list[str]) -> list[int]:
    texts = frame.texts("seed")
    for i, text in enumerate(texts):
        if not text:
            raise ValueError(f"{frame.source}: {frame.at(i)}: seed is empty; fill it in or leave the row out")
    if all(text.lstrip("-").isdigit() for text in texts):
        return [int(text) for text in texts]
    names = sorted(set(texts))
    warnings.append(f"seeds are not whole numbers; counted as 0 to {len(names) - 1} in the order {', '.join(names)}")
    return [names.index(text) for text in texts]


def _losses(frame: Frame, name: str, warnings: list[str]) -> NDArray[np.float64]:
    """Losses; what is empty or infinite is nan, a run that diverged."""
    cells = [None if isinstance(cell, float) and math.isinf(cell) else cell for cell in frame.column(name)]
    values = replace(frame, cells={**frame.cells, name: tuple(cells)}).numbers(name, empty=True)
    bad = np.flatnonzero(np.isnan(values))
    if bad.size:
        warnings.append(f"{bad.size} of {values.size} runs have no finite {name}, first {frame.at(int(bad[0]))}")
    low = np.flatnonzero(values <= 0)
    if low.size:
        warnings.append(
            f"{low.size} of {values.size} runs have a {name} of 0 or less, first {frame.at(int(low[0]))}: no loss in"
            " nats is; read as it stands, as only differences and order matter here"
        )
    return values


def _tokens(frame: Frame, warnings: list[str]) -> tuple[NDArray[np.float64], ...]:
    real, synthetic = _optional(frame, "D_real"), _optional(frame, "D_syn")
    if frame.has("D") or not (frame.has("D_real") and frame.has("D_syn")):
        D = frame.positive("D")
    else:
        D = real + synthetic
        for i in np.flatnonzero(~(D > 0)):
            raise ValueError(f"{frame.source}: {frame.at(int(i))}: D_real + D_syn = {D[i]:g}, must be above 0")
    real = np.where(np.isnan(real), D - synthetic, real)
    synthetic = np.where(np.isnan(synthetic), D - real, synthetic)
    wrong = np.flatnonzero(np.abs(real + synthetic - D) > 0.01 * D)
    if wrong.size:
        warnings.append(
            f"D is not D_real + D_syn in {wrong.size} runs, first {frame.at(int(wrong[0]))}; D is taken as it stands"
        )
    return D, real, synthetic


def _flops(frame: Frame, warnings: list[str]) -> list[NDArray[np.float64]]:
    none = np.full(len(frame), math.nan)
    if frame.has("flops") and not frame.has("flops_train"):
        parts = [_optional(frame, "flops"), np.zeros(len(frame)), np.zeros(len(frame))]
    elif frame.has("flops_train"):
        lacking = [name for name in FLOPS if not frame.has(name)]
        if lacking:
            warnings.append(f"no column {' and '.join(lacking)}: counted as 0 FLOPs")
        parts = [_optional(frame, name) if frame.has(name) else np.zeros(len(frame)) for name in FLOPS]
    else:
        warnings.append("no FLOPs columns: read at equal training tokens only")
        return [none, none, none]
    bad = np.flatnonzero(~(parts[0] + parts[1] + parts[2] > 0))
    if bad.size:
        warnings.append(f"{bad.size} runs have no FLOPs above 0, first {frame.at(int(bad[0]))}: taken as not given")
        parts[0][bad] = math.nan
    return parts


def _optional(frame: Frame, name: str) -> NDArray[np.float64]:
    return frame.numbers(name, empty=True) if frame.has(name) else np.full(len(frame), math.nan)


def _budgets(frame: Frame, D: NDArray[np.float64], runs: Sequence[tuple[str, int]]) -> NDArray[np.float64]:
    """The budget of every run: its own column, or the mean tokens of the runs that spent about as much."""
    if frame.has("budget"):
        return frame.positive("budget")
    for tolerance in SAME_BUDGET:
        groups = _group(D, tolerance)
        joined = {(runs[i], groups[i], float(D[i])) for i in range(D.size)}
        if len({(run, group) for run, group, _ in joined}) == len(joined):
            break
    return np.array([float(np.mean(D[groups == group])) for group in groups])


def _group(D: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    groups, current, first = np.zeros(D.size, dtype=np.int64), -1, -math.inf
    for i in np.argsort(D, kind="stable"):
        if D[i] > first * (1 + tolerance) or current < 0:
            current, first = current + 1, float(D[i])
        groups[i] = current
    return groups


def _merge(frame: Frame, runs: Sequence[Run], warnings: list[str]) -> list[Run]:
    """One run for each arm, budget and seed: repeats are averaged, so that a seed stays one replicate."""
    of: dict[Key, list[int]] = {}
    for i, run in enumerate(runs):
        of.setdefault((run.arm, run.budget, run.seed), []).append(i)
    repeated = [rows for rows in of.values() if len(rows) > 1]
    for rows in repeated:
        sizes = sorted({runs[i].N for i in rows if runs[i].N > 0})
        if len(sizes) > 1:
            first = runs[rows[0]]
            raise ValueError(
                f"{frame.source}: {first.arm} at {count(first.budget)} tokens, seed {first.seed} has models of"
                f" {' and '.join(map(count, sizes))} parameters; choose one with --where 'N == {sizes[0]:.0f}'"
            )
    if repeated:
        first = runs[repeated[0][0]]
        warnings.append(
            f"{len(repeated)} runs stand in the table more than once, for example {first.arm} at"
            f" {count(first.budget)} tokens, seed {first.seed}: averaged, as one seed is one replicate"
        )
    return [_average([runs[i] for i in rows]) for rows in of.values()]


def _average(runs: Sequence[Run]) -> Run:
    if len(runs) == 1:
        return runs[0]
    names = ("loss", "D", "D_real", "D_syn", *FLOPS, "loss_final")
    return replace(runs[0], **{name: sum(getattr(run, name) for run in runs) / len(runs) for name in names})


def _declared(frame: Frame, runs: Sequence[Run], arms: Sequence[str]) -> Declared:
    if frame.has("audit_passed"):
        flags = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
        cells = tuple(flags.get(str(cell).lower(), cell) for cell in frame.column("audit_passed"))
        frame = replace(frame, cells={**frame.cells, "audit_passed": cells})
    overlap, audit = _optional(frame, "overlap"), _optional(frame, "audit_passed")
    settings = _optional(frame, "tuning_runs")
    tuning: dict[str, float] = {}
    for arm, value in zip(arms, settings, strict=True):
        if not math.isnan(value):
            tuning[arm] = max(tuning.get(arm, 0.0), float(value))
    return Declared(
        evaluation={(run.arm, run.budget, run.seed): run.loss_se for run in runs if run.loss_se > 0},
        tuning=tuning,
        overlap=math.nan if np.isnan(overlap).all() else float(np.nansum(overlap)),
        audit=None if np.isnan(audit).all() else bool(np.nanmin(audit) > 0),
        sizes={(run.arm, run.budget, run.seed): run.N for run in runs if run.N > 0},
    )
