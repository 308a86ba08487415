"""Expressions with values out of CPython's tests: what is read, what is left out, and which literals are right."""

import io
import platform
import tarfile
from pathlib import Path

import pytest

from envs.core import MalformedTask, Outcome
from envs.corpus.archive import sources
from envs.corpus.builders.cpython import BUILDER
from envs.corpus.listed import DATA
from envs.corpus.provenance import Row, read
from envs.corpus.values import Values, value_of
from envs.execution import execute
from envs.sandbox import Program
from selfplay import corpora

ENV = Values()

TESTS = """
class It(unittest.TestCase):
    def test_it(self):
        self.assertEqual(divmod(-7, 3), (-3, 2))
        self.assertEqual('a', chr(97))
        self.assertEqual([x*x for x in range(3)], [0, 1, 4])
        self.assertEqual(len('abc'), 4)
        self.assertEqual(abs(True), True)
        self.assertEqual(1 // 0, 5)
        self.assertEqual(self.x(3), 3)
        self.assertEqual(().__class__, 3)
        self.assertEqual(open('/etc/passwd').read(), 'x')
        self.assertEqual(len('a'), len('b'))
        self.assertEqual(3, 3)
        self.assertTrue(len('abc'))
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "Python-3.99.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in (("Lib/test/test_it.py", TESTS), ("Lib/test/other.py", TESTS), ("Tools/test_x.py", "(")):
            entry = tarfile.TarInfo(f"Python-3.99/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_what_is_read_and_what_is_left_out(archive: Path, tmp_path: Path):
    built = corpora.build("cpython", tmp_path / "out", archive)
    origin, rows = read(built.path)
    assert [(row.line, row.prompt, row.answer, row.status) for row in rows] == [
        (4, "divmod(-7, 3)", "(-3, 2)", "yes"),
        (5, "chr(97)", "'a'", "yes"),
        (6, "[x * x for x in range(3)]", "[0, 1, 4]", "yes"),
        (7, "len('abc')", "4", "no"),
        (8, "abs(True)", "True", "no"),  # its value is 1: equal, and of another type
        (9, "1 // 0", "5", "undecided"),
    ]
    assert (origin.source, origin.licence, len(origin.sha256)) == ("Python-3.99.tar.gz", "PSF-2.0", 64)
    left_out = (tmp_path / "out" / "cpython.rejected.txt").read_text()
    for said in ("10: unread: name self", "11: unread: name __class__", "12: unread: name open",
                 "13: unread: neither side", "14: unread: both sides"):  # fmt: skip
        assert f"test_it.py:{said}" in left_out


def test_archives_and_folders_read_alike(archive: Path, tmp_path: Path):
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "folder", filter="data")

    def wanted(name: str) -> bool:
        return name.endswith("test_it.py")

    (packed,) = sources(archive, wanted)
    (plain,) = sources(tmp_path / "folder", wanted)
    assert packed == plain


def test_a_source_without_tests_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="has no tests of CPython; give its source archive"):
        list(BUILDER.drafts(tmp_path))


def test_what_is_in_it():
    assert len(ENV.rows()) > 1_000
    assert (DATA / ENV.shipped).stat().st_size < 150_000
    assert all(ENV.verify(solved.task, solved.answer).outcome is Outcome.CORRECT for solved in ENV.rows())


BUILT_WITH = read(DATA / ENV.shipped)[0].checked_by.removeprefix("sandbox, Python ")


@pytest.mark.skipif(platform.python_version_tuple()[:2] != tuple(BUILT_WITH.split(".")[:2]), reason="another Python")
def test_the_sandbox_still_gives_these_values():
    some = list(ENV.rows())[::10]
    runs = execute([Program(solved.task.prompt) for solved in some])
    assert [run.value for run in runs] == [value_of(solved.answer) for solved in some]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("(-3, 2)", Outcome.CORRECT),
        ("-3,2", Outcome.CORRECT),
        ("[-3, 2]", Outcome.INCORRECT),
        ("(-3.0, 2)", Outcome.INCORRECT),
        ("(-3, 2, )", Outcome.CORRECT),
        ("divmod(-7, 3)", Outcome.MALFORMED),
        ("(1-4, 2)", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        ("-" * 900, Outcome.MALFORMED),
        ("(" * 1_001, Outcome.MALFORMED),
        ("'\\d'", Outcome.INCORRECT),
    ],
)
def test_verdicts(answer: str, outcome: Outcome):
    row = Row("divmod(-7, 3)", "(-3, 2)", "it", 0, "test_it.py", 4, "yes")
    assert ENV.judge(row, answer).outcome is outcome


def test_an_answer_of_any_length_is_looked_at():
    assert ENV.verify(ENV.rows()[0].task, "9" * 10**6).outcome is Outcome.MALFORMED


def test_only_prompts_of_the_corpus_are_tasks():
    with pytest.raises(MalformedTask):
        ENV.parse("divmod(-7, 4)")
