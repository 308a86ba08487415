"""Sampling and scoring against transformers' Qwen3 with the same weights, one CPU thread.

Sampling: prompts of 16 to 64 tokens, new ones up to the end token or a full context
(transformers: up to 128 of them), temperature 1; the rate counts tokens up to the end token.
Scoring: log-probabilities of texts of mixed lengths; the peer pads them, in the given order or sorted by length.
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
from _peers import SIZES, VOCABULARY

from selfplay.data.encoding import Text
from selfplay.model.gpt import GPT
from selfplay.model.hf import qwen3_config, to_qwen3
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import END, PAD
from selfplay.play.evaluate import nats

N_PROMPTS, BATCH, N_NEW = 256, 256, 128


def pair(name: str) -> tuple[GPT, Any]:
    """Our model and transformers' with its weights, in bf16, which is its faster precision here."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    model = GPT(SIZES[name], VOCABULARY, torch.Generator().manual_seed(0)).eval()
    shape = {k: v for k, v in qwen3_config(SIZES[name], VOCABULARY).items() if k not in ("architectures", "model_type")}
    theirs = Qwen3ForCausalLM(Qwen3Config(**shape)).eval()
    theirs.load_state_dict(to_qwen3(model), strict=False)
    return model, theirs.to(torch.bfloat16)


@torch.inference_mode()
def hf_sample(model: Any, prompts: list[list[int]], cache: str | None) -> int:
    """Useful tokens of `generate` over left-padded prompts."""
    n_useful = 0
    for start in range(0, len(prompts), BATCH):
        some = prompts[start : start + BATCH]
        width = max(map(len, some))
        tokens = torch.tensor([[PAD] * (width - len(p)) + p for p in some])
        extra = {"cache_implementation": cache} if cache else {}
        out = model.generate(
            tokens, attention_mask=(tokens != PAD).long(), do_sample=True, top_k=0, max_new_tokens=N_NEW,
            eos_token_id=END, pad_token_id=PAD, **extra,
        )[:, width:].tolist()  # fmt: skip
        n_useful += sum(row.index(END) + 1 if END in row else len(row) for row in out)
    return n_useful


@torch.inference_mode()
def hf_score(model: Any, texts: list[list[int]]) -> int:
    """Log-probabilities of padded texts, 32 at a time."""
    for start in range(0, len(texts), 32):
        some = texts[start : start + 32]
        width = max(map(len, some))
        tokens = torch.tensor([t + [PAD] * (width - len(t)) for t in some])
        model(tokens[:, :-1]).logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None])
    return sum(len(text) - 1 for text in texts)


def rates(ways: dict[str, Callable[[], int]], repeats: int) -> dict[str, float]:
    """Median tokens a second of each; all take turns."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(repeats + 1):
        for way, function in ways.items():
            start = time.perf_counter()
            n_tokens = function()
            if number:
                found[way].append(n_tokens / (time.perf_counter() - start))
    return {way: statistics.median(values) for way, values in found.items()}


def measure(name: str, repeats: int) -> dict[str, Any]:
    """Both comparisons at one size."""
    model, theirs = pair(name)
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(16, 65, (N_PROMPTS,), generator=generator).tolist()
    prompts = [torch.randint(4, VOCABULARY, (n,), generator=generator).tolist() for n in lengths]

    def ours(prompts: list[list[int]], n: int) -> int:
        return sum(len(c.tokens) for c in Sampler(model).sample(prompts, key=0, stop=END, n_per_prompt=n))

    texts = [Text(tuple(p), 0) for p in prompts]
    by_length = sorted(prompts, key=len)

    def our_score() -> int:
        nats(model, texts)
        return sum(text.n_tokens for text in texts)

    sampling = rates(
        {
            "ours": lambda: ours(prompts, 1),
            "ours, 8 a prompt": lambda: ours(prompts[: N_PROMPTS // 8], 8),
            "hf dynamic": lambda: hf_sample(theirs, prompts, None),
            "hf static": lambda: hf_sample(theirs, prompts, "static"),
        },
        repeats,
    )
    scoring = rates(
        {"ours": our_score, "hf": lambda: hf_score(theirs, prompts), "hf sorted": lambda: hf_score(theirs, by_length)},
        repeats,
    )
    return {"size": name, "sampling": sampling, "scoring": scoring}


def main() -> None:
    """Time the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = []
    for name in arguments.sizes:
        row = measure(name, arguments.repeats)
        found.append(row)
        for what in ("sampling", "scoring"):
            for way, rate in row[what].items():
                print(f"{name:<8}{what:<10}{way:<20}{rate:>10,.0f} tokens/s", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
