"""One training job: a run, or the runs that an ensemble or a distilled student is made of.

Members differ in every draw but those of the real data: the first is the run of the arm without an ensemble, at its
share of the budget. Each has a folder of its own and stops early on its own; then all are averaged and measured once
more. Tokens, FLOPs and parameters are those of all members together, so that a table shows what the average cost.
Evaluation is not charged, of an ensemble as of a single model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from selfplay.config import ArmConfig, RunConfig
from selfplay.configfile import CONFIG, holds_run, to_yaml
from selfplay.data.sources import draw_real_data
from selfplay.files import locked, replacing
from selfplay.model.ensemble import averaged, build_model
from selfplay.model.gpt import GPT
from selfplay.play.checkpoint import load_checkpoint, load_latest, save_checkpoint
from selfplay.play.evaluate import Evaluator
from selfplay.play.judges import Verifier
from selfplay.play.manifest import finish_manifest, write_manifest
from selfplay.play.run import BEST, CHECKPOINT, RESULT, OnRound, build_encoder, build_fabric, read_result, run_arm
from selfplay.records import JudgeReport, ProposalReport, RunResult, Scores
from selfplay.streams import derive

MEMBERS, TEACHERS = "members", "teachers"

_SUMMED = (
    "N", "D", "D_real", "D_syn", "flops_train", "flops_generate", "flops_verify", "verify_cpu_s", "n_stored",
    "method_s", "evaluate_s",
)  # fmt: skip
"""Columns of the run table that add up over members."""

_SUMMED_OF_ROUNDS = (
    "round_tokens", "train_tokens", "real_tokens", "synthetic_tokens", "train_flops", "generate_flops", "verify_flops",
    "step", "n_proposed", "n_malformed_tasks", "n_repeated_tasks", "n_heldout_tasks", "n_tasks", "n_stored",
    "n_skipped_steps",
)  # fmt: skip


def run_job(
    config: RunConfig, folder: Path, *, trunk: Path | None = None, on_round: OnRound | None = None
) -> RunResult:  # fmt: skip
    """Run the job to its end, going on from what its folder holds; see `run_arm`."""
    if config.arm.n_members > 1:
        return _run_members(config, folder, on_round)
    teachers = [folder / TEACHERS / f"{number:02d}" for number in range(1, config.arm.learner.n_teachers)]
    for number, place in enumerate(teachers, start=1):
        run_arm(teacher_of(config, number), place, on_round=on_round)
    return run_arm(config, folder, trunk=trunk, teachers=teachers, on_round=on_round)


def member_of(config: RunConfig, number: int) -> RunConfig:
    """One member's run; the members' budgets add up to the arm's."""
    n_members = config.arm.n_members
    budget = config.budget_tokens // n_members + (number < config.budget_tokens % n_members)
    return replace(_own_draws(config, number), arm=replace(config.arm, n_members=1), budget_tokens=budget)


def teacher_of(config: RunConfig, number: int) -> RunConfig:
    """The run of a further teacher: the beginning of the arm's own with other draws, and no decay within it."""
    arm = ArmConfig("teacher", config.arm.real, weight_decay=config.arm.weight_decay, dropout=config.arm.dropout)
    if config.arm.proposer == "solution":
        arm = replace(arm, proposer="solution")  # such arms learn to write solutions from the start
    if config.arm.model_judge:
        arm = replace(arm, judge=config.arm.model_judge)  # and verdicts
    optim = replace(config.optim, decay_fraction=0.0)
    return replace(_own_draws(config, number), arm=arm, optim=optim, budget_tokens=config.play.start_tokens)


def _own_draws(config: RunConfig, number: int) -> RunConfig:
    seed = derive(config.seed, "member", number) if number else config.seed
    return replace(config, seed=seed, data_seed=config.real_seed)


def _run_members(config: RunConfig, folder: Path, on_round: OnRound | None) -> RunResult:
    with locked(folder):
        if not holds_run(folder, config):
            with replacing(folder / CONFIG) as temporary:
                temporary.write_text(to_yaml(config))
        if (folder / RESULT).exists():
            return read_result(folder / RESULT)
        places = [folder / MEMBERS / f"{number:02d}" for number in range(config.arm.n_members)]
        results = [
            run_job(member_of(config, number), place, on_round=on_round) for number, place in enumerate(places)
        ]  # fmt: skip
        result = _combine(config, folder, places, results)
        with replacing(folder / RESULT) as temporary:
            temporary.write_text(json.dumps(asdict(result), indent=2))
        return result


def _combine(config: RunConfig, folder: Path, places: Sequence[Path], results: Sequence[RunResult]) -> RunResult:
    """Measure the average of the members' early-stopped weights, and leave what a run leaves."""
    fabric, encoder = build_fabric(config), build_encoder(config)
    data = draw_real_data(config.data, config.real_seed)

    def loaded(weights: Any) -> GPT:
        model = build_model(config.model, len(encoder.tokenizer))
        model.load_state_dict(weights)
        model.to(fabric.device)
        return model

    best = averaged([loaded(load_checkpoint(place / BEST)["model"]) for place in places])
    last = averaged([loaded(load_latest(place / CHECKPOINT)["average"]) for place in places])
    write_manifest(config, data, folder)
    with Verifier({task.env.name: task.env for task in config.data.tasks}) as verifier, fabric.autocast():
        heldout = Evaluator(data.heldout, encoder, verifier, config.data.n_accuracy)
        scores, final = heldout.evaluate(best), heldout.evaluate(last)
        validation = Evaluator(data.validation, encoder, verifier, 0).evaluate(best)
    save_checkpoint(folder / BEST, {"model": best.state_dict()}, to_yaml(config))
    _leave_round(folder, places, scores, validation)
    first = results[0]
    sums = {name: sum(getattr(result, name) for result in results) for name in _SUMMED}
    result = replace(
        first, arm=config.arm.name, seed=config.seed, budget=config.budget_tokens,
        U=first.U if config.arm.real == "pool" else sums["D_real"],
        loss=scores.answer_nats_per_token, loss_all=scores.nats_per_token, loss_final=final.answer_nats_per_token,
        accuracy=scores.accuracy, best_round=0, **sums,
    )  # fmt: skip
    finish_manifest(result, 1, folder)
    return result


def _leave_round(folder: Path, places: Sequence[Path], heldout: Scores, validation: Scores) -> None:
    """The one line of `rounds.jsonl`: the members' last rounds together, with what the average measures."""
    last = [json.loads((place / "rounds.jsonl").read_text().splitlines()[-1]) for place in places]
    report = {
        **last[0],
        **{name: sum(one[name] for one in last) for name in _SUMMED_OF_ROUNDS},
        "round": 0,
        "round_tokens": sum(one["train_tokens"] for one in last),
        "seconds": {phase: sum(one["seconds"][phase] for one in last) for phase in last[0]["seconds"]},
        "judge": _plain(JudgeReport(0, 0, 0, math.nan, math.nan, math.nan, 0, math.nan)),
        "proposals": _plain(ProposalReport()),
        "heldout": _plain(heldout),
        "validation": _plain(validation),
        "is_best": True,
        "heldout_gain": None,
        "alarms": [],
    }
    with replacing(folder / "rounds.jsonl") as temporary:
        temporary.write_text(json.dumps(report) + "\n")


def _plain(record: Any) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: None if value != value else value for name, value in values.items()}
