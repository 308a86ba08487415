"""Identities out of sympy: what is read, what is left out, and that our verifier calls no equal pair unequal."""

import ast
from pathlib import Path

import pytest

from envs.core import Outcome
from envs.corpus.builders.scope import POSITIVE, REAL, UNKNOWN, Scope
from envs.corpus.builders.sympy import BUILDER
from envs.corpus.identities import Identities, confirm
from envs.corpus.listed import DATA
from envs.corpus.provenance import counts, read
from selfplay import corpora

ENV = Identities()

TESTS = '''
from sympy import Symbol, symbols
from sympy.abc import t
x = Symbol('x')

def test_it():
    y, p = symbols('y p'), 3
    y = Symbol('y', positive=True)
    assert trigsimp(1 - sin(x)**2) == cos(x)**2
    assert sqrt(y**2) == y
    assert diff(x**3, x) == 3*x**2
    assert integrate(cos(t), t) == sin(t)
    assert factor(x**2 - 1) == (x - 1)*(x + 1)
    assert expand((x + 1)**2) == x**2 + 2*x + 2
    assert simplify(p*x) == 3*x
    assert powsimp(x**2*x, force=True) == x**3
    assert x + 0 == x
    assert Integer(3.8) == 3
    for y in range(3):
        assert simplify(y*2) == y + y
'''  # fmt: skip
DOCUMENTED = '''
def double(x):
    """Twice.

    >>> from sympy.abc import x, y
    >>> together(1/x + 1/y)
    (x + y)/(x*y)
    >>> y = 3
    >>> expand(y*(x + 1))
    3*x + 3
    """
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "sympy"
    (folder / "core" / "tests").mkdir(parents=True)
    (folder / "core" / "tests" / "test_it.py").write_text(TESTS)
    (folder / "core" / "double.py").write_text(DOCUMENTED)
    (folder / "release.py").write_text('__version__ = "9.9"\n')
    return folder


def test_what_is_read_and_what_is_left_out(source: Path, tmp_path: Path):
    built = corpora.build("sympy", tmp_path / "out", source)
    origin, rows = read(built.path)
    assert [(row.prompt, row.answer, row.status, row.context) for row in rows] == [
        ("together:1/x+1/y", "(x+y)/(x*y)", "yes", REAL),
        ("trigsimp:1-sin(x)**2", "cos(x)**2", "yes", REAL),
        ("evaluate:sqrt(y**2)", "y", "yes", POSITIVE),
        ("diff x:x**3", "3*x**2", "yes", REAL),
        ("integrate t:cos(t)", "sin(t)", "yes", REAL),
        ("factor:-1+x**2", "(-1+x)*(1+x)", "yes", REAL),
        ("expand:(1+x)**2", "2+2*x+x**2", "no", REAL),
    ]
    assert (origin.source, origin.licence, rows[1].file) == ("sympy 9.9", "BSD-3-Clause", "core/tests/test_it.py")
    assert TESTS.splitlines()[rows[1].line - 1].strip().startswith("assert trigsimp")
    left_out = (tmp_path / "out" / "sympy.rejected.txt").read_text()
    for reason in ("name p", "Call powsimp", "one expression", "function Integer", "name y"):
        assert f": unread: {reason}" in left_out or f"are {reason}" in left_out


@pytest.mark.parametrize(
    ("text", "line", "domain"),
    [
        ("x = Symbol('x')", 2, REAL),
        ("x, y = symbols('x, y', positive=True)", 2, POSITIVE),
        ("x = Symbol('y')", 2, UNKNOWN),
        ("x = Symbol('x', integer=True)", 2, UNKNOWN),
        ("x = Symbol('x', positive=False)", 2, UNKNOWN),
        ("from sympy.abc import x", 2, REAL),
        ("from sympy import x", 2, UNKNOWN),
        ("x = Symbol('x')\nx = 3", 2, REAL),
        ("x = Symbol('x')\nx = 3", 3, UNKNOWN),
        ("x = Symbol('x')\nfor x in a: pass", 3, UNKNOWN),
        ("x = Symbol('x')\ny = [x for x in a]", 3, REAL),
        ("def f(x): pass", 2, UNKNOWN),
    ],
)
def test_scope(text: str, line: int, domain: str):
    assert Scope(ast.parse(text)).domain("x", line) == domain


def test_a_name_comes_from_outside_unless_it_is_bound_inside():
    module = ast.parse("x = Symbol('x')\ny = Symbol('y')\ndef f():\n    a = 1\n    y = 3\n")
    scope = Scope(module.body[-1], Scope(module))
    assert scope.at(9) == {"x": REAL}
    assert scope.domain("y", 4) == UNKNOWN, "the function binds it, so it is the function's even before"


def test_no_equal_pair_is_judged_unequal():
    """Thousands of mathematicians' lines against our verifier: it agrees with all it can decide."""
    _, rows = read(DATA / ENV.shipped)
    assert counts(rows)["no"] == 0
    assert counts(rows)["undecided"] <= 7
    for solved in ENV.rows():
        verdict = ENV.verify(solved.task, solved.answer)
        assert verdict.outcome in (Outcome.CORRECT, Outcome.UNDECIDED), (solved, verdict)


def test_what_is_in_it():
    assert len(ENV.rows()) > 1_100
    topics = {ENV.source(solved.task).topic for solved in ENV.rows()}
    assert {"evaluate", "trigsimp", "diff", "expand", "integrate"} <= topics
    assert (DATA / ENV.shipped).stat().st_size < 150_000


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("expand:(1+x)**2", "x**2+2*x+1", Outcome.CORRECT),
        ("expand:(1+x)**2", "(x+1)**2", Outcome.MALFORMED),
        ("expand:(1+x)**2", "x**2+2*x+2", Outcome.INCORRECT),
        ("expand:(1+x)**2", "x**2+2*x+y-y+1", Outcome.MALFORMED),
        ("diff x:exp(x)", "exp(x)", Outcome.CORRECT),
        ("diff x:x**2", "2*x+1", Outcome.INCORRECT),
        ("integrate x:2*x", "x**2+7", Outcome.CORRECT),
        ("integrate x:2*x", "x**2+x", Outcome.INCORRECT),
        ("evaluate:sqrt(12)", "2*sqrt(3)", Outcome.CORRECT),
        ("evaluate:sqrt(12)", "import os", Outcome.MALFORMED),
        ("evaluate:((", "1", Outcome.UNDECIDED),
    ],
)
def test_confirm(prompt: str, answer: str, outcome: Outcome):
    assert confirm(prompt, answer, "real").outcome is outcome


def test_a_folder_without_tests_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="has no sympy sources"):
        list(BUILDER.drafts(tmp_path))
