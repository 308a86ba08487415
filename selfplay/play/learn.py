"""Learners change the weights: real and synthetic texts in set shares, exact in tokens, one step a batch.

`FilteredLikelihood` maximises the likelihood of real examples and of synthetic ones that were kept (expert
iteration; STaR, Zelikman et al. 2022; ReST-EM, Singh et al. 2024). `play.policy` and `play.preference` learn from the
round's verdicts instead, in the same loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from selfplay.config import RunConfig
from selfplay.data.encoding import Batch, Encoder, Text, arrange
from selfplay.data.mixture import Unit, mix
from selfplay.model.flops import BACKWARD, forward_flops
from selfplay.model.optim import learning_rate
from selfplay.model.tokenizer import PAD
from selfplay.play.exchange import mine
from selfplay.play.reading import real_texts
from selfplay.play.savepoint import Savepoint
from selfplay.play.state import RunState
from selfplay.play.trainer import Trainer
from selfplay.records import Experience, LearnReport, Source
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
        forward: Takes inputs, `wanted`, and positions and mask where texts are packed.
        batch: What it reads.
        task_weight: 0 or more.
        total: Weight of all the batches of a step, where this is one of several.
    """
    weights = (batch.is_answer + task_weight * batch.is_task).flatten()
    wanted = weights.nonzero()[:, 0]
    losses = F.cross_entropy(
        forward(batch.inputs, wanted=wanted, positions=batch.positions, mask=batch.mask).float(),
        batch.targets.flatten()[wanted],
        reduction="none",
    )
    return (losses * weights[wanted]).sum() / (weights.sum() if total is None else total).clamp_min(1e-9)


IDLE = Text((PAD, PAD), 1, n_context_tokens=1)
"""Read, and not learnt from."""


class Learner(ABC):
    """Changes the weights. A subclass says what is learnt beside real examples, and the loss of a batch."""

    def __init__(
        self, trainer: Trainer, state: RunState, encoder: Encoder, config: RunConfig, *, task_weight: float
    ) -> None:
        self._trainer, self._state = trainer, state
        self._encoder, self._config, self._task_weight = encoder, config, task_weight
        self._n_passes = 1 + BACKWARD
        """Forward passes' worth of FLOPs that a step spends on a token."""

    @abstractmethod
    def _synthetic(self, experience: Experience, round: int) -> tuple[Iterator[Unit], int]:
        """What is learnt beside real examples, and the FLOPs that preparing it took."""

    @abstractmethod
    def _step(self, units: Sequence[Unit], lr: float) -> Tensor:
        """One step down the loss of a batch; returns the loss without its graph."""

    def _texts_of_mine(self, units: Sequence[Unit]) -> tuple[list[Text], float]:
        """This process's texts of a batch, and their share of the weight of all its texts.

        A process whose slice is empty gets a text without weight: all must take part in a step.
        """
        part = mine(units)
        texts, everyones = ([unit for unit in of if isinstance(unit, Text)] for of in (part, units))
        weight, total = self._weight(texts), self._weight(everyones)
        return texts if part else [IDLE], weight / total if total else 1.0

    def _weight(self, texts: Sequence[Text]) -> float:
        n_answer = sum(text.n_tokens - text.n_task_tokens for text in texts)
        return n_answer + self._task_weight * sum(text.n_task_tokens - text.n_context_tokens for text in texts)

    def learn(self, experience: Experience, n_tokens: int, *, round: int, done: Savepoint) -> LearnReport:
        """Train on exactly `n_tokens` tokens, but for the steps that are `done`."""
        config, state = self._config, self._state
        synthetic, n_flops = self._synthetic(experience, round)
        batches = mix(
            real_texts(state, self._encoder, config, experience.practice),
            synthetic,
            n_tokens=n_tokens,
            real_fraction=config.play.real_fraction,
            batch_size=config.optim.batch_size,
        )
        self._trainer.begin(derive(config.seed, "dropout", round))
        n_of = {Source.REAL: 0, Source.SYNTHETIC: 0}
        n_steps = 0
        n_skipped = state.skipped.total
        n_before = state.train_tokens
        n_done, total_loss = done.resume_learning()
        for units in batches:
            n_seen = n_before + sum(n_of.values())
            if n_steps >= n_done:
                self._trainer.begin_step(n_steps)
                total_loss += self._step(units, self._rate(n_seen))
                done.step_taken(n_steps + 1, total_loss)
            for unit in units:
                n_of[unit.source] += unit.n_tokens
            n_flops += self._n_passes * forward_flops(config.model, state.model.vocab_size, map(_length, units))
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

    def _rate(self, n_seen: int) -> float:
        """The schedule's rate; a student that is drawn afresh warms up once more."""
        optim, budget = self._config.optim, self._config.budget_tokens
        rate, n_own = learning_rate(optim, n_seen, budget), n_seen - self._config.n_taught_tokens
        return min(rate, learning_rate(optim, n_own, budget)) if n_own >= 0 else rate


def _length(unit: Unit) -> int:
    return unit.n_tokens


def stored_texts(state: RunState, encoder: Encoder, config: RunConfig, round: int) -> Iterator[Unit]:
    """Stored examples in the order of their draws, those that `arm.learner.store` leaves."""
    store, among = config.arm.learner.store, None
    if store != "accumulate":
        among = state.store.latest()
    if store == "subsample":
        chosen = stream(config.seed, "subsample", round)
        among = chosen.sample(range(len(state.store)), len(among or ()))
    draws = state.store.draws(stream(config.seed, "replay", round), among)
    return (encoder.solved(one.task, one.answer, one.source, one.work) for one in draws)


class FilteredLikelihood(Learner):
    """Next-token likelihood on real and stored examples."""

    def _synthetic(self, experience: Experience, round: int) -> tuple[Iterator[Unit], int]:  # noqa: ARG002
        """Stored examples: what was kept of the experience is among them."""
        if self._config.arm.learner.start == "first" and len(self._state.store):
            self._state.restart(self._state.first.state_dict())
        return stored_texts(self._state, self._encoder, self._config, round), 0

    def _step(self, units: Sequence[Unit], lr: float) -> Tensor:
        texts, share = self._texts_of_mine(units)
        trainer, size = self._trainer, self._config.optim.micro_batch or len(texts)
        if size < len(texts):  # texts of like length together: padding is read for nothing
            texts = sorted(texts, key=lambda text: text.n_tokens)
        parts = [trainer.place(arrange(texts[start : start + size])) for start in range(0, len(texts), size)]
        total = sum((part.is_answer.sum() + self._task_weight * part.is_task.sum() for part in parts), torch.zeros(()))
        for part in parts[:-1]:
            with trainer.more_to_come():
                trainer.accumulate(share * wanted_loss(trainer.forward, part, self._task_weight, total))
        return trainer.step(share * wanted_loss(trainer.forward, parts[-1], self._task_weight, total), lr)
