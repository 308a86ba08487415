"""Functions of a typed subset of Python, as trees: one parameter, and values of four types.

    function   = "def f(" name ":" type "):" block
    type       = "int" | "str" | "list"                                    a list holds integers
    block      = { statement } ( return | if-else whose two blocks return )
    statement  = name "=" expression | name ("+=" | "-=" | "*=") expression | name ".append(" expression ")"
               | "if" expression ":" block [ "else:" block ] | "for" name "in" expression ":" block
    expression = literal | name | what `OPERATIONS` lists

Every name has one type and has surely been assigned where it is used, every path ends in a return, and all returns
give one type (int, bool, str or list). There is no `while`, no recursion, no import, no set or dict: so nothing
depends on the order of hashes, and what a function can raise is short (`ERRORS`).

Two bounds make every function end soon, in `envs.program_interpreter` and in the sandbox alike: `MAX_TURNS` turns of
all loops together, and values no larger than `MAX_INTEGER` or longer than `MAX_LENGTH` wherever one is assigned,
appended, returned or given by `replace`. Passing a bound counts as `OverflowError`, which no task is about.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

MAX_INTEGER = 999_999
MAX_LENGTH = 200
MAX_TURNS = 300
MAX_SIZE = 64
"""Most nodes of a function; see `size`."""

PROGRAM_ALPHABET = "\n !%'()*+,-./0123456789:<=>FT[]abcdefghijklmnopqrstuvwxyz"
STRING_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
"""What strings hold: letters, and what `str` of an integer gives."""

LOCALS = "abcdeghijklmnopqrstuvwyz"
"""Names in canonical text, in order of assignment; `x` is the parameter, and `f` the function."""

ERRORS = ("IndexError", "TypeError", "ValueError", "ZeroDivisionError")
"""What a function may raise within its bounds; a TypeError only from `ord` of a string not of one character."""

Type: TypeAlias = Literal["int", "bool", "str", "list", "range"]
Value: TypeAlias = "int | bool | str | list[int]"
Form: TypeAlias = Literal["infix", "prefix", "call", "method", "index", "from", "to", "between", "back", "choice"]

# Binding strength of a written expression, weakest first.
CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGNED, ATOM = range(9)


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to make a value of values.

    Attributes:
        spelling: As written: an operator, or the name of a function or method.
        form: How it is written around its arguments.
        takes: Types of the arguments.
        gives: Type of the value.
        compute: The value; `and`, `or` and the conditional expression are computed elsewhere, as they skip arguments.
        strength: How strongly it binds.
        fails: Whether it may raise.
    """

    spelling: str
    form: Form
    takes: tuple[Type, ...]
    gives: Type
    compute: Callable[..., Any]
    strength: int = ATOM
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; integers are not negative, as the sign is an operation."""

    value: int | bool | str
    type: Type


@dataclass(frozen=True, slots=True)
class Name:
    """A use of a name."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Items:
    """A list display."""

    items: tuple[Expression, ...]
    type: Type = "list"


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation on arguments of the types that it takes."""

    operation: Operation
    arguments: tuple[Expression, ...]

    @property
    def type(self) -> Type:
        """Of its value."""
        return self.operation.gives


Expression: TypeAlias = Constant | Name | Items | Apply


@dataclass(frozen=True, slots=True)
class Assign:
    """`name = value`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Append:
    """`name.append(value)`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Return:
    """`return value`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    """`if test: then else: otherwise`; the second block may be empty."""

    test: Expression
    then: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class For:
    """`for name in items: body`; the items are a string's, a list's or a range's."""

    name: str
    items: Expression
    body: Block


Statement: TypeAlias = Assign | Append | Return | If | For
Block: TypeAlias = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one parameter.

    Attributes:
        parameter: Name of the parameter.
        takes: Its type.
        gives: Type of every value returned.
        body: Its statements.
    """

    parameter: str
    takes: Type
    gives: Type
    body: Block


def size(part: Function | Statement | Expression) -> int:
    """Nodes of a tree; integers count their digits and strings their characters, so no table hides in a literal."""
    match part:
        case Constant(value=str(value)):
            return 1 + len(value)
        case Constant(value=value):
            return 1 if isinstance(value, bool) else len(str(value))
        case Name():
            return 1
        case Items(items):
            return 1 + sum(map(size, items))
        case Apply(_, arguments):
            return 1 + sum(map(size, arguments))
        case Return(value):
            return 1 + size(value)
        case Assign(_, value) | Append(_, value):
            return 2 + size(value)
        case If(test, then, otherwise):
            return 1 + size(test) + sum(map(size, then)) + sum(map(size, otherwise))
        case For(_, items, body):
            return 2 + size(items) + sum(map(size, body))
        case Function(body=body):
            return sum(map(size, body))


def _operations() -> list[Operation]:
    table: list[Operation] = []

    def add(
        spelling: str,
        form: Form,
        signatures: str,
        compute: Callable[..., Any],
        strength: int = ATOM,
        *,
        fails: bool = False,
    ) -> None:
        for signature in signatures.split(";"):
            takes, gives = signature.split(">")
            types: Any = tuple(takes.split())
            table.append(Operation(spelling, form, types, gives.strip(), compute, strength, fails))  # type: ignore[arg-type]

    add("+", "infix", "int int>int;str str>str;list list>list", operator.add, SUM)
    add("-", "infix", "int int>int", operator.sub, SUM)
    add("*", "infix", "int int>int", operator.mul, PRODUCT)
    add("//", "infix", "int int>int", operator.floordiv, PRODUCT, fails=True)
    add("%", "infix", "int int>int", operator.mod, PRODUCT, fails=True)
    for spelling, compute in (("<", operator.lt), (">", operator.gt), ("<=", operator.le), (">=", operator.ge)):
        add(spelling, "infix", "int int>bool", compute, COMPARISON)
    add("==", "infix", "int int>bool;str str>bool;list list>bool", operator.eq, COMPARISON)
    add("!=", "infix", "int int>bool;str str>bool;list list>bool", operator.ne, COMPARISON)
    add("in", "infix", "str str>bool;int list>bool", lambda item, items: item in items, COMPARISON)
    add("and", "infix", "bool bool>bool", operator.and_, AND)
    add("or", "infix", "bool bool>bool", operator.or_, OR)
    add("not", "prefix", "bool>bool", operator.not_, NOT)
    add("-", "prefix", "int>int", operator.neg, SIGNED)
    every = "bool {0} {0}>{0}"
    add("if", "choice", ";".join(every.format(t) for t in ("int", "bool", "str", "list")), lambda *_: None, CHOICE)
    add("abs", "call", "int>int", abs)
    add("min", "call", "int int>int", min)
    add("max", "call", "int int>int", max)
    add("min", "call", "list>int", min, fails=True)
    add("max", "call", "list>int", max, fails=True)
    add("sum", "call", "list>int", sum)
    add("len", "call", "str>int;list>int", len)
    add("sorted", "call", "list>list", sorted)
    add("str", "call", "int>str", str)
    add("int", "call", "str>int", int, fails=True)
    add("ord", "call", "str>int", ord, fails=True)
    add("range", "call", "int>range", range)
    add("count", "method", "str str>int;list int>int", lambda items, item: items.count(item))
    add("find", "method", "str str>int", str.find)
    add("index", "method", "list int>int", list.index, fails=True)
    add("replace", "method", "str str str>str", str.replace)
    add("startswith", "method", "str str>bool", str.startswith)
    add("endswith", "method", "str str>bool", str.endswith)
    add("", "index", "str int>str;list int>int", operator.getitem, fails=True)
    add("", "from", "str int>str;list int>list", lambda items, start: items[start:])
    add("", "to", "str int>str;list int>list", lambda items, stop: items[:stop])
    add("", "between", "str int int>str;list int int>list", lambda items, start, stop: items[start:stop])
    add("", "back", "str>str;list>list", lambda items: items[::-1])
    return table


OPERATIONS: dict[tuple[Form, str, tuple[Type, ...]], Operation] = {
    (operation.form, operation.spelling, operation.takes): operation for operation in _operations()
}
"""Every operation, by form, spelling and types of the arguments."""


def apply(form: Form, spelling: str, *arguments: Expression) -> Apply | None:
    """The operation on these arguments; None where there is none for their types."""
    operation = OPERATIONS.get((form, spelling, tuple(argument.type for argument in arguments)))
    return None if operation is None else Apply(operation, arguments)
