"""What functions of the small Python do, computed here: for sampling, where the sandbox would be far too slow.

No verdict rests on this. `parse` and `verify` of the code families ask Python in the sandbox, and tests show on
thousands of runs that both say the same. A tree becomes closures, so that running it on many inputs is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from envs.program_tree import (
    ERRORS,
    MAX_INTEGER,
    MAX_LENGTH,
    MAX_TURNS,
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
    Statement,
    Type,
    Value,
)
from envs.program_values import read_value, write_value

_Scope: TypeAlias = dict[str, Any]
_Computed: TypeAlias = Callable[[_Scope], Any]

_GOES_ON = object()
_TURNS = ""
"""Where a scope counts the turns that are left; no name is empty."""

RAISED = (IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError)
assert {error.__name__ for error in RAISED} == {*ERRORS, "OverflowError"}


def compute(function: Function, inputs: Sequence[str]) -> list[str]:
    """What a function does with each input: text as in `envs.program_values`, in order."""
    body, parameter = _block(function.body), function.parameter
    done = []
    for value in _values(tuple(inputs), function.takes):
        # A list is copied, as functions may append to it.
        scope = {parameter: value.copy() if isinstance(value, list) else value, _TURNS: MAX_TURNS}
        try:
            done.append(write_value(body(scope)))
        except RAISED as raised:
            done.append(f"!{type(raised).__name__}")
    return done


@lru_cache(maxsize=64)
def _values(inputs: tuple[str, ...], kind: Type) -> tuple[Value, ...]:
    return tuple(read_value(text, kind) for text in inputs)


def keep(value: Any) -> Any:
    """The value, if it is within the bounds; the sandbox has a function of the same name that does the same."""
    if isinstance(value, int):
        fits = -MAX_INTEGER <= value <= MAX_INTEGER
    else:
        fits = len(value) <= MAX_LENGTH
        if fits and value and isinstance(value, list):
            fits = -MAX_INTEGER <= min(value) <= max(value) <= MAX_INTEGER
    if not fits:
        raise OverflowError
    return value


def _block(block: Block) -> _Computed:
    steps = [_statement(statement) for statement in block]
    if len(steps) == 1:
        return steps[0]

    def run(scope: _Scope) -> Any:
        for step in steps:
            if (value := step(scope)) is not _GOES_ON:
                return value
        return _GOES_ON

    return run


def _statement(statement: Statement) -> _Computed:
    match statement:
        case Return(value):
            returned = _expression(value)
            return lambda scope: keep(returned(scope))
        case Assign(name, value):
            assigned = _expression(value)

            def assign(scope: _Scope) -> Any:
                scope[name] = keep(assigned(scope))
                return _GOES_ON

            return assign
        case Append(name, value):
            appended = _expression(value)

            def append(scope: _Scope) -> Any:
                scope[name].append(keep(appended(scope)))
                return _GOES_ON

            return append
        case If(test, then, otherwise):
            tested, yes, no = _expression(test), _block(then), _block(otherwise)
            return lambda scope: yes(scope) if tested(scope) else no(scope)
        case For():
            return _loop(statement)


def _loop(loop: For) -> _Computed:
    name, items, body = loop.name, _expression(loop.items), _block(loop.body)

    def run(scope: _Scope) -> Any:
        for item in items(scope):
            scope[_TURNS] -= 1
            if scope[_TURNS] < 0:
                raise OverflowError
            scope[name] = item
            if (value := body(scope)) is not _GOES_ON:
                return value
        return _GOES_ON

    return run


def _expression(expression: Expression) -> _Computed:
    match expression:
        case Constant(value):
            return lambda _: value
        case Name(name):
            return lambda scope: scope[name]
        case Items(items):
            computed = [_expression(item) for item in items]
            return lambda scope: [item(scope) for item in computed]
        case Apply():
            return _applied(expression)


def _applied(expression: Apply) -> _Computed:
    operation, parts = expression.operation, [_expression(part) for part in expression.arguments]
    compute = operation.compute
    match operation.spelling, parts:
        case "and", [left, right]:
            return lambda scope: left(scope) and right(scope)
        case "or", [left, right]:
            return lambda scope: left(scope) or right(scope)
        case "if", [test, then, otherwise]:
            return lambda scope: then(scope) if test(scope) else otherwise(scope)
        case "replace", [text, old, new]:
            return lambda scope: keep(compute(text(scope), old(scope), new(scope)))
        case _, [only]:
            return lambda scope: compute(only(scope))
        case _, [left, _] if isinstance(constant := expression.arguments[1], Constant):
            value = constant.value
            return lambda scope: compute(left(scope), value)
        case _, [left, right]:
            return lambda scope: compute(left(scope), right(scope))
        case _, [first, second, third]:
            return lambda scope: compute(first(scope), second(scope), third(scope))
    raise AssertionError("an operation takes one to three arguments")
