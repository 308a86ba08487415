"""Programs of code envs run in one sandbox a process, and each program once.

The sandbox starts with the first program. What runs it is chosen by the environment variable `SELFPLAY_SANDBOX`
(see `envs.sandbox`), which worker processes inherit.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from envs.sandbox import Backend, Execution, Program, Sandbox, Status

VARIABLE = "SELFPLAY_SANDBOX"
MEMORY = 100_000
"""Executions remembered: every attempt at a task asks for the task's own program again."""

_known: dict[Program, Execution] = {}


@lru_cache(maxsize=1)
def sandbox() -> Sandbox:
    """The sandbox of this process, started at the first call."""
    box = Sandbox(backend=cast(Backend, os.environ.get(VARIABLE, "auto")))
    atexit.register(box.close)
    return box


def execute(programs: Sequence[Program]) -> list[Execution]:
    """Run programs, those not run before together; many at once are cheaper than one by one."""
    fresh = [program for program in dict.fromkeys(programs) if program not in _known]
    if len(_known) + len(fresh) > MEMORY:
        _known.clear()
        fresh = list(dict.fromkeys(programs))
    if fresh:
        _known.update(zip(fresh, sandbox().run(fresh), strict=True))
    return [_known[program] for program in programs]


def status() -> Status | None:
    """What the sandbox of this process is made of; None where no program has run."""
    return sandbox().status() if sandbox.cache_info().currsize else None
