"""Tasks and verdicts stay what they were; `tests/envs/golden.py` says what to do when they should not."""

import json

import pytest

from envs.core import Env
from tests.envs.golden import FAMILIES, path_of, sample_of


@pytest.mark.parametrize("env", FAMILIES, ids=lambda env: env.name)
def test_tasks_and_verdicts_are_those_of_the_version(env: Env) -> None:
    stored = json.loads(path_of(env).read_text(encoding="utf-8"))
    assert sample_of(env) == stored, f"{env.name} changed: raise its version and write a new golden file"
