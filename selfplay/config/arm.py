"""The parts that one arm of a comparison is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from envs.core import Corpus, SolutionFirst
from selfplay.config.checks import require, require_not_negative, require_positive
from selfplay.config.data import DataConfig
from selfplay.config.judge import JudgeConfig
from selfplay.config.learner import CurriculumConfig, LearnerConfig, RewardConfig
from selfplay.config.play import PlayConfig


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
        solver_weights: Of the model: those that learn, or those it had when self-play began.
        judge: Who decides what is kept.
        jury: Further judges; all of them vote with `judge`.
        quorum: Of a jury: what more than this share of the votes accept is accepted.
        learner: What changes the weights.
        reward: What a task is worth.
        curriculum: Which proposed tasks are attempted.
        hindsight: Whether a wrong answer that solves another task is kept as an answer to that one, where the env can
            tell (Andrychowicz et al. 2017).
        n_members: Models trained alike but for their draws, each on its share of the budget, and measured as the
            average of their probabilities (2509.14786); see `play.ensemble`.
        weight_decay: Instead of `optim.weight_decay`.
        dropout: Instead of `optim.dropout`.
        budgets_tokens: Instead of the study's budgets.
        n_real: Instead of `data.n_real`, in a study: pools are nested, held-out and validation tasks the same.
        play: Instead of the study's `play`, all of it: an arm may write, attempt or mix differently.
    """

    name: str = "real"
    real: Literal["pool", "fresh"] = "pool"
    proposer: Literal["none", "model", "solution", "env"] = "none"
    proposer_weights: Literal["frozen", "live"] = "frozen"
    solver: Literal["model", "posed"] = "model"
    solver_weights: Literal["live", "frozen"] = "live"
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    jury: list[JudgeConfig] = field(default_factory=list)
    quorum: float = 0.5
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    hindsight: bool = False
    n_members: int = 1
    weight_decay: float | None = None
    dropout: float | None = None
    budgets_tokens: list[int] | None = None
    n_real: int | None = None
    play: PlayConfig | None = None

    def __post_init__(self) -> None:
        allowed = bool(self.name) and all(c.isalnum() or c in "-_." for c in self.name) and self.name[0] != "."
        require(allowed, f"arm name {self.name!r}: use letters, digits, '-', '_' and '.'; it names a folder")
        solves = self.solver == "model" or self.proposer == "solution"
        require(solves, f"arm {self.name}: solver: posed needs proposer: solution, which is what poses tasks")
        require(0.0 <= self.quorum < 1.0, f"arm {self.name}: quorum = {self.quorum}: must be at least 0 and below 1")
        models = {(judge.verdict_every, judge.n_checks > 0) for judge in self.judges if judge.kind == "model"}
        alike = f"arm {self.name}: judges of kind model must agree on verdict_every and on whether n_checks is 0"
        require(len(models) <= 1, f"{alike}: they learn from the same verdicts")
        require_positive(f"arm {self.name}: n_members", self.n_members)
        if self.n_real is not None:
            require_positive(f"arm {self.name}: n_real", self.n_real)
        if self.weight_decay is not None:
            require_not_negative(f"arm {self.name}: weight_decay", self.weight_decay)
        dropout = self.dropout or 0.0
        require(0.0 <= dropout < 1.0, f"arm {self.name}: dropout = {dropout}: must be at least 0 and below 1")

    @property
    def judges(self) -> tuple[JudgeConfig, ...]:
        """The judge, and the jury that votes with it."""
        return (self.judge, *self.jury)

    @property
    def model_judge(self) -> JudgeConfig | None:
        """The judge for whose sake the model learns verdicts, if one is the model."""
        return next((judge for judge in self.judges if judge.kind == "model"), None)


def require_arm(arm: ArmConfig, data: DataConfig) -> None:
    """Refuse an arm whose parts the envs, or each other, cannot serve."""
    learns = arm.learner.kind == "likelihood" or arm.solver == "model"
    require(learns, f"arm {arm.name}: learner.kind = {arm.learner.kind} learns from attempts; use solver: model")
    written = data.work or not any(judge.n_checks for judge in arm.judges)
    require(written, f"arm {arm.name}: judge.n_checks writes the work of tasks; set data.work: true")
    known = arm.learner.correction == "none" or not arm.jury
    require(
        known, f"arm {arm.name}: learner.correction = {arm.learner.correction} knows the rates of one judge; no jury"
    )
    corrected = arm.learner.correction == "none" or arm.judge.true_accept_rate > arm.judge.false_accept_rate
    require(
        corrected,
        f"arm {arm.name}: learner.correction = {arm.learner.correction} needs judge.true_accept_rate above "
        "judge.false_accept_rate",
    )
    for task in data.tasks:
        draws_none = arm.real != "fresh" and arm.proposer != "env"
        require(
            draws_none or not isinstance(task.env, Corpus),
            f"arm {arm.name}: real: fresh and proposer: env draw new tasks; {task.env.name} is a corpus of fixed size",
        )
    if arm.proposer == "solution" or arm.hindsight:
        asked = "proposer: solution" if arm.proposer == "solution" else "hindsight"
        for task in data.tasks:
            poses, name = isinstance(task.env, SolutionFirst) and task.env.poses, task.env.name
            require(poses, f"arm {arm.name}: {asked}, but {name} cannot pose a task from its solution")
