"""Real data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from envs.core import Env
from selfplay.config.checks import require, require_positive


@dataclass(frozen=True)
class TaskConfig:
    """One env of the mixture.

    Attributes:
        env: The env.
        weight: Its share of the tasks, relative to the other envs' weights.
        levels: Levels to sample; all of the env's when absent.
        level_weights: Shares of those levels; equal when absent, or as they are in a corpus.
    """

    env: Env
    weight: float = 1.0
    levels: list[int] | None = None
    level_weights: list[float] | None = None

    def __post_init__(self) -> None:
        require_positive(f"weight of {self.env.name}", self.weight)
        known = self.env.levels
        for level in self.levels or []:
            require(level in known, f"levels of {self.env.name}: {level} is not one of {known.start}-{known.stop - 1}")
        require(self.levels is None or bool(self.levels), f"levels of {self.env.name}: name at least one")
        if (weights := self.level_weights) is not None:
            name, n_levels = f"level_weights of {self.env.name}", len(self.levels or known)
            require(len(weights) == n_levels, f"{name}: {len(weights)} given for {n_levels} levels")
            good = min(weights) >= 0 and 0 < sum(weights) < math.inf
            require(good, f"{name} = {weights}: must be 0 or more, and not all 0")


@dataclass(frozen=True)
class DataConfig:
    """The real distribution and how much of it a run may see.

    Attributes:
        tasks: Envs with their weights.
        n_real: U, distinct real tasks in the pool.
        n_validation: Tasks for early stopping, apart from the held-out ones.
        n_heldout: Tasks every reported loss is measured on. Drawn first, disjoint from all else by `Task.id`.
        work: Whether answers come with worked steps where an env has them: the model writes the work, then the answer,
            and only the answer is verified. The work's tokens count as answer tokens, in training and in held-out
            losses, so these compare only with runs that have it too.
        n_accuracy: How many of the held-out tasks are also answered greedily each round, for accuracy.
    """

    tasks: list[TaskConfig]
    n_real: int = 1_000
    n_validation: int = 250
    n_heldout: int = 500
    n_accuracy: int = 500
    work: bool = False

    def __post_init__(self) -> None:
        require(bool(self.tasks), "data.tasks is empty: name at least one env")
        names = [task.env.name for task in self.tasks]
        require(len(set(names)) == len(names), f"data.tasks names an env twice: {', '.join(sorted(names))}")
        for name in ("n_real", "n_validation", "n_heldout"):
            require_positive(f"data.{name}", getattr(self, name))
        limits = f"between 0 and data.n_heldout = {self.n_heldout}"
        require(0 <= self.n_accuracy <= self.n_heldout, f"data.n_accuracy = {self.n_accuracy}: must lie {limits}")
