"""FLOPs of the model as executed without padding: 2 per multiply-add of every matrix product, nothing else.

The convention of PyTorch's own counter, which the tests compare with. Attention is charged over the full
square when a text is read at once, because that is what runs; a decoded token is charged for the tokens
before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from selfplay.config import ModelConfig

BACKWARD = 2
"""A backward pass costs twice the forward: one product for the input's gradient, one for the weight's."""


def matrix_parameters(config: ModelConfig, vocab_size: int) -> int:
    """Parameters that every token is multiplied with, the output matrix included: of experts those that read it."""
    attention = config.d_model * config.head_dim * (2 * config.n_head + 2 * config.n_kv_head)
    n_read, router = (config.n_active, config.d_model * config.n_experts) if config.n_experts else (1, 0)
    feed_forward = n_read * 3 * config.d_model * config.d_ff + router
    return config.n_layer * (attention + feed_forward) + config.d_model * vocab_size


def idle_parameters(config: ModelConfig) -> int:
    """Parameters of the experts that do not read a token: all parameters less these are the active ones."""
    n_idle = max(config.n_experts - config.n_active, 0)
    return config.n_layer * n_idle * 3 * config.d_model * config.d_ff


def attention_flops(config: ModelConfig, n_queries: int, n_keys: int) -> int:
    """Scores and mixing of all layers for one text."""
    return 4 * config.n_layer * config.n_head * config.head_dim * n_queries * n_keys


def forward_flops(config: ModelConfig, vocab_size: int, lengths: Iterable[int]) -> int:
    """Reading texts of the given lengths, each at once."""
    per_token = 2 * matrix_parameters(config, vocab_size)
    return sum(per_token * n + attention_flops(config, n, n) for n in lengths)


def decode_flops(config: ModelConfig, vocab_size: int, n_read: int, n_new: int) -> int:
    """Writing `n_new` tokens one by one after `n_read` tokens whose keys and values are cached.

    The last of them is never read back, so `n_new - 1` tokens pass through the model.
    """
    per_token = 2 * matrix_parameters(config, vocab_size)
    n_passes = max(n_new - 1, 0)
    n_keys = n_passes * n_read + n_passes * (n_passes + 1) // 2
    return per_token * n_passes + attention_flops(config, 1, 1) * n_keys
