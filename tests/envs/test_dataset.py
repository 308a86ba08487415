"""Data sets of others: what counts as their answer, what is refused, and where rows are found."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from envs.core import Outcome
from envs.corpus.dataset import Dataset, ProgramSet
from envs.corpus.form import FOLDER, fill, load_form
from envs.corpus.latex import plain
from envs.corpus.marking import read_number

FIXTURES = Path(__file__).parents[1] / "contracts" / "fixtures"


def env_of(form: str, file: str | None = None) -> Any:
    kind = ProgramSet if load_form(form).program else Dataset
    return kind(str(FIXTURES / f"{file or form}.jsonl"), form)


@pytest.mark.parametrize(
    ("form", "row", "answer", "outcome"),
    [
        ("gsm8k", 0, "31", Outcome.CORRECT),
        ("gsm8k", 0, "31.0", Outcome.CORRECT),
        ("gsm8k", 0, "36-5=31", Outcome.MALFORMED),
        ("gsm8k", 0, "31 pens", Outcome.MALFORMED),
        ("gsm8k", 0, "\u0663\u0661", Outcome.MALFORMED),
        ("gsm8k", 0, "31.0000000001", Outcome.INCORRECT),
        ("gsm8k", 1, "900", Outcome.CORRECT),
        ("gsm8k", 1, "$900.00", Outcome.CORRECT),
        ("gsm8k", 1, "1,200", Outcome.INCORRECT),
        ("math", 0, "\\frac{5}{6}", Outcome.CORRECT),
        ("math", 0, "\\dfrac{10}{12}", Outcome.CORRECT),
        ("math", 0, "5/6", Outcome.CORRECT),
        ("math", 0, "0.8333", Outcome.INCORRECT),
        ("math", 1, "2^{1/2}", Outcome.CORRECT),
        ("math", 1, "1.41421356", Outcome.INCORRECT),
        ("math", 2, "\\text{Sunday}", Outcome.CORRECT),
        ("math", 2, "Saturday", Outcome.UNDECIDED),  # words cannot be compared with words
        ("math", 3, "(x+1)(x-1)", Outcome.CORRECT),
        ("human-eval", 0, "    return n + n\n", Outcome.CORRECT),
        ("human-eval", 0, "    return n * n\n", Outcome.INCORRECT),
        ("human-eval", 0, "    pass", Outcome.INCORRECT),
        ("human-eval", 0, "    return (", Outcome.INCORRECT),
        ("human-eval", 0, "    import sys; sys.exit()", Outcome.INCORRECT),
        ("human-eval", 0, "    return 2 * n\ndef check(c): pass\nraise SystemExit", Outcome.INCORRECT),
        ("human-eval", 0, "    return type('E', (), {'__eq__': lambda a, b: True})()", Outcome.MALFORMED),
        ("human-eval", 0, "    while True: pass", Outcome.UNDECIDED),
        ("mbpp", 1, "def turned(s):\n    return ''.join(reversed(s))", Outcome.CORRECT),
        ("mbpp", 1, "def turned(s):\n    return 'ba'", Outcome.INCORRECT),  # the test that is not shown
        ("azr-program", 0, "def f(n): return 3 + n", Outcome.CORRECT),
        ("azr-program", 0, "def f(n): return {1: 4, 4: 7}[n]", Outcome.INCORRECT),
        ("texts", 0, " Paris ", Outcome.CORRECT),
        ("texts", 0, "paris", Outcome.INCORRECT),
        ("texts", 0, "Paris Paris", Outcome.INCORRECT),
    ],
)
def test_tricky_answers(form: str, row: int, answer: str, outcome: Outcome) -> None:
    env = env_of(form)
    verdict = env.verify(env.rows()[row].task, answer)
    assert verdict.outcome is outcome, verdict


@pytest.mark.parametrize(
    ("form", "row", "answer", "outcome"),
    [
        ("azr-output", 0, "7", Outcome.CORRECT),
        ("azr-output", 0, "7.0", Outcome.INCORRECT),
        ("azr-output", 0, "3+4", Outcome.MALFORMED),
        ("azr-output", 1, '"AB"', Outcome.CORRECT),
        ("azr-input", 0, "6, 1", Outcome.CORRECT),  # any input that gives the output
        ("azr-input", 0, "1, 6", Outcome.CORRECT),
        ("azr-input", 0, "3, 3", Outcome.INCORRECT),
        ("azr-input", 0, "7", Outcome.INCORRECT),  # a call that raises
        ("azr-input", 0, "f(2, 3) - 1, 1", Outcome.MALFORMED),
        ("azr-input", 0, "2, 3) or f(1, 6", Outcome.MALFORMED),
        ("azr-input", 0, "*[2, 3]", Outcome.MALFORMED),
    ],
)
def test_triplets(form: str, row: int, answer: str, outcome: Outcome) -> None:
    env = env_of(form, "azr")
    verdict = env.verify(env.rows()[row].task, answer)
    assert verdict.outcome is outcome, verdict


def test_work_and_levels_are_read() -> None:
    pens = env_of("gsm8k").rows()[0]
    assert pens.answer == "31"
    assert pens.work == "3*12=<<3*12=36>>36 pens.\n36-5=31 pens are left."
    assert [solved.task.level for solved in env_of("math").rows()] == [1, 2, 1, 2]


def write(path: Path, *lines: object) -> str:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return str(path)


GOOD = {"question": "1+1?", "answer": "#### 2"}


def test_bad_rows_are_listed_by_line_and_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.jsonl", GOOD, "{not json", "[1]", {"question": "2+2?"}, {"question": "3+3?", "answer": "six"},
        {"question": "4+4?", "answer": "#### eight"}, {"question": " 1+1? ", "answer": "#### 2"},
        {"question": "x" * 5_000, "answer": "#### 2"}, {"question": True, "answer": "#### 2"},
    )  # fmt: skip
    with pytest.raises(ValueError, match="8 bad rows") as refusal:
        Dataset(path, "gsm8k").rows()
    for piece in ("line 2: not JSON", "line 3: not a JSON object", "line 4: field 'answer' is missing",
                  "line 5: no answer", "line 6: its own answer is undecided", "line 7: repeats the task of line 1",
                  "line 8: prompt has 5000 characters", "line 9: field 'question' is neither"):  # fmt: skip
        assert piece in str(refusal.value)
    kept = Dataset(path, "gsm8k", on_bad_row="drop")
    assert [solved.task.prompt for solved in kept.rows()] == ["1+1?"]
    assert len(kept.dropped) == 8


def test_a_row_whose_own_answer_fails_its_tests_is_a_bad_one(tmp_path: Path) -> None:
    row = json.loads((FIXTURES / "human-eval.jsonl").read_text().splitlines()[0])
    path = write(tmp_path / "rows.jsonl", {**row, "canonical_solution": "    return 3 * n\n"})
    with pytest.raises(ValueError, match="line 1: its own answer is incorrect: raised AssertionError"):
        ProgramSet(path, "human-eval").rows()


def test_every_kind_of_file(tmp_path: Path) -> None:
    rows = [GOOD, {"question": "2+2?", "answer": "#### 4"}]
    write(tmp_path / "a.jsonl", *rows)
    (tmp_path / "a.json").write_text(json.dumps(rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "folder").mkdir()
    for number, row in enumerate(rows):  # a file a problem, as MATH has it
        (tmp_path / "folder" / f"{number}.json").write_text(json.dumps(row))
    for name in ("a.jsonl", "a.json", "a.parquet", "folder"):
        found = Dataset(str(tmp_path / name), "gsm8k").rows()
        assert [(solved.task.prompt, solved.answer) for solved in found] == [("1+1?", "2"), ("2+2?", "4")], name


def test_a_saved_folder_without_the_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dataset_info.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match=r"pip install 'selfplay-testbed\[datasets\]'"):
        Dataset(str(tmp_path), "gsm8k").rows()


def test_a_saved_folder_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list([GOOD]).save_to_disk(str(tmp_path / "saved"))
    assert Dataset(str(tmp_path / "saved"), "gsm8k").rows()[0].answer == "2"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.txt", "x", "use a .jsonl, .json or .parquet file"),
        ("rows.json", "{", "not JSON"),
        ("rows.json", "3", "neither a list of objects nor an object"),
        ("rows.parquet", "x", "cannot be read as Parquet"),
        ("rows.jsonl", "\n", "no row left to use; 0 dropped"),
    ],
)
def test_files_that_hold_no_rows(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        Dataset(str(tmp_path / name), "gsm8k").rows()


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.parquet, \.jsonl or \.json file in it"):
        Dataset(str(tmp_path), "gsm8k").rows()


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Dataset, {"path": "/no/such", "form": "gsm8k"}, "no such file or folder"),
        (Dataset, {"form": "gsm9k"}, "form='gsm9k': use .*gsm8k"),
        (Dataset, {"form": "mbpp"}, "use envs.corpus.dataset.ProgramSet"),
        (ProgramSet, {"form": "gsm8k"}, "use envs.corpus.dataset.Dataset"),
        (Dataset, {"form": "gsm8k", "max_chars": 0}, "max_chars=0"),
        (Dataset, {"form": "gsm8k", "name": " "}, "give the corpus a name"),
        (Dataset, {"form": "gsm8k", "on_bad_row": "skip"}, "on_bad_row='skip'"),
    ],
)
def test_impossible_settings(kind: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**{"path": str(FIXTURES / "gsm8k.jsonl"), **fields})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("prompt: '{q}'", "has prompt, answer and marking"),
        ("{", "not a YAML file"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: guess", "marking: guess: use number"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: tests", "needs a program"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: tests\nprogram: 'x'", "has 0 places for the {ANSWER}"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: number\nprogram: 'x'", "has no use for a program"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: number\nfinal: '('", "no regular expression"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: number\nfinal: 'a'", "needs one group"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: number\nlevel: 3", "level: not text"),
        ("prompt: '{q}'\nanswer: '{a}'\nmarking: number\ncheck: x", "a format has prompt"),
    ],
)
def test_formats_of_your_own_are_checked(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_form(str(path))


def test_a_format_of_your_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("prompt: 'Q: {q}'\nanswer: '{a}'\nmarking: number\nlevel: '{grade}'\n")
    path = write(tmp_path / "rows.jsonl", {"q": "6*7", "a": 42, "grade": "grade 3"})
    (solved,) = Dataset(path, str(tmp_path / "mine.yaml")).rows()
    assert (solved.task.prompt, solved.answer, solved.task.level) == ("Q: 6*7", "42", 3)


def test_every_shipped_format_loads() -> None:
    names = [path.stem for path in FOLDER.glob("*.yaml")]
    assert {"gsm8k", "math", "human-eval", "mbpp", "azr-output", "azr-input", "azr-program"} <= set(names)
    for name in names:
        load_form(name)


def test_filling_a_template() -> None:
    row = {"a": 1, "b": ["x", "y"], "c": None}
    assert fill("{a}|{b}|{b:items}|{b:calls}|{c?}|{d?}|{ANSWER}", row, "!") == "1|x\ny|x, y|(x,), (y,)|||!"
    for template, message in (("{c}", "missing"), ("{a:items}", "not a list"), ("{d}", "missing")):
        with pytest.raises(ValueError, match=message):
            fill(template, row)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.50", "2469/2"), ("-$3", "-3"), ("$-3", None), ("3/4", "3/4"), ("1/0", None), ("40%", "40"), ("1,23", None),
     (".5", "1/2"), ("5.", None), ("", None), ("-", None), ("1e3", None), ("9" * 101, None)],
)  # fmt: skip
def test_numbers(text: str, number: str | None) -> None:
    found = read_number(text)
    assert (None if found is None else str(found)) == number


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{1}{2}\sqrt{3}", "((1)/(2))*sqrt(3)"),
        (r"2\pi r^2", "2*pi*r**(2)"),
        (r"x = 5", "5"),
        (r"\left(-\infty, 2\right)\cup[3,5)", "(-oo,2)U[3,5)"),
        (r"1{,}234", "1234"),
        (r"\sin x", "sin(x)"),
        (r"\text{Friday}", None),
        (r"\sqrt[3]{4}", None),
        (r"\frac{}{2}", None),
        (r"{{{", None),
        ("x" * 301, None),
    ],
)
def test_latex(latex: str, text: str | None) -> None:
    assert plain(latex) == text
