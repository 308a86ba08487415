"""What a YAML file of the project may say, as frozen dataclasses: data and range checks; no torch.

Defaults live here; a YAML file states what differs (`selfplay.configfile` reads it). Units are in the names:
`_tokens`, `_fraction` (0 to 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from envs.core import Corpus, Env, SolutionFirst
from selfplay.scaling.claim import Rule


def require(condition: bool, message: str) -> None:
    """Refuse a configuration: a ValueError of `message`, which names value and remedy, unless `condition` holds."""
    if not condition:
        raise ValueError(message)


def require_fraction(name: str, value: float) -> None:
    """Refuse a value outside [0, 1]."""
    require(0.0 <= value <= 1.0, f"{name} = {value}: must lie between 0 and 1")


def require_positive(name: str, value: float) -> None:
    """Refuse a value that is not above 0 and finite."""
    require(0 < value < math.inf, f"{name} = {value}: must be above 0{' and finite' if value > 0 else ''}")


def require_not_negative(name: str, value: float) -> None:
    """Refuse a value that is not 0 or more and finite."""
    require(0 <= value < math.inf, f"{name} = {value}: must be 0 or more{' and finite' if value > 0 else ''}")


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the transformer, in Qwen3's terms.

    Attributes:
        d_model: Width of the residual stream.
        n_layer: Blocks.
        n_head: Query heads.
        n_kv_head: Key-value heads, shared by groups of query heads.
        head_dim: Size of a head.
        d_ff: Width of the feed-forward.
        rope_theta: Base of the rotary frequencies.
        norm_eps: Added to mean squares.
        tie_embeddings: Whether the output matrix is the embedding.
        context_length: Longest sequence in tokens: task, answer and role tokens together.
    """

    d_model: int = 64
    n_layer: int = 3
    n_head: int = 4
    n_kv_head: int = 2
    head_dim: int = 16
    d_ff: int = 128
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-6
    tie_embeddings: bool = True
    context_length: int = 64

    def __post_init__(self) -> None:
        for name in ("d_model", "n_layer", "n_head", "n_kv_head", "head_dim", "d_ff", "rope_theta", "norm_eps"):
            require_positive(f"model.{name}", getattr(self, name))
        require(self.context_length >= 8, f"model.context_length = {self.context_length}: needs at least 8 tokens")
        require(self.head_dim % 2 == 0, f"model.head_dim = {self.head_dim}: rotary positions need an even size")
        divides = self.n_head % self.n_kv_head == 0
        require(divides, f"model.n_kv_head = {self.n_kv_head}: must divide model.n_head = {self.n_head}")


@dataclass(frozen=True)
class OptimConfig:
    """AdamW with a warm-up-stable-decay schedule over training tokens (Hu et al. 2024, 2404.06395).

    Attributes:
        lr: Learning rate of the stable phase.
        warmup_tokens: Tokens over which the rate rises linearly from 0.
        decay_fraction: Last part of the budget, over which the rate falls linearly to 0.
        beta1: First-moment decay.
        beta2: Second-moment decay.
        weight_decay: On matrices, not on norms. Data-limited runs want far more than the usual 0.1.
        dropout: Probability, on the embedding and on residual branches.
        clip_norm: Gradient norm above which gradients are scaled down.
        batch_size: Sequences a step.
        ema_decay: Per step, of the averaged weights that sample and are evaluated; 0 uses the raw weights.
        task_weight: Loss weight of task tokens; answer tokens weigh 1.
    """

    lr: float = 3e-3
    warmup_tokens: int = 100_000
    decay_fraction: float = 0.2
    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    dropout: float = 0.0
    clip_norm: float = 1.0
    batch_size: int = 128
    ema_decay: float = 0.98
    task_weight: float = 1.0

    def __post_init__(self) -> None:
        for name in ("lr", "clip_norm", "batch_size"):
            require_positive(f"optim.{name}", getattr(self, name))
        for name in ("warmup_tokens", "weight_decay", "task_weight"):
            require_not_negative(f"optim.{name}", getattr(self, name))
        for name in ("decay_fraction", "beta1", "beta2", "dropout", "ema_decay"):
            require_fraction(f"optim.{name}", getattr(self, name))
        for name in ("beta1", "beta2", "dropout", "ema_decay"):
            require(getattr(self, name) < 1.0, f"optim.{name} = 1: must be below 1")


@dataclass(frozen=True)
class TaskConfig:
    """One env of the mixture.

    Attributes:
        env: The env.
        weight: Its share of the tasks, relative to the other envs' weights.
        levels: Levels to sample; all of the env's when absent.
        level_weights: Shares of those levels; equal when absent, or as they are in a corpus.
    """

    env: Env
    weight: float = 1.0
    levels: list[int] | None = None
    level_weights: list[float] | None = None

    def __post_init__(self) -> None:
        require_positive(f"weight of {self.env.name}", self.weight)
        known = self.env.levels
        for level in self.levels or []:
            require(level in known, f"levels of {self.env.name}: {level} is not one of {known.start}-{known.stop - 1}")
        require(self.levels is None or bool(self.levels), f"levels of {self.env.name}: name at least one")
        if (weights := self.level_weights) is not None:
            name, n_levels = f"level_weights of {self.env.name}", len(self.levels or known)
            require(len(weights) == n_levels, f"{name}: {len(weights)} given for {n_levels} levels")
            good = min(weights) >= 0 and 0 < sum(weights) < math.inf
            require(good, f"{name} = {weights}: must be 0 or more, and not all 0")


@dataclass(frozen=True)
class DataConfig:
    """The real distribution and how much of it a run may see.

    Attributes:
        tasks: Envs with their weights.
        n_real: U, distinct real tasks in the pool.
        n_validation: Tasks for early stopping, apart from the held-out ones.
        n_heldout: Tasks every reported loss is measured on. Drawn first, disjoint from all else by `Task.id`.
        n_accuracy: How many of the held-out tasks are also answered greedily each round, for accuracy.
    """

    tasks: list[TaskConfig]
    n_real: int = 1_000
    n_validation: int = 250
    n_heldout: int = 500
    n_accuracy: int = 500

    def __post_init__(self) -> None:
        require(bool(self.tasks), "data.tasks is empty: name at least one env")
        names = [task.env.name for task in self.tasks]
        require(len(set(names)) == len(names), f"data.tasks names an env twice: {', '.join(sorted(names))}")
        for name in ("n_real", "n_validation", "n_heldout"):
            require_positive(f"data.{name}", getattr(self, name))
        limits = f"between 0 and data.n_heldout = {self.n_heldout}"
        require(0 <= self.n_accuracy <= self.n_heldout, f"data.n_accuracy = {self.n_accuracy}: must lie {limits}")


@dataclass(frozen=True)
class JudgeConfig:
    """What an arm filters attempts with.

    Attributes:
        kind: `exact` asks the env; `accept-all` accepts any text; `noisy` is right at the set rates.
        true_accept_rate: Of the noisy judge: share of right answers it accepts (TPR).
        false_accept_rate: Of the noisy judge: share of wrong answers it accepts (FPR).
    """

    kind: Literal["exact", "accept-all", "noisy"] = "exact"
    true_accept_rate: float = 1.0
    false_accept_rate: float = 0.0

    def __post_init__(self) -> None:
        require_fraction("judge.true_accept_rate", self.true_accept_rate)
        require_fraction("judge.false_accept_rate", self.false_accept_rate)
        fits = self.kind == "noisy" or (self.true_accept_rate, self.false_accept_rate) == (1.0, 0.0)
        require(fits, f"judge.kind = {self.kind}: true_accept_rate and false_accept_rate belong to kind: noisy")


@dataclass(frozen=True)
class ArmConfig:
    """The parts one arm is built from; arms differ in nothing else.

    Attributes:
        name: As it appears in tables and figures.
        real: Where real examples come from: the pool of `data.n_real`, repeated, or unlimited fresh draws.
        proposer: Who writes synthetic tasks: nobody; the model, task first; the model, solution first (the env
            computes the task); or the env.
        proposer_weights: The model as it was when self-play began, or as it is now.
        solver: Who answers them: the model, or the solution a task was posed from.
        judge: Who decides what is kept.
        weight_decay: Instead of `optim.weight_decay`.
        dropout: Instead of `optim.dropout`.
        budgets_tokens: Instead of the study's budgets.
        n_real: Instead of `data.n_real`, in a study: pools are nested, held-out and validation tasks the same.
    """

    name: str = "real"
    real: Literal["pool", "fresh"] = "pool"
    proposer: Literal["none", "model", "solution", "env"] = "none"
    proposer_weights: Literal["frozen", "live"] = "frozen"
    solver: Literal["model", "posed"] = "model"
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    weight_decay: float | None = None
    dropout: float | None = None
    budgets_tokens: list[int] | None = None
    n_real: int | None = None

    def __post_init__(self) -> None:
        allowed = bool(self.name) and all(c.isalnum() or c in "-_." for c in self.name) and self.name[0] != "."
        require(allowed, f"arm name {self.name!r}: use letters, digits, '-', '_' and '.'; it names a folder")
        solves = self.solver == "model" or self.proposer == "solution"
        require(solves, f"arm {self.name}: solver: posed needs proposer: solution, which is what poses tasks")
        if self.n_real is not None:
            require_positive(f"arm {self.name}: n_real", self.n_real)
        if self.weight_decay is not None:
            require_not_negative(f"arm {self.name}: weight_decay", self.weight_decay)
        dropout = self.dropout or 0.0
        require(0.0 <= dropout < 1.0, f"arm {self.name}: dropout = {dropout}: must be at least 0 and below 1")


@dataclass(frozen=True)
class PlayConfig:
    """Self-play: how much is written, kept and mixed. The same for every arm of a study.

    Attributes:
        round_tokens: Training tokens of a round.
        start_tokens: Training tokens after which proposing begins; before, a run learns from real data only.
        n_proposals: Texts the proposer writes a round.
        n_attempts: Answers per task.
        propose_temperature: Of sampling tasks.
        solve_temperature: Of sampling answers; below 1 more of them are right and fewer differ.
        task_weight: Loss weight of task tokens once self-play has begun.
        real_fraction: Share of training tokens that stay real once synthetic examples exist.
        compose_every: Arms that propose solutions show every n-th real example as its solution, to learn the form.
        max_draws: How often one stored example may be drawn over the run; past it, real data fills the batch.
        max_kept: Examples kept a round.
        max_kept_per_task: Distinct answers kept of one task.
    """

    round_tokens: int = 100_000
    start_tokens: int = 500_000
    n_proposals: int = 1_500
    n_attempts: int = 6
    propose_temperature: float = 1.0
    solve_temperature: float = 1.0
    task_weight: float = 0.1
    real_fraction: float = 0.25
    compose_every: int = 4
    max_draws: int = 25
    max_kept: int = 2_000
    max_kept_per_task: int = 1

    def __post_init__(self) -> None:
        for name in ("round_tokens", "n_attempts", "compose_every", "max_draws", "max_kept", "max_kept_per_task"):
            require_positive(f"play.{name}", getattr(self, name))
        for name in ("propose_temperature", "solve_temperature"):
            require_positive(f"play.{name}", getattr(self, name))
        for name in ("start_tokens", "n_proposals", "task_weight"):
            require_not_negative(f"play.{name}", getattr(self, name))
        require_fraction("play.real_fraction", self.real_fraction)


@dataclass(frozen=True)
class DeviceConfig:
    """Where a run computes, in Lightning Fabric's terms.

    Attributes:
        accelerator: Fabric's accelerator.
        precision: Fabric's precision; a CPU without bf16 instructions is slower in bf16.
        n_threads: CPU threads of a run. The number changes float rounding, so it is part of the experiment.
    """

    accelerator: Literal["cpu", "cuda", "auto"] = "cpu"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    n_threads: int = 1

    def __post_init__(self) -> None:
        require_positive("device.n_threads", self.n_threads)


@dataclass(frozen=True)
class RunConfig:
    """One self-play training job: everything its result depends on.

    Attributes:
        data: Real tasks.
        arm: Parts of the loop.
        budget_tokens: Training tokens to spend.
        seed: Of every stream.
        model: Transformer.
        optim: Optimizer.
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
        require_arm(self.arm, self.data)


def require_arm(arm: ArmConfig, data: DataConfig) -> None:
    """Refuse an arm whose parts the envs cannot serve."""
    for task in data.tasks:
        draws_none = arm.real != "fresh" and arm.proposer != "env"
        require(
            draws_none or not isinstance(task.env, Corpus),
            f"arm {arm.name}: real: fresh and proposer: env draw new tasks; {task.env.name} is a corpus of fixed size",
        )
    if arm.proposer == "solution":
        for task in data.tasks:
            poses, name = isinstance(task.env, SolutionFirst) and task.env.poses, task.env.name
            require(poses, f"arm {arm.name}: proposer: solution, but {name} cannot pose a task from its solution")


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
        for arm in self.arms:
            require_arm(arm, self.data)

    def run(self, arm: ArmConfig, seed: int, budget_tokens: int) -> RunConfig:
        """The run of one cell."""
        data = replace(self.data, n_real=arm.n_real or self.data.n_real)
        arm = replace(arm, n_real=None)
        return RunConfig(data, arm, budget_tokens, seed, self.model, self.optim, self.play, self.device)
