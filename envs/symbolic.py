"""Between our expression trees and sympy's, node by node in both directions; no text is parsed by sympy.

For whoever needs a computer algebra system on top of the grammar. Nothing here is bounded in time: sympy evaluates
as it builds. Our verifiers do not use it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from envs.expression import Call, GrammarError, Name, Number, Power, Product, Sum, Tree, add, multiply, number, power
from envs.grammar import FUNCTIONS

_TO_SYMPY: dict[str, Any] = {name: getattr(sympy, name) for name in FUNCTIONS}
_FROM_SYMPY = {function: name for name, function in _TO_SYMPY.items() if name != "sqrt"}
_CONSTANTS = {"pi": sympy.pi, "I": sympy.I}


def to_sympy(tree: Tree) -> Any:
    """The tree as a sympy expression; symbols carry no assumptions."""
    match tree:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Name(name):
            return _CONSTANTS[name] if name in _CONSTANTS else sympy.Symbol(name)
        case Sum(terms):
            return reduce(lambda a, b: a + b, map(to_sympy, terms))
        case Product(factors):
            return reduce(lambda a, b: a * b, map(to_sympy, factors))
        case Power(base, exponent):
            return to_sympy(base) ** to_sympy(exponent)
        case Call(function, argument):
            return _TO_SYMPY[function](to_sympy(argument))


def from_sympy(expression: Any) -> Tree:
    """A sympy expression as a tree, terms and factors in sympy's printing order.

    Raises:
        GrammarError: It holds something the grammar cannot write, such as an integral, a float or infinity.
    """
    if isinstance(expression, sympy.Rational):
        return number(Fraction(int(expression.p), int(expression.q)))
    if isinstance(expression, sympy.Symbol):
        return Name(expression.name)
    if expression is sympy.E:
        return Call("exp", number(1))
    for name, constant in _CONSTANTS.items():
        if expression is constant:
            return Name(name)
    if isinstance(expression, sympy.Add):
        return add(map(from_sympy, expression.as_ordered_terms()))
    if isinstance(expression, sympy.Mul):
        return multiply(map(from_sympy, expression.as_ordered_factors()))
    if isinstance(expression, sympy.Pow):
        return power(from_sympy(expression.base), from_sympy(expression.exp))
    if expression.func in _FROM_SYMPY and len(expression.args) == 1:
        return Call(_FROM_SYMPY[expression.func], from_sympy(expression.args[0]))
    raise GrammarError(f"{type(expression).__name__} is not in the grammar")
