"""Log-probabilities of given texts against transformers' forward with the same weights, one CPU thread, in turn.

512 texts of 16 to 64 tokens; a rate counts the predicted tokens, padding not. Ours is `token_nats`. The peer reads 64
texts a batch without a cache, padded on the right, in the order given and sorted by length, in fp32 and in bf16, and
takes the log-probability of each target; ratios are to its best dtype. The compiled forward is an experiment that the
product does not make, and counts in no ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from _measure import best, options, rates, write
from _peers import DTYPES, SIZES, VOCABULARY, ceiling, ours, prompts_of, qwen3

from selfplay.model.flops import forward_flops
from selfplay.model.gpt import GPT, in_one_dtype
from selfplay.model.scoring import batches, of_targets, token_nats
from selfplay.model.tokenizer import PAD

N_TEXTS, SHORTEST, LONGEST, PEER_BATCH = 512, 16, 64, 64
Texts = Sequence[Sequence[int]]


def predicted(texts: Texts) -> int:
    """Tokens that are scored."""
    return sum(len(text) - 1 for text in texts)


@torch.inference_mode()
def of_batches(forward: Callable[[torch.Tensor], torch.Tensor], batches_of_texts: Sequence[Texts]) -> int:
    """Score batches padded to their longest text; returns the tokens scored."""
    for texts in batches_of_texts:
        width = max(map(len, texts))
        tokens = torch.tensor([[*text, *(PAD,) * (width - len(text))] for text in texts])
        of_targets(forward(tokens[:, :-1]), tokens[:, 1:])
    return sum(map(predicted, batches_of_texts))


def own(model: GPT, texts: Texts) -> int:
    """The product's way."""
    token_nats(model, texts)
    return predicted(texts)


def peer(model: Any, texts: Texts, *, in_order: bool) -> int:
    """transformers' forward."""
    texts = sorted(texts, key=len) if in_order else texts
    read = [texts[start : start + PEER_BATCH] for start in range(0, len(texts), PEER_BATCH)]
    return of_batches(lambda tokens: model(tokens, use_cache=False).logits, read)


def compiled(model: GPT, texts: Texts) -> Callable[[], int]:
    """Batches as `token_nats` makes them, through a compiled forward."""
    forward = torch.compile(in_one_dtype(model), dynamic=True)
    read = [[texts[index] for index in members] for members in batches([len(text) - 1 for text in texts])]
    return lambda: of_batches(forward, read)


def measure(name: str, repeats: int) -> dict[str, Any]:
    """Tokens a second of every way at one size."""
    texts = prompts_of(N_TEXTS, SHORTEST, LONGEST)
    ways: dict[str, Callable[[], int]] = {}
    for precision, dtype in DTYPES.items():
        model = ours(name, dtype)
        theirs = qwen3(model, dtype)
        ways[f"ours {precision}"] = lambda model=model: own(model, texts)
        ways[f"experiment {precision} compiled"] = compiled(model, texts)
        ways[f"padded hf {precision}"] = lambda theirs=theirs: peer(theirs, texts, in_order=False)
        ways[f"sorted hf {precision}"] = lambda theirs=theirs: peer(theirs, texts, in_order=True)
    found = rates(ways, repeats)
    flops = forward_flops(SIZES[name], VOCABULARY, [len(text) - 1 for text in texts]) / predicted(texts)
    return {
        "size": name,
        "tokens_per_s": found,
        "over_padded": best(found, "ours") / best(found, "padded"),
        "over_sorted": best(found, "ours") / best(found, "sorted"),
        "compiled_over_ours": best(found, "experiment") / best(found, "ours"),
        "share_of_ceiling": best(found, "ours") * flops / ceiling(torch.bfloat16),
    }


def main() -> None:
    """Time the sizes asked for."""
    chosen = options(__doc__, list(SIZES), repeats=5)
    found = []
    for name in chosen.sizes:
        row = measure(name, chosen.repeats)
        found.append(row)
        for way, rate in row["tokens_per_s"].items():
            print(f"{name:<8}{way:<28}{rate:>10,.0f} tokens/s")
        print(
            f"{name:<8}{row['over_padded']:.2f} times the best padded, {row['over_sorted']:.2f} times the best sorted; "
            f"{row['share_of_ceiling']:.0%} of the bf16 matrix-product ceiling; "
            f"compiled {row['compiled_over_ours']:.2f} times ours",
            flush=True,
        )
    write(chosen.json, found)


if __name__ == "__main__":
    main()
