"""The judge on a fixed probe: the same real tasks every round, so that only the model and the judge change."""

from __future__ import annotations

import math
from collections.abc import Sequence

from envs.core import Outcome, Solved
from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder
from selfplay.play.judges import Judge, Verifier
from selfplay.play.solver import answer_tasks
from selfplay.play.state import RunState
from selfplay.streams import derive

N_TASKS = 100
"""Enough to see a gap of 0.2; a round's own attempts, which are many more, measure everything else."""


class Probe:
    """Validation tasks that are answered with the same draws every round. Measures, and is not charged."""

    def __init__(
        self, state: RunState, encoder: Encoder, verifier: Verifier, config: RunConfig, examples: Sequence[Solved]
    ) -> None:
        self._state, self._encoder, self._verifier, self._config = state, encoder, verifier, config
        self._tasks = [solved.task for solved in examples[:N_TASKS]]

    def reward_gap(self, judge: Judge, *, round: int) -> float:
        """Share of the answers the judge accepts less the share that is right: what the judge can be gamed by.

        nan for judges that do not err by being gamed: the exact one, and one that accepts all.
        """
        if all(one.kind in ("exact", "accept-all") for one in self._config.arm.judges) or not self._tasks:
            return math.nan
        written = answer_tasks(
            self._state.average, self._tasks, self._encoder, n_per_task=1,
            temperature=self._config.play.solve_temperature, key=derive(self._config.seed, "reward-probe"),
            step=self._state.step,
        )  # fmt: skip
        accepted = [
            item.verdict.outcome is Outcome.CORRECT for item in judge.judge(written.attempts, round=round).judged
        ]
        right = [truth.outcome is Outcome.CORRECT for truth in self._verifier.check(written.attempts)]
        return (sum(accepted) - sum(right)) / len(right)
