"""Tables of others: an answer with a warning, or one clear line."""

import math

import pytest

from selfplay.scaling.simulate import multiplied, repeated, scaling_on
from tests.selfplay.verdicts.tables import failed, same, study


def test_columns_that_are_called_otherwise_are_mapped(read, refused) -> None:
    names = {"arm": "method", "D": "train_tokens", "loss": "val loss"}
    table = [
        {names.get(k, k): v for k, v in row.items() if k not in ("D_real", "D_syn")}
        for row in study(verified=multiplied(2.0))
    ]
    assert "no column 'arm'; it has method" in refused(table)
    assert "--columns D=" in refused(table, "--columns", "arm=method,loss=val loss")
    verdict, _, _ = read(table, "--columns", "arm=method,D=train_tokens,loss=val loss")
    assert verdict["level"] == "YES"


def test_an_arm_that_is_not_there_is_named_with_those_that_are(refused) -> None:
    table = study(verifed=repeated)
    assert "no run of such an arm; arms are fresh, real, verifed; did you mean 'verifed'?" in refused(table)
    assert "--fresh unlimited" in refused(study(verified=repeated), "--fresh", "unlimited")
    assert "must be different arms" in refused(study(verified=repeated), "--baseline", "verified")


def test_repeated_seeds_are_averaged_with_a_warning(read) -> None:
    table = study(verified=multiplied(2.0))
    once, _, _ = read(table)
    twice, _, warnings = read([*table, *table])
    assert "105 runs stand in the table more than once" in warnings
    assert twice["seeds"] == 5  # a seed stays one replicate, however often it stands there
    assert same(twice["ln_edm"], once["ln_edm"])


@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "NA"])
def test_an_empty_or_infinite_loss_is_a_run_that_diverged(read, value: str) -> None:
    table = study(verified=multiplied(2.0))
    table[3] = {**table[3], "loss": value}
    verdict, _, warnings = read(table)
    assert verdict["level"] == "UNDECIDED"
    assert failed(verdict)[0] == "losses are finite"
    assert "1 of 105 runs have no finite loss, first row 3" in warnings


def test_a_missing_run_is_missing_and_no_seed_is_dropped(read) -> None:
    table = [
        row for row in study(verified=multiplied(2.0)) if (row["arm"], row["seed"], row["D"]) != ("real", 2, 3.2e6)
    ]
    verdict, _, _ = read(table)
    assert verdict["level"] == "UNDECIDED"
    assert failed(verdict)[0] == "all runs finished"
    assert "real at 3,200,000 tokens, seed 2" in verdict["gates"][0]["detail"]


@pytest.mark.parametrize("column", ["arm", "seed", "D"])
def test_an_empty_cell_that_names_the_run_is_refused(refused, column: str) -> None:
    table = study(verified=repeated)
    table[4] = {**table[4], column: ""}
    assert "row 4 (line 6)" in (line := refused(table))
    assert column in line


@pytest.mark.parametrize("column", ["loss", "D", "U", "flops_train", "D_syn"])
def test_text_in_a_number_column_is_refused_by_row_and_column(refused, column: str) -> None:
    table = study(verified=repeated)
    table[9] = {**table[9], column: "1,2 approx"}
    line = refused(table)
    assert "row 9 (line 11)" in line
    assert f"{column} = '1,2 approx' is not a number" in line


def test_tied_budgets_are_one_budget(read) -> None:
    table = study(verified=multiplied(2.0))
    near = [{**row, "D": float(str(row["D"])) * (1.003 if row["arm"] == "verified" else 1.0)} for row in table]
    verdict, _, _ = read(near)
    assert verdict["level"] == "YES"
    assert len(verdict["edm_by_budget"]) == 7


def test_tokens_that_differ_by_more_than_a_percent_are_not_compared(read) -> None:
    table = study(verified=multiplied(2.0))
    far = [{**row, "D": float(str(row["D"])) * (1.03 if row["arm"] == "verified" else 1.0)} for row in table]
    verdict, _, _ = read(far)
    assert verdict["level"] == "UNDECIDED"
    assert "training tokens within 1%" in failed(verdict)
    assert verdict["ln_edm"]["mean"] is None


def test_one_seed_has_numbers_and_no_verdict(read) -> None:
    verdict, _, _ = read(study(seeds=1, verified=multiplied(2.0)))
    assert verdict["level"] == "UNDECIDED"
    assert failed(verdict) == ["at least 3 seeds"]
    assert verdict["ln_edm"]["mean"] == pytest.approx(math.log(2.0), abs=0.2)
    assert verdict["ln_edm"]["low"] is None


def test_two_budgets_are_no_curve(read) -> None:
    verdict, _, _ = read([row for row in study(verified=multiplied(2.0)) if row["D"] in (3.2e6, 6.4e6)])
    assert verdict["level"] == "UNDECIDED"
    assert failed(verdict) == ["fresh loss falls with data"]
    assert "needs fresh runs at 3 or more budgets, has 2" in verdict["decision"]["reason"]


def test_two_budgets_of_the_arm_have_a_level_and_no_slope(read) -> None:
    table = [row for row in study(verified=scaling_on()) if row["arm"] == "fresh" or row["D"] in (3.2e6, 6.4e6)]
    verdict, _, _ = read(table)
    assert (verdict["level"], verdict["slope"], verdict["headline"]) == ("YES", "UNDECIDED", "helps, slope undecided")
    assert "slopes need 3 or more budgets" in verdict["reasons"]["slope"]


@pytest.mark.parametrize("below", [0.0, -0.2])
def test_losses_of_zero_or_less_are_read_with_a_warning(read, below: float) -> None:
    table = study(verified=multiplied(2.0))
    smallest = min(float(str(row["loss"])) for row in table)
    moved, _, warnings = read([{**row, "loss": float(str(row["loss"])) - smallest + below} for row in table])
    assert "a loss of 0 or less" in warnings
    assert moved["level"] == "YES"  # only differences and order matter


@pytest.mark.parametrize(("column", "value"), [("D", 0), ("D", -5)])
def test_no_tokens_at_all_are_refused(refused, column: str, value: int) -> None:
    table = study(verified=repeated)
    table[0] = {**table[0], column: value}
    assert f"{column} = {value}, must be above 0" in refused(table)


def test_zeros_in_flops_and_distinct_tokens_are_taken_as_not_given(read) -> None:
    table = [{**row, "U": 0, "flops_train": 0, "flops_generate": 0} for row in study(verified=multiplied(2.0))]
    verdict, _, warnings = read(table)
    assert verdict["level"] == "YES"
    assert "no FLOPs above 0" in warnings
    assert verdict["other_match"]["level"] == "UNDECIDED"
    assert {
        "name": "real data has run out",
        "passed": None,
        "detail": "distinct real tokens (U) are not given",
    } in verdict["gates"]


def test_models_of_two_sizes_ask_for_one(read, refused) -> None:
    table = study(verified=multiplied(2.0))
    both = [*table, *({**row, "N": 240_000, "loss": float(str(row["loss"])) * 0.9} for row in table)]
    assert "has models of 120,000 and 240,000 parameters; choose one with --where 'N == 120000'" in refused(both)
    assert read(both, "--where", "N == 120000")[0]["level"] == "YES"


def test_a_larger_model_in_one_arm_is_not_a_gain_from_data(read) -> None:
    table = [{**row, "N": 240_000 if row["arm"] == "verified" else 120_000} for row in study(verified=multiplied(2.0))]
    assert failed(read(table)[0])[0] == "models of one size"


def test_seeds_may_be_names(read) -> None:
    verdict, _, warnings = read([{**row, "seed": f"s{row['seed']}"} for row in study(verified=multiplied(2.0))])
    assert verdict["level"] == "YES"
    assert "seeds are not whole numbers" in warnings


def test_flops_may_be_matched_where_no_budget_is(read) -> None:
    table = study(verified=multiplied(2.0))
    own = {"verified": 1.3}
    scaled = [
        {**row, **{k: float(str(row[k])) * own.get(str(row["arm"]), 1.0) for k in ("D", "D_real", "D_syn")}}
        for row in table
    ]
    assert "training tokens within 1%" in failed(read(scaled)[0])
    by_flops, _, _ = read(scaled, "--match", "flops")
    assert by_flops["level"] == "YES"
    assert by_flops["gap_recovered"]["mean"] > 0


def test_arms_without_a_budget_in_common_are_not_compared(read) -> None:
    table = [
        row for row in study(verified=multiplied(2.0))
        if row["arm"] == "fresh" or (row["D"] in (8e5, 3.2e6)) == (row["arm"] == "verified")
    ]  # fmt: skip
    verdict, printed, _ = read(table)
    assert verdict["level"] == "UNDECIDED"
    assert "the two arms have no budget in common" in printed
    assert verdict["edm_by_budget"] == []


def test_two_budgets_with_the_same_tokens_are_no_curve(read) -> None:
    table = [
        {**row, "budget": row["D"], "D": 3.2e6 if row["D"] == 6.4e6 and row["arm"] == "fresh" else row["D"]}
        for row in study(verified=multiplied(2.0))
    ]
    verdict, _, _ = read(table)
    assert failed(verdict) == ["fresh loss falls with data"]
    assert "distinct amounts" in verdict["decision"]["reason"]
