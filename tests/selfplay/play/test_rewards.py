"""Rewards of proposals, and corrections for a judge that errs, against what they are by hand."""

import math
from collections import Counter

import pytest

from selfplay.play import rewards


def test_learnability_pays_nothing_for_what_is_always_or_never_solved():
    assert [rewards.learnability(p) for p in (0.0, 0.25, 0.75, 1.0)] == [0.0, 0.75, 0.25, 0.0]
    assert [rewards.variance(p) for p in (0.0, 0.25, 0.5, 1.0)] == [0.0, 0.75, 1.0, 0.0]


def test_near_a_target():
    assert rewards.near(0.25, 0.25) == 1.0
    assert rewards.near(1.0, 0.25) == 0.0
    assert rewards.near(0.0, 0.25) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"target = 1\.5"):
        rewards.near(0.5, 1.5)


def test_uncertainty_is_entropy_as_a_share():
    assert rewards.uncertainty(["7"] * 4) == rewards.uncertainty(["7"]) == rewards.uncertainty([]) == 0.0
    assert rewards.uncertainty(["1", "2", "3", "4"]) == pytest.approx(1.0)
    assert rewards.uncertainty(["1", "1", "2", "2"]) == pytest.approx(0.5)


def test_a_repeated_solution_earns_less_each_time():
    known: Counter = Counter({"a": 1})
    assert rewards.novelty(["a", "b", "b", "a"], known) == [1 / 2, 1.0, 1 / 2, 1 / 3]
    assert known == Counter({"a": 1}), "the caller's counts are not changed"


def test_anchoring_moves_proposals_towards_what_is_wanted():
    weights = rewards.anchor_weights(["easy"] * 9 + ["hard"], ["hard"] * 10)
    assert sum(weights) / 10 == pytest.approx(1.0)
    # easy: (0 + 1)/12 wanted over (9 + 1)/12 proposed is 0.1; hard: 11/12 over 2/12 is 5.5
    assert weights[9] / weights[0] == pytest.approx(55.0)
    assert rewards.anchor_weights(["easy", "hard"], []) == [1.0, 1.0]
    assert max(rewards.anchor_weights(["x"] * 5, ["y"] * 500)) == pytest.approx(1.0)


def test_validity_is_a_gate_of_its_own():
    assert rewards.proposer_rewards([0.9, 0.9], [True, False], penalty=0.5) == [0.9, -0.5]


@pytest.mark.parametrize(("tpr", "fpr"), [(0.9, 0.2), (0.6, 0.5), (1.0, 0.0)])
@pytest.mark.parametrize("right", [True, False])
def test_corrected_rewards_are_right_on_average(tpr: float, fpr: float, right: bool):
    accepts = tpr if right else fpr
    backward = [rewards.backward_correction(reward, tpr, fpr) for reward in (1.0, 0.0)]
    assert accepts * backward[0] + (1 - accepts) * backward[1] == pytest.approx(float(right))
    forward = [rewards.forward_correction(accepted, tpr) for accepted in (True, False)]
    mean = accepts * forward[0] + (1 - accepts) * forward[1]
    assert mean == pytest.approx((tpr - fpr) * (right - 1.0))


def test_a_judge_that_says_nothing_cannot_be_corrected():
    with pytest.raises(ValueError, match=r"true_accept_rate = 0\.3 is not above false_accept_rate = 0\.3"):
        rewards.backward_correction(1.0, 0.3, 0.3)
    assert math.isfinite(rewards.backward_correction(1.0, 0.31, 0.3))
