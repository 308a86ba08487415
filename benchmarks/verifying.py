"""`envs.equality.compare` against sympy's `simplify(a - b) == 0`, with the accuracy of both beside their speed.

Pairs: sampled answers of our envs with another right form of theirs (equal) and with a plausible wrong one (not).
Each pair's truth comes from how it was made, not from either checker. Both begin with text and without caches, as with
a stream of new answers; sympy's expressions are built from our own parser's trees.
"""

from __future__ import annotations

import time
from functools import partial
from random import Random
from typing import NamedTuple

import sympy
from _measure import alternate, report

from envs.calculus import derivative
from envs.core import Env, Solved
from envs.equality import compare
from envs.expression import text_of
from envs.grammar import _parse_cached, parse
from envs.math.antiderivative import Antiderivative
from envs.math.linear import Linear
from envs.symbolic import to_sympy

N_TASKS = 20
INNER = ("sin(x)", "exp(x)", "sqrt(x**2+1)", "log(x**2+2)", "cos(x)**2")


class Pair(NamedTuple):
    """Two expressions and whether they are equal."""

    gold: str
    answer: str
    equal: bool


def slope(text: str) -> str:
    """The derivative, which has no constant of integration; an antiderivative's forms then are equal or not."""
    return text_of(derivative(parse(text, symbols={"x", "C"}), "x"))


def polynomial_pairs(rng: Random, inner: str = "") -> list[Pair]:
    """Polynomials that are derivatives of answers; with `inner`, its letter x replaced by a function of x."""
    env = Antiderivative()
    pairs = []
    for solved in samples(env, rng):
        for text, equal in ((env.equivalent(solved, rng), True), (env.near_miss(solved, rng), False)):
            gold, answer = slope(solved.answer), slope(text)
            if inner:
                chosen = rng.choice(INNER)
                # A shift keeps the truth, and makes the two sides differ in form.
                gold, answer = (side.replace("x", f"({chosen})") for side in (gold, answer))
                gold, answer = f"({gold})*(x+1)", f"x*({answer})+({answer})"
            pairs.append(Pair(gold, answer, equal))
    return pairs


def linear_pairs(rng: Random) -> list[Pair]:
    """Rational numbers."""
    env = Linear()
    return [
        Pair(solved.answer, text, equal)
        for solved in samples(env, rng)
        for text, equal in ((env.equivalent(solved, rng), True), (env.near_miss(solved, rng), False))
    ]


def samples(env: Env, rng: Random) -> list[Solved]:
    """Tasks of all levels in turn."""
    return [env.sample(rng, env.levels[i % len(env.levels)]) for i in range(N_TASKS)]


def ours(pairs: list[Pair]) -> list[bool]:
    """Verdicts of `compare`; undecided counts as not equal."""
    _parse_cached.cache_clear()
    return [compare(pair.gold, pair.answer).label == "equal" for pair in pairs]


def peer(pairs: list[Pair]) -> list[bool]:
    """Verdicts of sympy."""
    _parse_cached.cache_clear()
    sympy.core.cache.clear_cache()
    return [bool(sympy.simplify(to_sympy(parse(pair.gold)) - to_sympy(parse(pair.answer))) == 0) for pair in pairs]


def rate(pairs: list[Pair]) -> float:
    """Our checks a second."""
    start = time.perf_counter()
    ours(pairs)
    return len(pairs) / (time.perf_counter() - start)


def main() -> None:
    """Time three families of pairs."""
    rng = Random(0)
    families = (
        ("numbers", linear_pairs(rng), 2.0),
        ("polynomials", polynomial_pairs(rng), 6.0),
        ("functions", polynomial_pairs(rng, "functions"), 10.0),
    )
    rows, mixed = [], list[Pair]()
    for name, pairs, budget_s in families:
        truth = [pair.equal for pair in pairs]
        right = [sum(a == b for a, b in zip(f, truth, strict=True)) / len(pairs) for f in (ours(pairs), peer(pairs))]
        note = f"right: ours {right[0]:.1%}, peer {right[1]:.1%}"
        case = f"{len(pairs)} pairs of {name}"
        rows.append(alternate(case, partial(ours, pairs), partial(peer, pairs), budget_s, note))
        mixed += pairs
    case = f"{len(mixed)} pairs, mixed"
    rows.append(alternate(case, partial(ours, mixed), partial(peer, mixed), 6.0, f"ours {rate(mixed):.0f} checks/s"))
    report("verifying: envs.equality.compare against sympy.simplify(a - b) == 0", rows)


if __name__ == "__main__":
    main()
