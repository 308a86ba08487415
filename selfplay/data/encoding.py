"""From tasks and answers to token sequences and training batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from envs.core import Task
from selfplay.model.sampler import Completion
from selfplay.model.tokenizer import END, JUDGE, PAD, SOLVE, Tokenizer
from selfplay.records import Source


@dataclass(frozen=True, slots=True)
class Text:
    """One sequence to read or learn from.

    Attributes:
        tokens: Role token first.
        n_task_tokens: How many of the predicted tokens pose the task (or state its solution); the rest answer it.
        source: Real or synthetic.
        n_context_tokens: How many of the task tokens are read and not learnt.
    """

    tokens: tuple[int, ...]
    n_task_tokens: int
    source: Source = Source.REAL
    n_context_tokens: int = 0

    @property
    def n_tokens(self) -> int:
        """Predicted tokens, the unit of every token count: all but the first."""
        return len(self.tokens) - 1

    def cut(self, n_tokens: int) -> Text:
        """The first `n_tokens` predicted tokens of it."""
        if n_tokens >= self.n_tokens:
            return self
        n_task = min(self.n_task_tokens, n_tokens)
        return Text(self.tokens[: n_tokens + 1], n_task, self.source, min(self.n_context_tokens, n_task))


class Batch(NamedTuple):
    """Padded sequences.

    Attributes:
        inputs: `(B, T)` int64.
        targets: `(B, T)` int64, the next token of each.
        is_task: `(B, T)` bool: predicted tokens that pose the task.
        is_answer: `(B, T)` bool: predicted tokens of the answer, end token included.
    """

    inputs: Tensor
    targets: Tensor
    is_task: Tensor
    is_answer: Tensor


class Encoder:
    """Writes tasks and answers as the texts the model knows."""

    def __init__(self, tokenizer: Tokenizer, context_length: int) -> None:
        self.tokenizer = tokenizer
        self.context_length = context_length

    def task_prompt(self, env: str) -> list[int]:
        """What a model continues with a task."""
        return [self.tokenizer.task_token(env)]

    def compose_prompt(self, env: str) -> list[int]:
        """What a model continues with a solution."""
        return [self.tokenizer.compose_token(env)]

    def solve_prompt(self, task: Task) -> list[int]:
        """What a model continues with an answer."""
        return [self.tokenizer.task_token(task.env), *self.tokenizer.encode(task.prompt), SOLVE]

    def solved(self, task: Task, answer: str, source: Source = Source.REAL) -> Text:
        """A task with its answer.

        Raises:
            ValueError: It does not fit the context, or a character is in no alphabet.
        """
        prompt = self.solve_prompt(task)
        return self._fitting(Text((*prompt, *self.tokenizer.encode(answer), END), len(prompt) - 1, source), task.prompt)

    def composed(self, env: str, solution: str) -> Text:
        """A solution that a task can be posed from; all of it counts as posing.

        Raises:
            ValueError: It does not fit the context, or a character is in no alphabet.
        """
        tokens = (*self.compose_prompt(env), *self.tokenizer.encode(solution), END)
        return self._fitting(Text(tokens, len(tokens) - 1), solution)

    def proposed(self, env: str, text: str, source: Source = Source.SYNTHETIC) -> Text:
        """A proposal as the model wrote it, all of it to be judged as its own words."""
        return Text((self.tokenizer.task_token(env), *self.tokenizer.encode(text), SOLVE), 0, source)

    def verdict_prompt(self, task: Task, answer: str) -> list[int]:
        """What a model continues with `solve` if the answer is right and with `end` if not."""
        return [*self.solve_prompt(task), *self.tokenizer.encode(answer), JUDGE]

    def verdict(self, task: Task, answer: str, right: bool) -> Text:
        """An answer and whether it is right; only the verdict is learnt."""
        prompt = self.verdict_prompt(task, answer)
        n_read = len(prompt) - 1
        return Text((*prompt, SOLVE if right else END), n_read, Source.REAL, n_read)

    def fits(self, task: Task, answer: str = "") -> bool:
        """Whether the task and the answer, or else one character of an answer, fit the context."""
        n_tokens = 1 + len(task.prompt) + 1 + max(len(answer), 1)  # roles, and the end is never read
        return n_tokens <= self.context_length

    def answer(self, completion: Completion) -> tuple[str, bool]:
        """The text of a completion without its end, and whether it ended and holds characters only."""
        content = completion.tokens[:-1] if completion.finished else completion.tokens
        return self.tokenizer.decode(content), completion.finished and self.tokenizer.is_text(content)

    def _fitting(self, text: Text, shown: str) -> Text:
        if text.n_tokens > self.context_length:
            raise ValueError(
                f"{shown[:80]!r} takes {text.n_tokens} tokens with its answer, model.context_length is "
                f"{self.context_length}: raise it, or use shorter tasks"
            )
        return text


def collate(texts: Sequence[Text]) -> Batch:
    """Pad sequences to the longest."""
    width = max(text.n_tokens for text in texts)
    tokens = torch.full((len(texts), width + 1), PAD)
    for row, text in enumerate(texts):
        tokens[row, : len(text.tokens)] = torch.tensor(text.tokens)
    place = torch.arange(width)
    n_task = torch.tensor([text.n_task_tokens for text in texts])[:, None]
    n_context = torch.tensor([text.n_context_tokens for text in texts])[:, None]
    n_all = torch.tensor([text.n_tokens for text in texts])[:, None]
    return Batch(
        tokens[:, :-1], tokens[:, 1:], (place >= n_context) & (place < n_task), (place >= n_task) & (place < n_all)
    )
