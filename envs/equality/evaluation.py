"""What the two ways to evaluate an expression at a point share: limits, errors and the size of a tree.

`balls` bounds its errors and so proves differences; `floats` does not. `backend` picks.
"""

from __future__ import annotations

import math

from envs.expression import Call, Name, Number, Power, Product, Sum, Tree

LARGEST_ARGUMENT = 2.0**20
"""Functions of anything larger are not computed: their values, and the time they take, grow without limit."""

SLOW_GROWING = frozenset(
    {"Abs", "sign", "log", "asinh", "acosh", "atanh", "asin", "acos", "atan"}
    | {"acot", "asec", "acsc", "acoth", "asech", "acsch"}
)
"""Functions that are computed of anything."""


class NoValue(ArithmeticError):
    """The expression is undefined at the point, or too wide a ball to tell."""


class BeyondLimit(NoValue):
    """There may be a value, but not one that is worth its cost."""


class OutOfTime(Exception):
    """The deadline passed."""


def size_bits(tree: Tree) -> int:
    """Bits of all numbers in the tree, times the exponents above them: how finely it can tell values apart."""
    match tree:
        case Number(value):
            return abs(value.numerator).bit_length() + value.denominator.bit_length()
        case Name():
            return 1
        case Sum(parts) | Product(parts):
            return sum(map(size_bits, parts))
        case Power(base, Number(exponent)):
            return size_bits(base) * max(abs(math.ceil(exponent)), 1) + 1
        case Power(base, exponent_tree):
            return size_bits(base) + size_bits(exponent_tree)
        case Call(_, argument):
            return size_bits(argument)
