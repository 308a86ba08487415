import math

import numpy as np
import pytest
from scipy import stats

from selfplay.scaling.intervals import ratio_interval, seeds_needed, t_interval


@pytest.mark.parametrize("alpha", [0.05, 0.025])
def test_t_interval_is_scipys(alpha: float) -> None:
    values = [0.31, 0.12, 0.44, 0.27, 0.19]
    found = t_interval(values, alpha)
    low, high = stats.t.interval(1 - 2 * alpha, 4, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.mean == pytest.approx(np.mean(values))


def test_one_seed_says_nothing_of_the_spread() -> None:
    found = t_interval([0.4])
    assert (found.mean, found.low, found.high) == (0.4, -math.inf, math.inf)


@pytest.mark.parametrize("values", [[], [0.1, math.nan], [math.inf, 1.0]])
def test_values_must_be_finite(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        t_interval(values)


def test_bounds_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    draws = [t_interval(row) for row in rng.normal(0.3, 1.0, (4_000, 4)).tolist()]
    below = np.mean([d.low > 0.3 for d in draws])
    above = np.mean([d.high < 0.3 for d in draws])
    assert below == pytest.approx(0.05, abs=0.012)
    assert above == pytest.approx(0.05, abs=0.012)


def test_ratio_bounds_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    bottom = rng.normal(1.0, 0.15, (4_000, 5))
    top = 0.6 * bottom + rng.normal(0.0, 0.1, (4_000, 5))
    found = [ratio_interval(a, b) for a, b in zip(top.tolist(), bottom.tolist(), strict=True)]
    assert all(d is not None for d in found)
    missed = np.mean([not d.low <= 0.6 <= d.high for d in found if d is not None])
    assert missed == pytest.approx(0.10, abs=0.016)


def test_ratio_bounds_are_where_the_t_test_turns() -> None:
    top, bottom = [0.5, 0.7, 0.4, 0.65], [1.0, 1.2, 0.9, 1.05]
    found = ratio_interval(top, bottom)
    assert found is not None
    for edge, one_sided in ((found.low, "low"), (found.high, "high")):
        contrast = t_interval([a - edge * b for a, b in zip(top, bottom, strict=True)])
        assert getattr(contrast, one_sided) == pytest.approx(0.0, abs=1e-9)


def test_ratio_over_a_denominator_that_may_be_zero_is_refused() -> None:
    assert ratio_interval([0.5, 0.6, 0.4], [0.1, -0.1, 0.05]) is None
    assert ratio_interval([0.5], [1.0]) is None


def test_seeds_needed_is_the_first_number_that_settles_it() -> None:
    values = [0.3, -0.1, 0.25, 0.15]
    n = seeds_needed(values, margin=0.1)
    mean, deviation = np.mean(values), np.std(values, ddof=1)
    assert n is not None
    for size, settled in ((n - 1, False), (n, True)):
        half = stats.t.ppf(0.95, size - 1) * deviation / math.sqrt(size)
        assert bool(mean - half > 0) is settled


def test_seeds_needed_gives_up_when_the_mean_is_on_the_margin() -> None:
    assert seeds_needed([0.0, 0.2 - 2e-6], margin=0.1) is None
