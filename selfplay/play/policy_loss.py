"""Policy-gradient and preference losses: pure functions of log-probabilities.

Shapes: B texts, T tokens. Log-probabilities are of the tokens that were sampled, in nats, and 0 where `mask` is.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Averaging = Literal["text", "token", "constant"]


def clipped_loss(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    averaging: Averaging = "token",
    longest: int | None = None,
) -> Tensor:
    """The clipped surrogate (PPO, Schulman et al. 2017, 1707.06347, eq. 7), to be minimised.

    At the first step after sampling, where `old_logprobs` are `logprobs`, its gradient is that of REINFORCE.

    Args:
        logprobs: `(B, T)` of the model being trained.
        old_logprobs: `(B, T)` of the model that sampled; no gradient flows into them.
        advantages: `(B,)`.
        mask: `(B, T)` bool, the sampled tokens.
        clip_low: The ratio counts down to 1 - this.
        clip_high: And up to 1 + this; larger than `clip_low` is DAPO's clip-higher (2503.14476).
        averaging: `text`: mean over a text's tokens, then over texts (GRPO); `token`: over all tokens (DAPO);
            `constant`: the sum over B times `longest`, so that a long wrong answer costs no less a token (Dr. GRPO).
        longest: Tokens a text may have, for `constant`.

    Returns:
        A scalar, nats times advantage.
    """
    ratio = (logprobs - old_logprobs.detach()).exp()
    weight = advantages[:, None]
    gain = torch.minimum(ratio * weight, ratio.clamp(1.0 - clip_low, 1.0 + clip_high) * weight)
    return -average(gain, mask, averaging, longest)


def average(values: Tensor, mask: Tensor, averaging: Averaging, longest: int | None = None) -> Tensor:
    """The mean of `(B, T)` values over the tokens of `mask`; see `clipped_loss`.

    Raises:
        ValueError: `constant` without `longest`.
    """
    kept = values * mask
    match averaging:
        case "text":
            return (kept.sum(1) / mask.sum(1).clamp_min(1)).mean()
        case "token":
            return kept.sum() / mask.sum().clamp_min(1)
        case "constant":
            if longest is None:
                raise ValueError("averaging = constant needs longest, the tokens a text may have")
            return kept.sum() / (len(values) * longest)


def divergence(logprobs: Tensor, base_logprobs: Tensor, mask: Tensor) -> Tensor:
    """An estimate of KL(model || base) a token that is never negative: exp(d) - 1 - d with d = base - model.

    Unbiased where the tokens were drawn from the model (Schulman's third estimator, as in GRPO's eq. 4).
    """
    difference = base_logprobs.detach() - logprobs
    return average(difference.exp() - 1.0 - difference, mask, "token")


def preference_loss(
    chosen: Tensor, rejected: Tensor, base_chosen: Tensor, base_rejected: Tensor, *, beta: float
) -> Tensor:
    """DPO (Rafailov et al. 2023, 2305.18290, eq. 7), mean over pairs.

    Args:
        chosen: `(B,)` log-probability of the verified answer of each pair, summed over its tokens.
        rejected: `(B,)` of the refuted one.
        base_chosen: `(B,)` under the reference model.
        base_rejected: `(B,)` likewise.
        beta: Strength of the tie to the reference.
    """
    margin = (chosen - base_chosen.detach()) - (rejected - base_rejected.detach())
    return -F.logsigmoid(beta * margin).mean()
