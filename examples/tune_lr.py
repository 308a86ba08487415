"""The best learning rate of each model size, the power law through them, and the law where it was not fitted.

    python examples/tune_lr.py --out runs/lr      # about 15 minutes on one core; goes on where it was stopped

Every size learns human-written integrals, text whose loss falls smoothly, for the same number of tokens at each rate of
a grid. The best rate of a size is the vertex of a parabola through the validation losses over ln(rate), mean over the
seeds, at the lowest and its neighbours; a size that is best at an edge of its grid is left out of the fit, and said so.
The law is ln(rate) = ln(a) - b ln(N) by least squares over the sizes; N counts the matrix parameters of the blocks. The
size that was not fitted, and arithmetic that was not either, then run at the law's rate beside their grids.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

from envs.corpus.rubi import Rubi
from envs.math.arithmetic import Arithmetic
from selfplay.config import ArmConfig, DataConfig, ModelConfig, OptimConfig, PlayConfig, RunConfig, TaskConfig
from selfplay.config.rate import block_parameters
from selfplay.play.run import run_arm
from selfplay.report.evidence import read_rounds


@dataclass(frozen=True)
class Size:
    """A model and what it is tried at; larger models get fewer rates, round those that smaller ones lead to."""

    name: str
    model: ModelConfig
    rates: tuple[float, ...]
    seeds: tuple[int, ...] = (0,)


def shape(d_model: int, n_layer: int, n_head: int) -> ModelConfig:
    """A model of the ladder: heads fill the width, the feed-forward is twice as wide."""
    return ModelConfig(d_model, n_layer, n_head, n_head, d_model // n_head, 2 * d_model)


LADDER = (
    Size("d32", shape(32, 2, 2), (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2), (0, 1)),
    Size("d64", shape(64, 3, 4), (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2), (0, 1)),
    Size("d128", shape(128, 4, 4), (5e-4, 1e-3, 2e-3, 4e-3)),
)
UNFITTED = Size("d96", shape(96, 3, 4), (1e-3, 2e-3, 4e-3))


@dataclass(frozen=True)
class Subject:
    """What is learnt, for how long, and the loss that is read."""

    data: DataConfig
    arm: ArmConfig
    n_tokens: int
    batch_size: int
    context_length: int
    task_weight: float
    loss: str


INTEGRALS = Subject(
    DataConfig([TaskConfig(Rubi(), levels=[1, 2, 3, 4])], n_real=1_800, n_validation=200, n_heldout=50, n_accuracy=0),
    ArmConfig("pool"), 300_000, 8, 132, 1.0, "nats_per_token",
)  # fmt: skip
ADDITION = Subject(
    DataConfig([TaskConfig(Arithmetic("+"), levels=[2, 3])], n_real=1, n_validation=500, n_heldout=50, n_accuracy=0),
    ArmConfig("fresh", real="fresh"), 400_000, 64, 16, 0.1, "answer_nats_per_token",
)  # fmt: skip


def run_of(subject: Subject, model: ModelConfig, rate: float, seed: int) -> RunConfig:
    """One cell of the sweep."""
    n = subject.n_tokens
    return RunConfig(
        data=subject.data,
        arm=subject.arm,
        budget_tokens=n,
        seed=seed,
        model=replace(model, rope_theta=1000.0, context_length=subject.context_length),
        optim=OptimConfig(
            lr=rate, warmup_tokens=n // 20, batch_size=subject.batch_size, task_weight=subject.task_weight
        ),
        play=PlayConfig(start_tokens=n, round_tokens=n // 2),
    )


def losses_of(subject: Subject, size: Size, rates: Sequence[float], out: Path) -> list[float]:
    """Validation loss at each rate, mean over the size's seeds; infinite where a run did not get through."""
    losses = []
    for rate in rates:
        found = []
        for seed in size.seeds:
            folder = out / f"{subject.arm.name}-{size.name}-{rate:.3g}-seed{seed}"
            result = run_arm(run_of(subject, size.model, rate, seed), folder)
            loss = getattr(read_rounds(folder / "rounds.jsonl", result)[-1].validation, subject.loss)
            found.append(loss if math.isfinite(loss) else math.inf)
        losses.append(mean(found))
    print(f"{size.name:<5}{block_parameters(size.model):>10,}  ", end="")
    print("  ".join(f"{rate:g}: {loss:.3f}" for rate, loss in zip(rates, losses, strict=True)), end="", flush=True)
    return losses


def vertex(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate of least loss by a parabola through the lowest and its neighbours; None at an edge of the grid."""
    best = min(range(len(losses)), key=losses.__getitem__)
    if best in (0, len(losses) - 1):
        return None
    x, y = np.log(rates[best - 1 : best + 2]), np.array(losses[best - 1 : best + 2])
    second, first, _ = np.polyfit(x, y, 2)
    return math.exp(-first / (2 * second))


def main() -> None:
    """Run what is missing and print the sweep, the law, and the law at work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/lr"), metavar="DIR")
    out = parser.parse_args().out
    found = []
    for size in LADDER:
        best = vertex(size.rates, losses_of(INTEGRALS, size, size.rates, out))
        print(f"  best {best:.2g}" if best else "  best at the edge of the grid: not fitted", flush=True)
        if best:
            found.append((block_parameters(size.model), best))
    n, best_rates = np.log(np.array(found)).T
    power, intercept = np.polyfit(n, best_rates, 1)
    residuals = best_rates - (power * n + intercept)
    print(f"rate = {math.exp(intercept):.3g} * N**{power:.3f}; off by", *(f"{math.exp(r):.2f}" for r in residuals))
    for subject, size in ((INTEGRALS, UNFITTED), (ADDITION, replace(LADDER[1], seeds=(0,)))):
        rate = float(f"{math.exp(intercept) * block_parameters(size.model) ** power:.3g}")
        grid = losses_of(subject, size, size.rates, out)
        print(f"  best {min(grid):.3f}")
        (own,) = losses_of(subject, size, [rate], out)
        print(f"  by the law, {own - min(grid):+.3f} to the best of the grid", flush=True)


if __name__ == "__main__":
    main()
