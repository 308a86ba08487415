"""The engine: same study, same table; killed at any time, same table."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from selfplay.config import ArmConfig, JudgeConfig, StudyConfig
from selfplay.configfile import to_yaml
from selfplay.records import WALL_CLOCK_COLUMNS
from selfplay.study.engine import run_study, uninterrupted
from selfplay.study.registration import check_registration


@pytest.fixture
def study(tiny_run) -> StudyConfig:
    arms = [
        ArmConfig("real"),
        ArmConfig("unverified", proposer="model", judge=JudgeConfig("accept-all")),
        ArmConfig("fresh", real="fresh", dropout=0.0),
    ]
    return StudyConfig("s", tiny_run.data, arms, [9_000, 15_000], [0], primary="unverified", model=tiny_run.model,
                       optim=tiny_run.optim, play=tiny_run.play, n_workers=2)  # fmt: skip


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open() as file:
        return [{k: v for k, v in row.items() if k not in WALL_CLOCK_COLUMNS} for row in csv.DictReader(file)]


def test_same_study_twice_and_with_other_workers_gives_the_same_table(study: StudyConfig, tmp_path: Path):
    results = run_study(study, tmp_path / "a")
    assert [(r.arm, r.budget) for r in results] == [(arm.name, b) for arm in study.arms for b in (9_000, 15_000)]
    run_study(replace(study, n_workers=1), tmp_path / "b")
    assert table(tmp_path / "a") == table(tmp_path / "b")
    assert all(row["D"] == row["budget"] for row in table(tmp_path / "a"))
    assert check_registration(study, tmp_path / "a").passed is True
    later = replace(study, seeds=[0, 1])
    assert "study.seeds was [0], is [0, 1]" in check_registration(later, tmp_path / "a").reason


def test_killed_and_run_again_gives_the_same_table(study: StudyConfig, tmp_path: Path):
    run_study(study, tmp_path / "whole")
    config = tmp_path / "study.yaml"
    config.write_text(to_yaml(study))
    command = [sys.executable, "-m", "selfplay.cli", "study", "--config", str(config), "--out", str(tmp_path / "cut")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "cut").glob("*/**/rounds.jsonl")) and time.monotonic() < deadline:
        assert process.poll() is None, "finished before it could be killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut" / "table.csv").exists()
    run_study(study, tmp_path / "cut")
    assert table(tmp_path / "cut") == table(tmp_path / "whole")


def test_a_run_that_cannot_go_on_is_named_and_the_others_finish(study: StudyConfig, tmp_path: Path):
    damaged = tmp_path / "cells" / "fresh" / "9000" / "seed0" / "checkpoint.ckpt"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"fresh 9k seed 0: .*damaged or not a checkpoint.*\(5 of 6 runs finished\)"):
        run_study(study, tmp_path)
    assert len(table(tmp_path)) == 5


def test_finished_runs_of_other_settings_are_not_passed_off_as_these(study: StudyConfig, tmp_path: Path):
    small = replace(study, arms=study.arms[:1], primary="real", fresh=None, budgets_tokens=[9_000])
    run_study(small, tmp_path)
    before = (tmp_path / "study.yaml").read_text()
    with pytest.raises(ValueError, match=r"holds a run of another configuration \(now: lr: 0.02\)"):
        run_study(replace(small, optim=replace(small.optim, lr=0.02)), tmp_path)
    assert (tmp_path / "study.yaml").read_text() == before
    run_study(replace(small, seeds=[0, 1]), tmp_path)  # more of the same is welcome
    assert [row["seed"] for row in table(tmp_path)] == ["0", "1"]


def test_ctrl_c_that_another_thread_takes_waits_too():
    """Python raises in the main thread, masked or not; a worker half started then would be neither known nor killed."""
    inside = threading.Event()
    finished = []

    def take() -> None:
        inside.wait()
        signal.raise_signal(signal.SIGINT)

    bystander = threading.Thread(target=take)
    bystander.start()  # before the block, whose mask it would inherit

    def start() -> None:
        with uninterrupted():
            inside.set()
            bystander.join()
            finished.append(True)

    with pytest.raises(KeyboardInterrupt):
        start()
    assert finished
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
