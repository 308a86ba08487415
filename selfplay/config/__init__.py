"""What a YAML file of the project may say, as frozen dataclasses: data and range checks; no torch.

Defaults live here; a YAML file states what differs (`selfplay.configfile` reads it). Units are in the names:
`_tokens`, `_fraction` (0 to 1).
"""

from selfplay.config.arm import ArmConfig, require_arm
from selfplay.config.checks import require, require_fraction, require_not_negative, require_positive
from selfplay.config.data import DataConfig, TaskConfig
from selfplay.config.judge import JudgeConfig
from selfplay.config.learner import CurriculumConfig, LearnerConfig, RewardConfig
from selfplay.config.model import ModelConfig, RopeScaling
from selfplay.config.optim import DeviceConfig, OptimConfig
from selfplay.config.play import PlayConfig
from selfplay.config.run import RunConfig
from selfplay.config.study import StudyConfig

__all__ = [
    "ArmConfig",
    "CurriculumConfig",
    "DataConfig",
    "DeviceConfig",
    "JudgeConfig",
    "LearnerConfig",
    "ModelConfig",
    "OptimConfig",
    "PlayConfig",
    "RewardConfig",
    "RopeScaling",
    "RunConfig",
    "StudyConfig",
    "TaskConfig",
    "require",
    "require_arm",
    "require_fraction",
    "require_not_negative",
    "require_positive",
]
