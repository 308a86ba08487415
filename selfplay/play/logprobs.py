"""Log-probabilities of the predicted tokens of texts."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from selfplay.data.encoding import Text
from selfplay.model.gpt import GPT
from selfplay.model.scoring import token_nats


def token_logprobs(model: GPT, texts: Sequence[Text]) -> list[Tensor]:
    """For each text the log-probabilities `(n_tokens,)` of its predicted tokens, on the CPU, in nats."""
    found: list[Tensor] = token_nats(model, [text.tokens for text in texts])
    return found
