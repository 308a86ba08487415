"""Batched sampling with preallocated keys and values.

Prompts are read in groups of like length; samples of one prompt, and prompts that are alike, share its reading. Rows
that have ended leave, and waiting prompts take their slots, so that no matrix product runs half empty.

Item i draws its tokens by inverse transform from its own row of pre-drawn uniforms, so its text does not
depend on the batch it is in, on the order of the items or on how many there are (up to the rounding of
matrix products, whose order of summation may change with the batch).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from selfplay.model.gpt import GPT, Prefix, in_one_dtype
from selfplay.model.slots import Slots
from selfplay.model.tokenizer import PAD
from selfplay.streams import uniforms

MIN_ROWS, MAX_ROWS = 256, 1_024
"""Rows decoded together: with fewer, matrix products starve; with more, nothing is gained on a CPU."""

ACCELERATOR_ROWS = 4_096
"""The same on an accelerator, which launches as many kernels for one row as for thousands; not measured."""

CACHE_BYTES = 32 * 2**20
"""Keys and values, whole contexts, that rows beyond `MIN_ROWS` may fill: what a CPU's last cache holds."""

PROMPTS = 64
"""Prompts read together."""

LOOK_EVERY = 8
"""Tokens between looks at which rows have ended on an accelerator; each look waits for the device."""


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


OnText = Callable[[int, Completion], None]
NOT_WRITTEN = -1


class _Limits(NamedTuple):
    """What is drawn from."""

    temperature: float
    top_k: int
    top_p: float


class Sampler:
    """Writes continuations of token prompts."""

    def __init__(self, model: GPT) -> None:
        """Sample from `model` in its compute dtype, as it is now."""
        self.model = in_one_dtype(model)

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
        first_item: int = 0,
        on_text: OnText | None = None,
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
            first_item: Number of the first text, where these prompts are a part of a longer list.
            on_text: Called with the place of a text in the result and the text as soon as it has ended.

        Returns:
            `len(prompts) * n_per_prompt` completions, samples of one prompt side by side.
        """
        if top_k < 0 or not 0.0 < top_p <= 1.0:
            raise ValueError(f"top_k = {top_k}, top_p = {top_p}: need 0 or more, and above 0 up to 1")
        self.model.eval()
        n_items = len(prompts) * n_per_prompt
        if not n_items:
            return []
        context = self.model.config.context_length
        width = -(-context // 4) * 4  # whole counters of the generator, so that rows start at a fixed place
        draws = uniforms(key, n_items, width, first_item) if temperature else np.empty((n_items, width))
        batch = _Batch(self.model, torch.from_numpy(draws), stop, _Limits(temperature, top_k, top_p), on_text)
        waiting = _by_length(prompts, n_per_prompt)
        while waiting or batch.n_rows:
            if waiting and batch.has_room:
                batch.admit(waiting)
            batch.step()
        return [batch.texts[item] for item in range(n_items)]


def _by_length(prompts: Sequence[Sequence[int]], n_per_prompt: int) -> list[tuple[tuple[int, ...], list[int]]]:
    """Distinct prompts with the items that continue them; the longest first, so that the shortest are taken first."""
    items: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, prompt in enumerate(prompts):
        items[tuple(prompt)].extend(range(index * n_per_prompt, (index + 1) * n_per_prompt))
    return sorted(items.items(), key=lambda pair: (-len(pair[0]), pair[1][0]))


class _Batch:
    """Rows being written, and what has been written."""

    def __init__(self, model: GPT, draws: Tensor, stop: int, limits: _Limits, on_text: OnText | None) -> None:
        config, self._device = model.config, model.embedding.weight.device
        n_items, context = len(draws), config.context_length
        row_bytes = 2 * config.n_layer * config.n_kv_head * config.head_dim * context * model.compute_dtype.itemsize
        n_rows = max(MIN_ROWS, CACHE_BYTES // row_bytes)
        n_slots = min(n_items, MAX_ROWS, n_rows) if self._device.type == "cpu" else min(n_items, ACCELERATOR_ROWS)
        self._model, self._stop, self._limits, self._context = model, stop, limits, context
        self._on_text = on_text
        self.texts: dict[int, Completion] = {}
        self._draws = draws.to(self._device)
        self._slots = Slots(model, n_slots)
        self._enough = max(1, n_slots // 4)
        # A text is what is written before the first place that is not. One column more than a text can have: where rows
        # write that have ended and not yet left.
        self._tokens = torch.full((n_items, context + 1), NOT_WRITTEN, device=self._device)
        self._nats = torch.zeros(n_items, context + 1, device=self._device)
        nothing = torch.empty(0, dtype=torch.int64, device=self._device)
        self._items, self._written, self._rooms = nothing, nothing, nothing  # per row: item, tokens, most tokens
        self._logits = torch.empty(0, model.vocab_size, dtype=model.compute_dtype, device=self._device)
        self._n_steps = 0

    @property
    def n_rows(self) -> int:
        """Rows that have not left."""
        return len(self._items)

    @property
    def has_room(self) -> bool:
        """Whether prompts should be read now: a quarter of the slots at once, not a few each step."""
        enough: bool = self._slots.n_free >= self._enough
        return enough

    def admit(self, waiting: list[tuple[tuple[int, ...], list[int]]]) -> None:
        """Read as many of the waiting prompts as there is room for, from the end of the list."""
        prompts: list[tuple[int, ...]] = []
        rows: list[int] = []
        items: list[int] = []
        n_free = self._slots.n_free
        while waiting and len(prompts) < PROMPTS and len(items) < n_free:
            prompt, of_prompt = waiting.pop()
            taken, left = of_prompt[: n_free - len(items)], of_prompt[n_free - len(items) :]
            if left:
                waiting.append((prompt, left))
            rows += [len(prompts)] * len(taken)
            items += taken
            prompts.append(prompt)
        longest = max(map(len, prompts))
        padded = torch.tensor([[*prompt, *(PAD,) * (longest - len(prompt))] for prompt in prompts], device=self._device)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=self._device)
        ends = torch.arange(len(prompts), device=self._device) * longest + lengths - 1
        prefix = Prefix()
        logits = self._model(padded, prefix, wanted=ends)
        of_row = torch.tensor(rows, device=self._device)
        self._slots.admit(prefix, of_row, lengths[of_row])
        new = torch.tensor(items, device=self._device)
        self._items = torch.cat((self._items, new))
        self._written = torch.cat((self._written, torch.zeros_like(new)))
        self._rooms = torch.cat((self._rooms, self._context - lengths[of_row]))
        self._logits = torch.cat((self._logits, logits[of_row]))

    def step(self) -> None:
        """Write a token in every row, let rows that end leave, and compute the logits of the others."""
        limits = self._limits
        uniform = self._draws[self._items, self._written.clamp_max(self._draws.shape[1] - 1)]
        token, nats = choose(self._logits, uniform, limits.temperature, limits.top_k, limits.top_p)
        self._tokens[self._items, self._written] = token
        self._nats[self._items, self._written] = nats.float()
        done = (token == self._stop) | (self._written + 1 >= self._rooms)
        self._written = torch.where(done, self._context, self._written + 1)
        self._n_steps += 1
        if self._device.type == "cpu" or self._n_steps % LOOK_EVERY == 0:
            token = self._leave(token, done)
        if self.n_rows:
            positions = self._slots.begin_step()
            self._logits = self._model(token[:, None], self._slots, positions=positions)[:, 0]
            self._slots.end_step()

    def _leave(self, token: Tensor, done: Tensor) -> Tensor:
        """Let ended rows leave once they are many enough to be worth it; returns the tokens of those that stay."""
        n_done = int(done.sum())
        if n_done <= self.n_rows // 16 and n_done < self.n_rows:
            return token
        self._collect(self._items[done])
        stay = (~done).nonzero()[:, 0]
        self._slots.keep(stay)
        self._items, self._written, self._rooms = self._items[stay], self._written[stay], self._rooms[stay]
        self._logits = self._logits[:0]
        return token[stay]

    def _collect(self, items: Tensor) -> None:
        """Take up the texts of items that have ended."""
        rows = zip(items.tolist(), self._tokens[items].tolist(), self._nats[items].tolist(), strict=True)
        for item, tokens, nats in rows:
            length = tokens.index(NOT_WRITTEN)
            nats = nats[:length]
            text = Completion(tuple(tokens[:length]), sum(nats), tokens[length - 1] == self._stop, tuple(nats))
            self.texts[item] = text
            if self._on_text is not None:
                self._on_text(item, text)


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
