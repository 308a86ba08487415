"""One training job."""

from __future__ import annotations

from dataclasses import dataclass, field

from selfplay.config.arm import ArmConfig, require_arm
from selfplay.config.checks import require, require_positive
from selfplay.config.data import DataConfig
from selfplay.config.model import ModelConfig
from selfplay.config.optim import DeviceConfig, OptimConfig
from selfplay.config.play import PlayConfig


@dataclass(frozen=True)
class RunConfig:
    """One self-play training job: everything its result depends on.

    Attributes:
        data: Real tasks.
        arm: Parts of the loop.
        budget_tokens: Training tokens to spend.
        seed: Of every stream.
        model: Transformer.
        optim: Optimizer; a learning rate of `auto` becomes a number here.
        play: Self-play.
        device: Where it runs.
    """

    data: DataConfig
    arm: ArmConfig = field(default_factory=ArmConfig)
    budget_tokens: int = 1_000_000
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    device: DeviceConfig = field(default_factory=DeviceConfig)

    def __post_init__(self) -> None:
        require_positive("budget_tokens", self.budget_tokens)
        require(self.arm.n_real is None, f"arm.n_real = {self.arm.n_real}: is for studies; use data.n_real")
        require(self.arm.play is None, "arm.play: is for studies; use play")
        require_arm(self.arm, self.data)
        plain = self.optim.name == "adamw" and self.arm.learner.start == "current"
        fits = self.device.strategy != "fsdp" or plain
        require(fits, "device.strategy = fsdp: needs optim.name: adamw and learner.start: current; use ddp")
        object.__setattr__(self, "optim", self.optim.for_model(self.model))  # so the number is saved with the run
