from pathlib import Path

import pytest

from envs.math.linear import Linear
from selfplay.measure.audit import load_audit
from selfplay.measure.cases import Ruling
from selfplay.measure.subject import build_subject
from tests.selfplay.measure.conftest import VERIFIERS, small

ENVS = {"math/linear": Linear()}
TASK = Linear().parse("2x+1=4")


def rule(name: str, *answers: str, gold: str = "3/2") -> list[Ruling]:
    subject = build_subject(small(verifier=f"{VERIFIERS}:{name}"), ENVS)
    try:
        return subject.rule([(TASK, gold, answer) for answer in answers])
    finally:
        subject.close()


def test_a_callable_gets_the_gold_or_the_task_it_asks_for():
    assert [ruling.accepted for ruling in rule("exact", "6/4", "2")] == [True, False]
    assert [ruling.accepted for ruling in rule("annotated", "", "2")] == [True, False]
    undecided, accepted = rule("by_task", "-1", "1")
    assert (undecided.accepted, undecided.fault, undecided.detail) == (None, "undecided", "seen")
    assert accepted.accepted is True


def test_numbers_of_numpy_are_numbers():
    assert [(r.accepted, r.score) for r in rule("numpy_score", "3/2", "2")] == [(True, 1.0), (False, None)]


def test_what_is_no_verdict_is_an_error():
    assert "expected bool" in rule("returns_text", "1")[0].detail
    assert "score 7.0" in rule("too_high", "1")[0].detail
    assert rule("raises", "1")[0] == Ruling(None, fault="error", detail="KeyError: '1'")


@pytest.mark.parametrize(
    ("verifier", "message"),
    [
        ("nonsense", "no such verifier; use env"),
        ("no.such.module:check", "no module 'no.such.module'"),
        (f"{VERIFIERS}:missing", "no callable 'missing'; its functions: exact"),
        (f"{VERIFIERS}:not_callable", "no callable 'not_callable'"),
        (f"{VERIFIERS}:one_parameter", r"takes 1 parameters; a verifier takes \(task_or_gold, answer\)"),
        ("os.path:a b", "no such verifier"),
    ],
)
def test_a_wrong_verifier_is_one_clear_line(verifier: str, message: str):
    with pytest.raises(ValueError, match=message) as refused:
        build_subject(small(verifier=verifier), ENVS)
    assert verifier in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_verifier_of_the_current_folder(tmp_path: Path, monkeypatch):
    (tmp_path / "mine.py").write_text("def check(gold, answer):\n    return gold == answer\n")
    (tmp_path / "bad.py").write_text("import nothing_of_that_name\n")
    monkeypatch.chdir(tmp_path)
    subject = build_subject(small(verifier="mine:check"), ENVS)
    assert [r.accepted for r in subject.rule([(TASK, "1", "1"), (TASK, "1", "2")])] == [True, False]
    subject.close()
    with pytest.raises(ValueError, match=r"importing bad failed: .*nothing_of_that_name"):
        build_subject(small(verifier="bad:check"), ENVS)


def test_folders_that_hold_no_run(tmp_path: Path):
    with pytest.raises(ValueError, match="no run here"):
        load_audit(None, [], str(tmp_path))
    with pytest.raises(ValueError, match="no run here"):
        build_subject(small(verifier=str(tmp_path)), ENVS)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["--n_wrongs", "3"], "n_wrongs"),
        (["--n_wrong", "0"], "n_wrong = 0: must be above 0"),
        (["--gate.max_false_accept_rate", "2"], "must lie between 0 and 1"),
        (["--base_rate", "-1"], "base_rate = -1"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line(overrides: list[str], message: str):
    with pytest.raises(ValueError, match=message) as refused:
        load_audit(None, overrides, None)
    assert "\n" not in str(refused.value)
