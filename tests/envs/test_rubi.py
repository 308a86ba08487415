"""The shipped corpus of human-written integrals: what it holds, how it is spelled, and that it was confirmed."""

import pickle
from pathlib import Path
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.corpus.provenance import Origin, Row, counts, packed, read, unpacked
from envs.corpus.rubi import LEVEL_CHARS, SHIPPED, Rubi, level_of, restyled
from envs.corpus.syntax import template_of
from envs.equality import agreement, matching
from envs.grammar import parse
from envs.math.antiderivative import Antiderivative

ENV = Rubi()
SYMBOLS = {"x", *Antiderivative().parameters}
SOME = Random(0).sample(list(ENV.rows()), 80)


def test_what_is_in_it():
    found = counts(ENV.all_rows)
    assert sum(found.values()) == 8_217
    assert found["yes"] == len(ENV.rows()) > 4_900
    n_read = sum(found.values()) - found["unread"]
    assert (found["yes"] + found["repeat"]) / n_read > 0.98
    assert found["no"] == 1
    assert len({row.topic for row in ENV.all_rows}) == 14
    assert len({row.template for row in ENV.all_rows}) == 2_099
    assert ENV.origin.source == "Rubi's test suite in sympy 1.10.1"


def test_it_is_small_and_its_licences_lie_beside_it():
    assert SHIPPED.stat().st_size < 222_000
    assert "2006-2021 SymPy Development Team" in (SHIPPED.parent / "LICENSE-sympy.txt").read_text()
    assert "2018 RuleBasedIntegration" in (SHIPPED.parent / "LICENSE-rubi.txt").read_text()


def test_every_row_says_where_it_is_from_and_why_it_is_not_served():
    for row in ENV.all_rows:
        assert row.file == f"test_{row.topic}.py"
        assert row.line > 0
        assert bool(row.reason) == (row.status != "yes"), row
    places = {f"{row.file}:{row.line}" for row in ENV.all_rows if row.status == "yes"}
    repeats = [row for row in ENV.all_rows if row.status == "repeat"]
    assert repeats
    assert all(row.reason.removeprefix("the task of ") in places for row in repeats)


def test_only_confirmed_rows_are_served():
    assert {ENV.source(solved.task).status for solved in ENV.rows()} == {"yes"}


def test_reading_checks_nothing_again(monkeypatch):
    def refuse(*_):
        raise AssertionError("the build has confirmed the rows")

    monkeypatch.setattr(Antiderivative, "verify", refuse)
    monkeypatch.setattr(Antiderivative, "parse", refuse)
    read_anew = Rubi(str(SHIPPED))
    assert len(read_anew.rows()) == len(ENV.rows())


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a row needs is not what a busy machine allows it in 0.8 s."""
    for module in (agreement, matching):
        monkeypatch.setattr(module, "BUDGET_S", 60.0)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("solved", SOME, ids=lambda solved: solved.task.prompt[:40])
def test_a_row_holds_and_is_in_the_one_spelling(solved):
    assert ENV.parse(solved.task.prompt) == solved.task
    assert solved.task.canonical == solved.task.prompt
    assert ENV.verify(solved.task, solved.answer).outcome is Outcome.CORRECT
    assert ENV.verify(solved.task, f"{solved.answer}+x").outcome is Outcome.INCORRECT
    for text in (solved.task.prompt, solved.answer):
        assert restyled(text, Antiderivative()) == text
    assert ENV.solution(solved) == solved.answer


@pytest.mark.slow
def test_all_rows_hold():
    undecided = []
    for solved in ENV.rows():
        assert ENV.parse(solved.task.prompt) == solved.task
        outcome = ENV.verify(solved.task, solved.answer).outcome
        assert outcome in (Outcome.CORRECT, Outcome.UNDECIDED), solved
        undecided += [solved] if outcome is Outcome.UNDECIDED else []
    assert len(undecided) <= 3, "random points: a sign may stay open now and then"


def test_levels_bound_the_length():
    for solved in ENV.rows():
        n_chars = len(solved.task.prompt) + len(solved.answer)
        assert solved.task.level == level_of(n_chars)
        assert solved.task.level > len(LEVEL_CHARS) or n_chars <= LEVEL_CHARS[solved.task.level - 1]
    assert [level_of(n) for n in (1, 32, 33, 384, 385)] == [1, 1, 2, 7, 8]


def test_rows_of_a_template_differ_in_numbers_and_parameters_only():
    number_of: dict[str, str] = {}
    for solved in ENV.rows():
        template = template_of(parse(solved.task.prompt, symbols=SYMBOLS), Antiderivative().parameters)
        assert number_of.setdefault(template, ENV.groups()[solved.task.id]) == ENV.groups()[solved.task.id]
    assert len(set(number_of.values())) == len(number_of) > 1_200


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("(a+b*x)**2", "(c+d*x)**7", True),
        ("3*x+2", "4+17*x", True),
        ("sqrt(a+b*x)", "1/(a+b*x)**3", True),
        ("sin(a*x)", "cos(a*x)", False),
        ("x*(a+b*x)", "a+b*x", False),
    ],
)
def test_template(first: str, second: str, same: bool):
    one, other = (template_of(parse(text, symbols=SYMBOLS), "abcd") for text in (first, second))
    assert (one == other) is same


def test_groups_by_topic():
    env = Rubi(split="topic")
    assert set(env.groups().values()) == {row.topic for row in env.all_rows}
    assert env.groups().keys() == ENV.groups().keys()


def test_posing_gives_the_spelling_of_the_corpus():
    posed = ENV.pose("x*cos(x)+1")
    assert posed.answer == "1+cos(x)*x"
    assert posed.task.prompt == restyled(posed.task.prompt, Antiderivative())
    assert posed.task.level > ENV.levels[-1] or posed.task.id not in ENV.groups()
    with pytest.raises(MalformedTask):
        ENV.pose("7")


def test_posing_a_solution_of_the_corpus_gives_its_task():
    for solved in SOME[:20]:
        assert ENV.pose(solved.answer) == solved


def test_what_is_sent_to_a_worker_is_small():
    ENV.rows()
    assert len(pickle.dumps(ENV)) < 1_000


def test_errors_are_one_line(tmp_path: Path):
    with pytest.raises(ValueError, match="no such file; build it with selfplay corpus build rubi"):
        Rubi(str(tmp_path / "none.xz"))
    with pytest.raises(ValueError, match="split='row': use 'template' or 'topic'"):
        Rubi(split="row")  # type: ignore[arg-type]
    (tmp_path / "torn.xz").write_bytes(SHIPPED.read_bytes()[:5_000])
    with pytest.raises(ValueError, match=r"torn\.xz: not a corpus file"):
        Rubi(str(tmp_path / "torn.xz")).rows()
    with pytest.raises(ValueError, match="cannot be read"):
        read(tmp_path / "none.xz")


def test_a_corpus_file_is_read_back(tmp_path: Path):
    origin = Origin("rubi", "somewhere 1", "MIT", "", "x 1")
    rows = (Row("x", "x**2/2", "a", 0, "f.py", 3, "yes"), Row("f(x)", "", "b", 1, "f.py", 4, "unread", "function f"))
    content = packed(origin, rows)
    assert unpacked(content, "it") == (origin, rows)
    assert packed(origin, rows) == content
    with pytest.raises(ValueError, match="format 99, not 1"):
        unpacked(packed(Origin("rubi", "", "", "", "", 99), rows), "it")


def test_a_corpus_without_confirmed_rows_is_refused(tmp_path: Path):
    path = tmp_path / "empty.xz"
    path.write_bytes(packed(Origin("rubi", "s", "MIT", "", "x 1"), [Row("x", "", "a", 0, "f.py", 3, "unread", "why")]))
    with pytest.raises(ValueError, match="no confirmed row"):
        Rubi(str(path)).rows()
