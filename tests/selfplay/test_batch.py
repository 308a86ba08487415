"""`selfplay verify`: a verdict for every row, in order, whatever happens on the way."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from selfplay import batch
from selfplay.cli import main

EXPRESSIONS = [
    {"id": "a", "gold": "2*x", "answer": "x+x", "domain": "real", "task": None},
    {"id": "b", "gold": "2*x", "answer": "x*x", "note": "kept"},
    {"id": "c", "gold": "5", "answer": "__import__('os').system('true')"},
    {"id": "d", "gold": "x**2", "answer": "x**2+7", "task": {"kind": "integrate", "f": "2*x", "var": "x"}},
    {"id": "e", "gold": "x", "answer": "sqrt(x**2)", "domain": "positive"},
    {"id": "f", "gold": "x", "answer": "sqrt(x**2)", "domain": "real"},
]
PROGRAMS = [
    {"id": 1, "code": "def f(x):\n    return x + 1", "call": "f", "args": [1], "expected": 2},
    {"id": 2, "code": "def f(x):\n    return x + 1", "call": "f", "args": [1], "expected": 3},
    {"id": 3, "code": "def f(x): return [x, {1.5: None}, (2,)][:1]", "call": "f", "args": ["s"], "expected": ["s"]},
    {"id": 4, "code": "def f():\n    raise KeyError", "call": "f", "args": [], "expected": 1},
    {"id": 5, "code": "def f():\n    return 1", "call": "f", "args": []},
    {"id": 6, "code": "def f():\n    return True", "call": "f", "expected": 1},
    {"id": 7, "code": "import os\ndef f():\n    return os.getcwd()", "call": "f", "expected": "/"},
    {"id": 8, "code": "def f(:", "call": "f", "expected": 1},
]  # fmt: skip


def write(path: Path, rows: list) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def verify(checker: str, source: Path, out: Path, *options: str) -> int:
    return main(["verify", "--checker", checker, "--in", str(source), "--out", str(out), *options])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_expressions(tmp_path: Path, workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "verdicts.jsonl"
    assert verify("expression", write(tmp_path / "cases.jsonl", EXPRESSIONS), out, "--workers", workers) == 0
    rows = read(out)
    assert [{name: row[name] for name in case} for case, row in zip(EXPRESSIONS, rows, strict=True)] == EXPRESSIONS
    assert [row["label"] for row in rows] == ["equal", "different", "reject", "equal", "equal", "different"]
    assert all(row["cost_s"] >= 0 and {"tier", "evidence"} <= set(row) for row in rows)
    assert "equal" in capsys.readouterr().out
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "verdicts.jsonl"
    assert verify("program", write(tmp_path / "programs.jsonl", PROGRAMS), out) == 0
    rows = read(out)
    assert [row["id"] for row in rows] == [case["id"] for case in PROGRAMS]
    assert [row["passed"] for row in rows] == [True, False, True, False, None, False, False, False]
    assert rows[0]["value"] == rows[1]["value"]
    assert rows[0]["outcome"] == "ok"
    assert rows[3]["outcome"] == "error"
    printed = capsys.readouterr().out
    assert "passed      2 of 8" in printed
    assert "seccomp" in printed, "the layers are told"


def test_interrupted_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [{"id": i, "gold": f"{i}", "answer": f"{i}+0"} for i in range(30)]
    source, out = write(tmp_path / "cases.jsonl", cases), tmp_path / "verdicts.jsonl"
    monkeypatch.setattr(batch, "SLICE", 10)
    seen: list[int] = []
    compare = batch._labelled

    def stop(result: object) -> object:
        seen.append(1)
        if len(seen) == 15:
            raise KeyboardInterrupt
        return compare(result)

    monkeypatch.setattr(batch, "_labelled", stop)
    assert verify("expression", source, out) == 130
    assert not out.exists()
    seen.clear()
    seen.extend([1] * 100)
    assert verify("expression", source, out) == 0
    assert len(seen) == 100 + 20, "the first ten rows were verified before"
    assert [row["id"] for row in read(out)] == list(range(30))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("verdicts")] == [out.name]


@pytest.mark.parametrize("header", [None, '{"selfplay": "0.0.1", "adds": []}'])
def test_results_of_another_file_or_version_are_not_taken_over(tmp_path: Path, header: str | None) -> None:
    source, out = write(tmp_path / "cases.jsonl", EXPRESSIONS[:2]), tmp_path / "verdicts.jsonl"
    adds = ["label", "correct", "form", "tier", "evidence", "cost_s"]
    header = header or json.dumps({"selfplay": version("selfplay-testbed"), "adds": adds})
    verdict = dict.fromkeys(adds, "stale")
    for stale in ({**EXPRESSIONS[0], "answer": "x", **verdict}, EXPRESSIONS[0], [1]):
        (tmp_path / ".verdicts.jsonl.part").write_text(header + "\n" + json.dumps(stale) + "\n")
        assert verify("expression", source, out) == 0
        assert [row["label"] for row in read(out)] == ["equal", "different"]


def test_values_that_json_lacks_are_expected_by_their_text(tmp_path: Path) -> None:
    code = "def f():\n    return (1, {2: {3}})"
    rows = [{"code": code, "call": "f", "expected_text": text} for text in ("(1, {2: {3}})", "(1, {2: {4}})")]
    out = tmp_path / "out.jsonl"
    assert verify("program", write(tmp_path / "programs.jsonl", rows), out) == 0
    assert [row["passed"] for row in read(out)] == [True, False]


def test_an_output_that_is_no_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "cases.jsonl", EXPRESSIONS[:1])
    (tmp_path / "link").symlink_to("/dev/null")
    for out in (tmp_path, tmp_path / "link"):
        assert verify("expression", source, out) == 1
        assert "is no regular file" in capsys.readouterr().err
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    ("checker", "line", "complaint"),
    [
        ("expression", '{"gold": "1"}', "line 2: field 'answer' is missing"),
        ("expression", '{"gold": 1, "answer": "1"}', "line 2: field 'gold' is not text"),
        ("expression", '{"gold": "1", "answer": "1", "domain": "octal"}', "line 2: domain 'octal': use one of real"),
        ("expression", '{"gold": "1", "answer": "1", "task": "integrate"}', "line 2: field 'task' is not an object"),
        ("expression", '{"gold": "1", "answer": "1", "task": {}}', "line 2: task: "),
        ("expression", "[1]", "line 2: not a JSON object"),
        ("expression", "{", "line 2: not JSON"),
        ("program", '{"call": "f"}', "line 2: field 'code' is missing"),
        ("program", '{"code": "1", "args": 3}', "line 2: field 'args' is not a list"),
    ],
)  # fmt: skip
def test_bad_rows_are_told_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], checker: str, line: str, complaint: str
) -> None:
    source = tmp_path / "cases.jsonl"
    good = EXPRESSIONS[0] if checker == "expression" else PROGRAMS[0]
    source.write_text(json.dumps(good) + "\n" + line + "\n")
    assert verify(checker, source, tmp_path / "out.jsonl") == 1
    printed = capsys.readouterr().err
    assert complaint in printed
    assert "1 bad row: " in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_a_missing_file_and_no_workers_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("expression", tmp_path / "none.jsonl", tmp_path / "out.jsonl") == 1
    assert "none.jsonl: No such file" in capsys.readouterr().err
    source = write(tmp_path / "cases.jsonl", EXPRESSIONS[:1])
    assert verify("expression", source, tmp_path / "out.jsonl", "--workers", "0") == 1
    assert capsys.readouterr().err == "error: workers = 0: needs at least 1\n"


def test_without_a_sandbox_results_are_marked_and_it_has_to_be_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFPLAY_SANDBOX", "auto")
    source = write(tmp_path / "programs.jsonl", PROGRAMS[:1])
    assert verify("program", source, tmp_path / "out.jsonl", "--sandbox", "off") == 0
    assert "UNSAFE" in capsys.readouterr().out


def test_doctor_names_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for layer in ("seccomp", "no_new_privs", "rlimits", "identity"):
        assert layer in printed
