"""Entries and scores of the library, made in a worker process; each is asked for once.

A worker has a fixed hash seed: some tasks go through sets, and would make other entries in every process. It works
in a folder of its own: some write files where they stand.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from tempfile import TemporaryDirectory
from typing import Any

from envs.foreign import gym
from envs.pool import Failure, Pool

LIMIT_S = 20.0
MEMORY_BYTES = 4 * 2**30
MEMORY = 1 << 18
"""Results remembered."""

_known: dict[Any, Any] = {}


@dataclass(frozen=True)
class _Work:
    """An entry for four fields, a score for six."""

    folder: str

    def __call__(self, item: tuple[Any, ...]) -> Any:
        os.chdir(self.folder)
        return gym.entry_of(*item) if len(item) == 4 else gym.score(*item)


@lru_cache(maxsize=1)
def _pool() -> Pool[Any]:
    folder = TemporaryDirectory(prefix="selfplay-rg-")
    work = _Work(folder.name)
    pool: Pool[Any] = Pool(work, limit_s=LIMIT_S, memory_bytes=MEMORY_BYTES, environment={"PYTHONHASHSEED": "0"})
    atexit.register(folder.cleanup)
    atexit.register(pool.close)  # first: the last registered runs first
    return pool


def scores(items: Sequence[tuple[str, str, int, int, str, str]]) -> list[Any]:
    """What `envs.foreign.gym.score` gives for each item, or a `Failure`."""
    return _results(items)


def entries(items: Sequence[tuple[str, str, int, int]]) -> list[gym.Entry | Failure]:
    """What `envs.foreign.gym.entry_of` gives for each item, or a `Failure`."""
    made = _results(items)
    return [entry if isinstance(entry, Failure) else gym.Entry(*entry) for entry in made]


def _results(items: Sequence[Any]) -> list[Any]:
    fresh = [item for item in dict.fromkeys(items) if item not in _known]
    if len(_known) + len(fresh) > MEMORY:
        _known.clear()
        fresh = list(dict.fromkeys(items))
    if fresh:
        _known.update(zip(fresh, _pool().map(fresh), strict=True))
    return [_known[item] for item in items]
