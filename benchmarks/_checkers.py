"""The checkers of `verifying`, as work for `envs.pool`: a pair in, `[equal, seconds]` out, timed in the worker.

Each reads text. Ours begins every pair without caches; the peers keep theirs, in their favour.
"""

from __future__ import annotations

import time
from importlib.util import find_spec

import sympy
from _pairs import Pair, latex_of

from envs.equality import compare
from envs.grammar import _parse_cached, parse
from envs.symbolic import to_sympy

HAS_MATH_VERIFY = find_spec("math_verify") is not None


def ours(pair: Pair) -> tuple[bool, float]:
    """`compare`; undecided counts as not equal."""
    _parse_cached.cache_clear()
    start = time.perf_counter()
    equal = compare(pair.gold, pair.answer).label == "equal"
    return equal, time.perf_counter() - start


def simplify(pair: Pair) -> tuple[bool, float]:
    """`sympy.simplify(a - b) == 0` with real symbols; our parser spares it the time of `sympify`."""
    _parse_cached.cache_clear()
    start = time.perf_counter()
    first, second = (_with_real_symbols(to_sympy(parse(side))) for side in pair[:2])
    equal = bool(sympy.simplify(first - second) == 0)
    return equal, time.perf_counter() - start


def math_verify(pair: Pair) -> tuple[bool, float]:
    """Its `parse` and `verify` with their defaults but for their alarms, which the pool's limit replaces.

    It gets LaTeX, which it is made for: in our spelling it takes `2*sin(x)**2` for 2. Writing it is not timed.
    """
    import math_verify as library

    first, second = (f"${latex_of(parse(side))}$" for side in pair[:2])
    start = time.perf_counter()
    gold = library.parse(first, parsing_timeout=None)
    answer = library.parse(second, parsing_timeout=None)
    equal = bool(library.verify(gold, answer, timeout_seconds=None))
    return equal, time.perf_counter() - start


def _with_real_symbols(expression: sympy.Expr) -> sympy.Expr:
    return expression.xreplace({symbol: sympy.Symbol(symbol.name, real=True) for symbol in expression.free_symbols})
