"""The best learning rate of each model size, and the power law through them.

    python examples/tune_lr.py --out runs/lr          # about 40 minutes on one core; goes on where it was stopped

Every size learns three-digit addition from fresh tasks for the same number of tokens at each of a grid of rates. The
best rate of a size is the vertex of a parabola through the validation losses over ln(rate), near the lowest; a rate
that is best at the edge of the grid is reported as such and left out of the fit. The law is ln(rate) = a - b ln(N), by
least squares over the sizes; N counts all parameters.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from envs.math.arithmetic import Arithmetic
from selfplay.config import ArmConfig, DataConfig, ModelConfig, OptimConfig, PlayConfig, RunConfig, TaskConfig
from selfplay.play.run import run_arm
from selfplay.report.evidence import read_rounds

SIZES = {
    "d32": ModelConfig(d_model=32, n_layer=2, n_head=2, n_kv_head=2, head_dim=16, d_ff=64),
    "d64": ModelConfig(d_model=64, n_layer=3, n_head=4, n_kv_head=4, head_dim=16, d_ff=128),
    "d128": ModelConfig(d_model=128, n_layer=4, n_head=4, n_kv_head=4, head_dim=32, d_ff=256),
    "d256": ModelConfig(d_model=256, n_layer=6, n_head=8, n_kv_head=8, head_dim=32, d_ff=512),
}
RATES = tuple(2.5e-4 * 2**i for i in range(8))  # to 3.2e-2
TOKENS = 600_000


def run_of(size: ModelConfig, rate: float, seed: int) -> RunConfig:
    """One cell of the sweep."""
    return RunConfig(
        data=DataConfig(
            [TaskConfig(Arithmetic("+"), levels=[2, 3])], n_real=1, n_validation=500, n_heldout=500, n_accuracy=0
        ),
        arm=ArmConfig("fresh", real="fresh"),
        budget_tokens=TOKENS,
        seed=seed,
        model=replace(size, rope_theta=100.0, context_length=16),
        optim=OptimConfig(lr=rate, warmup_tokens=TOKENS // 20, batch_size=64, ema_decay=0.98, task_weight=0.1),
        play=PlayConfig(start_tokens=TOKENS, round_tokens=TOKENS // 5),
    )


def vertex(rates: list[float], losses: list[float]) -> float | None:
    """The rate of least loss by a parabola through the lowest and its neighbours; None at an edge of the grid."""
    best = min(range(len(losses)), key=losses.__getitem__)
    if best in (0, len(losses) - 1):
        return None
    x, y = np.log(rates[best - 1 : best + 2]), np.array(losses[best - 1 : best + 2])
    second, first, _ = np.polyfit(x, y, 2)
    return math.exp(-first / (2 * second))


def main() -> None:
    """Run what is missing and print a table and the law."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/lr"), metavar="DIR")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--rates", nargs="+", type=float, default=list(RATES))
    arguments = parser.parse_args()
    found: list[tuple[float, float]] = []
    print("size        N  " + "".join(f"{rate:>9.2g}" for rate in arguments.rates) + "     best rate")
    for name in arguments.sizes:
        losses, n_parameters = [], 0
        for rate in arguments.rates:
            total = 0.0
            for seed in arguments.seeds:
                folder = arguments.out / f"{name}-{rate:.3g}-seed{seed}"
                result = run_arm(run_of(SIZES[name], rate, seed), folder)
                n_parameters = result.N
                loss = read_rounds(folder / "rounds.jsonl", result)[-1].validation.answer_nats_per_token
                total += loss if math.isfinite(loss) else math.inf
            losses.append(total / len(arguments.seeds))
        best = vertex(arguments.rates, losses)
        shown = "at the edge" if best is None else f"{best:.2g}"
        print(
            f"{name:<6}{n_parameters:>9,}" + "".join(f"{loss:>9.3f}" for loss in losses) + f"  {shown:>12}", flush=True
        )
        if best is not None:
            found.append((n_parameters, best))
    if len(found) > 1:
        slope, intercept = np.polyfit(*np.log(np.array(found)).T, 1)
        print(f"rate = {math.exp(intercept):.3g} * N**{slope:.3f}")


if __name__ == "__main__":
    main()
