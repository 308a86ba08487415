"""A training step as the product takes it, against transformers' Qwen3 and a minimal GPT of the same shapes.

32 texts of 128 tokens, every token wanted, clipping and fused AdamW, one CPU thread. All ways take turns; the ratios
are to the fastest way of each peer. The bound is the time of the matrix products alone at the measured ceiling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from _measure import best, options, rates, write
from _peers import SIZES, VOCABULARY, MinimalGPT, ceiling, qwen3
from _peers import ours as model_of
from torch import nn

from selfplay.config import OptimConfig
from selfplay.data.encoding import Batch
from selfplay.model.flops import BACKWARD, forward_flops
from selfplay.model.optim import build_optimizer
from selfplay.play.learn import wanted_loss

ROWS, TOKENS = 32, 128
Step = Callable[[], int]


def ours(name: str, tokens: torch.Tensor, dtype: torch.dtype, *, compiled: bool) -> Step:
    """The product's step: `wanted_loss`, its optimizer and clipping."""
    model = model_of(name, dtype).train()
    optimizer = build_optimizer(model, OptimConfig(), 0.1)
    if compiled:
        model.compile()
    inputs = tokens[:, :-1]
    is_task = (torch.arange(TOKENS) < TOKENS // 2).expand(ROWS, -1)
    batch = Batch(inputs, tokens[:, 1:], is_task, ~is_task)

    def step() -> int:
        wanted_loss(model, batch, 1.0).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return ROWS * TOKENS

    return step


def peer(model: nn.Module, tokens: torch.Tensor, *, autocast: bool, compiled: bool) -> Step:
    """The step that everybody writes."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    if compiled:
        model.compile()

    def step() -> int:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            out = model(tokens[:, :-1])
            logits = getattr(out, "logits", out)
            loss = F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return ROWS * TOKENS

    return step


def steps_of(name: str) -> dict[str, Step]:
    """Every way to take the step."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(4, VOCABULARY, (ROWS, TOKENS + 1), generator=generator)
    ways = {"fp32": (False, False), "autocast": (True, False), "autocast compiled": (True, True)}
    made = {
        "ours fp32": ours(name, tokens, torch.float32, compiled=False),
        "ours bf16": ours(name, tokens, torch.bfloat16, compiled=False),
        "ours bf16 compiled": ours(name, tokens, torch.bfloat16, compiled=True),
    }
    for way, (autocast, compiled) in ways.items():
        hf = qwen3(model_of(name, torch.float32), torch.float32)
        hf.config.use_cache = False
        made[f"hf {way}"] = peer(hf, tokens, autocast=autocast, compiled=compiled)
        minimal = MinimalGPT(SIZES[name], VOCABULARY)
        made[f"minimal {way}"] = peer(minimal, tokens, autocast=autocast, compiled=compiled)
    return made


def measure(name: str, repeats: int) -> dict[str, Any]:
    """Tokens a second of every way, and the ratios of the targets."""
    steps = steps_of(name)
    for step in steps.values():
        step()
    rate = rates(steps, repeats)
    flops = (1 + BACKWARD) * forward_flops(SIZES[name], VOCABULARY, [TOKENS] * ROWS) / (ROWS * TOKENS)
    return {
        "size": name,
        "tokens_per_s": rate,
        "over_hf": best(rate, "ours") / best(rate, "hf"),
        "over_minimal": best(rate, "ours") / best(rate, "minimal"),
        "share_of_ceiling": best(rate, "ours") * flops / ceiling(torch.bfloat16),
    }


def main() -> None:
    """Time the sizes asked for."""
    arguments = options(__doc__, list(SIZES), repeats=9)
    found = []
    for name in arguments.sizes:
        row = measure(name, arguments.repeats)
        found.append(row)
        for way, rate in row["tokens_per_s"].items():
            print(f"{name:<8}{way:<28}{rate:>10,.0f} tokens/s")
        print(
            f"{name:<8}ratio to the best hf {row['over_hf']:.2f}, to the best minimal {row['over_minimal']:.2f}; "
            f"{row['share_of_ceiling']:.0%} of the bf16 matrix-product ceiling",
            flush=True,
        )
    write(arguments.json, found)


if __name__ == "__main__":
    main()
