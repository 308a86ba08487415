"""Python syntax trees of mathematical expressions to trees of our grammar, node by node; nothing is evaluated.

    S(2)*x**S(3)/S(3)        Rational(1, 2)*ArcTan(x)        x/2 + pi

Functions come under the names of sympy and of Rubi. A float becomes the exact decimal it is written as.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from envs.expression import (
    HALF,
    ONE,
    Call,
    GrammarError,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    negate,
    number,
    ordered,
    power,
    text_of,
)
from envs.grammar import FUNCTIONS, SMOOTH_FUNCTIONS

_MOST_DEPTH = 200

_NAMED = {
    **{name: name for name in FUNCTIONS - {"sqrt"}},
    **{"arc" + name[1:]: name for name in SMOOTH_FUNCTIONS if name.startswith("a")},
    **{"ArcTan": "atan", "Erf": "erf", "Erfc": "erfc", "Erfi": "erfi", "ExpIntegralEi": "Ei", "LogIntegral": "li"},
    **{"SinIntegral": "Si", "CosIntegral": "Ci", "SinhIntegral": "Shi", "CoshIntegral": "Chi", "ln": "log"},
}


class Unread(ValueError):
    """An expression that the grammar cannot write; the message says what in it."""


@dataclass(frozen=True)
class Reader:
    """Reads expressions.

    Attributes:
        symbols: Names that stand for numbers.
    """

    symbols: Collection[str]

    def tree(self, node: ast.expr) -> Tree:
        """The expression.

        Raises:
            Unread: It holds what the grammar cannot write.
        """
        try:
            return self._tree(node, _MOST_DEPTH)
        except GrammarError as problem:
            raise Unread(str(problem)) from None

    def _tree(self, node: ast.expr, depth: int) -> Tree:
        if not depth:
            raise Unread(f"nested deeper than {_MOST_DEPTH}")
        match node:
            case ast.Constant(value=bool() | None):
                raise Unread(repr(node.value))
            case ast.Constant(value=int() as value):
                return number(value)
            case ast.Constant(value=float() as value) if abs(value) < 1e60:
                return number(Fraction(repr(value)))
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=ast.Name(id="S"), attr="Half"):
                return HALF
            case ast.Attribute(value=ast.Name(id="S"), attr="One"):
                return ONE
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return negate(self._tree(operand, depth - 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._tree(operand, depth - 1)
            case ast.BinOp(left=left, op=operator, right=right):
                return _combined(self._tree(left, depth - 1), operator, self._tree(right, depth - 1))
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self._call(function, [self._tree(argument, depth - 1) for argument in arguments])
            case _:
                raise Unread(f"{type(node).__name__} {ast.unparse(node)[:30]}")

    def _name(self, name: str) -> Tree:
        if name in self.symbols:
            return Name(name)
        if name in ("pi", "Pi"):
            return Name("pi")
        if name == "E":
            return Call("exp", ONE)
        raise Unread(f"name {name[:30]}")

    def _call(self, function: str, arguments: list[Tree]) -> Tree:
        match function, arguments:
            case ("S", [argument]):
                return argument
            case ("Integer", [Number(value) as argument]) if value.denominator == 1:  # others it would truncate
                return argument
            case (("Rational" | "Q"), [Number(), Number()]) if function not in self.symbols:
                return divide(*arguments)
            case "sqrt", [argument]:
                return power(argument, HALF)
            case name, [argument] if name in _NAMED:
                return Call(_NAMED[name], argument)
            case _:
                raise Unread(f"function {function[:30]}")


def _combined(left: Tree, operator: ast.operator, right: Tree) -> Tree:
    match operator:
        case ast.Add():
            return add((left, right))
        case ast.Sub():
            return add((left, negate(right)))
        case ast.Mult():
            return multiply((left, right))
        case ast.Div():
            return divide(left, right)
        case ast.Pow():
            return power(left, right)
        case _:
            raise Unread(f"operator {type(operator).__name__}")


def template_of(tree: Tree, parameters: Collection[str]) -> str:
    """The expression with `#` for every number and `p` for every parameter, its terms and factors in order.

    Coarse on purpose: what a solver could carry over from one expression to the other is one template.
    """
    return text_of(ordered(_blank(tree, parameters)))


def _blank(tree: Tree, parameters: Collection[str]) -> Tree:
    match tree:
        case Number():
            return Name("#")
        case Name(name):
            return Name("p") if name in parameters else tree
        case Sum(terms):
            return Sum(tuple(_blank(term, parameters) for term in terms))
        case Product(factors):
            return Product(tuple(_blank(factor, parameters) for factor in factors))
        case Power(base, exponent):
            return Power(_blank(base, parameters), _blank(exponent, parameters))
        case Call(function, argument):
            return Call(function, _blank(argument, parameters))
