"""Checks a second: `envs.equality.compare` against sympy's `simplify(a - b) == 0` and math-verify, with their accuracy.

All get the same labelled pairs, one at a time in a worker process of their own that is killed after 5 s a pair; seconds
are taken in the worker. A killed pair counts as 5 s and as a mistake. Checkers take turns, so that the load of the
machine hits all of them. math-verify comes with `pip install 'selfplay-testbed[latex]'`; without it its rows are left out.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import _checkers as checkers
from _measure import Row, report
from _pairs import Pair, families

from envs.pool import Failure, Pool

N_PAIRS = 40
"""Of each family."""
N_TURNS = 3
LIMIT_S = 5.0
MEMORY_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Run:
    """One checker over one list of pairs.

    Attributes:
        seconds: For each pair.
        right: Pairs judged by their truth.
        false_accepts: Different ones called equal.
        killed: Pairs that were not done in time, or brought their worker down.
    """

    seconds: tuple[float, ...]
    right: int
    false_accepts: int
    killed: int


def run(pool: Pool[Pair], pairs: list[Pair]) -> Run:
    """All pairs once."""
    seconds, right, false_accepts, killed = [], 0, 0, 0
    for pair, result in zip(pairs, pool.map(pairs), strict=True):
        equal, spent = (None, LIMIT_S) if isinstance(result, Failure) and result.kind != "error" else (
            (False, 0.0) if isinstance(result, Failure) else result
        )
        seconds.append(spent)
        killed += equal is None
        right += equal == pair.equal
        false_accepts += bool(equal) and not pair.equal
    return Run(tuple(seconds), right, false_accepts, killed)
