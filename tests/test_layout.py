"""The house rules that no linter has: short files, short functions, one round on one page, no evaluated text."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("selfplay", "envs") for path in (ROOT / package).rglob("*.py"))
RUNS_PROGRAMS = {ROOT / "envs/sandbox/child.py"}
"""What is executed there is in a process that can do nothing else."""
MOST_FILE_LINES, MOST_FUNCTION_LINES = 400, 60
EVALUATES_TEXT = {"eval", "exec", "compile", "sympify", "parse_expr", "S", "__import__"}
"""As bare names or as attributes of sympy or builtins; `model.eval()` and `re.compile()` are other functions."""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def n_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def evaluations(source: str) -> list[str]:
    """Calls of, and references to, functions that would evaluate text."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) if name in EVALUATES_TEXT:
                found.append(name)
            case ast.Attribute(value=ast.Name(id="sympy" | "sp" | "builtins"), attr=name) if name in EVALUATES_TEXT:
                found.append(name)
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] in ("sympy", "builtins"):
                found += [alias.name for alias in names if alias.name in EVALUATES_TEXT]
    return found


def test_the_packages_are_found():
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path: Path):
    assert len(path.read_text().splitlines()) <= MOST_FILE_LINES
    assert {f.name: n_lines(f) for f in functions(path) if n_lines(f) > MOST_FUNCTION_LINES} == {}
    assert path in RUNS_PROGRAMS or evaluations(path.read_text()) == []


def test_one_round_fits_a_page():
    (play_round,) = (f for f in functions(ROOT / "selfplay/play/round.py") if f.name == "play_round")
    assert n_lines(play_round) < 60


@pytest.mark.parametrize(
    "source",
    ["eval(text)", "f = exec", "sympy.sympify(text)", "from sympy import S", "from sympy.parsing import parse_expr"],
)
def test_evaluated_text_is_seen(source: str):
    assert evaluations(source)


@pytest.mark.parametrize("source", ["model.eval()", "re.compile('a')", "sympy.Integer(3)"])
def test_functions_of_the_same_name_are_not(source: str):
    assert evaluations(source) == []
