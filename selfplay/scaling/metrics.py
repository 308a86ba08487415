"""What an arm is worth, per seed and over seeds, against the arm that repeats real data and the one that never has to.

All metrics use the losses of finished runs; checkpoints of one run are not replicates and are not used. Each
seed is measured against its own fresh curve: one curve pooled over seeds gives intervals that are too narrow.
A seed without a number takes the summary with it: leaving it out would choose seeds by their result.

Slopes past the limit (`slope`), where the limit lies (`wall`) and verdicts (`verdict`) read these numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from selfplay.scaling.curve import BEYOND, TOLERANCE, LossCurve, Measured, Refusal, equivalent
from selfplay.scaling.intervals import Interval, ratio_interval, t_interval
from selfplay.scaling.rows import Row, Runs, count, fresh_curve, shared_budgets, total_flops

__all__ = [
    "TOLERANCE",
    "AtFlops",
    "Comparison",
    "PerSeed",
    "Row",
    "Unmatched",
    "compare",
    "compare_flops",
    "compare_worth",
    "fresh_curve",
    "require_matched",
    "shared_budgets",
    "total_flops",
    "worth",
]


class Unmatched(Refusal):
    """Runs that trained on different amounts of tokens."""


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
    budget: float
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
    of: dict[str, list[float]] = {}
    for row in rows:
        of.setdefault(row.arm, []).append(row.D)
    listed = ", ".join(
        f"{arm} {count(min(D))}" + (f" to {count(max(D))}" if max(D) > min(D) else "") + " tokens"
        for arm, D in of.items()
    )
    raise Unmatched(f"training tokens differ by more than {tolerance:.0%}, so runs cannot be compared: {listed}")


def worth(runs: Runs, seed: int, loss: float, *, fresh: str) -> Measured:
    """D_eq of a loss on one seed's own fresh curve, in training tokens, or the reason why there is none."""
    try:
        return equivalent(runs.fresh(fresh, seed), loss)
    except Refusal as refusal:
        return Measured.none(str(refusal))


def compare_worth(
    rows: Runs | Iterable[Row], arm: str, budget: float, *, baseline: str, fresh: str, match: str = "tokens"
) -> PerSeed:
    """ln EDM of an arm at one budget, by seed: what verdicts are read from.

    Args:
        rows: All finished runs of a study.
        arm: The arm.
        budget: A budget at which it has runs.
        baseline: The arm that repeats real data.
        fresh: The arm with unlimited real data.
        match: `tokens` compares with the baseline's run at the same budget, `flops` with the baseline's curve where it
            had spent what the arm did in all.
    """
    runs = Runs.of(rows)
    if match == "flops":
        return _each(runs, arm, budget, baseline, fresh, match)(_ln_edm_flops)
    each = _each(runs, arm, budget, baseline, fresh)
    try:
        require_matched(runs.where((arm, baseline), (budget,)))
    except Unmatched as error:
        unmatched = Measured.none(str(error))
        return each(lambda _: unmatched)
    return each(_ln_edm)


def compare(
    rows: Runs | Iterable[Row], arm: str, budget: float, *, baseline: str, fresh: str, alpha: float = 0.05
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
    runs = Runs.of(rows)
    require_matched(runs.where((arm, baseline), (budget,)))
    each = _each(runs, arm, budget, baseline, fresh)
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
class AtFlops:
    """What an arm gains at one budget over a baseline that spent the same FLOPs; see `Comparison`.

    Attributes:
        exchange_incremental: Fresh tokens gained per synthetic token.
        gap_recovered: (L_real - L_arm) / (L_real - L_fresh), all at the arm's FLOPs.
        gap_reason: Why there is none.
    """

    exchange_incremental: PerSeed
    gap_recovered: Interval | None
    gap_reason: str


def compare_flops(
    rows: Runs | Iterable[Row], arm: str, budget: float, *, baseline: str, fresh: str, alpha: float = 0.05
) -> AtFlops:
    """Gap recovered and exchange rate at equal total FLOPs; arguments as of `compare`."""
    each = _each(Runs.of(rows), arm, budget, baseline, fresh, "flops")
    return AtFlops(each(_exchange_flops), *_gap_recovered(each(_loss_gain_flops), each(_fresh_gain_flops), alpha))


def _each(
    runs: Runs, arm: str, budget: float, baseline: str, fresh: str, match: str = "tokens"
) -> Callable[[_Measure], PerSeed]:
    """Measures something of every seed that has a run of either arm at the budget; by FLOPs, of the arm alone."""
    arms = (arm, baseline) if match == "tokens" else (arm,)
    seeds = sorted({row.seed for row in runs.where(arms, (budget,))})
    found = [_find(runs, seed, arms, budget, baseline, fresh) for seed in seeds]
    return lambda measure: PerSeed(tuple(seeds), tuple(_attempt(measure, of) for of in found))


@dataclass(frozen=True, slots=True)
class _Seed:
    """One seed's runs: the arm and the baseline at the budget, and where the other runs of the seed are.

    Where FLOPs are matched there need be no run of the baseline at the arm's budget: `real` is then the arm's.
    """

    arm: Row
    real: Row
    runs: Runs
    baseline: str
    fresh: str

    def baseline_curve(self, match: str) -> LossCurve:
        return self.runs.curve(self.baseline, self.arm.seed, match)


_Measure = Callable[[_Seed], Measured]


def _find(runs: Runs, seed: int, arms: Sequence[str], budget: float, baseline: str, fresh: str) -> _Seed | Measured:
    """One seed's runs, or what is missing or not finite among those compared."""
    found = []
    for name in arms:
        row = runs.at(name, budget, seed)
        if row is None:
            return Measured.none(f"no run of {name} at {count(budget)} tokens")
        if not math.isfinite(row.loss):
            return Measured.none(f"loss of {name} at {count(budget)} tokens is {row.loss}")
        found.append(row)
    return _Seed(found[0], found[-1], runs, baseline, fresh)


def _attempt(measure: _Measure, runs: _Seed | Measured) -> Measured:
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
    at_budget = of.runs.at(of.fresh, of.real.budget, of.real.seed)
    if at_budget is None:
        return Measured.none(f"no fresh run at {count(of.real.budget)} tokens")
    require_matched([at_budget, of.real])
    gain = of.real.loss - at_budget.loss
    return Measured(gain) if math.isfinite(gain) else Measured.none("fresh loss is not finite")


def _worth(of: _Seed, loss: float, whose: str) -> Measured:
    """D_eq of a loss on this seed's fresh curve; a reason says whose loss it was."""
    found = worth(of.runs, of.arm.seed, loss, fresh=of.fresh)
    return Measured.none(f"{whose}: {found.reason}") if found.reason.startswith(BEYOND) else found


def _ln_edm(of: _Seed) -> Measured:
    return _combine(_log_ratio, _worth(of, of.arm.loss, of.arm.arm), _worth(of, of.real.loss, of.real.arm))


def _real_at_flops(of: _Seed) -> Measured:
    """The baseline's loss where it had spent what the arm did in all."""
    if math.isnan(total_flops(of.arm)):
        return Measured.none("no FLOPs given")
    loss = of.baseline_curve("flops").at(total_flops(of.arm))
    return Measured.none(f"{of.baseline} at the same FLOPs: {loss.reason}") if loss.reason else loss


def _ln_edm_flops(of: _Seed) -> Measured:
    """As `_ln_edm`, with the baseline's loss at equal FLOPs."""
    loss = _real_at_flops(of)
    if loss.reason:
        return loss
    return _combine(_log_ratio, _worth(of, of.arm.loss, of.arm.arm), _worth(of, loss.number, of.baseline))


def _loss_gain_flops(of: _Seed) -> Measured:
    return _combine(lambda real: real - of.arm.loss, _real_at_flops(of))


def _fresh_gain_flops(of: _Seed) -> Measured:
    fresh = of.runs.curve(of.fresh, of.arm.seed, "flops").at(total_flops(of.arm))
    if fresh.reason:
        return Measured.none(f"{of.fresh} at the same FLOPs: {fresh.reason}")
    return _combine(lambda real: real - fresh.number, _real_at_flops(of))


def _exchange_flops(of: _Seed) -> Measured:
    loss = _real_at_flops(of)
    return loss if loss.reason else _exchange(of, loss.number)


def _exchange_raw(of: _Seed) -> Measured:
    if math.isnan(of.arm.D_real):
        return Measured.none("synthetic tokens are not given")
    loss = of.baseline_curve("tokens").at(of.arm.D_real)
    if loss.reason:
        return Measured.none(f"{of.real.arm} at the same real tokens: {loss.reason}")
    return _exchange(of, loss.number)


def _exchange_incremental(of: _Seed) -> Measured:
    return _exchange(of, of.real.loss)


def _exchange(of: _Seed, real_loss: float) -> Measured:
    """Fresh tokens gained per synthetic token, over a baseline at `real_loss`."""
    if math.isnan(of.arm.D_syn):
        return Measured.none("synthetic tokens are not given")
    if of.arm.D_syn == 0:
        return Measured.none("trained on no synthetic tokens")
    arm, real = _worth(of, of.arm.loss, of.arm.arm), _worth(of, real_loss, of.baseline)
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
