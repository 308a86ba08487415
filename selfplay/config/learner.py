"""How an arm learns from its attempts, and what its proposals are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfplay.config.checks import require, require_fraction, require_not_negative, require_positive


@dataclass(frozen=True)
class LearnerConfig:
    """What changes the weights.

    Attributes:
        kind: `likelihood` of kept answers; `policy` gradient on the judge's rewards; `preference` of accepted over
            refused answers (DPO); `distill`: probabilities of the model as it was when self-play began, on real and
            kept texts. All learn from real examples too, in the same steps.
        start: Of the likelihood: each round goes on from the weights it has (STaR), or begins at those it had when
            self-play began (ReST-EM, Singh et al. 2024). Of distillation: the student is the model as it is, or `new`:
            drawn afresh when self-play begins.
        store: Of the likelihood: kept examples of all rounds, of the last one only (which collapses, Gerstgrasser et
            al. 2024), or as many of all rounds as the last one had.
        advantage: Of the policy: `leave-one-out` (RLOO), `deviation` (GRPO), `centred` (Dr. GRPO), or `role`: one
            baseline and deviation for each role and env (TRR++).
        averaging: Of the policy, over tokens: see `play.policy_loss.clipped_loss`.
        dynamic: Of the policy: tasks whose attempts all earned the same are left out (DAPO's dynamic sampling), also
            where the baseline is not theirs or a divergence would use them.
        clip_low: Of the policy: lower side of the clipped ratio, 1 - this.
        clip_high: Upper side, 1 + this.
        kl: Of the policy: weight of the divergence from the weights it had when self-play began; 0 needs no such pass.
        correction: Of the policy: rewards corrected for the judge's errors at the rates `judge` states.
        beta: Of the preference: strength of the tie to the weights it had when self-play began.
        weight: Of the policy, preference or distillation loss beside the likelihood of real examples.
        max_uses: Of the policy and the preference: how often an attempt or a pair is used in its round.
        n_teachers: Of distillation: models that are trained like this one until self-play begins and averaged; the
            budget pays for all.
        temperature: Of distillation: divides the logits of teacher and student.
        penalty: Of the policy: what a malformed proposal costs a proposer that is rewarded.
    """

    kind: Literal["likelihood", "policy", "preference", "distill"] = "likelihood"
    start: Literal["current", "first", "new"] = "current"
    store: Literal["accumulate", "replace", "subsample"] = "accumulate"
    advantage: Literal["leave-one-out", "deviation", "centred", "role"] = "leave-one-out"
    averaging: Literal["text", "token", "constant"] = "token"
    dynamic: bool = False
    clip_low: float = 0.2
    clip_high: float = 0.2
    kl: float = 0.0
    correction: Literal["none", "forward", "backward"] = "none"
    beta: float = 0.1
    weight: float = 1.0
    n_teachers: int = 1
    temperature: float = 1.0
    max_uses: int = 1
    penalty: float = 0.5

    def __post_init__(self) -> None:
        for name in ("clip_low", "clip_high", "beta", "weight", "n_teachers", "temperature", "max_uses"):
            require_positive(f"learner.{name}", getattr(self, name))
        for name in ("kl", "penalty"):
            require_not_negative(f"learner.{name}", getattr(self, name))
        require(self.clip_low < 1.0, f"learner.clip_low = {self.clip_low}: must be below 1")
        stores = self.kind in ("likelihood", "distill") or self.store == "accumulate"
        require(stores, f"learner.kind = {self.kind}: store belongs to kinds likelihood and distill")
        start = {"first": "likelihood", "new": "distill"}.get(self.start, self.kind)
        require(start == self.kind, f"learner.start = {self.start}: belongs to kind: {start}, not {self.kind}")
        require(
            not self.dynamic or self.kind == "policy", f"learner.kind = {self.kind}: dynamic belongs to kind: policy"
        )
        distills = self.kind == "distill" or (self.n_teachers, self.temperature) == (1, 1.0)
        require(distills, f"learner.kind = {self.kind}: n_teachers and temperature belong to kind: distill")


@dataclass(frozen=True)
class RewardConfig:
    """What a task is worth once it has been attempted: the chance that its answers are kept, and a proposer's reward.

    Attributes:
        kind: `none`: all the same; `learnability`, `variance`, `target` and `uncertainty` of the attempts at it;
            `novelty` of its answers; `anchor`: levels that real tasks still unsolved have; `guide`: the same times
            its likelihood under the weights the model had when self-play began (relevant and clean, 2604.20209).
        target_solve_rate: Of `target`.
        n_probe: Of `anchor` and `guide`: real tasks attempted a round to see which are unsolved.
    """

    kind: Literal["none", "learnability", "variance", "target", "uncertainty", "novelty", "anchor", "guide"] = "none"
    target_solve_rate: float = 0.5
    n_probe: int = 100

    def __post_init__(self) -> None:
        require_fraction("reward.target_solve_rate", self.target_solve_rate)
        require_positive("reward.n_probe", self.n_probe)


@dataclass(frozen=True)
class CurriculumConfig:
    """Which of the proposed tasks are attempted.

    Attributes:
        kind: `none`: all; `random`: any `share` of them; `fixed`: the easiest levels first, the others as the budget
            is spent, whatever is solved; `window`: those of levels whose solve rate lies between `low`
            and `high` first; `learnability`: levels in proportion to 4p(1 - p). The same number in each.
        share: Of the admitted tasks that are attempted.
        low: Of the window.
        high: Of the window.
        memory: Share of a level's remembered solve rate that the next round does not replace.
    """

    kind: Literal["none", "random", "fixed", "window", "learnability"] = "none"
    share: float = 0.5
    low: float = 0.2
    high: float = 0.8
    memory: float = 0.5

    def __post_init__(self) -> None:
        for name in ("share", "low", "high", "memory"):
            require_fraction(f"curriculum.{name}", getattr(self, name))
        require(self.low < self.high, f"curriculum.low = {self.low}: must be below curriculum.high = {self.high}")
        require(self.share > 0, "curriculum.share = 0: leaves nothing to attempt")
