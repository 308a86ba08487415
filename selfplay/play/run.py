"""One run: build its parts, play rounds until the budget is spent, save after each."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lightning.fabric import Fabric

from envs.execution import status_for
from selfplay.config import RunConfig
from selfplay.configfile import CONFIG, holds_run, to_yaml
from selfplay.data.encoding import Encoder
from selfplay.data.sources import RealData, draw_real_data
from selfplay.files import locked, replacing
from selfplay.model.architecture import shaped
from selfplay.model.compiling import compile_training
from selfplay.model.foreign import COPY, ForeignTokenizer, copy_description
from selfplay.model.hf import read_weights
from selfplay.model.tokenizer import Tokenizer
from selfplay.play.checkpoint import keep_checkpoint, load_latest, previous, save_checkpoint
from selfplay.play.curriculum import Curriculum
from selfplay.play.evaluate import Evaluator
from selfplay.play.exchange import agreed
from selfplay.play.judges import Verifier
from selfplay.play.launch import losses_told, require_devices, start_fabric
from selfplay.play.learn import FilteredLikelihood
from selfplay.play.log import RunLog
from selfplay.play.manifest import finish_manifest, write_manifest
from selfplay.play.monitors import real_shares
from selfplay.play.parts import build_arm_judge, build_learner, build_proposer, build_server, build_solver
from selfplay.play.probe import Probe
from selfplay.play.proposer import Admission, NoProposer
from selfplay.play.round import Stages, play_round
from selfplay.play.savepoint import Savepoint
from selfplay.play.sharding import sharded
from selfplay.play.solver import ModelSolver
from selfplay.play.state import RunState
from selfplay.play.trainer import Trainer
from selfplay.play.worth import Appraiser
from selfplay.ranks import leads
from selfplay.records import RoundReport, RunResult

CHECKPOINT, SAVEPOINT, BEST = "checkpoint.ckpt", "round.ckpt", "best.ckpt"
RESULT, SANDBOX = "result.json", "sandbox.json"
OnRound = Callable[[RoundReport], None]


@dataclass(frozen=True)
class Parts:
    """What a run is made of, apart from its state: the rounds before self-play, and those with it."""

    fabric: Fabric
    data: RealData
    verifier: Verifier
    opening: Stages
    playing: Stages


def run_arm(
    config: RunConfig,
    folder: Path,
    *,
    trunk: Path | None = None,
    teachers: Sequence[Path] = (),
    on_round: OnRound | None = None,
) -> RunResult:
    """Run to the end of the budget, going on from the folder's checkpoint if there is one.

    Args:
        config: The run.
        folder: Takes `config.yaml`, `manifest.json`, `checkpoint.ckpt`, `best.ckpt`, `rounds.jsonl`, `attempts/`,
            TensorBoard events, and at the end `result.json`. Kept by one process at a time.
        trunk: Folder of a finished run whose rounds are the first rounds of this one (see `study.grid`); where
            to begin when the folder has no checkpoint yet.
        teachers: Folders of finished runs that teach together with this one (see `play.ensemble`).
        on_round: Called after every round is saved.

    Raises:
        ValueError: The folder holds another run or a damaged checkpoint, or the data cannot be drawn.
        OSError: The folder cannot be written.
    """
    assert (config.arm.n_members, config.arm.learner.n_teachers) == (1, 1 + len(teachers)), "see ensemble.run_job"
    require_devices(config.device)
    with locked(folder) if leads() else nullcontext(), losses_told():  # of several processes one writes
        if leads() and not holds_run(folder, config):
            with replacing(folder / CONFIG) as temporary:
                temporary.write_text(to_yaml(config))
        if (folder / RESULT).exists():
            return read_result(folder / RESULT)
        begun = (folder / CHECKPOINT).exists() or previous(folder / CHECKPOINT).exists()
        start = folder if begun else trunk
        if leads():
            _record_sandbox(config, folder)
            if config.model.from_hf and not begun:
                copy_description(Path(config.model.from_hf), folder)
        state, parts = _build(config, folder, begins=start is None)
        if leads():
            write_manifest(config, parts.data, folder)
        if start and (saved := agreed(_saved(folder, start) if leads() else None)):
            state.load_state_dict(saved, config, parts.data)
        with parts.verifier:
            _play(config, folder, state, parts, teachers, on_round)
        result = summarize(config, state, parts.data, parts.playing.admission.encoder)
        if leads():
            finish_manifest(result, len(state.reports), folder)
            with replacing(folder / RESULT) as temporary:
                temporary.write_text(json.dumps(asdict(result), indent=2))
        return result


def _saved(folder: Path, start: Path) -> dict[str, Any]:
    """The state to go on from: the folder's, or before its first round that of a trunk."""
    if start != folder:
        with replacing(folder / BEST) as temporary:
            shutil.copyfile(start / BEST, temporary)
    return load_latest(start / CHECKPOINT)


def _record_sandbox(config: RunConfig, folder: Path) -> None:
    """What programs were run in, as of the latest start of the run."""
    status = status_for(task.env for task in config.data.tasks)
    with replacing(folder / SANDBOX) as temporary:
        record = {"backend": status.backend, "safe": status.safe, "layers": [x._asdict() for x in status.layers]}
        temporary.write_text(json.dumps(record, indent=2))


def read_result(path: Path) -> RunResult:
    """The row of a finished run.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        return RunResult(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise ValueError(f"{path}: damaged; delete it to finish this run again from its checkpoint") from None


def _play(
    config: RunConfig, folder: Path, state: RunState, parts: Parts, teachers: Sequence[Path], on_round: OnRound | None
) -> None:
    done = Savepoint(folder / SAVEPOINT, to_yaml(config), config.play.save_every_s)
    with closing(RunLog(folder, config)) if leads() else nullcontext() as log:
        if log:
            log.begin(state.reports)
        while state.train_tokens < config.budget_tokens:
            played = play_round(
                parts.fabric, state, _stages(config, state, parts, teachers), config, _n_tokens(config, state), done
            )
            state.reports.append(asdict(played.report))
            saved = state.state_dict()
            if log:
                log.add(played, state.reports)
                _save(config, folder, saved, is_best=played.report.is_best)
            done.clear()
            if on_round:
                on_round(played.report)
            _heed(config, played.report, {line for report in state.reports[:-1] for line in _kinds(report["alarms"])})
        done.clear()  # of a process that died between saving the last round and this


def _stages(config: RunConfig, state: RunState, parts: Parts, teachers: Sequence[Path]) -> Stages:
    """What the next round is made of."""
    if state.train_tokens == config.play.start_tokens:
        state.begin_play(config, [load_latest(teacher / CHECKPOINT) for teacher in teachers])
    return parts.playing if state.train_tokens >= config.play.start_tokens else parts.opening


def _n_tokens(config: RunConfig, state: RunState) -> int:
    """What the next round learns from: no round is of both kinds, and none passes the budget."""
    start = config.play.start_tokens
    until = config.budget_tokens if state.train_tokens >= start else min(config.budget_tokens, start)
    return min(config.play.round_tokens, until - state.train_tokens)


def _save(config: RunConfig, folder: Path, state: dict[str, Any], *, is_best: bool) -> None:
    yaml = to_yaml(config)
    if is_best:
        save_checkpoint(folder / BEST, {"model": state["average"]}, yaml)
    keep_checkpoint(folder / CHECKPOINT, state, yaml)


def _kinds(lines: Sequence[str]) -> list[str]:
    """What alarms are about, without their numbers."""
    return [" ".join(line.split()[:2]) for line in lines]


def _heed(config: RunConfig, report: RoundReport, known: set[str]) -> None:
    """Print alarms of a kind the run has not had, and stop where they stop it."""
    for alarm, kind in zip(report.alarms, _kinds(report.alarms), strict=True):
        if kind in known or not leads():
            continue
        print(f"alarm: {config.arm.name} seed {config.seed}, round {report.round}: {alarm}", file=sys.stderr)
    if report.alarms and config.play.alarms == "stop":
        raise ValueError(
            f"{config.arm.name} seed {config.seed} stopped in round {report.round} by an alarm: {report.alarms[0]};"
            " play.alarms: log goes on"
        )


def build_fabric(config: RunConfig) -> Fabric:
    """Fabric on one of the run's devices: for looking at it, where there is nothing to share.

    Raises:
        ValueError: The device is not there.
    """
    device = replace(config.device, n_devices=1)
    require_devices(device)
    return start_fabric(device)


def build_encoder(config: RunConfig, folder: Path | None = None) -> Encoder:
    """The texts of the run's envs.

    Args:
        config: The run.
        folder: Its folder, which holds what is needed of a foreign checkpoint; without one the checkpoint is read.

    Raises:
        ValueError: A foreign tokenizer cannot be read, or loses characters of the envs.
    """
    envs = [task.env for task in config.data.tasks]
    if config.model.from_hf is None:
        return Encoder(Tokenizer.of(envs), config.model.context_length, works=config.data.work)
    source = Path(config.model.from_hf) if folder is None else folder / COPY
    return Encoder(ForeignTokenizer(source, envs), config.model.context_length, works=config.data.work)


def _build(config: RunConfig, folder: Path, *, begins: bool) -> tuple[RunState, Parts]:
    """The run's parts; a run that begins, instead of going on, reads the weights of its checkpoint if it names one."""
    fabric = start_fabric(config.device)
    encoder = build_encoder(config, folder)
    data = draw_real_data(config.data, config.real_seed)
    for solved in data.pool:
        encoder.solved(
            solved.task, solved.answer, work=solved.work
        )  # a task that does not fit is refused before any training
    state = RunState.fresh(config, data, len(encoder.tokenizer), fabric.device)
    if begins and isinstance(encoder.tokenizer, ForeignTokenizer):
        shaped(config.model, given=vars(config.model))  # refuses a configuration that is not the checkpoint's
        read_weights(state.model, Path(str(config.model.from_hf)), encoder.tokenizer.n_known, encoder.tokenizer.new)
        state.start_from(state.model.state_dict())
    compile_training(state.model, config)
    forward, state.optimizer = fabric.setup(state.model, state.optimizer)
    state.shards = sharded(forward)
    trainer = Trainer(fabric, forward, state, config.optim)
    verifier = Verifier({task.env.name: task.env for task in config.data.tasks})
    admission = Admission.of(data, encoder)
    server = build_server(config, encoder, folder)
    playing = Stages(
        proposer=build_proposer(config, state, admission, server),
        curriculum=Curriculum(config.arm.curriculum, state.solve_rates, config.data.tasks),
        solver=build_solver(config, state, encoder, verifier, server),
        judge=build_arm_judge(config, state, encoder, verifier, data.pool),
        appraiser=Appraiser(state, encoder, verifier, config, data.pool),
        admission=admission,
        learner=build_learner(config, trainer, state, encoder),
        probe=Probe(state, encoder, verifier, config, data.validation),
        verifier=verifier,
        heldout=Evaluator(data.heldout, encoder, verifier, config.data.n_accuracy),
        validation=Evaluator(data.validation, encoder, verifier, 0),
        real_levels=real_shares(data.pool),
    )
    opening = replace(
        playing,
        proposer=NoProposer(),
        solver=ModelSolver(state, encoder, verifier, config),
        learner=FilteredLikelihood(trainer, state, encoder, config, task_weight=config.optim.task_weight),
    )
    return state, Parts(fabric, data, verifier, opening, playing)


def summarize(config: RunConfig, state: RunState, data: RealData, encoder: Encoder) -> RunResult:
    """The run-table row of a finished run, at its round of best validation loss."""
    losses = [report["validation"]["answer_nats_per_token"] for report in state.reports]
    best = state.reports[min(range(len(losses)), key=lambda i: math.inf if math.isnan(losses[i]) else losses[i])]
    pool = (encoder.solved(solved.task, solved.answer, work=solved.work) for solved in data.pool)
    n_pool_tokens = sum(text.n_tokens for text in pool)
    totals = state.ledger.totals()
    return RunResult(
        arm=config.arm.name,
        seed=config.seed,
        budget=config.budget_tokens,
        N=sum(parameter.numel() for parameter in state.average.parameters()),
        U=n_pool_tokens if config.arm.real == "pool" else state.real_tokens,
        D=state.train_tokens,
        D_real=state.real_tokens,
        D_syn=state.synthetic_tokens,
        flops_train=totals.train_flops,
        flops_generate=totals.generate_flops,
        flops_verify=totals.verify_flops,
        verify_cpu_s=totals.verify_s,
        loss=best["heldout"]["answer_nats_per_token"],
        loss_all=best["heldout"]["nats_per_token"],
        loss_final=state.reports[-1]["heldout"]["answer_nats_per_token"],
        accuracy=best["heldout"]["accuracy"],
        best_round=best["round"],
        n_stored=len(state.store),
        method_s=totals.method_s,
        evaluate_s=totals.evaluate_s,
    )
