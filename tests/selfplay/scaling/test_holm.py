import math

import numpy as np
import pytest
from scipy import stats

from selfplay.scaling.holm import holm, p_above_zero


def test_the_p_value_is_scipys() -> None:
    values = [0.31, 0.12, -0.04, 0.27, 0.19]
    assert p_above_zero(values) == pytest.approx(stats.ttest_1samp(values, 0.0, alternative="greater").pvalue)


@pytest.mark.parametrize(("values", "p"), [([0.3], 1.0), ([0.2, 0.2], 0.0), ([0.0, 0.0], 1.0), ([-0.1, -0.1], 1.0)])
def test_without_spread_there_is_still_an_answer(values: list[float], p: float) -> None:
    assert p_above_zero(values) == p


def test_holms_own_example() -> None:
    # 4 * 0.005, 3 * 0.01, then at least what came before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_arm_is_not_corrected_and_none_exceeds_1() -> None:
    assert holm([0.04]) == [0.04]
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_an_arm_without_a_p_value_still_counts() -> None:
    found = holm([0.02, math.nan])
    assert found[0] == pytest.approx(0.04)
    assert math.isnan(found[1])


def test_any_false_claim_is_as_rare_as_promised() -> None:
    rng = np.random.default_rng(4)
    common = rng.normal(size=(2_000, 1, 5))  # arms share their baseline, so their differences are correlated
    draws = rng.normal(size=(2_000, 3, 5)) + common
    false = [min(holm([p_above_zero(arm) for arm in study.tolist()])) < 0.05 for study in draws]
    assert np.mean(false) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 2_000)
