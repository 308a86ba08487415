"""Sums of c*x**n*exp(a*x+b) with complex rational a, b and c: polynomials times exponentials, sines and cosines.

    x*sin(2*x)*cos(x) = x*sin(3*x)/2 + x*sin(x)/2

Each function of this kind is such a sum in one way only (Lindemann-Weierstrass, as a and b are algebraic), and all are
closed under products and integrals: so they are equal, 0 or integrated by exact arithmetic on their coefficients.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, TypeAlias

from envs.expression import (
    Call,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    multiply,
    number,
    power,
)

Exact: TypeAlias = int | Fraction

MAX_TERMS = 60
MAX_DEGREE = 24
_MOST_BITS = 2_000


class Term(NamedTuple):
    """x**degree * exp((rate + i*frequency)*x + shift + i*phase)."""

    degree: int
    rate: Exact
    frequency: Exact
    shift: Exact
    phase: Exact


Complex: TypeAlias = tuple[Exact, Exact]
"""Real and imaginary part."""

Exponential: TypeAlias = dict[Term, Complex]
"""Terms to coefficients, none of them 0; the empty mapping is 0."""

_CONSTANT = Term(0, 0, 0, 0, 0)


class NotExponential(ValueError):
    """A tree that is no such sum, or too large a one; the message says why."""


def exponential_of(tree: Tree) -> Exponential:
    """Multiply a tree in x out.

    Raises:
        NotExponential: It is no such sum, or has more terms, digits or a higher degree than is read here.
    """
    match tree:
        case Number(value):
            return {_CONSTANT: (slim(value), 0)} if value else {}
        case Name("x"):
            return {Term(1, 0, 0, 0, 0): (1, 0)}
        case Sum(terms):
            return total([exponential_of(term) for term in terms])
        case Product(factors):
            result = exponential_of(factors[0])
            for factor in factors[1:]:
                result = product(result, exponential_of(factor))
            return result
        case Power(base, Number(exponent)) if exponent.denominator == 1:
            return _raised(exponential_of(base), exponent.numerator)
        case Call("exp" | "sin" | "cos" as function, argument):
            return _function(function, exponential_of(argument))
        case _:
            raise NotExponential("not a polynomial, exp, sin or cos, or a product of these")


def total(parts: list[Exponential]) -> Exponential:
    """Their sum."""
    result = dict(parts[0])
    for part in parts[1:]:
        for term, (real, imaginary) in part.items():
            old = result.get(term, (0, 0))
            result[term] = (old[0] + real, old[1] + imaginary)
    return _clean(result)


def product(first: Exponential, second: Exponential) -> Exponential:
    """Their product."""
    result: Exponential = {}
    for one, (a, b) in first.items():
        for two, (c, d) in second.items():
            term = Term(one[0] + two[0], *(x + y for x, y in zip(one[1:], two[1:], strict=True)))
            real, imaginary = (a * c - b * d, a * d + b * c) if b or d else (a * c, 0)
            old = result.get(term)
            result[term] = (old[0] + real, old[1] + imaginary) if old else (real, imaginary)
    return _clean(result)


def antiderivative(function: Exponential) -> Exponential:
    """The antiderivative, term by term: without a constant of its own."""
    parts: list[Exponential] = [{}]
    for term, value in function.items():
        if not term.rate and not term.frequency:
            parts.append({term._replace(degree=term.degree + 1): _scaled(value, Fraction(1, term.degree + 1))})
            continue
        # By parts: x**n*exp(a*x)/a, minus n/a times the integral of x**(n-1)*exp(a*x).
        part: Exponential = {}
        for degree in range(term.degree, -1, -1):
            value = _divided(value, (term.rate, term.frequency))
            part[term._replace(degree=degree)] = value
            value = _scaled(value, -degree)
        parts.append(part)
    return total(parts)


def tree_of(function: Exponential) -> Tree:
    """A real function as a tree of sums of products with exp, cos and sin."""
    terms: list[Tree] = []
    for term in sorted(function, key=lambda t: (t.rate, t.frequency, t.shift, t.phase, t.degree), reverse=True):
        real, imaginary = function[term]
        if (term.frequency, term.phase) < (0, 0):  # the conjugate of one with a positive frequency
            continue
        front = [power(Name("x"), number(term.degree))] if term.degree else []
        if term.rate or term.shift:
            front.append(Call("exp", _linear(term.rate, term.shift)))
        if not term.frequency and not term.phase:
            terms.append(multiply((number(Fraction(real)), *front)))
            continue
        angle = _linear(term.frequency, term.phase)
        for value, name in ((2 * real, "cos"), (-2 * imaginary, "sin")):
            if value:
                terms.append(multiply((number(Fraction(value)), *front, Call(name, angle))))
    return add(terms) if terms else number(0)


def polynomial_part(function: Exponential) -> dict[int, Exact] | None:
    """Exponents and coefficients where it is a polynomial in x, else None."""
    if any(term[1:] != (0, 0, 0, 0) for term in function):
        return None
    return {term.degree: value for term, (value, _) in function.items()}


def slim(value: Exact) -> Exact:
    """The same number, as an int where it is one."""
    return value.numerator if value.denominator == 1 else value


def _function(name: str, argument: Exponential) -> Exponential:
    line = polynomial_part(argument)
    if line is None or max(line, default=0) > 1:
        raise NotExponential(f"{name} of something other than a*x+b")
    slope, shift = line.get(1, 0), line.get(0, 0)
    if name == "exp":
        return {Term(0, slope, 0, shift, 0): (1, 0)}
    if not line:
        return {} if name == "sin" else {_CONSTANT: (1, 0)}
    half = Fraction(1, 2)
    values: tuple[Complex, Complex] = ((half, 0), (half, 0)) if name == "cos" else ((0, -half), (0, half))
    return {Term(0, 0, slope, 0, shift): values[0], Term(0, 0, -slope, 0, -shift): values[1]}


def _raised(base: Exponential, exponent: int) -> Exponential:
    if exponent < 0:
        if len(base) != 1 or next(iter(base)).degree:
            raise NotExponential("a division by a sum")
        ((term, value),) = base.items()
        base = {Term(0, *(-part for part in term[1:])): _divided((1, 0), value)}
    result: Exponential = {_CONSTANT: (1, 0)}
    for _ in range(min(abs(exponent), MAX_DEGREE + 1)):
        result = product(result, base)
    if abs(exponent) > MAX_DEGREE:
        raise NotExponential(f"an exponent above {MAX_DEGREE}")
    return result


def _clean(function: Exponential) -> Exponential:
    kept: Exponential = {}
    for term, (real, imaginary) in function.items():
        if real or imaginary:
            kept[term] = (slim(real), slim(imaginary))
            bits = sum(part.numerator.bit_length() + part.denominator.bit_length() for part in (real, imaginary))
            if term.degree > MAX_DEGREE or bits > _MOST_BITS:
                raise NotExponential(f"a degree above {MAX_DEGREE}, or a number with too many digits")
    if len(kept) > MAX_TERMS:
        raise NotExponential(f"more than {MAX_TERMS} terms")
    return kept


def _scaled(value: Complex, factor: Exact) -> Complex:
    return slim(value[0] * factor), slim(value[1] * factor)


def _divided(value: Complex, by: Complex) -> Complex:
    a, b = value
    c, d = by
    size = Fraction(c * c + d * d)
    return slim((a * c + b * d) / size), slim((b * c - a * d) / size)


def _linear(slope: Exact, shift: Exact) -> Tree:
    return add((multiply((number(Fraction(slope)), Name("x"))), number(Fraction(shift)))) if slope else number(shift)
