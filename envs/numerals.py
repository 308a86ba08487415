"""How families spell, read, draw and check integers and fractions, so that all do it alike.

An integer has one spelling: `0`, `7`, `-7`; no leading zeros, no plus sign. A fraction is an integer over a
positive integer, `-7/2`, or an integer alone.
"""

from __future__ import annotations

import re
from math import gcd
from random import Random

from envs.core import Outcome, Verdict

INTEGER = r"(?:0|-?[1-9][0-9]*)"
NATURAL = r"(?:0|[1-9][0-9]*)"
POSITIVE = r"[1-9][0-9]*"

_INTEGER = re.compile(INTEGER)
_FRACTION = re.compile(f"({INTEGER})(?:/({POSITIVE}))?")
_LONGEST = 200

RIGHT = Verdict(Outcome.CORRECT, tier="exact")
WRONG = Verdict(Outcome.INCORRECT, "another value", tier="exact")
NO_INTEGER = Verdict(Outcome.MALFORMED, "not an integer in its usual spelling")
NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


def check_integer(answer: str, value: int) -> Verdict:
    """Whether the answer spells the value; text of any length."""
    # Text is compared, not numbers: int() of a long string is slow and refuses 4,300 digits and more.
    if answer == str(value):
        return RIGHT
    return WRONG if _INTEGER.fullmatch(answer) else NO_INTEGER


def read_fraction(text: str) -> tuple[int, int] | None:
    """Numerator and denominator of `-7/2` or `3`, in lowest terms; None where the text is neither, or too long."""
    match = _FRACTION.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    return lowest(int(match[1]), int(match[2] or 1))


def lowest(numerator: int, denominator: int) -> tuple[int, int]:
    """The same fraction in lowest terms with a denominator above 0; much faster than `fractions.Fraction`."""
    divisor = gcd(numerator, denominator)
    if denominator < 0:
        divisor = -divisor
    return numerator // divisor, denominator // divisor


def write_fraction(numerator: int, denominator: int) -> str:
    """`-7/2`, or `3` where the denominator is 1; the fraction must be in lowest terms."""
    return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"


def draw_magnitude(rng: Random, n_digits: int) -> int:
    """Uniform over the integers of so many digits; 0 counts as one digit."""
    return rng.randrange(10 ** (n_digits - 1) if n_digits > 1 else 0, 10**n_digits)


def draw_positive(rng: Random, n_digits: int) -> int:
    """Uniform over the integers above 0 of so many digits."""
    return rng.randrange(10 ** (n_digits - 1), 10**n_digits)


def next_coprime(start: int, other: int, top: int) -> int:
    """The first of start, start+1, ... that has no common divisor with `other`; after `top` comes 1, which has none."""
    while gcd(start, other) != 1:
        start = start + 1 if start < top else 1
    return start


def slip(value: int, rng: Random, *, signed: bool = True) -> int:
    """The value with one digit's place off by one, as after a lost carry; not negative unless `signed`."""
    place: int = 10 ** rng.randrange(len(str(abs(value))))
    if rng.random() < 0.5 and (signed or value >= place):
        return value - place
    return value + place
