"""Does a level mean harder? The solve rate of one small model per family, level by level.

    python benchmarks/levels.py --out runs/levels                      # every family; goes on where it was stopped
    python benchmarks/levels.py --out runs/levels math/chain math/proof

Each family is learnt by the same model (0.1 million parameters) from unlimited fresh tasks of all its levels in equal
shares, for a set number of steps; then held-out tasks of each level are answered 4 times at temperature 1. A level with
too few tasks to hold some out is left out. "falls" means: no level is solved clearly more often than the one before
it, and the last clearly less often than the first, where "clearly" is two standard errors of the difference.
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from random import Random

from envs.core import Env
from selfplay.catalogue import env_classes
from selfplay.config import ArmConfig, DataConfig, ModelConfig, OptimConfig, PlayConfig, RunConfig, TaskConfig
from selfplay.play.examine import LevelScore, examine
from selfplay.play.run import run_arm

N_HELDOUT = 120
"""Tasks held out a level."""

N_ATTEMPTS = 4
BATCH_SIZE = 64


def families() -> dict[str, Env]:
    """The envs that can be built without arguments, by name."""
    built = {}
    for found in env_classes():
        if all(parameter.default is not parameter.empty for parameter in inspect.signature(found).parameters.values()):
            env = found()
            built[env.name] = env
    return built


def run_of(env: Env, n_steps: int) -> tuple[RunConfig, list[int]]:
    """The run of a family, and the levels it has."""
    levels = [level for level in env.levels if env.capacity(level) >= 4 * N_HELDOUT]
    rng = Random(0)
    drawn = [env.sample(rng, level) for level in levels for _ in range(200)]
    n_chars = [len(solved.task.prompt) + len(solved.answer) for solved in drawn]
    context = 16 + max(n_chars) * 3 // 2  # role tokens, and longer tasks than 200 draws showed
    budget = round(n_steps * BATCH_SIZE * sum(n_chars) / len(n_chars))
    config = RunConfig(
        data=DataConfig(
            [TaskConfig(env, levels=levels)],
            n_real=1,
            n_validation=50,
            n_heldout=N_HELDOUT * len(levels),
            n_accuracy=0,
        ),
        arm=ArmConfig("fresh", real="fresh"),
        budget_tokens=budget,
        model=ModelConfig(n_kv_head=4, rope_theta=100.0, context_length=context),
        optim=OptimConfig(batch_size=BATCH_SIZE, warmup_tokens=budget // 20, ema_decay=0.99, task_weight=0.1),
        play=PlayConfig(start_tokens=budget, round_tokens=budget // 4 + 1),
    )
    return config, levels


def reading(scores: Sequence[LevelScore]) -> str:
    """Whether the solve rate falls with the level."""

    def above(later: LevelScore, earlier: LevelScore) -> float:
        """Standard errors by which the later level is solved more often; attempts at one task are not independent."""
        error = math.hypot(
            *(math.sqrt((s.solve_rate * (1 - s.solve_rate) + 1e-3) / s.n_tasks) for s in (later, earlier))
        )
        return (later.solve_rate - earlier.solve_rate) / error

    if len(scores) < 2:
        return "one level"
    rises = [later.level for earlier, later in itertools.pairwise(scores) if above(later, earlier) > 2]
    if rises:
        return f"RISES at {', '.join(map(str, rises))}"
    if max(score.solve_rate for score in scores) < 0.05:
        return "not learnt"
    return "falls" if above(scores[-1], scores[0]) < -2 else "flat"


def main() -> None:
    """Train and measure what is not yet measured, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="ENV", help="names of envs (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/levels"), metavar="DIR")
    parser.add_argument("--steps", type=int, default=1_500, metavar="N", help="optimizer steps (default 1500)")
    arguments = parser.parse_args()
    known = families()
    for name in arguments.names:
        if name not in known:
            parser.error(f"{name}: no env of that name; there are {', '.join(known)}")
    for name in arguments.names or known:
        env = known[name]
        folder = arguments.out / f"{name.replace('/', '_')}.v{env.version}.{arguments.steps}"
        config, levels = run_of(env, arguments.steps)
        result = folder / "levels.json"
        if not result.exists():
            run_arm(config, folder)
            scores = examine(folder, N_ATTEMPTS).by_level
            result.write_text(json.dumps([score.__dict__ for score in scores]))
        scores = tuple(LevelScore(**row) for row in json.loads(result.read_text()))
        left_out = sorted(set(env.levels) - set(levels))
        print(
            f"{name:<36}{reading(scores):<14}"
            + "  ".join(f"{score.level}: {score.solve_rate:.2f}" for score in scores)
            + (f"  (too few tasks: {', '.join(map(str, left_out))})" if left_out else ""),
            flush=True,
        )


if __name__ == "__main__":
    main()
