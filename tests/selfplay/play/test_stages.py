"""Parts of a round on their own: curricula, the guide, dynamic sampling, the fixed probe."""

import math
from dataclasses import replace
from random import Random

import pytest
import torch

from envs.core import Outcome, Verdict
from envs.math.arithmetic import Arithmetic
from selfplay.config import (
    ArmConfig,
    CurriculumConfig,
    JudgeConfig,
    LearnerConfig,
    RewardConfig,
    RunConfig,
    TaskConfig,
)
from selfplay.data.sources import draw_real_data
from selfplay.play.curriculum import Curriculum
from selfplay.play.judges import AcceptAllJudge, ExactJudge, Verifier
from selfplay.play.logprobs import token_logprobs
from selfplay.play.noise import NoisyJudge
from selfplay.play.policy import PolicyGradient
from selfplay.play.probe import Probe
from selfplay.play.run import build_encoder
from selfplay.play.state import RunState
from selfplay.play.worth import Appraiser
from selfplay.records import Attempt, Experience, Judged, Proposals

ENV = Arithmetic(operations="+", max_digits=2)
TASKS = [ENV.parse(f"{a}+{b}") for a in range(1, 90, 4) for b in (1, 7, 23)]


def chosen(kind: str, progress: float, tasks: list[TaskConfig] | None = None) -> list[int]:
    curriculum = Curriculum(CurriculumConfig(kind, share=0.2), {}, tasks or [TaskConfig(ENV)])  # type: ignore[arg-type]
    found = curriculum.select(Proposals(tuple(TASKS)), Random(0), progress=progress)
    return [task.level for task in found.tasks]


def test_a_fixed_curriculum_opens_levels_with_the_budget() -> None:
    easy = sum(task.level == 1 for task in TASKS)
    wanted = round(0.2 * len(TASKS))
    assert len(chosen("fixed", 0.1)) == len(chosen("fixed", 0.9)) == len(chosen("random", 0.1)) == wanted
    early, late, anyhow = (
        chosen(kind, p).count(1) / wanted for kind, p in (("fixed", 0.1), ("fixed", 0.9), ("random", 0))
    )
    assert early > 3 * easy / len(TASKS)
    assert late == anyhow, "once all levels are open it is the random control, draw for draw"


def test_levels_open_in_the_order_of_the_configured_ones() -> None:
    two_first = [TaskConfig(ENV, levels=[2])]
    assert chosen("fixed", 0.0, two_first) == chosen("random", 0.0)


@pytest.fixture
def guided(tiny_run: RunConfig) -> RunConfig:
    return replace(tiny_run, arm=ArmConfig("guide", proposer="model", reward=RewardConfig("guide", n_probe=50)))


def test_the_guide_scores_relevance_times_cleanness(guided: RunConfig) -> None:
    data, encoder = draw_real_data(guided.data, 0), build_encoder(guided)
    state = RunState.fresh(guided, data, len(encoder.tokenizer), torch.device("cpu"))
    with Verifier({ENV.name: ENV}) as verifier:

        def worth(kind: str) -> tuple[dict[str, float], int]:
            arm = replace(guided.arm, reward=replace(guided.arm.reward, kind=kind))
            appraiser = Appraiser(state, encoder, verifier, replace(guided, arm=arm), data.pool)
            found = appraiser.appraise(Proposals(tuple(TASKS)), [], round=2)
            return dict(found.of_task), found.n_flops

        guide, anchor = worth("guide"), worth("anchor")
    texts = [encoder.proposed(task.env, task.prompt) for task in TASKS]
    clean = [math.exp(float(values.mean())) for values in token_logprobs(state.first, texts)]
    assert [guide[0][task.id] for task in TASKS] == pytest.approx(
        [anchor[0][task.id] * one for task, one in zip(TASKS, clean, strict=True)]
    )
    hard = [guide[0][task.id] for task in TASKS if task.level == 2]
    assert sum(hard) / len(hard) > guide[0][TASKS[0].id], "an untrained model misses the real tasks, most of level 2"
    assert guide[1] > anchor[1], "both are charged"


def test_dynamic_sampling_leaves_out_tasks_that_tell_nothing(tiny_run: RunConfig) -> None:
    correct, wrong = Verdict(Outcome.CORRECT), Verdict(Outcome.INCORRECT)
    made = [(TASKS[0], (correct, wrong)), (TASKS[1], (correct, correct)), (TASKS[2], (wrong, wrong))]
    judged = tuple(
        Judged(Attempt(task, str(number), True, 5, 2, -1.0, 0), verdict, "fixed")
        for task, verdicts in made
        for number, verdict in enumerate(verdicts)
    )
    data, encoder = draw_real_data(tiny_run.data, 0), build_encoder(tiny_run)
    state = RunState.fresh(tiny_run, data, len(encoder.tokenizer), torch.device("cpu"))
    n_used = {}
    for dynamic in (False, True):
        learner = LearnerConfig("policy", advantage="role", dynamic=dynamic)
        config = replace(tiny_run, arm=ArmConfig("a", proposer="model", learner=learner))
        gradient = PolicyGradient(None, state, encoder, config, task_weight=0.1)  # type: ignore[arg-type]
        units, _ = gradient._synthetic(Experience(judged=judged), 2)
        n_used[dynamic] = len(list(units))
    assert n_used == {False: 6, True: 2}


def test_the_probe_measures_the_judge_on_the_same_tasks_every_round(tiny_run: RunConfig) -> None:
    data, encoder = draw_real_data(tiny_run.data, 0), build_encoder(tiny_run)
    state = RunState.fresh(tiny_run, data, len(encoder.tokenizer), torch.device("cpu"))
    lenient = JudgeConfig("noisy", 1.0, 1.0)
    with Verifier({ENV.name: ENV}) as verifier:

        def probe(judge: JudgeConfig) -> Probe:
            return Probe(state, encoder, verifier, replace(tiny_run, arm=ArmConfig("a", judge=judge)), data.validation)

        noisy = NoisyJudge(verifier, lenient, 0)
        first, later = (probe(lenient).reward_gap(noisy, round=number) for number in (2, 9))
        assert first == later
        assert 0.0 <= first <= 1.0
        assert probe(lenient).reward_gap(ExactJudge(verifier), round=2) == 0.0
        assert math.isnan(probe(JudgeConfig()).reward_gap(ExactJudge(verifier), round=2))
        assert math.isnan(probe(JudgeConfig("accept-all")).reward_gap(AcceptAllJudge(), round=2))
