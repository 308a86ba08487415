"""The learning rate that suits a model's size: a power law through a sweep over sizes (docs/learning-rate.md).

It was fitted for AdamW with the defaults of `OptimConfig`, and speaks for the sizes that were swept and short runs. N
counts the matrix parameters of the blocks, so a large vocabulary does not change the rate.
"""

from __future__ import annotations

from selfplay.config.checks import require
from selfplay.config.model import ModelConfig

SCALE, POWER = 11.25, 0.687
"""rate = SCALE * N**-POWER, by `python examples/tune_lr.py`."""

SMALLEST, LARGEST = 20_480, 655_360
"""N of the smallest and the largest model of the sweep."""

REACH = 2
"""How far past either end the law is trusted, as a factor of N."""


def block_parameters(model: ModelConfig) -> int:
    """Matrix parameters of all blocks: attention and feed-forward, without embedding, output matrix and norms."""
    attention = model.d_model * model.head_dim * (2 * model.n_head + 2 * model.n_kv_head)
    return model.n_layer * (attention + 3 * model.d_model * model.d_ff)


def fitted_rate(model: ModelConfig) -> float:
    """The learning rate of the stable phase for a model of this size, to three digits.

    Raises:
        ValueError: The model is far smaller or larger than any of the sweep.
    """
    n = block_parameters(model)
    require(
        SMALLEST / REACH <= n <= LARGEST * REACH,
        f"optim.lr = auto: is known for {SMALLEST // REACH:,} to {LARGEST * REACH:,} block parameters, and this model "
        f"has {n:,}; give a number",
    )
    return float(f"{SCALE * n**-POWER:.3g}")
