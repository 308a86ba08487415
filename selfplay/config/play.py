"""Self-play: what every arm shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfplay.config.checks import require_fraction, require_not_negative, require_positive


@dataclass(frozen=True)
class PlayConfig:
    """Self-play: how much is written, kept and mixed. The same for every arm of a study that has none of its own.

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
        save_every_s: Seconds of a long round after which what is finished of it is saved; 0 saves after every stage and
            every step. Results do not depend on it.
        alarms: Whether a monitor's alarm (`play.monitors`) is only printed and logged, or stops the run.
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
    save_every_s: float = 60.0
    alarms: Literal["log", "stop"] = "log"

    def __post_init__(self) -> None:
        for name in ("round_tokens", "n_attempts", "compose_every", "max_draws", "max_kept", "max_kept_per_task"):
            require_positive(f"play.{name}", getattr(self, name))
        for name in ("propose_temperature", "solve_temperature"):
            require_positive(f"play.{name}", getattr(self, name))
        for name in ("start_tokens", "n_proposals", "task_weight", "save_every_s"):
            require_not_negative(f"play.{name}", getattr(self, name))
        require_fraction("play.real_fraction", self.real_fraction)
