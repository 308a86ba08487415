"""Weights of which each device holds a part (FSDP, Zhao et al. 2023, 2304.11277).

The averaged weights, which sample and are measured, are whole on every device. Written for CUDA and not run there: no
machine of this project has two devices.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.fsdp import FullyShardedDataParallel

_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


def sharded(forward: torch.nn.Module) -> torch.nn.Module | None:
    """The part of a module as Fabric wrapped it that shards its weights, if any does."""
    return next((module for module in forward.modules() if isinstance(module, FullyShardedDataParallel)), None)


def gathered_weights(shards: torch.nn.Module | None) -> AbstractContextManager[None]:
    """Within it the model's parameters are whole, and must not be changed."""
    if shards is None:
        return nullcontext()
    context: AbstractContextManager[None] = FullyShardedDataParallel.summon_full_params(shards, writeback=False)
    return context


def whole_state(shards: torch.nn.Module, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Weights and the optimizer's state on the CPU of the first process, by the names of parameters."""
    model: dict[str, Any] = get_model_state_dict(shards, options=_WHOLE)
    moments: dict[str, Any] = get_optimizer_state_dict(shards, optimizer, options=_WHOLE)
    return model, moments


def load_whole_state(
    shards: torch.nn.Module, optimizer: torch.optim.Optimizer, model: dict[str, Any], moments: dict[str, Any]
) -> None:
    """Take over what `whole_state` returned; every process has it."""
    set_model_state_dict(shards, model, options=StateDictOptions(full_state_dict=True))
    set_optimizer_state_dict(shards, optimizer, moments, options=StateDictOptions(full_state_dict=True))
