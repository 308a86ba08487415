"""Distillation: a student learns a teacher's probabilities, on real texts and on those the teacher wrote.

The teacher is the model as it was when self-play began, or the average of several such (Kim et al. 2025, 2509.14786:
an ensemble distilled into one model keeps most of its gain, and one model distilled into its like still gains). With
`proposer_weights` and `solver_weights` frozen and a judge that accepts all, the synthetic texts are the teacher's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder, Text, collate
from selfplay.data.mixture import Unit
from selfplay.play.learn import Learner, stored_texts, weighted_loss
from selfplay.play.state import RunState
from selfplay.play.trainer import Trainer
from selfplay.records import Experience, Source


def soft_loss(logits: Tensor, teacher: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """Cross-entropy to a teacher's probabilities, weighted mean over tokens (Hinton et al. 2015, 1503.02531).

    Args:
        logits: `(B, T, V)` of the student.
        teacher: `(B, T, V)` logits; no gradient flows into them.
        weights: `(B, T)`, 0 or more.
        temperature: Divides both; the loss is scaled by its square, so that gradients keep their size.

    Returns:
        A scalar, nats; least where student and teacher agree.
    """
    wanted = F.softmax(teacher.detach().float() / temperature, dim=-1)
    losses = -(wanted * F.log_softmax(logits.float() / temperature, dim=-1)).sum(-1)
    return temperature**2 * (losses * weights).sum() / weights.sum().clamp_min(1e-9)


class Distillation(Learner):
    """The likelihood of real texts, and the teacher's probabilities on these and on stored ones."""

    def __init__(
        self, trainer: Trainer, state: RunState, encoder: Encoder, config: RunConfig, *, task_weight: float
    ) -> None:
        super().__init__(trainer, state, encoder, config, task_weight=task_weight)
        self._n_passes += config.arm.learner.n_teachers

    def _synthetic(self, experience: Experience, round: int) -> tuple[Iterator[Unit], int]:  # noqa: ARG002
        return stored_texts(self._state, self._encoder, self._config, round), 0

    def _step(self, units: Sequence[Unit], lr: float) -> Tensor:
        trainer, learner = self._trainer, self._config.arm.learner
        texts = cast("Sequence[Text]", units)
        batch = trainer.place(collate(texts))
        logits = trainer.forward(batch.inputs)
        with torch.no_grad():
            teacher = self._state.first(batch.inputs)
        weights = batch.is_answer + self._task_weight * batch.is_task
        loss = learner.weight * soft_loss(logits, teacher, weights, learner.temperature)
        real = torch.tensor([[text.source is Source.REAL] for text in texts], device=weights.device)
        hard = batch._replace(is_task=batch.is_task & real, is_answer=batch.is_answer & real)
        return trainer.step(loss + weighted_loss(logits, hard, self._task_weight), lr)
