"""A mixture of experts in place of the feed-forward, with Qwen3's routing (Yang et al. 2025, 2505.09388).

Each token goes to the `n_active` experts that a router finds most likely, weighted by these probabilities scaled to a
sum of 1. So that no expert is left idle, training adds the load-balancing loss of the Switch Transformer (Fedus et al.
2022, 2101.03961, eq. 4). It enters as a gradient and not as a number, once for each part of a step: reported losses
are of the texts alone. Not covered: a limit on an expert's tokens, shared experts, and experts on several devices.
Padding is routed like text.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from selfplay.config import ModelConfig


class Experts(nn.Module):
    """A router and its experts."""

    def __init__(self, config: ModelConfig, experts: list[nn.Module], router: nn.Module) -> None:
        """`experts` take and return `(W, D)`; `router` gives `(W, n_experts)` logits."""
        super().__init__()
        self.n_active, self.balance = config.n_active, config.balance
        self.router = router
        self.experts = nn.ModuleList(experts)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, D)` to `(B, T, D)`; an expert reads its own tokens and no others."""
        tokens = x.reshape(-1, x.shape[-1])
        probabilities = self.router(tokens).float().softmax(-1)
        weights, chosen = probabilities.topk(self.n_active, dim=-1)  # (W, n_active) each
        weights = weights / weights.sum(-1, keepdim=True)
        if self.training and self.balance > 0:
            weights = _AddedLoss.apply(weights, self.balance * imbalance(probabilities, chosen))
        mixed = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            rows, places = (chosen == number).nonzero(as_tuple=True)
            read = expert(tokens[rows]) * weights[rows, places, None].to(tokens.dtype)  # of none: gradients are 0
            mixed = mixed.index_add(0, rows, read)
        return mixed.view_as(x)


def imbalance(probabilities: Tensor, chosen: Tensor) -> Tensor:
    """1 where experts are used evenly, up to their number where one is used for all (Fedus et al. 2022, eq. 4).

    Args:
        probabilities: `(W, n_experts)` of the router.
        chosen: `(W, n_active)` experts of each token.

    Returns:
        A scalar.
    """
    n_experts = probabilities.shape[-1]
    used = torch.zeros(n_experts, device=chosen.device)
    used = used.index_add(0, chosen.flatten(), torch.ones(chosen.numel(), device=chosen.device)) / chosen.numel()
    return n_experts * (used * probabilities.mean(0)).sum()


class _AddedLoss(torch.autograd.Function):
    """Passes values through, and on the way back gives a loss of its own the gradient it would have in the sum."""

    @staticmethod
    def forward(context: Any, values: Tensor, loss: Tensor) -> Tensor:
        context.shape, context.dtype = loss.shape, loss.dtype
        return values.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        return gradient, torch.ones(context.shape, dtype=context.dtype, device=gradient.device)
