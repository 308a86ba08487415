from collections.abc import Callable
from typing import Any

import pytest

from envs.math.linear import Linear
from selfplay.config import TaskConfig
from selfplay.measure.audit import Audit, run_audit
from selfplay.measure.config import AuditConfig, GateConfig

Run = Callable[..., Audit]
VERIFIERS = "tests.selfplay.measure.verifiers"


def small(**changes: Any) -> AuditConfig:
    """An audit of a second."""
    settings: dict[str, Any] = {
        "tasks": [TaskConfig(Linear())],
        "n_right": 60,
        "n_wrong": 100,
        "n_relation": 20,
        "n_repeated": 100,
        "n_hostile": 1,
        "gate": GateConfig(max_false_accept_rate=0.05, min_true_accept_rate=0.9),
    }
    return AuditConfig(**{**settings, **changes})


@pytest.fixture
def audited() -> Run:
    return lambda **changes: run_audit(small(**changes))
