"""Rows of a run table with planted losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

U = 100_000
BUDGETS = (1_000_000, 2_000_000, 4_000_000)
FRESH_BUDGETS = (250_000, 500_000, *BUDGETS, 8_000_000)


@dataclass(frozen=True)
class Run:
    """What the metrics read of a run."""

    arm: str
    seed: int
    budget: int
    loss: float
    U: int = U
    D: int = 0
    D_real: int = 0
    D_syn: int = 0
    flops_train: int = 0
    flops_generate: int = 0
    flops_verify: int = 0
    loss_final: float = 0.0


def run(arm: str, seed: int, budget: int, loss: float, *, D: int | None = None, syn: float = 0.0) -> Run:
    """A run of 6 FLOPs a token, and 6 more for every synthetic one."""
    tokens = budget if D is None else D
    D_syn = int(tokens * syn)
    return Run(arm, seed, budget, loss, U, tokens, tokens - D_syn, D_syn, 6 * tokens, 6 * D_syn, 0, loss)


def fresh_loss(tokens: float) -> float:
    """Straight in ln D, so that interpolation reproduces it everywhere."""
    return 3.0 - 0.15 * math.log(tokens)


def table(
    worth: dict[str, Callable[[float], float]],
    seeds: Sequence[int] = (0, 1, 2, 3),
    fresh_budgets: Sequence[int] = FRESH_BUDGETS,
    shift: Callable[[int, str, int], float] = lambda seed, arm, budget: 0.0,
) -> list[Run]:
    """Runs of a fresh arm and of arms worth a planted amount of fresh data.

    Args:
        worth: By arm, fresh tokens that training on D tokens is worth.
        seeds: Seeds; seed s has a fresh curve 0.01 s above the planted one, and so have its arms.
        fresh_budgets: Budgets of the fresh arm.
        shift: Added to a loss: (seed, arm, budget).
    """
    rows = []
    for seed in seeds:
        rows += [run("fresh", seed, b, fresh_loss(b) + 0.01 * seed + shift(seed, "fresh", b)) for b in fresh_budgets]
        for arm, tokens in worth.items():
            for b in BUDGETS:
                loss = fresh_loss(tokens(b)) + 0.01 * seed + shift(seed, arm, b)
                rows.append(run(arm, seed, b, loss, syn=0.0 if arm == "real" else 0.5))
    return rows
