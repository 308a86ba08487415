"""The wall and the slopes past it, on losses whose wall and slopes are planted."""

import math
from dataclasses import replace

import numpy as np
import pytest

from selfplay.scaling.claim import Claim
from selfplay.scaling.intervals import Interval, t_interval
from selfplay.scaling.metrics import PerSeed
from selfplay.scaling.rows import Runs
from selfplay.scaling.simulate import Design, U, multiplied, repeated, scaling_on, simulate
from selfplay.scaling.slope import Slopes, budgets_past, decide, read_slopes
from selfplay.scaling.wall import Wall, find_wall

CLAIM = Claim("verified")
BUDGETS = tuple(x * U for x in (1, 2, 4, 8, 16, 32, 64))


def runs(noise: float = 1e-9, decay: float = 15.0, arm=repeated, seeds: int = 5) -> Runs:
    design = Design(seeds=seeds, noise=noise, decay=decay, arms={"verified": arm})
    return Runs(simulate(design, np.random.default_rng(0))[0])


def wall_of(of: Runs) -> Wall:
    return find_wall(of, baseline="real", fresh="fresh")


@pytest.mark.parametrize("decay", [3.0, 7.0, 15.0, 30.0])
def test_the_planted_wall_is_found(decay: float) -> None:
    wall = wall_of(runs(decay=decay))
    assert pytest.approx(wall.D / U, rel=0.08) == 1 + decay


def test_the_wall_has_an_interval_that_grows_with_noise() -> None:
    quiet, loud = wall_of(runs(noise=0.001)), wall_of(runs(noise=0.005))
    for wall in (quiet, loud):
        assert wall.low < wall.D < wall.high
    assert loud.high / loud.low > quiet.high / quiet.low


def test_the_interval_of_the_wall_covers() -> None:
    rng, held = np.random.default_rng(1), []
    truth = wall_of(runs()).D
    for _ in range(150):
        rows, _ = simulate(Design(noise=0.003), rng)
        wall = find_wall(Runs(rows), baseline="real", fresh="fresh")
        held.append(wall.low <= truth <= wall.high)
    assert np.mean(held) >= 0.90


def test_without_a_wall_the_reason_says_what_a_token_is_still_worth() -> None:
    wall = wall_of(runs(decay=500.0))
    assert math.isnan(wall.D)
    assert wall.reason.startswith("not reached: a repeated token is still worth 0.9")


def test_a_wall_before_the_first_budget_is_at_it() -> None:
    rows = [row for row in runs(decay=0.5).rows if row.arm == "fresh" or row.budget >= 8 * U]
    assert wall_of(Runs(rows)).D == 8 * U


@pytest.mark.parametrize(
    ("budgets", "chosen"),
    [
        (BUDGETS, BUDGETS[-3:]),
        ((1, 2, 3, 4), (1, 2, 3, 4)),
        ((1, 2, 3), ()),
        ((1, 8), ()),
        ((), ()),
    ],
)
def test_slopes_need_three_budgets_that_span_four_times(budgets, chosen) -> None:
    assert budgets_past(budgets) == chosen


def test_planted_slopes_are_recovered() -> None:
    base = runs()
    lines = {"real": 0.02, "verified": 0.05, "fresh": 0.08}
    rows = [replace(row, loss=2.0 + row.seed - lines[row.arm] * math.log(row.D)) for row in base.rows]
    found = read_slopes(Runs(rows), CLAIM, "verified", BUDGETS, wall_of(base))
    for name, of in (("real", found.real), ("verified", found.arm), ("fresh", found.fresh)):
        assert of.numbers() == pytest.approx([lines[name]] * 5)
    assert found.ratio is not None
    assert found.ratio.mean == pytest.approx(0.5)
    assert decide(found)[0] == "YES"


def test_contrasts_are_paired_by_seed() -> None:
    of = runs(noise=0.004, arm=scaling_on())
    found = read_slopes(of, CLAIM, "verified", BUDGETS, wall_of(of))
    real, arm, fresh = (np.array(s.numbers()) for s in (found.real, found.arm, found.fresh))
    assert found.gain == t_interval((arm - real).tolist(), 0.05)
    assert found.contrast == t_interval((arm - real - 0.25 * (fresh - real)).tolist(), 0.05)


@pytest.mark.parametrize(
    ("gain", "contrast", "answer"),
    [
        ((0.03, 0.01), (0.01, -0.01), "YES"),
        ((0.03, -0.01), (0.01, -0.01), "UNDECIDED"),  # steeper on average, but not surely
        ((0.03, 0.01), (-0.01, -0.03), "UNDECIDED"),  # surely steeper, but short of the share, and not surely short
        ((0.03, 0.01), (-0.02, -0.03), "NO"),  # surely steeper, surely short of the share
        ((-0.03, -0.05), (-0.04, -0.06), "NO"),
    ],
)
def test_the_rule_case_by_case(gain: tuple[float, float], contrast: tuple[float, float], answer: str) -> None:
    """Means with their lower bounds; upper bounds lie as far above."""
    none = PerSeed((), ())
    of = [Interval(mean, low, 2 * mean - low, 5, 0.05) for mean, low in (gain, contrast)]
    assert decide(Slopes((1, 2, 4), none, none, none, of[0], of[1], None, ""))[0] == answer


@pytest.mark.parametrize(("arm", "answer"), [(repeated, "NO"), (multiplied(2.0), "NO"), (scaling_on(), "YES")])
def test_the_rule(arm, answer: str) -> None:
    of = runs(noise=0.001, arm=arm)
    assert decide(read_slopes(of, CLAIM, "verified", BUDGETS, wall_of(of)))[0] == answer


def test_noise_leaves_it_undecided() -> None:
    of = runs(noise=0.03, arm=multiplied(1.1), seeds=3)
    wall = Wall(16 * U, math.nan, math.nan, "", wall_of(runs()).by_seed)
    assert decide(read_slopes(of, CLAIM, "verified", BUDGETS, wall))[0] == "UNDECIDED"


@pytest.mark.parametrize("gone", ["real", "verified", "fresh"])
def test_a_missing_run_leaves_no_slope(gone: str) -> None:
    of = runs(arm=scaling_on())
    rows = [row for row in of.rows if (row.arm, row.seed, row.budget) != (gone, 1, 32 * U)]
    found = read_slopes(Runs(rows), CLAIM, "verified", BUDGETS, wall_of(of))
    assert decide(found) == ("UNDECIDED", f"{gone}: no run at every budget of the slope (seed 1)")


def test_slopes_before_the_wall_are_not_read() -> None:
    of = runs(arm=scaling_on(), decay=40.0)
    assert "past the first budget" in read_slopes(of, CLAIM, "verified", BUDGETS, wall_of(of)).reason
