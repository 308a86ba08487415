import math
from random import Random

import pytest
from scipy.stats import binom, binomtest

from selfplay.measure.rates import (
    Confusion,
    auroc,
    best_threshold,
    filtering,
    n_needed,
    percentile,
    phi,
    rate,
    youden,
)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 3000), (3, 7), (50, 100), (999, 1000), (1, 1)])
def test_intervals_are_clopper_and_pearsons(k: int, n: int):
    exact = binomtest(k, n).proportion_ci(0.95, "exact")
    found = rate(k, n)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_intervals_cover_the_truth():
    """Exact coverage over every outcome of 30 throws, at rates where usual intervals fail."""
    n = 30
    for p in (0.001, 0.01, 0.1, 0.5, 0.97):
        outcomes = [(rate(k, n), binom.pmf(k, n, p)) for k in range(n + 1)]
        assert sum(chance for r, chance in outcomes if r.low <= p <= r.high) >= 0.95
        assert sum(chance for r, chance in outcomes if p <= r.upper) >= 0.95
        assert sum(chance for r, chance in outcomes if p >= r.lower) >= 0.95


def test_no_event_in_n_bounds_a_rate_by_3_over_n():
    assert n_needed(0.001) == 2_995
    assert rate(0, 2_995).upper <= 0.001 < rate(0, 2_994).upper
    assert rate(0, 1_000).upper == pytest.approx(3 / 1_000, rel=0.01)
    with pytest.raises(ValueError, match="no number of cases"):
        n_needed(0)


def test_a_rate_of_nothing_says_nothing():
    nothing = rate(0, 0)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.upper, nothing.lower) == (0, 1, 1, 0)


def test_confusion():
    c = Confusion(true_accepts=8, false_rejects=2, false_accepts=1, true_rejects=9)
    assert (c.tpr.value, c.fpr.value, c.precision.value) == (0.8, 0.1, 8 / 9)
    assert c.f1 == pytest.approx(2 / (1 / 0.8 + 9 / 8))
    j, low, high = youden(c.tpr, c.fpr)
    assert j == pytest.approx(0.7)
    assert -1 <= low < j < high <= 1


def test_purity_is_bayes_rule():
    f = filtering(0.1, rate(90, 100), rate(10, 100))
    assert f.purity == pytest.approx(0.1 * 0.9 / (0.1 * 0.9 + 0.9 * 0.1))
    assert f.lift == pytest.approx(5)
    assert f.yield_rate == pytest.approx(0.18)
    assert f.wrong_per_10_000 == pytest.approx(900)
    assert f.purity_low < f.purity
    assert math.isnan(filtering(0.0, rate(0, 1), rate(0, 1)).purity)


def test_auroc_is_the_share_of_ordered_pairs():
    rng = Random(0)
    scores = [rng.choice((0.1, 0.3, 0.5, 0.9)) for _ in range(60)]
    labels = [rng.random() < 0.2 + 0.6 * score for score in scores]
    right = [s for s, label in zip(scores, labels, strict=True) if label]
    wrong = [s for s, label in zip(scores, labels, strict=True) if not label]
    pairs = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    assert auroc(scores, labels) == pytest.approx(pairs / len(right) / len(wrong))
    assert math.isnan(auroc([0.5], [True]))


def test_best_threshold_separates():
    assert best_threshold([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == pytest.approx(0.5)
    assert best_threshold([0.5, 0.5], [True, False]) == 1.0  # a tie is worth nothing at any threshold
    assert best_threshold([0.5], [True]) == 0.5


def test_phi():
    assert phi([True, False, True, False], [True, False, True, False]) == pytest.approx(1)
    assert math.isnan(phi([True, True], [True, False]))
    assert math.isnan(percentile([], 50))
