"""Functions that differ from a given one in one place: the slips that the code families plant and look for.

A mutant has the size and the types of its original: an operation becomes a sister of the same signature (`<` and `<=`,
`min` and `max`, `x[a:]` and `x[:a]`), two arguments change places, a digit moves by one, a letter becomes another, a
bool the other. A twin is written in another way and does the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from envs.program_interpreter import compute
from envs.program_tree import (
    OPERATIONS,
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
    Operation,
    Return,
    Statement,
    Type,
)
from envs.program_values import inputs
from envs.program_writer import write

_INDENT = re.compile(r"(?<=\n) +")
_SLICES = ("from", "to")
_COMMUTES = {"+", "*", "==", "!=", "min", "max"}


def _sisters() -> dict[tuple[Form, str, tuple[Type, ...]], list[Operation]]:
    groups: dict[tuple[object, ...], list[Operation]] = defaultdict(list)
    for operation in OPERATIONS.values():
        form = "slice" if operation.form in _SLICES else operation.form
        groups[form, operation.takes, operation.gives].append(operation)
    return {
        (operation.form, operation.spelling, operation.takes): [other for other in group if other != operation]
        for group in groups.values()
        for operation in group
    }


_SISTERS = _sisters()


def mutants(function: Function) -> list[Function]:
    """Every function that differs in one place, in the order of the text."""
    return [replace(function, body=body) for body in _blocks(function.body)]


def twin(function: Function, rng: Random) -> str:
    """Another text that does the same with every input: two arguments that commute have changed places.

    Where nothing commutes, it is the same function in a wider layout.
    """
    known = inputs(function.takes)
    done = compute(function, known)
    swapped = [replace(function, body=body) for body in _blocks(function.body, swap=True)]
    while swapped:
        other = swapped.pop(rng.randrange(len(swapped)))
        if compute(other, known) == done:
            return write(other)
    return _INDENT.sub(lambda spaces: spaces[0] * 4, write(function))


def _blocks(block: Block, *, swap: bool = False) -> Iterator[Block]:
    for place, statement in enumerate(block):
        for other in _statements(statement, swap=swap):
            yield (*block[:place], other, *block[place + 1 :])


def _statements(statement: Statement, *, swap: bool) -> Iterator[Statement]:
    match statement:
        case Assign() | Append() | Return():
            for value in _expressions(statement.value, swap=swap):
                yield replace(statement, value=value)
        case If():
            for test in _expressions(statement.test, swap=swap):
                yield replace(statement, test=test)
            for then in _blocks(statement.then, swap=swap):
                yield replace(statement, then=then)
            for otherwise in _blocks(statement.otherwise, swap=swap):
                yield replace(statement, otherwise=otherwise)
        case For():
            for items in _expressions(statement.items, swap=swap):
                yield replace(statement, items=items)
            for body in _blocks(statement.body, swap=swap):
                yield replace(statement, body=body)


def _expressions(expression: Expression, *, swap: bool) -> Iterator[Expression]:
    match expression:
        case Constant(value, kind):
            if not swap:
                yield from (Constant(other, kind) for other in _constants(value))
        case Name():
            return
        case Items(items):
            for place, item in enumerate(items):
                for other in _expressions(item, swap=swap):
                    yield Items((*items[:place], other, *items[place + 1 :]))
        case Apply(operation, arguments):
            match arguments:
                case [left, right] if left.type == right.type and left != right:
                    if not swap or (operation.spelling in _COMMUTES and left.type == "int"):
                        yield Apply(operation, (right, left))
            if not swap:
                for sister in _SISTERS[operation.form, operation.spelling, operation.takes]:
                    yield Apply(sister, arguments)
            for place, argument in enumerate(arguments):
                for other in _expressions(argument, swap=swap):
                    yield Apply(operation, (*arguments[:place], other, *arguments[place + 1 :]))


def _constants(value: int | bool | str) -> Iterator[int | bool | str]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (near for near in (value - 1, value + 1) if near >= 0 and len(str(near)) == len(str(value)))
    else:
        for place, letter in enumerate(value):
            yield value[:place] + ("b" if letter == "a" else "a") + value[place + 1 :]
