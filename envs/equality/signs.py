"""What a tree's form says of its values: real everywhere, positive everywhere. No numbers are computed.

"False" means that the form does not say; `x**2-2*x+2` is positive, but not by its form.
"""

from __future__ import annotations

from collections.abc import Mapping

from envs.equality.comparison import Domain
from envs.expression import Call, Name, Number, Power, Product, Sum, Tree

_REAL_OF_REAL = frozenset(
    {"exp", "sin", "cos", "tan", "cot", "sec", "csc", "atan", "acot", "erf", "erfc", "erfi", "Si", "Shi"}
    | {"sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acsch", "Abs", "sign"}
)


def is_real(tree: Tree, domains: Mapping[str, Domain]) -> bool:
    """Whether its form shows that the tree is real wherever it has a value."""
    match tree:
        case Number():
            return True
        case Name(name):
            return name == "pi" or domains.get(name, "complex") != "complex"
        case Sum(parts) | Product(parts):
            return all(is_real(part, domains) for part in parts)
        case Power(base, Number(exponent)) if exponent.denominator == 1:
            return is_real(base, domains)
        case Power(base, exponent_tree):
            return is_positive(base, domains) and is_real(exponent_tree, domains)
        case Call("Abs", _):
            return True
        case Call("log", argument):
            return is_positive(argument, domains)
        case Call(function, argument):
            return function in _REAL_OF_REAL and is_real(argument, domains)


def is_positive(tree: Tree, domains: Mapping[str, Domain]) -> bool:
    """Whether its form shows that the tree is above 0 wherever it has a value, isolated zeros apart."""
    return _sign(tree, domains)[0]


def _sign(tree: Tree, domains: Mapping[str, Domain]) -> tuple[bool, bool]:
    """Whether the tree is above 0, and whether it is 0 or above (a square): the first implies the second."""
    match tree:
        case Number(value):
            return value > 0, value >= 0
        case Name(name):
            positive = name == "pi" or domains.get(name) == "positive"
            return positive, positive or domains.get(name) == "nonneg-int"
        case Sum(parts):
            signs = [_sign(part, domains) for part in parts]
            no_less = all(sign[1] for sign in signs)
            return no_less and any(sign[0] for sign in signs), no_less
        case Product(parts):
            signs = [_sign(part, domains) for part in parts]
            return all(sign[0] for sign in signs), all(sign[1] for sign in signs)
        case Power(base, Number(exponent)) if exponent.denominator == 1 and exponent.numerator % 2 == 0:
            return _sign(base, domains)[0], is_real(base, domains)
        case Power(base, exponent_tree):
            positive, no_less = _sign(base, domains)
            real = is_real(exponent_tree, domains)
            return positive and real, no_less and isinstance(exponent_tree, Number)
        case Call("exp" | "cosh" | "sech", argument):
            real = is_real(argument, domains)
            return real, real
        case Call("Abs", _):
            return False, True
        case _:
            return False, False
