"""Gates that columns give, looks, several arms, controls, options."""

from pathlib import Path

import pytest

from selfplay.scaling.simulate import collapsing, multiplied, repeated, scaling_on
from tests.selfplay.verdicts.tables import failed, study


@pytest.mark.parametrize(
    ("columns", "gate"),
    [
        ({"loss_se": 0.5}, "evaluation error below a third of the seeds'"),
        ({"overlap": 2}, "no held-out task in training"),
        ({"audit_passed": "false"}, "verifier passed its audit"),
    ],
)
def test_gates_that_columns_give(read, columns: dict[str, object], gate: str) -> None:
    table = study(verified=multiplied(2.0))
    verdict, _, _ = read([{**row, **columns} for row in table])
    assert failed(verdict)[0] == gate
    assert verdict["level"] == "UNDECIDED"
    good = {"loss_se": 1e-5, "overlap": 0, "audit_passed": "true"}
    assert read([{**row, **good} for row in table])[0]["level"] == "YES"


def test_a_baseline_tuned_less_is_no_baseline(read) -> None:
    table = study(verified=multiplied(2.0))
    tuned = [{**row, "tuning_runs": 30 if row["arm"] == "verified" else 12} for row in table]
    assert failed(read(tuned)[0])[0] == "baseline tuned as much"
    assert read([{**row, "tuning_runs": 12} for row in table])[0]["level"] == "YES"


def test_a_baseline_without_a_wall_has_no_verdict(read) -> None:
    table = [row for row in study(verified=multiplied(1.3)) if float(str(row["D"])) <= 8e5 or row["arm"] == "fresh"]
    verdict, _, _ = read(table)
    assert failed(verdict)[0] == "wall reached"
    assert verdict["wall"]["D"] is None


def test_looks_are_at_4_8_and_12_seeds_only(read) -> None:
    four, _, _ = read(study(seeds=4, verified=multiplied(2.0)), "--looks")
    assert four["level"] == "YES"
    assert four["decision"]["alpha"] == pytest.approx(0.0167, abs=1e-4)
    five, _, _ = read(study(seeds=5, verified=multiplied(2.0)), "--looks")
    assert failed(five) == ["a look that was planned"]


def test_several_arms_are_corrected_and_one_is_primary(read) -> None:
    verdict, printed, _ = read(study(verified=multiplied(2.0), second=repeated, third=repeated, unverified=collapsing))
    assert set(verdict["arms"]) == {"verified", "second", "third"}
    assert verdict["arms"]["verified"]["p_holm"] == pytest.approx(3 * verdict["arms"]["verified"]["p"])
    assert verdict["controls"]["unverified"]["level"] == "NO"
    assert "Holm's correction" in printed


def test_a_control_that_says_yes_stops_the_report(read) -> None:
    verdict, _, _ = read(study(verified=multiplied(2.0), again=multiplied(1.5)), "--aa", "again")
    assert verdict["controls"]["aa"]["level"] == "YES"
    assert (verdict["level"], verdict["headline"]) == ("UNDECIDED", "undecided")
    assert failed(verdict) == ["A/A control behaves"]


def test_figures_are_written_in_both_forms(read, tmp_path: Path) -> None:
    read(study(verified=scaling_on()), "--figures", str(tmp_path / "drawn"))
    names = {"multiplier", "forest", "wall", "slopes"}
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {f"{n}.{e}" for n in names for e in ("svg", "png")}


def test_slope_budgets_are_the_registered_ones(read, refused) -> None:
    table = study(verified=scaling_on())
    verdict, _, _ = read(table, "--slope-budgets", "1.6e6,3.2e6,6.4e6")
    assert (verdict["slope"], verdict["claim"]["slope_budgets"]) == ("YES", [1.6e6, 3.2e6, 6.4e6])
    before_the_wall, _, _ = read(table, "--slope-budgets", "4e5,8e5,1.6e6")
    assert before_the_wall["slope"] == "UNDECIDED"
    assert "lies past the first budget of the slope" in before_the_wall["reasons"]["slope"]
    assert "expected tokens" in refused(table, "--slope-budgets", "many")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--margin", "0.9"), "margin = 0.9: must be above 1"),
        (("--alpha", "0.7"), "alpha = 0.7: must lie between 0 and 0.5"),
        (("--w-min", "2"), "w_min = 2.0: must lie between 0 and 1"),
        (("--looks", "--alpha", "0.01"), "leave alpha out"),
        (("--where", "N >"), "--where"),
    ],
)
def test_wrong_options_are_one_line(refused, options: tuple[str, ...], message: str) -> None:
    assert message in refused(study(verified=repeated), *options)
