"""What a proposed task earns its proposer, and what a noisy verdict is worth to a policy gradient: pure functions.

Whether a task is valid at all is a gate with a penalty of its own (`proposer_rewards`) and no part of these numbers, so
that learnability never pays for nonsense.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence


def learnability(solve_rate: float) -> float:
    """1 - p for a task solved sometimes; 0 for one solved always or never (Zhao et al. 2025, 2505.03335, eq. 4)."""
    return 1.0 - solve_rate if 0.0 < solve_rate < 1.0 else 0.0


def variance(solve_rate: float) -> float:
    """4p(1 - p): the variance of an outcome, 1 where the solver is right half the time."""
    return 4.0 * solve_rate * (1.0 - solve_rate)


def near(solve_rate: float, target: float) -> float:
    """1 at the target solve rate, falling linearly to 0 at the farther of 0 and 1.

    Raises:
        ValueError: The target is outside [0, 1].
    """
    if not 0.0 <= target <= 1.0:
        raise ValueError(f"target = {target}: must lie between 0 and 1")
    return 1.0 - abs(solve_rate - target) / max(target, 1.0 - target)


def uncertainty(answers: Sequence[Hashable]) -> float:
    """Entropy of the solver's answers as a share of the most that so many answers can have; needs no verifier.

    Args:
        answers: Answers to one task; equal ones count as one.

    Returns:
        0 where all agree (or there is one answer), 1 where all differ.
    """
    n = len(answers)
    if n < 2:
        return 0.0
    entropy = -sum(count / n * math.log(count / n) for count in Counter(answers).values())
    return entropy / math.log(n)


def novelty(solutions: Sequence[Hashable], known: Counter[Hashable]) -> list[float]:
    """For each solution 1 / (1 + how often it has been seen), in order: the second copy of a round earns less.

    Args:
        solutions: Canonical solutions of a round's tasks.
        known: How often each was seen in earlier rounds; not changed.
    """
    seen = Counter(known)
    rewards = []
    for solution in solutions:
        rewards.append(1.0 / (1 + seen[solution]))
        seen[solution] += 1
    return rewards


def anchor_weights(proposed: Sequence[Hashable], wanted: Sequence[Hashable], *, most: float = 10.0) -> list[float]:
    """Weights that move proposals towards a wanted distribution, such as that of real tasks still unsolved.

    The ratio of the two shares of each proposal's kind, with one count added to every kind so that a rare one is not
    without weight, cut at `most` and scaled to a mean of 1 (importance weights; the idea of re-weighting conjectures
    towards unproved statements is from STP, Dong and Ma 2025, 2502.00212).

    Args:
        proposed: A kind (level, cluster) for each proposal.
        wanted: A kind for each task of the wanted set; empty leaves all weights 1.
        most: Largest weight before scaling.
    """
    if not wanted or not proposed:
        return [1.0] * len(proposed)
    kinds = set(proposed) | set(wanted)
    have, want = Counter(proposed), Counter(wanted)
    ratios = {
        kind: min(
            most, (want[kind] + 1) / (len(wanted) + len(kinds)) / ((have[kind] + 1) / (len(proposed) + len(kinds)))
        )
        for kind in kinds
    }
    weights = [ratios[kind] for kind in proposed]
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


def proposer_rewards(values: Sequence[float], valid: Sequence[bool], *, penalty: float) -> list[float]:
    """The reward of valid proposals, and a fixed penalty for each that is not.

    Args:
        values: Of each proposal; ignored where it is not valid.
        valid: Whether the env admitted it.
        penalty: Above 0; what an invalid proposal costs.
    """
    return [value if good else -penalty for value, good in zip(values, valid, strict=True)]


def backward_correction(reward: float, true_accept_rate: float, false_accept_rate: float) -> float:
    """A reward whose mean over the judge's errors is the true one (2510.00915, backward correction).

    Args:
        reward: 1 where the judge accepted, else 0.
        true_accept_rate: TPR of the judge.
        false_accept_rate: FPR of the judge.

    Raises:
        ValueError: TPR does not exceed FPR: verdicts say nothing, or the opposite.
    """
    return (reward - false_accept_rate) / _informedness(true_accept_rate, false_accept_rate)


def forward_correction(accepted: bool, true_accept_rate: float) -> float:
    """A weight of the score function whose mean is (TPR - FPR)(R - 1) for the true reward R (2510.00915, forward).

    So it points as the clean policy gradient with baseline 1 does, and needs the false-negative rate only.

    Args:
        accepted: What the judge said.
        true_accept_rate: TPR of the judge.
    """
    miss_rate = 1.0 - true_accept_rate
    return miss_rate if accepted else miss_rate - 1.0


def _informedness(true_accept_rate: float, false_accept_rate: float) -> float:
    value = true_accept_rate - false_accept_rate
    if value <= 0.0:
        raise ValueError(
            f"true_accept_rate = {true_accept_rate} is not above false_accept_rate = {false_accept_rate}: "
            "rewards of such a judge cannot be corrected"
        )
    return value
