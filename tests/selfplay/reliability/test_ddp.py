"""Two processes share a run: the same tasks and attempts, losses that differ in rounding, one end for both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from selfplay.cli import main
from selfplay.config import ArmConfig, DeviceConfig, JudgeConfig, LearnerConfig, RunConfig
from selfplay.play.checkpoint import load_checkpoint
from selfplay.play.launch import require_devices
from selfplay.play.run import run_arm
from tests.selfplay.reliability.conftest import ARMS, Zygote, command, contents, differences, said, smallest_run

pytestmark = pytest.mark.ddp

TWO = DeviceConfig(n_devices=2)
PREFERENCE = ArmConfig(
    "preference", proposer="env", judge=JudgeConfig("noisy", 0.9, 0.3), learner=LearnerConfig("preference")
)


def on_two(config: RunConfig) -> RunConfig:
    return replace(config, device=TWO)


def rounds(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]


def written(folder: Path) -> list[list[dict[str, Any]]]:
    """Attempts without what is measured in seconds or rounded."""
    tables = [pq.read_table(path) for path in sorted((folder / "attempts").glob("*"))]
    return [
        t.drop_columns(["cost_s", "verdict_cost_s", "logprob_nats", "score", "verdict_detail"]).to_pylist()
        for t in tables
    ]


def require_alike(one: Path, two: Path, rounding: float = 2e-5, *, weights: bool = True) -> None:
    """The same texts, verdicts and counts; losses and weights up to rounding, which grows with the steps."""
    assert written(two) == written(one)
    for a, b in zip(rounds(one), rounds(two), strict=True):
        for name in ("train_tokens", "synthetic_tokens", "train_flops", "generate_flops", "verify_flops", "n_stored"):
            assert a[name] == b[name], name
        assert b["train_nats_per_token"] == pytest.approx(a["train_nats_per_token"], abs=rounding)
        for name in ("heldout", "validation"):
            assert b[name] == pytest.approx(a[name], abs=rounding, nan_ok=True)
    if not weights:
        return
    left, right = (load_checkpoint(folder / "checkpoint.ckpt")["model"] for folder in (one, two))
    assert all(torch.allclose(left[name], right[name], atol=10 * rounding) for name in left)


@pytest.mark.parametrize(
    ("arm", "micro_batch"),
    [(ARMS[0], 3), (ARMS[2], 0), (ARMS[3], 0), (PREFERENCE, 0)],
    ids=lambda value: getattr(value, "name", None),
)
def test_two_processes_do_what_one_does(arm: ArmConfig, micro_batch: int, zygote: Zygote, tmp_path: Path):
    """Batches of 7 are split unevenly, and the last of a round may leave a process without a text."""
    config = smallest_run(arm, save_every_s=1e9, dropout=0.0)
    config = replace(config, optim=replace(config.optim, batch_size=7, micro_batch=micro_batch))
    assert zygote(command(config, tmp_path / "one")) == 0, zygote.errors()
    assert zygote(command(on_two(config), tmp_path / "two"), n_processes=2) == 0, zygote.errors()
    require_alike(tmp_path / "one", tmp_path / "two")


def test_tasks_that_the_model_writes_are_the_same(unverified_run: RunConfig, zygote: Zygote, tmp_path: Path):
    config = replace(unverified_run, optim=replace(unverified_run.optim, dropout=0.0), budget_tokens=9_000)
    assert zygote(command(config, tmp_path / "one")) == 0, zygote.errors()
    assert zygote(command(on_two(config), tmp_path / "two"), n_processes=2) == 0, zygote.errors()
    require_alike(tmp_path / "one", tmp_path / "two", rounding=1e-4)
    assert sum(report["n_tasks"] for report in rounds(tmp_path / "two")) > 0


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_agree_on_a_step_without_a_number(rank: int, zygote: Zygote, tmp_path: Path):
    config = smallest_run(ARMS[0], save_every_s=1e9, dropout=0.0)
    assert zygote(command(config, tmp_path / "one"), poison=[0, 20]) == 0, zygote.errors()
    assert zygote(command(on_two(config), tmp_path / "two"), n_processes=2, poison=[rank, 20]) == 0, zygote.errors()
    assert rounds(tmp_path / "two")[-1]["n_skipped_steps"] == 1
    require_alike(tmp_path / "one", tmp_path / "two")


def test_two_processes_that_are_killed_go_on_to_the_same_bits(zygote: Zygote, tmp_path: Path):
    config = on_two(smallest_run(ARMS[0]))
    assert zygote(command(config, tmp_path / "whole"), n_processes=2) == 0, zygote.errors()
    rng, n_kills = Random(0), 0
    argv = command(config, tmp_path / "cut")
    while (code := zygote(argv, n_processes=2, kill_after_s=rng.uniform(0.2, 0.8 + 0.3 * n_kills))) == -9:
        n_kills += 1
    assert code == 0, zygote.errors()
    assert n_kills > 0
    assert differences(tmp_path / "cut", contents(tmp_path / "whole")) == []


def test_a_run_of_one_process_is_not_gone_on_with_by_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = smallest_run(ARMS[0])
    run_arm(config, tmp_path / "run")
    (tmp_path / "run" / "result.json").unlink()
    assert main([*map(str, command(config, tmp_path / "run")), "--device.n_devices", "2"]) == 1
    assert "holds a run of another configuration (now: n_devices: 2)" in capsys.readouterr().err


def test_another_number_of_processes_than_torchrun_started_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("WORLD_SIZE", "2")
    require_devices(TWO)
    with pytest.raises(ValueError, match=r"device.n_devices = 1, but torchrun has started 2 processes: say --device"):
        require_devices(DeviceConfig())


def test_ctrl_c_and_a_lost_process_end_all_with_one_line(zygote: Zygote, tmp_path: Path):
    argv = command(on_two(smallest_run(ARMS[0], save_every_s=1e9)), tmp_path / "run")
    assert zygote(argv, n_processes=2, signal=[0, "SIGINT", 1]) == 130
    lines = zygote.errors()
    assert len(lines) == 1, lines
    assert lines[0].startswith("stopped; what was finished is saved. To continue: selfplay train")
    assert zygote(argv, n_processes=2, signal=[1, "SIGKILL", 1]) == 1
    assert zygote.errors() == [
        "error: another process of this run has ended; the same command goes on from what is saved"
    ]


def started(module: list[str], config: RunConfig, folder: Path, mortal: str) -> tuple[int, list[str]]:
    """Exit code and errors of a command started as a user does, one process of which may get a signal."""
    argv = [sys.executable, "-m", *module, *map(str, command(config, folder))]
    env = {**os.environ, "MORTAL": mortal, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=600)
    return done.returncode, said(done.stderr)


@pytest.mark.slow
def test_launched_by_fabric_and_gone_on_with_by_torchrun(tmp_path: Path, zygote: Zygote):
    """A process is lost as round 1 begins; to the end, the bits are those of processes that were never lost."""
    config = on_two(smallest_run(ARMS[0]))
    assert zygote(command(config, tmp_path / "whole"), n_processes=2) == 0, zygote.errors()
    mortal = "tests.selfplay.reliability.mortal"
    assert started([mortal], config, tmp_path / "run", "1 SIGKILL 1") == (
        1, ["error: process 1 of this run has ended (SIGKILL); the same command goes on from what is saved"]
    )  # fmt: skip
    assert len(rounds(tmp_path / "run")) == 1
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", mortal]
    code, errors = started(torchrun, config, tmp_path / "run", "0 SIGKILL 9")
    assert code == 0, errors
    assert differences(tmp_path / "run", contents(tmp_path / "whole")) == []
