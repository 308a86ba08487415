"""Quotients of polynomials in x with rational coefficients, split into what has an elementary integral by a rule.

    (x**3+2)/(x**2-1) = x + 3/(2*(x-1)) - 1/(2*(x+1))

A quotient is split where its denominator is a product of powers of x-r with rational r, and of quadratics without real
roots, each once; a sum of such terms is unique, so it also names the function.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import flint

from envs.equality.residues import degree_bound
from envs.expression import Name, Number, Power, Product, Sum, Tree

_MOST_DEGREE = 24
_MOST_BITS = 2_000


class NotSplit(ValueError):
    """A tree that is no quotient of polynomials, or one that is not split here; the message says why."""


class Quadratic(NamedTuple):
    """(slope*x + intercept) / (x**2 + p*x + q), without real poles."""

    p: Fraction
    q: Fraction
    slope: Fraction
    intercept: Fraction


class Fractions(NamedTuple):
    """A quotient of polynomials in parts.

    Attributes:
        polynomial: Exponents to coefficients, none 0.
        poles: Root r, order m and coefficient c of each c/(x-r)**m, in order; none 0.
        quadratics: The others, in order.
    """

    polynomial: dict[int, Fraction]
    poles: tuple[tuple[Fraction, int, Fraction], ...]
    quadratics: tuple[Quadratic, ...]


def split(tree: Tree) -> Fractions:
    """The parts of a tree in x.

    Raises:
        NotSplit: It is no quotient of polynomials, its denominator has other factors, or it is too large.
    """
    if degree_bound(tree) > _MOST_DEGREE:
        raise NotSplit(f"a degree above {_MOST_DEGREE}")
    above, below = _quotient(tree)
    whole, rest = divmod(above, below)
    poles: list[tuple[Fraction, int, Fraction]] = []
    quadratics: list[Quadratic] = []
    for factor, order in below.factor()[1] if rest else ():
        base = flint.fmpq_poly(factor)
        base = base / base.leading_coefficient()
        others, _ = divmod(below, base**order)
        if base.degree() == 1:
            poles += _poles(rest, others, _fraction(-base[0]), order)
        elif base.degree() == 2 and order == 1 and base[1] ** 2 < 4 * base[0]:
            quadratics.append(_quadratic(rest, others, base))
        else:
            raise NotSplit("a denominator with a factor that has no rule here")
    polynomial = {k: _fraction(value) for k, value in enumerate(whole.coeffs()) if value}
    return Fractions(polynomial, tuple(sorted(poles)), tuple(sorted(quadratics)))


def _quotient(tree: Tree) -> tuple[Any, Any]:
    """Numerator and denominator, the latter with leading coefficient 1."""
    match tree:
        case Number(value):
            above, below = flint.fmpq_poly([_rational(value)]), flint.fmpq_poly([1])
        case Name("x"):
            above, below = flint.fmpq_poly([0, 1]), flint.fmpq_poly([1])
        case Sum(parts):
            above, below = _quotient(parts[0])
            for part in parts[1:]:
                a, b = _quotient(part)
                above, below = _lowest(above * b + a * below, below * b)
        case Product(parts):
            above, below = _quotient(parts[0])
            for part in parts[1:]:
                a, b = _quotient(part)
                above, below = _lowest(above * a, below * b)
        case Power(base, Number(exponent)) if exponent.denominator == 1:
            above, below = _quotient(base)
            if exponent < 0:
                above, below = _lowest(below, above)
            above, below = above ** abs(exponent.numerator), below ** abs(exponent.numerator)
        case _:
            raise NotSplit("not a quotient of polynomials")
    return above, below


def _lowest(above: Any, below: Any) -> tuple[Any, Any]:
    if not below:
        raise NotSplit("a division by 0")
    divisor = above.gcd(below)
    above, below = divmod(above, divisor)[0], divmod(below, divisor)[0]
    leading = below.leading_coefficient()
    above, below = above / leading, below / leading
    if any(_n_bits(value) > _MOST_BITS for poly in (above, below) for value in poly.coeffs()):
        raise NotSplit("a number with too many digits")
    return above, below


def _poles(above: Any, others: Any, root: Fraction, order: int) -> list[tuple[Fraction, int, Fraction]]:
    """c/(x-r)**k for k up to the order: the Taylor coefficients of above/others at r."""
    moved = flint.fmpq_poly([_rational(root), 1])
    tops, bottoms = above(moved), others(moved)
    found: list[Any] = []
    for k in range(order):
        carried = sum((bottoms[k - j] * found[j] for j in range(k)), flint.fmpq(0))
        found.append((tops[k] - carried) / bottoms[0])
    return [(root, order - k, _fraction(value)) for k, value in enumerate(found) if value]


def _quadratic(above: Any, others: Any, base: Any) -> Quadratic:
    """above/others modulo the quadratic; others is inverted by its conjugate."""
    top, bottom = divmod(above, base)[1], divmod(others, base)[1]
    p, q = base[1], base[0]
    norm = bottom[1] ** 2 * q - bottom[1] * bottom[0] * p + bottom[0] ** 2
    inverse = flint.fmpq_poly([(bottom[0] - bottom[1] * p) / norm, -bottom[1] / norm])
    result = divmod(top * inverse, base)[1]
    return Quadratic(_fraction(p), _fraction(q), _fraction(result[1]), _fraction(result[0]))


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _rational(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _n_bits(value: Any) -> int:
    return int(value.p).bit_length() + int(value.q).bit_length()
