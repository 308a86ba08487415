"""Held-out loss and accuracy of the averaged weights, and pass@k."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from envs.core import Outcome, Solved
from selfplay.data.encoding import Encoder, Text
from selfplay.model.gpt import GPT
from selfplay.model.scoring import token_nats
from selfplay.play.exchange import mine, summed
from selfplay.play.judges import Verifier
from selfplay.play.solver import answer_tasks
from selfplay.records import Scores


def nats(model: GPT, texts: Sequence[Text]) -> tuple[float, float]:
    """Total loss of task tokens and of answer tokens, in nats; in fp32 whatever the model computes in."""
    task = answer = 0.0
    for text, found in zip(texts, token_nats(model, [text.tokens for text in texts], torch.float32), strict=True):
        task -= float(found[text.n_context_tokens : text.n_task_tokens].double().sum())
        answer -= float(found[text.n_task_tokens :].double().sum())
    return task, answer


class Evaluator:
    """Scores a model on one set of real tasks."""

    def __init__(self, examples: Sequence[Solved], encoder: Encoder, verifier: Verifier, n_accuracy: int) -> None:
        self._examples, self._encoder, self._verifier = examples, encoder, verifier
        self._n_accuracy = n_accuracy
        self._texts = [encoder.solved(solved.task, solved.answer, work=solved.work) for solved in examples]

    def evaluate(self, model: GPT) -> Scores:
        """Loss on every example; greedy accuracy on the first `n_accuracy`."""
        part = torch.tensor(nats(model, mine(self._texts)), dtype=torch.float64, device=model.embedding.weight.device)
        task, answer = summed(part).tolist()
        n_task = sum(text.n_task_tokens for text in self._texts)
        n_all = sum(text.n_tokens for text in self._texts)
        return Scores(answer / (n_all - n_task), task / n_task, (task + answer) / n_all, self._accuracy(model))

    def _accuracy(self, model: GPT) -> float:
        if not self._n_accuracy:
            return math.nan
        correct = self.correct(model, self._examples[: self._n_accuracy], n_attempts=1, temperature=0.0, key=0)
        return sum(map(sum, correct)) / len(correct)

    def correct(
        self, model: GPT, examples: Sequence[Solved], *, n_attempts: int, temperature: float, key: int
    ) -> list[list[bool]]:
        """Whether each of `n_attempts` answers to each example is correct."""
        tasks = [solved.task for solved in examples]
        answered = answer_tasks(
            model, tasks, self._encoder, n_per_task=n_attempts, temperature=temperature, key=key, step=0,
            ahead=self._verifier.ahead,
        )  # fmt: skip
        right = [verdict.outcome is Outcome.CORRECT for verdict in self._verifier.check(answered.attempts)]
        return [right[start : start + n_attempts] for start in range(0, len(right), n_attempts)]


def pass_at_k(n_attempts: int, n_correct: int, k: int) -> float:
    """Chance that k of the attempts, drawn without replacement, hold a correct one (Chen et al. 2021, eq. 1).

    Raises:
        ValueError: Not 1 <= k <= n_attempts.
    """
    if not 1 <= k <= n_attempts:
        raise ValueError(f"k = {k}: must lie between 1 and the {n_attempts} attempts")
    return 1.0 - math.comb(n_attempts - n_correct, k) / math.comb(n_attempts, k)
