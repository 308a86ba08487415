"""The Rubi suite inside the wheel of sympy 1.10.1, the last that carried it.

Two forms occur, one problem each, with the integrand, the variable and the antiderivative:

    assert rubi_test(rubi_integrate(1/x, x), x, log(x), ...)
    test = [[1/x, x, S(1), log(x)], ...]
"""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from envs.core import MalformedTask, Outcome, Task, Verdict
from envs.corpus.archive import sources
from envs.corpus.builders.builder import Builder, Check, Checked, Draft
from envs.corpus.rubi import restyled
from envs.corpus.syntax import Reader, Unread, template_of
from envs.expression import GrammarError, Tree, text_of
from envs.grammar import parse
from envs.math.antiderivative import Antiderivative
from envs.pool import Failure, Pool

_FOLDER = "sympy/integrals/rubi/rubi_tests/tests/test_"
_CHECKER = Antiderivative()
_LIMIT_S = 10.0
_TRIES = 3
_CONFIRMATIONS = 10
"""Of answers that random points or random images confirm: others are drawn each time, and all must agree."""
_MOST_SHOWN = 160


class Rubi(Builder):
    """Reads by syntax tree, checks by differentiating."""

    name = "rubi"
    requirement = "sympy==1.10.1"
    licence = "MIT AND BSD-3-Clause"
    checked_by = f"{Antiderivative.name} {Antiderivative.version}"

    def version_of(self, source: Path) -> str:
        """From the wheel's metadata."""
        return f"Rubi's test suite in {distribution(source)}"

    def drafts(self, source: Path) -> Iterator[Draft]:
        """Every problem; equal text twice is one."""
        seen: set[tuple[str, str]] = set()
        n_found = 0
        for name, content in sources(source, lambda name: name.startswith(_FOLDER) and name.endswith(".py")):
            file = name.rpartition("/")[2]
            for line, integrand, answer in _problems(content):
                n_found += 1
                key = ast.dump(integrand), ast.dump(answer)
                if key not in seen:
                    seen.add(key)
                    yield _draft(integrand, answer, file, line)
        if not n_found:
            raise ValueError(f"{source}: has no Rubi problems; they are in the wheel of {self.requirement}")

    @contextmanager
    def checking(self, workers: int) -> Iterator[Check]:
        """Differentiates in worker processes; what was undecided is tried again, for the clock may have decided."""
        with Pool(_check, workers=workers, limit_s=_LIMIT_S) as pool:

            def check(drafts: Sequence[Draft]) -> list[Checked]:
                found: list[Checked] = [Checked("undecided", "", "", "")] * len(drafts)
                for _ in range(_TRIES):
                    todo = [index for index, result in enumerate(found) if _may_change(result)]
                    results = pool.map([(drafts[index].prompt, drafts[index].answer) for index in todo])
                    for index, result in zip(todo, results, strict=True):
                        found[index] = _checked(drafts[index], result)
                return found

            yield check


BUILDER = Rubi()


def distribution(wheel: Path) -> str:
    """Name and version of a wheel: `sympy 1.10.1`; its file name where it has no metadata."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            metadata = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            lines = archive.read(metadata[0]).decode(errors="replace").splitlines() if metadata else []
    except (OSError, zipfile.BadZipFile):
        return wheel.name
    fields = dict(line.split(": ", 1) for line in lines if ": " in line and line.split(": ", 1)[0] in _FIELDS)
    return " ".join(fields[name] for name in _FIELDS) if len(fields) == len(_FIELDS) else wheel.name


_FIELDS = ("Name", "Version")


def _problems(content: bytes) -> Iterator[tuple[int, ast.expr, ast.expr]]:
    """Line, integrand and antiderivative, in the order of the lines."""
    found: list[tuple[int, ast.expr, ast.expr]] = []
    for node in ast.walk(ast.parse(content)):
        match node:
            case ast.Call(
                func=ast.Name(id="rubi_test"),
                args=[
                    ast.Call(func=ast.Name(id="rubi_integrate"), args=[integrand, ast.Name(id="x")]), _, answer, *_
                ],
            ):  # fmt: skip
                found.append((node.lineno, integrand, answer))
            case ast.List(elts=[integrand, ast.Name(id="x"), _, answer, *_]):
                found.append((node.lineno, integrand, answer))
    return iter(sorted(found, key=lambda problem: problem[0]))


def _draft(integrand: ast.expr, answer: ast.expr, file: str, line: int) -> Draft:
    reader = Reader({"x", *_CHECKER.parameters})
    topic = file.removeprefix("test_").removesuffix(".py")
    prompt = ast.unparse(integrand)
    template = prompt[:_MOST_SHOWN]  # of its own, where the integrand cannot be read
    try:
        tree = reader.tree(integrand)
        prompt, template = text_of(tree), template_of(tree, _CHECKER.parameters)
    except Unread as problem:
        return Draft(prompt[:_MOST_SHOWN], "", topic, template, file, line, f"integrand: {problem}")
    try:
        return Draft(prompt, text_of(reader.tree(answer)), topic, template, file, line)
    except Unread as problem:
        return Draft(prompt[:_MOST_SHOWN], "", topic, template, file, line, f"answer: {problem}")


def _may_change(result: Checked) -> bool:
    """Whether the clock may have decided, and not the answer."""
    return result.status == "undecided" and (not result.reason or "within" in result.reason)


def _check(pair: tuple[str, str]) -> list[Any]:
    prompt, answer = pair
    try:
        styled = _CHECKER.parse(restyled(prompt, _CHECKER))
    except GrammarError as problem:
        return ["unread", f"integrand: {problem}", prompt[:_MOST_SHOWN], ""]
    except MalformedTask as problem:
        return ["undecided", f"integrand refused: {problem}", prompt, answer]
    try:
        spelled = restyled(answer, _CHECKER)
    except GrammarError as problem:
        return ["unread", f"answer: {problem}", prompt[:_MOST_SHOWN], ""]
    verdict = _verdict(styled, spelled)
    if verdict.outcome is Outcome.CORRECT:
        # Equal text, equal to the checker however it is spelled, or with one antiderivative: the same task.
        keys = [f"task {styled.prompt}", f"same {styled.canonical}", f"answer {spelled}"]
        return ["yes", "", styled.prompt, spelled, keys, template_of(_tree(styled.prompt), _CHECKER.parameters)]
    status = "no" if verdict.outcome is Outcome.INCORRECT else "undecided"
    return [status, f"{verdict.outcome}: {verdict.detail}", styled.prompt, spelled]


def _tree(text: str) -> Tree:
    return parse(text, symbols={"x", *_CHECKER.parameters})


def _verdict(task: Task, answer: str) -> Verdict:
    """The first verdict against the answer, or else one for it."""
    for _ in range(_CONFIRMATIONS):
        verdict = _CHECKER.verify(task, answer)
        if verdict.outcome is not Outcome.CORRECT or verdict.tier in ("structural", "exact"):
            break
    return verdict


def _checked(draft: Draft, result: Any) -> Checked:
    if isinstance(result, Failure):
        return Checked("undecided", f"{result.kind}: {result.detail}", draft.prompt, draft.answer)
    status, reason, prompt, answer, *rest = result
    keys, template = rest or ((), "")
    return Checked(status, reason, prompt, answer, tuple(keys), template)
