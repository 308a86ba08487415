import json
import os
from pathlib import Path

import numpy as np
import pytest

from selfplay.cli import main
from selfplay.config import StudyConfig
from selfplay.report.html import make_report
from selfplay.study.engine import run_study
from selfplay.study.prediction import fit_arm, parse_cell, predict, scores
from selfplay.study.table import RunKey, gather, run_keys
from tests.selfplay.report.synthetic import study, write_study

CONFIG = study(budgets=(250_000, 500_000, 1_000_000, 2_000_000), seeds=(0, 1))
LARGEST = RunKey("real", 2_000_000, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_study(tmp_path, CONFIG, leave_out=[key for key in run_keys(CONFIG) if key.budget == 2_000_000])
    return tmp_path


def test_a_run_is_predicted_once_and_scored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(folder), "--cell", "real/2000000/seed0"]) == 0
    record = json.loads((folder / "predictions" / "real-2000000-seed0.json").read_text())
    assert record["ratio"] == pytest.approx(2.0)
    assert len(record["runs"]) == 6
    assert record["low"] <= min(record["loss"], record["last_point"], record["two_point"])
    assert record["high"] >= max(record["loss"], record["last_point"], record["two_point"])
    assert main(["predict", str(folder), "--cell", "real/2000000/seed0"]) == 1
    assert "already predicted" in capsys.readouterr().err
    (one,) = scores(folder, CONFIG)
    assert one.observed is None
    write_study(folder, CONFIG)
    (one,) = scores(folder, CONFIG)
    assert one.doubt == ""
    assert one.error == pytest.approx(record["loss"] / one.observed - 1.0)
    assert one.inside is (record["low"] <= one.observed <= record["high"])
    assert main(["score-prediction", str(folder), "--json", str(folder / "scores.json")]) == 0
    assert "inside their 95% interval" in capsys.readouterr().out
    assert "Losses that were written down and hashed before their runs" in make_report(folder).read_text()


def test_what_is_known_is_not_predicted(folder: Path) -> None:
    with pytest.raises(ValueError, match="has begun"):
        predict(folder, CONFIG, RunKey("real", 1_000_000, 0))


def test_one_budget_is_no_curve(tmp_path: Path) -> None:
    write_study(tmp_path, CONFIG, leave_out=[key for key in run_keys(CONFIG) if key.budget > 250_000])
    with pytest.raises(ValueError, match="needs 3 runs at 2 or more"):
        predict(tmp_path, CONFIG, RunKey("real", 500_000, 0))


@pytest.mark.parametrize("change", ["edited", "older"])
def test_a_prediction_that_cannot_be_trusted_is_not_counted(folder: Path, change: str) -> None:
    path = predict(folder, CONFIG, LARGEST)
    write_study(folder, CONFIG)
    if change == "edited":
        path.write_text(path.read_text().replace('"low": ', '"low": 1'))
    else:
        os.utime(LARGEST.folder(folder) / "result.json", (0, 0))
    (one,) = scores(folder, CONFIG)
    assert change in one.doubt


def test_cells_are_named_as_their_folders() -> None:
    assert parse_cell("cells/real/2000000/seed1/", CONFIG) == RunKey("real", 2_000_000, 1)
    with pytest.raises(ValueError, match="such as"):
        parse_cell("real/3/seed0", CONFIG)


def test_an_arm_is_a_power_law(folder: Path) -> None:
    write_study(folder, CONFIG, noise=0.0)
    fit = fit_arm([row for row in gather(folder, CONFIG) if row.arm == "fresh"])
    assert fit.params["b"] > 0
    assert np.abs(fit.residuals).max() < 0.05


def test_the_large_runs_can_wait(tiny_run, tmp_path: Path) -> None:
    from selfplay.config import ArmConfig

    small = StudyConfig("s", tiny_run.data, [ArmConfig("real"), ArmConfig("fresh", real="fresh")], [3_000, 6_000], [0],
                        primary="real", model=tiny_run.model, optim=tiny_run.optim, play=tiny_run.play)  # fmt: skip
    with pytest.raises(ValueError, match="the smallest budget of the study is 3000"):
        run_study(small, tmp_path, up_to=2_999)
    assert {row.budget for row in run_study(small, tmp_path, up_to=3_000)} == {3_000}
    assert {row.budget for row in run_study(small, tmp_path)} == {3_000, 6_000}
