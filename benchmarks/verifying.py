"""Checks a second: `envs.equality.compare` against sympy's `simplify(a - b) == 0` and math-verify, with their accuracy.

All get the same labelled pairs, one at a time in a worker process that is killed after 5 s a pair; seconds are taken
in the worker, in one process at a time. A killed pair counts as 5 s and as a mistake. Every turn starts new workers
and warms them with other pairs, so that no checker has seen what it is timed on. math-verify comes with
`pip install 'selfplay-testbed[latex]'`; without it its rows are left out.
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

N_PAIRS, N_WARMING = 40, 2
"""Of each family."""
N_TURNS = 3
LIMIT_S = 5.0
MEMORY_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Checked:
    """One checker's work on one pair.

    Attributes:
        seconds: Spent in the worker.
        equal: Its verdict; None where it was killed.
        truth: Whether the pair is equal.
    """

    seconds: float
    equal: bool | None
    truth: bool


def checked(pair: Pair, result: list[float] | Failure) -> Checked:
    """A worker's result. An exception is no verdict: not equal, in no time."""
    if isinstance(result, Failure):
        return Checked(0.0, False, pair.equal) if result.kind == "error" else Checked(LIMIT_S, None, pair.equal)
    return Checked(result[1], bool(result[0]), pair.equal)


def turn(work: Callable[[Pair], tuple[bool, float]], warming: list[Pair], pairs: list[Pair]) -> list[Checked]:
    """All pairs once, in a fresh worker."""
    with Pool[Pair](work, limit_s=LIMIT_S, memory_bytes=MEMORY_BYTES) as pool:
        pool.map(warming)
        return [checked(pair, result) for pair, result in zip(pairs, pool.map(pairs), strict=True)]


def accuracy(done: list[Checked]) -> str:
    """Share of right verdicts, with the mistakes by kind."""
    right = sum(one.equal == one.truth for one in done) / len(done)
    accepted = sum(bool(one.equal) and not one.truth for one in done)
    missed = sum(one.equal is False and one.truth for one in done)
    killed = sum(one.equal is None for one in done)
    kinds = {"wrong accepted": accepted, "right missed": missed, "killed": killed}
    mistakes = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if n)
    return f"{right:.1%}" + (f" ({mistakes})" if mistakes else "")


def row(case: str, name: str, ours: list[list[Checked]], peer: list[list[Checked]]) -> Row:
    """One family and one peer, over all turns."""
    ours_s, peer_s = ([sum(one.seconds for one in done) for done in turns] for turns in (ours, peer))
    ratio = statistics.median(b / a for a, b in zip(ours_s, peer_s, strict=True))
    n = len(ours[0])
    first, second = statistics.median(ours_s), statistics.median(peer_s)
    note = (
        f"checks/s {n / first:.0f} and {n / second:.0f}, slowest {max(one.seconds for one in ours[0]) * 1e3:.0f} and "
        f"{max(one.seconds for one in peer[0]) * 1e3:.0f} ms; right {accuracy(ours[0])} and {accuracy(peer[0])}"
    )
    return Row(f"{n} {case}, {name}", first, second, ratio, note)


def main() -> None:
    """Time every checker on every family, in turns."""
    by_family, others = families(Random(0), N_PAIRS), families(Random(1), N_WARMING)
    warming = [pair for pairs in others.values() for pair in pairs]
    mixed = [pair for pairs in by_family.values() for pair in pairs]
    works = {"ours": checkers.ours, "simplify": checkers.simplify}
    if checkers.HAS_MATH_VERIFY:
        works["math-verify"] = checkers.math_verify
    else:
        print("no math-verify: pip install 'selfplay-testbed[latex]'", file=sys.stderr)
    turns = {name: list[list[Checked]]() for name in works}
    for index in range(N_TURNS):
        for name in list(works)[:: -1 if index % 2 else 1]:
            turns[name].append(turn(works[name], warming, mixed))
    rows, start = [], 0
    for case, n in [*((case, len(pairs)) for case, pairs in by_family.items()), ("mixed", len(mixed))]:
        part = slice(0, None) if case == "mixed" else slice(start, start + n)
        for name in list(works)[1:]:
            rows.append(row(case, name, *([done[part] for done in turns[key]] for key in ("ours", name))))
        start += n
    report("verifying: envs.equality.compare against simplify(a - b) == 0 and math-verify", rows)


if __name__ == "__main__":
    main()
