"""Functions near a point, exactly: sums of exp(P)*S, with S a Laurent series in t and P a polynomial in 1/t.

    x*sin(1/x) as x -> oo, so t = 1/x        1 - t**2/6 + ...
    (1+2/x)**(3*x)                           exp(6)*(1 - 6*t + ...)
    exp(x)/x**3                              exp(1/t)*t**3

All coefficients are rational, so what is larger than what, and what is 0, is decided rather than estimated: numbers
exp(r) with different rational r are linearly independent over the rationals (Lindemann 1882, Weierstrass 1885). This is
the first storey of the exp-log series that Gruntz 1996, "On computing limits in a symbolic manipulation system", and
van der Hoeven's transseries build in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from envs.expression import Call, Name, Number, Power, Product, Sum, Tree
from envs.laurent import (
    Exact,
    Laurent,
    SeriesError,
    Vanishing,
    applied,
    constant,
    leading,
    plus,
    raised,
    times,
)

Exponent: TypeAlias = tuple[tuple[int, Exact], ...]
"""P above: pairs of an exponent of t, never above 0, and a coefficient, never 0; exponents rise."""

Germ: TypeAlias = Mapping[Exponent, Laurent]
"""Exponents to the series they stand before; never empty."""

_PLAIN: Exponent = ()
_MOST_PARTS = 8


def germ_of(tree: Tree, variable: str, at: Laurent) -> Germ:
    """A tree as a function of t, where the variable is the series `at`.

    Raises:
        SeriesError: It has no such form, or none that is found here.
    """
    n_terms = len(at.terms)
    match tree:
        case Number(value):
            return {_PLAIN: constant(value, n_terms)}
        case Name(name):
            if name != variable:
                raise SeriesError(f"{name} is not rational")
            return {_PLAIN: at}
        case Sum(terms):
            return _sum([germ_of(term, variable, at) for term in terms])
        case Product(factors):
            return _product([germ_of(factor, variable, at) for factor in factors])
        case Power(base, Number(exponent)):
            return _power(germ_of(base, variable, at), exponent)
        case Power(base, exponent_tree):
            return _exp(_product([germ_of(exponent_tree, variable, at), _log(germ_of(base, variable, at))]))
        case Call("exp", argument):
            return _exp(germ_of(argument, variable, at))
        case Call("log", argument):
            return _log(germ_of(argument, variable, at))
        case Call(function, argument):
            return {_PLAIN: applied(function, _plain(germ_of(argument, variable, at)))}


def limit_of(germ: Germ) -> tuple[Fraction, Exact] | int:
    """The limit as t falls to 0: c and r of c*exp(r), or 1 or -1 for plus or minus infinity.

    Raises:
        SeriesError: Parts of one size make its sign, or its value, another kind of number.
    """
    largest = _polar(next(iter(germ)))
    for exponent in germ:
        if _outgrows(_polar(exponent), largest):
            largest = _polar(exponent)
    known = {exponent: leading(series) for exponent, series in germ.items() if _polar(exponent) == largest}
    order = min(series.order for series in known.values())
    direction = _sign(largest[0][1]) if largest else 0
    if direction < 0 or (direction == 0 and order > 0):
        return Fraction(0), 0
    values = {exponent: series.terms[0] for exponent, series in known.items() if series.order == order}
    if len(values) > 1:
        raise SeriesError("a sum of several powers of e")
    ((exponent, value),) = values.items()
    if direction > 0 or order < 0:
        return _sign(value)
    return Fraction(value), dict(exponent).get(0, 0)


def mirrored(germ: Germ) -> Germ:
    """The germ with -t for t; that of the same function on the other side, unless it has roots."""
    return {
        tuple((order, -value if order % 2 else value) for order, value in exponent): Laurent(
            series.order, tuple(-term if index % 2 else term for index, term in enumerate(series.terms, series.order))
        )
        for exponent, series in germ.items()
    }


def constant_of(tree: Tree) -> dict[Exact, Exact]:
    """A number made of rationals and of powers of e with rational exponents: exponents to coefficients, none 0.

    Equal numbers give equal mappings.

    Raises:
        SeriesError: It is no such number, or a quotient by a sum of them.
    """
    germ = germ_of(tree, "", constant(0, 1))
    return {dict(exponent).get(0, 0): series.terms[0] for exponent, series in germ.items() if series.terms[0]}


def series_of(tree: Tree, variable: str, at: Laurent) -> Laurent:
    """A tree without exponentials that stay, as a series in t.

    Raises:
        SeriesError: It has none.
    """
    return _plain(germ_of(tree, variable, at))


def _polar(exponent: Exponent) -> Exponent:
    """P without its constant term: how exp(P) grows."""
    return exponent[:-1] if exponent and exponent[-1][0] == 0 else exponent


def _outgrows(first: Exponent, second: Exponent) -> bool:
    """Whether exp of the first is beyond all multiples of exp of the second, as t falls to 0."""
    difference = dict(first)
    for order, value in second:
        difference[order] = difference.get(order, 0) - value
    remaining = [order for order, value in difference.items() if value]
    return bool(remaining) and difference[min(remaining)] > 0


def _sign(value: Exact) -> int:
    return 1 if value > 0 else -1


def _sum(germs: list[Germ]) -> Germ:
    total = dict(germs[0])
    for germ in germs[1:]:
        for exponent, series in germ.items():
            total[exponent] = plus(total[exponent], series) if exponent in total else series
    return _bounded(total)


def _product(germs: list[Germ]) -> Germ:
    total = germs[0]
    for germ in germs[1:]:
        product: dict[Exponent, Laurent] = {}
        for first, a in total.items():
            for second, b in germ.items():
                exponent, series = _added(first, second), times(a, b)
                product[exponent] = plus(product[exponent], series) if exponent in product else series
        total = _bounded(product)
    return total


def _bounded(germ: dict[Exponent, Laurent]) -> Germ:
    if len(germ) > _MOST_PARTS:
        raise SeriesError("too many exponentials")
    return germ


def _added(first: Exponent, second: Exponent) -> Exponent:
    if not first or not second:
        return first or second
    total = dict(first)
    for order, value in second:
        total[order] = total.get(order, 0) + value
    return tuple(sorted((order, value) for order, value in total.items() if value))


def _power(germ: Germ, exponent: Fraction) -> Germ:
    if exponent.denominator == 1 and 2 <= exponent <= 6 and len(germ) > 1:
        return _product([germ] * exponent.numerator)
    base, series = _single(germ)
    return {tuple((order, value * exponent) for order, value in base): raised(series, exponent)}


def _single(germ: Germ) -> tuple[Exponent, Laurent]:
    if len(germ) > 1:
        raise SeriesError("a power or logarithm of several exponentials")
    ((exponent, series),) = germ.items()
    return exponent, series


def _plain(germ: Germ) -> Laurent:
    exponent, series = _single(germ)
    if exponent:
        raise SeriesError("an exponential that stays")
    return series


def _exp(germ: Germ) -> Germ:
    order, terms = _plain(germ)
    if order + len(terms) <= 0:
        raise Vanishing("no term of an exponential is known")
    outside = (
        tuple((order + index, term) for index, term in enumerate(terms[: 1 - order]) if term) if order <= 0 else ()
    )
    if not outside:
        return {_PLAIN: applied("exp", Laurent(order, terms))}
    inside = Laurent(order, tuple(term if order + index > 0 else 0 for index, term in enumerate(terms)))
    return {outside: applied("exp", inside)}


def _log(germ: Germ) -> Germ:
    exponent, series = _single(germ)
    result = applied("log", leading(series))
    if not exponent:
        return {_PLAIN: result}
    # log(exp(P)*S) = P + log(S), for real P.
    low = exponent[0][0]
    polynomial = [dict(exponent).get(low + index, 0) for index in range(1 - low)]
    n_terms = len(result.terms) - low
    padded = Laurent(low, tuple((*polynomial, *(0,) * n_terms)[:n_terms]))
    return {_PLAIN: plus(padded, result)}
