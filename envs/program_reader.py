"""Text to trees of the small Python in `envs.program_tree`; everything else is refused.

Python's own parser does the layout and precedence, under bounds on length and letters; it makes a tree and runs
nothing. What it finds is then rebuilt node by node: a kind of node, a name or a pair of types that is not listed here
is refused, so that a new Python adds nothing to the subset.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NoReturn, cast

from envs.core import MAX_CHARS
from envs.program_tree import (
    MAX_SIZE,
    STRING_LETTERS,
    Append,
    Apply,
    Assign,
    Block,
    Constant,
    Expression,
    For,
    Form,
    Function,
    If,
    Items,
    Name,
    Return,
    Statement,
    Type,
    apply,
    size,
)

MAX_DEPTH = 30
"""Most expressions inside each other."""

MAX_BLOCKS = 4
"""Most blocks inside each other."""

MAX_NAMES = 12
MAX_ITEMS = 8
MAX_DIGITS = 3
MAX_STRING = 12

# A number that touches a letter, or begins with 0, is a warning or a second spelling to Python.
_TOKEN = re.compile(
    rf"'[{STRING_LETTERS}]*'|[A-Za-z]+(?![0-9])|(?:0|[1-9][0-9]*)(?![0-9A-Za-z])|//|[<>=!+*-]=|[-+*%()\[\],.:<>=\n ]"
)
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Lt: "<",
    ast.Gt: ">",
    ast.LtE: "<=",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.USub: "-",
}
_AUGMENTED = ("+", "-", "*")
_TAKES = ("int", "str", "list")


class ProgramRefused(ValueError):
    """Text that is no function of the subset; the message says why."""


@lru_cache(maxsize=4096)
def read(text: str, name: str = "f") -> Function:
    """Parse a function of that name.

    Raises:
        ProgramRefused: The text is longer than `MAX_CHARS`, not of the subset, or a tree of more than `MAX_SIZE` nodes.
    """
    if len(text) > MAX_CHARS:
        raise ProgramRefused(f"longer than {MAX_CHARS} characters")
    if sum(map(len, _TOKEN.findall(text))) != len(text):
        raise ProgramRefused("a character, or a number beside a letter, outside the subset")
    try:
        module = ast.parse(text)
    except SyntaxError as problem:
        raise ProgramRefused(f"no Python: {problem.msg}") from None
    except (RecursionError, MemoryError):
        raise ProgramRefused("nested too deeply") from None
    match module.body:
        case [ast.FunctionDef(decorator_list=[], returns=None) as definition] if definition.name == name:
            function = _Reader().function(definition)
        case _:
            raise ProgramRefused(f"not one function {name}(x:type)")
    if size(function) > MAX_SIZE:
        raise ProgramRefused(f"more than {MAX_SIZE} nodes")
    return function


def _refuse(why: str) -> NoReturn:
    raise ProgramRefused(why)


class _Reader:
    """One pass over a definition: what it assigns, and of what types, is checked on the way."""

    def __init__(self) -> None:
        self._types: dict[str, Type] = {}
        self._gives: Type | None = None

    def function(self, definition: ast.FunctionDef) -> Function:
        match definition.args:
            case ast.arguments(
                posonlyargs=[],
                args=[ast.arg(arg=parameter, annotation=ast.Name(id=kind))],
                vararg=None,
                kwonlyargs=[],
                kwarg=None,
                defaults=[],
            ) if kind in _TAKES:
                takes = cast(Type, kind)
            case _:
                _refuse("not one parameter annotated int, str or list")
        self._declare(parameter, takes)
        body, ends, _ = self._block(definition.body, frozenset({parameter}), 1)
        if not ends or self._gives is None:
            _refuse("a path without a return")
        return Function(parameter, takes, self._gives, body)

    def _declare(self, name: str, kind: Type) -> None:
        if len(name) != 1 or not "a" <= name <= "z" or name == "f":
            _refuse(f"{name[:20]!r} is no name: use one letter but f")
        if kind == "range":
            _refuse("a range is only for a loop")
        if self._types.setdefault(name, kind) != kind:
            _refuse(f"{name} has two types")
        if len(self._types) > MAX_NAMES:
            _refuse(f"more than {MAX_NAMES} names")

    def _block(self, nodes: list[ast.stmt], known: frozenset[str], depth: int) -> tuple[Block, bool, frozenset[str]]:
        """The block, whether it surely returns, and the names that are surely assigned after it."""
        if depth > MAX_BLOCKS:
            _refuse(f"blocks nested deeper than {MAX_BLOCKS}")
        statements: list[Statement] = []
        ends = False
        for node in nodes:
            if ends:
                _refuse("a statement after a return")
            statement, ends, known = self._statement(node, known, depth)
            statements.append(statement)
        return tuple(statements), ends, known

    def _statement(self, node: ast.stmt, known: frozenset[str], depth: int) -> tuple[Statement, bool, frozenset[str]]:
        match node:
            case ast.Return(value=ast.expr() as returned):
                return self._returned(self._expression(returned, known, 0)), True, known
            case ast.Assign(targets=[ast.Name(id=name)], value=assigned):
                value = self._expression(assigned, known, 0)
                self._declare(name, value.type)
                return Assign(name, value), False, known | {name}
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=assigned):
                spelling = _OPERATORS.get(type(op), "")
                target = self._name(name, known)
                # A list would be changed in place, which is not what `a=a+b` does where it has a second name.
                if spelling not in _AUGMENTED or target.type == "list":
                    _refuse("augmented assignment other than +=, -= and *= of integers, or += of strings")
                value = self._applied("infix", spelling, target, self._expression(assigned, known, 0))
                return Assign(name, value), False, known
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item], keywords=[])
            ):
                value = self._expression(item, known, 0)
                if self._name(name, known).type != "list" or value.type != "int":
                    _refuse("append of other than an integer to a list")
                return Append(name, value), False, known
            case ast.If(test=tested, body=body, orelse=orelse):
                return self._choice(tested, body, orelse, known, depth)
            case ast.For(target=ast.Name(id=name), iter=iterated, body=body, orelse=[]):
                return self._loop(name, iterated, body, known, depth), False, known
        _refuse(f"a statement outside the subset: {type(node).__name__}")

    def _returned(self, value: Expression) -> Return:
        if value.type == "range":
            _refuse("a range is only for a loop")
        if self._gives not in (None, value.type):
            _refuse("returns of two types")
        self._gives = value.type
        return Return(value)

    def _choice(
        self, tested: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], known: frozenset[str], depth: int
    ) -> tuple[If, bool, frozenset[str]]:
        test = self._expression(tested, known, 0)
        if test.type != "bool":
            _refuse("a test that is no bool")
        then, then_ends, after_then = self._block(body, known, depth + 1)
        otherwise, else_ends, after_else = self._block(orelse, known, depth + 1)
        after = after_then & after_else
        if then_ends or else_ends:
            after = after_else if then_ends else after_then
        return If(test, then, otherwise), then_ends and else_ends, after

    def _loop(self, name: str, iterated: ast.expr, body: list[ast.stmt], known: frozenset[str], depth: int) -> For:
        items = self._expression(iterated, known, 0)
        if items.type not in ("str", "list", "range"):
            _refuse("a loop over other than a string, a list or a range")
        self._declare(name, "str" if items.type == "str" else "int")
        block, _, _ = self._block(body, known | {name}, depth + 1)
        return For(name, items, block)

    def _expression(self, node: ast.expr, known: frozenset[str], depth: int) -> Expression:
        if depth > MAX_DEPTH:
            _refuse(f"expressions nested deeper than {MAX_DEPTH}")
        inside = depth + 1
        match node:
            case ast.Constant(value=value, kind=None):
                return _constant(value)
            case ast.Name(id=name):
                return self._name(name, known)
            case ast.List(elts=nodes) if len(nodes) <= MAX_ITEMS:
                items = tuple(self._expression(item, known, inside) for item in nodes)
                if any(item.type != "int" for item in items):
                    _refuse("a list of other than integers")
                return Items(items)
            case ast.UnaryOp(op=op, operand=operand):
                return self._applied("prefix", _OPERATORS.get(type(op), "?"), self._expression(operand, known, inside))
            case ast.BinOp(left=left, op=op, right=right):
                arguments = self._expression(left, known, inside), self._expression(right, known, inside)
                return self._applied("infix", _OPERATORS.get(type(op), "?"), *arguments)
            case ast.Compare(left=left, ops=[compared], comparators=[right]):
                arguments = self._expression(left, known, inside), self._expression(right, known, inside)
                return self._applied("infix", _OPERATORS.get(type(compared), "?"), *arguments)
            case ast.BoolOp(op=joint, values=[first, *rest]):
                joined = self._expression(first, known, inside)
                for nth, other in enumerate(rest):
                    if depth + nth > MAX_DEPTH:
                        _refuse(f"expressions nested deeper than {MAX_DEPTH}")
                    joined = self._applied(
                        "infix", _OPERATORS[type(joint)], joined, self._expression(other, known, inside)
                    )
                return joined
            case ast.IfExp(test=test, body=then, orelse=orelse):
                parts = [self._expression(part, known, inside) for part in (test, then, orelse)]
                return self._applied("choice", "if", *parts)
            case ast.Call(func=ast.Name(id=called), args=nodes, keywords=[]):
                return self._applied("call", called, *(self._expression(part, known, inside) for part in nodes))
            case ast.Call(func=ast.Attribute(value=owner, attr=called), args=nodes, keywords=[]):
                parts = [self._expression(part, known, inside) for part in (owner, *nodes)]
                return self._applied("method", called, *parts)
            case ast.Subscript(value=owner, slice=place):
                return self._subscript(self._expression(owner, known, inside), place, known, inside)
        _refuse(f"an expression outside the subset: {type(node).__name__}")

    def _subscript(self, items: Expression, place: ast.expr, known: frozenset[str], depth: int) -> Apply:
        match place:
            case ast.Slice(lower=None, upper=None, step=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))):
                return self._applied("back", "", items)
            case ast.Slice(lower=ast.expr() as start, upper=None, step=None):
                return self._applied("from", "", items, self._expression(start, known, depth))
            case ast.Slice(lower=None, upper=ast.expr() as stop, step=None):
                return self._applied("to", "", items, self._expression(stop, known, depth))
            case ast.Slice(lower=ast.expr() as start, upper=ast.expr() as stop, step=None):
                places = self._expression(start, known, depth), self._expression(stop, known, depth)
                return self._applied("between", "", items, *places)
            case ast.Slice():
                _refuse("a slice other than [a:], [:b], [a:b] and [::-1]")
        return self._applied("index", "", items, self._expression(place, known, depth))

    def _name(self, name: str, known: frozenset[str]) -> Name:
        if name not in known:
            _refuse(f"{name[:20]!r} may have no value")
        return Name(name, self._types[name])

    def _applied(self, form: Form, spelling: str, *arguments: Expression) -> Apply:
        applied = apply(form, spelling, *arguments)
        if applied is None:
            _refuse(f"{spelling[:20] or form} of {', '.join(argument.type for argument in arguments) or 'nothing'}")
        return applied


def _constant(value: object) -> Constant:
    if isinstance(value, bool):
        return Constant(value, "bool")
    if isinstance(value, int) and value < 10**MAX_DIGITS:
        return Constant(value, "int")
    if isinstance(value, str) and len(value) <= MAX_STRING:
        return Constant(value, "str")
    _refuse("a literal outside the subset, or too large")
