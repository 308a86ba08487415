"""From the configuration of an arm to the parts of its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from envs.core import Solved
from selfplay.config import JudgeConfig, RunConfig
from selfplay.data.encoding import Encoder
from selfplay.model.vllm import VllmServer
from selfplay.play.distill import Distillation
from selfplay.play.judges import AcceptAllJudge, ExactJudge, Judge, MajorityJudge, Verifier
from selfplay.play.jury import VotingJudge
from selfplay.play.learn import FilteredLikelihood, Learner
from selfplay.play.noise import NoisyJudge
from selfplay.play.policy import PolicyGradient
from selfplay.play.preference import Preference
from selfplay.play.proposer import Admission, EnvProposer, ModelProposer, NoProposer, Proposer
from selfplay.play.self_judge import ModelJudge
from selfplay.play.solver import ModelSolver, PosedSolver, Solver
from selfplay.play.state import RunState
from selfplay.play.trainer import Trainer
from selfplay.streams import derive


def build_server(config: RunConfig, encoder: Encoder, folder: Path) -> VllmServer | None:
    """The server that samples for the run in a folder, if one does."""
    match config.device.sampler:
        case "ours":
            return None
        case "vllm":
            return VllmServer(config.device.vllm_url.rstrip("/"), folder / "served", encoder.tokenizer)


def build_proposer(config: RunConfig, state: RunState, admission: Admission, server: VllmServer | None) -> Proposer:
    """Who writes tasks."""
    model = state.first if config.arm.proposer_weights == "frozen" else state.average
    match config.arm.proposer:
        case "none":
            return NoProposer()
        case "env":
            return EnvProposer(admission, config)
        case "model":
            return ModelProposer(model, admission, config, solution_first=False, server=server)
        case "solution":
            return ModelProposer(model, admission, config, solution_first=True, server=server)


def build_solver(
    config: RunConfig, state: RunState, encoder: Encoder, verifier: Verifier, server: VllmServer | None
) -> Solver:
    """Who answers them."""
    if config.arm.solver == "posed":
        return PosedSolver(state)
    return ModelSolver(state, encoder, verifier, config, server)


def build_judge(config: JudgeConfig, verifier: Verifier, seed: int) -> Judge:
    """A judge that needs no model.

    Raises:
        ValueError: The model itself is asked for; see `build_arm_judge`.
    """
    match config.kind:
        case "exact":
            return ExactJudge(verifier)
        case "accept-all":
            return AcceptAllJudge()
        case "noisy":
            return NoisyJudge(verifier, config, seed)
        case "majority":
            return MajorityJudge(config.threshold)
        case "model":
            raise ValueError("judge.kind = model: only a run has a model; audit the run's folder instead")


def build_arm_judge(
    config: RunConfig, state: RunState, encoder: Encoder, verifier: Verifier, pool: Sequence[Solved]
) -> Judge:
    """Who decides what an arm keeps. The errors of noisy judges of a jury are independent of each other."""

    def build(judge: JudgeConfig, seed: int) -> Judge:
        if judge.kind == "model":
            return ModelJudge(state, encoder, verifier, config, judge, pool)
        return build_judge(judge, verifier, seed)

    first, jury = build(config.arm.judge, config.seed), config.arm.jury
    further = [build(judge, derive(config.seed, "jury", number)) for number, judge in enumerate(jury)]
    return VotingJudge([first, *further], config.arm.quorum) if further else first


def build_learner(config: RunConfig, trainer: Trainer, state: RunState, encoder: Encoder) -> Learner:
    """What changes the weights once self-play has begun."""
    parts = (trainer, state, encoder, config)
    match config.arm.learner.kind:
        case "likelihood":
            return FilteredLikelihood(*parts, task_weight=config.play.task_weight)
        case "policy":
            return PolicyGradient(*parts, task_weight=config.play.task_weight)
        case "preference":
            return Preference(*parts, task_weight=config.play.task_weight)
        case "distill":
            return Distillation(*parts, task_weight=config.play.task_weight)
