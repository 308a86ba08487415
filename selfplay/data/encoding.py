"""From tasks and answers to token sequences and training batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from envs.core import Task
from selfplay.model.sampler import Completion
from selfplay.model.tokenizer import PAD, Vocabulary
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
    """Texts in rows, one a row with padding after it, or several one after another.

    Attributes:
        inputs: `(B, T)` int64.
        targets: `(B, T)` int64, the next token of each.
        is_task: `(B, T)` bool: predicted tokens that pose the task.
        is_answer: `(B, T)` bool: predicted tokens of the answer, end token included.
        positions: `(B, T)` int64, each token's place in its text; None where every row is one text.
        mask: `(B, 1, T, T)` bool, what each token sees: its own text up to itself; None likewise.
    """

    inputs: Tensor
    targets: Tensor
    is_task: Tensor
    is_answer: Tensor
    positions: Tensor | None = None
    mask: Tensor | None = None


class Encoder:
    """Writes tasks and answers as the texts the model knows."""

    def __init__(self, tokenizer: Vocabulary, context_length: int, *, works: bool = False) -> None:
        """`works`: whether answers follow worked steps, which may be empty."""
        self.tokenizer = tokenizer
        self.context_length = context_length
        self.works = works

    def task_prompt(self, env: str) -> list[int]:
        """What a model continues with a task."""
        return [self.tokenizer.task_token(env)]

    def compose_prompt(self, env: str) -> list[int]:
        """What a model continues with a solution."""
        return [self.tokenizer.compose_token(env)]

    def solve_prompt(self, task: Task) -> list[int]:
        """What a model continues with an answer."""
        return [self.tokenizer.task_token(task.env), *self.tokenizer.encode(task.prompt), self.tokenizer.solve]

    def solved(self, task: Task, answer: str, source: Source = Source.REAL, work: str = "") -> Text:
        """A task with its answer, and its work where `works`; both count as answer.

        Raises:
            ValueError: It does not fit the context, or a character is in no alphabet.
        """
        prompt, encode = self.solve_prompt(task), self.tokenizer.encode
        steps = (*encode(work), self.tokenizer.solve) if self.works else ()
        tokens = (*prompt, *steps, *encode(answer), self.tokenizer.end)
        return self._fitting(Text(tokens, len(prompt) - 1, source), task.prompt)

    def composed(self, env: str, solution: str) -> Text:
        """A solution that a task can be posed from; all of it counts as posing.

        Raises:
            ValueError: It does not fit the context, or a character is in no alphabet.
        """
        tokens = (*self.compose_prompt(env), *self.tokenizer.encode(solution), self.tokenizer.end)
        return self._fitting(Text(tokens, len(tokens) - 1), solution)

    def proposed(self, env: str, text: str, source: Source = Source.SYNTHETIC) -> Text:
        """A proposal as the model wrote it, all of it to be judged as its own words."""
        return Text((self.tokenizer.task_token(env), *self.tokenizer.encode(text), self.tokenizer.solve), 0, source)

    def verdict_prompt(self, task: Task, answer: str) -> list[int]:
        """What a model continues with `solve` if the answer is right and with `end` if not."""
        return [*self.solve_prompt(task), *self.tokenizer.encode(answer), self.tokenizer.judge]

    def verdict(self, task: Task, answer: str, right: bool, check: str | None = None) -> Text:
        """An answer and whether it is right; only the verdict is learnt, and with a written check that and an end."""
        prompt = self.verdict_prompt(task, answer)
        n_read = len(prompt) - 1
        solve, end = self.tokenizer.solve, self.tokenizer.end
        said = (solve if right else end,)
        if check is not None:
            said = (*self.tokenizer.encode(check), *((solve, end) if right else (end,)))
        return Text((*prompt, *said), n_read, Source.REAL, n_read)

    def accepts(self, completion: Completion) -> bool:
        """Whether a written check ends in `solve`, which is to say that the answer is right."""
        *check, said = (self.tokenizer.end, *completion.tokens[:-1])
        return completion.finished and said == self.tokenizer.solve and self.tokenizer.is_text(check[1:])

    def fits(self, task: Task, answer: str = "", work: str = "") -> bool:
        """Whether the task and the answer, or else one token of an answer, fit the context."""
        n_answer = max(len(self.tokenizer.encode(answer)), 1)
        n_work = len(self.tokenizer.encode(work)) + 1 if self.works else 0
        return len(self.solve_prompt(task)) + n_work + n_answer <= self.context_length  # the end is never read

    def answer(self, completion: Completion) -> tuple[str, bool]:
        """The text of a completion without its end, and whether it ended and holds text only."""
        content = completion.tokens[:-1] if completion.finished else completion.tokens
        return self.tokenizer.decode(content), completion.finished and self.tokenizer.is_text(content)

    def response(self, completion: Completion) -> tuple[str, str, bool]:
        """Work, answer, and whether the completion is both of these, or an answer alone where no work is asked for."""
        if not self.works:
            return ("", *self.answer(completion))
        content = completion.tokens[:-1] if completion.finished else completion.tokens
        solve = self.tokenizer.solve
        place = content.index(solve) if solve in content else len(content)
        work, answer = content[:place], content[place + 1 :]
        is_text = place < len(content) and self.tokenizer.is_text([*work, *answer])
        return self.tokenizer.decode(work), self.tokenizer.decode(answer), completion.finished and is_text

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
    tokens = torch.tensor([[*text.tokens, *(PAD,) * (width + 1 - len(text.tokens))] for text in texts])
    place = torch.arange(width)
    n_task = torch.tensor([text.n_task_tokens for text in texts])[:, None]
    n_context = torch.tensor([text.n_context_tokens for text in texts])[:, None]
    n_all = torch.tensor([text.n_tokens for text in texts])[:, None]
    return Batch(
        tokens[:, :-1], tokens[:, 1:], (place >= n_context) & (place < n_task), (place >= n_task) & (place < n_all)
    )


PACKED_SHARE = 0.8
"""Texts are packed where that takes at most so many of the rows: below, the mask costs more than the padding."""


def arrange(texts: Sequence[Text]) -> Batch:
    """Texts to learn from, padded, or packed where they differ much in length."""
    lengths, most_rows = [text.n_tokens for text in texts], PACKED_SHARE * len(texts)
    if sum(lengths) > most_rows * max(lengths):  # no arrangement could do it
        return collate(texts)
    rows = fill(lengths)
    return pack(texts, rows) if len(rows) <= most_rows else collate(texts)


def fill(lengths: Sequence[int]) -> list[list[int]]:
    """Indices of texts for rows as long as the longest text: longest first, each into the first row that has room.

    First-fit decreasing (Johnson 1973): never more than 11/9 of the fewest possible rows, and one.
    """
    most = max(lengths)
    rows: list[list[int]] = []
    room: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        place = next((i for i, left in enumerate(room) if left >= lengths[index]), len(rows))
        if place == len(rows):
            rows.append([])
            room.append(most)
        rows[place].append(index)
        room[place] -= lengths[index]
    return rows


def pack(texts: Sequence[Text], rows: Sequence[Sequence[int]]) -> Batch:
    """Several texts a row, as `fill` says; none sees another."""
    width = max(text.n_tokens for text in texts)
    inputs, targets = (torch.full((len(rows), width), PAD) for _ in range(2))
    is_task, is_answer = (torch.zeros(len(rows), width, dtype=torch.bool) for _ in range(2))
    positions, of_text = (torch.zeros(len(rows), width, dtype=torch.int64) for _ in range(2))
    for row, members in enumerate(rows):
        start = 0
        for number, text in enumerate((texts[index] for index in members), start=1):
            end = start + text.n_tokens
            tokens = torch.tensor(text.tokens)
            inputs[row, start:end], targets[row, start:end] = tokens[:-1], tokens[1:]
            is_task[row, start + text.n_context_tokens : start + text.n_task_tokens] = True
            is_answer[row, start + text.n_task_tokens : end] = True
            positions[row, start:end] = torch.arange(text.n_tokens)
            of_text[row, start:end] = number
            start = end
    seen = torch.ones(width, width, dtype=torch.bool).tril() & (of_text[:, :, None] == of_text[:, None, :])
    return Batch(inputs, targets, is_task, is_answer, positions, seen[:, None])
