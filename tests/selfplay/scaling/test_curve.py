import math

import pytest

from selfplay.scaling.curve import LossCurve, NotFalling, Refusal, TooFewBudgets, equivalent, require_fresh
from tests.selfplay.scaling.rows import FRESH_BUDGETS, fresh_loss


def planted() -> LossCurve:
    return require_fresh(LossCurve.of(FRESH_BUDGETS, [fresh_loss(b) for b in FRESH_BUDGETS]))


@pytest.mark.parametrize("tokens", [250_000, 300_000, 1_000_000, 3_333_333, 8_000_000])
def test_a_planted_curve_is_inverted_exactly(tokens: float) -> None:
    curve = planted()
    loss = min(max(fresh_loss(tokens), float(curve.loss[-1])), float(curve.loss[0]))
    assert equivalent(curve, loss).number == pytest.approx(tokens, rel=1e-9)


def test_inverse_undoes_a_bent_curve() -> None:
    curve = LossCurve.of([1e5, 4e5, 1e6, 9e6], [2.0, 1.1, 1.0, 0.2])
    for loss in (1.99, 1.4, 1.1, 1.03, 0.6, 0.21):
        assert curve.at(equivalent(curve, loss).number).number == pytest.approx(loss, abs=1e-10)


@pytest.mark.parametrize(("offset", "end"), [(-1e-6, "better than the largest"), (1.0, "worse than the smallest")])
def test_beyond_the_range_there_is_a_reason_and_no_number(offset: float, end: str) -> None:
    curve = planted()
    found = equivalent(curve, (float(curve.loss[-1]) if offset < 0 else float(curve.loss[0])) + offset)
    assert math.isnan(found.number)
    assert "beyond range" in found.reason
    assert end in found.reason


def test_points_may_come_in_any_order() -> None:
    assert LossCurve.of([4, 1, 2], [1.0, 3.0, 2.0]).loss.tolist() == [3.0, 2.0, 1.0]


@pytest.mark.parametrize("losses", [[2.0, 1.5, 1.6, 1.0], [2.0, 1.5, 1.5, 1.0]])
def test_a_curve_that_does_not_fall_is_refused(losses: list[float]) -> None:
    with pytest.raises(NotFalling, match="200,000 to 300,000"):
        require_fresh(LossCurve.of([100_000, 200_000, 300_000, 400_000], losses))


def test_two_budgets_are_not_a_curve() -> None:
    with pytest.raises(TooFewBudgets, match="3 or more budgets, has 2"):
        require_fresh(LossCurve.of([1, 2], [2.0, 1.0]))


@pytest.mark.parametrize(("spent", "loss"), [([1, 2], [1.0, math.nan]), ([1, 1], [1.0, 2.0]), ([0, 1], [2.0, 1.0])])
def test_damaged_points_are_refused(spent: list[float], loss: list[float]) -> None:
    with pytest.raises(Refusal):
        LossCurve.of(spent, loss)


def test_losses_outside_the_runs_are_not_extrapolated() -> None:
    curve = LossCurve.of([1e5, 1e6], [2.0, 1.0], "FLOPs")
    assert "fewer FLOPs" in curve.at(9e4).reason
    assert "more FLOPs" in curve.at(1.1e6).reason
