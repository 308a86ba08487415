"""Polynomials in x, or in x and y, with integer coefficients, as sums and products in text of the grammar.

    3*x**2-x*y+5                a sum of different monomials, in any order
    -2*x*(x+1)*(3*x-y)**2       a product: an integer, symbols and sums in parentheses, to powers

This is the part of `envs.grammar` that the algebra families need, read at the speed of a few regular expressions.
Products of products are not read, so nothing nests. Coefficient 1 and exponent 1 are not written, in either.

Also the real numbers that quadratics have as roots, `-7/2` and `(1-sqrt(5))/2`, with their exact order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import gcd, isqrt
from typing import NamedTuple, TypeAlias

import flint

from envs.numerals import INTEGER, POSITIVE, lowest, read_fraction, write_fraction

Terms: TypeAlias = dict[int, int]
"""Packed exponents to coefficients, none of them 0: the exponent of x plus `STRIDE` times that of y."""

STRIDE = 64
MAX_DEGREE = STRIDE - 1
"""Of any polynomial that is read or multiplied; beyond it packed exponents would run into each other."""

_COEFFICIENT = re.compile(r"[1-9][0-9]{0,29}")
_LONGEST_MONOMIAL = 40
_SIGNED = re.compile(r"([-+]?)([^-+]+)")
_SUMMAND = re.compile(r"([-+]?)((?:[^-+()]|\([^()]*\))+)")
_FACTOR = re.compile(r"(?:\(([^()]+)\)|([1-9][0-9]{0,29})|([xy]))(?:\*\*([1-9][0-9]?))?(?:\*(?!\*)|\Z)")

PLAIN = re.compile(r"x(?:\*\*[0-9]+)?|[1-9][0-9]*")
"""A denominator that needs no parentheses."""


class Product(NamedTuple):
    """A product as it is written.

    Attributes:
        constant: The integer in it, its sign included; 1 where none is written. Never 0.
        factors: Polynomials of degree 1 or more with their powers; symbols on their own among them.
    """

    constant: int
    factors: tuple[tuple[Terms, int], ...]


def read_sum(text: str, variables: str = "x") -> Terms | None:
    """A sum of different monomials, or `0`; None where the text is none. Bound its length first.

    Args:
        text: Any text.
        variables: The symbols it may use: `x` or `xy`.
    """
    if text == "0":
        return {}
    if text[:1] == "+" or ("y" in text and "y" not in variables):
        return None
    terms: Terms = {}
    n_read = 0
    for sign, body in _SIGNED.findall(text):
        found = _monomial(body) if len(body) <= _LONGEST_MONOMIAL else None
        if found is None or found[0] in terms:
            return None
        terms[found[0]] = -found[1] if sign == "-" else found[1]
        n_read += len(sign) + len(body)
    return terms if n_read == len(text) > 0 else None


def read_product(text: str, variables: str = "x") -> Product | None:
    """A product, of one factor at least; None where the text is none. Bound its length first.

    In parentheses stand sums of two monomials or more; at most one factor is an integer, and it has no exponent.
    """
    if text[-1:] == "*" or ("y" in text and "y" not in variables):
        return None
    position, sign = (1, -1) if text[:1] == "-" else (0, 1)
    constant, factors = 1, list[tuple[Terms, int]]()
    while position < len(text) or not (factors or constant != 1):
        match = _FACTOR.match(text, position)
        if match is None:
            return None
        inside, digits, symbol, exponent = match.groups()
        position = match.end()
        if digits:
            if constant != 1 or exponent or digits == "1":
                return None
            constant = int(digits)
            continue
        terms = {_EXPONENTS[symbol]: 1} if symbol else read_sum(inside, variables)
        if exponent == "1" or terms is None or (inside and len(terms) < 2):
            return None
        factors.append((terms, int(exponent or 1)))
    return Product(sign * constant, tuple(factors))


def read_products(text: str, variables: str = "x") -> list[Product] | None:
    """A sum of products, `(x+1)**2-3*x`; None where the text is none. Bound its length first."""
    if text[:1] == "+":
        return None
    products, n_read = list[Product](), 0
    for sign, body in _SUMMAND.findall(text):
        product = Product(1, ()) if body == "1" else read_product(body, variables)
        if product is None:
            return None
        products.append(Product(-product.constant, product.factors) if sign == "-" else product)
        n_read += len(sign) + len(body)
    return products if n_read == len(text) > 0 else None


def read_quotient(text: str) -> tuple[Terms, Terms] | None:
    """Numerator and denominator of `(x**2-1)/(x-1)`, sums in x that are not 0; None where the text is none.

    Monomials may stand without parentheses where that is not mistaken. Bound the length of the text first.
    """
    above, _, below = text.partition("/")
    sides = _read_side(above), _read_side(below)
    if sides[0] is None or sides[1] is None or not (below[0] == "(" or PLAIN.fullmatch(below)):
        return None
    return sides[0], sides[1]


def _read_side(text: str) -> Terms | None:
    """A monomial, or a sum in parentheses; None where the text is neither, and for 0."""
    terms = read_sum(text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text)
    return terms if terms and (len(terms) == 1 or text[0] == "(") else None


def write_quotient(above: Terms, below: Terms) -> str:
    """A quotient of two sums with no more parentheses than it needs; without the denominator where that is 1."""
    numerator, denominator = write_sum(above), write_sum(below)
    if denominator == "1":
        return numerator
    if len(above) > 1:
        numerator = f"({numerator})"
    return f"{numerator}/{denominator if PLAIN.fullmatch(denominator) else f'({denominator})'}"


def write_sum(terms: Terms) -> str:
    """`3*x**2-x*y+5`: highest degree first, and x before y."""
    if not terms:
        return "0"
    parts: list[str] = []
    for key in sorted(terms, key=_rank):
        value, name = terms[key], _name(key)
        if name and (value == 1 or value == -1):
            parts.append(name if value == 1 else f"-{name}")
        else:
            parts.append(f"{value}*{name}" if name else str(value))
    text = "+".join(parts)
    return text.replace("+-", "-")


def write_product(product: Product) -> str:
    """`-2*x*(x+1)*(3*x-y)**2`: the integer first, then the factors as they come."""
    parts = [
        (f"({write_sum(terms)})" if len(terms) > 1 else write_sum(terms)) + (f"**{power}" if power > 1 else "")
        for terms, power in product.factors
    ]
    if abs(product.constant) != 1 or not parts:
        return "*".join([str(product.constant), *parts])
    return ("-" if product.constant < 0 else "") + "*".join(parts)


def degree(terms: Terms) -> int:
    """The total degree; 0 for constants."""
    return max((key % STRIDE + key // STRIDE for key in terms), default=0)


def degree_of(product: Product) -> int:
    """The total degree of a product, without multiplying it out."""
    return sum(degree(terms) * power for terms, power in product.factors)


def times(first: Terms, second: Terms) -> Terms:
    """Their product; the caller bounds the degree by `MAX_DEGREE`."""
    total: Terms = {}
    for m, a in first.items():
        for n, b in second.items():
            total[m + n] = total.get(m + n, 0) + a * b
    return {key: value for key, value in total.items() if value} if 0 in total.values() else total


def plus(first: Terms, second: Terms, scale: int = 1) -> Terms:
    """The first plus `scale` times the second."""
    total = dict(first)
    for key, value in second.items():
        total[key] = total.get(key, 0) + scale * value
    return {key: value for key, value in total.items() if value} if 0 in total.values() else total


def multiplied(product: Product) -> Terms:
    """A product multiplied out; the caller bounds its degree by `MAX_DEGREE`."""
    result: Terms = {0: product.constant}
    for terms, power in product.factors:
        for _ in range(power):
            result = times(result, terms)
    return result


def total_of(products: Iterable[Product]) -> Terms:
    """A sum of products multiplied out."""
    result: Terms = {}
    for product in products:
        result = plus(result, multiplied(product))
    return result


def primitive(terms: Terms) -> tuple[Terms, int]:
    """A polynomial in x without a common divisor and with a first coefficient above 0, and the sign that had."""
    sign = 1 if terms[max(terms)] > 0 else -1
    divisor = gcd(*terms.values()) * sign
    return {key: value // divisor for key, value in terms.items()}, sign


def dense(terms: Terms) -> list[int]:
    """The coefficients of a polynomial in x alone, constant first; empty for 0."""
    coefficients = [0] * (max(terms, default=-1) + 1)
    for exponent, value in terms.items():
        coefficients[exponent] = value
    return coefficients


def sparse(coefficients: Iterable[int]) -> Terms:
    """The inverse of `dense`."""
    return {exponent: int(value) for exponent, value in enumerate(coefficients) if value}


@lru_cache(maxsize=8)
def lines(largest: int) -> tuple[tuple[int, int], ...]:
    """All (b, a) of size up to `largest` with a above 0 such that ax+b has no common divisor; x is among them."""
    return tuple((b, a) for a in range(1, largest + 1) for b in range(-largest, largest + 1) if gcd(a, b) == 1)


_EXPONENTS = {
    name if exponent == 1 else f"{name}^{exponent}": exponent * step
    for name, step in (("x", 1), ("y", STRIDE))
    for exponent in range(1, MAX_DEGREE + 1)
}
_SYMBOLS = {step: name.replace("^", "**") for name, step in _EXPONENTS.items()}


# Monomials recur: looking one up takes a tenth of the time that reading it does.
@lru_cache(maxsize=1 << 14)
def _monomial(text: str) -> tuple[int, int] | None:
    """Packed exponents and coefficient of `3*x**2*y`."""
    coefficient, key, seen = 1, 0, set[str]()
    for position, part in enumerate(text.replace("**", "^").split("*")):
        step = _EXPONENTS.get(part)
        if step is not None and part[0] not in seen:
            key += step
            seen.add(part[0])
        elif position == 0 and _COEFFICIENT.fullmatch(part) and (part != "1" or text == "1"):
            coefficient = int(part)
        else:
            return None
    return (key, coefficient) if key % STRIDE + key // STRIDE <= MAX_DEGREE and "^" not in text else None


@lru_cache(maxsize=1 << 14)
def _name(key: int) -> str:
    x, y = key % STRIDE, key // STRIDE * STRIDE
    return "*".join(_SYMBOLS[step] for step in (x, y) if step)


@lru_cache(maxsize=1 << 14)
def _rank(key: int) -> tuple[int, int]:
    return -(key % STRIDE + key // STRIDE), key // STRIDE


class Surd(NamedTuple):
    """(p + s*sqrt(n))/q in lowest terms, n without square divisors and q above 0; s and n are 0 for fractions."""

    p: int
    s: int
    n: int
    q: int


LARGEST_RADICAND = 10**7
_LONGEST_SURD, _LARGEST_PART = 60, 10**12
# Two different surds of such parts differ by more than 2**-700: times their denominators, below 10**48 together, the
# difference is an algebraic integer of degree 4 at most, whose conjugates are below 10**53 and multiply to 1 or more.
_RANK_BITS = 1024
_ROOT = rf"([-+]?)(?:({POSITIVE})\*)?sqrt\(({POSITIVE})\)"
_PLAIN_SURD = re.compile(rf"(?:({INTEGER}(?:/{POSITIVE})?)(?=[-+]))?{_ROOT}(?:/({POSITIVE}))?")
_WRAPPED_SURD = re.compile(rf"\(({INTEGER})(?=[-+]){_ROOT}\)/({POSITIVE})")


def surd(p: int, s: int, n: int, q: int) -> Surd:
    """(p + s*sqrt(n))/q brought to its one form; n is above 0 and below `LARGEST_RADICAND`, q is not 0."""
    outside, n = _without_squares(n)
    s *= outside
    if n == 1:
        p, s, n = p + s, 0, 0
    divisor = gcd(p, s, q) * (1 if q > 0 else -1)
    return Surd(p // divisor, s // divisor, n, q // divisor)


def rank_of(number: Surd) -> int:
    """An integer that orders numbers as they are, and is the same for equal ones only."""
    p, s, n, q = number
    root = isqrt((s * s * n) << (2 * _RANK_BITS)) if s else 0
    return ((p << _RANK_BITS) + (root if s > 0 else -root)) // q


def real_roots(terms: Terms) -> list[tuple[Surd, int]]:
    """The real roots of a polynomial in x with their multiplicities.

    Raises:
        ValueError: One is neither rational nor a root of a quadratic with a discriminant below `LARGEST_RADICAND`.
    """
    found = list[tuple[Surd, int]]()
    for factor, power in flint.fmpz_poly(dense(terms)).factor()[1] if degree(terms) else ():
        c, b, *rest = map(int, factor.coeffs())
        if not rest:
            p, q = lowest(-c, b)
            found.append((Surd(p, 0, 0, q), power))
        elif len(rest) > 1 or (discriminant := b * b - 4 * rest[0] * c) >= LARGEST_RADICAND:
            raise ValueError("a root that is not of the form (p+s*sqrt(n))/q, with n of up to 7 digits")
        elif discriminant > 0:
            found += [(surd(-b, sign, discriminant, 2 * rest[0]), power) for sign in (-1, 1)]
    return found


def signs(terms: Terms, powers: Mapping[int, int], ranks: Sequence[int]) -> list[int]:
    """The signs of a polynomial in x on the left of all ranks, at the first, behind it, at the second, and so on.

    Args:
        terms: The polynomial.
        powers: Ranks of its real roots to their multiplicities.
        ranks: Ranks of these and of other numbers, ascending.
    """
    if not terms:
        return [0] * (2 * len(ranks) + 1)
    found = [1 if terms[max(terms)] > 0 else -1]  # on the right of all roots
    for rank in reversed(ranks):
        power = powers.get(rank, 0)
        found += [0 if power else found[-1], found[-1] * (-1) ** power]
    return found[::-1]


def write_surd(number: Surd) -> str:
    """`-7/2`, `2*sqrt(3)`, `-sqrt(2)/2`, `1+sqrt(2)`, `(1-sqrt(5))/2`."""
    p, s, n, q = number
    if not s:
        return write_fraction(p, q)
    size = "" if abs(s) == 1 else f"{abs(s)}*"
    sign = "-" if s < 0 else "+" if p else ""
    body = f"{p or ''}{sign}{size}sqrt({n})"
    return body if q == 1 else f"({body})/{q}" if p else f"{body}/{q}"


def read_surd(text: str) -> Surd | None:
    """What `write_surd` writes, also not in lowest terms, and `1/2-sqrt(5)/2`; None where the text is neither."""
    if len(text) > _LONGEST_SURD:
        return None
    fraction = read_fraction(text)
    if fraction is not None:
        return Surd(fraction[0], 0, 0, fraction[1]) if max(map(abs, fraction)) < _LARGEST_PART else None
    match = _WRAPPED_SURD.fullmatch(text) or _PLAIN_SURD.fullmatch(text)
    if match is None:
        return None
    before, sign, size, radicand, below = match.groups()
    parts = [int(part) for part in (*(before or "0").split("/"), size or "2", below or "2")]
    if max(map(abs, parts)) >= _LARGEST_PART or "1" in (size, below) or (sign == "+" and before is None):
        return None
    n, d = int(radicand), int(below or 1)
    if n >= LARGEST_RADICAND or isqrt(n) ** 2 == n or before == "0":
        return None
    s = int(size or 1) * (-1 if sign == "-" else 1)
    if text[0] == "(":
        return surd(parts[0], s, n, d)
    p, q = read_fraction(before or "0") or (0, 1)
    return surd(p * d, s * q, n, q * d)


@lru_cache(maxsize=4096)
def _without_squares(n: int) -> tuple[int, int]:
    """k and m with n = k*k*m and m without square divisors; n above 0."""
    outside, divisor = 1, 2
    while divisor * divisor <= n:
        while n % (divisor * divisor) == 0:
            n //= divisor * divisor
            outside *= divisor
        divisor += 1
    return outside, n
