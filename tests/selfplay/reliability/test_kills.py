"""kill -9 at any instant, and the same command again: the same bits as without."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfplay.cli import main
from selfplay.config import ArmConfig, RunConfig
from selfplay.configfile import to_yaml
from selfplay.files import locked
from selfplay.play.checkpoint import load_checkpoint
from tests.selfplay.reliability.conftest import ARMS, Zygote, command, contents, differences, smallest_run
from tests.selfplay.report.synthetic import study, write_study

KILLED = -9
N_KILLS = 100 // len(ARMS)

Whole = Callable[[RunConfig], dict[str, Any]]


@pytest.mark.slow
@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_kills_at_random_instants(arm: ArmConfig, whole: Whole, zygote: Zygote, tmp_path: Path):
    """25 for each of four arms. How long a run lives is drawn anew each time; when it falls changes no result."""
    config = smallest_run(arm)
    rng, n_kills, n_runs = Random(arm.name), 0, 0
    while n_kills < N_KILLS:
        folder = tmp_path / f"{n_runs}"
        argv = command(config, folder)
        longest = 0.5
        while (code := zygote(argv, kill_after_s=rng.uniform(0.0, longest))) == KILLED:
            n_kills, longest = n_kills + 1, longest * 1.05  # a busy machine still comes to the end
        assert code == 0, zygote.errors()
        assert differences(folder, whole(config)) == []
        n_runs += 1


AIMS = {
    "half of a file written": ("pathlib", "Path.write_bytes", "within"),
    "a file written and not named": ("pathlib", "Path.replace", "before"),
    "a file named": ("pathlib", "Path.replace", "after"),
    "the last checkpoint kept": ("os", "link", "after"),
    "a round saved and its savepoint there": ("selfplay.play.savepoint", "Savepoint.clear", "before"),
    "answers being verified": ("envs.pool", "Pool._listen", "before"),
    "attempts written": ("pyarrow.parquet", "write_table", "after"),
    "TensorBoard written and not flushed": ("selfplay.play.events", "Events.flush", "before"),
}


@pytest.mark.parametrize("aim", AIMS.values(), ids=AIMS.keys())
def test_a_kill_at_the_worst_instant(aim: tuple[str, str, str], whole: Whole, zygote: Zygote, tmp_path: Path):
    """The first time it comes, and a later time in the process that goes on."""
    module, attribute, when = aim
    config = smallest_run(ARMS[0])
    argv = command(config, tmp_path / "run")
    assert zygote(argv, aim=[module, attribute, 1, when]) == KILLED, zygote.errors()
    assert zygote(argv, aim=[module, attribute, 2, when]) == KILLED, zygote.errors()
    assert zygote(argv) == 0, zygote.errors()
    assert differences(tmp_path / "run", whole(config)) == []


def test_a_kill_after_the_last_round(whole: Whole, zygote: Zygote, tmp_path: Path):
    config = smallest_run(ARMS[0])
    argv = command(config, tmp_path / "run")
    assert zygote(argv, aim=["selfplay.play.run", "finish_manifest", 1, "after"]) == KILLED, zygote.errors()
    assert zygote(argv) == 0, zygote.errors()
    assert differences(tmp_path / "run", whole(config)) == []


def damage(path: Path, kind: str) -> None:
    content = path.read_bytes()
    path.write_bytes(
        {"cut": content[: len(content) // 2], "flipped": content.replace(b"correct", b"corruct"), "empty": b""}[kind]
    )


@pytest.mark.parametrize("kind", ["cut", "flipped", "empty"])
def test_a_damaged_savepoint_costs_the_round_and_says_so(kind: str, whole: Whole, zygote: Zygote, tmp_path: Path):
    config = smallest_run(ARMS[0])
    argv = command(config, tmp_path / "run")
    assert zygote(argv, aim=["selfplay.play.savepoint", "Savepoint.step_taken", 18, "after"]) == KILLED
    assert load_checkpoint(tmp_path / "run" / "checkpoint.ckpt")["round"] == 1
    damage(tmp_path / "run" / "round.ckpt", kind)
    assert zygote(argv) == 0, zygote.errors()
    (warning, *_) = zygote.errors()
    assert "round.ckpt: damaged or not a checkpoint" in warning
    assert warning.endswith("; playing round 1 from its beginning")
    assert differences(tmp_path / "run", whole(config)) == []


def test_what_is_saved_of_a_round_is_not_done_again(whole: Whole, zygote: Zygote, tmp_path: Path):
    config = smallest_run(ARMS[0])
    argv = command(config, tmp_path / "run")
    assert zygote(argv, aim=["selfplay.play.savepoint", "Savepoint.step_taken", 18, "after"]) == KILLED
    copy = shutil.copytree(tmp_path / "run", tmp_path / "copy")
    # The next attempts are those of round 2 ...
    assert zygote(argv, aim=["selfplay.play.solver", "ModelSolver.attempt", 1, "before"]) == KILLED
    assert load_checkpoint(tmp_path / "run" / "checkpoint.ckpt")["round"] == 2
    # ... and of the steps only those after the 18th are taken, so that the one to die at never comes.
    n_left = int(whole(config)["rounds"][-1]["step"]) - 18
    assert zygote(command(config, copy), aim=["selfplay.play.trainer", "Trainer.step", n_left + 1, "before"]) == 0
    assert differences(copy, whole(config)) == []


def test_skipped_steps_of_an_interrupted_round_stay_counted(zygote: Zygote, tmp_path: Path):
    """Step 20 has no number; the process that goes on after step 22 does not see it again."""
    config = smallest_run(ARMS[0])
    assert zygote(command(config, tmp_path / "whole"), poison=[0, 20]) == 0, zygote.errors()
    argv = command(config, tmp_path / "run")
    aim = ["selfplay.play.savepoint", "Savepoint.step_taken", 22, "after"]
    assert zygote(argv, poison=[0, 20], aim=aim) == KILLED
    assert zygote(argv) == 0, zygote.errors()
    wanted = contents(tmp_path / "whole")
    assert differences(tmp_path / "run", wanted) == []
    assert wanted["rounds"][-1]["n_skipped_steps"] == "1"


@pytest.mark.parametrize("limit_bytes", [1_000, 4_000, 10_000, 42_000])
def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    limit_bytes: int, whole: Whole, zygote: Zygote, tmp_path: Path
):
    """What is written first fails first: the configuration, TensorBoard, attempts, checkpoints, savepoints."""
    config = smallest_run(ARMS[0])
    argv = command(config, tmp_path / "run")
    assert zygote(argv, limit_bytes=limit_bytes) == 1
    (error,) = zygote.errors()
    assert error.startswith("error: cannot write ")
    assert error.endswith(": File too large")
    assert zygote(argv) == 0, zygote.errors()
    assert differences(tmp_path / "run", whole(config)) == []


def test_a_kill_while_the_report_is_written(zygote: Zygote, tmp_path: Path):
    config = study(arms=("real", "verified", "fresh"), budgets=(500_000,), seeds=(0, 1))
    for name in ("whole", "cut"):
        write_study(tmp_path / name, config)
    assert zygote(["report", tmp_path / "whole"]) == 0, zygote.errors()
    assert zygote(["report", tmp_path / "cut"], aim=["pathlib", "Path.replace", 5, "before"]) == KILLED
    assert not (tmp_path / "cut" / "report.html").exists()
    assert zygote(["report", tmp_path / "cut"]) == 0, zygote.errors()
    for name in ("report.html", "verdict.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_second_process_on_a_folder_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """By `train` on a run and by `study` on a study."""
    train = command(smallest_run(ARMS[0]), tmp_path / "run")
    (tmp_path / "study.yaml").write_text(to_yaml(study(arms=("real", "verified", "fresh"))))
    for argv in (train, ["study", "--config", tmp_path / "study.yaml", "--out", tmp_path / "study"]):
        with locked(tmp_path / str(argv[0]).replace("train", "run")):
            assert main([str(word) for word in argv]) == 1
        (error,) = capsys.readouterr().err.splitlines()
        assert error.startswith("error: ")
        assert "another process is running here" in error
