"""The runs of a study, found by arm, budget and seed, with the curves that are read off them again and again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

from selfplay.scaling.curve import MIN_FRESH_BUDGETS, LossCurve, Refusal, TooFewBudgets, require_fresh

Key = tuple[str, float, int]
"""What tells runs apart: arm, budget, seed."""


class Row(Protocol):
    """A finished run: the columns of the run table that metrics read.

    D = D_real + D_syn are training tokens, FLOPs are totals of the run, losses are nats per held-out answer
    token: `loss` at the early-stopped round, `loss_final` after the last one. Where a table has no such column, U,
    D_real, D_syn and FLOPs are nan, and what needs them has a reason instead of a number.
    """

    @property
    def arm(self) -> str: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def budget(self) -> float: ...  # noqa: D102
    @property
    def U(self) -> float: ...  # noqa: D102
    @property
    def D(self) -> float: ...  # noqa: D102
    @property
    def D_real(self) -> float: ...  # noqa: D102
    @property
    def D_syn(self) -> float: ...  # noqa: D102
    @property
    def flops_train(self) -> float: ...  # noqa: D102
    @property
    def flops_generate(self) -> float: ...  # noqa: D102
    @property
    def flops_verify(self) -> float: ...  # noqa: D102
    @property
    def loss(self) -> float: ...  # noqa: D102
    @property
    def loss_final(self) -> float: ...  # noqa: D102


def total_flops(row: Row) -> float:
    """Training, generating and verifying; a float because large runs overflow 64-bit integers."""
    return float(row.flops_train) + float(row.flops_generate) + float(row.flops_verify)


def spent(row: Row, match: str) -> float:
    """What a run spent: training tokens, or FLOPs in all. `match` is `tokens` or `flops`."""
    return total_flops(row) if match == "flops" else float(row.D)


def count(value: float) -> str:
    """An amount for messages: 1,000,000, and 62.5 where the table's unit is not one token."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"


def rounded(value: float) -> str:
    """An estimate of an amount for messages, in three digits."""
    return count(float(f"{value:.3g}"))


def fresh_curve(rows: Sequence[Row]) -> LossCurve:
    """f_s: one seed's fresh losses over training tokens.

    Raises:
        Refusal: It cannot be inverted: too few budgets, or a loss that does not fall.
    """
    if not rows:
        raise TooFewBudgets(f"needs fresh runs at {MIN_FRESH_BUDGETS} or more budgets, has 0")
    return require_fresh(LossCurve.of([row.D for row in rows], [row.loss for row in rows]))


def shared_budgets(rows: Iterable[Row], *arms: str) -> list[float]:
    """Budgets at which every one of these arms has a run, rising."""
    of: dict[str, set[float]] = {arm: set() for arm in arms}
    for row in rows:
        if row.arm in of:
            of[row.arm].add(row.budget)
    return sorted(set.intersection(*of.values()))


class Runs:
    """Finished runs by arm, budget and seed. Curves are made once; nothing here changes after it is made."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self._at = {(row.arm, row.budget, row.seed): row for row in self.rows}
        self._of: dict[tuple[str, int], list[Row]] = {}
        for row in self._at.values():
            self._of.setdefault((row.arm, row.seed), []).append(row)
        self._curves: dict[tuple[str, int, str], LossCurve | str] = {}

    @classmethod
    def of(cls, rows: Runs | Iterable[Row]) -> Runs:
        """The same runs, found by key."""
        return rows if isinstance(rows, Runs) else cls(rows)

    def at(self, arm: str, budget: float, seed: int) -> Row | None:
        """One run, or None where there is none."""
        return self._at.get((arm, budget, seed))

    def where(self, arms: Iterable[str], budgets: Iterable[float]) -> list[Row]:
        """Runs of these arms at these budgets, in the order of the table."""
        wanted_arms, wanted = set(arms), set(budgets)
        return [row for row in self.rows if row.arm in wanted_arms and row.budget in wanted]

    def seeds(self, *arms: str) -> list[int]:
        """Seeds that any of these arms has a run of, rising."""
        return sorted({seed for arm, seed in self._of if arm in arms})

    def curve(self, arm: str, seed: int, match: str = "tokens") -> LossCurve:
        """One seed's losses of an arm over what its runs spent.

        Raises:
            Refusal: It has no runs, two at one amount, or a loss that is not finite.
        """
        return self._made(arm, seed, match, self._curve)

    def fresh(self, arm: str, seed: int) -> LossCurve:
        """f_s: as `curve` over tokens, of the fresh arm, checked to be one that can be inverted.

        Raises:
            Refusal: It cannot be inverted: too few budgets, or a loss that does not fall.
        """
        return self._made(arm, seed, "fresh", self._fresh)

    def _made(self, arm: str, seed: int, kind: str, make: _Make) -> LossCurve:
        key = (arm, seed, kind)
        if key not in self._curves:
            try:
                self._curves[key] = make(arm, seed, kind)
            except Refusal as refusal:
                self._curves[key] = str(refusal)
        made = self._curves[key]
        if isinstance(made, str):
            raise Refusal(made)
        return made

    def _curve(self, arm: str, seed: int, match: str) -> LossCurve:
        rows = self._of.get((arm, seed), [])
        unit = "FLOPs" if match == "flops" else "tokens"
        if match == "flops" and any(math.isnan(total_flops(row)) for row in rows):
            raise Refusal(f"no FLOPs given for every run of {arm}")
        return LossCurve.of([spent(row, match) for row in rows], [row.loss for row in rows], unit)

    def _fresh(self, arm: str, seed: int, _: str) -> LossCurve:
        return fresh_curve(self._of.get((arm, seed), []))


class _Make(Protocol):
    def __call__(self, arm: str, seed: int, kind: str, /) -> LossCurve: ...
