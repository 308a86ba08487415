"""Which of the processes that share a run this one is, as its launcher says in the environment.

One process leads: it alone writes files and speaks. The others follow, and end with it. What they exchange is in
`play.exchange`.
"""

from __future__ import annotations

import os
import signal


def rank() -> int:
    """Number of this process among those of the run, from 0; 0 where there is one."""
    return _number("RANK" if "TORCHELASTIC_RUN_ID" in os.environ else "LOCAL_RANK")  # torchrun's, or Fabric's


def leads() -> bool:
    """Whether this process writes files and speaks."""
    return rank() == 0


def n_launched() -> int:
    """Processes that torchrun has started; 0 without it."""
    return _number("WORLD_SIZE") if "TORCHELASTIC_RUN_ID" in os.environ else 0


def _number(name: str) -> int:
    return int(os.environ.get(name, 0))


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however that happens (Linux)."""
    import ctypes

    PR_SET_PDEATHSIG = 1
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)
