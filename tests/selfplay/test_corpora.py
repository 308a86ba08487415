"""Building a corpus from a wheel: the same bytes each time, interrupted or not, and every row accounted for."""

import zipfile
from pathlib import Path

import pytest

from envs.corpus.builders.rubi import BUILDER
from envs.corpus.provenance import read
from envs.corpus.rubi import Rubi
from selfplay import corpora
from selfplay.cli import main

TESTS = "sympy/integrals/rubi/rubi_tests/tests/"
LISTED = """
def test_1():
    test = [
        [S(1)/x, x, S(1), log(x)],
        [x**S(2), x, S(1), S(1)/S(3)*x**S(3)],
        [sin(a + b*x), x, S(2), -cos(a + b*x)/b],
        [cos(x), x, S(1), cos(x)],
        [x**S(2), x, S(1), S(1)/S(3)*x**S(3)],
    ]
"""
CALLED = """
def test_2():
    assert rubi_test(rubi_integrate(x**S(2) + S(0), x), x, x**S(3)/S(3), expand=True)
    assert rubi_test(rubi_integrate(exp(x)/x, x), x, ExpIntegralEi(x), expand=True)
    assert rubi_test(rubi_integrate(log(x)/(S(1) - x), x), x, PolyLog(S(2), S(1) - x), expand=True)
    assert rubi_test(rubi_integrate(sin(c + d*x), x), x, -cos(c + d*x)/d, expand=True)
    assert rubi_test(rubi_integrate(f(x), x), x, f(x), expand=True)
"""


def make_wheel(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("sympy-1.10.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: sympy\nVersion: 1.10.1\n\nText")
        for name, text in files.items():
            wheel.writestr(f"{TESTS}{name}.py", text)
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "sympy.whl", test_b=CALLED, test_a=LISTED, conftest="x = [1/x, x, 1, log(x)]")


def test_every_row_is_accounted_for(wheel: Path, tmp_path: Path):
    built = corpora.build("rubi", tmp_path / "out", wheel)
    origin, rows = read(built.path)
    found = [(row.file, row.line, row.prompt, row.answer, row.status) for row in rows]
    assert found == [
        ("test_a.py", 4, "1/x", "log(x)", "yes"),
        ("test_a.py", 5, "x**2", "1/3*x**3", "yes"),
        ("test_a.py", 6, "sin(a+b*x)", "-cos(a+b*x)/b", "yes"),
        ("test_a.py", 7, "cos(x)", "cos(x)", "no"),
        ("test_b.py", 3, "x**2", "1/3*x**3", "repeat"),
        ("test_b.py", 4, "exp(x)/x", "Ei(x)", "yes"),
        ("test_b.py", 5, "log(x)/(-x+1)", "", "unread"),
        ("test_b.py", 6, "sin(c+d*x)", "-cos(c+d*x)/d", "yes"),
        ("test_b.py", 7, "f(x)", "", "unread"),
    ]
    by_line = {(row.file, row.line): row for row in rows}
    assert by_line["test_b.py", 3].reason == "the task of test_a.py:5"
    assert by_line["test_b.py", 5].reason == "answer: function PolyLog"
    assert by_line["test_b.py", 7].reason == "integrand: function f"
    assert by_line["test_a.py", 6].template == by_line["test_b.py", 6].template
    assert by_line["test_a.py", 4].template == by_line["test_a.py", 5].template != by_line["test_a.py", 6].template
    assert (origin.source, origin.licence) == ("Rubi's test suite in sympy 1.10.1", "MIT AND BSD-3-Clause")
    assert built.counts == {"yes": 5, "no": 1, "undecided": 0, "unread": 2, "repeat": 1}
    assert (tmp_path / "out" / "rubi.rejected.txt").read_text().splitlines() == [
        "test_a.py:7: no: incorrect: disjoint values at a point",
        "test_b.py:3: repeat: the task of test_a.py:5",
        "test_b.py:5: unread: answer: function PolyLog",
        "test_b.py:7: unread: integrand: function f",
    ]
    env = Rubi(str(built.path))
    assert len(env.rows()) == 5
    assert env.source(env.parse("1/x")).line == 4


def test_building_twice_gives_the_same_file(wheel: Path, tmp_path: Path):
    first, again = (corpora.build("rubi", tmp_path / name, wheel, workers=workers) for name, workers in
                    (("one", 1), ("two", 2)))  # fmt: skip
    assert first.path.read_bytes() == again.path.read_bytes()
    assert sorted(path.name for path in first.path.parent.iterdir()) == ["rubi.jsonl.xz", "rubi.rejected.txt"]


def test_an_interrupted_build_goes_on(wheel: Path, tmp_path: Path, monkeypatch):
    whole = corpora.build("rubi", tmp_path / "whole", wheel).path.read_bytes()
    monkeypatch.setattr(corpora, "SLICE", 2)
    checked: list[str] = []
    kind = type(BUILDER)
    checking = kind.checking

    def counted(most: int):
        from contextlib import contextmanager

        @contextmanager
        def context(self, workers):
            with checking(self, workers) as check:

                def limited(drafts):
                    if len(checked) >= most:
                        raise KeyboardInterrupt
                    checked.extend(draft.prompt for draft in drafts)
                    return check(drafts)

                yield limited

        return context

    monkeypatch.setattr(kind, "checking", counted(4))
    with pytest.raises(KeyboardInterrupt):
        corpora.build("rubi", tmp_path / "out", wheel)
    assert not (tmp_path / "out" / "rubi.jsonl.xz").exists()
    monkeypatch.setattr(kind, "checking", counted(100))
    built = corpora.build("rubi", tmp_path / "out", wheel)
    assert built.path.read_bytes() == whole
    assert len(checked) == 7, "no pair is checked twice"


def test_results_of_another_source_are_not_taken_over(wheel: Path, tmp_path: Path):
    other = make_wheel(tmp_path / "other.whl", test_a=LISTED.replace("log(x)", "S(2)*log(x)"))
    target = tmp_path / "out" / "rubi.jsonl.xz"
    drafts = [draft for draft in BUILDER.drafts(other) if not draft.problem]
    corpora._check_all(BUILDER, drafts, target, 1)  # an interrupted build leaves this behind
    assert target.with_name(".rubi.jsonl.xz.part").exists()
    assert corpora.build("rubi", tmp_path / "out", wheel).counts["no"] == 1


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("rube", "sympy.whl", "rube: no such corpus; choose one of"),
        ("rubi", "none.whl", "no such file; give the wheel, archive or folder"),
        ("rubi", "text.whl", "cannot be read as a wheel, an archive or a folder"),
        ("rubi", "empty.whl", "has no Rubi problems; they are in the wheel of sympy==1.10.1"),
    ],
)
def test_errors_are_one_line(name: str, source: str, said: str, wheel: Path, tmp_path: Path, capsys):
    make_wheel(tmp_path / "empty.whl", other="x = 1")
    (tmp_path / "text.whl").write_text("no archive")
    command = ["corpus", "build", name, "--wheel", str(tmp_path / source), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_the_command_says_what_came_of_it(wheel: Path, tmp_path: Path, capsys):
    assert main(["corpus", "build", "rubi", "--wheel", str(wheel), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "9 problems, 6 templates, 2 topics" in printed
    assert "confirmed 6: 85.7% of the 7 that could be read, 66.7% of all" in printed
    assert "rubi.rejected.txt" in printed
