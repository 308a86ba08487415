"""Polynomials in one variable with rational coefficients, as mappings from exponent to coefficient."""

from __future__ import annotations

from fractions import Fraction

from envs.expression import ONE, Call, Name, Number, Power, Product, Sum, Tree, add, multiply, power

Polynomial = dict[int, Fraction]
"""Exponents to coefficients, none of them 0; the empty mapping is the polynomial 0."""


def polynomial_of(tree: Tree, variable: str) -> Polynomial | None:
    """Expand a tree; None where it is not a polynomial in the variable alone.

    The work grows with the square of the degree: bound it first (`envs.equality.residues.degree_bound`).
    """
    match tree:
        case Number(value):
            return _clean({0: value})
        case Name(name):
            return {1: Fraction(1)} if name == variable else None
        case Sum(parts) | Product(parts):
            expanded = [polynomial_of(part, variable) for part in parts]
            known = [part for part in expanded if part is not None]
            if len(known) < len(expanded):
                return None
            result = known[0]
            for part in known[1:]:
                result = _plus(result, part) if isinstance(tree, Sum) else _times(result, part)
            return result
        case Power(base, Number(exponent)) if exponent.denominator == 1 and exponent >= 0:
            factor = polynomial_of(base, variable)
            return None if factor is None else _raised(factor, exponent.numerator)
        case Power() | Call():
            return None


def tree_of(polynomial: Polynomial, variable: str) -> Tree:
    """The expanded polynomial as a tree, highest exponent first."""
    x = Name(variable)
    powers = {exponent: power(x, Number(Fraction(exponent))) if exponent else ONE for exponent in polynomial}
    return add(
        multiply((Number(polynomial[exponent]), powers[exponent])) for exponent in sorted(polynomial, reverse=True)
    )


def antiderivative_of(polynomial: Polynomial) -> Polynomial:
    """The antiderivative without a constant term."""
    return {exponent + 1: coefficient / (exponent + 1) for exponent, coefficient in polynomial.items()}


def derivative_of(polynomial: Polynomial) -> Polynomial:
    """The derivative."""
    return {exponent - 1: coefficient * exponent for exponent, coefficient in polynomial.items() if exponent}


def product_of(first: Polynomial, second: Polynomial) -> Polynomial:
    """Their product."""
    return _times(first, second)


def _plus(first: Polynomial, second: Polynomial) -> Polynomial:
    total = dict(first)
    for exponent, coefficient in second.items():
        total[exponent] = total.get(exponent, Fraction(0)) + coefficient
    return _clean(total)


def _times(first: Polynomial, second: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for m, a in first.items():
        for n, b in second.items():
            total[m + n] = total.get(m + n, Fraction(0)) + a * b
    return _clean(total)


def _raised(base: Polynomial, exponent: int) -> Polynomial:
    result: Polynomial = {0: Fraction(1)}
    for _ in range(exponent):
        result = _times(result, base)
    return result


def _clean(polynomial: Polynomial) -> Polynomial:
    return {exponent: coefficient for exponent, coefficient in polynomial.items() if coefficient}
