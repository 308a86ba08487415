"""The runs of a study: arms by budgets by seeds, and the beginnings they share.

Arms of a seed that learn from the same real data under the same settings are the same run until self-play
begins. That beginning is run once, as a trunk, and every arm goes on from its checkpoint, with its cost in the
ledger. Whether two runs share a beginning is decided by comparing everything the beginning depends on.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from selfplay.config import ArmConfig, RunConfig, StudyConfig
from selfplay.configfile import as_plain
from selfplay.study.table import RunKey


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        config: The run.
        folder: Where it is kept.
        trunk: Folder of the trunk it begins with, or None.
    """

    config: RunConfig
    folder: Path
    trunk: Path | None = None

    @property
    def title(self) -> str:
        """For progress and error messages."""
        return f"{self.config.arm.name} {tokens_name(self.config.budget_tokens)} seed {self.config.seed}"


@dataclass(frozen=True)
class Grid:
    """All runs of a study; each trunk is a run of its own, as long as the beginning it stands for."""

    trunks: tuple[Cell, ...]
    cells: tuple[Cell, ...]


def tokens_name(n_tokens: int) -> str:
    """Tokens as a folder name and a label: 800k, 1.25M."""
    if n_tokens % 1_000:
        return str(n_tokens)
    return f"{n_tokens / 1_000_000:g}M" if n_tokens >= 1_000_000 else f"{n_tokens // 1_000}k"


def build_grid(config: StudyConfig, folder: Path) -> Grid:
    """Every cell of the study, seed by seed, and the trunks that at least two of them share."""
    configs = [
        config.run(replace(arm, budgets_tokens=None), seed, budget)
        for seed in config.seeds
        for arm in config.arms
        for budget in arm.budgets_tokens or config.budgets_tokens
    ]
    keys = [_beginning(run) for run in configs]
    shared = {key for key, n_cells in Counter(keys).items() if key is not None and n_cells > 1}
    trunks: dict[str, Cell] = {}
    cells = []
    for run, key in zip(configs, keys, strict=True):
        place = RunKey(run.arm.name, run.budget_tokens, run.seed).folder(folder)
        if key not in shared or key is None:
            cells.append(Cell(run, place))
            continue
        if key not in trunks:
            trunks[key] = Cell(_opening(run), folder / "trunks" / key)
        cells.append(Cell(run, place, trunks[key].folder))
    return Grid(tuple(trunks.values()), tuple(cells))


def _opening(run: RunConfig) -> RunConfig:
    """The run as far as its beginning depends on it: no self-play, and no decay within it."""
    arm = ArmConfig(
        f"{run.arm.real}-beginning", run.arm.real, weight_decay=run.arm.weight_decay, dropout=run.arm.dropout
    )
    if run.arm.proposer == "solution":
        arm = replace(arm, proposer="solution")  # such arms learn to write solutions from the start
    if run.arm.model_judge:
        arm = replace(arm, judge=run.arm.model_judge)  # such arms learn verdicts from the start
    optim = replace(run.optim, decay_fraction=0.0)
    return replace(run, arm=arm, optim=optim, budget_tokens=run.play.start_tokens)


def _beginning(run: RunConfig) -> str | None:
    """A key equal for runs with the same beginning; None where the learning rate falls before self-play."""
    start = run.play.start_tokens
    if run.arm.n_members > 1:
        return None  # its members have shorter budgets, and begin on their own
    if start == 0 or start > run.budget_tokens * (1.0 - run.optim.decay_fraction):
        return None
    text = json.dumps(as_plain(_opening(run)), sort_keys=True)
    return f"seed{run.seed}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
