"""The verdict of a study's report: the same code as on a table, with the plan, the tuning and the audit it knows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from selfplay.cli import main
from selfplay.configfile import to_yaml
from selfplay.report.evidence import read_evidence
from selfplay.report.html import make_report
from selfplay.report.verdict import read_study
from selfplay.scaling.claim import Rule
from selfplay.study.registration import register
from selfplay.study.table import write_table
from tests.selfplay.report.synthetic import study, write_study

CONFIG = study(seeds=(0, 1, 2, 3))


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registered")
    register(CONFIG, folder)
    write_table(write_study(folder, CONFIG), folder)
    make_report(folder)
    return folder


def failed(folder: Path) -> list[str]:
    return [gate.name for gate in read_study(read_evidence(folder)).decision.level.gates if gate.passed is False]


def test_the_page_has_the_slope_its_figures_and_the_plan(registered: Path) -> None:
    text = " ".join((registered / "report.html").read_text().split())
    for phrase in ("Slope: <strong>", "Wall:", "At equal FLOPs:", "sha256", 'id="forest"', 'id="wall"', 'id="slopes"'):
        assert phrase in text
    names = {path.name for path in (registered / "figures").iterdir()}
    assert {"forest.svg", "forest.png", "wall.svg", "wall.png", "slopes.svg", "slopes.png"} <= names


def test_the_table_alone_gives_the_same_numbers(registered: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    table = str(registered / "table.csv")
    assert main(["verdict", "--data", table, "--primary", "verified", "--json", str(out)]) == 0
    ours, theirs = json.loads((registered / "verdict.json").read_text()), json.loads(out.read_text())
    for key in ("level", "slope", "headline", "ln_edm", "edm_by_budget", "gap_recovered", "wall", "wpr", "controls"):
        assert ours[key] == pytest.approx(theirs[key]) if isinstance(ours[key], float) else ours[key] == theirs[key], (
            key
        )


def test_tensorboard_shows_the_same_figures(registered: Path) -> None:
    make_report(registered)  # again: one file is left
    (events,) = registered.glob("events.out.tfevents.*")
    found = EventAccumulator(str(events)).Reload()
    drawn = {path.stem for path in (registered / "figures").glob("*.png")}
    assert set(found.Tags()["images"]) == {f"report/{name}" for name in drawn}
    image = found.Images("report/forest")[0].encoded_image_string
    assert image == (registered / "figures" / "forest.png").read_bytes()


def test_another_plan_than_the_registered_one_has_no_verdict(tmp_path: Path) -> None:
    register(CONFIG, tmp_path)
    changed = replace(CONFIG, verdict=Rule(margin=1.01))
    write_study(tmp_path, changed)
    assert failed(tmp_path) == ["plan registered before the runs"]
    assert "No verdict" in make_report(tmp_path).read_text()


def test_the_audit_and_the_tuning_of_a_study_are_gates(tmp_path: Path) -> None:
    write_study(tmp_path, CONFIG)
    assert failed(tmp_path) == []
    (tmp_path / "audit").mkdir()
    audit = tmp_path / "audit" / "audit.json"
    audit.write_text('{"passed": true}')
    assert failed(tmp_path) == []
    audit.write_text('{"passed": false}')
    assert failed(tmp_path) == ["verifier passed its audit"]
    audit.write_text("{")
    with pytest.raises(ValueError, match="not an audit"):
        failed(tmp_path)
    audit.unlink()
    tuned = replace(CONFIG, verdict=Rule(tuning_runs={"real": 3, "verified": 9}))
    (tmp_path / "study.yaml").write_text(to_yaml(tuned))
    assert failed(tmp_path) == ["baseline tuned as much"]
