"""Studies with a known answer: what verdicts are tested on, and what seeds are planned with.

Losses follow L = E + B D_eq^-beta, where D_eq is the fresh data that a run is worth. The baseline is worth
U + R U (1 - exp(-(D - U) / (R U))): repeated tokens decay with their number (Muennighoff et al. 2023, 2305.16264), and
the marginal value of one falls to 1/e at D = (1 + R) U, the wall.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from selfplay.scaling.rows import Key
from selfplay.scaling.runtable import Run

U = 1e5
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
"""Budgets of every arm, in U."""

Worth = Callable[["Design", float], float]
"""Fresh data, in U, that D = x U training tokens are worth."""


@dataclass(frozen=True)
class Design:
    """A study and the world it is run in.

    Attributes:
        seeds: Seeds.
        noise: Standard deviation of a run's loss, as a part of it, beyond what the arms of its seed share.
        shared: Standard deviation of what all arms of a seed share, likewise.
        elasticity: Part of the loss that an e-fold of fresh data takes off, where the baseline ends.
        beta: Exponent of the fresh curve.
        decay: R: the wall lies at (1 + R) U.
        arms: By name, what an arm's training is worth; `real` and `fresh` are always there.
    """

    seeds: int = 5
    noise: float = 0.01
    shared: float = 0.01
    elasticity: float = 0.09
    beta: float = 0.35
    decay: float = 15.0
    arms: Mapping[str, Worth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ValueError(f"seeds = {self.seeds}: needs at least 1")
        for name in ("noise", "shared"):
            if not 0.0 <= getattr(self, name) < 0.5:
                raise ValueError(f"{name} = {getattr(self, name)}: a part of the loss, must lie between 0 and 0.5")
        if not 0.0 < self.elasticity < self.beta:
            raise ValueError(f"elasticity = {self.elasticity}: must lie between 0 and the exponent {self.beta}")

    @property
    def plateau(self) -> float:
        """What the baseline is worth in the end, in U."""
        return repeated(self, MULTIPLES[-1])

    def loss(self, worth: float) -> float:
        """Loss of a run worth that much fresh data, in U; 1 where the baseline ends."""
        reducible = self.elasticity / self.beta
        return 1.0 - reducible + reducible * math.pow(worth / self.plateau, -self.beta)

    def ln_edm_deviation(self, effect: float = 1.0) -> float:
        """Standard deviation over seeds of the level, to first order in the noise, for a constant multiplier.

        The noise of the arm's and of the baseline's run enters; that of the fresh curve mostly cancels.
        """
        variance = 0.0
        for x in MULTIPLES[-2:]:
            for worth in (repeated(self, x), effect * repeated(self, x)):
                loss = self.loss(worth)
                slope = self.beta * (loss - (1.0 - self.elasticity / self.beta))
                variance += (self.noise * loss / slope) ** 2
        return math.sqrt(variance) / 2


def repeated(design: Design, x: float) -> float:
    """What the baseline is worth."""
    return 1.0 + design.decay * (1.0 - math.exp(-(x - 1.0) / design.decay)) if x > 1 else x


def multiplied(factor: float) -> Worth:
    """An arm worth `factor` times the baseline once it has passed over its data 8 times, and growing to that."""

    def worth(design: Design, x: float) -> float:
        return float(repeated(design, x) * factor ** min(1.0, math.log(max(x, 1.0)) / math.log(8.0)))

    return worth


def shifted(factor: float) -> Worth:
    """A one-off gain: the loss lies below the baseline's by the same amount at every budget from 8 U on.

    The amount is that of `factor` times the data at the largest budget. Its slope is the baseline's, exactly.
    """

    def worth(design: Design, x: float) -> float:
        gain = design.loss(design.plateau) - design.loss(factor * design.plateau)
        ramp = min(1.0, math.log(max(x, 1.0)) / math.log(8.0))
        floor = 1.0 - design.elasticity / design.beta
        rest = design.loss(repeated(design, x)) - gain * ramp - floor
        return float(design.plateau * (rest / (1.0 - floor)) ** (-1.0 / design.beta))

    return worth


def scaling_on(exponent: float = 0.8) -> Worth:
    """An arm that keeps scaling: worth D to a power a little below 1, with no wall."""
    return lambda design, x: max(float(x**exponent), repeated(design, x) if x <= 4 else 0.0)


def collapsing(design: Design, x: float) -> float:
    """An arm that unlearns: from 4 U on it is worth less and less, a third of the baseline in the end."""
    if x <= 4:
        return repeated(design, x)
    share = math.log(x / 4.0) / math.log(MULTIPLES[-1] / 4.0)
    return float(repeated(design, x) * (1.0 / 3.0) ** (0.5 + 0.5 * share))


def simulate(design: Design, rng: np.random.Generator) -> tuple[list[Run], list[Key]]:
    """Run a study in that world: its runs, and the runs it should have.

    Args:
        design: The study.
        rng: Source of its noise.
    """
    arms: dict[str, Worth] = {"real": repeated, "fresh": lambda _, x: float(x), **design.arms}
    rows = []
    for seed in range(design.seeds):
        common = 1.0 + design.shared * rng.standard_normal()
        for arm, worth in arms.items():
            for x in MULTIPLES:
                loss = design.loss(worth(design, x)) * common * (1.0 + design.noise * rng.standard_normal())
                rows.append(_run(arm, seed, x * U, loss, synthetic=arm not in ("real", "fresh")))
    return rows, [(row.arm, row.budget, row.seed) for row in rows]


def _run(arm: str, seed: int, budget: float, loss: float, synthetic: bool) -> Run:
    """A run of 6 FLOPs a token, half of whose tokens past U are synthetic, at another 2 FLOPs each."""
    D_syn = (budget - U) / 2 if synthetic and budget > U else 0.0
    distinct = budget if arm == "fresh" else U
    return Run(arm, seed, budget, loss, budget, distinct, budget - D_syn, D_syn, 6.0 * budget, 2.0 * D_syn, 0.0, loss)
