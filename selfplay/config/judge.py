"""What decides which attempts an arm keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfplay.config.checks import require, require_fraction, require_not_negative, require_positive


@dataclass(frozen=True)
class JudgeConfig:
    """What an arm filters attempts with.

    Attributes:
        kind: `exact` asks the env; `accept-all` accepts any text; `noisy` is right at the set rates; `majority` accepts
            the most frequent answer to a task; `model` is the model itself, asked for a verdict.
        true_accept_rate: Of the noisy judge: share of right answers it accepts (TPR).
        false_accept_rate: Of the noisy judge: share of wrong answers it accepts (FPR).
        noise: Of the noisy judge, where its errors fall: on any attempt, drawn anew each time; on an answer, the same
            each time it is seen; on the higher levels first; or, of false accepts, on the most frequent wrong answer
            of a task first.
        weights: Of the model as judge: those that learn, or those it had when self-play began.
        threshold: Of the model and the majority: accept from this probability or share of votes on.
        verdict_every: Of the model: every n-th real example it learns from is a verdict on an answer instead.
        n_checks: Of the model: how often it writes the work of the task before its verdict; the share of right ones
            is its score. 0 asks for the verdict alone.
        n_practice: Of the model: attempts a round at real tasks, whose exact verdicts it also learns from.
    """

    kind: Literal["exact", "accept-all", "noisy", "majority", "model"] = "exact"
    true_accept_rate: float = 1.0
    false_accept_rate: float = 0.0
    noise: Literal["independent", "answer", "level", "popular"] = "independent"
    weights: Literal["live", "frozen"] = "live"
    threshold: float = 0.5
    verdict_every: int = 3
    n_practice: int = 0
    n_checks: int = 0

    def __post_init__(self) -> None:
        require_fraction("judge.true_accept_rate", self.true_accept_rate)
        require_fraction("judge.false_accept_rate", self.false_accept_rate)
        require_fraction("judge.threshold", self.threshold)
        require_positive("judge.verdict_every", self.verdict_every)
        require_not_negative("judge.n_practice", self.n_practice)
        require_not_negative("judge.n_checks", self.n_checks)
        fits = self.kind == "noisy" or (self.true_accept_rate, self.false_accept_rate, self.noise) == (
            1.0, 0.0, "independent",
        )  # fmt: skip
        require(fits, f"judge.kind = {self.kind}: true_accept_rate, false_accept_rate and noise belong to kind: noisy")
        learns = self.kind == "model" or (self.weights, self.n_practice, self.n_checks) == ("live", 0, 0)
        require(learns, f"judge.kind = {self.kind}: weights, n_practice and n_checks belong to kind: model")
