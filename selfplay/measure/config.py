"""What a YAML file of `configs/audit/` may say; no torch.

Defaults live here. Rates are fractions in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from selfplay.config import (
    JudgeConfig,
    TaskConfig,
    require,
    require_fraction,
    require_not_negative,
    require_positive,
)


@dataclass(frozen=True)
class GateConfig:
    """What a verifier must show to pass. Bounds are one-sided 95% ones: luck in a small sample does not pass.

    Attributes:
        max_false_accept_rate: Most of the wrong answers that a stratum may accept; 0.001 takes 2,995 wrong answers
            a stratum to show, none of them accepted.
        min_true_accept_rate: Least of the right answers that a stratum must accept.
        max_undecided_rate: Most answers of a stratum without a verdict.
        max_hostile_accepted: Most hostile texts accepted, over all families.
        max_flip_rate: Most verdicts that differ in a second, fresh process.
        max_contradictions: Most broken metamorphic relations.
    """

    max_false_accept_rate: float = 0.001
    min_true_accept_rate: float = 0.99
    max_undecided_rate: float = 0.01
    max_hostile_accepted: int = 0
    max_flip_rate: float = 0.0
    max_contradictions: int = 0

    def __post_init__(self) -> None:
        for name in ("max_false_accept_rate", "min_true_accept_rate", "max_undecided_rate", "max_flip_rate"):
            require_fraction(f"gate.{name}", getattr(self, name))
        for name in ("max_hostile_accepted", "max_contradictions"):
            require_not_negative(f"gate.{name}", getattr(self, name))


@dataclass(frozen=True)
class FuzzConfig:
    """How long `--fuzz` searches.

    Attributes:
        n_examples: Answers tried, for either kind of error.
        seconds: Wall-clock limit for either kind; a search it cuts short is reported as such.
    """

    n_examples: int = 2_000
    seconds: float = 120.0

    def __post_init__(self) -> None:
        require_positive("fuzz.n_examples", self.n_examples)
        require_positive("fuzz.seconds", self.seconds)


@dataclass(frozen=True)
class AuditConfig:
    """One audit: everything its result depends on, times apart.

    Attributes:
        verifier: What is audited: `env` (each env's own verifier), `accept-all`, `noisy` (rates in `judge`),
            `module:callable` of your own, or a run folder, whose model judges its own kind of answers.
        name: Title of the report; the verifier's name when empty.
        tasks: Envs to draw tasks from. When empty those of the run, or else of the built-in audit.
        judge: The noisy judge's rates.
        run: A run folder; its attempts are strata of their own, one a round.
        reference: What labels answers that have no label by construction: `independent` (built-in, for the envs that
            come with the package), `env`, or `auto`: the env, or the independent one where the env is on trial.
        threshold: Least score that accepts, for verifiers that return numbers.
        n_right: Right answers a stratum.
        n_wrong: Wrong answers a stratum.
        n_relation: Tasks each metamorphic relation is tried on, a family.
        n_repeated: Cases judged again in a fresh process with another hash seed.
        n_samples: Attempts drawn of each round of `run`.
        n_rounds: Rounds of `run` looked at, evenly spread, the last among them.
        hostile: Whether to try hostile texts.
        n_hostile: Tasks of each family that hostile texts are built around.
        base_rate: Share of a generator's answers that are right, for purity and yield; absent, that of `run`'s last
            round, or 0.1.
        seed: Of every draw.
        limit_s: Wall-clock seconds a check may take in its worker.
        workers: Worker processes.
        gate: What must be shown.
        fuzz: Limits of `--fuzz`.
    """

    verifier: str = "env"
    name: str = ""
    tasks: list[TaskConfig] = field(default_factory=list)
    judge: JudgeConfig = field(default_factory=lambda: JudgeConfig("noisy", 0.9, 0.1))
    run: str | None = None
    reference: Literal["auto", "env", "independent"] = "auto"
    threshold: float = 0.5
    n_right: int = 1_000
    n_wrong: int = 3_000
    n_relation: int = 200
    n_repeated: int = 2_000
    n_samples: int = 3_000
    n_rounds: int = 4
    hostile: bool = True
    n_hostile: int = 8
    base_rate: float | None = None
    seed: int = 0
    limit_s: float = 1.0
    workers: int = 1
    gate: GateConfig = field(default_factory=GateConfig)
    fuzz: FuzzConfig = field(default_factory=FuzzConfig)

    def __post_init__(self) -> None:
        require(bool(self.verifier.strip()), "verifier is empty: use env, accept-all, noisy, module:callable or a run")
        for name, kind in (("gate", GateConfig), ("fuzz", FuzzConfig), ("judge", JudgeConfig)):
            value = getattr(self, name)
            require(isinstance(value, kind), f"{name} = {value!r}: expected keys with values below it")
        names = [task.env.name for task in self.tasks]
        require(len(set(names)) == len(names), f"tasks names an env twice: {', '.join(sorted(names))}")
        for name in ("n_right", "n_wrong", "n_hostile", "n_rounds", "limit_s", "workers"):
            require_positive(name, getattr(self, name))
        for name in ("n_relation", "n_repeated", "n_samples"):
            require_not_negative(name, getattr(self, name))
        if self.base_rate is not None:
            require_fraction("base_rate", self.base_rate)
        require_fraction("threshold", self.threshold)

    @property
    def title(self) -> str:
        """The name, or the verifier's, as the name of a folder."""
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in self.name or self.verifier).strip("-.")
