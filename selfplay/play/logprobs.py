"""Log-probabilities of given tokens: texts read in one pass each, short with short."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from selfplay.data.encoding import Text, collate
from selfplay.model.gpt import GPT

BATCH_TEXTS = 256


def of_targets(logits: Tensor, targets: Tensor) -> Tensor:
    """`(B, T)` log-probabilities in nats of `(B, T)` targets under `(B, T, V)` logits."""
    return logits.float().log_softmax(-1).gather(-1, targets[..., None])[..., 0]


@torch.inference_mode()
def token_logprobs(model: GPT, texts: Sequence[Text]) -> list[Tensor]:
    """For each text the log-probabilities `(n_tokens,)` of its predicted tokens, on the CPU, in nats."""
    model.eval()
    device = model.embedding.weight.device
    order = sorted(range(len(texts)), key=lambda index: texts[index].n_tokens)
    found: dict[int, Tensor] = {}
    for start in range(0, len(order), BATCH_TEXTS):
        members = order[start : start + BATCH_TEXTS]
        batch = collate([texts[index] for index in members])
        values = of_targets(model(batch.inputs.to(device)), batch.targets.to(device)).cpu()
        for row, index in enumerate(members):
            found[index] = values[row, : texts[index].n_tokens].clone()
    return [found[index] for index in range(len(texts))]
