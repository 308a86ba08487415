"""Batched sampling with a key-value cache.

Prompts are grouped by exact length, so that no row needs padding or a mask. Samples of one prompt share its
reading: a prompt is read once and its cache copied. Rows that have ended are dropped from the batch.

Item i draws its tokens by inverse transform from its own row of pre-drawn uniforms, so its text does not
depend on the batch it is in, on the order of the items or on how many there are (up to the rounding of
matrix products, whose order of summation may change with the batch).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from selfplay.model.gpt import GPT
from selfplay.model.tokenizer import PAD
from selfplay.streams import uniforms

MAX_ROWS = 1_024
"""Rows decoded together; on a CPU more rows no longer help and the cache stops fitting."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled text.

    Attributes:
        tokens: Sampled ids, the stop token included unless the length limit came first.
        logprob_nats: Log-probability of all of them under the sampling distribution.
        finished: Whether the stop token was reached.
        token_nats: Of each token; they add up to `logprob_nats`.
    """

    tokens: tuple[int, ...]
    logprob_nats: float
    finished: bool
    token_nats: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of equal prompt length: the distinct prompts, and per row its prompt and its item number."""

    prompts: Tensor  # (P, T) int64
    prompt_of_row: Tensor  # (R,) int64
    item_of_row: Tensor  # (R,) int64


class _Limits(NamedTuple):
    """What is drawn from."""

    temperature: float
    top_k: int
    top_p: float


class Sampler:
    """Writes continuations of token prompts."""

    def __init__(self, model: GPT) -> None:
        self.model = model

    @torch.inference_mode()
    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        key: int,
        stop: int,
        n_per_prompt: int = 1,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> list[Completion]:
        """Continue every prompt until `stop` or the context is full.

        Args:
            prompts: Token ids; all shorter than the context.
            key: Of the uniforms, from `streams.derive`.
            stop: Token that ends a text.
            n_per_prompt: Samples of each prompt.
            temperature: Divides the logits; 0 takes the most likely token.
            top_k: Draw among the k most likely tokens only; 0 for all.
            top_p: Draw among the fewest tokens that hold this probability; 1 for all.

        Returns:
            `len(prompts) * n_per_prompt` completions, samples of one prompt side by side.
        """
        if top_k < 0 or not 0.0 < top_p <= 1.0:
            raise ValueError(f"top_k = {top_k}, top_p = {top_p}: need 0 or more, and above 0 up to 1")
        self.model.eval()
        limits = _Limits(temperature, top_k, top_p)
        n_items = len(prompts) * n_per_prompt
        context = self.model.config.context_length
        width = -(-context // 4) * 4  # whole counters of the generator, so that rows start at a fixed place
        draws = torch.from_numpy(uniforms(key, n_items, width)) if temperature else torch.empty(n_items, width)
        completions: list[Completion | None] = [None] * n_items
        for group in self._groups(prompts, n_per_prompt):
            self._decode(group, draws, stop, limits, completions)
        return [completion for completion in completions if completion is not None]

    def _groups(self, prompts: Sequence[Sequence[int]], n_per_prompt: int) -> list[_Group]:
        by_length: dict[int, list[int]] = defaultdict(list)
        for index, prompt in enumerate(prompts):
            by_length[len(prompt)].append(index)
        groups = []
        n_prompts = max(1, MAX_ROWS // n_per_prompt)
        for _, members in sorted(by_length.items()):
            for start in range(0, len(members), n_prompts):
                chunk = members[start : start + n_prompts]
                first = torch.tensor(chunk).repeat_interleave(n_per_prompt) * n_per_prompt
                items = first + torch.arange(n_per_prompt).repeat(len(chunk))
                rows = torch.arange(len(chunk)).repeat_interleave(n_per_prompt)
                groups.append(_Group(torch.tensor([list(prompts[i]) for i in chunk]), rows, items))
        return groups

    def _decode(
        self,
        group: _Group,
        draws: Tensor,
        stop: int,
        limits: _Limits,
        completions: list[Completion | None],
    ) -> None:
        model = self.model
        device = model.embedding.weight.device
        n_read = group.prompts.shape[1]
        n_new = model.config.context_length - n_read
        # Prompts that are only a role token are all alike: read one.
        prompts, inverse = group.prompts.unique(dim=0, return_inverse=True)
        cache = model.empty_cache(len(prompts), model.config.context_length)
        rows = inverse[group.prompt_of_row].to(device)
        logits = model(prompts.to(device), cache)[:, -1][rows]
        cache = cache.take(rows)
        items, uniform = group.item_of_row, draws[group.item_of_row].to(device)
        written = torch.full((len(items), n_new), PAD, device=device)
        logprobs = torch.zeros(len(items), n_new, device=device)
        rows = torch.arange(len(items), device=device)  # which row of `written` each row of the batch is
        done = torch.zeros(len(items), dtype=torch.bool, device=device)
        for position in range(n_new):
            token, nats = choose(logits, uniform[rows, position], limits.temperature, limits.top_k, limits.top_p)
            written[rows, position] = token
            logprobs[rows, position] = nats.float()
            done |= token == stop
            n_done = int(done.sum())
            if position + 1 == n_new or n_done == len(rows):
                break
            if n_done > len(rows) // 8:  # dropping rows copies the cache, so not at every end
                keep = (~done).nonzero().flatten()
                rows, token, done, cache = rows[keep], token[keep], done[keep], cache.take(keep)
            logits = model(token[:, None], cache)[:, -1]
        self._collect(written.tolist(), logprobs.tolist(), items.tolist(), stop, completions)

    @staticmethod
    def _collect(
        written: list[list[int]],
        logprobs: list[list[float]],
        items: list[int],
        stop: int,
        completions: list[Completion | None],
    ) -> None:
        for tokens, nats, item in zip(written, logprobs, items, strict=True):
            length = tokens.index(stop) + 1 if stop in tokens else len(tokens)
            token_nats = tuple(nats[:length])
            completions[item] = Completion(tuple(tokens[:length]), sum(token_nats), stop in tokens, token_nats)


def _limited(logprobs: Tensor, top_k: int, top_p: float) -> Tensor:
    """Log-probabilities with those outside the limits at minus infinity; the most likely token always stays."""
    ordered, order = logprobs.sort(dim=-1, descending=True, stable=True)
    outside = torch.zeros_like(ordered, dtype=torch.bool)
    if top_k:
        outside[:, top_k:] = True
    if top_p < 1.0:
        mass = ordered.masked_fill(outside, -torch.inf).softmax(-1)
        outside |= mass.cumsum(-1) - mass >= top_p
    return logprobs.masked_fill(outside.gather(-1, order.argsort(-1)), -torch.inf)


def choose(
    logits: Tensor, uniform: Tensor, temperature: float, top_k: int = 0, top_p: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Draw a token a row by inverse transform.

    Args:
        logits: `(B, V)`.
        uniform: `(B,)` in [0, 1).
        temperature: 0 takes the most likely token.
        top_k: See `Sampler.sample`.
        top_p: Likewise.

    Returns:
        Tokens `(B,)` and their log-probabilities `(B,)` under the distribution they were drawn from.
    """
    if temperature == 0:
        token = logits.argmax(-1)
        return token, logits.log_softmax(-1).gather(-1, token[:, None])[:, 0]
    logprobs = (logits.float() / temperature).log_softmax(-1)
    if top_k or top_p < 1.0:
        logprobs = _limited(logprobs, top_k, top_p).log_softmax(-1)
    cumulative = logprobs.double().exp().cumsum(-1)
    target = uniform[:, None].double() * cumulative[:, -1:]
    token = torch.searchsorted(cumulative, target, right=True)[:, 0]
    return token, logprobs.gather(-1, token[:, None])[:, 0]
