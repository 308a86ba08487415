"""Learners change the weights.

`FilteredLikelihood` maximises the likelihood of real examples and of synthetic ones that were kept (expert
iteration; STaR, Zelikman et al. 2022; ReST-EM, Singh et al. 2024).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from envs.core import SolutionFirst
from selfplay.config import RunConfig
from selfplay.data.encoding import Batch, Encoder, Text, collate
from selfplay.data.mixture import mix
from selfplay.model.flops import BACKWARD, forward_flops
from selfplay.model.optim import learning_rate
from selfplay.play.state import RunState
from selfplay.play.trainer import Trainer
from selfplay.records import Judged, LearnReport, Source
from selfplay.streams import derive, stream


def weighted_loss(logits: Tensor, batch: Batch, task_weight: float) -> Tensor:
    """Mean loss in nats over the predicted tokens, answer tokens weighing 1 and task tokens `task_weight`.

    Args:
        logits: `(B, T, V)`.
        batch: Of shape `(B, T)`; padding weighs nothing.
        task_weight: 0 or more.
    """
    losses = F.cross_entropy(logits.float().flatten(0, 1), batch.targets.flatten(), reduction="none")
    weights = (batch.is_answer + task_weight * batch.is_task).flatten()
    return (losses * weights).sum() / weights.sum().clamp_min(1e-9)  # a cut text may hold no weighted token


def wanted_loss(
    forward: Callable[..., Tensor], batch: Batch, task_weight: float, total: Tensor | None = None
) -> Tensor:
    """`weighted_loss` of a model that computes logits only where a token has weight.

    Args:
        forward: Takes inputs and `wanted`.
        batch: What it reads.
        task_weight: 0 or more.
        total: Weight of all the batches of a step, where this is one of several.
    """
    weights = (batch.is_answer + task_weight * batch.is_task).flatten()
    wanted = weights.nonzero()[:, 0]
    losses = F.cross_entropy(
        forward(batch.inputs, wanted=wanted).float(), batch.targets.flatten()[wanted], reduction="none"
    )
    return (losses * weights[wanted]).sum() / (weights.sum() if total is None else total).clamp_min(1e-9)


class Learner(ABC):
    """Changes the weights."""

    @abstractmethod
    def learn(self, judged: Sequence[Judged], n_tokens: int, *, round: int) -> LearnReport:
        """Train on exactly `n_tokens` tokens."""


class FilteredLikelihood(Learner):
    """Next-token likelihood on real and stored examples."""

    def __init__(
        self, trainer: Trainer, state: RunState, encoder: Encoder, config: RunConfig, *, task_weight: float
    ) -> None:
        self._trainer, self._state = trainer, state
        self._encoder, self._config, self._task_weight = encoder, config, task_weight
        self._envs = {task.env.name: task.env for task in config.data.tasks}

    def learn(self, judged: Sequence[Judged], n_tokens: int, *, round: int) -> LearnReport:  # noqa: ARG002
        """See `Learner.learn`; learns from the store, which holds what was kept of `judged`."""
        config, state = self._config, self._state
        batches = mix(
            self._real_texts(),
            self._stored_texts(round),
            n_tokens=n_tokens,
            real_fraction=config.play.real_fraction,
            batch_size=config.optim.batch_size,
        )
        self._trainer.begin(derive(config.seed, "dropout", round))
        n_of = {Source.REAL: 0, Source.SYNTHETIC: 0}
        n_steps = n_flops = 0
        n_skipped = state.skipped.total
        n_before = state.train_tokens
        total_loss = torch.zeros((), device=self._trainer.fabric.device)
        for texts in batches:
            n_seen = n_before + sum(n_of.values())
            total_loss += self._step(texts, learning_rate(config.optim, n_seen, config.budget_tokens))
            for text in texts:
                n_of[text.source] += text.n_tokens
            lengths = (text.n_tokens for text in texts)
            n_flops += (1 + BACKWARD) * forward_flops(config.model, state.model.vocab_size, lengths)
            n_steps += 1
        self._trainer.require_finite()  # before they are evaluated, sampled from or saved
        return LearnReport(
            n_steps=n_steps,
            n_real_tokens=n_of[Source.REAL],
            n_synthetic_tokens=n_of[Source.SYNTHETIC],
            n_flops=n_flops,
            train_nats_per_token=total_loss.item() / max(n_steps - (state.skipped.total - n_skipped), 1),
            max_draws=max(state.store.n_draws, default=0),
        )

    def _step(self, texts: Sequence[Text], lr: float) -> Tensor:
        trainer, size = self._trainer, self._config.optim.micro_batch or len(texts)
        if size < len(texts):  # texts of like length together: padding is read for nothing
            texts = sorted(texts, key=lambda text: text.n_tokens)
        parts = [trainer.fabric.to_device(collate(texts[start : start + size])) for start in range(0, len(texts), size)]
        total = sum((part.is_answer.sum() + self._task_weight * part.is_task.sum() for part in parts), torch.zeros(()))
        loss = torch.zeros((), device=trainer.fabric.device)
        for part in parts[:-1]:
            loss += trainer.accumulate(wanted_loss(trainer.forward, part, self._task_weight, total))
        return loss + trainer.step(wanted_loss(trainer.forward, parts[-1], self._task_weight, total), lr)

    def _real_texts(self) -> Iterator[Text]:
        """Endless; an arm that proposes solutions also reads some real examples as theirs."""
        composes = self._config.arm.proposer == "solution"
        while True:
            epoch, index = self._state.real.position
            solved = next(self._state.real)
            env = self._envs[solved.task.env]
            # The epoch shifts which examples are shown as solutions: each one is, in turn.
            if composes and isinstance(env, SolutionFirst) and (epoch + index) % self._config.play.compose_every == 0:
                yield self._encoder.composed(env.name, env.solution(solved))
            else:
                yield self._encoder.solved(solved.task, solved.answer)

    def _stored_texts(self, round: int) -> Iterator[Text]:
        for example in self._state.store.draws(stream(self._config.seed, "replay", round)):
            yield self._encoder.solved(example.task, example.answer, example.source)
