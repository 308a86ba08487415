"""What passes between the stages of a round: frozen records, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from envs.core import Solved, Task, Verdict


class Source(StrEnum):
    """Where a training example comes from."""

    REAL = "real"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Proposals:
    """The tasks of a round, and what was turned away.

    Attributes:
        tasks: Valid, distinct tasks, none of them held out.
        posed: For solution-first proposers the answer each task was posed from, aligned with `tasks`; else empty.
        n_raw: Texts written.
        n_malformed: Refused by the env: not a task, or ill-posed.
        n_repeated: Same task as another of the round.
        n_heldout: Same task as a held-out or validation one.
        n_tokens: Tokens the proposer wrote.
        n_flops: FLOPs it spent.
    """

    tasks: tuple[Task, ...] = ()
    posed: tuple[str, ...] = ()
    n_raw: int = 0
    n_malformed: int = 0
    n_repeated: int = 0
    n_heldout: int = 0
    n_tokens: int = 0
    n_flops: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to one task.

    Attributes:
        task: The task.
        answer: The text after the solve token, without the end token.
        complete: Whether the text reached its end token and holds characters only; otherwise it is malformed.
        n_prompt_tokens: Tokens of the prompt it continues; attempts at one task share the reading of it.
        n_new_tokens: Tokens sampled, end token included.
        logprob_nats: Log-probability of the sampled tokens under the sampling distribution.
        model_step: Optimizer steps taken by the model that wrote it.
    """

    task: Task
    answer: str
    complete: bool
    n_prompt_tokens: int
    n_new_tokens: int
    logprob_nats: float
    model_step: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts of a round, those at one task side by side.

    Attributes:
        attempts: In the order of the tasks.
        n_tokens: Tokens written.
        n_flops: FLOPs spent on them, each prompt read once.
    """

    attempts: tuple[Attempt, ...] = ()
    n_tokens: int = 0
    n_flops: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt and what the arm's judge says of it; the judge may be wrong, `Env.verify` is the truth."""

    attempt: Attempt
    verdict: Verdict
    judge: str


@dataclass(frozen=True, slots=True)
class Example:
    """A task with an answer to learn from."""

    task: Task
    answer: str
    source: Source
    round: int

    @classmethod
    def real(cls, solved: Solved) -> Example:
        """An example of the real distribution."""
        return cls(solved.task, solved.answer, Source.REAL, 0)


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What one learning phase did.

    Attributes:
        n_steps: Optimizer steps.
        n_real_tokens: Tokens of real examples trained on.
        n_synthetic_tokens: Tokens of synthetic examples trained on.
        n_flops: FLOPs, padding not counted.
        train_nats_per_token: Mean weighted loss over the steps.
        max_draws: Most often any stored example has been drawn so far.
    """

    n_steps: int
    n_real_tokens: int
    n_synthetic_tokens: int
    n_flops: int
    train_nats_per_token: float
    max_draws: int


@dataclass(frozen=True, slots=True)
class Scores:
    """A model on one set of real tasks.

    Attributes:
        answer_nats_per_token: Loss on answer tokens, end token included. The primary metric.
        task_nats_per_token: Loss on task tokens.
        nats_per_token: Loss on both.
        accuracy: Fraction whose greedy answer the env verifies as correct; nan where it was not measured.
    """

    answer_nats_per_token: float
    task_nats_per_token: float
    nats_per_token: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """A judge against the truth on one round's attempts; undecided truths are left out and counted.

    Rates are nan where they have no cases.
    """

    n_attempts: int
    n_malformed: int
    n_undecided: int
    solve_rate: float
    true_accept_rate: float
    false_accept_rate: float
    n_kept: int
    kept_precision: float


@dataclass(frozen=True, slots=True)
class RoundReport:
    """One line of `rounds.jsonl`: everything measured in a round.

    Tokens and FLOPs are totals since the beginning of the run, except `round_tokens`; so are the skipped optimizer
    steps, and the `seconds` by phase.
    """

    round: int
    round_tokens: int
    train_tokens: int
    real_tokens: int
    synthetic_tokens: int
    train_flops: int
    generate_flops: int
    verify_flops: int
    step: int
    lr: float
    n_proposed: int
    n_malformed_tasks: int
    n_repeated_tasks: int
    n_heldout_tasks: int
    n_tasks: int
    n_stored: int
    max_draws: int
    train_nats_per_token: float
    judge: JudgeReport
    heldout: Scores
    validation: Scores
    is_best: bool
    seconds: dict[str, float]
    n_skipped_steps: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run: one row of the run table, under the table's column names.

    Losses are nats per answer token on held-out real tasks unless the name says otherwise, at the round with the
    best validation loss (early stopping, the same rule for every arm).

    Attributes:
        arm: Name of the arm.
        seed: Seed.
        budget: Training tokens the run was given.
        N: Parameters, embeddings included and tied ones counted once.
        U: Distinct tokens of the real pool; for an arm with unlimited real data, `D_real`.
        D: Training tokens spent, `D_real + D_syn`.
        D_real: Of these, on real examples.
        D_syn: Of these, on synthetic examples.
        flops_train: FLOPs of learning.
        flops_generate: FLOPs of proposing and solving.
        flops_verify: FLOPs of judging (0 unless a model judges).
        verify_cpu_s: Seconds of judging. A wall-clock column.
        loss: Early-stopped loss.
        loss_all: Same round, task and answer tokens together.
        loss_final: Loss after the last round.
        accuracy: Greedy accuracy at the early-stopped round.
        best_round: The early-stopped round.
        n_stored: Synthetic examples in the store at the end.
        method_s: Seconds of proposing, solving, judging and learning. A wall-clock column.
        evaluate_s: Seconds of evaluating. A wall-clock column.
    """

    arm: str
    seed: int
    budget: int
    N: int
    U: int
    D: int
    D_real: int
    D_syn: int
    flops_train: int
    flops_generate: int
    flops_verify: int
    verify_cpu_s: float
    loss: float
    loss_all: float
    loss_final: float
    accuracy: float
    best_round: int
    n_stored: int
    method_s: float
    evaluate_s: float


WALL_CLOCK_COLUMNS = ("verify_cpu_s", "method_s", "evaluate_s")
"""Columns of the run table that two identical runs may differ in."""
