"""A whole round of self-play as the product plays it: where its seconds go, how they grow, and two runs side by side.

The verified arm of configs/quickstart.yaml goes through `run_arm` into a temporary folder; the rounds before self-play
are played once and not timed. A round lasts from one call of `on_round` to the next, saving and logging included.
Overhead is what is neither in the sampler, the scoring of texts, the loss and the optimizer's step, nor in waiting for
verdicts: those are timed where they are called. Making batches of texts counts as overhead. One CPU thread.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from _measure import write
from _peers import SIZES

import selfplay.play.evaluate as evaluate
import selfplay.play.learn as learn
import selfplay.play.logprobs as logprobs
import selfplay.play.run as run
from envs.pool import VerifyPool
from selfplay.config import RunConfig, StudyConfig
from selfplay.configfile import load_config
from selfplay.ledger import Phase
from selfplay.model.sampler import Sampler
from selfplay.play.log import RunLog
from selfplay.play.trainer import Trainer
from selfplay.records import RoundReport

QUICKSTART = Path(__file__).parents[1] / "configs" / "quickstart.yaml"
TARGET_OVERHEAD, TARGET_TWO_CELLS = 0.10, 1.8
TIMED: list[tuple[Any, str, str]] = [
    (Sampler, "sample", "sampling"),
    (logprobs, "token_nats", "scoring"),
    (evaluate, "token_nats", "scoring"),
    (learn, "wanted_loss", "steps"),
    (Trainer, "accumulate", "steps"),
    (Trainer, "step", "steps"),
    (VerifyPool, "verify", "verification"),
    (RunLog, "add", "logging"),
    (run, "save_checkpoint", "saving"),
    (run, "keep_checkpoint", "saving"),
]
"""Where a function lies, its name, and what its seconds are."""
WORK = ("sampling", "scoring", "steps", "verification")


@contextmanager
def timers() -> Iterator[Counter[str]]:
    """Seconds by kind, filled while functions run; where one calls another, the outer has them all."""
    seconds: Counter[str] = Counter()
    running: list[str] = []
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in TIMED]
    for owner, name, kind in TIMED:
        setattr(owner, name, _timed(getattr(owner, name), kind, seconds, running))
    try:
        yield seconds
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def _timed(function: Callable[..., Any], kind: str, seconds: Counter[str], running: list[str]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        running.append(kind)
        try:
            return function(*args, **kwargs)
        finally:
            running.pop()
            if not running:
                seconds[kind] += time.perf_counter() - start

    return timed


def quickstart(start_tokens: int, n_rounds: int) -> RunConfig:
    """The verified arm with so many rounds of self-play."""
    study = load_config(StudyConfig, QUICKSTART)
    arm = next(arm for arm in study.arms if arm.name == "verified")
    config = study.run(arm, seed=0, budget_tokens=start_tokens + n_rounds * study.play.round_tokens)
    return replace(config, play=replace(config.play, start_tokens=start_tokens))


def opened(config: RunConfig, folder: Path) -> Path:
    """A folder in which the rounds before self-play have been played."""
    run.run_arm(replace(config, budget_tokens=config.play.start_tokens), folder)
    return folder


def rounds(config: RunConfig, trunk: Path | None) -> list[dict[str, float]]:
    """Play on from a trunk, or from nothing; for each round of self-play but the first its seconds by part."""
    found: list[dict[str, float]] = []
    before: dict[str, float] = {}

    def on_round(report: RoundReport) -> None:
        now = {**report.seconds, **seconds, "round": time.perf_counter()}
        if before and report.round > n_opening:
            found.append({kind: now[kind] - before.get(kind, 0.0) for kind in now})
        before.update(now)

    n_opening = math.ceil(config.play.start_tokens / config.play.round_tokens)
    with tempfile.TemporaryDirectory() as folder, timers() as seconds:
        run.run_arm(config, Path(folder) / "run", trunk=trunk, on_round=on_round)
    return found


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Exponent: the least-squares slope of log seconds over log size; of one size there is none."""
    if len(sizes) < 2:
        return math.nan
    return statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, seconds))).slope


def median(played: Sequence[dict[str, float]], kinds: Sequence[str] = ("round",)) -> float:
    """Median over rounds of the seconds of these parts together."""
    return statistics.median(sum(one.get(kind, 0.0) for kind in kinds) for one in played)


def breakdown(trunk: Path, start_tokens: int, n_rounds: int) -> dict[str, Any]:
    """Seconds of a round by phase, the share that is overhead, and whether later rounds are slower."""
    played = rounds(quickstart(start_tokens, n_rounds + 1), trunk)
    phases = [phase.value for phase in Phase]
    kinds = [*phases, *sorted({kind for _, _, kind in TIMED})]
    overheads = [1 - sum(one.get(kind, 0.0) for kind in WORK) / one["round"] for one in played]
    seconds = {"round": median(played), **{kind: median(played, [kind]) for kind in kinds}}
    print(f"a round: {seconds['round']:.2f} s, median of {len(played)}")
    print("  by phase: " + ", ".join(f"{kind} {seconds[kind]:.3f}" for kind in phases))
    print("  inside:   " + ", ".join(f"{kind} {seconds[kind]:.3f}" for kind in kinds[len(phases) :]))
    overhead = statistics.median(overheads)
    growth = slope(range(1, len(played) + 1), [one["round"] for one in played])
    print(f"  outside model mathematics and verification: {overhead:.1%} of wall time (target {TARGET_OVERHEAD:.0%})")
    print("  seconds of round k: " + " ".join(f"{one['round']:.2f}" for one in played) + f"; exponent {growth:+.2f}")
    return {"seconds": seconds, "overhead": overhead, "rounds": played, "exponent_of_rounds": growth}


def over_proposals(trunk: Path, start_tokens: int, n_rounds: int) -> dict[str, Any]:
    """Seconds against texts proposed: of the whole round, whose training stays the same, and of what reads them."""
    config = quickstart(start_tokens, n_rounds + 1)
    numbers = [config.play.n_proposals * times // 2 for times in (1, 2, 4, 8)]
    whole, part = [], []
    for number in numbers:
        played = rounds(replace(config, play=replace(config.play, n_proposals=number)), trunk)
        whole.append(median(played))
        part.append(median(played, ("propose", "solve", "judge")))
        print(f"  {number:>6} proposals: {whole[-1]:.2f} s a round, {part[-1]:.2f} to propose, solve and judge")
    found = {"proposals": numbers, "round_s": whole, "exponent": slope(numbers, whole)}
    found |= {"propose_solve_judge_s": part, "exponent_of_propose_solve_judge": slope(numbers, part)}
    print(f"  exponents {found['exponent']:.2f} and {found['exponent_of_propose_solve_judge']:.2f}", flush=True)
    return found


def over_sizes(n_rounds: int) -> dict[str, Any]:
    """Seconds against parameters; the env proposes, so that every size has the same work."""
    config = quickstart(0, 1)
    parameters, whole = [], []
    for name, size in SIZES.items():
        shape = replace(size, context_length=config.model.context_length)
        sized = replace(
            config, model=shape, arm=replace(config.arm, proposer="env"), budget_tokens=(n_rounds + 1) * 5_000
        )
        sized = replace(sized, play=replace(sized.play, start_tokens=0, round_tokens=5_000, n_proposals=150))
        whole.append(median(rounds(sized, None)))
        width = size.n_head * size.head_dim
        of_block = 2 * size.d_model * (width + size.n_kv_head * size.head_dim) + 3 * size.d_model * size.d_ff
        parameters.append(size.n_layer * of_block)
        print(f"  {name:<8}{parameters[-1]:>10,} parameters of blocks: {whole[-1]:.2f} s a round")
    found = {"parameters": parameters, "round_s": whole, "exponent": slope(parameters, whole)}
    print(f"  exponent {found['exponent']:.2f}", flush=True)
    return found


def cells(trunk: Path, start_tokens: int, n_rounds: int, cores: Sequence[int]) -> float:
    """Rounds a second of one process a core together."""
    command = [sys.executable, __file__, "--start-tokens", str(start_tokens), "--rounds", str(n_rounds)]
    made = [
        subprocess.Popen([*command, "--cell", str(trunk), "--core", str(core)], stdout=subprocess.PIPE)
        for core in cores
    ]
    said = [process.communicate()[0] for process in made]
    assert all(process.returncode == 0 for process in made), "a cell failed; its message is above"
    return sum(1 / float(json.loads(text.splitlines()[-1])) for text in said)


def two_cells(trunk: Path, start_tokens: int, n_rounds: int, repeats: int) -> dict[str, Any]:
    """Throughput of two runs on two cores over one on one, taking turns."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("two cells: one core is allowed here, not measured")
        return {}
    pairs = [
        (
            cells(trunk, start_tokens, n_rounds, cores[number % 2 : number % 2 + 1]),
            cells(trunk, start_tokens, n_rounds, cores),
        )
        for number in range(repeats)
    ]
    ratios = [two / one for one, two in pairs]
    found = {"one": [one for one, _ in pairs], "two": [two for _, two in pairs], "ratio": statistics.median(ratios)}
    shown = " ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"two cells on two cores: {found['ratio']:.2f} times the rounds a second of one (of {shown}; target 1.8)")
    return found


def main() -> None:
    """Measure the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["breakdown", "proposals", "sizes", "cells"]
    parser.add_argument("--parts", nargs="*", default=parts, choices=parts)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of self-play that are timed")
    parser.add_argument("--start-tokens", type=int, default=200_000, help="training tokens before self-play")
    parser.add_argument("--repeats", type=int, default=3, help="turns of one cell and two")
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--cell", type=Path, help=argparse.SUPPRESS)  # what `cells` starts
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.cell:
        os.sched_setaffinity(0, {said.core})
        print(json.dumps(median(rounds(quickstart(said.start_tokens, said.rounds + 1), said.cell))))
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        trunk = opened(quickstart(said.start_tokens, 0), Path(folder) / "trunk")
        for part in said.parts:
            print(part, flush=True)
            match part:
                case "breakdown":
                    found[part] = breakdown(trunk, said.start_tokens, said.rounds)
                case "proposals":
                    found[part] = over_proposals(trunk, said.start_tokens, max(2, said.rounds // 2))
                case "sizes":
                    found[part] = over_sizes(max(2, said.rounds // 2))
                case "cells":
                    found[part] = two_cells(trunk, said.start_tokens, said.rounds, said.repeats)
    write(said.json, found)


if __name__ == "__main__":
    main()
