"""The optimizer step that every learner shares: backward, clip, step, average.

A step whose loss or gradient norm is not a number, or infinite, changes nothing and is counted. The flag that says so
stays on the device: the fused optimizer reads it there (as it does for loss scaling), so a GPU is not waited for.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor

from selfplay.config import OptimConfig
from selfplay.model.optim import average_weights
from selfplay.play.exchange import n_processes, summed
from selfplay.play.sharding import gathered_weights
from selfplay.play.state import RunState
from selfplay.ranks import rank
from selfplay.streams import derive

STEPS_A_LOOK = 32
"""Steps between looks at an accelerator's count of skipped steps; each look waits for the device."""


class Trainer:
    """Computes logits of the model being trained and steps its weights down a loss."""

    def __init__(self, fabric: Fabric, forward: torch.nn.Module, state: RunState, config: OptimConfig) -> None:
        """`forward` is `state.model` as Fabric wrapped it."""
        self.fabric, self.forward, self._state, self._config = fabric, forward, state, config
        self._look_every = 1 if fabric.device.type == "cpu" else STEPS_A_LOOK
        self._seed = 0
        self._loss = torch.zeros((), device=fabric.device)  # of the parts of the step so far

    def begin(self, seed: int) -> None:
        """Set training mode and the draws of dropout."""
        self._seed = seed
        torch.manual_seed(seed)
        self.forward.train()

    def begin_step(self, number: int) -> None:
        """Of several processes each has draws of dropout of its own, named so that none of them need be saved."""
        if n_processes() > 1:
            torch.manual_seed(derive(self._seed, number, rank()))

    def more_to_come(self) -> AbstractContextManager[None]:
        """Around a part of a step that is not the last: processes add up their gradients once a step."""
        context: AbstractContextManager[None] = self.fabric.no_backward_sync(self.forward, enabled=n_processes() > 1)
        return context

    def place(self, data: Any) -> Any:
        """A batch or a tensor on the device; from pinned memory, so that a GPU takes it while the host goes on."""
        if self.fabric.device.type == "cuda":
            data = apply_to_collection(data, Tensor, Tensor.pin_memory)
        return self.fabric.to_device(data)

    def accumulate(self, loss: Tensor) -> None:
        """Add the gradients of one part of a step's loss."""
        # Processes average their gradients, and the loss is the sum of theirs.
        self.fabric.backward(loss * n_processes() if n_processes() > 1 else loss)
        self._loss = self._loss + loss.detach()

    def step(self, loss: Tensor, lr: float) -> Tensor:
        """One step down the sum over processes of `loss` and of the parts before it.

        Returns:
            That sum without its graph, the same in each process, or 0 where the step was skipped.

        Raises:
            ValueError: More than `optim.max_skipped_steps` steps in a row were skipped.
        """
        state = self._state
        for group in state.optimizer.param_groups:
            group["lr"] = lr
        self.accumulate(loss)
        norm = self._clip()
        loss, self._loss = summed(self._loss), torch.zeros_like(self._loss)  # so processes agree on what is bad
        bad = ~(loss.isfinite() & norm.isfinite())
        state.skipped.count(bad)
        inner = getattr(state.optimizer, "optimizer", state.optimizer)  # Fabric's wrapper has one inside
        inner.found_inf = bad.float()
        state.optimizer.step()
        state.optimizer.zero_grad()
        with gathered_weights(state.shards):
            average_weights(state.average, state.model, self._config.ema_decay)
        state.step += 1
        if state.step % self._look_every == 0 and state.skipped.longest > self._config.max_skipped_steps:
            raise self._failure(f"{state.skipped.longest} steps in a row had none to take", loss.item(), norm.item())
        return torch.where(bad, 0.0, loss)

    def _clip(self) -> Tensor:
        """Scale the gradients down to the norm allowed; returns the norm they had."""
        state, most = self._state, self._config.clip_norm
        if state.shards is None:
            norm = torch.nn.utils.clip_grad_norm_(state.model.parameters(), most)
        else:
            norm = self.fabric.clip_gradients(self.forward, state.optimizer, max_norm=most, error_if_nonfinite=False)
        assert norm is not None
        return norm

    def require_finite(self) -> None:
        """Refuse weights that are no longer numbers: no later step could mend them.

        Raises:
            ValueError: They are not.
        """
        finite = torch.stack([weight.isfinite().all() for weight in self._state.model.parameters()])
        if summed((~finite).sum()):
            raise self._failure("weights are no longer finite numbers", None, None)

    def _failure(self, what: str, loss: float | None, norm: float | None) -> ValueError:
        state, lr = self._state, self._state.optimizer.param_groups[0]["lr"]
        seen = "" if loss is None else f" (loss {loss:.4g}, gradient norm {norm:.4g})"
        return ValueError(
            f"training diverged in round {state.round}, step {state.step}, at a learning rate of {lr:.4g}: {what}{seen}"
            f"; run again with optim.lr below {self._config.rate:g} under another --out (checkpoint.ckpt holds the last"
            " round before)"
        )
