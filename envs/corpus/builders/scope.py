"""Which names of a piece of Python stand for symbols, and where those live.

    x, y = symbols('x y')        x = Symbol('x', positive=True)        from sympy.abc import x

Nothing is executed. A name bound to anything else, in a loop say, is no symbol until it is bound to one again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

REAL, POSITIVE, UNKNOWN = "real", "positive", ""

_DOMAINS = {
    "positive": POSITIVE, "nonnegative": POSITIVE, "real": REAL, "extended_real": REAL, "finite": REAL, "complex": REAL,
    "nonzero": REAL,
}  # fmt: skip
"""Assumptions under which an equation that sympy holds for true holds on the domain too."""


class Scope:
    """The names bound in a module's top level or in a function, from line to line."""

    def __init__(self, tree: ast.AST, outer: Scope | None = None) -> None:
        """Read the bindings; `outer` is where names that are not bound here come from."""
        self._outer = outer
        self._bound: dict[str, list[tuple[int, str]]] = {}
        for line, name, domain in sorted(_bound(tree), key=lambda binding: binding[0]):
            self._bound.setdefault(name, []).append((line, domain))

    def at(self, line: int) -> dict[str, str]:
        """The symbols in scope at a line, each with its domain."""
        names = {*self._bound, *(self._outer._bound if self._outer else ())}
        return {name: domain for name in names if (domain := self.domain(name, line))}

    def domain(self, name: str, line: int) -> str:
        """Where the symbol of that name lives at a line; "" if it is no symbol, or one we cannot place."""
        before = [domain for bound_at, domain in self._bound.get(name, []) if bound_at < line]
        if before:
            return before[-1]
        if name in self._bound or self._outer is None:
            return UNKNOWN
        return self._outer.domain(name, 10**9)


def _bound(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    for node in _own(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.ImportFrom(module="sympy.abc", names=names):
                yield from ((line, alias.asname or alias.name, REAL) for alias in names)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((line, alias.asname or alias.name, UNKNOWN) for alias in names)
            case ast.Assign(targets=[target], value=ast.Call(func=ast.Name(id="symbols" | "Symbol" | "var")) as call):
                yield from ((line, name, domain) for name, domain in _symbols(target, call))
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield line, name, UNKNOWN
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if node is not tree:
                yield line, name, UNKNOWN


def _own(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of scopes within it; of symbol assignments without their targets."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        match node:
            case ast.Assign(value=ast.Call(func=ast.Name(id="symbols" | "Symbol" | "var")), targets=[_]):
                continue
            case ast.FunctionDef() | ast.ClassDef() | ast.Lambda() if node is not tree:
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
        pending.extend(ast.iter_child_nodes(node))


def _symbols(target: ast.expr, call: ast.Call) -> Iterator[tuple[str, str]]:
    targets = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    names = [node.id for node in targets if isinstance(node, ast.Name)]
    spelled = call.args[0].value if len(call.args) == 1 and isinstance(call.args[0], ast.Constant) else None
    # x stands for the symbol y in x = Symbol('y'): an equation is the same under either name, but not with both.
    same = isinstance(spelled, str) and re.split(r"[\s,]+", spelled.strip()) == names
    domain = _domain(call) if same else UNKNOWN
    yield from ((name, domain) for name in names)


def _domain(call: ast.Call) -> str:
    domains = set()
    for keyword in call.keywords:
        holds = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        domains.add(_DOMAINS.get(keyword.arg or "", UNKNOWN) if holds else UNKNOWN)
    if UNKNOWN in domains:
        return UNKNOWN
    return POSITIVE if POSITIVE in domains else REAL
