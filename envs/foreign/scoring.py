"""Scorers of others, run in worker processes; each score is asked for once."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from envs.foreign import gym
from envs.pool import Pool

LIMIT_S = 10.0
MEMORY = 1 << 18
"""Scores remembered."""

_known: dict[Any, Any] = {}


@lru_cache(maxsize=1)
def _pool() -> Pool[Any]:
    pool: Pool[Any] = Pool(gym.score, limit_s=LIMIT_S)
    atexit.register(pool.close)
    return pool


def scores(items: Sequence[Any]) -> list[Any]:
    """What `envs.foreign.gym.score` gives for each item, or a `Failure`."""
    fresh = [item for item in dict.fromkeys(items) if item not in _known]
    if len(_known) + len(fresh) > MEMORY:
        _known.clear()
        fresh = list(dict.fromkeys(items))
    if fresh:
        _known.update(zip(fresh, _pool().map(fresh), strict=True))
    return [_known[item] for item in items]
