"""What the engine is compared with: transformers' Qwen3 with our weights, and a small GPT as everybody writes it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selfplay.config import ModelConfig
from selfplay.model.architecture import write_architecture
from selfplay.model.gpt import GPT
from selfplay.model.hf import named_as_theirs

VOCABULARY = 128
SIZES = {
    "d64L2": ModelConfig(64, 2, 2, 2, 32, 192, context_length=192),
    "d128L4": ModelConfig(128, 4, 2, 2, 64, 384, context_length=192),
    "d256L6": ModelConfig(256, 6, 4, 4, 64, 768, context_length=192),
}
"""Widths and depths of about 0.1, 0.9 and 4.9 million parameters."""


class MinimalGPT(nn.Module):
    """A decoder of the well-known kind: learned positions, LayerNorm, fused attention, GELU, tied embeddings."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        width = config.d_model
        self.n_head = config.n_head
        self.embedding = nn.Embedding(vocab_size, width)
        self.position = nn.Embedding(config.context_length, width)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm1": nn.LayerNorm(width),
                    "qkv": nn.Linear(width, 3 * width),
                    "out": nn.Linear(width, width),
                    "norm2": nn.LayerNorm(width),
                    "up": nn.Linear(width, 4 * width),
                    "down": nn.Linear(4 * width, width),
                }
            )
            for _ in range(config.n_layer)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocab_size, bias=False)
        self.head.weight = self.embedding.weight
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """`(B, T)` to `(B, T, V)`."""
        batch, n_tokens = tokens.shape
        x = self.embedding(tokens) + self.position.weight[:n_tokens]
        for block in self.blocks:
            q, k, v = block["qkv"](block["norm1"](x)).view(batch, n_tokens, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + block["out"](mixed.transpose(1, 2).reshape(batch, n_tokens, -1))
            x = x + block["down"](F.gelu(block["up"](block["norm2"](x))))
        return self.head(self.norm(x))


def ceiling(dtype: torch.dtype, size: int = 1_024) -> float:
    """Multiply-adds times two a second that a large square matrix product reaches here; the best of nine."""
    import time

    a, b = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    best = math.inf
    for _ in range(9):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def qwen3(model: GPT, dtype: torch.dtype) -> Any:
    """transformers' model with our weights."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    said = write_architecture(model.config, model.vocab_size)
    shape = {name: value for name, value in said.items() if name not in ("architectures", "model_type")}
    theirs = Qwen3ForCausalLM(Qwen3Config(**shape)).eval()
    theirs.load_state_dict(named_as_theirs(model), strict=False)
    return theirs.to(dtype)


def ours(name: str, dtype: torch.dtype) -> GPT:
    """Our model of a size, in a compute dtype."""
    model = GPT(SIZES[name], VOCABULARY, torch.Generator().manual_seed(0)).eval()
    model.compute_dtype = dtype
    return model


def prompts_of(n: int, shortest: int, longest: int) -> list[list[int]]:
    """Random prompts of lengths drawn evenly."""
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(shortest, longest + 1, (n,), generator=generator).tolist()
    return [torch.randint(4, VOCABULARY, (length,), generator=generator).tolist() for length in lengths]


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
