"""Runs that are killed: a warm process to start them from, and what must be equal afterwards."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from envs.math.arithmetic import Arithmetic
from selfplay.config import (
    ArmConfig,
    DataConfig,
    JudgeConfig,
    LearnerConfig,
    ModelConfig,
    OptimConfig,
    PlayConfig,
    RunConfig,
    TaskConfig,
)
from selfplay.configfile import to_yaml
from selfplay.play.checkpoint import load_checkpoint
from selfplay.records import WALL_CLOCK_COLUMNS


@dataclass
class Zygote:
    """Starts `selfplay` commands in children of a process that has imported everything."""

    process: subprocess.Popen[str]
    output: Path

    def __call__(self, argv: Sequence[object], **request: Any) -> int:
        """Exit code of a command; -9 where it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        message = {"argv": [str(word) for word in argv], "output": str(self.output), **request}
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def errors(self) -> list[str]:
        """Lines that the latest command printed."""
        return said(self.output.read_text())


def said(output: str) -> list[str]:
    """Lines of an output, but for what a run says of itself and of its progress."""
    return [line for line in output.splitlines() if line and "tokens/s" not in line and ": learning rate " not in line]


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    command = [sys.executable, "-m", "tests.selfplay.reliability.zygote"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Zygote(process, tmp_path_factory.mktemp("zygote") / "output")
        assert process.stdin is not None
        process.stdin.close()


def smallest_run(arm: ArmConfig, *, save_every_s: float = 0.0, dropout: float = 0.1) -> RunConfig:
    """A run of a third of a second with a synthetic share: a round before self-play, two with it."""
    return RunConfig(
        data=DataConfig(
            [TaskConfig(Arithmetic(operations="+", max_digits=2), levels=[1, 2], level_weights=[0.1, 0.9])],
            n_real=40, n_validation=10, n_heldout=10, n_accuracy=5,
        ),
        arm=arm,
        budget_tokens=2_400,
        model=ModelConfig(d_model=8, n_layer=1, n_head=1, n_kv_head=1, head_dim=8, d_ff=16, context_length=16),
        optim=OptimConfig(lr=1e-2, warmup_tokens=500, batch_size=8, dropout=dropout, ema_decay=0.8),
        play=PlayConfig(
            round_tokens=800, start_tokens=800, n_proposals=40, n_attempts=2, save_every_s=save_every_s
        ),
    )  # fmt: skip


ACCEPTS_ALL = JudgeConfig("accept-all")
ARMS = [
    ArmConfig("likelihood", proposer="env", judge=ACCEPTS_ALL),
    ArmConfig("rest-em", proposer="env", judge=ACCEPTS_ALL, learner=LearnerConfig(start="first", store="subsample")),
    ArmConfig("policy", proposer="env", judge=JudgeConfig("noisy", 0.9, 0.3), learner=LearnerConfig("policy", kl=0.1)),
    ArmConfig("self-judged", proposer="env", judge=JudgeConfig("model", n_practice=5)),
]


def command(config: RunConfig, folder: Path) -> list[object]:
    """`selfplay train` of a configuration into a folder."""
    path = folder.with_suffix(".yaml")
    path.write_text(to_yaml(config))
    return ["train", "--config", path, "--out", folder]


TIMES_AND_CONFIG = {"seconds", "config", *WALL_CLOCK_COLUMNS}


def plain(value: Any) -> Any:
    """Values that are equal where all bits are: tensors as bytes, nan as a word."""
    if isinstance(value, torch.Tensor):
        return value.dtype, tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in TIMES_AND_CONFIG}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return repr(value)


def contents(folder: Path) -> dict[str, Any]:
    """All that a run leaves, apart from times and where it ran."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    curves = {tag: [(e.step, repr(e.value)) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert all(len({step for step, _ in curve}) == len(curve) for curve in curves.values())
    attempts = [pq.read_table(path) for path in sorted(folder.glob("attempts/*"))]
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert len([name for name in names if name.startswith("events")]) == 1
    manifest = json.loads((folder / "manifest.json").read_text())
    return {
        "files": sorted(name for name in names if not name.startswith("events")),
        "manifest": {name: manifest[name] for name in ("envs", "data", "counts")},
        "result": plain(json.loads((folder / "result.json").read_text())),
        "rounds": [plain(json.loads(line)) for line in (folder / "rounds.jsonl").read_text().splitlines()],
        "attempts": [plain(table.drop_columns(["cost_s", "verdict_cost_s"]).to_pylist()) for table in attempts],
        "checkpoint": plain(load_checkpoint(folder / "checkpoint.ckpt")),
        "best": plain(load_checkpoint(folder / "best.ckpt")),
        "curves": curves,
    }


def differences(folder: Path, whole: dict[str, Any]) -> list[str]:
    """Which contents of a folder are not those of an uninterrupted run."""
    found = contents(folder)
    return [name for name in whole if found[name] != whole[name]]


@pytest.fixture(scope="module")
def whole(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[[RunConfig], dict[str, Any]]:
    """What an uninterrupted run of a configuration leaves whose rounds save nothing on the way."""

    @functools.cache
    def of_yaml(text: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("whole") / "run"
        folder.with_suffix(".yaml").write_text(text)
        argv = ["train", "--config", folder.with_suffix(".yaml"), "--out", folder, "--play.save_every_s", 1e9]
        assert zygote(argv) == 0, zygote.errors()
        return contents(folder)

    return lambda config: of_yaml(to_yaml(config))
