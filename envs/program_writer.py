"""Small-Python trees as text: canonical, compact, and with Python's own precedence.

One space indents a block, no space stands where Python needs none, parentheses are the fewest, and names are `f`, `x`
and `a`, `b`, ... in order of assignment. So functions that differ in layout or names have one text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from envs.program_tree import (
    ATOM,
    COMPARISON,
    LOCALS,
    NOT,
    OR,
    Append,
    Apply,
    Assign,
    Block,
    Constant,
    Expression,
    For,
    Function,
    If,
    Items,
    Name,
    Return,
)


def write(function: Function, name: str = "f", *, guarded: bool = False) -> str:
    """The text of a function.

    Args:
        function: The tree.
        name: What it is called.
        guarded: Whether values and turns are counted by functions `keep` and `turns`; see `envs.program_runs`.
    """
    names = {function.parameter: "x"}
    for assigned in _assigned(function.body):
        if assigned not in names:
            names[assigned] = LOCALS[len(names) - 1]
    writer = _Writer(names, guarded)
    return "\n".join([f"def {name}(x:{function.takes}):", *writer.block(function.body, " ")])


def _assigned(block: Block) -> Iterator[str]:
    for statement in block:
        match statement:
            case Assign(name, _):
                yield name
            case For(name, _, body):
                yield name
                yield from _assigned(body)
            case If(_, then, otherwise):
                yield from _assigned(then)
                yield from _assigned(otherwise)


class _Writer:
    """Text of blocks and expressions under one naming."""

    def __init__(self, names: Mapping[str, str], guarded: bool) -> None:
        self._names = names
        self._guarded = guarded

    def block(self, block: Block, indent: str) -> Iterator[str]:
        for statement in block:
            match statement:
                case Assign(name, value):
                    yield f"{indent}{self._names[name]}={self._kept(value)}"
                case Append(name, value):
                    yield f"{indent}{self._names[name]}.append({self._kept(value)})"
                case Return(value):
                    yield f"{indent}return {self._kept(value)}"
                case If(test, then, otherwise):
                    yield f"{indent}if {self._text(test)[0]}:"
                    yield from self.block(then, indent + " ")
                    if otherwise:
                        yield f"{indent}else:"
                        yield from self.block(otherwise, indent + " ")
                case For(name, items, body):
                    text = self._text(items)[0]
                    yield f"{indent}for {self._names[name]} in {f'turns({text})' if self._guarded else text}:"
                    yield from self.block(body, indent + " ")

    def _kept(self, value: Expression) -> str:
        text = self._text(value)[0]
        return f"keep({text})" if self._guarded else text

    def _text(self, expression: Expression) -> tuple[str, int]:
        match expression:
            case Constant(value):
                return repr(value), ATOM
            case Name(name):
                return self._names[name], ATOM
            case Items(items):
                return f"[{','.join(self._text(item)[0] for item in items)}]", ATOM
            case Apply():
                return self._applied(expression), expression.operation.strength

    def _applied(self, expression: Apply) -> str:
        operation, arguments = expression.operation, expression.arguments
        spelling, strength = operation.spelling, operation.strength
        match operation.form:
            case "infix":
                left = self._wrapped(arguments[0], strength + (strength == COMPARISON))
                right = self._wrapped(arguments[1], strength + 1)
                return f"{left} {spelling} {right}" if spelling.isalpha() else f"{left}{spelling}{right}"
            case "prefix":
                word = spelling + " " if strength == NOT else spelling
                return word + self._wrapped(arguments[0], strength)
            case "call":
                return f"{spelling}({self._listed(arguments)})"
            case "method":
                text = f"{self._wrapped(arguments[0], ATOM)}.{spelling}({self._listed(arguments[1:])})"
                return f"keep({text})" if self._guarded and spelling == "replace" else text
            case "choice":
                test, then, otherwise = arguments
                return f"{self._wrapped(then, OR)} if {self._wrapped(test, OR)} else {self._text(otherwise)[0]}"
        items, *places = (self._wrapped(arguments[0], ATOM), *(self._text(place)[0] for place in arguments[1:]))
        match operation.form:
            case "from":
                return f"{items}[{places[0]}:]"
            case "to":
                return f"{items}[:{places[0]}]"
            case "between":
                return f"{items}[{places[0]}:{places[1]}]"
            case "back":
                return f"{items}[::-1]"
        return f"{items}[{places[0]}]"

    def _listed(self, arguments: tuple[Expression, ...]) -> str:
        return ",".join(self._text(argument)[0] for argument in arguments)

    def _wrapped(self, expression: Expression, least: int) -> str:
        text, strength = self._text(expression)
        return text if strength >= least else f"({text})"
