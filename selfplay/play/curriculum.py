"""Which of the proposed tasks are attempted: a curriculum over levels, paced by solve rates."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from envs.core import Outcome, Task
from selfplay.config import CurriculumConfig, TaskConfig
from selfplay.play.rewards import variance
from selfplay.play.worth import kind_of
from selfplay.records import Judged, Proposals

UNKNOWN = 1.0
"""Weight of a level that has not been attempted yet."""

_OUTSIDE = 0.05
"""Weight of a level outside the window: enough to notice when it comes into reach."""


class Curriculum:
    """Selects tasks, and remembers the judge's solve rate of each level."""

    def __init__(self, config: CurriculumConfig, solve_rates: dict[str, float], tasks: Sequence[TaskConfig]) -> None:
        """`solve_rates`, `ENV:LEVEL` to a rate, is the run's state and is changed in place."""
        self._config, self._rates = config, solve_rates
        self._levels = {task.env.name: sorted(task.levels or task.env.levels) for task in tasks}

    def select(self, proposals: Proposals, rng: Random, *, progress: float) -> Proposals:
        """The tasks to attempt, in their order: drawn without repeats, by the weights of their levels.

        Args:
            proposals: What was proposed.
            rng: Of the draws.
            progress: Share of the budget that is spent.
        """
        if self._config.kind == "none" or not proposals.tasks:
            return proposals
        n_wanted = max(1, round(self._config.share * len(proposals.tasks)))
        chosen = weighted_sample([self._weight(task, progress) for task in proposals.tasks], n_wanted, rng)
        tasks = tuple(proposals.tasks[index] for index in chosen)
        posed = tuple(proposals.posed[index] for index in chosen) if proposals.posed else ()
        return replace(proposals, tasks=tasks, posed=posed)

    def observe(self, judged: Sequence[Judged]) -> None:
        """Take in a round's verdicts."""
        verdicts: dict[str, list[bool]] = defaultdict(list)
        for item in judged:
            verdicts[kind_of(item.attempt.task)].append(item.verdict.outcome is Outcome.CORRECT)
        for kind, accepted in verdicts.items():
            rate = sum(accepted) / len(accepted)
            before = self._rates.get(kind, rate)
            self._rates[kind] = self._config.memory * before + (1.0 - self._config.memory) * rate

    def _weight(self, task: Task, progress: float) -> float:
        if self._config.kind == "fixed":
            levels = self._levels[task.env]
            n_open = max(1, math.ceil(progress * len(levels)))
            return 1.0 if task.level <= levels[n_open - 1] else _OUTSIDE
        rate = self._rates.get(kind_of(task))
        if self._config.kind == "random" or rate is None:
            return UNKNOWN
        if self._config.kind == "window":
            return 1.0 if self._config.low <= rate <= self._config.high else _OUTSIDE
        return max(variance(rate), _OUTSIDE)


def weighted_sample(weights: Sequence[float], n: int, rng: Random) -> list[int]:
    """Up to `n` places without repeats, in order; of weight 0 none (Efraimidis and Spirakis 2006)."""
    keys = [(rng.random() ** (1.0 / weight), index) for index, weight in enumerate(weights) if weight > 0]
    return sorted(index for _, index in sorted(keys, reverse=True)[:n])
