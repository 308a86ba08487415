"""The plan is fixed before the first run, and a report on another plan has no verdict."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from selfplay.config import StudyConfig
from selfplay.configfile import load_config, to_yaml
from selfplay.scaling.claim import Rule
from selfplay.study.registration import REGISTRATION, check_registration, claim_of, digest, register
from selfplay.study.table import RunKey
from tests.selfplay.report.synthetic import study

CONFIG = study(budgets=(200_000, 400_000), seeds=(0, 1, 2, 3))


@pytest.fixture
def registered(tmp_path: Path) -> Path:
    register(CONFIG, tmp_path)
    return tmp_path


def begin(folder: Path) -> None:
    rounds = RunKey("real", 200_000, 0).folder(folder) / "rounds.jsonl"
    rounds.parent.mkdir(parents=True)
    rounds.write_text("{}\n")


def test_a_study_that_kept_its_plan_passes(registered: Path) -> None:
    begin(registered)
    gate = check_registration(CONFIG, registered)
    assert gate.passed is True
    assert json.loads((registered / REGISTRATION).read_text())["sha256"].startswith(gate.reason[-16:])
    assert check_registration(replace(CONFIG, name="other", n_workers=3), registered).passed is True


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (replace(CONFIG, verdict=Rule(margin=1.05)), "claim.margin was 1.1, is 1.05"),
        (replace(CONFIG, primary="unverified"), 'claim.primary was "verified", is "unverified"'),
        (replace(CONFIG, seeds=[0, 1, 2, 3, 4]), "study.seeds was [0, 1, 2, 3], is [0, 1, 2, 3, 4]"),
        (replace(CONFIG, budgets_tokens=[200_000, 400_000, 800_000]), "study.budgets_tokens"),
        (replace(CONFIG, arms=[replace(CONFIG.arms[0], dropout=0.3), *CONFIG.arms[1:]]), "study.arms"),
        (replace(CONFIG, optim=replace(CONFIG.optim, lr=0.1)), "study.optim.lr was 0.003, is 0.1"),
    ],
)
def test_any_change_of_the_plan_withholds_the_verdict(registered: Path, changed: StudyConfig, named: str) -> None:
    begin(registered)
    register(changed, registered)  # what running it again would do
    gate = check_registration(changed, registered)
    assert gate.passed is False
    assert named in gate.reason


def test_before_the_first_round_the_plan_may_change(registered: Path) -> None:
    changed = replace(CONFIG, verdict=Rule(margin=1.2))
    register(changed, registered)
    assert check_registration(changed, registered).passed is True


def test_a_study_that_has_begun_is_not_registered_afterwards(tmp_path: Path) -> None:
    begin(tmp_path)
    register(CONFIG, tmp_path)
    assert not (tmp_path / REGISTRATION).exists()
    assert check_registration(CONFIG, tmp_path).passed is None


def test_an_edited_registration_is_seen(registered: Path) -> None:
    path = registered / REGISTRATION
    record = json.loads(path.read_text())
    record["plan"]["claim"]["margin"] = 1.01
    path.write_text(json.dumps(record))
    edited = replace(CONFIG, verdict=Rule(margin=1.01))
    assert "was edited" in check_registration(edited, registered).reason
    path.write_text("{")
    assert check_registration(CONFIG, registered).passed is False


def test_the_hash_is_of_the_content_not_of_the_layout(registered: Path) -> None:
    path = registered / REGISTRATION
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record, sort_keys=True))
    assert check_registration(CONFIG, registered).passed is True
    assert digest({**record, "registered_at": "2020-01-01"}) != record["sha256"]


def test_planned_looks_may_add_seeds_and_nothing_else(tmp_path: Path) -> None:
    config = replace(CONFIG, verdict=Rule(looks=True))
    register(config, tmp_path)
    begin(tmp_path)
    assert check_registration(replace(config, seeds=[*range(8)]), tmp_path).passed is True
    assert check_registration(replace(config, seeds=[4, 5, 6, 7]), tmp_path).passed is False
    assert check_registration(replace(config, primary="unverified"), tmp_path).passed is False


def test_the_claim_follows_from_the_arms() -> None:
    config = study(arms=("real", "verified", "unverified", "noisy", "fresh"))
    claim = claim_of(config)
    assert (claim.primary, claim.secondary, claim.unverified) == ("verified", ("noisy",), "unverified")


def test_the_rule_is_read_from_yaml_and_checked(tmp_path: Path) -> None:
    config = replace(CONFIG, verdict=Rule(margin=1.2, slope_budgets_tokens=[100, 200, 400], tuning_runs={"real": 5}))
    path = tmp_path / "study.yaml"
    path.write_text(to_yaml(config))
    assert load_config(StudyConfig, path).verdict == config.verdict
    assert load_config(StudyConfig, path, ["--verdict.looks", "true"]).verdict.looks
    with pytest.raises(ValueError, match=r"margin = 0\.5: must be above 1"):
        load_config(StudyConfig, path, ["--verdict.margin", "0.5"])
