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
        data_seed: Of the real data, where it is not `seed`: the members of an ensemble share theirs.
    """

    data: DataConfig
    arm: ArmConfig = field(default_factory=ArmConfig)
    budget_tokens: int = 1_000_000
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    device: DeviceConfig = field(default_factory=DeviceConfig)
    data_seed: int | None = None

    def __post_init__(self) -> None:
        require_positive("budget_tokens", self.budget_tokens)
        require(self.arm.n_real is None, f"arm.n_real = {self.arm.n_real}: is for studies; use data.n_real")
        require(self.arm.play is None, "arm.play: is for studies; use play")
        require_arm(self.arm, self.data)
        plain = self.optim.name == "adamw" and self.arm.learner.start == "current"
        fits = self.device.strategy != "fsdp" or plain
        require(fits, "device.strategy = fsdp: needs optim.name: adamw and learner.start: current; use ddp")
        object.__setattr__(self, "optim", self.optim.for_model(self.model))  # so the number is saved with the run
        spent, learner = self.arm.learner.n_teachers * self.play.start_tokens, self.arm.learner
        pays = learner.kind != "distill" or self.budget_tokens > spent * self.arm.n_members
        require(
            pays,
            f"budget_tokens = {self.budget_tokens}: arm.learner.n_teachers = {learner.n_teachers} teachers of "
            f"play.start_tokens = {self.play.start_tokens} leave the student nothing; raise it or train fewer",
        )

        alone = self.model.from_hf is None or (self.arm.n_members, learner.n_teachers) == (1, 1)
        require(
            alone, f"model.from_hf = {self.model.from_hf}: members and teachers would all begin alike; use 1 of each"
        )

        shared = self.device.n_devices == 1 or (self.arm.n_members, learner.n_teachers) == (1, 1)
        require(
            shared, f"device.n_devices = {self.device.n_devices}: members and teachers are runs of one process; use 1"
        )

    @property
    def real_seed(self) -> int:
        """The seed of the real data."""
        return self.seed if self.data_seed is None else self.data_seed

    @property
    def n_taught_tokens(self) -> int:
        """Training tokens that went into the teachers of a student that is drawn afresh; 0 without one."""
        new = self.arm.learner.start == "new"
        return self.arm.learner.n_teachers * self.play.start_tokens if new else 0
