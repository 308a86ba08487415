"""Arms side by side."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from selfplay.config.arm import ArmConfig, require_arm
from selfplay.config.checks import require, require_not_negative
from selfplay.config.data import DataConfig
from selfplay.config.model import ModelConfig
from selfplay.config.optim import DeviceConfig, OptimConfig
from selfplay.config.play import PlayConfig
from selfplay.config.run import RunConfig
from selfplay.scaling.claim import Rule


@dataclass(frozen=True)
class StudyConfig:
    """Arms side by side: every arm at every seed and budget is one run.

    Attributes:
        name: Title of the report.
        data: Real tasks, the same for all arms.
        arms: The arms; verdicts compare them with those called `baseline` and `fresh`.
        budgets_tokens: Training-token budgets, each a run of its own with its own schedule.
        seeds: Replicates: data, initial weights and every other draw.
        primary: The arm the verdict is about.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data, the yardstick of every other; null where real data is a fixed corpus,
            which leaves losses comparable and the verdict undecided.
        verdict: How the verdict is read; registered in the study's folder before the first run.
        model: Transformer.
        optim: Optimizer.
        play: Self-play.
        device: Where runs compute.
        n_workers: Runs side by side; 0 is one per CPU core.
    """

    name: str
    data: DataConfig
    arms: list[ArmConfig]
    budgets_tokens: list[int]
    seeds: list[int]
    primary: str = "verified"
    baseline: str = "real"
    fresh: str | None = "fresh"
    verdict: Rule = field(default_factory=Rule)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    device: DeviceConfig = field(default_factory=DeviceConfig)
    n_workers: int = 0

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        require(bool(names), "arms is empty: name at least one")
        require(len(set(names)) == len(names), f"arms: a name is used twice in {', '.join(names)}")
        distinct = 0 < len(self.seeds) == len(set(self.seeds))
        require(distinct, f"seeds = {self.seeds}: need at least one, and none twice")
        require(bool(self.budgets_tokens), "budgets_tokens is empty: name at least one")
        for budgets in (self.budgets_tokens, *(arm.budgets_tokens or [] for arm in self.arms)):
            good = len(set(budgets)) == len(budgets) and min(budgets, default=1) > 0
            require(good, f"budgets_tokens = {budgets}: need distinct numbers above 0")
        for role in ("primary", "baseline", "fresh"):
            name = getattr(self, role)
            known = name in names or (role == "fresh" and name is None)
            require(known, f"{role} = {name}: not one of the arms {', '.join(names)}")
        require_not_negative("n_workers", self.n_workers)
        n_devices = self.device.n_devices
        require(n_devices == 1, f"device.n_devices = {n_devices}: a study runs whole runs side by side; see n_workers")
        for arm in self.arms:
            require_arm(arm, self.data)
        self.optim.for_model(self.model)  # refuses a model that `auto` knows no rate for

    def run(self, arm: ArmConfig, seed: int, budget_tokens: int) -> RunConfig:
        """The run of one cell."""
        data = replace(self.data, n_real=arm.n_real or self.data.n_real)
        play = arm.play or self.play
        arm = replace(arm, n_real=None, play=None)
        return RunConfig(data, arm, budget_tokens, seed, self.model, self.optim, play, self.device)
