"""kill -9 at any instant, and the same command again: the same bits as without."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfplay.config import RunConfig
from tests.selfplay.reliability.conftest import ARMS, Zygote, command, differences

KILLED = -9
N_KILLS = 100 // len(ARMS)


@pytest.mark.slow
def test_kills_at_random_instants(whole: tuple[RunConfig, dict[str, Any]], zygote: Zygote, tmp_path: Path):
    """25 for each of four arms. How long a run lives is drawn anew each time; when it falls changes no result."""
    config, wanted = whole
    rng, n_kills, n_runs = Random(config.arm.name), 0, 0
    while n_kills < N_KILLS:
        folder = tmp_path / f"{n_runs}"
        argv = command(config, folder)
        longest = 0.5
        while (code := zygote(argv, kill_after_s=rng.uniform(0.0, longest))) == KILLED:
            n_kills, longest = n_kills + 1, longest * 1.05  # a busy machine still comes to the end
        assert code == 0, zygote.errors()
        assert differences(folder, wanted) == []
        n_runs += 1
