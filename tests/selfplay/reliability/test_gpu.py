"""Several CUDA devices share a run. Not run in this project, which has no machine with two."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from selfplay.config import DeviceConfig
from tests.selfplay.reliability.conftest import ARMS, command, smallest_run
from tests.selfplay.reliability.test_ddp import require_alike, rounds

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")]


def started(device: DeviceConfig, folder: Path, **environment: str) -> tuple[int, str]:
    config = replace(smallest_run(ARMS[0], save_every_s=1e9, dropout=0.0), device=device)
    argv = [sys.executable, "-m", "tests.selfplay.reliability.mortal", *map(str, command(config, folder))]
    env = {**os.environ, "MORTAL": "9 SIGKILL 9", **environment}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=300)
    return done.returncode, done.stderr


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_devices_do_what_one_does(strategy: Literal["ddp", "fsdp"], tmp_path: Path):
    one, two = (DeviceConfig("cuda", n_devices=n, strategy=strategy) for n in (1, 2))
    for device, name in ((one, "one"), (two, "two")):
        code, errors = started(device, tmp_path / name)
        assert code == 0, errors
    require_alike(tmp_path / "one", tmp_path / "two", rounding=1e-3, weights=strategy == "ddp")


def test_sharded_weights_are_gone_on_with(tmp_path: Path):
    device = DeviceConfig("cuda", n_devices=2, strategy="fsdp")
    assert started(device, tmp_path / "whole")[0] == 0
    assert started(device, tmp_path / "cut", MORTAL="1 SIGKILL 2")[0] == 1
    code, errors = started(device, tmp_path / "cut")
    assert code == 0, errors
    losses = [[r["heldout"]["answer_nats_per_token"] for r in rounds(tmp_path / name)] for name in ("whole", "cut")]
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
