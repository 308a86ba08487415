"""What an arm is worth, per seed and over seeds, against the arm that repeats real data and the one that never has to.

All metrics use the losses of finished runs; checkpoints of one run are not replicates and are not used. Each
seed is measured against its own fresh curve: one curve pooled over seeds gives intervals that are too narrow.
A seed without a number takes the summary with it: leaving it out would choose seeds by their result.

Not here: slopes past the limit, several arms at once, power (they read these numbers).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from selfplay.scaling.curve import (
    MIN_FRESH_BUDGETS,
    LossCurve,
    Measured,
    Refusal,
    TooFewBudgets,
    equivalent,
    require_fresh,
)
from selfplay.scaling.intervals import Interval, ratio_interval, t_interval

TOLERANCE = 0.01
"""Training tokens of runs that are compared may differ by this fraction."""


class Unmatched(Refusal):
    """Runs that trained on different amounts of tokens."""


class Row(Protocol):
    """A finished run: the columns of the run table that metrics read.

    D = D_real + D_syn are training tokens, FLOPs are totals of the run, losses are nats per held-out answer
    token: `loss` at the early-stopped round, `loss_final` after the last one.
    """

    @property
    def arm(self) -> str: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def budget(self) -> int: ...  # noqa: D102
    @property
    def U(self) -> int: ...  # noqa: D102
    @property
    def D(self) -> int: ...  # noqa: D102
    @property
    def D_real(self) -> int: ...  # noqa: D102
    @property
    def D_syn(self) -> int: ...  # noqa: D102
    @property
    def flops_train(self) -> int: ...  # noqa: D102
    @property
    def flops_generate(self) -> int: ...  # noqa: D102
    @property
    def flops_verify(self) -> int: ...  # noqa: D102
    @property
    def loss(self) -> float: ...  # noqa: D102
    @property
    def loss_final(self) -> float: ...  # noqa: D102


def total_flops(row: Row) -> float:
    """Training, generating and verifying; a float because large runs overflow 64-bit integers."""
    return float(row.flops_train) + float(row.flops_generate) + float(row.flops_verify)


@dataclass(frozen=True, slots=True)
class PerSeed:
    """One metric, seed by seed.

    Attributes:
        seeds: (n,) seeds, rising.
        values: (n,) their numbers or reasons.
    """

    seeds: tuple[int, ...]
    values: tuple[Measured, ...]

    @property
    def reason(self) -> str:
        """Why the metric has no summary: the distinct reasons with their seeds; empty where all seeds have numbers."""
        if not self.values:
            return "no runs"
        seeds_of: dict[str, list[int]] = {}
        for seed, value in zip(self.seeds, self.values, strict=True):
            if value.reason:
                seeds_of.setdefault(value.reason, []).append(seed)
        if len(seeds_of) == 1 and all(value.reason for value in self.values):
            return next(iter(seeds_of))
        return "; ".join(
            f"{reason} (seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))})"
            for reason, seeds in seeds_of.items()
        )

    def numbers(self) -> list[float]:
        """(n,) the values.

        Raises:
            Refusal: A seed has none.
        """
        if self.reason:
            raise Refusal(self.reason)
        return [value.number for value in self.values]

    def interval(self, alpha: float = 0.05) -> Interval | None:
        """Student-t bounds of the mean over seeds, or None where a seed has no number."""
        return None if self.reason else t_interval(self.numbers(), alpha)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against the baseline at one budget.

    Attributes:
        arm: The arm.
        budget: Training tokens, the same for both.
        loss_gain: L_real - L_arm in nats per token; above 0 the arm is better.
        ln_edm: ln of D_eq(L_arm) / D_eq(L_real), the effective data multiplier; above 0 the arm is better.
        ln_edm_flops: The same against the baseline at equal total FLOPs instead of equal training tokens.
        exchange_raw: (D_eq(L_arm) - D_eq(L_real at the arm's D_real)) / D_syn. Counts what repeating would have
            given as a gain of synthetic tokens.
        exchange_incremental: (D_eq(L_arm) - D_eq(L_real at the same D)) / D_syn. 0 when synthetic tokens do nothing.
        gap_recovered: (L_real - L_arm) / (L_real - L_fresh): 0 none, 1 as good as fresh data, below 0 harm; not
            clipped. None where it has no meaning.
        gap_reason: Why not.
    """

    arm: str
    budget: int
    loss_gain: PerSeed
    ln_edm: PerSeed
    ln_edm_flops: PerSeed
    exchange_raw: PerSeed
    exchange_incremental: PerSeed
    gap_recovered: Interval | None
    gap_reason: str = ""


def require_matched(rows: Sequence[Row], tolerance: float = TOLERANCE) -> None:
    """Refuse to compare runs that trained on different amounts.

    Args:
        rows: The runs to be compared with each other: one budget, any arms and seeds.
        tolerance: Largest allowed D_max / D_min - 1.

    Raises:
        Unmatched: They differ by more; a ValueError that names the arms and their D.
    """
    if not rows or max(row.D for row in rows) <= (1 + tolerance) * min(row.D for row in rows):
        return
    of: dict[str, list[int]] = {}
    for row in rows:
        of.setdefault(row.arm, []).append(row.D)
    listed = ", ".join(
        f"{arm} {min(D):,}" + (f" to {max(D):,}" if max(D) > min(D) else "") + " tokens" for arm, D in of.items()
    )
    raise Unmatched(f"training tokens differ by more than {tolerance:.0%}, so runs cannot be compared: {listed}")


def fresh_curve(rows: Sequence[Row]) -> LossCurve:
    """f_s: one seed's fresh losses over training tokens.

    Raises:
        Refusal: It cannot be inverted: too few budgets, or a loss that does not fall.
    """
    if not rows:
        raise TooFewBudgets(f"needs fresh runs at {MIN_FRESH_BUDGETS} or more budgets, has 0")
    return require_fresh(LossCurve.of([row.D for row in rows], [row.loss for row in rows]))


def shared_budgets(rows: Iterable[Row], *arms: str) -> list[int]:
    """Budgets at which every one of these arms has a run, rising."""
    of: dict[str, set[int]] = {arm: set() for arm in arms}
    for row in rows:
        if row.arm in of:
            of[row.arm].add(row.budget)
    return sorted(set.intersection(*of.values()))


def compare(
    rows: Sequence[Row], arm: str, budget: int, *, baseline: str, fresh: str, alpha: float = 0.05
) -> Comparison:
    """Measure an arm against the baseline at one budget, on the fresh arm's scale.

    Args:
        rows: All finished runs of a study.
        arm: The arm.
        budget: A budget at which it and the baseline have runs.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data.
        alpha: Level of each bound of the gap recovered.

    Raises:
        Unmatched: The arm and the baseline trained on different amounts there.
    """
    require_matched([row for row in rows if row.budget == budget and row.arm in (arm, baseline)])
    found = {
        seed: _find(rows, seed, arm, budget, baseline, fresh)
        for seed in sorted({row.seed for row in rows if row.budget == budget and row.arm in (arm, baseline)})
    }

    def each(measure: Callable[[_Seed], Measured]) -> PerSeed:
        return PerSeed(tuple(found), tuple(_attempt(measure, runs) for runs in found.values()))

    gap, gap_reason = _gap_recovered(each(_loss_gain), each(_fresh_gain), alpha)
    return Comparison(
        arm=arm,
        budget=budget,
        loss_gain=each(_loss_gain),
        ln_edm=each(_ln_edm),
        ln_edm_flops=each(_ln_edm_flops),
        exchange_raw=each(_exchange_raw),
        exchange_incremental=each(_exchange_incremental),
        gap_recovered=gap,
        gap_reason=gap_reason,
    )


@dataclass(frozen=True, slots=True)
class _Seed:
    """One seed's runs: the arm and the baseline at the budget, and all of the baseline and the fresh arm."""

    arm: Row
    real: Row
    baseline: Sequence[Row]
    fresh: Sequence[Row]

    def fresh_curve(self) -> LossCurve:
        return fresh_curve(self.fresh)


def _find(rows: Sequence[Row], seed: int, arm: str, budget: int, baseline: str, fresh: str) -> _Seed | Measured:
    """One seed's runs, or what is missing or not finite among those compared."""
    of = {(row.arm, row.budget): row for row in rows if row.seed == seed}
    for name in (arm, baseline):
        if (name, budget) not in of:
            return Measured.none(f"no run of {name} at {budget:,} tokens")
        if not math.isfinite(of[name, budget].loss):
            return Measured.none(f"loss of {name} at {budget:,} tokens is {of[name, budget].loss}")
    return _Seed(
        of[arm, budget],
        of[baseline, budget],
        [row for (name, _), row in of.items() if name == baseline],
        [row for (name, _), row in of.items() if name == fresh],
    )


def _attempt(measure: Callable[[_Seed], Measured], runs: _Seed | Measured) -> Measured:
    """One metric of one seed; a refusal becomes the reason."""
    if isinstance(runs, Measured):
        return runs
    try:
        return measure(runs)
    except Refusal as refusal:
        return Measured.none(str(refusal))


def _combine(formula: Callable[..., float], *parts: Measured) -> Measured:
    """A formula of numbers, or the first reason among its parts."""
    for part in parts:
        if part.reason:
            return part
    return Measured(formula(*(part.number for part in parts)))


def _log_ratio(top: float, bottom: float) -> float:
    return math.log(top / bottom)


def _loss_gain(of: _Seed) -> Measured:
    return Measured(of.real.loss - of.arm.loss)


def _fresh_gain(of: _Seed) -> Measured:
    """L_real - L_fresh, the gap there is to recover."""
    at_budget = [row for row in of.fresh if row.budget == of.real.budget]
    if not at_budget:
        return Measured.none(f"no fresh run at {of.real.budget:,} tokens")
    require_matched([at_budget[0], of.real])
    gain = of.real.loss - at_budget[0].loss
    return Measured(gain) if math.isfinite(gain) else Measured.none("fresh loss is not finite")


def _worth(of: _Seed, loss: float, whose: str) -> Measured:
    """D_eq of a loss on this seed's fresh curve; a reason says whose loss it was."""
    found = equivalent(of.fresh_curve(), loss)
    return Measured.none(f"{whose}: {found.reason}") if found.reason else found


def _ln_edm(of: _Seed) -> Measured:
    return _combine(_log_ratio, _worth(of, of.arm.loss, of.arm.arm), _worth(of, of.real.loss, of.real.arm))


def _ln_edm_flops(of: _Seed) -> Measured:
    """As `_ln_edm`, with the baseline's loss where it had spent what the arm did in all."""
    real = LossCurve.of([total_flops(row) for row in of.baseline], [row.loss for row in of.baseline], "FLOPs")
    loss = real.at(total_flops(of.arm))
    if loss.reason:
        return Measured.none(f"{of.real.arm} at the same FLOPs: {loss.reason}")
    return _combine(_log_ratio, _worth(of, of.arm.loss, of.arm.arm), _worth(of, loss.number, of.real.arm))


def _exchange_raw(of: _Seed) -> Measured:
    loss = LossCurve.of([row.D for row in of.baseline], [row.loss for row in of.baseline]).at(of.arm.D_real)
    if loss.reason:
        return Measured.none(f"{of.real.arm} at the same real tokens: {loss.reason}")
    return _exchange(of, loss.number)


def _exchange_incremental(of: _Seed) -> Measured:
    return _exchange(of, of.real.loss)


def _exchange(of: _Seed, real_loss: float) -> Measured:
    """Fresh tokens gained per synthetic token, over a baseline at `real_loss`."""
    if of.arm.D_syn == 0:
        return Measured.none("trained on no synthetic tokens")
    arm, real = _worth(of, of.arm.loss, of.arm.arm), _worth(of, real_loss, of.real.arm)
    return _combine(lambda arm_worth, real_worth: (arm_worth - real_worth) / of.arm.D_syn, arm, real)


def _gap_recovered(gain: PerSeed, gap: PerSeed, alpha: float) -> tuple[Interval | None, str]:
    """The share of the gap to fresh data that the arm closes, or why there is no such share."""
    if gain.reason or gap.reason:
        return None, gain.reason or gap.reason
    bounds = t_interval(gap.numbers(), alpha)
    if bounds.low <= 0:
        return None, (
            f"the gap between real and fresh loss, {bounds.mean:.4g} nats/token,"
            f" cannot be told from 0 (lower {1 - alpha:.0%} bound {bounds.low:.4g})"
        )
    return ratio_interval(gain.numbers(), gap.numbers(), alpha), ""
