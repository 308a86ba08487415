"""The transformer."""

from __future__ import annotations

from dataclasses import dataclass

from selfplay.config.checks import require, require_positive


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the transformer, in Qwen3's terms.

    Attributes:
        d_model: Width of the residual stream.
        n_layer: Blocks.
        n_head: Query heads.
        n_kv_head: Key-value heads, shared by groups of query heads.
        head_dim: Size of a head.
        d_ff: Width of the feed-forward.
        rope_theta: Base of the rotary frequencies.
        norm_eps: Added to mean squares.
        tie_embeddings: Whether the output matrix is the embedding.
        context_length: Longest sequence in tokens: task, answer and role tokens together.
    """

    d_model: int = 64
    n_layer: int = 3
    n_head: int = 4
    n_kv_head: int = 2
    head_dim: int = 16
    d_ff: int = 128
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-6
    tie_embeddings: bool = True
    context_length: int = 64

    def __post_init__(self) -> None:
        for name in ("d_model", "n_layer", "n_head", "n_kv_head", "head_dim", "d_ff", "rope_theta", "norm_eps"):
            require_positive(f"model.{name}", getattr(self, name))
        require(self.context_length >= 8, f"model.context_length = {self.context_length}: needs at least 8 tokens")
        require(self.head_dim % 2 == 0, f"model.head_dim = {self.head_dim}: rotary positions need an even size")
        divides = self.n_head % self.n_kv_head == 0
        require(divides, f"model.n_kv_head = {self.n_kv_head}: must divide model.n_head = {self.n_head}")
