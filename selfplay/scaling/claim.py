"""What a study claims and how it will be judged: everything that must be fixed before a run is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOOKS = (4, 8, 12)
"""Seeds at which a study that adds seeds may be read. No other looks."""

LOOK_ALPHA = 0.05 / 3
"""One-sided level of each, 0.0167: under no effect, three looks together say YES no more often than one at 0.05."""

MARGIN = 1.10
"""Smallest effective data multiplier that counts as help: 10% more real data."""

W_MIN = 0.25
"""Smallest wall-passing ratio that counts as scaling on: a quarter of what fresh data would give."""

ALPHA = 0.05
"""One-sided, per claim."""


@dataclass(frozen=True)
class Claim:
    """The rule of a verdict.

    Attributes:
        primary: The arm the verdict is about.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data; empty where there is none, which leaves every verdict undecided.
        margin: Smallest effective data multiplier that counts as help, above 1.
        w_min: Smallest wall-passing ratio that counts as scaling on, 0 to 1.
        alpha: One-sided level per claim.
        match: `tokens` compares at equal training tokens, `flops` at equal total FLOPs.
        looks: Whether seeds may be added: then the study is read at `LOOKS` seeds only, each at `LOOK_ALPHA`.
        secondary: Other arms that are tested too, by Holm's correction over them and the primary.
        slope_budgets: Budgets past the wall that slopes are read over; by rule where empty (`slope.budgets_past`).
        aa: An arm that is the baseline again, with other seeds or draws: a control that must not say YES.
        unverified: An arm whose synthetic data nothing checked: a control.
    """

    primary: str
    baseline: str = "real"
    fresh: str = "fresh"
    margin: float = MARGIN
    w_min: float = W_MIN
    alpha: float = ALPHA
    match: str = "tokens"
    looks: bool = False
    secondary: tuple[str, ...] = ()
    slope_budgets: tuple[float, ...] = ()
    aa: str = ""
    unverified: str = ""

    def __post_init__(self) -> None:
        if not 1.0 < self.margin < math.inf:
            raise ValueError(f"margin = {self.margin}: must be above 1, for example 1.10 for 10% more real data")
        if not 0.0 <= self.w_min <= 1.0:
            raise ValueError(f"w_min = {self.w_min}: must lie between 0 and 1")
        if not 0.0 < self.alpha < 0.5:
            raise ValueError(f"alpha = {self.alpha}: must lie between 0 and 0.5")
        if self.match not in ("tokens", "flops"):
            raise ValueError(f"match = {self.match}: must be tokens or flops")
        if self.looks and self.alpha != ALPHA:
            raise ValueError(
                f"alpha = {self.alpha}: looks at {LOOKS} seeds have {LOOK_ALPHA:.4f} each; leave alpha out"
            )

    def require_roles(self) -> Claim:
        """Pass a claim about three different arms.

        Raises:
            ValueError: Two of them are one.
        """
        roles = (self.primary, self.baseline, self.fresh)
        if len(set(roles)) < len(roles):
            raise ValueError(f"primary, baseline and fresh must be different arms, got {', '.join(roles)}")
        return self

    @property
    def ln_margin(self) -> float:
        """The margin as a logarithm, the scale verdicts are read on."""
        return math.log(self.margin)

    @property
    def level_alpha(self) -> float:
        """One-sided level of this reading."""
        return LOOK_ALPHA if self.looks else self.alpha


@dataclass(frozen=True)
class Rule:
    """The part of a claim that a study's configuration may state; the rest follows from its arms.

    Attributes:
        margin: Smallest effective data multiplier that counts as help, above 1.
        w_min: Smallest wall-passing ratio that counts as scaling on, 0 to 1.
        alpha: One-sided level per claim.
        looks: Whether seeds may be added: then the study is read at 4, 8 and 12 seeds, 0.0167 each, and at no others.
        slope_budgets_tokens: Budgets past the wall that slopes are read over; by rule when absent.
        tuning_runs: By arm, the settings its hyperparameters were chosen from; the baseline's must not be fewer.
    """

    margin: float = MARGIN
    w_min: float = W_MIN
    alpha: float = ALPHA
    looks: bool = False
    slope_budgets_tokens: list[int] | None = None
    tuning_runs: dict[str, int] | None = None

    def __post_init__(self) -> None:
        self.claim("primary", "baseline", "fresh")

    def claim(
        self, primary: str, baseline: str, fresh: str, *, secondary: tuple[str, ...] = (), unverified: str = ""
    ) -> Claim:
        """The whole claim, of these arms.

        Raises:
            ValueError: A number is out of range.
        """
        return Claim(
            primary, baseline, fresh, margin=self.margin, w_min=self.w_min, alpha=self.alpha, looks=self.looks,
            secondary=secondary, unverified=unverified,
            slope_budgets=tuple(float(budget) for budget in sorted(self.slope_budgets_tokens or ())),
        )  # fmt: skip
