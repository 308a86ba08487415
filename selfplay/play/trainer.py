"""The optimizer step that every learner shares: backward, clip, step, average."""

from __future__ import annotations

import torch
from lightning.fabric import Fabric
from torch import Tensor

from selfplay.config import OptimConfig
from selfplay.model.optim import average_weights
from selfplay.play.state import RunState


class Trainer:
    """Computes logits of the model being trained and steps its weights down a loss."""

    def __init__(self, fabric: Fabric, forward: torch.nn.Module, state: RunState, config: OptimConfig) -> None:
        """`forward` is `state.model` as Fabric wrapped it."""
        self.fabric, self.forward, self._state, self._config = fabric, forward, state, config

    def begin(self, seed: int) -> None:
        """Set training mode and the draws of dropout."""
        torch.manual_seed(seed)
        self.forward.train()

    def accumulate(self, loss: Tensor) -> Tensor:
        """Add the gradients of one part of a step's loss; returns it without its graph."""
        self.fabric.backward(loss)
        return loss.detach()

    def step(self, loss: Tensor, lr: float) -> Tensor:
        """One step down `loss`; returns it without its graph."""
        state = self._state
        for group in state.optimizer.param_groups:
            group["lr"] = lr
        self.fabric.backward(loss)
        torch.nn.utils.clip_grad_norm_(state.model.parameters(), self._config.clip_norm)
        state.optimizer.step()
        state.optimizer.zero_grad()
        average_weights(state.average, state.model, self._config.ema_decay)
        state.step += 1
        return loss.detach()
