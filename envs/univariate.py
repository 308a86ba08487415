"""Polynomials in x with integer coefficients, as people write them: `2x^2-x+5`, one spelling each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from envs.numerals import POSITIVE

_COEFFICIENT = rf"(?:{POSITIVE})?"
_POLYNOMIAL = re.compile(
    rf"-?(?:{_COEFFICIENT}x(?:\^{POSITIVE})?|{POSITIVE})(?:[-+](?:{_COEFFICIENT}x(?:\^{POSITIVE})?|{POSITIVE}))*"
)
_TERM = re.compile(r"([-+]?[0-9]*)(x?)(?:\^([0-9]+))?")


def read_polynomial(text: str, max_degree: int) -> list[int] | None:
    """The coefficients, highest degree first and never 0; None where the text is no polynomial or not so written.

    Bound the length of the text first.
    """
    if not _POLYNOMIAL.fullmatch(text):
        return None
    coefficients = [0] * (max_degree + 1)
    for number, variable, exponent in _TERM.findall(text):
        if not number and not variable:
            continue  # the empty match at the end
        degree = int(exponent or 1) if variable else 0
        if degree > max_degree:
            return None
        coefficients[max_degree - degree] += int(f"{number}1") if number in ("", "+", "-") else int(number)
    while coefficients and not coefficients[0]:
        del coefficients[0]
    # Terms in another order, repeated or with exponent 1 come out differently.
    return coefficients if write_polynomial(coefficients) == text else None


def write_polynomial(coefficients: Sequence[int]) -> str:
    """`2x^2-x+5` for 2, -1, 5; the first coefficient must not be 0."""
    parts: list[str] = []
    for degree, value in zip(range(len(coefficients) - 1, -1, -1), coefficients, strict=True):
        if value == 0:
            continue
        power = "" if degree == 0 else "x" if degree == 1 else f"x^{degree}"
        sign = "-" if value < 0 else "+" if parts else ""
        size = abs(value)
        parts.append(f"{sign}{'' if size == 1 and power else size}{power}")
    return "".join(parts)


def value_at(coefficients: Sequence[int], x: int) -> list[int]:
    """The steps of Horner's rule; the last is the value."""
    steps = [coefficients[0]]
    for coefficient in coefficients[1:]:
        steps.append(steps[-1] * x + coefficient)
    return steps
