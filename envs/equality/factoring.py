"""What is written as a polynomial, and how many factors it has over the rationals, by python-flint if installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envs.equality.residues import degree_bound
from envs.expression import CONSTANTS, GrammarError, Name, Number, Power, Product, Sum, Tree, ordered, symbols_of

try:
    import flint
except ImportError:  # no wheel of python-flint for this platform
    flint = None

_LARGEST_DEGREE = 40
_MOST_SYMBOLS = 4


class _NotAPolynomial(Exception):
    """A function, a root or a division by a symbol."""


def n_factors(tree: Tree) -> int | None:
    """Irreducible factors that are no constants, counted with multiplicity; 1 for what is no polynomial.

    None where the polynomial is too large to factor, or python-flint is missing and its degree is above 1.
    """
    names = sorted(symbols_of(tree))
    if len(names) > _MOST_SYMBOLS or degree_bound(tree) > _LARGEST_DEGREE:
        return None
    if flint is None:
        return 1 if degree_bound(tree) <= 1 else None
    context = flint.fmpq_mpoly_ctx.get(names or ["x"], flint.Ordering.lex)
    try:
        polynomial = _polynomial(tree, context, dict(zip(context.names(), context.gens(), strict=True)))
    except _NotAPolynomial:
        return 1
    except GrammarError:
        return None
    if polynomial == 0:
        return 1
    return sum(int(power) for _, power in polynomial.factor()[1])


def is_polynomial(tree: Tree) -> bool:
    """Whether it is written with symbols, rational numbers, sums, products and natural powers alone."""
    return not atoms_of(tree)


def atoms_of(tree: Tree) -> frozenset[Tree]:
    """The largest parts that keep it from being a polynomial: functions, constants, roots and reciprocals."""
    match tree:
        case Number():
            return frozenset()
        case Name(name):
            return frozenset({tree}) if name in CONSTANTS else frozenset()
        case Sum(parts) | Product(parts):
            return frozenset().union(*map(atoms_of, parts))
        case Power(base, Number(exponent)) if exponent.denominator == 1 and exponent >= 0:
            return atoms_of(base)
        case _:
            return frozenset({ordered(tree)})


def _polynomial(tree: Tree, context: Any, symbols: Mapping[str, Any]) -> Any:
    match tree:
        case Number(value):
            return context.constant(flint.fmpq(value.numerator, value.denominator))
        case Name(name) if name in symbols:
            return symbols[name]
        case Sum(parts):
            total = context.constant(0)
            for part in parts:
                total += _polynomial(part, context, symbols)
            return total
        case Product(parts):
            total = context.constant(1)
            for part in parts:
                total *= _polynomial(part, context, symbols)
            return total
        case Power(base, Number(exponent)) if exponent.denominator == 1 and exponent > 0:
            return _polynomial(base, context, symbols) ** exponent.numerator
        case _:
            raise _NotAPolynomial
