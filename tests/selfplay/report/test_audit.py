import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from envs.math.linear import Linear
from selfplay.cli import main
from selfplay.config import TaskConfig
from selfplay.configfile import to_yaml
from selfplay.measure.audit import Audit, load_audit, run_audit
from selfplay.measure.cases import Case, Judgement, Origin, Ruling
from selfplay.report.audit import as_json, render, write_audit
from selfplay.report.audit_tables import MAX_CHARS, terminal_lines, visible
from tests.selfplay.measure.conftest import VERIFIERS, small

HOSTILE = "<script>alert('x')</script>\x00\ud800\u202e&"


@pytest.fixture(scope="module")
def scored() -> Audit:
    return run_audit(small(verifier=f"{VERIFIERS}:score", limit_s=0.1))


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_everything_is_written(scored: Audit, tmp_path: Path):
    page = write_audit(scored, tmp_path)
    write_audit(scored, tmp_path)
    text = Page(page.read_text()).text
    for words in ("Gate:", "As a filter", "Scores", "Metamorphic relations", "Isolation", "Judgements to look at"):
        assert words in text
    plain = json.loads((tmp_path / "audit.json").read_text())
    assert plain["passed"] is scored.passed
    assert plain["strata"][0]["confusion"]["tpr"] == {
        "k": 60, "n": 60, "value": 1.0, "low": pytest.approx(0.94, abs=0.01), "high": 1.0}  # fmt: skip
    assert plain["j"][0] == 1.0
    (events,) = tmp_path.glob("events.out.tfevents.*")
    tags = EventAccumulator(str(events)).Reload().Tags()
    assert "true_accept_rate/math/linear/gold" in tags["scalars"]
    assert "precision_recall" in tags["tensors"]


def test_the_page_needs_nothing_from_elsewhere(scored: Audit):
    page = render(scored)
    assert all(address.startswith("data:") for address in Page(page).addresses)
    assert "http" not in re.sub(r"data:[^\"]*", "", page)


def test_hostile_text_is_shown_and_harmless(scored: Audit, tmp_path: Path):
    task = Linear().parse("2x+1=4")
    case = Case(task, "3/2", HOSTILE, False, Origin.HOSTILE, kind="control")
    audit = replace(scored, shown=[Judgement(case, Ruling(True))])
    page = write_audit(audit, tmp_path).read_text()
    assert "<script>alert" not in page
    assert "\\x00\\ud800\\u202e" in page
    assert json.loads((tmp_path / "audit.json").read_text())["shown"][0]["answer"] == HOSTILE


def test_text_is_made_visible():
    assert visible("") == "''"
    assert visible(" 7") == "' 7'"
    assert visible("a\nb") == "a\\nb"
    assert len(visible("x" * 10_000)) < MAX_CHARS + 30
    assert "[9,840 more]" in visible("x" * 10_000)


def test_what_has_no_value_is_null():
    plain = as_json(run_audit(small(verifier=f"{VERIFIERS}:raises", hostile=False)))
    assert plain["confusion"]["fpr"]["value"] is None
    json.dumps(plain, allow_nan=False)


def test_the_terminal_ends_with_the_gate(scored: Audit):
    assert terminal_lines(scored)[-1].startswith("gate: PASS" if scored.passed else "gate: FAIL")


@pytest.fixture
def audit_file(tmp_path: Path) -> str:
    path = tmp_path / "audit.yaml"
    path.write_text(to_yaml(small()))
    return str(path)


def test_the_command(capsys, tmp_path: Path, audit_file: str):
    out = ("--config", audit_file, "--out", str(tmp_path / "out"))
    assert main(["audit", *out]) == 0
    assert "gate: PASS  env" in capsys.readouterr().out
    assert main(["audit", "accept-all", *out, "--n_wrong", "150"]) == 1
    assert "gate: FAIL  accept-all" in capsys.readouterr().out
    config = load_audit(audit_file, ["--n_wrong", "150"], "accept-all")
    assert json.loads((tmp_path / "out" / "audit.json").read_text())["config"]["n_wrong"] == config.n_wrong
    found = main(["audit", *out, f"{VERIFIERS}:exact", "--hostile", "false", "--fuzz", "--fuzz.n_examples", "30"])
    printed = capsys.readouterr().out
    assert "fuzz, false accept: none found" in printed
    assert found == (0 if "gate: PASS" in printed else 1)
    assert len(json.loads((tmp_path / "out" / "fuzz.json").read_text())) == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nonsense"], "no such verifier"),
        (["env", "noisy"], "env noisy: name one verifier"),
        (["--config", "missing.yaml"], "no such configuration file"),
        (["--n_wrongs", "3"], "n_wrongs"),
        (["--n_wrong"], "n_wrong"),
    ],
)
def test_a_wrong_command_is_one_line(capsys, tmp_path: Path, argv: list[str], message: str):
    assert main(["audit", *argv, "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_is_printed_is_read_back(capsys, tmp_path: Path, audit_file: str):
    assert main(["audit", "--config", audit_file, "--print_config", "noisy"]) == 0
    (tmp_path / "again.yaml").write_text(capsys.readouterr().out)
    assert load_audit(str(tmp_path / "again.yaml"), [], None) == load_audit(audit_file, [], "noisy")
    assert load_audit(audit_file, [], None).tasks == [TaskConfig(Linear())]
