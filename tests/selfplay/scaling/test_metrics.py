import math
from dataclasses import replace

import pytest

from selfplay.scaling.metrics import Unmatched, compare, require_matched, shared_budgets
from tests.selfplay.scaling.rows import BUDGETS, fresh_loss, run, table

PLANTED = {"real": lambda D: D / 3, "verified": lambda D: 2 * D / 3}


def measured(rows, budget=4_000_000, arm="verified"):
    return compare(rows, arm, budget, baseline="real", fresh="fresh")


def test_planted_multiplier_is_recovered_in_every_seed() -> None:
    for budget in BUDGETS:
        found = measured(table(PLANTED), budget)
        assert found.ln_edm.seeds == (0, 1, 2, 3)
        assert found.ln_edm.numbers() == pytest.approx([math.log(2)] * 4)
        assert found.loss_gain.numbers() == pytest.approx([0.15 * math.log(2)] * 4)


def test_planted_gap_is_recovered() -> None:
    found = measured(table(PLANTED)).gap_recovered
    share = math.log(2) / math.log(3)
    assert found is not None
    assert (found.low, found.mean, found.high) == pytest.approx((share, share, share), abs=1e-6)


def test_gap_is_not_clipped() -> None:
    found = measured(table({"real": lambda D: D / 3, "verified": lambda D: 1.5 * D})).gap_recovered
    harmed = measured(table({"real": lambda D: D / 3, "verified": lambda D: D / 6})).gap_recovered
    assert found is not None
    assert harmed is not None
    assert found.mean > 1
    assert harmed.mean < 0


def test_gap_needs_a_denominator_above_zero() -> None:
    found = measured(
        table({"real": lambda D: D, "verified": lambda D: D}, shift=lambda s, a, b: 0.02 * (-1) ** s * (a == "real"))
    )
    assert found.gap_recovered is None
    assert "cannot be told from 0" in found.gap_reason


def test_planted_exchange_rates_are_recovered() -> None:
    # at 4M, half synthetic: worth 8/3M, against 4/3M at the same tokens and 2/3M at the same 2M real tokens
    found = measured(table(PLANTED))
    assert found.exchange_incremental.numbers() == pytest.approx([2 / 3] * 4)
    assert found.exchange_raw.numbers() == pytest.approx([1.0] * 4)


def test_only_the_incremental_rate_is_zero_when_synthetic_tokens_do_nothing() -> None:
    found = measured(table({"real": lambda D: D / 3, "verified": lambda D: D / 3}))
    assert found.exchange_incremental.numbers() == pytest.approx([0.0] * 4, abs=1e-9)
    assert min(found.exchange_raw.numbers()) > 0.3


def test_equal_flops_compare_with_a_longer_baseline() -> None:
    # 9 FLOPs a token for 6: at 2M tokens verified spent what real spends on 3M, which is worth 1M
    found = measured(table(PLANTED), budget=2_000_000)
    assert found.ln_edm_flops.numbers() == pytest.approx([math.log(4 / 3)] * 4)
    assert "more FLOPs" in measured(table(PLANTED)).ln_edm_flops.reason


def test_a_win_on_tokens_can_lose_on_flops() -> None:
    found = measured(table({"real": lambda D: D / 3, "verified": lambda D: 1.2 * D / 3}), budget=2_000_000)
    assert min(found.ln_edm.numbers()) > 0 > max(found.ln_edm_flops.numbers())


def test_each_seed_is_read_on_its_own_fresh_curve() -> None:
    # a seed's shift moves its arms and its curve alike, and must cancel
    found = measured(table(PLANTED, seeds=(0, 10, 20)))
    assert found.ln_edm.numbers() == pytest.approx([math.log(2)] * 3)


def test_one_seed_beyond_range_leaves_no_mean() -> None:
    rows = table(PLANTED, shift=lambda s, a, b: -1.0 * (s == 2 and a == "verified"))
    found = measured(rows)
    assert found.ln_edm.interval() is None
    assert found.ln_edm.reason == "verified: beyond range, better than the largest fresh run (seed 2)"
    assert math.isnan(found.ln_edm.values[2].number)
    assert found.ln_edm.values[1].number == pytest.approx(math.log(2))


def test_a_fresh_arm_of_one_budget_is_named_not_fatal() -> None:
    found = measured(table(PLANTED, fresh_budgets=(4_000_000,)))
    assert found.ln_edm.reason == "needs fresh runs at 3 or more budgets, has 1"
    assert found.gap_recovered is not None


def test_without_a_fresh_arm_the_loss_difference_remains() -> None:
    found = measured([row for row in table(PLANTED) if row.arm != "fresh"])
    assert "has 0" in found.ln_edm.reason
    assert found.loss_gain.interval() is not None


def test_a_seed_whose_run_is_missing_is_a_reason() -> None:
    rows = [row for row in table(PLANTED) if (row.arm, row.seed, row.budget) != ("real", 1, 4_000_000)]
    assert measured(rows).loss_gain.reason == "no run of real at 4,000,000 tokens (seed 1)"


def test_a_nan_is_a_reason() -> None:
    rows = [replace(row, loss=math.nan) if (row.arm, row.seed) == ("real", 1) else row for row in table(PLANTED)]
    assert "is nan (seed 1)" in measured(rows).loss_gain.reason


def test_an_arm_without_synthetic_tokens_has_no_exchange_rate() -> None:
    rows = [replace(row, D_real=row.D, D_syn=0) for row in table(PLANTED)]
    assert "no synthetic tokens" in measured(rows).exchange_raw.reason


def test_unmatched_runs_are_refused_by_name() -> None:
    rows = [run("real", 0, 1_000_000, 1.0), run("verified", 0, 1_000_000, 0.9, D=1_020_000)]
    with pytest.raises(ValueError, match=r"more than 1%.*real 1,000,000 tokens, verified 1,020,000 tokens"):
        require_matched(rows)
    require_matched([rows[0], replace(rows[1], D=1_010_000)])
    require_matched(rows, tolerance=0.05)
    require_matched([])
    with pytest.raises(Unmatched):
        compare(rows, "verified", 1_000_000, baseline="real", fresh="fresh")


def test_unmatched_seeds_of_one_arm_are_refused_too() -> None:
    with pytest.raises(Unmatched, match="real 1,000,000 to 1,100,000 tokens"):
        require_matched([run("real", 0, 1_000_000, 1.0), run("real", 1, 1_000_000, 1.0, D=1_100_000)])


def test_shared_budgets() -> None:
    rows = [run("a", 0, 2, 1.0), run("a", 0, 1, 1.0), run("b", 0, 2, 1.0), run("c", 0, 3, 1.0)]
    assert shared_budgets(rows, "a", "b") == [2]
    assert shared_budgets(rows, "a", "missing") == []


def test_planted_losses_are_what_they_say() -> None:
    assert fresh_loss(2e6) - fresh_loss(4e6) == pytest.approx(0.15 * math.log(2))
