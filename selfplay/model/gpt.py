"""A decoder-only transformer with the parameterisation of Qwen3 (Yang et al. 2025, 2505.09388).

Pre-norm blocks of grouped-query attention with RMSNorm on queries and keys (per head), rotary positions and a
SwiGLU feed-forward; no biases. The q-k-v and gate-up matrices are fused, because small matrix products starve
every machine; splitting their rows gives Qwen3's own tensors. Dropout (Qwen3 has none) is on the residual
branches and the embedding, for the data-limited runs that need it.

Shapes: B batch, T tokens, V vocabulary, D width, H query heads, K key-value heads, E head size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selfplay.config import ModelConfig


@dataclass(slots=True)
class Cache:
    """Keys and values of the tokens read so far, preallocated.

    Attributes:
        keys: Per layer `(B, K, T_max, E)`.
        values: Per layer `(B, K, T_max, E)`.
        length: Tokens already stored; one write index for all rows.
    """

    keys: list[Tensor]
    values: list[Tensor]
    length: int = 0

    def take(self, rows: Tensor) -> Cache:
        """The cache of the given rows `(B',)`, which may repeat."""
        return Cache([k[rows] for k in self.keys], [v[rows] for v in self.values], self.length)


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


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding in the half-split convention: `(B, H, T, E)` by `(T, E)` tables."""
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class Attention(nn.Module):
    """Causal grouped-query attention with normalised queries and keys."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head, self.n_kv_head, self.head_dim = config.n_head, config.n_kv_head, config.head_dim
        self.qkv = Linear(config.d_model, (config.n_head + 2 * config.n_kv_head) * config.head_dim)
        self.out = Linear(config.n_head * config.head_dim, config.d_model)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`; with a cache the T tokens follow those stored in it."""
        batch, n_tokens, _ = x.shape
        heads = self.qkv(x).view(batch, n_tokens, -1, self.head_dim).transpose(1, 2)
        q, k, v = heads.split((self.n_head, self.n_kv_head, self.n_kv_head), dim=1)
        q, k = rotate(self.q_norm(q), cos, sin), rotate(self.k_norm(k), cos, sin)
        if cache is not None:
            end = cache.length + n_tokens
            cache.keys[layer][:, :, cache.length : end] = k
            cache.values[layer][:, :, cache.length : end] = v
            k, v = cache.keys[layer][:, :, :end], cache.values[layer][:, :, :end]
        mixed = attend(q, k, v)
        return self.out(mixed.transpose(1, 2).reshape(batch, n_tokens, -1))


WRITTEN_OUT_KEYS = 16
"""Up to so many keys a CPU computes attention as plain products; above, the fused kernel is 2 to 3 times faster.

At the few keys of a short task either may win: the products on a CPU with bf16 matrix units, the kernel without.
"""


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention: queries `(B, H, T, E)` are the last T of the S keys and values `(B, K, S, E)`."""
    n_queries, n_keys = q.shape[2], k.shape[2]
    # The fused kernel's backward pass in bf16 takes most of a training step on a CPU: written out it is faster, 1.2 to
    # 1.5 times.
    trains_in_bf16 = q.dtype is torch.bfloat16 and torch.is_grad_enabled()
    if not q.is_cuda and (n_keys <= WRITTEN_OUT_KEYS or trains_in_bf16):
        return _attend_written_out(q, k, v)
    grouped = k.shape[1] != q.shape[1]
    if n_queries in (1, n_keys):
        return F.scaled_dot_product_attention(q, k, v, is_causal=n_queries > 1, enable_gqa=grouped)
    mask = torch.ones(n_queries, n_keys, dtype=torch.bool, device=q.device).tril(n_keys - n_queries)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped)


def _attend_written_out(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Two batched products with the queries of a group side by side."""
    batch, n_head, n_queries, head_dim = q.shape
    n_kv_head, n_keys = k.shape[1], k.shape[2]
    grouped = q.reshape(batch, n_kv_head, -1, head_dim) * head_dim**-0.5
    weights = (grouped @ k.transpose(-1, -2)).view(batch, n_head, n_queries, n_keys)
    if n_queries > 1:
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
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int, dropout: float) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`; `dropout` is 0 outside training."""
        attended = self.attention(self.attention_norm(x).to(cos.dtype), cos, sin, cache, layer)
        x = x + F.dropout(attended, dropout)
        return x + F.dropout(self.feed_forward(self.feed_forward_norm(x).to(cos.dtype)), dropout)


class GPT(nn.Module):
    """Tokens to next-token logits.

    Attributes:
        dropout: Probability in training.
        compute_dtype: Of matrix products and attention; weights and the residual stream keep their own. Casting by
            hand is faster than autocast at the sizes that train on a CPU.
    """

    cos: Tensor
    sin: Tensor

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
        frequencies = config.rope_theta ** (-torch.arange(0, config.head_dim, 2) / config.head_dim)
        angles = torch.outer(torch.arange(config.context_length), frequencies).repeat(1, 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        residual_std = 0.02 / math.sqrt(2 * config.n_layer)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                std = residual_std if name.endswith(("attention.out.weight", "down.weight")) else 0.02
                nn.init.normal_(parameter, std=std, generator=generator)

    def forward(self, tokens: Tensor, cache: Cache | None = None, wanted: Tensor | None = None) -> Tensor:
        """Logits `(B, T, V)` of `(B, T)` int64 tokens.

        With a cache the tokens follow those stored, and are stored. The caller advances nothing: the cache's
        length grows here, once per call. With `wanted`, `(W,)` indices into the B * T tokens, only their logits
        are computed: `(W, V)`.
        """
        start = 0 if cache is None else cache.length
        end = start + tokens.shape[1]
        cos, sin = self.cos[start:end].to(self.compute_dtype), self.sin[start:end].to(self.compute_dtype)
        dropout = self.dropout if self.training else 0.0
        x = F.dropout(self.embedding(tokens), dropout)
        for layer, block in enumerate(self.blocks):
            x = block(x, cos, sin, cache, layer, dropout)
        if cache is not None:
            cache.length = end
        if wanted is not None:
            x = x.flatten(0, 1)[wanted]
        return self.head(self.norm(x).to(self.compute_dtype))

    def empty_cache(self, n_rows: int, length: int) -> Cache:
        """A cache for `n_rows` rows of up to `length` tokens, on the model's device and in its dtype."""
        config = self.config
        shape = (n_rows, config.n_kv_head, length, config.head_dim)
        device = self.embedding.weight.device
        keys, values = (
            [torch.empty(shape, dtype=self.compute_dtype, device=device) for _ in self.blocks] for _ in range(2)
        )
        return Cache(keys, values)
