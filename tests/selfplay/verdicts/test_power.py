"""`selfplay power`, and the closed form against the simulation."""

import json
from pathlib import Path

import pytest

from selfplay.cli import main


def test_power(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "power.json"
    assert main(["power", "--noise", "0.01", "--margin", "1.10", "--studies", "100", "--json", str(out)]) == 0
    assert "80% NO under no effect" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert 8 <= found["seeds_no"] <= 12
    assert 3 <= found["seeds_yes"] <= 4
    assert abs(found["no"]["closed_form"] - found["no"]["seeds"]) <= 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--noise", "0"), "noise = 0.0: must be above 0"),
        (("--noise", "2"), "noise = 2.0: a part of the loss"),
        (("--noise", "0.01", "--effect", "1.05"), "no number of seeds"),
        (("--noise", "0.01", "--power", "1"), "power = 1.0"),
        (("--noise", "0.01", "--elasticity", "0.9"), "elasticity = 0.9"),
    ],
)
def test_power_refuses_what_it_cannot_plan(capsys: pytest.CaptureFixture[str], options, message: str) -> None:
    assert main(["power", *options]) == 1
    assert message in capsys.readouterr().err


def test_looks_are_planned_at_their_own_level(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "--noise", "0.005", "--looks", "--studies", "40"]) == 0
    printed = capsys.readouterr().out
    assert "alpha 0.01667" in printed
    assert "looks are at 4, 8, 12 seeds" in printed
