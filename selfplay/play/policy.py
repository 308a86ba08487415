"""Policy gradient on the judge's rewards, beside the likelihood of real examples.

REINFORCE with a clipped ratio; advantages and averaging as configured give RLOO, GRPO, Dr. GRPO, DAPO or TRR++.
The proposer's texts are rewarded too where `arm.reward` puts a worth on tasks (Absolute Zero, Zhao et al. 2025).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from envs.core import Outcome
from selfplay.data.encoding import Text, collate
from selfplay.data.mixture import Unit
from selfplay.model.flops import forward_flops
from selfplay.model.scoring import of_targets
from selfplay.play.advantages import informative, leave_one_out, normalised
from selfplay.play.exchange import mine, split
from selfplay.play.learn import Learner, weighted_loss
from selfplay.play.logprobs import token_logprobs
from selfplay.play.policy_loss import clipped_loss, divergence
from selfplay.play.rewards import backward_correction, forward_correction, proposer_rewards
from selfplay.records import Experience, Source
from selfplay.streams import stream


@dataclass(frozen=True, slots=True)
class Episode:
    """A text that the model wrote, and how much better it did than its baseline.

    Attributes:
        text: Its answer tokens are what was sampled.
        advantage: Of all of them.
        old: `(n_tokens,)` log-probabilities under the weights that sampled.
        base: The same under the weights at the beginning of self-play; None where no divergence is asked for.
    """

    text: Text
    advantage: float
    old: Tensor
    base: Tensor | None = None

    @property
    def n_tokens(self) -> int:
        """Predicted tokens, the prompt's included."""
        return self.text.n_tokens

    @property
    def source(self) -> Source:
        """Always synthetic."""
        return Source.SYNTHETIC

    def cut(self, n_tokens: int) -> Unit:
        """Itself, or a text that is read and not learnt from: half an attempt has no reward."""
        if n_tokens >= self.n_tokens:
            return self
        part = self.text.cut(n_tokens)
        return replace(part, n_task_tokens=part.n_tokens, n_context_tokens=part.n_tokens)


class PolicyGradient(Learner):
    """Learns from every attempt that has an end, right or wrong, `max_uses` times in its round."""

    def _synthetic(self, experience: Experience, round: int) -> tuple[Iterator[Unit], int]:
        learner, state = self._config.arm.learner, self._state
        texts, rewards, groups, roles = self._rewarded(experience)
        if not texts:
            return iter(()), 0
        earned, group = torch.tensor(rewards), torch.tensor(groups)
        advantages = self._advantages(earned, group, torch.tensor(roles))
        tells = informative(earned, group).tolist() if learner.dynamic else [True] * len(texts)
        old = split(texts, lambda part: token_logprobs(state.average, part))
        n_passes = 1
        base: Sequence[Tensor | None] = [None] * len(texts)
        if learner.kl > 0:
            base, n_passes = split(texts, lambda part: token_logprobs(state.first, part)), 2
        episodes = [Episode(*parts) for parts in zip(texts, advantages.tolist(), old, base, strict=True)]
        used = zip(episodes, tells, strict=True)
        episodes = [one for one, tell in used if tell and (one.advantage != 0.0 or learner.kl > 0)]
        flops = forward_flops(self._config.model, state.model.vocab_size, (text.n_tokens for text in texts))
        return self._draws(episodes, round), n_passes * flops

    def _draws(self, episodes: Sequence[Episode], round: int) -> Iterator[Unit]:
        rng = stream(self._config.seed, "replay", round)
        for _ in range(self._config.arm.learner.max_uses):
            yield from rng.sample(episodes, len(episodes))

    def _rewarded(self, experience: Experience) -> tuple[list[Text], list[float], list[int], list[int]]:
        """Texts, their rewards, and the numbers of their group and of their role and env."""
        learner, judge = self._config.arm.learner, self._config.arm.judge
        numbers: dict[object, int] = {}
        kinds: dict[object, int] = {}
        texts, rewards, groups, roles = [], [], [], []
        for item in experience.judged:
            attempt = item.attempt
            if not attempt.complete:
                continue  # its tokens are not kept
            text = self._encoder.solved(attempt.task, attempt.answer, Source.SYNTHETIC, attempt.work)
            texts.append(replace(text, n_context_tokens=text.n_task_tokens))
            accepted = item.verdict.outcome is Outcome.CORRECT
            reward = float(accepted)
            if learner.correction == "backward":
                reward = backward_correction(reward, judge.true_accept_rate, judge.false_accept_rate)
            elif learner.correction == "forward":
                reward = forward_correction(accepted, judge.true_accept_rate)
            rewards.append(reward)
            groups.append(numbers.setdefault(attempt.task.id, len(numbers)))
            roles.append(kinds.setdefault(("solve", attempt.task.env), len(kinds)))
        if self._config.arm.reward.kind != "none":
            written = experience.proposals.written
            values = [experience.worth.get(one.task_id, 0.0) for one in written]
            paid = proposer_rewards(values, [bool(one.task_id) for one in written], penalty=learner.penalty)
            for one, reward in zip(written, paid, strict=True):
                texts.append(self._encoder.proposed(one.env, one.text))
                rewards.append(reward)
                groups.append(numbers.setdefault(("propose", one.env), len(numbers)))
                roles.append(kinds.setdefault(("propose", one.env), len(kinds)))
        return texts, rewards, groups, roles

    def _advantages(self, rewards: Tensor, groups: Tensor, roles: Tensor) -> Tensor:
        learner = self._config.arm.learner
        if learner.correction == "forward":
            return rewards  # a weight of the score function, with its baseline in it
        match learner.advantage:
            case "leave-one-out":
                return leave_one_out(rewards, groups)
            case "deviation":
                return normalised(rewards, groups, by_deviation=True)
            case "centred":
                return normalised(rewards, groups, by_deviation=False)
            case "role":
                return normalised(rewards, roles, by_deviation=True)

    def _step(self, units: Sequence[Unit], lr: float) -> Tensor:
        trainer, learner = self._trainer, self._config.arm.learner
        loss = torch.zeros((), device=trainer.fabric.device)
        texts, share = self._texts_of_mine(units)
        if texts:
            batch = trainer.place(collate(texts))
            loss = loss + share * weighted_loss(trainer.forward(batch.inputs), batch, self._task_weight)
        episodes = [unit for unit in mine(units) if isinstance(unit, Episode)]
        if episodes:
            everyones = [unit for unit in units if isinstance(unit, Episode)]
            by_token, by_text = _n_answer_tokens(episodes) / _n_answer_tokens(everyones), len(episodes) / len(everyones)
            batch = trainer.place(collate([episode.text for episode in episodes]))
            mask, width = batch.is_answer, batch.inputs.shape[1]
            logprobs = of_targets(trainer.forward(batch.inputs), batch.targets)
            old = trainer.place(_padded([episode.old for episode in episodes], width))
            advantages = trainer.place(torch.tensor([episode.advantage for episode in episodes]))
            share = by_token if learner.averaging == "token" else by_text
            loss = loss + share * learner.weight * clipped_loss(
                logprobs * mask, old * mask, advantages, mask, clip_low=learner.clip_low, clip_high=learner.clip_high,
                averaging=learner.averaging, longest=self._encoder.context_length,
            )  # fmt: skip
            if learner.kl > 0:
                base = _padded([episode.base for episode in episodes if episode.base is not None], width)
                loss = loss + by_token * learner.kl * divergence(logprobs * mask, trainer.place(base) * mask, mask)
        return trainer.step(loss, lr)


def _n_answer_tokens(episodes: Sequence[Episode]) -> int:
    return sum(episode.n_tokens - episode.text.n_task_tokens for episode in episodes)


def _padded(rows: Sequence[Tensor], width: int) -> Tensor:
    found = torch.zeros(len(rows), width)
    for row, values in enumerate(rows):
        found[row, : len(values)] = values
    return found
