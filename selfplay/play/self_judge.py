"""The model as its own judge: it reads an answer and says in one token whether it is right."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from envs.core import Outcome, Solved, Verdict
from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder
from selfplay.model.flops import forward_flops
from selfplay.model.gpt import GPT
from selfplay.model.tokenizer import END, PAD, SOLVE
from selfplay.play.judges import NO_END, Judge, Verifier
from selfplay.play.solver import answer_tasks
from selfplay.play.state import RunState
from selfplay.records import Attempt, Judged, Judgement, Practice
from selfplay.streams import derive, stream

BATCH_PROMPTS = 256


class ModelJudge(Judge):
    """Accepts where the model gives `right` at least the threshold's probability, of `right` and `wrong` alone.

    It learns verdicts on real tasks only: their answers, other right spellings and near misses, and its own attempts at
    them where `n_practice` asks for it. Of its own tasks nobody tells it what is right.
    """

    def __init__(
        self, state: RunState, encoder: Encoder, verifier: Verifier, config: RunConfig, pool: Sequence[Solved]
    ) -> None:
        self._state, self._encoder, self._verifier, self._config, self._pool = state, encoder, verifier, config, pool

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:
        """See `Judge.judge`; what does not fit the context together with a verdict is refused."""
        config = self._config.arm.judge
        model = self._state.first if config.weights == "frozen" else self._state.average
        prompts = {
            (attempt.task, attempt.answer): self._encoder.verdict_prompt(attempt.task, attempt.answer)
            for attempt in attempts
            if attempt.complete
        }
        readable = {pair: prompt for pair, prompt in prompts.items() if len(prompt) <= model.config.context_length}
        known = dict(zip(readable, right_probabilities(model, list(readable.values())), strict=True))
        n_flops = model.n_members * forward_flops(model.config, model.vocab_size, map(len, readable.values()))
        n_tokens = sum(map(len, readable.values()))
        judged = tuple(self._judged(attempt, known.get((attempt.task, attempt.answer))) for attempt in attempts)
        practice, n_written, n_practice_flops = self._practise(round) if attempts else ((), 0, 0)
        return Judgement(judged, n_tokens + n_written, n_flops + n_practice_flops, practice)

    def _judged(self, attempt: Attempt, probability: float | None) -> Judged:
        if not attempt.complete:
            return Judged(attempt, NO_END, "model", 0.0)
        if probability is None:
            return Judged(attempt, Verdict(Outcome.INCORRECT, "too long to judge", "model"), "model", 0.0)
        accepts = probability >= self._config.arm.judge.threshold
        outcome = Outcome.CORRECT if accepts else Outcome.INCORRECT
        return Judged(attempt, Verdict(outcome, f"probability {probability:.3f}", "model"), "model", probability)

    def _practise(self, round: int) -> tuple[tuple[Practice, ...], int, int]:
        """Attempts at real tasks with the exact verdicts that real answers allow; tokens and FLOPs they took."""
        n_tasks = min(self._config.arm.judge.n_practice, len(self._pool))
        tasks = [solved.task for solved in stream(self._config.seed, "practice", round).sample(self._pool, n_tasks)]
        if not tasks:
            return (), 0, 0
        written = answer_tasks(
            self._state.average, tasks, self._encoder, n_per_task=1,
            temperature=self._config.play.solve_temperature,
            key=derive(self._config.seed, "practice-solve", round), step=self._state.step,
        )  # fmt: skip
        truths = self._verifier.check(written.attempts)
        practice = tuple(
            Practice(attempt.task, attempt.answer, truth.outcome is Outcome.CORRECT)
            for attempt, truth in zip(written.attempts, truths, strict=True)
            if truth.outcome in (Outcome.CORRECT, Outcome.INCORRECT)
        )
        return practice, written.n_tokens, written.n_flops


@torch.inference_mode()
def right_probabilities(model: GPT, prompts: Sequence[Sequence[int]]) -> list[float]:
    """For each prompt that ends in `judge`, the probability of `right` against `wrong`."""
    model.eval()
    device = model.embedding.weight.device
    found: dict[int, float] = {}
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    for start in range(0, len(order), BATCH_PROMPTS):
        members = order[start : start + BATCH_PROMPTS]
        width = max(len(prompts[index]) for index in members)
        rows = torch.tensor([[*prompts[index], *(PAD,) * (width - len(prompts[index]))] for index in members])
        ends = torch.tensor([len(prompts[index]) - 1 for index in members], device=device)
        last = model(rows.to(device))[torch.arange(len(members), device=device), ends].float()
        right = (last[:, SOLVE] - last[:, END]).sigmoid()
        found.update(zip(members, right.tolist(), strict=True))
    return [found[index] for index in range(len(prompts))]
