"""`selfplay verdict` on worlds whose answer is known."""

import math

import pytest

from selfplay.scaling.simulate import Design, collapsing, multiplied, repeated, scaling_on, shifted
from tests.selfplay.verdicts.tables import KEYS, failed, study


@pytest.mark.parametrize(
    ("arm", "level", "slope", "headline", "harm"),
    [
        (repeated, "NO", "UNDECIDED", "no help", False),
        (shifted(2.0), "YES", "NO", "one-off gain", False),
        (scaling_on(), "YES", "YES", "keeps scaling", False),
        (collapsing, "NO", "UNDECIDED", "harm", True),
    ],
)
def test_planted_worlds(read, arm, level: str, slope: str, headline: str, harm: bool) -> None:
    verdict, printed, _ = read(study(verified=arm))
    assert verdict.keys() >= KEYS
    found = (verdict["level"], verdict["slope"], verdict["headline"], verdict["harm"])
    assert found == (level, slope, headline, harm)
    assert printed.startswith(headline)
    assert verdict["seeds"] == len(verdict["ln_edm"]["per_seed"]) == 5
    assert verdict["ln_edm"]["low"] < verdict["ln_edm"]["mean"] < verdict["ln_edm"]["high"]
    assert verdict["wall"]["low"] < verdict["wall"]["D"] < verdict["wall"]["high"]


def test_planted_numbers(read) -> None:
    verdict, _, _ = read(study(noise=1e-7, verified=multiplied(2.0)))
    assert verdict["ln_edm"]["mean"] == pytest.approx(math.log(2.0), abs=0.01)  # interpolation of a bent curve
    assert verdict["wall"]["D"] == pytest.approx(1.6e6, rel=0.04)
    last = verdict["edm_by_budget"][-1]
    assert last["D"] == 6.4e6
    assert last["edm"] == pytest.approx(2.0, rel=0.02)
    worth = 1.0 + 15.0 * (1.0 - math.exp(-63.0 / 15.0))
    assert verdict["exchange_rate"]["incremental"] == pytest.approx(worth / 31.5, rel=0.03)
    design = Design()
    gap = (design.loss(worth) - design.loss(2 * worth)) / (design.loss(worth) - design.loss(64))
    assert verdict["gap_recovered"]["mean"] == pytest.approx(gap, rel=1e-3)


def test_a_win_on_tokens_that_loses_on_flops_is_visible(read) -> None:
    verdict, printed, _ = read(study(verified=scaling_on()))
    assert (verdict["level"], verdict["other_match"]["match"], verdict["other_match"]["level"]) == (
        "YES",
        "flops",
        "NO",
    )
    assert "at equal FLOPs: NO" in printed
    by_flops, _, _ = read(study(verified=scaling_on()), "--match", "flops")
    assert (by_flops["level"], by_flops["other_match"]["level"]) == ("NO", "YES")


def test_without_flops_columns_only_tokens_are_matched_and_that_is_said(read) -> None:
    table = [{k: v for k, v in row.items() if not k.startswith("flops")} for row in study(verified=multiplied(2.0))]
    verdict, printed, warnings = read(table)
    assert verdict["level"] == "YES"
    assert "no FLOPs columns" in warnings
    assert verdict["other_match"]["level"] == "UNDECIDED"
    assert "at equal FLOPs: UNDECIDED" in printed


def test_tokens_default_to_real_and_synthetic_together(read) -> None:
    table = study(verified=multiplied(2.0))
    whole, _, _ = read(table)
    parts, _, _ = read([{k: v for k, v in row.items() if k != "D"} for row in table])
    assert parts == whole


def test_better_than_all_fresh_runs_is_beyond_range(read) -> None:
    verdict, _, _ = read(study(verified=lambda design, x: 3.0 * x))
    assert verdict["level"] == "UNDECIDED"
    assert failed(verdict) == ["losses inside the fresh range"]
    assert verdict["edm_by_budget"][-1]["edm"] == verdict["ln_edm"]["mean"] == "beyond range"


def test_arms_may_have_any_names(read) -> None:
    names = {"real": "baseline run", "fresh": "∞ data", "verified": "verified"}
    table = [{**row, "arm": names[str(row["arm"])]} for row in study(verified=multiplied(2.0))]
    verdict, _, _ = read(table, "--baseline", "baseline run", "--fresh", "∞ data")
    assert verdict["level"] == "YES"
