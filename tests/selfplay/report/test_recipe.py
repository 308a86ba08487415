"""What a report says an arm learns from."""

from typing import get_args, get_type_hints

from selfplay.config.arm import ArmConfig
from selfplay.config.judge import JudgeConfig
from selfplay.config.learner import LearnerConfig, RewardConfig
from selfplay.report.html import recipe


def kinds(part: type) -> tuple[str, ...]:
    return get_args(get_type_hints(part)["kind"])


def test_every_judge_learner_and_reward_has_words_of_its_own() -> None:
    arms = [ArmConfig(proposer="model", judge=JudgeConfig(kind=kind)) for kind in kinds(JudgeConfig)]
    arms += [ArmConfig(proposer="model", learner=LearnerConfig(kind=kind)) for kind in kinds(LearnerConfig)]
    arms += [ArmConfig(proposer="model", reward=RewardConfig(kind=kind)) for kind in kinds(RewardConfig)]
    plain = ArmConfig(proposer="model")
    assert len({recipe(arm) for arm in arms}) == len({recipe(arm) for arm in [*arms, plain]})
    n_defaults = 3  # one of each three lists is what an arm has anyway
    assert len({recipe(arm) for arm in arms}) == len(arms) - n_defaults + 1
