"""Whether and how the training step goes through torch.compile."""

from __future__ import annotations

import sys

import torch
from torch._dynamo.exc import TorchDynamoException
from torch._inductor.exc import InductorError, InvalidCxxCompiler

from selfplay.config import RunConfig
from selfplay.model.gpt import GPT

LONG_RUN_FLOPS = 3e13
"""Training FLOPs from which a run is long enough: about 15 minutes of one core, of which compiling takes 10 to 30 s."""


def is_long(model: GPT, budget_tokens: int) -> bool:
    """Whether compiling is repaid, by the usual estimate of 6 FLOPs a weight and token."""
    n_parameters: int = sum(p.numel() for p in model.parameters())
    return 6 * n_parameters * budget_tokens >= LONG_RUN_FLOPS


def compiler_works() -> bool:
    """Whether a compiled function runs here; says on standard error if not."""
    try:
        torch.compile(lambda x: x.sin() + 1)(torch.ones(8))
    except (TorchDynamoException, InductorError, InvalidCxxCompiler, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        print(f"device.compiled: no working compiler ({reason}); training goes on uncompiled", file=sys.stderr)
        return False
    return True


def compile_training(model: GPT, config: RunConfig) -> None:
    """Compile the model in place if the configuration asks for it and a compiler works.

    Only the model that trains: sampling and scoring change grad mode and shapes at every call, and recompile.
    """
    asked = config.device.compiled
    if config.model.n_experts:  # how many tokens an expert reads changes at every step, and would be compiled anew
        if asked == "on":
            raise ValueError("device.compiled = on: not with model.n_experts; use auto or off")
        return
    if asked == "off" or (asked == "auto" and not is_long(model, config.budget_tokens)):
        return
    if compiler_works():
        model.compile()
