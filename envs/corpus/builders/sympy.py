"""Equal expressions in sympy's tests and docstrings, as far as they stand alone and our grammar can write them.

    assert trigsimp(1 - sin(x)**2) == cos(x)**2        an assertion, its symbols bound to plain `symbols(...)`
    >>> expand((x + y)**2)                             an example in a docstring, with what it prints
    x**2 + 2*x*y + y**2

The left side is an expression, or one operation on an expression that keeps its value; `diff` and
`integrate` ask for a derivative and an antiderivative.
A name bound to anything but a symbol, or to a symbol of an assumption we have no domain for, leaves the pair out.
"""

from __future__ import annotations

import ast
import doctest
import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from envs.core import Outcome
from envs.corpus.archive import sources
from envs.corpus.builders.builder import Builder, Check, Checked, Draft
from envs.corpus.builders.scope import REAL, Scope
from envs.corpus.identities import Identities, confirm, spelled
from envs.corpus.syntax import Reader, Unread, template_of
from envs.expression import GrammarError, ordered
from envs.grammar import LETTERS, parse
from envs.pool import Failure, Pool

_KEEPING = frozenset(
    {"simplify", "trigsimp", "exptrigsimp", "expand", "expand_mul", "expand_multinomial", "expand_trig", "expand_log"}
    | {"expand_power_base", "expand_power_exp", "factor", "factor_terms", "cancel", "together", "apart", "ratsimp"}
    | {"radsimp", "powsimp", "powdenest", "logcombine", "collect", "rcollect", "horner", "sqrtdenest", "nsimplify"}
    | {"signsimp", "fu", "gcd_terms"}
)
"""Operations of sympy that keep the value of what they are given, unless told otherwise by an option."""

_INTEGRATING = frozenset({"integrate", "manualintegrate", "heurisch", "ratint", "trigintegrate"})
_FU = re.compile(r"TR[0-9]{1,2}|TRmorrie|TRpower")
_EVALUATE = "evaluate"
_LIMIT_S = 5.0

Found: TypeAlias = tuple[int, ast.expr, ast.expr, Mapping[str, str]]
"""Line, both sides, and the domains of the symbols in scope there."""


class Sympy(Builder):
    """Reads by syntax tree, checks by comparing."""

    name = "sympy"
    requirement = "sympy==1.14.0"
    licence = "BSD-3-Clause"
    checked_by = f"{Identities.name} {Identities.version}"
    keeps = frozenset({"yes", "no", "undecided"})

    def find(self) -> Path | None:
        """The installed package, which need not be imported for it."""
        spec = importlib.util.find_spec("sympy")
        return Path(spec.origin).parent if spec is not None and spec.origin else None

    def version_of(self, source: Path) -> str:
        """From the package's own `release.py`."""
        for _, content in sources(source, lambda name: name in ("release.py", "sympy/release.py")):
            if found := re.search(rb"__version__ = \"([0-9.a-z]+)\"", content):
                return f"sympy {found[1].decode()}"
        return source.name

    def drafts(self, source: Path) -> Iterator[Draft]:
        """Every assertion and example of the form; one that is there twice counts once."""
        seen: set[tuple[str, str]] = set()
        for name, content in sources(source, _is_wanted):
            try:
                module = ast.parse(content)
            except (SyntaxError, ValueError):
                continue
            file = name.removeprefix("sympy/")
            for line, left, right, domains in (*_asserted(module), *_documented(module)):
                key = ast.dump(left), ast.dump(right)
                if key not in seen:
                    seen.add(key)
                    yield _draft(left, right, domains, file, line)
        if not seen:
            raise ValueError(f"{source}: has no sympy sources with tests")

    @contextmanager
    def checking(self, workers: int) -> Iterator[Check]:
        """Compares in worker processes."""
        with Pool(_check, workers=workers, limit_s=_LIMIT_S) as pool:

            def check(drafts: Sequence[Draft]) -> list[Checked]:
                results = pool.map([(draft.prompt, draft.answer, draft.context) for draft in drafts])
                return [_checked(draft, result) for draft, result in zip(drafts, results, strict=True)]

            yield check


BUILDER = Sympy()


def _is_wanted(name: str) -> bool:
    path = name.removeprefix("sympy/")
    return path.endswith(".py") and not path.startswith(("integrals/rubi/", "parsing/autolev/", "utilities/"))


def _asserted(module: ast.Module) -> Iterator[Found]:
    """Every `assert left == right` in a function."""
    outer = Scope(module)
    for function in ast.walk(module):
        if not isinstance(function, ast.FunctionDef):
            continue
        scope = Scope(function, outer)
        for node in ast.walk(function):
            match node:
                case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])):
                    yield node.lineno, left, right, scope.at(node.lineno)


def _documented(module: ast.Module) -> Iterator[Found]:
    """Every example in a docstring that prints an expression on one line."""
    for owner in ast.walk(module):
        if not isinstance(owner, ast.Module | ast.ClassDef | ast.FunctionDef) or not (text := ast.get_docstring(owner)):
            continue
        try:
            examples = doctest.DocTestParser().get_examples(text)
            scope = Scope(ast.parse("".join(example.source for example in examples)))
        except (ValueError, SyntaxError):
            continue
        n_lines = 0
        for example in examples:
            n_lines += example.source.count("\n")
            left, right = _expression(example.source), _expression(example.want)
            if left is not None and right is not None:
                yield owner.body[0].lineno + example.lineno, left, right, scope.at(n_lines)


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body if text.strip() else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _draft(left: ast.expr, right: ast.expr, known: Mapping[str, str], file: str, line: int) -> Draft:
    try:
        operation, inner = _operation(left)
        symbols = known.keys() & LETTERS
        reader = Reader(symbols)
        given, answer = reader.tree(inner), reader.tree(right)
        prompt = f"{operation}:{spelled(given)}"
        word, _, variable = operation.partition(" ")
        if variable and variable not in symbols:
            raise Unread(f"name {variable}")
        if not variable and ordered(given) == ordered(answer):
            raise Unread("both sides are one expression to our grammar")
    except (Unread, GrammarError) as problem:
        return Draft("", "", "unread", "", file, line, str(problem))
    used = {node.id for side in (inner, right) for node in ast.walk(side) if isinstance(node, ast.Name)}
    domain = "positive" if any(known.get(name) == "positive" for name in used) else REAL
    return Draft(prompt, spelled(answer), word, f"{operation}:{template_of(given, LETTERS)}", file, line, "", domain)


def _operation(node: ast.expr) -> tuple[str, ast.expr]:
    """What is done to which expression."""
    match node:
        case ast.Call(func=ast.Name(id="diff"), args=[inner, ast.Name(id=variable)], keywords=[]):
            return f"diff {variable}", inner
        case ast.Call(func=ast.Name(id=name), args=[inner, ast.Name(id=variable)], keywords=[]) if name in _INTEGRATING:
            return f"integrate {variable}", inner
        case ast.Call(func=ast.Attribute(value=inner, attr="diff"), args=[ast.Name(id=variable)], keywords=[]):
            return f"diff {variable}", inner
        case ast.Call(func=ast.Name(id=name), args=[inner, *_], keywords=[]) if name in _KEEPING or _FU.fullmatch(name):
            return name, inner
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=_, keywords=[]) if name in _KEEPING:
            return name, inner
        case _:
            return _EVALUATE, node


def _check(case: tuple[str, str, str]) -> list[Any]:
    prompt, answer, domain = case
    try:
        parse(prompt.partition(":")[2])
        parse(answer)
    except GrammarError as problem:
        return ["unread", str(problem)]
    verdict = confirm(prompt, answer, "positive" if domain == "positive" else "real")
    if verdict.outcome is Outcome.CORRECT:
        return ["yes", ""]
    return ["no" if verdict.outcome is Outcome.INCORRECT else "undecided", f"{verdict.outcome}: {verdict.detail}"]


def _checked(draft: Draft, result: Any) -> Checked:
    if isinstance(result, Failure):
        result = ["undecided", f"{result.kind}: {result.detail}"]
    status, reason = result
    return Checked(status, reason, draft.prompt, draft.answer, (draft.prompt,))
