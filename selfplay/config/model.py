"""The transformer."""

from __future__ import annotations

from dataclasses import dataclass

from selfplay.config.checks import require, require_not_negative, require_positive


@dataclass(frozen=True)
class RopeScaling:
    """Rotary frequencies stretched for long contexts, as Llama 3.1 has them (Grattafiori et al. 2024, 2407.21783).

    Attributes:
        factor: By which low frequencies are divided.
        low_freq_factor: Wavelengths above `original_context / low_freq_factor` are divided whole.
        high_freq_factor: Wavelengths below `original_context / high_freq_factor` are left; between, interpolated.
        original_context: Positions the model was trained on before.
    """

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_context: int

    def __post_init__(self) -> None:
        for name in ("factor", "low_freq_factor", "high_freq_factor", "original_context"):
            require_positive(f"model.rope_scaling.{name}", getattr(self, name))
        good = self.low_freq_factor < self.high_freq_factor
        require(good, f"model.rope_scaling.low_freq_factor = {self.low_freq_factor}: must be below high_freq_factor")


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the transformer, in Qwen3's terms.

    Attributes:
        d_model: Width of the residual stream.
        n_layer: Blocks.
        n_head: Query heads.
        n_kv_head: Key-value heads, shared by groups of query heads.
        head_dim: Size of a head.
        d_ff: Width of the feed-forward; with experts, of each.
        n_experts: Experts in place of each feed-forward (`model.experts`); 0 for none.
        n_active: Of these, how many read a token.
        balance: Weight of the loss that keeps experts in even use.
        rope_theta: Base of the rotary frequencies.
        norm_eps: Added to mean squares.
        tie_embeddings: Whether the output matrix is the embedding.
        qk_norm: Whether queries and keys are normalised per head: Qwen3 does, Llama does not.
        rope_scaling: Null for plain rotary positions.
        context_length: Longest sequence in tokens: task, answer and role tokens together.
        from_hf: Folder of a Hugging Face checkpoint (Qwen3 or Llama) that a run starts from, with its tokenizer; all
            keys above but `context_length` are then the checkpoint's.
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
    qk_norm: bool = True
    rope_scaling: RopeScaling | None = None
    context_length: int = 64
    n_experts: int = 0
    n_active: int = 2
    balance: float = 0.01
    from_hf: str | None = None

    def __post_init__(self) -> None:
        for name in ("d_model", "n_layer", "n_head", "n_kv_head", "head_dim", "d_ff", "rope_theta", "norm_eps"):
            require_positive(f"model.{name}", getattr(self, name))
        require(self.context_length >= 8, f"model.context_length = {self.context_length}: needs at least 8 tokens")
        require(self.head_dim % 2 == 0, f"model.head_dim = {self.head_dim}: rotary positions need an even size")
        for name in ("n_experts", "balance"):
            require_not_negative(f"model.{name}", getattr(self, name))
        routed = self.n_experts == 0 or 1 <= self.n_active <= self.n_experts
        require(routed, f"model.n_active = {self.n_active}: must lie between 1 and model.n_experts = {self.n_experts}")
        divides = self.n_head % self.n_kv_head == 0
        require(divides, f"model.n_kv_head = {self.n_kv_head}: must divide model.n_head = {self.n_head}")
