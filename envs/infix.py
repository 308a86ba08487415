"""Expressions of positive integers with + - * / and parentheses: reading, exact value, writing.

A tree is a number or `(operation, left, right)`. Operators of one precedence group from the left; there are no signs.
A division that leaves a remainder has no value here.
"""

from __future__ import annotations

import re
from random import Random
from typing import TypeAlias

Tree: TypeAlias = "int | tuple[str, Tree, Tree]"

MOST_CHARS = 80
"""Longest text that is read; depth, time and the size of values are bounded by it."""

_TEXT = re.compile(r"(?:[1-9][0-9]*|[-+*/()])+")
_TOKEN = re.compile(r"[0-9]+|[-+*/()]")
_BINDING = {"(": 0, "+": 1, "-": 1, "*": 2, "/": 2}


def read(text: str) -> Tree | None:
    """The tree of a text, or None if it is no expression or too long."""
    if len(text) > MOST_CHARS or not _TEXT.fullmatch(text):
        return None
    values: list[Tree] = []
    operators: list[str] = []
    after_value = False
    for token in _TOKEN.findall(text):
        if (token in "+-*/)") != after_value:
            return None
        if token == "(":
            operators.append(token)
        elif token == ")":
            _reduce(values, operators, 1)
            if not operators:
                return None
            operators.pop()
        elif token in _BINDING:
            _reduce(values, operators, _BINDING[token])
            operators.append(token)
            after_value = False
        else:
            values.append(int(token))
            after_value = True
    if not after_value or "(" in operators:
        return None
    _reduce(values, operators, 1)
    return values[0]


def write(tree: Tree) -> str:
    """The expression with no parentheses but those it needs."""
    return _written(tree)[0]


def value(tree: Tree) -> int | None:
    """The integer that a tree stands for; None if a division in it is by 0 or leaves a remainder."""
    if isinstance(tree, int):
        return tree
    left, right = value(tree[1]), value(tree[2])
    if left is None or right is None:
        return None
    match tree[0]:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left // right if right and left % right == 0 else None


def leaves(tree: Tree) -> list[int]:
    """The numbers in a tree, from the left."""
    return [tree] if isinstance(tree, int) else leaves(tree[1]) + leaves(tree[2])


def mirrored(tree: Tree, rng: Random) -> Tree:
    """The tree with the sides of some of its sums and products exchanged."""
    if isinstance(tree, int):
        return tree
    left, right = mirrored(tree[1], rng), mirrored(tree[2], rng)
    return (tree[0], right, left) if tree[0] in "+*" and rng.random() < 0.5 else (tree[0], left, right)


def _reduce(values: list[Tree], operators: list[str], binding: int) -> None:
    """Apply the waiting operators that bind at least so tightly."""
    while operators and _BINDING[operators[-1]] >= binding:
        right, left = values.pop(), values.pop()
        values.append((operators.pop(), left, right))


def _written(tree: Tree) -> tuple[str, int]:
    """Text and how tightly its outermost operator binds."""
    if isinstance(tree, int):
        return str(tree), 3
    binding = _BINDING[tree[0]]
    (left, left_binding), (right, right_binding) = _written(tree[1]), _written(tree[2])
    if left_binding < binding:
        left = f"({left})"
    if right_binding < binding or (right_binding == binding and tree[0] in "-/*"):
        right = f"({right})"
    return f"{left}{tree[0]}{right}", binding
