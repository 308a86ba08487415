"""The command line: exit codes, one-line errors, nothing half-written, Ctrl-C, and a fast --help."""

import contextlib
import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from selfplay.cli import main
from selfplay.config import ArmConfig, JudgeConfig, RunConfig, StudyConfig
from selfplay.configfile import load_config, to_yaml
from selfplay.records import WALL_CLOCK_COLUMNS

COMMAND = [sys.executable, "-m", "selfplay.cli"]


@pytest.fixture
def run_file(unverified_run: RunConfig, tmp_path: Path) -> str:
    path = tmp_path / "run.yaml"
    path.write_text(to_yaml(unverified_run))
    return str(path)


@pytest.fixture
def study_file(tiny_run: RunConfig, tmp_path: Path) -> str:
    arms = [
        ArmConfig("real"),
        ArmConfig("unverified", proposer="model", judge=JudgeConfig("accept-all")),
        ArmConfig("fresh", real="fresh", dropout=0.0),
    ]
    play = replace(tiny_run.play, round_tokens=1_000)
    study = StudyConfig("s", tiny_run.data, arms, [15_000], [0], primary="unverified", model=tiny_run.model,
                        optim=tiny_run.optim, play=play, n_workers=2)  # fmt: skip
    path = tmp_path / "study.yaml"
    path.write_text(to_yaml(study))
    return str(path)


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line that a refused command prints."""
    capsys.readouterr()
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert "Errno" not in error
    return error


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith(".tmp")]


def test_wrong_configurations(capsys, tmp_path: Path, run_file: str, study_file: str):
    out = ("--out", str(tmp_path / "out"))
    assert "did you mean 'lr'" in refused(capsys, "train", "--config", run_file, *out, "--optim.lrr", "1")
    assert "no such configuration file" in refused(capsys, "train", "--config", "missing.yaml", *out)
    assert "of a study" in refused(capsys, "train", "--config", study_file, *out)
    assert "of one run" in refused(capsys, "study", "--config", run_file, *out)
    assert "seeds = [1, 1]" in refused(capsys, "study", "--config", study_file, *out, "--seeds", "[1, 1]")
    assert "more tasks than exist" in refused(capsys, "train", "--config", run_file, *out, "--data.n_real", "99999")
    assert not list((tmp_path / "out").glob("*.ckpt"))


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["train"], ["tasks"], ["report", "--nonsense", "x"], ["eval", "x", "-k", "many"]]
)
def test_wrong_usage_is_exit_code_2(capsys, argv: list[str]):
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "study"])
def test_a_folder_that_cannot_be_written(capsys, tmp_path: Path, run_file: str, study_file: str, command: str):
    (tmp_path / "plain").write_text("")
    config = run_file if command == "train" else study_file
    error = refused(capsys, command, "--config", config, "--out", str(tmp_path / "plain" / "out"))
    assert error == f"error: cannot write {tmp_path}/plain/out: Not a directory\n"


def test_a_device_that_is_not_there(capsys, tmp_path: Path, run_file: str, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    argv = ("train", "--config", run_file, "--out", str(tmp_path / "out"), "--device.accelerator", "cuda")
    assert "device.accelerator = cuda: PyTorch finds no CUDA device" in refused(capsys, *argv)


@pytest.mark.parametrize("full", ["config.yaml", "rounds.jsonl", "best.ckpt", "checkpoint.ckpt", "result.json"])
def test_a_disk_that_fills_up(capsys, tmp_path: Path, run_file: str, monkeypatch, full: str):
    rename = Path.replace

    def fail_at(self: Path, target: Path) -> Path:
        if target.name == full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    argv = ("train", "--config", run_file, "--out", str(tmp_path / "out"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail_at)
        assert refused(capsys, *argv) == f"error: cannot write {tmp_path}/out/{full}: No space left on device\n"
    assert not (tmp_path / "out" / full).exists()
    assert leftovers(tmp_path) == []
    assert main(argv) == 0  # with room again, the same command goes on


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full(capsys, small_disk: Path, run_file: str):
    error = refused(capsys, "train", "--config", run_file, "--out", str(small_disk / "out"))
    assert error == f"error: cannot write {small_disk}/out/checkpoint.ckpt: No space left on device\n"
    assert leftovers(small_disk) == []
    assert not (small_disk / "out" / "checkpoint.ckpt").exists()


def test_train_eval_and_damage(capsys, tmp_path: Path, run_file: str):
    out = tmp_path / "out"
    argv = ("train", "--config", run_file, "--out", str(out))
    assert main(argv) == 0
    assert "finished" in capsys.readouterr().out
    assert main(["eval", str(out), "-k", "2"]) == 0
    assert "pass@2" in capsys.readouterr().out
    assert "needs at least 1 attempt" in refused(capsys, "eval", str(out), "-k", "0")
    assert "holds a run of another configuration" in refused(capsys, *argv, "--seed", "7")
    (out / "result.json").unlink()
    (out / "checkpoint.ckpt").write_bytes(b"damaged")
    assert main(argv) == 0
    assert "damaged or not a checkpoint" in (told := capsys.readouterr()).err
    assert "going on from checkpoint.previous.ckpt" in told.err
    (out / "result.json").unlink()
    for name in ("checkpoint.ckpt", "checkpoint.previous.ckpt"):
        (out / name).write_bytes(b"damaged")
    assert "checkpoint.ckpt: damaged or not a checkpoint" in refused(capsys, *argv)
    (out / "best.ckpt").write_bytes(b"damaged")
    assert "best.ckpt: damaged or not a checkpoint" in refused(capsys, "eval", str(out))


def test_nothing_to_read(capsys, tmp_path: Path):
    for folder in (tmp_path, tmp_path / "missing", Path("/dev/null")):
        assert "no study here" in refused(capsys, "report", str(folder))
        assert "no run here" in refused(capsys, "eval", str(folder))


def test_tasks(capsys, run_file: str):
    assert main(["tasks", "list"]) == 0
    assert "envs.math.arithmetic.Arithmetic" in capsys.readouterr().out
    assert main(["tasks", "sample", run_file, "-n", "3"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert "-n 0: needs at least 1" in refused(capsys, "tasks", "sample", run_file, "-n", "0")
    assert main(["tasks", "certify", run_file]) == 0
    assert "certified: repeats 0, overlaps 0, split groups 0, wrong references 0" in capsys.readouterr().out
    assert "more tasks than exist" in refused(capsys, "tasks", "certify", run_file, "--data.n_real", "99999")


def test_certify_fails_on_a_data_set_that_is_not_clean(capsys, run_file: str, monkeypatch):
    monkeypatch.setattr("selfplay.data.certify._n_wrong", lambda config, examples: 1)
    assert main(["tasks", "certify", run_file]) == 1
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["train", "study"])
def test_print_config_reads_back_equal(capsys, tmp_path: Path, run_file: str, study_file: str, command: str):
    kind, path = (RunConfig, run_file) if command == "train" else (StudyConfig, study_file)
    assert main([command, "--config", path, "--print_config", "--optim.lr", "1e-3", "--out", str(tmp_path / "o")]) == 0
    (tmp_path / "again.yaml").write_text(capsys.readouterr().out)
    assert load_config(kind, tmp_path / "again.yaml") == load_config(kind, path, ["--optim.lr", "1e-3"])
    assert not (tmp_path / "o").exists()


HELP = ["", "train", "study", "report", "tasks", "tasks list", "tasks sample", "tasks certify", "eval"]


def test_help_loads_nothing_heavy():
    code = (
        "import contextlib, io, sys\nfrom selfplay.cli import main\n"
        f"for words in {HELP!r}:\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "        main([*words.split(), '--help'])\n"
        "print(sorted({'torch', 'lightning', 'sympy', 'numpy', 'matplotlib', 'jsonargparse'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in tasks.read_text().split()] if tasks.exists() else []


def interrupt(argv: list[str], begun: str, folder: Path) -> tuple[int, str]:
    """Send Ctrl-C, to the children too as a terminal does, once a file like `begun` is there."""
    process = subprocess.Popen(
        [*COMMAND, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in folder.glob(begun)) and time.monotonic() < deadline:
        assert process.poll() is None, "finished before it could be interrupted"
        time.sleep(0.01)
    born = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    deadline = time.monotonic() + 10  # multiprocessing's tracker notices the end of its parent by itself
    while any(map(alive, born)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [child for child in born if alive(child)] == []
    return process.returncode, error


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def measured(path: Path) -> dict[str, object]:
    return {name: value for name, value in json.loads(path.read_text()).items() if name not in WALL_CLOCK_COLUMNS}


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for children in /proc")
def test_ctrl_c_in_train(tmp_path: Path, run_file: str):
    fine = ("--play.round_tokens", "1000")
    assert main(["train", "--config", run_file, "--out", str(tmp_path / "whole"), *fine]) == 0
    argv = ["train", "--config", run_file, "--out", str(tmp_path / "cut"), *fine]
    code, error = interrupt(argv, "checkpoint.ckpt", tmp_path / "cut")
    assert code == 130
    assert f"To continue: selfplay train --config {run_file}" in error
    assert "Traceback" not in error
    assert not (tmp_path / "cut" / "result.json").exists()
    assert main(argv) == 0
    assert measured(tmp_path / "cut" / "result.json") == measured(tmp_path / "whole" / "result.json")
    assert leftovers(tmp_path) == []


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open() as file:
        return [{k: v for k, v in row.items() if k not in WALL_CLOCK_COLUMNS} for row in csv.DictReader(file)]


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for children in /proc")
@pytest.mark.parametrize("begun", ["study.yaml", pytest.param("**/rounds.jsonl", marks=pytest.mark.slow)])
def test_ctrl_c_in_study(tmp_path: Path, study_file: str, begun: str):
    """While workers start, and while they run."""
    argv = ["study", "--config", study_file, "--out", str(tmp_path / "cut")]
    code, error = interrupt(argv, begun, tmp_path / "cut")
    assert code == 130
    assert f"To continue: selfplay study --config {study_file}" in error
    assert "Traceback" not in error
    assert not (tmp_path / "cut" / "table.csv").exists()
    if begun != "study.yaml":
        from selfplay.study.engine import run_study

        config = load_config(StudyConfig, study_file)
        run_study(config, tmp_path / "cut")
        run_study(config, tmp_path / "whole")
        assert table(tmp_path / "cut") == table(tmp_path / "whole")
        assert leftovers(tmp_path) == []
