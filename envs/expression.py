"""Expression trees: the frozen values that text is parsed into, with constant folding and printing.

A difference is a sum with a factor -1 and a quotient a product with a power -1, as in sympy, so that few kinds
of node remain. Folding combines numbers with numbers and nothing else: rules such as `0*f = 0` or `f/f = 1`
would hide that f is undefined. Text becomes a tree in `envs.grammar`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

MAX_FOLDED_BITS = 10_000
MAX_EXPONENT = 200
MAX_ROOT_INDEX = 24

CONSTANTS = frozenset({"pi", "E", "I"})


class GrammarError(ValueError):
    """Text or a tree outside the grammar or its limits; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol, or one of the constants `pi` and `I`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Two or more terms, none of them a sum; at most one is a number."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Two or more factors, none of them a product; at most one is a number, and it comes first."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """A base to an exponent; square roots are powers 1/2, quotients have powers -1."""

    base: Tree
    exponent: Tree


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument."""

    function: str
    argument: Tree


Tree: TypeAlias = Number | Name | Sum | Product | Power | Call

ZERO, ONE, MINUS_ONE, HALF = (Number(Fraction(value)) for value in ("0", "1", "-1", "1/2"))


def number(value: int | Fraction) -> Number:
    """A number node.

    Raises:
        GrammarError: Its numerator and denominator have too many bits together.
    """
    exact = value if isinstance(value, Fraction) else Fraction(value)
    if exact.numerator.bit_length() + exact.denominator.bit_length() > MAX_FOLDED_BITS:
        raise GrammarError("a number grows too large")
    return Number(exact)


def add(terms: Iterable[Tree]) -> Tree:
    """Their sum: flat, numbers folded into one that comes last."""
    kept: list[Tree] = []
    total = Fraction(0)
    for term in terms:
        for part in term.terms if isinstance(term, Sum) else (term,):
            if isinstance(part, Number):
                total = number(total + part.value if total else part.value).value
            else:
                kept.append(part)
    if total or not kept:
        kept.append(Number(total))
    return kept[0] if len(kept) == 1 else Sum(tuple(kept))


def multiply(factors: Iterable[Tree]) -> Tree:
    """Their product: flat, numbers folded into one that comes first."""
    kept: list[Tree] = []
    total = Fraction(1)
    for factor in factors:
        for part in factor.factors if isinstance(factor, Product) else (factor,):
            if isinstance(part, Number):
                total = part.value if total == 1 else number(total * part.value).value
            else:
                kept.append(part)
    if total != 1 or not kept:
        kept.insert(0, Number(total))
    return kept[0] if len(kept) == 1 else Product(tuple(kept))


def power(base: Tree, exponent: Tree) -> Tree:
    """Base to exponent; folded where both are numbers and the exponent is an integer.

    Raises:
        GrammarError: Zero to a power that is not positive, or an exponent or result beyond the limits.
    """
    if isinstance(base, Call) and base == Call("exp", ONE):
        return Call("exp", exponent)
    if not isinstance(exponent, Number):
        return Power(base, exponent)
    _check_exponent(exponent.value)
    if exponent.value == 1:
        return base
    if isinstance(base, Number):
        if base.value == 0 and exponent.value <= 0:
            raise GrammarError("division by zero")
        if exponent.value.denominator == 1:
            return _integer_power(base.value, exponent.value.numerator)
    return _reciprocal(base) if exponent.value == -1 else Power(base, exponent)


def divide(numerator: Tree, denominator: Tree) -> Tree:
    """Numerator times denominator to the power -1."""
    return multiply((numerator, power(denominator, MINUS_ONE)))


def negate(tree: Tree) -> Tree:
    """Minus one times the tree."""
    return number(-tree.value) if isinstance(tree, Number) else multiply((MINUS_ONE, tree))


def symbols_of(tree: Tree) -> frozenset[str]:
    """The names in the tree that are not constants."""
    return frozenset(node.name for node in nodes(tree) if isinstance(node, Name)) - CONSTANTS


def nodes(tree: Tree) -> Iterator[Tree]:
    """Every node, parents before children."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(children(node))


def children(tree: Tree) -> tuple[Tree, ...]:
    """The nodes directly below."""
    match tree:
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Power(base, exponent):
            return (base, exponent)
        case Call(_, argument):
            return (argument,)
        case _:
            return ()


def substitute(tree: Tree, name: str, value: Tree) -> Tree:
    """The tree with every occurrence of a name replaced."""
    match tree:
        case Name(found):
            return value if found == name else tree
        case Sum(terms):
            return add(substitute(term, name, value) for term in terms)
        case Product(factors):
            return multiply(substitute(factor, name, value) for factor in factors)
        case Power(base, exponent):
            return power(substitute(base, name, value), substitute(exponent, name, value))
        case Call(function, argument):
            return Call(function, substitute(argument, name, value))
        case _:
            return tree


def ordered(tree: Tree) -> Tree:
    """The tree with terms and factors in a fixed order, so that `1+x` and `x+1` become one value."""
    match tree:
        case Sum(terms):
            return Sum(tuple(sorted(map(ordered, terms), key=_order)))
        case Product(factors):
            return Product(tuple(sorted(map(ordered, factors), key=_order)))
        case Power(base, exponent):
            return Power(ordered(base), ordered(exponent))
        case Call(function, argument):
            return Call(function, ordered(argument))
        case _:
            return tree


def text_of(tree: Tree) -> str:
    """The tree as text of the grammar, without spaces; parsing it gives the tree back."""
    return _text(tree)[0]


# Binding strength of a printed text, weakest first: a sum, a signed product, a product, a power, an atom.
_SUM, _SIGNED, _PRODUCT, _POWER, _ATOM = range(5)


def _text(tree: Tree) -> tuple[str, int]:
    match tree:
        case Number(value):
            strength = _SIGNED if value < 0 else _ATOM if value.denominator == 1 else _PRODUCT
            return str(value), strength
        case Name(name):
            return name, _ATOM
        case Sum(terms):
            pieces = [_text(term)[0] for term in terms]
            return pieces[0] + "".join(p if p[0] == "-" else "+" + p for p in pieces[1:]), _SUM
        case Product(factors):
            return _product_text(factors)
        case Power(base, Number(exponent)) if exponent == HALF.value:
            return f"sqrt({text_of(base)})", _ATOM
        case Power(_, Number(exponent)) if exponent < 0:
            return _product_text((tree,))
        case Power(base, exponent_tree):
            return f"{_wrapped(base, _ATOM)}**{_wrapped(exponent_tree, _ATOM)}", _POWER
        case Call(function, argument):
            return f"{function}({text_of(argument)})", _ATOM


def _product_text(factors: tuple[Tree, ...]) -> tuple[str, int]:
    """`2/3*x` where no symbol is below the line, else one quotient such as `2*x/(3*y)`."""
    coefficient = Fraction(1)
    above: list[str] = []
    below: list[str] = []
    for factor in factors:
        match factor:
            case Number(value):
                coefficient = value
            case Power(base, Number(exponent)) if exponent < 0:
                below.append(_wrapped(power(base, Number(-exponent)), _POWER))
            case _:
                above.append(_wrapped(factor, _POWER))
    sign = "-" if coefficient < 0 else ""
    size = abs(coefficient)
    if below and size.denominator > 1:
        below.insert(0, str(size.denominator))
        size = Fraction(size.numerator)
    if size != 1 or not above:
        above.insert(0, str(size))
    body = "*".join(above)
    if below:
        body += "/" + (below[0] if len(below) == 1 else f"({'*'.join(below)})")
    return sign + body, _SIGNED if sign else _PRODUCT


def _wrapped(tree: Tree, least: int) -> str:
    text, strength = _text(tree)
    return text if strength >= least else f"({text})"


def _order(tree: Tree) -> tuple[bool, str]:
    return not isinstance(tree, Number), text_of(tree)


def _check_exponent(exponent: Fraction) -> None:
    if abs(exponent) > MAX_EXPONENT:
        raise GrammarError(f"an exponent is beyond {MAX_EXPONENT}")
    if exponent.denominator > MAX_ROOT_INDEX:
        raise GrammarError(f"a root index is beyond {MAX_ROOT_INDEX}")


def _reciprocal(base: Tree) -> Tree:
    """1/base, with the exponent pushed into products and powers: both hold on every branch."""
    if isinstance(base, Product):
        return multiply(power(factor, MINUS_ONE) for factor in base.factors)
    # 1/(1/b) stays: as b it would hide that it is undefined at b = 0.
    if isinstance(base, Power) and isinstance(base.exponent, Number) and base.exponent.value > 0:
        return Power(base.base, Number(-base.exponent.value))
    return Power(base, MINUS_ONE)


def _integer_power(base: Fraction, exponent: int) -> Number:
    bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
    if abs(base) != 1 and bits * abs(exponent) > MAX_FOLDED_BITS:
        raise GrammarError("a power grows too large")
    return Number(base**exponent)
