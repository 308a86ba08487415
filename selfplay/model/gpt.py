"""A decoder-only transformer with the parameterisation of Qwen3 (Yang et al. 2025, 2505.09388).

Pre-norm blocks of grouped-query attention with RMSNorm on queries and keys (per head), rotary positions and a
SwiGLU feed-forward; no biases. The q-k-v and gate-up matrices are fused, because small matrix products starve
every machine; splitting their rows gives Qwen3's own tensors. Dropout (Qwen3 has none) is on the residual
branches and the embedding, for the data-limited runs that need it.

Shapes: B batch, T tokens, V vocabulary, D width, H query heads, K key-value heads, E head size.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selfplay.config import ModelConfig
from selfplay.model.experts import Experts
from selfplay.model.rotary import rotary_frequencies


class Memory(ABC):
    """Keys and values of tokens read before, which the layers of a model read with those of new tokens.

    Attributes:
        mask: `(B, 1, T, S)` bool, which of the S keys each new token may see; None for all that came before it.
    """

    mask: Tensor | None = None

    @abstractmethod
    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store `(B, K, T, E)` keys and values of new tokens; returns all there are, `(B, K, S, E)`."""

    @abstractmethod
    def attend(self, layer: int, attention: Attention, qkv: Tensor) -> Tensor | None:
        """Store and attend in one go from `(B, 1, X)` projections, to `(B, 1, H * E)`; None where this cannot."""


class Prefix(Memory):
    """Keeps what one pass reads: the keys and values `(B, K, T, E)` of each layer."""

    def __init__(self) -> None:
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """See `Memory.extend`."""
        self.keys.append(keys)
        self.values.append(values)
        return keys, values

    def attend(self, layer: int, attention: Attention, qkv: Tensor) -> Tensor | None:  # noqa: ARG002
        """See `Memory.attend`: this never does."""
        return None


class RMSNorm(nn.Module):
    """Scale to unit root mean square (Zhang and Sennrich 2019)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """`(..., size)` to the same shape."""
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


class Linear(nn.Linear):
    """A matrix kept in its own precision and multiplied in that of what it is given."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(..., n_in)` to `(..., n_out)`."""
        return F.linear(x, self.weight.to(x.dtype))


class Places(NamedTuple):
    """Where the tokens of a forward pass stand, and what they may see.

    Attributes:
        cos: `(T, E)`, or `(B, 1, T, E)` where rows differ.
        sin: Likewise.
        mask: `(B, 1, T, S)` bool; None is causal.
        memory: Of tokens read before.
    """

    cos: Tensor
    sin: Tensor
    mask: Tensor | None = None
    memory: Memory | None = None


def rotate(x: Tensor, places: Places) -> Tensor:
    """Rotary position embedding of `(B, H, T, E)` in the half-split convention."""
    left, right = x.chunk(2, dim=-1)
    return x * places.cos + torch.cat((-right, left), dim=-1) * places.sin


class Attention(nn.Module):
    """Causal grouped-query attention, by default with normalised queries and keys."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head, self.n_kv_head, self.head_dim = config.n_head, config.n_kv_head, config.head_dim
        self.qkv = Linear(config.d_model, (config.n_head + 2 * config.n_kv_head) * config.head_dim)
        self.out = Linear(config.n_head * config.head_dim, config.d_model)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps) if config.qk_norm else nn.Identity()
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps) if config.qk_norm else nn.Identity()

    def forward(self, x: Tensor, places: Places, layer: int) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`."""
        batch, n_tokens, _ = x.shape
        qkv, memory = self.qkv(x), places.memory
        if memory is not None and (mixed := memory.attend(layer, self, qkv)) is not None:
            return self.out(mixed)
        heads = qkv.view(batch, n_tokens, -1, self.head_dim).transpose(1, 2)
        q, k, v = heads.split((self.n_head, self.n_kv_head, self.n_kv_head), dim=1)
        q, k = rotate(self.q_norm(q), places), rotate(self.k_norm(k), places)
        if memory is not None:
            k, v = memory.extend(layer, k, v)
        mixed = attend(q, k, v, places.mask)
        return self.out(mixed.transpose(1, 2).reshape(batch, n_tokens, -1))


WRITTEN_OUT_KEYS = 16
"""Up to so many keys a CPU computes attention as plain products; above, the fused kernel is 2 to 3 times faster.

At the few keys of a short task either may win: the products on a CPU with bf16 matrix units, the kernel without.
"""


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention of queries `(B, H, T, E)`, the last T of the S keys and values `(B, K, S, E)`.

    Args:
        q: Queries.
        k: Keys.
        v: Values.
        mask: `(B, 1, T, S)` bool, the keys each query may see; None is causal.
    """
    n_queries, n_keys = q.shape[2], k.shape[2]
    # The fused kernel's backward pass in bf16 takes most of a training step on a CPU: written out it is faster, 1.2 to
    # 1.5 times; and for one query a row the kernel is slower at any length.
    trains_in_bf16 = q.dtype is torch.bfloat16 and torch.is_grad_enabled()
    if not q.is_cuda and (n_keys <= WRITTEN_OUT_KEYS or n_queries == 1 or trains_in_bf16):
        return _attend_written_out(q, k, v, mask)
    grouped = k.shape[1] != q.shape[1]
    if mask is None and n_queries not in (1, n_keys):
        mask = torch.ones(n_queries, n_keys, dtype=torch.bool, device=q.device).tril(n_keys - n_queries)
    causal = mask is None and n_queries > 1
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, enable_gqa=grouped)


def _attend_written_out(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Two batched products with the queries of a group side by side."""
    batch, n_head, n_queries, head_dim = q.shape
    n_kv_head, n_keys = k.shape[1], k.shape[2]
    grouped = q.reshape(batch, n_kv_head, -1, head_dim) * head_dim**-0.5
    weights = (grouped @ k.transpose(-1, -2)).view(batch, n_head, n_queries, n_keys)
    if mask is not None:
        weights = weights.masked_fill(~mask, -math.inf)
    elif n_queries > 1:
        future = torch.ones(n_queries, n_keys, dtype=torch.bool, device=q.device).triu(1 + n_keys - n_queries)
        weights = weights.masked_fill(future, -math.inf)
    if n_keys > WRITTEN_OUT_KEYS:
        weights = weights.softmax(-1).view(batch, n_kv_head, -1, n_keys)
        return (weights @ v).view(batch, n_head, n_queries, head_dim)
    # Not torch.softmax, which is ten times slower over a width that is not a multiple of the CPU's vectors.
    weights = (weights - weights.detach().amax(-1, keepdim=True)).exp()
    weights = (weights / weights.sum(-1, keepdim=True)).view(batch, n_kv_head, -1, n_keys)
    return (weights @ v).view(batch, n_head, n_queries, head_dim)


class FeedForward(nn.Module):
    """SwiGLU (Shazeer 2020)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_up = Linear(config.d_model, 2 * config.d_ff)
        self.down = Linear(config.d_ff, config.d_model)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class Block(nn.Module):
    """Attention and feed-forward, each on a normalised residual branch."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.d_model, config.norm_eps)
        self.feed_forward: nn.Module = FeedForward(config)
        if config.n_experts:
            experts: list[nn.Module] = [FeedForward(config) for _ in range(config.n_experts)]
            self.feed_forward = Experts(config, experts, Linear(config.d_model, config.n_experts))

    def forward(self, x: Tensor, places: Places, layer: int, dropout: float) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`; `dropout` is 0 outside training."""
        dtype = places.cos.dtype
        attended = self.attention(self.attention_norm(x).to(dtype), places, layer)
        x = x + F.dropout(attended, dropout)
        return x + F.dropout(self.feed_forward(self.feed_forward_norm(x).to(dtype)), dropout)


class GPT(nn.Module):
    """Tokens to next-token logits.

    Attributes:
        dropout: Probability in training.
        compute_dtype: Of matrix products and attention; weights and the residual stream keep their own. Casting by
            hand is faster than autocast at the sizes that train on a CPU.
    """

    cos: Tensor
    sin: Tensor
    n_members = 1  # an `Ensemble` has more

    def __init__(self, config: ModelConfig, vocab_size: int, generator: torch.Generator | None = None) -> None:
        """Build with weights drawn from `generator` (normal, 0.02; residual outputs smaller by depth, GPT-2)."""
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.dropout = 0.0
        self.compute_dtype = torch.float32
        self.embedding = nn.Embedding(vocab_size, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.head = Linear(config.d_model, vocab_size)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        angles = torch.outer(torch.arange(config.context_length), rotary_frequencies(config)).repeat(1, 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        residual_std = 0.02 / math.sqrt(2 * config.n_layer)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                std = residual_std if name.endswith(("attention.out.weight", "down.weight")) else 0.02
                nn.init.normal_(parameter, std=std, generator=generator)

    def forward(
        self,
        tokens: Tensor,
        memory: Memory | None = None,
        wanted: Tensor | None = None,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Logits `(B, T, V)` of `(B, T)` int64 tokens.

        Args:
            tokens: Of texts from their beginning on, or, with a memory, what follows the tokens in it.
            memory: Is read and extended.
            wanted: `(W,)` indices into the B * T tokens: only their logits are computed, `(W, V)`.
            positions: `(B, T)` int64, each token's place in its text; the T first ones when absent.
            mask: `(B, 1, T, T)` bool, what each token may see where it is not all before it.
        """
        if positions is None:
            cos, sin = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        else:
            cos, sin = self.cos[positions][:, None], self.sin[positions][:, None]
        mask = memory.mask if memory is not None else mask
        places = Places(cos.to(self.compute_dtype), sin.to(self.compute_dtype), mask, memory)
        dropout = self.dropout if self.training else 0.0
        x = F.dropout(self.embedding(tokens), dropout)
        for layer, block in enumerate(self.blocks):
            x = block(x, places, layer, dropout)
        if wanted is not None:
            x = x.flatten(0, 1)[wanted]
        return self.head(self.norm(x).to(self.compute_dtype))


def in_one_dtype(model: GPT, dtype: torch.dtype | None = None) -> GPT:
    """The model with its matrices in the dtype it computes in, its own unless another is given; itself where they are.

    What casts a matrix at every use casts it once: for reading and writing with weights that stay as they are.
    """
    wanted = dtype or model.compute_dtype
    if wanted == model.compute_dtype == model.embedding.weight.dtype:
        return model
    made = copy.deepcopy(model)
    made.compute_dtype = wanted
    for module in made.modules():
        if isinstance(module, Linear):
            module.weight = nn.Parameter(module.weight.detach().to(wanted), requires_grad=False)
    return made
