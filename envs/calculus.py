"""Derivatives of expression trees, and the light tidying that makes them fit to print.

`derivative` applies the chain rule and grows a tree at most by its own size times its depth, so it is bounded
where a computer algebra system is not. `collect` merges like terms and equal bases (`x*log(x)-x` has derivative
`log(x)+x/x-1`, which becomes `log(x)`); it does not expand. Merging cancels `f/f`, so it is for text we print,
never for text we judge.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from envs.expression import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    number,
    power,
    substitute,
    symbols_of,
)
from envs.grammar import parse
from envs.polynomial import polynomial_of, tree_of

# Derivative of f(u) by u, as text of the grammar. The inverse functions with a reciprocal inside are written so
# that they hold on the branches on which f itself is defined by acot(u) = atan(1/u), asec(u) = acos(1/u) etc.
_RULES = {
    "exp": "exp(u)",
    "log": "1/u",
    "sin": "cos(u)",
    "cos": "-sin(u)",
    "tan": "1+tan(u)**2",
    "cot": "-1-cot(u)**2",
    "sec": "sec(u)*tan(u)",
    "csc": "-csc(u)*cot(u)",
    "asin": "1/sqrt(1-u**2)",
    "acos": "-1/sqrt(1-u**2)",
    "atan": "1/(1+u**2)",
    "acot": "-1/(1+u**2)",
    "asec": "1/(u**2*sqrt(1-1/u**2))",
    "acsc": "-1/(u**2*sqrt(1-1/u**2))",
    "sinh": "cosh(u)",
    "cosh": "sinh(u)",
    "tanh": "1-tanh(u)**2",
    "coth": "1-coth(u)**2",
    "sech": "-sech(u)*tanh(u)",
    "csch": "-csch(u)*coth(u)",
    "asinh": "1/sqrt(1+u**2)",
    "acosh": "1/(sqrt(u-1)*sqrt(u+1))",
    "atanh": "1/(1-u**2)",
    "acoth": "1/(1-u**2)",
    "asech": "-1/(u**2*sqrt(1/u-1)*sqrt(1/u+1))",
    "acsch": "-1/(u**2*sqrt(1+1/u**2))",
    "erf": "2*exp(-u**2)/sqrt(pi)",
    "erfc": "-2*exp(-u**2)/sqrt(pi)",
    "erfi": "2*exp(u**2)/sqrt(pi)",
    "Ei": "exp(u)/u",
    "li": "1/log(u)",
    "Si": "sin(u)/u",
    "Ci": "cos(u)/u",
    "Shi": "sinh(u)/u",
    "Chi": "cosh(u)/u",
    "Abs": "u/Abs(u)",
}


def derivative(tree: Tree, variable: str) -> Tree:
    """The derivative, not simplified.

    Raises:
        GrammarError: A number or exponent grows beyond the limits.
        ValueError: The tree holds a function without a derivative, such as `sign`.
    """
    if variable not in symbols_of(tree):
        return ZERO
    match tree:
        case Sum(terms):
            return add(derivative(term, variable) for term in terms)
        case Product(factors):
            slopes = [derivative(factor, variable) for factor in factors]
            return add(
                multiply((*factors[:i], slope, *factors[i + 1 :])) for i, slope in enumerate(slopes) if slope != ZERO
            )
        case Power(base, exponent):
            return _power_slope(base, exponent, variable)
        case Call(function, argument):
            return multiply((substitute(_rule(function), "u", argument), derivative(argument, variable)))
        case _:
            return ONE  # the variable itself: every other leaf is free of it


def _power_slope(base: Tree, exponent: Tree, variable: str) -> Tree:
    if variable not in symbols_of(exponent):
        lowered = power(base, add((exponent, MINUS_ONE)))
        return multiply((exponent, lowered, derivative(base, variable)))
    grown = multiply((derivative(exponent, variable), Call("log", base)))
    if variable in symbols_of(base):
        grown = add((grown, divide(multiply((exponent, derivative(base, variable))), base)))
    return multiply((Power(base, exponent), grown))


@cache
def _rule(function: str) -> Tree:
    if function not in _RULES:
        raise ValueError(f"{function} has no derivative")
    return parse(_RULES[function], symbols={"u"})


def collect(tree: Tree) -> Tree:
    """Merge like terms and equal bases from the leaves up, and spread a number over a sum.

    Raises:
        GrammarError: A number or exponent grows beyond the limits, or a divisor turns out to be 0.
    """
    match tree:
        case Sum(terms):
            return _like_terms([collect(term) for term in terms])
        case Product(factors):
            return _equal_bases([collect(factor) for factor in factors])
        case Power(base, exponent):
            return _raised(collect(base), collect(exponent))
        case Call(function, argument):
            return Call(function, collect(argument))
        case _:
            return tree


def gather(tree: Tree, variable: str) -> Tree:
    """Terms that differ in a polynomial factor as one: `(2*x-2)*exp(x)+(x**2-2*x+2)*exp(x)` as `x**2*exp(x)`.

    Raises:
        GrammarError: A number or exponent grows beyond the limits.
    """
    if not isinstance(tree, Sum):
        return tree
    groups: dict[Tree, list[Tree]] = {}
    for term in tree.terms:
        factors = term.factors if isinstance(term, Product) else (term,)
        plain = [part for part in factors if _is_small_polynomial(part, variable)]
        groups.setdefault(multiply(part for part in factors if part not in plain), []).append(multiply(plain))
    terms: list[Tree] = []
    for rest, fronts in groups.items():
        merged = polynomial_of(add(fronts), variable) if len(fronts) > 1 else None
        front = add(fronts) if merged is None else tree_of(merged, variable)
        if front != ZERO:
            terms.append(multiply((front, rest)))
    return add(terms)


def _is_small_polynomial(tree: Tree, variable: str) -> bool:
    """Whether it is a number, a power of the variable or a sum of their products; powers of sums stay as they are."""
    match tree:
        case Number():
            return True
        case Name(name):
            return name == variable
        case Power(Name(name), Number(exponent)):
            return name == variable and exponent.denominator == 1 and exponent > 0
        case Sum(terms):
            parts = (part for term in terms for part in (term.factors if isinstance(term, Product) else (term,)))
            return not any(isinstance(part, Sum) or not _is_small_polynomial(part, variable) for part in parts)
        case _:
            return False


def _like_terms(terms: list[Tree]) -> Tree:
    merged: dict[Tree, Fraction] = {}
    flat = add(terms)
    for term in flat.terms if isinstance(flat, Sum) else (flat,):
        coefficient, rest = _split(term)
        merged[rest] = number(merged.get(rest, Fraction(0)) + coefficient).value
    return add(multiply((Number(coefficient), rest)) for rest, coefficient in merged.items() if coefficient)


def _equal_bases(factors: list[Tree]) -> Tree:
    flat = multiply(factors)
    merged: dict[Tree, Tree] = {}
    exponents: list[Tree] = []
    for factor in flat.factors if isinstance(flat, Product) else (flat,):
        if factor == ZERO:
            return ZERO
        if isinstance(factor, Call) and factor.function == "exp":
            exponents.append(factor.argument)
            continue
        base, exponent = (factor.base, factor.exponent) if isinstance(factor, Power) else (factor, ONE)
        merged[base] = add((merged[base], exponent)) if base in merged else exponent
    powers = [_raised(base, collect(exponent)) for base, exponent in merged.items()]
    if exponents and (together := collect(add(exponents))) != ZERO:
        powers.append(Call("exp", together))
    result = multiply(powers)
    match result:
        case Product((Number() as coefficient, Sum(terms))):
            return add(multiply((coefficient, term)) for term in terms)
        case _:
            return result


def _raised(base: Tree, exponent: Tree) -> Tree:
    """base**exponent, an integer exponent pushed into a product or a power: both hold on every branch."""
    if exponent == ZERO:
        return ONE
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        if isinstance(base, Product):
            return multiply(_raised(factor, exponent) for factor in base.factors)
        if isinstance(base, Power):
            return power(base.base, multiply((base.exponent, exponent)))
    return power(base, exponent)


def _split(term: Tree) -> tuple[Fraction, Tree]:
    """A term as its number and the rest."""
    match term:
        case Number(value):
            return value, ONE
        case Product((Number(value), *rest)):
            return value, multiply(rest)
        case _:
            return Fraction(1), term
