"""Tasks drawn, read and checked a second and core, per family, beside reasoning-gym where it has the same task.

    python benchmarks/tasks.py [--json PATH]

The floors are 20,000 draws a second, or 1,000 where a symbolic expression is built or a program run, and 20,000 prompts
read (parsed, with their id). The peer's tasks are drawn by index from one dataset object, which is its own fast path;
without it (`pip install 'selfplay-testbed[rg]'`) that column stays empty.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import itertools
import json
import statistics
import time
from pathlib import Path

from envs.core import Executed
from selfplay.catalogue import env_classes, rates

SAMPLE_S, REPEATS = 0.3, 3
CHEAP_PER_S, SYMBOLIC_PER_S, READ_PER_S = 20_000, 1_000, 20_000

PEERS = {
    "math/arithmetic": "basic_arithmetic",
    "math/base_conversion": "base_conversion",
    "math/chain": "chain_sum",
    "math/countdown": "countdown",
    "math/factor_integer": "prime_factorization",
    "math/greatest_divisor": "gcd",
    "math/graph_coloring": "graph_color",
    "math/linear": "simple_equations",
    "math/antiderivative": "simple_integration",
    "math/sorting": "number_sorting",
    "math/sudoku": "mini_sudoku",
}
"""The task of reasoning-gym that asks the same kind of question; its sizes differ, so a ratio is a rough one."""


def peer_per_s(task: str) -> float | None:
    """Tasks that reasoning-gym makes a second with its own settings; None where it is not installed."""
    if importlib.util.find_spec("reasoning_gym") is None:
        return None
    import reasoning_gym

    dataset = reasoning_gym.create_dataset(task, size=10**6, seed=0)
    start = time.perf_counter()
    for index in itertools.count():
        dataset[index]
        if (elapsed_s := time.perf_counter() - start) >= SAMPLE_S:
            break
    return (index + 1) / elapsed_s


def main() -> None:
    """Measure every family that can be built without arguments; print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="PATH")
    path = parser.parse_args().json
    rows = []
    print(f"{'family':<36}{'drawn/s':>10}{'floor':>8}{'read/s':>10}{'checked/s':>11}{'peer drawn/s':>14}{'ratio':>8}")
    for found in env_classes():
        if any(parameter.default is parameter.empty for parameter in inspect.signature(found).parameters.values()):
            continue
        env, ours, peers = found(), [], []
        for seed in range(REPEATS):  # in turn with the peer
            ours.append(rates(env, SAMPLE_S, seed=seed))
            peers.append(peer_per_s(PEERS[env.name]) if env.name in PEERS else None)
        drawn, read, checked = (statistics.median(column) for column in zip(*ours, strict=True))
        known = [rate for rate in peers if rate is not None]
        peer = statistics.median(known) if known else None
        symbolic = isinstance(env, Executed) or len(env.tiers) > 1
        floor = SYMBOLIC_PER_S if symbolic else CHEAP_PER_S
        row = {"family": env.name, "drawn_per_s": drawn, "floor_per_s": floor, "read_per_s": read}
        row |= {"checked_per_s": checked, "peer_per_s": peer, "ratio": drawn / peer if peer else None}
        rows.append(row)
        short = [name for name, low in (("drawn", drawn < floor), ("read", read < READ_PER_S)) if low]
        print(
            f"{env.name:<36}{drawn:>10,.0f}{floor:>8,}{read:>10,.0f}{checked:>11,.0f}"
            + (f"{peer:>14,.0f}{drawn / peer:>8.1f}" if peer else " " * 22)
            + (f"  below the floor: {', '.join(short)}" if short else ""),
            flush=True,
        )
    if path:
        path.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
