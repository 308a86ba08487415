"""What the tasks of a round turned out to be worth: which answers are kept, and what their proposer is paid."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from envs.core import Outcome, Solved, Task
from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder
from selfplay.model.flops import forward_flops
from selfplay.play.exchange import split
from selfplay.play.judges import Verifier
from selfplay.play.logprobs import token_logprobs
from selfplay.play.rewards import anchor_weights, learnability, near, novelty, uncertainty, variance
from selfplay.play.solver import answer_tasks
from selfplay.play.state import RunState
from selfplay.records import Judged, Proposals
from selfplay.streams import derive, stream


class Worths(NamedTuple):
    """Task id to worth, 0 or more, and the FLOPs that finding it took."""

    of_task: Mapping[str, float] = {}
    n_flops: int = 0


class Appraiser:
    """Puts a number on each task of a round, from the judge's verdicts and never from the truth."""

    def __init__(
        self, state: RunState, encoder: Encoder, verifier: Verifier, config: RunConfig, pool: Sequence[Solved]
    ) -> None:
        self._state, self._encoder, self._verifier, self._config, self._pool = state, encoder, verifier, config, pool

    def appraise(self, proposals: Proposals, judged: Sequence[Judged], *, round: int) -> Worths:
        """The worth of every proposed task; empty where the configuration asks for none."""
        reward, tasks = self._config.arm.reward, proposals.tasks
        attempts: dict[str, list[Judged]] = defaultdict(list)
        for item in judged:
            attempts[item.attempt.task.id].append(item)
        rates = {task_id: _accepted_share(items) for task_id, items in attempts.items()}
        match reward.kind:
            case "none":
                return Worths()
            case "learnability":
                return Worths({task_id: learnability(rate) for task_id, rate in rates.items()})
            case "variance":
                return Worths({task_id: variance(rate) for task_id, rate in rates.items()})
            case "target":
                return Worths({task_id: near(rate, reward.target_solve_rate) for task_id, rate in rates.items()})
            case "uncertainty":
                answers = {task_id: [item.attempt.answer for item in items] for task_id, items in attempts.items()}
                return Worths({task_id: uncertainty(written) for task_id, written in answers.items()})
            case "novelty":
                known: Counter[Hashable] = Counter(example.answer for example in self._state.store.examples)
                found = {task_id: _answer(items) for task_id, items in attempts.items()}
                return Worths(dict(zip(found, novelty(list(found.values()), known), strict=True)))
            case "anchor":
                return self._anchored(tasks, round)
            case "guide":
                return self._guided(tasks, round)

    def _anchored(self, tasks: Sequence[Task], round: int) -> Worths:
        """Levels in proportion to the real tasks that greedy answers still miss; real answers may be checked."""
        n_probe = min(self._config.arm.reward.n_probe, len(self._pool))
        probes = [solved.task for solved in stream(self._config.seed, "probe", round).sample(self._pool, n_probe)]
        if not tasks or not probes:
            return Worths()
        written = answer_tasks(
            self._state.average, probes, self._encoder, n_per_task=1, temperature=0.0,
            key=derive(self._config.seed, "probe-solve", round), step=self._state.step,
        )  # fmt: skip
        truths = self._verifier.check(written.attempts)
        missed = [t for t, truth in zip(probes, truths, strict=True) if truth.outcome is not Outcome.CORRECT]
        weights = anchor_weights([kind_of(task) for task in tasks], [kind_of(task) for task in missed])
        return Worths({task.id: weight for task, weight in zip(tasks, weights, strict=True)}, written.n_flops)

    def _guided(self, tasks: Sequence[Task], round: int) -> Worths:
        """Relevance, which is the anchor's, times cleanness: exp(-nats a token) of the task under the first weights.

        The guide role of Bailey et al. (2026, 2604.20209), who ask a language model for both scores in words.
        """
        model, relevance = self._state.first, self._anchored(tasks, round)
        if not tasks:
            return relevance
        texts = [self._encoder.proposed(task.env, task.prompt) for task in tasks]
        means = [float(values.mean()) for values in split(texts, lambda part: token_logprobs(model, part))]
        n_flops = model.n_members * forward_flops(model.config, model.vocab_size, (text.n_tokens for text in texts))
        clean = {task.id: math.exp(mean) for task, mean in zip(tasks, means, strict=True)}
        worth = {task_id: value * relevance.of_task.get(task_id, 1.0) for task_id, value in clean.items()}
        return Worths(worth, relevance.n_flops + n_flops)


def kind_of(task: Task) -> str:
    """`ENV:LEVEL`, the kind of task that monitors, curricula and anchors count by."""
    return f"{task.env}:{task.level}"


def _accepted_share(items: Sequence[Judged]) -> float:
    return sum(item.verdict.outcome is Outcome.CORRECT for item in items) / len(items)


def _answer(items: Sequence[Judged]) -> str:
    """The answer accepted first, or else the most frequent one."""
    accepted = [item.attempt.answer for item in items if item.verdict.outcome is Outcome.CORRECT]
    return accepted[0] if accepted else Counter(item.attempt.answer for item in items).most_common(1)[0][0]
