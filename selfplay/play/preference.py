"""Direct preference optimisation on the judge's verdicts: an accepted over a refused answer to the same task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from envs.core import Outcome
from selfplay.data.encoding import Text, collate
from selfplay.data.mixture import Unit
from selfplay.model.flops import forward_flops
from selfplay.model.scoring import of_targets
from selfplay.play.exchange import mine, split
from selfplay.play.learn import Learner, weighted_loss
from selfplay.play.logprobs import token_logprobs
from selfplay.play.policy_loss import preference_loss
from selfplay.records import Experience, Source
from selfplay.streams import stream


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one task, with the log-probability of each under the reference model."""

    chosen: Text
    rejected: Text
    base_chosen: float
    base_rejected: float

    @property
    def n_tokens(self) -> int:
        """Predicted tokens of both."""
        return self.chosen.n_tokens + self.rejected.n_tokens

    @property
    def source(self) -> Source:
        """Always synthetic."""
        return Source.SYNTHETIC

    def cut(self, n_tokens: int) -> Unit:
        """Itself, or tokens that are read and not learnt from, so that budgets stay exact."""
        if n_tokens >= self.n_tokens:
            return self
        tokens = (self.chosen.tokens + self.rejected.tokens)[: n_tokens + 1]
        return Text(tokens, n_tokens, Source.SYNTHETIC, n_tokens)


class Preference(Learner):
    """Learns from tasks that were both answered and missed; the reference is the model as self-play began."""

    def _synthetic(self, experience: Experience, round: int) -> tuple[Iterator[Unit], int]:
        accepted: dict[str, dict[str, Text]] = defaultdict(dict)
        refused: dict[str, dict[str, Text]] = defaultdict(dict)
        for item in experience.judged:
            attempt = item.attempt
            if attempt.complete:
                text = self._encoder.solved(attempt.task, attempt.answer, Source.SYNTHETIC, attempt.work)
                of = accepted if item.verdict.outcome is Outcome.CORRECT else refused
                of[attempt.task.id].setdefault(attempt.answer, replace(text, n_context_tokens=text.n_task_tokens))
        both = [(right, wrong) for task in accepted for right, wrong in zip(
            accepted[task].values(), refused.get(task, {}).values(), strict=False)]  # fmt: skip
        texts = [text for pair in both for text in pair]
        if not texts:
            return iter(()), 0
        sums = [
            float(values[text.n_task_tokens :].sum())
            for text, values in zip(
                texts, split(texts, lambda part: token_logprobs(self._state.first, part)), strict=True
            )
        ]
        pairs = [Pair(right, wrong, sums[2 * i], sums[2 * i + 1]) for i, (right, wrong) in enumerate(both)]
        flops = forward_flops(self._config.model, self._state.model.vocab_size, (text.n_tokens for text in texts))
        return self._draws(pairs, round), flops

    def _draws(self, pairs: Sequence[Pair], round: int) -> Iterator[Unit]:
        rng = stream(self._config.seed, "replay", round)
        for _ in range(self._config.arm.learner.max_uses):
            yield from rng.sample(pairs, len(pairs))

    def _step(self, units: Sequence[Unit], lr: float) -> Tensor:
        trainer, learner = self._trainer, self._config.arm.learner
        loss = torch.zeros((), device=trainer.fabric.device)
        texts, share = self._texts_of_mine(units)
        if texts:
            batch = trainer.place(collate(texts))
            loss = loss + share * weighted_loss(trainer.forward(batch.inputs), batch, self._task_weight)
        pairs = [unit for unit in mine(units) if isinstance(unit, Pair)]
        if pairs:
            share = len(pairs) / sum(isinstance(unit, Pair) for unit in units)
            answers = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
            batch = trainer.place(collate(answers))
            sums = (of_targets(trainer.forward(batch.inputs), batch.targets) * batch.is_answer).sum(1)
            chosen, rejected = sums.split(len(pairs))
            base = torch.tensor([[pair.base_chosen, pair.base_rejected] for pair in pairs], device=sums.device)
            loss = loss + share * learner.weight * preference_loss(
                chosen, rejected, base[:, 0], base[:, 1], beta=learner.beta
            )  # fmt: skip
        return trainer.step(loss, lr)
