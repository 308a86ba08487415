"""Frequencies of rotary positions (Su et al. 2021, 2104.09864), plain or stretched as Llama 3.1 does."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selfplay.config import ModelConfig


def rotary_frequencies(config: ModelConfig) -> Tensor:
    """`(head_dim / 2,)` radians a position."""
    frequencies = config.rope_theta ** (-torch.arange(0, config.head_dim, 2) / config.head_dim)
    scaling = config.rope_scaling
    if scaling is None:
        return frequencies
    turns = scaling.original_context * frequencies / (2 * math.pi)  # within the context of before
    kept = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)
    kept = kept.clamp(0.0, 1.0)
    return frequencies * kept + frequencies / scaling.factor * (1.0 - kept)
