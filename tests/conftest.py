"""Shared by all tests: one torch thread, few hypothesis examples by default, tiny configurations."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import settings

from envs.math.arithmetic import Arithmetic
from selfplay.config import ArmConfig, DataConfig, ModelConfig, OptimConfig, PlayConfig, RunConfig, TaskConfig

settings.register_profile("selfplay", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("selfplay")
torch.set_num_threads(1)


@pytest.fixture
def tiny_model() -> ModelConfig:
    return ModelConfig(d_model=16, n_layer=2, n_head=2, n_kv_head=1, head_dim=8, d_ff=32, context_length=16)


@pytest.fixture
def tiny_run(tiny_model: ModelConfig) -> RunConfig:
    """A run of a second: two rounds before self-play, three with it."""
    return RunConfig(
        data=DataConfig([TaskConfig(Arithmetic(operations="+", max_digits=2), levels=[1, 2], level_weights=[0.1, 0.9])],
                        n_real=100, n_validation=20, n_heldout=30, n_accuracy=10),
        arm=ArmConfig(name="verified", proposer="model"),
        budget_tokens=15_000,
        model=tiny_model,
        optim=OptimConfig(lr=1e-2, warmup_tokens=500, batch_size=16, dropout=0.1, ema_decay=0.8),
        play=PlayConfig(round_tokens=3_000, start_tokens=6_000, n_proposals=100, n_attempts=3),
    )  # fmt: skip


@pytest.fixture
def unverified_run(tiny_run: RunConfig) -> RunConfig:
    """The same with a judge that accepts all, so that the store is never empty."""
    from selfplay.config import JudgeConfig

    return replace(tiny_run, arm=ArmConfig(name="unverified", proposer="model", judge=JudgeConfig("accept-all")))
