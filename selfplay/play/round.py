"""One round of self-play, top to bottom.

    propose -> select -> solve -> judge -> appraise -> keep -> store -> learn -> evaluate

Each stage takes what the one before it returned; arms differ in the stages they are built from and in nothing
here. An arm without synthetic data runs the same calls over empty lists. All spending is charged in this file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lightning.fabric import Fabric

from envs.core import Verdict
from selfplay.config import RunConfig
from selfplay.ledger import Phase
from selfplay.play.curriculum import Curriculum
from selfplay.play.evaluate import Evaluator
from selfplay.play.judges import Judge, Verifier
from selfplay.play.keep import as_examples, hindsight, keep, measure_judge
from selfplay.play.learn import Learner
from selfplay.play.monitors import alarms, measure_proposals
from selfplay.play.probe import Probe
from selfplay.play.proposer import Admission, Proposer
from selfplay.play.savepoint import Savepoint
from selfplay.play.solver import Solver
from selfplay.play.state import RunState
from selfplay.play.worth import Appraiser
from selfplay.records import (
    Experience,
    Judged,
    JudgeReport,
    LearnReport,
    ProposalReport,
    Proposals,
    RoundReport,
)
from selfplay.streams import stream


@dataclass(frozen=True)
class Stages:
    """The parts of a round."""

    proposer: Proposer
    curriculum: Curriculum
    solver: Solver
    judge: Judge
    appraiser: Appraiser
    admission: Admission
    learner: Learner
    probe: Probe
    verifier: Verifier
    heldout: Evaluator
    validation: Evaluator
    real_levels: Mapping[str, float]


@dataclass(frozen=True)
class PlayedRound:
    """A round's report and the attempts behind it: what the judge said, what is true, which were kept."""

    report: RoundReport
    judged: Sequence[Judged]
    truths: Sequence[Verdict]
    kept: Sequence[int]


def play_round(
    fabric: Fabric, state: RunState, stages: Stages, config: RunConfig, n_tokens: int, done: Savepoint
) -> PlayedRound:
    """Play one round that learns from exactly `n_tokens` tokens, and advance `state` by it; what is `done` stays so."""
    number, play, ledger = state.round, config.play, state.ledger
    done.begin(state)

    with fabric.autocast(), ledger.clock(Phase.PROPOSE):
        proposals = done.once("proposals", lambda: stages.proposer.propose(play.n_proposals, round=number))
    ledger.charge(Phase.PROPOSE, tokens=proposals.n_tokens, flops=proposals.n_flops)

    progress, draws = state.train_tokens / config.budget_tokens, stream(config.seed, "curriculum", number)
    selected = stages.curriculum.select(proposals, draws, progress=progress)
    with fabric.autocast(), ledger.clock(Phase.SOLVE):
        attempts = done.once("attempts", lambda: stages.solver.attempt(selected, play.n_attempts, round=number))
    ledger.charge(Phase.SOLVE, tokens=attempts.n_tokens, flops=attempts.n_flops)

    with fabric.autocast(), ledger.clock(Phase.JUDGE):
        judgement = done.once("judgement", lambda: stages.judge.judge(attempts.attempts, round=number))
        judged = judgement.judged
        stages.curriculum.observe(judged)
        worth = done.once("worth", lambda: stages.appraiser.appraise(selected, judged, round=number))
    ledger.charge(Phase.JUDGE, tokens=judgement.n_tokens, flops=judgement.n_flops + worth.n_flops)

    with ledger.clock(Phase.EVALUATE):  # no stage sees it; found here so that it is saved with the rest
        truths = done.once("truths", lambda: stages.verifier.check(attempts.attempts))

    known = frozenset(example.task.id for example in state.store.examples)
    kept = keep(judged, play, stream(config.seed, "keep", number), worth.of_task)
    state.store.append(as_examples(judged, kept, number))
    if config.arm.hindsight:
        envs = {task.env.name: task.env for task in config.data.tasks}
        state.store.append(hindsight(judged, envs, stages.admission, number))

    experience = Experience(selected, judged, worth.of_task, judgement.practice)
    with ledger.clock(Phase.LEARN):
        learned = stages.learner.learn(experience, n_tokens, round=number, done=done)
    ledger.charge(
        Phase.LEARN, tokens=learned.n_real_tokens + learned.n_synthetic_tokens, flops=learned.n_flops
    )  # fmt: skip
    state.real_tokens += learned.n_real_tokens
    state.synthetic_tokens += learned.n_synthetic_tokens

    with fabric.autocast(), ledger.clock(Phase.EVALUATE):
        gap = stages.probe.reward_gap(stages.judge, round=number) if judged else math.nan
        found = measure_proposals(proposals, judged, truths, known=known, real=stages.real_levels, probe_gap=gap)
        n_flops = proposals.n_flops + attempts.n_flops
        meter = measure_judge(judged, truths, kept, generate_flops=n_flops, judge_flops=judgement.n_flops)
        rung = alarms(found, n_written=proposals.n_raw, n_attempts=len(judged), arm=config.arm)
        report = _report(state, stages, proposals, found, meter, learned, rung)

    state.best_validation = min(state.best_validation, report.validation.answer_nats_per_token)
    state.round += 1
    return PlayedRound(report, judged, truths, kept)


def _report(
    state: RunState, stages: Stages, proposals: Proposals, found: ProposalReport, meter: JudgeReport,
    learned: LearnReport, rung: tuple[str, ...],
) -> RoundReport:  # fmt: skip
    totals = state.ledger.totals()
    validation = stages.validation.evaluate(state.average)
    heldout = stages.heldout.evaluate(state.average)
    before = state.reports[-1]["heldout"]["answer_nats_per_token"] if state.reports else math.nan
    return RoundReport(
        round=state.round,
        round_tokens=learned.n_real_tokens + learned.n_synthetic_tokens,
        train_tokens=state.train_tokens,
        real_tokens=state.real_tokens,
        synthetic_tokens=state.synthetic_tokens,
        train_flops=totals.train_flops,
        generate_flops=totals.generate_flops,
        verify_flops=totals.verify_flops,
        step=state.step,
        lr=state.optimizer.param_groups[0]["lr"],
        n_proposed=proposals.n_raw,
        n_malformed_tasks=proposals.n_malformed,
        n_repeated_tasks=proposals.n_repeated,
        n_heldout_tasks=proposals.n_heldout,
        n_tasks=len(proposals.tasks),
        n_stored=len(state.store),
        max_draws=learned.max_draws,
        train_nats_per_token=learned.train_nats_per_token,
        judge=meter,
        heldout=heldout,
        validation=validation,
        is_best=validation.answer_nats_per_token < state.best_validation,
        seconds={phase.value: state.ledger.spent(phase).seconds for phase in Phase},
        n_skipped_steps=state.skipped.total,
        proposals=found,
        heldout_gain=before - heldout.answer_nats_per_token,
        alarms=rung,
    )
