"""A run's attempts under another judge."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from selfplay.config import RunConfig
from selfplay.measure.rescore import rescore, table
from selfplay.play.run import run_arm


@pytest.fixture
def run(unverified_run: RunConfig, tmp_path: Path) -> Path:
    """A run that kept whatever was written."""
    run_arm(unverified_run, tmp_path / "run")
    return tmp_path / "run"


def reports(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    return [line for line in lines if line["judge"]["n_attempts"]]


def test_the_same_judge_keeps_the_same(run: Path):
    for round, report in zip(rescore(run, "accept-all"), reports(run), strict=True):
        assert round.n_attempts == report["judge"]["n_attempts"]
        assert round.n_kept == round.n_other == round.n_both == report["judge"]["n_kept"] > 0
        assert round.true_accept_rate == report["judge"]["true_accept_rate"] or math.isnan(round.true_accept_rate)


def test_the_exact_judge_keeps_only_what_is_right(run: Path):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    rounds = rescore(run, "env")
    assert {path: path.read_bytes() for path in before} == before, "the run itself is not touched"
    assert sum(round.n_other for round in rounds) < sum(round.n_kept for round in rounds)
    for round in rounds:
        assert round.false_accept_rate == 0.0
        assert round.n_other == 0 or round.other_precision == 1.0
        assert math.isnan(round.true_accept_rate) or round.true_accept_rate == 1.0
        rows = pq.read_table(run / "rescored" / "env" / f"{round.round:05d}.parquet").to_pylist()
        assert all(row["other_verdict"] == row["truth"] for row in rows)
        assert sum(row["other_kept"] for row in rows) == round.n_other
    assert len(table(rounds)) == 1 + len(rounds)
    assert json.loads((run / "rescored" / "env" / "rescored.json").read_text())["judge"] == "env"


def test_rounds_of_earlier_versions_can_be_read(run: Path):
    """They do not say by which version of a judge they were judged."""
    wanted = rescore(run, "env")
    for path in (run / "attempts").iterdir():
        table = pq.read_table(path)
        pq.write_table(table.drop_columns(["judge_version", "judge_config", "verdict_tier"]), path)
    assert repr(rescore(run, "env")) == repr(wanted)  # nan is not equal to itself


def test_without_attempts_it_is_one_clear_error(tiny_run: RunConfig, tmp_path: Path):
    run_arm(replace(tiny_run, budget_tokens=3_000), tmp_path)
    with pytest.raises(ValueError, match="no attempts to judge"):
        rescore(tmp_path, "env")
    with pytest.raises(ValueError, match="no run here"):
        rescore(tmp_path / "elsewhere", "env")


def test_no_such_judge(run: Path):
    with pytest.raises(ValueError, match="no such verifier"):
        rescore(run, "nonsense")
