import math

import pytest
import torch

from envs.math.linear import Linear
from selfplay.config import ArmConfig, DataConfig, RunConfig, TaskConfig
from selfplay.data.encoding import Batch
from selfplay.play.learn import weighted_loss
from selfplay.play.run import run_arm


def batch(is_task: list[int], is_answer: list[int]) -> Batch:
    n = len(is_task)
    return Batch(torch.zeros(1, n, dtype=torch.int64), torch.zeros(1, n, dtype=torch.int64),
                 torch.tensor([is_task]).bool(), torch.tensor([is_answer]).bool())  # fmt: skip


def test_task_tokens_weigh_what_they_are_told():
    """By hand: target 0 has logit difference 0 on the task token (ln 2) and ln 3 on the answer token (ln 4/3)."""
    logits = torch.tensor([[[0.0, 0.0], [math.log(3.0), 0.0], [9.0, 9.0]]])
    one = batch([1, 0, 0], [0, 1, 0])
    for weight in (0.0, 0.1, 1.0, 5.0):
        wanted = (weight * math.log(2) + math.log(4 / 3)) / (weight + 1)
        assert weighted_loss(logits, one, weight).item() == pytest.approx(wanted, abs=1e-6)


def test_a_batch_without_weight_has_no_loss():
    assert weighted_loss(torch.randn(1, 2, 3), batch([1, 1], [0, 0]), 0.0).item() == 0.0


@pytest.mark.parametrize("solver", ["posed", "model"])
def test_solution_first_learns_to_pose(tiny_run: RunConfig, tmp_path, solver):
    """The arm reads solutions as well as tasks; posed answers are verified like any other."""
    from dataclasses import replace

    data = DataConfig([TaskConfig(Linear(), levels=[1])], n_real=100, n_validation=20, n_heldout=30, n_accuracy=10)
    arm = ArmConfig("solution-first", proposer="solution", solver=solver)
    model = replace(tiny_run.model, context_length=20)
    config = replace(tiny_run, data=data, arm=arm, model=model, play=replace(tiny_run.play, n_proposals=300))
    run_arm(config, tmp_path)
    import json

    last = json.loads((tmp_path / "rounds.jsonl").read_text().splitlines()[-1])
    assert last["n_proposed"] == 300
    if solver == "posed" and last["n_tasks"]:
        assert last["judge"]["solve_rate"] == 1.0  # what a task is posed from solves it
        assert last["judge"]["n_attempts"] == last["n_tasks"]
