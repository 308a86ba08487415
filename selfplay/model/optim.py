"""AdamW (Loshchilov and Hutter 2019), its schedule over tokens, and averaged weights."""

from __future__ import annotations

import torch
from torch import nn

from selfplay.config import OptimConfig


def build_optimizer(model: nn.Module, config: OptimConfig, weight_decay: float) -> torch.optim.AdamW:
    """AdamW with decay on matrices and none on norms."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


def learning_rate(config: OptimConfig, n_tokens: int, budget_tokens: int) -> float:
    """Warm-up-stable-decay (Hu et al. 2024, 2404.06395) after `n_tokens` of the budget.

    Up to the decay the rate does not depend on the budget, so runs of several budgets share their beginning.
    """
    decay_tokens = config.decay_fraction * budget_tokens
    rise = min(1.0, n_tokens / config.warmup_tokens) if config.warmup_tokens else 1.0
    left = budget_tokens - n_tokens
    fall = min(1.0, max(0.0, left / decay_tokens)) if decay_tokens else 1.0
    return config.lr * min(rise, fall)


@torch.no_grad()
def average_weights(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move `average` towards `model`: average = decay * average + (1 - decay) * model, in place."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1.0 - decay)
