"""Log-probabilities of given texts: each read in one pass, short with short, so that little is read for nothing.

Texts share a pass up to `BATCH_TOKENS`, padded on the right to the longest; no token sees what is after it, so padding
needs no mask, and what a text scores does not depend on its company (up to the rounding of matrix products).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from selfplay.model.gpt import GPT, in_one_dtype
from selfplay.model.tokenizer import PAD

BATCH_TOKENS = 2_048
"""Tokens read together, padding included: fewer leave matrix products small, more do not stay in a CPU's caches."""

LOGIT_BYTES = 2**28
"""Logits of a pass, in fp32, are kept to this; a large vocabulary is read in smaller passes."""


def batches(lengths: Sequence[int], most: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Indices of texts to read together, the shortest first; a text longer than `most` has a batch of its own."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > most:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


@torch.inference_mode()
def token_nats(model: GPT, texts: Sequence[Sequence[int]], dtype: torch.dtype | None = None) -> list[Tensor]:
    """Log-probability of every token but the first of each text, given those before it.

    Args:
        model: Is put into evaluation mode.
        texts: Token ids, two or more each.
        dtype: To compute in; the model's when absent.

    Returns:
        For each text `(n - 1,)` fp32 on the CPU, in nats.
    """
    model.eval()
    model, device = in_one_dtype(model, dtype), model.embedding.weight.device
    found: dict[int, Tensor] = {}
    most = min(BATCH_TOKENS, LOGIT_BYTES // (4 * model.vocab_size))
    for members in batches([len(text) - 1 for text in texts], most):
        width = max(len(texts[index]) for index in members)
        tokens = torch.tensor([[*texts[index], *(PAD,) * (width - len(texts[index]))] for index in members])
        tokens = tokens.to(device)
        values = of_targets(model(tokens[:, :-1]), tokens[:, 1:]).cpu()
        for row, index in enumerate(members):
            found[index] = values[row, : len(texts[index]) - 1].clone()
    return [found[index] for index in range(len(texts))]


def of_targets(logits: Tensor, targets: Tensor) -> Tensor:
    """`(B, T)` log-probabilities in nats of `(B, T)` targets under `(B, T, V)` logits."""
    logits = logits.float()
    return logits.gather(-1, targets[..., None])[..., 0] - logits.logsumexp(-1)
