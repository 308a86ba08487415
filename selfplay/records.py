"""What passes between the stages of a round: frozen records, no behaviour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from envs.core import Solved, Task, Verdict


class Source(StrEnum):
    """Where a training example comes from."""

    REAL = "real"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Written:
    """A text that a model wrote as a proposal.

    Attributes:
        env: The env it was asked for.
        text: Up to its end.
        task_id: The admitted task it is; empty where it is none.
    """

    env: str
    text: str
    task_id: str = ""


@dataclass(frozen=True, slots=True)
class Proposals:
    """The tasks of a round, and what was turned away.

    Attributes:
        tasks: Valid, distinct tasks, none of them held out.
        posed: For solution-first proposers the tasks with the answers they were posed from, in the order of `tasks`;
            else empty.
        n_raw: Texts written.
        n_malformed: Refused by the env: not a task, or ill-posed.
        n_repeated: Same task as another of the round.
        n_heldout: Same task as a held-out or validation one.
        n_tokens: Tokens the proposer wrote.
        n_flops: FLOPs it spent.
        written: The complete texts, where a model wrote tasks.
    """

    tasks: tuple[Task, ...] = ()
    posed: tuple[Solved, ...] = ()
    n_raw: int = 0
    n_malformed: int = 0
    n_repeated: int = 0
    n_heldout: int = 0
    n_tokens: int = 0
    n_flops: int = 0
    written: tuple[Written, ...] = ()


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
        work: Worked steps before the answer; empty without `data.work`.
    """

    task: Task
    answer: str
    complete: bool
    n_prompt_tokens: int
    n_new_tokens: int
    logprob_nats: float
    model_step: int
    work: str = ""


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
    """An attempt and what the arm's judge says of it; the judge may be wrong, `Env.verify` is the truth.

    Attributes:
        attempt: The attempt.
        verdict: The judge's.
        judge: Its name.
        score: How sure the judge is that the answer is right, higher is surer; nan where it only says yes or no.
    """

    attempt: Attempt
    verdict: Verdict
    judge: str
    score: float = math.nan


@dataclass(frozen=True, slots=True)
class Practice:
    """An answer and whether it is right, for a judge to learn from; `work` is the task's, not the answer's."""

    task: Task
    answer: str
    right: bool
    work: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge made of a round's attempts.

    Attributes:
        judged: In the order of the attempts.
        n_tokens: Tokens it read and wrote.
        n_flops: FLOPs of a model that judges.
        practice: Answers to real tasks whose exact verdicts a judge learns from.
    """

    judged: tuple[Judged, ...] = ()
    n_tokens: int = 0
    n_flops: int = 0
    practice: tuple[Practice, ...] = ()


@dataclass(frozen=True, slots=True)
class Experience:
    """What a round gives its learner.

    Attributes:
        proposals: The tasks.
        judged: The attempts.
        worth: Task id to what the task is worth, 0 or more; empty where all are worth the same.
        practice: For a judge that learns.
    """

    proposals: Proposals = Proposals()
    judged: tuple[Judged, ...] = ()
    worth: Mapping[str, float] = field(default_factory=dict)
    practice: tuple[Practice, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A task with an answer to learn from."""

    task: Task
    answer: str
    source: Source
    round: int
    work: str = ""


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

    Attributes:
        n_attempts: Attempts.
        n_malformed: Of these, not in the form of an answer.
        n_undecided: Of these, without a truth.
        solve_rate: g, the generator's accuracy.
        true_accept_rate: TPR.
        false_accept_rate: FPR.
        n_kept: Attempts kept.
        kept_precision: Share of the kept that are right.
        informedness: Youden's J, TPR - FPR over answers in form: 1 is the truth, 0 a coin, -1 its opposite.
        auroc: Chance that a right answer is scored above a wrong one in form; a judge without scores has (1 + J) / 2.
        auroc_within: The same among attempts at one task only, where the task's difficulty gives nothing away.
        gap: Accuracy after filtering minus before (the generation-verification gap, Song et al. 2024, 2412.02674).
        relative_gap: The gap over 1 - g, the most that it could be.
        generate_flops: FLOPs of proposing and solving this round.
        judge_flops: FLOPs of judging this round.
    """

    n_attempts: int
    n_malformed: int
    n_undecided: int
    solve_rate: float
    true_accept_rate: float
    false_accept_rate: float
    n_kept: int
    kept_precision: float
    informedness: float = math.nan
    auroc: float = math.nan
    auroc_within: float = math.nan
    gap: float = math.nan
    relative_gap: float = math.nan
    generate_flops: int = 0
    judge_flops: int = 0


@dataclass(frozen=True, slots=True)
class ProposalReport:
    """What the proposer wrote in a round; nan where there is nothing to say.

    Attributes:
        validity: Share of texts that are tasks, repeats included.
        novelty: Share of admitted tasks that no earlier round kept.
        entropy: Of the tasks' levels, nats.
        distance: Total variation between the levels of proposed and of real tasks: 0 the same, 1 disjoint.
        distinct_answers: Different answers among the complete attempts, over their number.
        signal: Share of tasks whose attempts were neither all accepted nor all refused.
        reward_gap: Share of attempts accepted less the share that is right: above 0 the judge is gamed or lenient.
        levels: `ENV:LEVEL` to its share of the proposed tasks.
        probe_gap: The reward gap on a fixed probe of real tasks (`play.probe`).
        real_levels: `ENV:LEVEL` to its share of the real pool.
    """

    validity: float = math.nan
    novelty: float = math.nan
    entropy: float = math.nan
    distance: float = math.nan
    distinct_answers: float = math.nan
    signal: float = math.nan
    reward_gap: float = math.nan
    levels: Mapping[str, float] = field(default_factory=dict)
    probe_gap: float = math.nan
    real_levels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoundReport:
    """One line of `rounds.jsonl`: everything measured in a round.

    Tokens and FLOPs are totals since the beginning of the run, except `round_tokens`; so are the skipped optimizer
    steps, and the `seconds` by phase. `heldout_gain` is what the round took off the held-out answer loss, in nats;
    `alarms` are the monitors' lines.
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
    proposals: ProposalReport = field(default_factory=ProposalReport)
    heldout_gain: float = math.nan
    alarms: tuple[str, ...] = ()


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
