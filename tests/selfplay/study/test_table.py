import json
import math
from dataclasses import asdict, astuple, fields
from pathlib import Path

import pytest

from selfplay.records import RunResult
from selfplay.study.table import COLUMNS, RunKey, gather, read_result, read_table, run_keys, write_table
from tests.selfplay.report.synthetic import diverged, study, write_study

SMALL = study(budgets=(200_000, 400_000), seeds=(1, 0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_study(tmp_path, SMALL)
    return tmp_path


def first(folder: Path) -> Path:
    return RunKey("real", 200_000, 0).folder(folder) / "result.json"


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_rows_come_in_the_order_of_arms_budgets_and_seeds(folder: Path) -> None:
    rows = gather(folder, SMALL)
    assert [RunKey(row.arm, row.budget, row.seed) for row in rows] == list(run_keys(SMALL))
    assert [(row.arm, row.budget, row.seed) for row in rows[:3]] == [
        ("real", 200_000, 0),
        ("real", 200_000, 1),
        ("real", 400_000, 0),
    ]


def test_an_arm_with_budgets_of_its_own_has_those_cells() -> None:
    assert {key.budget for key in run_keys(SMALL) if key.arm == "fresh"} == {125_000, 250_000, 200_000, 400_000}


def test_round_trip(folder: Path) -> None:
    rows = gather(folder, SMALL)
    write_table(rows, folder)
    assert read_table(folder / "table.parquet") == rows
    lines = (folder / "table.csv").read_text().splitlines()
    assert lines[0] == ",".join(field.name for field in fields(RunResult)) == ",".join(COLUMNS)
    assert lines[1] == ",".join(str(value) for value in astuple(rows[0]))
    assert len(lines) == len(rows) + 1


def test_same_rows_same_bytes(folder: Path) -> None:
    rows = gather(folder, SMALL)
    write_table(rows, folder)
    before = [(folder / name).read_bytes() for name in ("table.parquet", "table.csv")]
    write_table(gather(folder, SMALL), folder)
    assert [(folder / name).read_bytes() for name in ("table.parquet", "table.csv")] == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_an_empty_table_still_has_its_columns(tmp_path: Path) -> None:
    write_table([], tmp_path)
    assert read_table(tmp_path / "table.parquet") == []


def test_nan_survives_and_null_is_nan(folder: Path) -> None:
    row = diverged(gather(folder, SMALL)[0])
    write_table([row], folder)
    assert math.isnan(read_table(folder / "table.parquet")[0].loss)
    rewrite(first(folder), loss=None)
    assert math.isnan(read_result(first(folder)).loss)


def test_unfinished_runs_are_absent(folder: Path) -> None:
    first(folder).unlink()
    assert len(gather(folder, SMALL)) == len(list(run_keys(SMALL))) - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "low"}, "loss = 'low', expected float"),
        ({"seed": 0.5}, "seed = 0.5, expected int"),
        ({"D": True}, "D = True, expected int"),
        ({"U": None}, "U = None, expected int"),
        ({"extra": 1}, "has unknown extra"),
        ({"seed": 1}, "holds the result of real/200000/1"),
        ({"arm": "fresh"}, "holds the result of fresh/200000/0"),
    ],
)
def test_a_wrong_result_is_refused_in_one_line(folder: Path, changes: dict[str, object], message: str) -> None:
    rewrite(first(folder), **changes)
    with pytest.raises(ValueError, match=message) as error:
        gather(folder, SMALL)
    assert str(first(folder)) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ['{"arm": "real"', "", "[1]", '{"arm": "real"}', "\x00"])
def test_a_damaged_result_is_refused_in_one_line(folder: Path, text: str) -> None:
    first(folder).write_text(text)
    with pytest.raises(ValueError, match=r"result\.json: ") as error:
        gather(folder, SMALL)
    assert "\n" not in str(error.value)


def test_a_run_of_another_study_is_not_left_out_silently(folder: Path) -> None:
    stray = RunKey("real", 200_000, 7).folder(folder) / "result.json"
    stray.parent.mkdir()
    stray.write_text(json.dumps(asdict(gather(folder, SMALL)[0])))
    with pytest.raises(ValueError, match=r"seed7/result\.json: no run of study\.yaml"):
        gather(folder, SMALL)


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"table\.parquet"):
        read_table(tmp_path / "table.parquet")
    (tmp_path / "table.parquet").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"table\.parquet"):
        read_table(tmp_path / "table.parquet")
