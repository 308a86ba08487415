"""The model as its own judge: it reads an answer and says whether it is right, at once or after a written check.

The check is the one that envs can supply examples of: the work of the task (`Solved.work`), written out before the
verdict, for right and for wrong answers alike. So it solves the task again on paper and compares.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from envs.core import Outcome, Solved, Verdict
from selfplay.config import JudgeConfig, RunConfig
from selfplay.data.encoding import Encoder
from selfplay.model.flops import decode_flops, forward_flops
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import PAD, Vocabulary
from selfplay.play.exchange import split
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
        self, state: RunState, encoder: Encoder, verifier: Verifier, config: RunConfig, judge: JudgeConfig,
        pool: Sequence[Solved],
    ) -> None:  # fmt: skip
        self._state, self._encoder, self._verifier, self._config, self._pool = state, encoder, verifier, config, pool
        self._judge = judge

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:
        """See `Judge.judge`; what does not fit the context together with a verdict is refused."""
        config = self._judge
        model = self._state.first if config.weights == "frozen" else self._state.average
        prompts = {
            (attempt.task, attempt.answer): self._encoder.verdict_prompt(attempt.task, attempt.answer)
            for attempt in attempts
            if attempt.complete
        }
        readable = {pair: prompt for pair, prompt in prompts.items() if len(prompt) <= model.config.context_length}
        n_flops = forward_flops(model.config, model.vocab_size, map(len, readable.values()))
        n_tokens = sum(map(len, readable.values()))
        if not config.n_checks:
            tokenizer = self._encoder.tokenizer
            scores = split(list(readable.values()), lambda part: right_probabilities(model, part, tokenizer))
        else:
            scores, n_checked, n_check_flops = self._check(model, list(readable.values()), round)
            n_tokens, n_flops = n_tokens + n_checked, n_flops + n_check_flops
        known = dict(zip(readable, scores, strict=True))
        judged = tuple(self._judged(attempt, known.get((attempt.task, attempt.answer))) for attempt in attempts)
        practice, n_written, n_practice_flops = self._practise(round) if attempts else ((), 0, 0)
        return Judgement(judged, n_tokens + n_written, model.n_members * n_flops + n_practice_flops, practice)

    def _check(self, model: GPT, prompts: Sequence[Sequence[int]], round: int) -> tuple[list[float], int, int]:
        """For each prompt the share of written checks that accept; tokens and FLOPs of writing them."""
        n_checks, key = self._judge.n_checks, derive(self._config.seed, "check", round)
        texts = Sampler(model).sample(prompts, key=key, stop=self._encoder.tokenizer.end, n_per_prompt=n_checks)
        accepts = [self._encoder.accepts(text) for text in texts]
        scores = [sum(accepts[start : start + n_checks]) / n_checks for start in range(0, len(accepts), n_checks)]
        n_flops = sum(
            decode_flops(model.config, model.vocab_size, len(prompts[index // n_checks]), len(text.tokens))
            for index, text in enumerate(texts)
        )
        return scores, sum(len(text.tokens) for text in texts), n_flops

    def _judged(self, attempt: Attempt, probability: float | None) -> Judged:
        if not attempt.complete:
            return Judged(attempt, NO_END, "model", 0.0)
        if probability is None:
            return Judged(attempt, Verdict(Outcome.INCORRECT, "too long to judge", "model"), "model", 0.0)
        accepts = probability >= self._judge.threshold
        outcome = Outcome.CORRECT if accepts else Outcome.INCORRECT
        return Judged(attempt, Verdict(outcome, f"probability {probability:.3f}", "model"), "model", probability)

    def _practise(self, round: int) -> tuple[tuple[Practice, ...], int, int]:
        """Attempts at real tasks with the exact verdicts that real answers allow; tokens and FLOPs they took."""
        n_tasks = min(self._judge.n_practice, len(self._pool))
        chosen = stream(self._config.seed, "practice", round).sample(self._pool, n_tasks)
        tasks, works = [solved.task for solved in chosen], [solved.work for solved in chosen]
        if not tasks:
            return (), 0, 0
        written = answer_tasks(
            self._state.average, tasks, self._encoder, n_per_task=1,
            temperature=self._config.play.solve_temperature,
            key=derive(self._config.seed, "practice-solve", round), step=self._state.step,
        )  # fmt: skip
        truths = self._verifier.check(written.attempts)
        practice = tuple(
            Practice(attempt.task, attempt.answer, truth.outcome is Outcome.CORRECT, work)
            for attempt, truth, work in zip(written.attempts, truths, works, strict=True)
            if truth.outcome in (Outcome.CORRECT, Outcome.INCORRECT)
        )
        return practice, written.n_tokens, written.n_flops


@torch.inference_mode()
def right_probabilities(model: GPT, prompts: Sequence[Sequence[int]], roles: Vocabulary) -> list[float]:
    """For each prompt that ends in `judge`, the probability of `right` against `wrong`."""
    model.eval()
    device = model.embedding.weight.device
    found: dict[int, float] = {}
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    for start in range(0, len(order), BATCH_PROMPTS):
        members = order[start : start + BATCH_PROMPTS]
        width = max(len(prompts[index]) for index in members)
        rows = torch.tensor([[*prompts[index], *(PAD,) * (width - len(prompts[index]))] for index in members])
        ends = torch.tensor([row * width + len(prompts[index]) - 1 for row, index in enumerate(members)])
        last = model(rows.to(device), wanted=ends.to(device)).float()
        right = (last[:, roles.solve] - last[:, roles.end]).sigmoid()
        found.update(zip(members, right.tolist(), strict=True))
    return [found[index] for index in range(len(prompts))]
