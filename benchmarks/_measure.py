"""Shared by the benchmarks: alternate ours and the peer, take medians, print one table."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One case.

    Attributes:
        case: What was timed.
        ours_s: Median seconds of our path.
        peer_s: Median seconds of the peer's.
        ratio: Median over repeats of peer / ours, so above 1 where we are faster.
        note: What else to know.
    """

    case: str
    ours_s: float
    peer_s: float
    ratio: float
    note: str = ""


def alternate(
    case: str, ours: Callable[[], object], peer: Callable[[], object], budget_s: float, note: str = ""
) -> Row:
    """Time both in turn, after one untimed call each, until `budget_s` is spent; three times at least."""
    times: list[tuple[float, float]] = []
    ours(), peer()
    end = time.perf_counter() + budget_s
    while len(times) < 3 or time.perf_counter() < end:
        order = (ours, peer) if len(times) % 2 else (peer, ours)
        seconds = {}
        for function in order:
            start = time.perf_counter()
            function()
            seconds[function] = time.perf_counter() - start
        times.append((seconds[ours], seconds[peer]))
    ours_s, peer_s = (statistics.median(column) for column in zip(*times, strict=True))
    return Row(case, ours_s, peer_s, statistics.median(b / a for a, b in times), note)


def rates(ways: dict[str, Callable[[], int]], repeats: int) -> dict[str, float]:
    """Median units a second of each way; all take turns, after one untimed call each.

    Args:
        ways: Name to a function that does some work and returns how many units of it.
        repeats: Turns.
    """
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(repeats + 1):
        for way, function in ways.items():
            start = time.perf_counter()
            n_units = function()
            if number:
                found[way].append(n_units / (time.perf_counter() - start))
    return {way: statistics.median(values) for way, values in found.items()}


def best(found: dict[str, float], prefix: str) -> float:
    """The highest rate among the ways whose names begin so."""
    return max(rate for way, rate in found.items() if way.startswith(prefix))


def options(doc: str | None, sizes: list[str], repeats: int) -> argparse.Namespace:
    """`--sizes`, `--repeats` and `--json`; one torch thread and fixed draws from here on."""
    import torch

    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=sizes, choices=sizes)
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--json", type=Path, metavar="PATH")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return chosen


def write(path: Path | None, found: object) -> None:
    """The JSON file that was asked for, if one was."""
    if path:
        path.write_text(json.dumps(found, indent=2) + "\n")


def report(title: str, rows: list[Row]) -> None:
    """Print the table; `--json PATH` writes it too."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", type=Path, metavar="PATH")
    path = parser.parse_args().json
    print(title)
    print(f"{'case':<34}{'ours, ms':>12}{'peer, ms':>12}{'ratio':>8}  (peer / ours: above 1, ours is faster)")
    for row in rows:
        print(f"{row.case:<34}{row.ours_s * 1e3:>12.2f}{row.peer_s * 1e3:>12.2f}{row.ratio:>8.2f}  {row.note}")
    write(path, {"title": title, "rows": [asdict(row) for row in rows]})
