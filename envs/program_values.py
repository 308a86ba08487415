"""Values of the small Python of `envs.program_tree`, as text, and the inputs on which functions are compared.

A value has one spelling: `-7`, `True`, `'ab'`, `[1,-2]`. What a function does with an input is one text, too: the
value it gives, or `!` and the name of the error it raises.
"""

from __future__ import annotations

import re

from envs.program_tree import STRING_LETTERS, Type, Value

MAX_INPUT = 999
MAX_STRING = 12
MAX_ITEMS = 8

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_LONGEST = {"int": 4, "str": MAX_STRING + 2, "list": 5 * MAX_ITEMS + 1}
_PATTERNS = {
    "int": _INTEGER,
    "str": re.compile(f"'[{STRING_LETTERS}]*'"),
    "list": re.compile(rf"\[(?:(?:{_INTEGER.pattern})(?:,(?:{_INTEGER.pattern}))*)?\]"),
}
_RESULTS = {
    "int": _INTEGER,
    "bool": re.compile("True|False"),
    "str": _PATTERNS["str"],
    "list": _PATTERNS["list"],
}

_INTEGERS = (2, 0, 5, -3, 7, 12, 1, -1, 3, 4, 6, 8, 9, 10, 11, 13, 14, 15, 16, 17)
_MORE_INTEGERS = (18, 20, 21, 24, 25, 27, 30, 33, 36, 40, 42, 49, 50, -2, -4, -5, -6, -9, -10, -16)
_STRINGS = (
    "ab", "", "b3a", "aab", "7", "cba", "a", "b", "ba", "abc", "aa", "bb", "12", "30", "a1", "1b", "abab", "bab",
    "aaa", "bbb",
)  # fmt: skip
_MORE_STRINGS = (
    "c", "cab", "abba", "ccab", "x", "xyx", "-4", "105", "0", "a-b", "code", "data", "test", "level", "banana",
    "9z", "zz9", "hello", "abcde", "a2b2c2",
)  # fmt: skip
_LISTS: tuple[list[int], ...] = (
    [3, 1, 2], [], [4, 4, -1], [7], [1, 2, 3, 4], [0, 5], [0], [1], [2], [-3], [1, 1], [2, 1], [5, 5, 5], [9, 8],
    [-1, 1], [10, 20], [2, 4, 6], [1, 3, 5], [6, 0, 6], [1, 2, 1],
)  # fmt: skip
_MORE_LISTS = (
    [8, 3, 5, 1], [-2, -7, 4], [12], [0, 0, 1], [3, 3, 2, 2], [9, 1, 8, 2], [5, 4, 3, 2, 1], [1, 2, 3, 4, 5],
    [11, 7], [7, 11, 13], [-5, 0, 5], [2, 9, 2], [30, 15], [6, 6], [-8], [4, 1, 7, 7, 3], [0, 1, 0, 1], [14, -14],
    [20, 3, 9], [1, 8, 27],
)  # fmt: skip

N_INPUTS = 40
"""Inputs on which functions of a type are compared."""


def inputs(kind: Type) -> tuple[str, ...]:
    """The inputs on which functions of a type are compared, as text: the same in every process, varied ones first.

    Raises:
        ValueError: No function takes the type.
    """
    match kind:
        case "int":
            return tuple(map(str, _INTEGERS + _MORE_INTEGERS))
        case "str":
            return tuple(f"'{text}'" for text in _STRINGS + _MORE_STRINGS)
        case "list":
            return tuple(write_value(items) for items in _LISTS + _MORE_LISTS)
    raise ValueError(f"kind={kind!r}: functions take 'int', 'str' or 'list'")


def write_value(value: Value) -> str:
    """The one spelling of a value."""
    return repr(value).replace(" ", "") if isinstance(value, list) else repr(value)


def is_input(text: str, kind: Type) -> bool:
    """Whether text spells a value that a function of a parameter's type may be given: bounded, and in one spelling."""
    if len(text) > _LONGEST[kind] or not _PATTERNS[kind].fullmatch(text):
        return False
    if kind == "str":
        return True
    numbers = [int(number) for number in re.findall(r"-?[0-9]+", text)]
    return len(numbers) <= MAX_ITEMS and all(abs(number) <= MAX_INPUT for number in numbers)


def is_result(text: str, kind: Type, longest: int) -> bool:
    """Whether text spells a value of a type, in at most `longest` characters."""
    return len(text) <= longest and _RESULTS[kind].fullmatch(text) is not None


def read_value(text: str, kind: Type) -> Value:
    """The value of text that `is_input` or `is_result` accepted."""
    match kind:
        case "int":
            return int(text)
        case "bool":
            return text == "True"
        case "str":
            return text[1:-1]
    return [int(number) for number in re.findall(r"-?[0-9]+", text)]
