"""Programs of code envs run in one sandbox a process, and each program once.

The sandbox starts with the first program. What runs it is chosen by the environment variable `SELFPLAY_SANDBOX`
(see `envs.sandbox`), which worker processes inherit.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import cast

from envs.core import Env, Executed
from envs.sandbox import Backend, Execution, Program, Sandbox, Status

VARIABLE = "SELFPLAY_SANDBOX"
MEMORY = 100_000
"""Executions remembered: every attempt at a task asks for the task's own program again."""

_known: dict[Program, Execution] = {}


@lru_cache(maxsize=1)
def sandbox() -> Sandbox:
    """The sandbox of this process, started at the first call."""
    box = Sandbox(backend=backend())
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


def backend() -> Backend:
    """What runs programs: the variable's value, or "auto"."""
    return cast(Backend, os.environ.get(VARIABLE, "auto"))


def status_for(envs: Iterable[Env]) -> Status:
    """What the sandbox of this process is made of, started if one of the envs runs programs.

    Raises:
        SandboxUnavailable: No sandbox on this host, and one is needed.
    """
    if not any(isinstance(env, Executed) for env in envs):
        return Status("none: no env runs programs", safe=True)
    sandbox().start()
    return sandbox().status()
