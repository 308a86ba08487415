"""Laurent series with rational coefficients, cut off where a given number of terms is known.

    t/(exp(t)-1) = 1 - t/2 + t**2/12 + O(t**4)

Every operation is exact in the terms that it keeps: functions come from the recurrences that their differential
equations give (Knuth, "The Art of Computer Programming" 2, 4.7). A coefficient that is an integer is an `int`, which is
much faster than a `Fraction`; the two compare equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isqrt
from typing import NamedTuple, TypeAlias

Exact: TypeAlias = int | Fraction

MAX_BITS = 4_000
"""Of a coefficient: larger ones come from hostile text only."""

_MOST_PADDED = 64  # terms of a function of x**n, where so many are not asked for


class SeriesError(ValueError):
    """A function that has no such series; the message says why."""


class Vanishing(SeriesError):
    """All known terms are 0: more terms may decide, or the function is 0."""


class Laurent(NamedTuple):
    """A series: t**order times the polynomial of the terms, plus an error of t**(order + number of terms).

    Attributes:
        order: Exponent of the first term, which may have the coefficient 0.
        terms: Coefficients of rising powers; at least one.
    """

    order: int
    terms: tuple[Exact, ...]


def constant(value: Exact, n_terms: int) -> Laurent:
    """A number."""
    return Laurent(0, (_slim(value), *(0,) * (n_terms - 1)))


def shifted(value: Exact, scale: int, n_terms: int) -> Laurent:
    """value + scale*t."""
    if not value:
        return Laurent(1, (scale, *(0,) * (n_terms - 1)))
    return Laurent(0, (_slim(value), scale, *(0,) * (n_terms - 2))[:n_terms])


def leading(series: Laurent) -> Laurent:
    """The same series from its first term that is not 0.

    Raises:
        Vanishing: There is none among those known.
    """
    for skipped, term in enumerate(series.terms):
        if term:
            return Laurent(series.order + skipped, series.terms[skipped:]) if skipped else series
    raise Vanishing("all known terms cancel")


def plus(first: Laurent, second: Laurent) -> Laurent:
    """Their sum, known as far as both are."""
    low = min(first.order, second.order)
    end = min(first.order + len(first.terms), second.order + len(second.terms))
    if end <= low:
        raise Vanishing("no term of a sum is known")
    total: list[Exact] = [0] * (end - low)
    for order, terms in (first, second):
        for index, term in enumerate(terms[: max(0, end - order)], order - low):
            if term:
                total[index] += term
    return Laurent(low, tuple(total))


def times(first: Laurent, second: Laurent) -> Laurent:
    """Their product."""
    n = min(len(first.terms), len(second.terms))
    return _checked(first.order + second.order, _product(first.terms, second.terms, n))


def raised(series: Laurent, exponent: Fraction) -> Laurent:
    """A power.

    Raises:
        SeriesError: It has fractional exponents or irrational coefficients.
        Vanishing: All known terms are 0.
    """
    if exponent == 2:
        return times(series, series)
    order, terms = leading(series)
    new_order = order * exponent
    if new_order.denominator != 1:
        raise SeriesError("a fractional power of the variable")
    first = _root_power(terms[0], exponent)
    result: list[Exact] = [first]
    # p*y' = r*p'*y for y = p**r, coefficient by coefficient.
    r, s = exponent.numerator, exponent.denominator
    for n in range(1, len(terms)):
        total: Exact = 0
        for k in range(1, n + 1):
            if terms[k]:
                total += (k * (r + s) - n * s) * terms[k] * result[n - k]
        result.append(_ratio(total, n * s * terms[0]))
    return _checked(int(new_order), result)


def applied(function: str, series: Laurent) -> Laurent:
    """A function of a series without a constant term; `log` of one whose constant term is 1.

    Raises:
        SeriesError: The series has another constant term or a pole, or the function has no rule here.
    """
    if function not in _RULES:
        raise SeriesError(f"{function} has no rule")
    terms = list(natural(series))
    if function == "log":
        if terms[0] != 1:
            raise SeriesError("log of a series that does not begin with 1")
        terms[0] = 0
    if terms[0]:
        raise SeriesError(f"{function} of a series that does not begin with 0")
    return _checked(0, _RULES[function](terms))


FUNCTIONS = frozenset({"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asin", "atanh", "asinh"})
"""What `applied` has rules for."""


def natural(series: Laurent) -> tuple[Exact, ...]:
    """The coefficients from the constant term on.

    Raises:
        SeriesError: There is a pole.
    """
    order, terms = series
    if order > 0:
        return (*(0,) * order, *terms)[: max(len(terms), min(order + 1, _MOST_PADDED))]
    if any(terms[:-order]):
        raise SeriesError("a pole")
    if len(terms) <= -order:
        raise Vanishing("no term of the function's argument is known")
    return terms[-order:]


def _product(first: Sequence[Exact], second: Sequence[Exact], n: int) -> list[Exact]:
    total: list[Exact] = [0] * n
    others = [(index, term) for index, term in enumerate(second[:n]) if term]
    for i, a in enumerate(first[:n]):
        if a:
            for j, b in others:
                if i + j >= n:
                    break
                total[i + j] += a * b
    return total


def _exp(terms: list[Exact]) -> list[Exact]:
    result: list[Exact] = [1]
    slopes = [(k, k * term) for k, term in enumerate(terms) if term]
    for n in range(1, len(terms)):
        result.append(_ratio(sum(slope * result[n - k] for k, slope in slopes if k <= n), n))
    return result


def _log(terms: list[Exact]) -> list[Exact]:
    """log(1+u)."""
    result: list[Exact] = [0]
    known = [(k, term) for k, term in enumerate(terms) if term]
    for n in range(1, len(terms)):
        carried = sum(term * (n - k) * result[n - k] for k, term in known if k < n)
        result.append(_ratio(n * terms[n] - carried, n))
    return result


def _sin_cos(terms: list[Exact], sign: int) -> tuple[list[Exact], list[Exact]]:
    """Sine and cosine for sign -1, sinh and cosh for 1."""
    sine: list[Exact] = [0]
    cosine: list[Exact] = [1]
    slopes = [(k, k * term) for k, term in enumerate(terms) if term]
    for n in range(1, len(terms)):
        below = [(k, slope) for k, slope in slopes if k <= n]
        sine.append(_ratio(sum(slope * cosine[n - k] for k, slope in below), n))
        cosine.append(_ratio(sign * sum(slope * sine[n - k] for k, slope in below), n))
    return sine, cosine


def _quotient(pair: tuple[list[Exact], list[Exact]]) -> list[Exact]:
    above, below = pair
    return _product(above, raised(Laurent(0, tuple(below)), Fraction(-1)).terms, len(above))


def _integrated(terms: list[Exact], sign: int, exponent: Fraction) -> list[Exact]:
    """The integral of u'*(1 + sign*u**2)**exponent."""
    inner = [sign * term for term in _product(terms, terms, len(terms))]
    inner[0] = 1
    slope = [k * term for k, term in enumerate(terms)][1:]
    rate = _product(slope, raised(Laurent(0, tuple(inner)), exponent).terms, len(slope)) if slope else []
    return [0, *(_ratio(term, n) for n, term in enumerate(rate, 1))]


_RULES: dict[str, Callable[[list[Exact]], list[Exact]]] = {
    "exp": _exp,
    "log": _log,
    "sin": lambda u: _sin_cos(u, -1)[0],
    "cos": lambda u: _sin_cos(u, -1)[1],
    "tan": lambda u: _quotient(_sin_cos(u, -1)),
    "sinh": lambda u: _sin_cos(u, 1)[0],
    "cosh": lambda u: _sin_cos(u, 1)[1],
    "tanh": lambda u: _quotient(_sin_cos(u, 1)),
    "atan": lambda u: _integrated(u, 1, Fraction(-1)),
    "asin": lambda u: _integrated(u, -1, Fraction(-1, 2)),
    "atanh": lambda u: _integrated(u, -1, Fraction(-1)),
    "asinh": lambda u: _integrated(u, 1, Fraction(-1, 2)),
}


def _ratio(above: Exact, below: Exact) -> Exact:
    if type(above) is int and type(below) is int:
        quotient, rest = divmod(above, below)
        return Fraction(above, below) if rest else quotient
    return _slim(Fraction(above) / below)


def _slim(value: Exact) -> Exact:
    return value.numerator if value.denominator == 1 else value


def _checked(order: int, terms: Sequence[Exact]) -> Laurent:
    for term in terms:
        if term.numerator.bit_length() + term.denominator.bit_length() > MAX_BITS:
            raise SeriesError("a coefficient grows too large")
    return Laurent(order, tuple(terms))


def _root_power(value: Exact, exponent: Fraction) -> Exact:
    """value**exponent where that is rational."""
    index = exponent.denominator
    if index > 1:
        if value < 0:
            raise SeriesError("a root of a negative number")
        value = _ratio(_root(value.numerator, index), _root(value.denominator, index))
    steps = exponent.numerator
    if (value.numerator.bit_length() + value.denominator.bit_length()) * abs(steps) > 2 * MAX_BITS:
        raise SeriesError("a coefficient grows too large")
    return _slim(Fraction(value) ** steps)


def _root(value: int, index: int) -> int:
    """The exact root of an integer."""
    if index == 2:
        root = isqrt(value)
    else:
        low, root = 0, 1 << (value.bit_length() // index + 1)
        while root - low > 1:
            middle = (low + root) // 2
            low, root = (low, middle) if middle**index > value else (middle, root)
        root = low
    if root**index != value:
        raise SeriesError("an irrational coefficient")
    return root
