"""A product taken apart into positive factors and a rest, where roots and logarithms may be taken factor by factor.

For positive c and any u, `(c*u)**q` is `c**q * u**q` and `log(c*u)` is `log(c)+log(u)` on principal branches. Positive
numbers are taken apart into primes, as far as small primes go.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from envs.equality.comparison import Domain
from envs.equality.signs import is_positive, is_real
from envs.expression import Call, Number, Power, Product, Tree, multiply

_SMALL_PRIMES = [n for n in range(2, 1_000) if all(n % q for q in range(2, n) if q * q <= n)]

Parts = list[tuple[Tree, Fraction]]
"""Positive trees (or squares of real ones) with the powers they occur in."""


class Splitter:
    """`split` over fixed domains; what it found is kept, as the images of one proof ask for the same trees.

    Attributes:
        domains: The domain of each symbol.
    """

    def __init__(self, domains: Mapping[str, Domain]) -> None:
        self.domains = domains
        # The tree is kept beside its parts so that its id stays taken.
        self._known: dict[int, tuple[Tree, tuple[Parts, Tree | None]]] = {}

    def split(self, tree: Tree) -> tuple[Parts, Tree | None]:
        """The positive factors of a tree with their powers, and what is left."""
        known = self._known.get(id(tree))
        if known is None:
            known = self._known[id(tree)] = tree, split(tree, self.domains)
        return known[1]


def split(tree: Tree, domains: Mapping[str, Domain]) -> tuple[Parts, Tree | None]:
    """The positive factors of a tree with their powers, and what is left: None where nothing is."""
    parts: Parts = []
    rest: list[Tree] = []
    _collect(tree, Fraction(1), domains, parts, rest)
    merged: dict[Tree, Fraction] = {}
    for part, degree in parts:
        merged[part] = merged.get(part, Fraction(0)) + degree
    return [(part, degree) for part, degree in merged.items() if degree], multiply(rest) if rest else None


def _collect(tree: Tree, degree: Fraction, domains: Mapping[str, Domain], parts: Parts, rest: list[Tree]) -> None:
    """Take tree**degree apart; degree is 1 unless tree is positive."""
    match tree:
        case Number(value):
            if value < 0:
                rest.append(Number(Fraction(-1)))
            if value == 0:
                rest.append(tree)
            else:
                parts += [(factor, power * degree) for factor, power in _prime_powers(abs(value))]
        case Product(factors):
            for factor in factors:
                _collect(factor, degree, domains, parts, rest)
        case Power(base, Number(exponent)) if is_positive(base, domains):
            _collect(base, degree * exponent, domains, parts, rest)
        case Power(Product(factors), Number(exponent)) if exponent.denominator == 1:
            for factor in factors:
                _collect(_raised(factor, exponent), degree, domains, parts, rest)
        case Power(base, Number(exponent)) if _is_even(exponent) and is_real(base, domains):
            parts.append((Power(base, Number(Fraction(2))), degree * exponent / 2))
        case Call("Abs", argument) if is_real(argument, domains):
            _collect(Power(argument, Number(Fraction(2))), degree / 2, domains, parts, rest)
        case _ if is_positive(tree, domains):
            parts.append((tree, degree))
        case _:
            rest.append(tree)


def _raised(base: Tree, exponent: Fraction) -> Tree:
    return Number(base.value**exponent.numerator) if isinstance(base, Number) else Power(base, Number(exponent))


def _is_even(exponent: Fraction) -> bool:
    return exponent.denominator == 1 and exponent.numerator % 2 == 0


@lru_cache(maxsize=1024)
def _prime_powers(value: Fraction) -> tuple[tuple[Tree, int], ...]:
    """A positive rational as powers of small primes and of what they leave."""
    found: list[tuple[Tree, int]] = []
    for integer, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in _SMALL_PRIMES:
            if integer == 1:
                break
            power = 0
            while integer % prime == 0:
                integer, power = integer // prime, power + 1
            if power:
                found.append((Number(Fraction(prime)), sign * power))
        if integer > 1:
            found.append((Number(Fraction(integer)), sign))
    return tuple(found)
