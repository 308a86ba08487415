"""Sampling against transformers' `generate` with the same weights, one CPU thread, all ways taking turns.

Prompts of 16 to 64 tokens; new ones up to the end token, 128 (transformers) or a full context of 192 (ours);
temperature 1. A rate counts tokens up to the end token. The peer has all rows in one batch, padded on the left, with a
growing and with a static cache, in fp32 and in bf16; ratios are to its best way. With eight samples a prompt both get
the prompts once and are asked for eight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from _measure import best, options, rates, write
from _peers import DTYPES, SIZES, ceiling, ours, prompts_of, qwen3

from selfplay.model.flops import decode_flops, forward_flops
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import END, PAD

N_ROWS, N_NEW = 256, 128


@torch.inference_mode()
def generate(model: Any, prompts: list[list[int]], n_each: int, cache: str) -> int:
    """Useful tokens of the peer."""
    width = max(map(len, prompts))
    tokens = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts])
    extra = {} if cache == "dynamic" else {"cache_implementation": cache}
    out = model.generate(
        tokens, attention_mask=(tokens != PAD).long(), do_sample=True, top_k=0, max_new_tokens=N_NEW,
        eos_token_id=END, pad_token_id=PAD, num_return_sequences=n_each, **extra,
    )[:, width:].tolist()  # fmt: skip
    return sum(row.index(END) + 1 if END in row else len(row) for row in out)


def sample(model: GPT, prompts: list[list[int]], n_each: int) -> int:
    """Useful tokens of ours."""
    return sum(len(text.tokens) for text in Sampler(model).sample(prompts, key=0, stop=END, n_per_prompt=n_each))


def measure(name: str, n_each: int, repeats: int) -> dict[str, Any]:
    """Tokens a second of every way at one size."""
    prompts = prompts_of(N_ROWS // n_each, 16, 64)
    ways: dict[str, Callable[[], int]] = {}
    for precision, dtype in DTYPES.items():
        model = ours(name, dtype)
        ways[f"ours {precision}"] = lambda model=model: sample(model, prompts, n_each)
        theirs = qwen3(model, dtype)
        for cache in ("dynamic", "static"):
            ways[f"hf {precision} {cache}"] = lambda theirs=theirs, cache=cache: generate(
                theirs, prompts, n_each, cache
            )
    found = rates(ways, repeats)
    config = SIZES[name]
    flops = forward_flops(config, 128, map(len, prompts)) / n_each + sum(
        decode_flops(config, 128, len(prompt), N_NEW) for prompt in prompts
    )
    return {
        "size": name,
        "samples_per_prompt": n_each,
        "tokens_per_s": found,
        "over_hf": best(found, "ours") / best(found, "hf"),
        "share_of_ceiling": best(found, "ours") * flops / (len(prompts) * N_NEW) / ceiling(torch.bfloat16),
    }


def main() -> None:
    """Time the sizes asked for."""
    arguments = options(__doc__, list(SIZES), repeats=3)
    found = []
    for name in arguments.sizes:
        for n_each in (1, 8):
            row = measure(name, n_each, arguments.repeats)
            found.append(row)
            for way, rate in row["tokens_per_s"].items():
                print(f"{name:<8}{n_each} a prompt  {way:<20}{rate:>10,.0f} tokens/s")
            print(
                f"{name:<8}{n_each} a prompt  {row['over_hf']:.2f} times the best of transformers; "
                f"{row['share_of_ceiling']:.0%} of the bf16 matrix-product ceiling",
                flush=True,
            )
    write(arguments.json, found)


if __name__ == "__main__":
    main()
