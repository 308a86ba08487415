"""AdamW (Loshchilov and Hutter 2019) and Muon, their schedule over tokens, and averaged weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from selfplay.config import OptimConfig


def build_optimizer(model: nn.Module, config: OptimConfig, weight_decay: float) -> torch.optim.AdamW:
    """The configured optimizer, with decay on matrices and none on norms."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    betas = (config.beta1, config.beta2)
    if config.name == "adamw":
        return torch.optim.AdamW(groups, lr=config.rate, betas=betas, fused=True)
    inner = {
        id(p) for name, p in model.named_parameters() if p.ndim == 2 and not name.startswith(("embedding", "head"))
    }
    matrices = groups[0]["params"]
    groups[0]["params"] = [p for p in matrices if id(p) not in inner]
    muon = {"params": [p for p in matrices if id(p) in inner], "weight_decay": weight_decay, "orthogonal": True}
    return Muon([*groups, muon], lr=config.rate, betas=betas, fused=True)


class Muon(torch.optim.AdamW):
    """Momentum, made orthogonal, for the groups marked `orthogonal`; AdamW for the others (Jordan et al. 2024).

    Updates are scaled to the size that AdamW's have, so that one learning rate and one weight decay serve both
    (Liu et al. 2025, 2502.16982).
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step; the gradients of orthogonal groups are taken."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"] if group.get("orthogonal") else ():
                if weight.grad is not None:
                    self._move(weight, group)
                    weight.grad = None  # so that AdamW passes it over
        super().step()
        return loss

    def _move(self, weight: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())  # AdamW looks for it when a state is loaded; never counted
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp(weight.grad, 1.0 - MUON_MOMENTUM)
        update = orthogonal(weight.grad.lerp(momentum, MUON_MOMENTUM))
        moved = weight * (1.0 - group["lr"] * group["weight_decay"])
        moved.add_(update, alpha=-0.2 * max(weight.shape) ** 0.5 * group["lr"])
        bad = getattr(self, "found_inf", torch.zeros((), device=weight.device)) > 0  # as fused AdamW reads it
        state["momentum"] = torch.where(bad, state["momentum"], momentum)
        weight.copy_(torch.where(bad, weight, moved))


MUON_MOMENTUM = 0.95


def orthogonal(matrix: Tensor) -> Tensor:
    """Roughly the nearest matrix with orthonormal rows or columns: five Newton-Schulz steps (Jordan et al. 2024).

    Singular values end between about 0.7 and 1.2, which is as good here and cheaper than 1.
    """
    x = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T


def learning_rate(config: OptimConfig, n_tokens: int, budget_tokens: int) -> float:
    """Warm-up-stable-decay (Hu et al. 2024, 2404.06395) after `n_tokens` of the budget.

    Up to the decay the rate does not depend on the budget, so runs of several budgets share their beginning.
    """
    decay_tokens = config.decay_fraction * budget_tokens
    rise = min(1.0, n_tokens / config.warmup_tokens) if config.warmup_tokens else 1.0
    left = budget_tokens - n_tokens
    fall = min(1.0, max(0.0, left / decay_tokens)) if decay_tokens else 1.0
    return config.rate * min(rise, fall)


@torch.no_grad()
def average_weights(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move `average` towards `model`: average = decay * average + (1 - decay) * model, in place."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1.0 - decay)
