"""How an answer is spelled, apart from its value: number literals, expanded and factored polynomials, kinds of sets.

Value is not success: `17*23` is the value of the task "compute 17*23", and `x**2-1` that of "factor x**2-1".
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Literal, TypeAlias

from envs.equality.factoring import is_polynomial, n_factors
from envs.equality.fields import is_prime
from envs.equality.matching import open_interval
from envs.equality.values import EXPRESSIONS, FiniteSet, Interval, Sequence, Statement, Union, Value
from envs.expression import ONE, Name, Number, Power, Product, Sum, Tree, multiply

Form: TypeAlias = Literal[
    "integer", "rational", "literal", "primes", "expanded", "factored", "set", "tuple", "interval", "relation"
]

FORMS: tuple[Form, ...] = (
    "integer", "rational", "literal", "primes", "expanded", "factored", "set", "tuple", "interval", "relation"
)  # fmt: skip

_TEXTS = {
    "integer": re.compile(r"0|-?[1-9][0-9]*"),
    "rational": re.compile(r"0|-?[1-9][0-9]*(?:/[1-9][0-9]*)?"),
    "literal": re.compile(r"0|-?[1-9][0-9]*(?:/[1-9][0-9]*)?|-?(?:0|[1-9][0-9]*)\.[0-9]*"),
}
_PRIME_POWER = re.compile(r"([1-9][0-9]*)(?:\*\*[1-9][0-9]*)?")
_CLASSES = {"set": FiniteSet, "tuple": Sequence, "interval": Union, "relation": Statement}


def form_problem(form: Form, text: str, value: Value) -> str:
    """What is wrong with the spelling of an answer; empty where nothing is.

    Args:
        form: The spelling required: `integer`, `rational` (or a fraction), `literal` (an integer, a decimal or a
            fraction in lowest terms), `primes` (a product of powers of primes, or 1), `expanded` (a polynomial as a
            sum of different monomials), `factored` (a product of polynomials that do not factor over the rationals),
            or a kind of answer.
        text: The answer.
        value: What it was read as.
    """
    if form in _CLASSES:
        return "" if isinstance(value, _CLASSES[form]) else f"not of the form {form}"
    if not isinstance(value, EXPRESSIONS):
        return f"not of the form {form}"
    match form:
        case "expanded" | "factored" if not is_polynomial(value):
            return "not a polynomial"
        case "expanded":
            return expanded_problem(value)
        case "factored":
            return _factored_problem(value)
        case "primes":
            return _primes_problem(text)
        case _:
            literal = text.strip(" ")
            fits = _TEXTS[form].fullmatch(literal) and (form != "literal" or _is_lowest(literal))
            return "" if fits else f"not of the form {form}"


def _is_lowest(literal: str) -> bool:
    """Whether a literal is no fraction, or one in lowest terms that is no integer."""
    numerator, _, denominator = literal.removeprefix("-").partition("/")
    return not denominator or (int(denominator) > 1 and math.gcd(int(numerator), int(denominator)) == 1)


def as_interval(value: Value) -> Value:
    """(a, b) read as an open interval; other values as they are."""
    return open_interval(value) if isinstance(value, Sequence) and len(value.items) == 2 else value


def is_union_of_intervals(value: Value) -> bool:
    """Whether it holds an interval."""
    return isinstance(value, Union) and any(isinstance(piece, Interval) for piece in value.pieces)


def _primes_problem(text: str) -> str:
    # `**` binds a power, a single `*` separates factors; on the text, as parsing multiplies.
    product = text.replace(" ", "").removeprefix("-")
    if product == "1":
        return ""  # the empty product has no other spelling
    for factor in re.split(r"(?<!\*)\*(?!\*)", product):
        found = _PRIME_POWER.fullmatch(factor)
        if found is None:
            return "not a product of powers of primes"
        if not is_prime(int(found[1])):
            return f"{found[1][:20]} is not prime"
    return ""


def expanded_problem(tree: Tree) -> str:
    """Why a tree is no sum of different products, functions in it taken as they are; empty where it is one."""
    monomials: set[Tree] = set()
    for term in tree.terms if isinstance(tree, Sum) else (tree,):
        factors = term.factors if isinstance(term, Product) else (term,)
        if any(_hides_a_product(factor) for factor in factors):
            return "not expanded"
        bases = Counter(_base(factor) for factor in factors)
        if max(bases.values()) > 1:
            return "equal factors are not collected"
        rest = multiply(sorted((f for f in factors if not isinstance(f, Number)), key=repr))
        if rest in monomials:
            return "like terms are not collected"
        monomials.add(rest)
    return ""


def _hides_a_product(factor: Tree) -> bool:
    """Whether multiplying out would change a factor of a term."""
    match factor:
        case Sum():
            return True
        case Power(Sum() | Product() | Power(), Number(exponent)):
            return exponent.denominator == 1 and exponent > 0
        case _:
            return False


def _base(factor: Tree) -> Tree:
    match factor:
        case Number():
            return ONE
        case Power(Name() as base, Number(exponent)) if exponent > 0:
            return base
        case _:
            return factor


def _factored_problem(tree: Tree) -> str:
    for factor in tree.factors if isinstance(tree, Product) else (tree,):
        while isinstance(factor, Power) and isinstance(factor.exponent, Number):
            factor = factor.base
        if not isinstance(factor, Sum | Product):
            continue
        count = n_factors(factor)
        if count is None:
            return "too large to tell whether it is factored"
        if count > 1:
            return "a factor can be factored"
    return ""
