"""Closed expressions with their values in CPython's own tests: `self.assertEqual(divmod(-7, 3), (-3, 2))`.

An expression is closed if it names nothing but builtins that compute, and calls nothing else but those and methods of
what it builds. It is run in the sandbox; the expected value must be a literal.
"""

from __future__ import annotations

import ast
import platform
import re
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from envs.corpus.archive import sources
from envs.corpus.builders.builder import Builder, Check, Checked, Draft
from envs.corpus.values import value_of
from envs.execution import backend
from envs.sandbox import Execution, Outcome, Program, Sandbox

_BUILTINS = frozenset(
    {"abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "chr", "complex", "dict", "divmod", "enumerate"}
    | {"filter", "float", "format", "frozenset", "hex", "int", "isinstance", "issubclass", "iter", "len", "list", "map"}
    | {"max", "min", "next", "oct", "ord", "pow", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str"}
    | {"sum", "tuple", "type", "zip"}
)
_TEST = re.compile(r"(?:(?:.*/)?Lib/)?(?:test/)?(?:test_[a-z0-9_]+/)?test_[a-z0-9_]+\.py")
_EQUAL = frozenset({"assertEqual", "assertEquals", "assertListEqual", "assertTupleEqual", "assertDictEqual"})
_MOST_CHARS = 160


class CPython(Builder):
    """Reads by syntax tree, checks by running."""

    name = "cpython"
    requirement = ""
    licence = "PSF-2.0"
    checked_by = f"sandbox, Python {platform.python_version()}"
    keeps = frozenset({"yes", "no", "undecided"})

    def find(self) -> Path | None:
        """The tests of the running interpreter, which some distributions leave out."""
        folder = Path(sysconfig.get_path("stdlib")) / "test"
        return folder if (folder / "test_builtin.py").is_file() else None

    def version_of(self, source: Path) -> str:
        """Of the running interpreter, if the tests are its own; else the archive's name."""
        return f"CPython {platform.python_version()}" if source == self.find() else source.name

    def drafts(self, source: Path) -> Iterator[Draft]:
        """Every assertion that two things are equal, one of them a literal; those of one text count once."""
        seen: set[tuple[str, str]] = set()
        for name, content in sources(source, lambda name: _TEST.fullmatch(name) is not None):
            try:
                module = ast.parse(content)
            except (SyntaxError, ValueError):
                continue
            file = name[name.find("test_") :]
            for function in ast.walk(module):
                if isinstance(function, ast.FunctionDef):
                    for line, prompt, answer, problem in _pairs(function):
                        if (prompt, answer) not in seen or problem:
                            seen.add((prompt, answer))
                            topic = Path(file).stem.removeprefix("test_")
                            yield Draft(prompt, answer, topic, f"{file} {function.name}", file, line, problem)
        if not seen:
            raise ValueError(f"{source}: has no tests of CPython; give its source archive or its folder Lib/test")

    @contextmanager
    def checking(self, workers: int) -> Iterator[Check]:
        """Runs in the sandbox."""
        with Sandbox(backend=backend(), workers=workers) as box:

            def check(drafts: Sequence[Draft]) -> list[Checked]:
                runs = box.run([Program(draft.prompt) for draft in drafts])
                return [_checked(draft, run) for draft, run in zip(drafts, runs, strict=True)]

            yield check


BUILDER = CPython()


def _pairs(function: ast.FunctionDef) -> Iterator[tuple[int, str, str, str]]:
    """Line, expression, literal and what is wrong, of every assertion of a test."""
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name), args=[left, right, *_]) if (
                name in _EQUAL
            ):
                yield node.lineno, *_pair(left, right)


def _pair(left: ast.expr, right: ast.expr) -> tuple[str, str, str]:
    if _is_literal(left):
        left, right = right, left
    if not _is_literal(right):
        return "", "", "neither side is a literal"
    if _is_literal(left):
        return "", "", "both sides are literals"
    if foreign := _foreign(left):
        return "", "", f"name {foreign}"
    prompt, answer = ast.unparse(left), ast.unparse(right)
    if len(prompt) + len(answer) > _MOST_CHARS:
        return "", "", f"longer than {_MOST_CHARS} characters"
    if not (prompt + answer).isascii() or not (prompt + answer).isprintable():
        return "", "", "a character that is not printable ASCII"
    return prompt, answer, ""


def _is_literal(node: ast.expr) -> bool:
    allowed = (ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.USub, ast.Load)
    return all(isinstance(inner, allowed) for inner in ast.walk(node)) and value_of(ast.unparse(node)) is not None


def _foreign(node: ast.expr) -> str:
    """A name from outside, or a construct that an expression of its own cannot have; empty where there is none."""
    bound = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
    bound |= {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id not in bound | _BUILTINS:
            return inner.id
        if isinstance(inner, ast.Attribute) and inner.attr.startswith("_"):
            return inner.attr
        if isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return type(inner).__name__
    return ""


def _checked(draft: Draft, run: Execution) -> Checked:
    status, reason = "yes", ""
    if run.outcome is not Outcome.OK:
        status, reason = "undecided", f"{run.outcome}: {run.error}"[:100]
    elif run.value != value_of(draft.answer):
        status, reason = "no", f"its value is {run.value}"[:100]
    return Checked(status, reason, draft.prompt, draft.answer, (draft.prompt,))  # type: ignore[arg-type]
