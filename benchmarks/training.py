"""A training step as the product takes it, against transformers' Qwen3 and a minimal GPT of the same shapes.

32 texts of 128 tokens, every token wanted, clipping and fused AdamW, one CPU thread. All ways take turns; the ratios
are to the fastest way of each peer. The bound is the time of the matrix products alone at the measured ceiling.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from _peers import SIZES, VOCABULARY, MinimalGPT, ceiling
from torch import nn

from selfplay.config import OptimConfig
from selfplay.data.encoding import Batch
from selfplay.model.architecture import write_architecture
from selfplay.model.flops import BACKWARD, forward_flops
from selfplay.model.gpt import GPT
from selfplay.model.optim import build_optimizer
from selfplay.play.learn import wanted_loss

ROWS, TOKENS = 32, 128
Step = Callable[[], None]


def ours(name: str, tokens: torch.Tensor, dtype: torch.dtype, *, compiled: bool) -> Step:
    """The product's step: `wanted_loss`, its optimizer and clipping."""
    model = GPT(SIZES[name], VOCABULARY, torch.Generator().manual_seed(0)).train()
    model.compute_dtype = dtype
    optimizer = build_optimizer(model, OptimConfig(), 0.1)
    if compiled:
        model.compile()
    inputs = tokens[:, :-1]
    is_task = (torch.arange(TOKENS) < TOKENS // 2).expand(ROWS, -1)
    batch = Batch(inputs, tokens[:, 1:], is_task, ~is_task)

    def step() -> None:
        wanted_loss(model, batch, 1.0).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def peer(model: nn.Module, tokens: torch.Tensor, *, autocast: bool, compiled: bool) -> Step:
    """The step that everybody writes."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    if compiled:
        model.compile()

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            out = model(tokens[:, :-1])
            logits = getattr(out, "logits", out)
            loss = F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def steps_of(name: str) -> dict[str, Step]:
    """Every way to take the step."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(4, VOCABULARY, (ROWS, TOKENS + 1), generator=generator)
    ways = {"fp32": (False, False), "autocast": (True, False), "autocast compiled": (True, True)}
    made = {
        "ours fp32": ours(name, tokens, torch.float32, compiled=False),
        "ours bf16": ours(name, tokens, torch.bfloat16, compiled=False),
        "ours bf16 compiled": ours(name, tokens, torch.bfloat16, compiled=True),
    }
    said = write_architecture(SIZES[name], VOCABULARY)
    shape = {key: value for key, value in said.items() if key not in ("architectures", "model_type")}
    for way, (autocast, compiled) in ways.items():
        hf = Qwen3ForCausalLM(Qwen3Config(**shape, use_cache=False))
        made[f"hf {way}"] = peer(hf, tokens, autocast=autocast, compiled=compiled)
        minimal = MinimalGPT(SIZES[name], VOCABULARY)
        made[f"minimal {way}"] = peer(minimal, tokens, autocast=autocast, compiled=compiled)
    return made


def measure(name: str, repeats: int) -> dict[str, Any]:
    """Tokens a second of every way, and the ratios of the targets."""
    steps = steps_of(name)
    for step in steps.values():
        step(), step()
    times: dict[str, list[float]] = {way: [] for way in steps}
    for _ in range(repeats):
        for way, step in steps.items():
            start = time.perf_counter()
            step()
            times[way].append(time.perf_counter() - start)
    rate = {way: ROWS * TOKENS / statistics.median(found) for way, found in times.items()}
    best = {
        kind: max(value for way, value in rate.items() if way.startswith(kind)) for kind in ("ours", "hf", "minimal")
    }
    flops = (1 + BACKWARD) * forward_flops(SIZES[name], VOCABULARY, [TOKENS] * ROWS) / (ROWS * TOKENS)
    return {
        "size": name,
        "tokens_per_s": rate,
        "over_hf": best["ours"] / best["hf"],
        "over_minimal": best["ours"] / best["minimal"],
        "share_of_ceiling": best["ours"] * flops / ceiling(torch.bfloat16),
    }


def main() -> None:
    """Time the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
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
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
