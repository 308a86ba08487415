"""Advantages: how much better a sample did than its baseline. Pure functions of rewards.

Shapes: N samples. A group is the samples that share a baseline: the attempts at one task, or all of one role and env.
"""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-6
"""Added to a standard deviation, so that equal rewards divide 0 by something."""


def leave_one_out(rewards: Tensor, groups: Tensor) -> Tensor:
    """Each reward minus the mean of the others of its group (RLOO, Ahmadian et al. 2024, 2402.14740); 0 if it has none.

    Args:
        rewards: `(N,)`.
        groups: `(N,)` int64, group numbers from 0.

    Returns:
        `(N,)`.
    """
    sums, counts = _sums(rewards, groups)
    others = (counts - 1.0).clamp_min(1.0)
    baseline = (sums[groups] - rewards) / others[groups]
    return torch.where(counts[groups] > 1.0, rewards - baseline, torch.zeros_like(rewards))


def normalised(rewards: Tensor, groups: Tensor, *, by_deviation: bool) -> Tensor:
    """Each reward minus its group's mean, over the group's standard deviation where asked.

    With the deviation, groups of attempts give GRPO (Shao et al. 2024, 2402.03300) and groups of a role and an env give
    TRR++ (Zhao et al. 2025, 2505.03335, section 3.3.5); without it, Dr. GRPO (Liu et al. 2025, 2503.20783), which does
    not favour tasks that are nearly always or nearly never solved.

    Args:
        rewards: `(N,)`.
        groups: `(N,)` int64, group numbers from 0.
        by_deviation: Whether to divide; the deviation is the sample's (n - 1), that of a group of one is 0.
    """
    sums, counts = _sums(rewards, groups)
    centred = rewards - (sums / counts.clamp_min(1.0))[groups]
    if not by_deviation:
        return centred
    squares, _ = _sums(centred**2, groups)
    deviation = (squares / (counts - 1.0).clamp_min(1.0)).sqrt()
    return centred / (deviation[groups] + EPSILON)


def informative(rewards: Tensor, groups: Tensor) -> Tensor:
    """Samples of groups whose rewards are not all equal `(N,)` bool: the rest have no gradient (DAPO, 2503.14476)."""
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    low = torch.full((n_groups,), torch.inf, dtype=rewards.dtype).scatter_reduce(0, groups, rewards, "amin")
    high = torch.full((n_groups,), -torch.inf, dtype=rewards.dtype).scatter_reduce(0, groups, rewards, "amax")
    return (high > low)[groups]


def _sums(values: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Sum and size of each group."""
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    zeros = torch.zeros(n_groups, dtype=values.dtype)
    return zeros.index_add(0, groups, values), zeros.index_add(0, groups, torch.ones_like(values))
