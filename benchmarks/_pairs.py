"""Labelled pairs of expressions for the benchmarks: each is equal or not by the way it was made, not by a checker.

Numbers, polynomials, functions in polynomials, and identities of trigonometry, exponentials, logarithms and roots. Half
are equal, half are slips: a sign, a factor, a forgotten term. All hold on the reals wherever the first side is defined.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import NamedTuple

from envs.calculus import derivative
from envs.core import Env, Solved
from envs.expression import Call, Name, Number, Power, Product, Sum, Tree, text_of
from envs.grammar import parse
from envs.math.antiderivative import Antiderivative
from envs.math.linear import Linear

_INNER = ("sin(x)", "exp(x)", "sqrt(x**2+1)", "log(x**2+2)", "cos(x)**2")

# Of each: one side, the other, and a slip. A and B are expressions without a pole, P is one that is positive, and k
# is an integer from 2.
_IDENTITIES = (
    ("sin(2*A)", "2*sin(A)*cos(A)", "sin(A)*cos(A)"),
    ("cos(2*A)", "1-2*sin(A)**2", "1-sin(A)**2"),
    ("cos(A)**4-sin(A)**4", "cos(2*A)", "cos(A)"),
    ("tan(A)", "sin(A)/cos(A)", "cos(A)/sin(A)"),
    ("k*sin(A)**2", "k-k*cos(A)**2", "k+k*cos(A)**2"),
    ("sin(A+B)", "sin(A)*cos(B)+cos(A)*sin(B)", "sin(A)*cos(B)-cos(A)*sin(B)"),
    ("sin(A)*cos(B)", "(sin(A+B)+sin(A-B))/2", "(sin(A+B)-sin(A-B))/2"),
    ("1/cos(A)**2", "1+tan(A)**2", "1-tan(A)**2"),
    ("exp(A+B)", "exp(A)*exp(B)", "exp(A)+exp(B)"),
    ("exp(2*A)-k**2", "(exp(A)-k)*(exp(A)+k)", "(exp(A)-k)**2"),
    ("exp(-k*A)", "1/exp(A)**k", "1/exp(A)**(k+1)"),
    ("(exp(A)-exp(-A))**2/4", "(exp(2*A)+exp(-2*A)-2)/4", "(exp(2*A)+exp(-2*A)+2)/4"),
    ("2**(A+k)", "2**k*2**A", "k*2**A"),
    ("log(k*P)", "log(k)+log(P)", "log(k)*log(P)"),
    ("log(P**k)", "k*log(P)", "log(P)**k"),
    ("log(sqrt(P))", "log(P)/2", "log(P)/4"),
    ("exp(k*log(P))", "P**k", "k*P"),
    ("sqrt(k**2*P)", "k*sqrt(P)", "k**2*sqrt(P)"),
    ("1/(sqrt(P+k)-sqrt(P))", "(sqrt(P+k)+sqrt(P))/k", "(sqrt(P+k)-sqrt(P))/k"),
    ("A/sqrt(P)", "A*sqrt(P)/(P)", "A*sqrt(P)"),
    ("(1+sqrt(k))**2", "1+k+2*sqrt(k)", "1+k"),
    ("sqrt(P)*sqrt(P+1)", "sqrt(P*(P+1))", "sqrt(P+P+1)"),
)


class Pair(NamedTuple):
    """Two expressions and whether they are equal."""

    gold: str
    answer: str
    equal: bool


def families(rng: Random, n: int) -> dict[str, list[Pair]]:
    """About `n` different pairs of each family, by its name."""
    makers: dict[str, Callable[[Random], list[Pair]]] = {
        "numbers": _numbers,
        "polynomials": _polynomials,
        "functions": lambda rng: [_inside(pair, rng) for pair in _polynomials(rng)],
        "identities": _identities,
    }
    found: dict[str, list[Pair]] = {}
    for name, make in makers.items():
        kept: dict[Pair, None] = {}
        while len(kept) < n:
            kept.update(dict.fromkeys(make(rng)))
        found[name] = list(kept)
    return found


def latex_of(tree: Tree) -> str:
    """A tree as LaTeX, the way a model writes it."""
    match tree:
        case Number(value) if value.denominator > 1:
            return ("-" if value < 0 else "") + rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
        case Number(value):
            return str(value)
        case Name(name):
            return rf"\{name}" if name == "pi" else name
        case Sum(terms):
            pieces = [latex_of(term) for term in terms]
            return pieces[0] + "".join(piece if piece[0] == "-" else "+" + piece for piece in pieces[1:])
        case Product(factors):
            return _latex_of_product(factors)
        case Power(base, Number(exponent)) if exponent == Fraction(1, 2):
            return rf"\sqrt{{{latex_of(base)}}}"
        case Power(_, Number(exponent)) if exponent < 0:
            return _latex_of_product((tree,))
        case Power(base, exponent_tree):
            inner = latex_of(base)
            atom = isinstance(base, Name) or (isinstance(base, Number) and inner.isdigit())
            return rf"{inner if atom else _bracketed(inner)}^{{{latex_of(exponent_tree)}}}"
        case Call("exp", argument):
            return f"e^{{{latex_of(argument)}}}"
        case Call(function, argument):
            return rf"\{'ln' if function == 'log' else function}{_bracketed(latex_of(argument))}"


def _latex_of_product(factors: tuple[Tree, ...]) -> str:
    """Factors below zero in their exponent under one fraction line."""
    sign, above, below = "", list[str](), list[str]()
    for factor in factors:
        match factor:
            case Number(value) if value == -1:
                sign = "-"
            case Power(base, Number(exponent)) if exponent < 0:
                below.append(_factor(base if exponent == -1 else Power(base, Number(-exponent))))
            case _:
                above.append(
                    _factor(factor) if above else latex_of(factor) if isinstance(factor, Number) else _factor(factor)
                )
    top = r" \cdot ".join(above) or "1"
    return sign + (rf"\frac{{{top}}}{{{' '.join(below)}}}" if below else top)


def _factor(tree: Tree) -> str:
    return _bracketed(latex_of(tree)) if isinstance(tree, Sum) else latex_of(tree)


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


def _samples(env: Env, rng: Random) -> list[Solved]:
    """A task of each level."""
    return [env.sample(rng, level) for level in env.levels]


def _both(env: Env, solved: Solved, rng: Random) -> tuple[tuple[str, bool], ...]:
    return (env.equivalent(solved, rng), True), (env.near_miss(solved, rng), False)


def _numbers(rng: Random) -> list[Pair]:
    """Rational numbers, in other terms and as sums and products that were not worked out."""
    env = Linear()
    pairs = [
        Pair(solved.answer, text, equal) for solved in _samples(env, rng) for text, equal in _both(env, solved, rng)
    ]
    for equal in (True, False):
        a, b, c = (Fraction(rng.randint(2, 60), rng.randint(2, 12)) for _ in range(3))
        value = a * b - c if equal else a * b + c
        pairs.append(Pair(str(value), f"{a}*({b})-({c})", equal))
    return pairs


def _polynomials(rng: Random) -> list[Pair]:
    """Derivatives of antiderivatives, which have no constant of integration: their forms are equal or not."""
    env = Antiderivative()
    pairs = [
        Pair(_slope(solved.answer), _slope(text), equal)
        for solved in _samples(env, rng)
        for text, equal in _both(env, solved, rng)
    ]
    for equal in (True, False):
        a, b, c, d = (rng.choice((-1, 1)) * rng.randint(2, 9) for _ in range(4))
        middle = a * d + (b * c if equal else -b * c)
        pairs.append(Pair(f"({a}*x+{b}*y)*({c}*x+{d}*y)", f"{a * c}*x**2+{middle}*x*y+{b * d}*y**2", equal))
    return pairs


def _slope(text: str) -> str:
    return text_of(derivative(parse(text, symbols={"x", "C"}), "x"))


def _inside(pair: Pair, rng: Random) -> Pair:
    """The pair with a function in place of x; a factor keeps the truth and makes the sides differ in form."""
    inner = rng.choice(_INNER)
    gold, answer = (side.replace("x", f"({inner})") for side in pair[:2])
    return Pair(f"({gold})*(x+1)", f"x*({answer})+({answer})", pair.equal)


def _identities(rng: Random) -> list[Pair]:
    """Each identity once, with the slip or without, its letters filled in."""
    pairs = []
    for one, other, slip in _IDENTITIES:
        k, m = rng.randint(2, 9), rng.randint(2, 5)
        filling = {
            "A": rng.choice((f"{m}*x", f"x/{m}", f"x+{m}", f"x**{m}", "x*y")),
            "B": rng.choice(("y", f"{m}*y", f"y-{m}")),
            "P": rng.choice((f"x**2+{m}", f"x**2+y**2+{m}", f"{m}*x**4+1")),
        }
        equal = rng.random() < 0.5
        texts = []
        for template in (one, other if equal else slip):
            text = template.replace("k", str(k))
            for letter, inner in filling.items():
                text = text.replace(letter, f"({inner})")
            texts.append(text)
        pairs.append(Pair(texts[0], texts[1], equal))
    return pairs
