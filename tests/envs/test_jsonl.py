import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from envs.core import Env, MalformedTask, Outcome
from envs.corpus.jsonl import Jsonl
from envs.math.antiderivative import Antiderivative
from envs.math.arithmetic import Arithmetic

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(*rows: object) -> str:
        path = tmp_path / "tasks.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
        return str(path)

    return _write


def row(prompt: str, answer: str, **fields: object) -> dict[str, object]:
    return {"prompt": prompt, "answer": answer, **fields}


def problems_of(path: str, checker: Env | None = None) -> str:
    with pytest.raises(ValueError, match="bad rows") as problem:
        Jsonl(path, checker).rows()
    return str(problem.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not a JSON object"),
        (row("1+1", "2", hint="two"), "'hint' is unknown"),
        ({"prompt": "1+1"}, "'answer' is missing"),
        (row("1+1", 2), "'answer' is not text"),
        (row("1+1", "2", level="1"), "'level' is not an integer"),
        (row("1+1", "2", level=True), "'level' is not an integer"),
        (row("1+1", "2", level=0), "level=0"),
        (row("1+1", " "), "'answer' is empty"),
        (row("1+1", "2" * 1_001), "more than 1000"),
        (row("1-1", "0"), "prompt refused"),
        (row("1+1", "3"), "answer is incorrect"),
        (row("1+1", "two"), "answer is malformed"),
        (row("3+2", "5"), "repeats"),
    ],
)
def test_bad_rows_are_reported_with_their_line(write: Write, line: object, reason: str) -> None:
    report = problems_of(write(row("2+3", "5"), "", line), Arithmetic())
    assert "tasks.jsonl: 1 bad rows" in report
    assert "line 3: " in report
    assert reason in report


def test_all_problems_are_counted_and_the_first_ones_shown(write: Write) -> None:
    report = problems_of(write(*(row(f"{n}+1", "0") for n in range(25))), Arithmetic())
    assert "25 bad rows" in report
    assert "line 10:" in report
    assert "line 11:" not in report
    assert "15 more" in report


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b'{"prompt": "1+1", "answer": "2"}\n{"prompt": "\xff"}')
    assert "line 2: not JSON" in problems_of(str(path))


def test_dropping_is_asked_for_and_shown(write: Write) -> None:
    env = Jsonl(write(row("1+1", "2"), row("1+2", "4"), "{"), Arithmetic(), on_bad_row="drop")
    assert [solved.task.prompt for solved in env.rows()] == ["1+1"]
    assert [problem.split(":")[0] for problem in env.dropped] == ["line 2", "line 3"]
    with pytest.raises(ValueError, match="no row left"):
        Jsonl(write("{"), on_bad_row="drop").rows()


def test_missing_file_and_empty_level(write: Write) -> None:
    with pytest.raises(ValueError, match="no such file"):
        Jsonl("nowhere.jsonl")
    with pytest.raises(ValueError, match="no row has level 2"):
        Jsonl(write(row("1+1", "2"), row("1+2", "3", level=3)), Arithmetic()).rows()


def test_without_a_checker_answers_are_expressions(write: Write) -> None:
    env = Jsonl(write(row("Double x?", "2*x"), row("Half of 1?", "1/2", work="one over two")))
    task = env.parse("Double  x? ")
    assert env.verify(task, "x+x").outcome is Outcome.CORRECT
    assert env.verify(task, "x**2").outcome is Outcome.INCORRECT
    assert env.verify(task, "twice x").outcome is Outcome.MALFORMED
    assert "w" in env.alphabet
    with pytest.raises(MalformedTask, match="ground truth"):
        env.parse("Triple x?")
    with pytest.raises(MalformedTask, match="no checker"):
        env.pose("2*x")


def test_with_a_checker_new_tasks_are_welcome(write: Write) -> None:
    env = Jsonl(write(row("x*exp(x)", "(x-1)*exp(x)", level=1)), Antiderivative(), name="mine")
    known, new = env.parse("exp(x)*x"), env.parse("x**2")
    assert known.id == env.rows()[0].task.id
    assert (known.level, known.env, new.env) == (1, "mine", "mine")
    assert env.verify(new, "x**3/3").outcome is Outcome.CORRECT
    assert env.pose("(x-1)*exp(x)").task == env.rows()[0].task
    assert env.pose("x**3/3").task == new


def test_one_integrand_in_two_spellings(write: Write) -> None:
    path = write(row("sin(x)/cos(x)", "-log(cos(x))"), row("tan(x)", "-log(cos(x))"))
    assert "line 2: repeats the task of an earlier row" in problems_of(path, Antiderivative())


def test_a_file_is_read_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(row("1+1", "2"))
    env = Jsonl(path, Arithmetic())
    rows = env.rows()
    Path(path).unlink()
    monkeypatch.setattr(Path, "read_bytes", None)
    assert env.rows() is rows
    assert pickle.loads(pickle.dumps(env)).rows() == rows
