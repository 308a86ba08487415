"""Simplifying polynomials in sines and cosines.

Three tasks, at levels 2, 3 and 4:

    6*sin(x)*cos(x)                                     answer 3*sin(2*x)
    2*sin(3*x)*cos(x)-sin(2*x)                          answer sin(4*x)
    sin(2*x)**2+cos(2*x)**2+cos(x)**2-sin(x)**2         answer cos(2*x)+1

What counts as simpler is read from the prompt alone. Every such polynomial is a sum of different harmonics, a number
and multiples of sin(k*x) and cos(k*x), in one way only (its Fourier series, the normal form in the ring
Q[sin,cos]/(sin**2+cos**2-1)). An answer must be equal and call no more functions than there are harmonics; prompts that
call no more are refused. So every task has an answer, the harmonics themselves, and no prompt is one; other answers,
such as sin(x)**2 for 1/2-cos(2*x)/2, count as long as they are as short. Answers are sums of different products.

Cost: solving searches for identities that apply; checking multiplies out exponentials, 2**d terms for a product of d
functions, and compares coefficients.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from math import comb
from random import Random
from typing import ClassVar, Literal, TypeAlias

from envs.core import MAX_CHARS, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.equality.forms import expanded_problem
from envs.expression import Call, GrammarError, Name, Number, Power, Product, Sum, Tree, nodes, text_of
from envs.grammar import parse
from envs.numerals import NO_TASK, RIGHT

_Atom: TypeAlias = tuple[str, int]
"""`sin` or `cos`, and its argument: the multiple of x plus `_STRIDE` times that of y, above 0 in all."""
_Monomial: TypeAlias = tuple[tuple[_Atom, int], ...]
_Polynomial: TypeAlias = dict[_Monomial, Fraction]
_Harmonics: TypeAlias = dict[_Atom, Fraction]
"""Coefficients, none of them 0; the number is that of cos with argument 0."""

_STRIDE = 1 << 16
_CONSTANT: _Atom = ("cos", 0)
_LONGEST_PROMPT = 400
_MOST_FACTORS, _MOST_TERMS = 8, 60
_LARGEST, _LARGEST_MULTIPLE = 10**30, 999
_FUNCTIONS = frozenset({"sin", "cos"})

_ANOTHER = Verdict(Outcome.INCORRECT, "another function", tier="exact")
_TOO_LONG = Verdict(Outcome.INCORRECT, "equal, but not simplified: it calls more functions than needed", tier="exact")


@dataclass(frozen=True)
class TrigonometricSimplification(Env):
    """Write a polynomial in sines and cosines with no more function calls than it has harmonics.

    A task's level is how often its prompt calls a function. Prompts that are equal as polynomials in the functions they
    call are one question: terms and factors may be swapped, multiplied out or collected.

    Attributes:
        variables: The symbols in arguments: x alone, or x and y.
        max_calls: Most calls of a sampled prompt.
        max_multiple: Largest multiple of x that sampled identities start from; with two symbols a few sums instead.
        max_coefficient: Largest size of an identity's coefficient.
    """

    variables: Literal["x", "xy"] = "x"
    max_calls: int = 8
    max_multiple: int = 6
    max_coefficient: int = 9

    name: ClassVar[str] = "math/trigonometric_simplification"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search for identities; checking: 2**d terms for a product of d functions"

    def __post_init__(self) -> None:
        if self.variables not in ("x", "xy"):
            raise ValueError(f"variables={self.variables!r}: use 'x' or 'xy'")
        if not 2 <= self.max_calls <= 10:
            raise ValueError(f"max_calls={self.max_calls}: use 2 to 10")
        if not 5 <= self.max_multiple <= 9:
            raise ValueError(f"max_multiple={self.max_multiple}: use 5 to 9")
        if not 1 <= self.max_coefficient <= 99:
            raise ValueError(f"max_coefficient={self.max_coefficient}: use 1 to 99")

    @property
    def alphabet(self) -> str:
        """Digits, operators, the letters of sin and cos, and the symbols; `;` in the work."""
        return "0123456789+-*/();sinco" + self.variables

    @property
    def levels(self) -> range:
        """Calls of a function."""
        return range(2, self.max_calls + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: sums of sin(a)*cos(a) with different a, one times cos(2*a) where the level is odd."""
        self.check_level(level)
        n_arguments, n_coefficients = len(self._arguments()), 2 * self.max_coefficient
        if level == 2:  # seven identities have two calls, and no two give one polynomial
            return 7 * n_coefficients * n_arguments
        n_pairs = level // 2 - level % 2
        first = n_coefficients * n_arguments if level % 2 else 1
        return first * comb(n_arguments, n_pairs) * int(n_coefficients**n_pairs)

    def sample(self, rng: Random, level: int) -> Solved:
        """Add up identities of two, three and four calls."""
        self.check_level(level)
        prompts, steps, rest = list[str](), list[str](), level
        total: _Polynomial = {}
        while rest:
            size = rng.choice([n for n in (2, 3, 4) if n == rest or n < rest - 1])
            terms = self._identity(rng, size)
            part = _summed((coefficient, _known(text)) for coefficient, text in terms)
            prompts.append(_joined(_scaled(coefficient, text) for coefficient, text in terms))
            steps.append(_written(_harmonics(part)))
            total = _summed(((1, total), (1, part)))
            rest -= size
        task = Task(self.name, _joined(prompts), level, _canonical(total))
        return Solved(task, _written(_harmonics(total)), ";".join(steps))

    def parse(self, prompt: str) -> Task:
        """Read a polynomial in sines and cosines; refused where it calls no more functions than its harmonics do."""
        polynomial, n_calls, _ = _question(prompt, self.variables)
        return Task(self.name, prompt, n_calls, _canonical(polynomial))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare the harmonics, then count the calls."""
        try:
            _, _, harmonics = _question(task.prompt, self.variables)
        except MalformedTask:
            return NO_TASK
        try:
            tree = _read(answer, self.variables, MAX_CHARS)
            problem, found = expanded_problem(tree), _harmonics(_polynomial(tree))
            # The grammar folds 2*3 and 1/2+1/2, so that its own spelling has other numbers, or is shorter.
            own = text_of(tree)
            has_zero = own != "0" and "0" in _numbers(own)
            if has_zero or _numbers(answer) != _numbers(own) or len(answer) > len(own) + 1:
                problem = problem or "numbers are not worked out, or parentheses are not needed"
        except GrammarError as refusal:
            return Verdict(Outcome.MALFORMED, str(refusal))
        if problem:
            return Verdict(Outcome.MALFORMED, problem)
        if found != harmonics:
            return _ANOTHER
        return RIGHT if _calls(tree) <= _n_calls(harmonics) else _TOO_LONG

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The terms in another order, one argument with its sign changed."""
        harmonics = list(_question(solved.task.prompt, self.variables)[2].items())
        rng.shuffle(harmonics)
        terms = [_term(((atom, 1),) if atom[1] else (), value) for atom, value in harmonics]
        if harmonics and harmonics[0][0] != _CONSTANT:
            (function, key), value = harmonics[0]
            terms[0] = _term((((function, -key), 1),), -value if function == "sin" else value)
        return _joined(terms) or "0"

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A wrong sign, number or function; or an equal answer that is longer than it need be."""
        harmonics = dict(_question(solved.task.prompt, self.variables)[2])
        kind = rng.randrange(4)
        if kind == 0:
            answer = "" if solved.answer == "0" else f"{solved.answer}+"
            return f"{answer}sin(x)**3+sin(x)*cos(x)**2-sin(x)"
        if kind == 1 or not harmonics:
            harmonics[_CONSTANT] = harmonics.get(_CONSTANT, Fraction(0)) + rng.choice((-1, 1))
            return _written({atom: value for atom, value in harmonics.items() if value})
        atom = rng.choice(list(harmonics))
        value = harmonics.pop(atom)
        if kind == 2 or atom == _CONSTANT:
            return _written(harmonics | {atom: -value})
        other = ("cos" if atom[0] == "sin" else "sin", atom[1])
        return _written({key: v for key, v in (harmonics | {other: harmonics.get(other, 0) + 2 * value}).items() if v})

    def _arguments(self) -> tuple[int, ...]:
        sums = (1, 2, _STRIDE, 2 * _STRIDE, _STRIDE + 1, _STRIDE - 1)
        return sums if self.variables == "xy" else tuple(range(1, self.max_multiple + 1))

    def _identity(self, rng: Random, n_calls: int) -> list[tuple[int, str]]:
        """A sum with so many calls and fewer harmonics, as coefficients and texts."""
        arguments = self._arguments()
        first = rng.randrange(len(arguments))
        second = (first + rng.randrange(1, len(arguments))) % len(arguments)
        a, (low, high) = arguments[first], sorted((arguments[first], arguments[second]))
        names = {
            "sa": _call("sin", a), "ca": _call("cos", a), "c2a": _call("cos", 2 * a),
            "sh": _call("sin", high), "ch": _call("cos", high), "sl": _call("sin", low), "cl": _call("cos", low),
            "sum": _call("cos", high + low), "sgap": _call("sin", high - low), "cgap": _call("cos", high - low),
        }  # fmt: skip
        scale = rng.randrange(1, self.max_coefficient + 1) * rng.choice((-1, 1))
        terms = list(rng.choice(_IDENTITIES[n_calls]))
        rng.shuffle(terms)
        return [(scale * coefficient, text.format_map(names)) for coefficient, text in terms]


_IDENTITIES = {
    2: (
        ((1, "{sa}**2"), (1, "{ca}**2")),
        ((2, "{sa}*{ca}"),),
        ((1, "{ca}**2"), (-1, "{sa}**2")),
        ((3, "{sa}"), (-4, "{sa}**3")),
        ((4, "{ca}**3"), (-3, "{ca}")),
        ((1, "({sa}+{ca})**2"),),
        ((1, "{ca}**4"), (-1, "{sa}**4")),
    ),
    3: (
        ((4, "{sa}*{ca}*{c2a}"),),
        ((2, "{sh}*{cl}"), (-1, "{sgap}")),
        ((2, "{ch}*{cl}"), (-1, "{cgap}")),
        ((2, "{sh}*{sl}"), (1, "{sum}")),
        ((1, "{ca}*({sa}**2+{ca}**2)"),),
    ),
    4: (
        ((1, "{sh}*{cl}"), (1, "{ch}*{sl}")),
        ((1, "{sh}*{cl}"), (-1, "{ch}*{sl}")),
        ((1, "{ch}*{cl}"), (-1, "{sh}*{sl}")),
        ((1, "{ch}*{cl}"), (1, "{sh}*{sl}")),
        ((1, "({sa}+{ca})**2"), (1, "({sa}-{ca})**2")),
    ),
}
"""By the number of calls: sums with fewer harmonics, as coefficients and texts."""


@lru_cache(maxsize=1 << 10)  # a prompt is verified once for every answer to it
def _question(prompt: str, variables: str) -> tuple[_Polynomial, int, _Harmonics]:
    """A prompt multiplied out, how many functions it calls, and its harmonics."""
    try:
        tree = _read(prompt, variables, _LONGEST_PROMPT)
        polynomial, n_calls = _polynomial(tree), _calls(tree)
    except GrammarError as problem:
        raise MalformedTask(str(problem)) from None
    harmonics = _harmonics(polynomial)
    if n_calls <= _n_calls(harmonics):
        raise MalformedTask("it calls no more functions than its harmonics do")
    numbers = (abs(n) for value in harmonics.values() for n in value.as_integer_ratio())
    multiples = (abs(multiple) for _, key in harmonics for multiple in _unpacked(key))
    if max(numbers, default=0) >= _LARGEST or max(multiples, default=0) > _LARGEST_MULTIPLE:
        raise MalformedTask("a number or multiple grows too large")
    return polynomial, n_calls, harmonics


def _read(text: str, variables: str, longest: int) -> Tree:
    """A text as a tree."""
    if len(text) > longest or not set(text) <= set(f"0123456789+-*/()sinco{variables}"):
        raise GrammarError(f"longer than {longest} characters, or a character that has no place here")
    return parse(text, symbols=variables, functions=_FUNCTIONS)


def _polynomial(tree: Tree) -> _Polynomial:
    """A tree multiplied out."""
    match tree:
        case Number(value):
            return {(): value}
        case Call(function, argument):
            key = _key(argument)
            return {(((function, abs(key)), 1),): Fraction(-1 if function == "sin" and key < 0 else 1)}
        case Sum(parts):
            return _summed((1, _polynomial(part)) for part in parts)
        case Product(parts):
            return reduce(_times, map(_polynomial, parts))
        case Power(base, Number(exponent)) if exponent.denominator == 1 and 1 < exponent <= _MOST_FACTORS:
            return reduce(_times, [_polynomial(base)] * exponent.numerator)
        case _:
            raise GrammarError("not a polynomial in sin(k*x) and cos(k*x)")


@lru_cache(maxsize=1 << 13)
def _known(text: str) -> _Polynomial:
    """A part of an identity multiplied out: there are not many of them."""
    return _polynomial(parse(text, symbols="xy", functions=_FUNCTIONS))


def _summed(scaled: Iterable[tuple[int, _Polynomial]]) -> _Polynomial:
    total: _Polynomial = {}
    for coefficient, polynomial in scaled:
        for monomial, value in polynomial.items():
            total[monomial] = total.get(monomial, Fraction(0)) + coefficient * value
    return {monomial: value for monomial, value in total.items() if value}


def _canonical(polynomial: _Polynomial) -> str:
    return "+".join(sorted(_term(monomial, value) for monomial, value in polynomial.items())) or "0"


def _key(argument: Tree) -> int:
    """The packed multiples of `2*x-y`."""
    multiples: dict[str, Fraction] = {}
    for term in argument.terms if isinstance(argument, Sum) else (argument,):
        match term:
            case Name(symbol):
                multiple = Fraction(1)
            case Product((Number(multiple), Name(symbol))):
                pass
            case _:
                raise GrammarError("an argument that is not of the form k*x or k*x+m*y")
        if symbol in multiples or multiple.denominator > 1 or not 0 < abs(multiple) <= _LARGEST_MULTIPLE:
            raise GrammarError(f"an argument with a symbol twice, or a multiple that is not 1 to {_LARGEST_MULTIPLE}")
        multiples[symbol] = multiple
    return int(multiples.get("x", 0)) + _STRIDE * int(multiples.get("y", 0))


def _numbers(text: str) -> list[str]:
    return sorted(number for number in re.findall(r"[0-9]+", text) if number != "1")


def _calls(tree: Tree) -> int:
    return sum(isinstance(node, Call) for node in nodes(tree))


def _times(first: _Polynomial, second: _Polynomial) -> _Polynomial:
    total: _Polynomial = {}
    for monomial, value in first.items():
        for other, factor in second.items():
            key = _merged(monomial, other)
            total[key] = total.get(key, Fraction(0)) + value * factor
    if len(total) > _MOST_TERMS:
        raise GrammarError(f"more than {_MOST_TERMS} terms")
    return total


@lru_cache(maxsize=1 << 14)
def _merged(first: _Monomial, second: _Monomial) -> _Monomial:
    powers = dict(first)
    for atom, power in second:
        powers[atom] = powers.get(atom, 0) + power
    if sum(powers.values()) > _MOST_FACTORS:
        raise GrammarError(f"more than {_MOST_FACTORS} factors in a product")
    return tuple(sorted(powers.items()))


def _harmonics(polynomial: _Polynomial) -> _Harmonics:
    """The one sum of different harmonics that a polynomial is."""
    total: _Harmonics = {}
    for monomial, value in polynomial.items():
        for atom, share in _series(monomial):
            total[atom] = total.get(atom, Fraction(0)) + value * share
    return {atom: value for atom, value in total.items() if value}


@lru_cache(maxsize=1 << 10)  # up to 128 harmonics each
def _series(monomial: _Monomial) -> tuple[tuple[_Atom, Fraction], ...]:
    """The harmonics of a product, by Euler: sin(a) = (e(a)-e(-a))/2i and cos(a) = (e(a)+e(-a))/2, e(a) = exp(i*a)."""
    waves, n_sines, n_factors = {0: 1}, 0, 0
    for (function, key), power in monomial:
        sign = -1 if function == "sin" else 1
        n_factors += power
        n_sines += power if function == "sin" else 0
        for _ in range(power):
            found: dict[int, int] = {}
            for wave, value in waves.items():
                found[wave + key] = found.get(wave + key, 0) + value
                found[wave - key] = found.get(wave - key, 0) + sign * value
            waves = found
    # i**-n_sines is left over: with e(a)+e(-a) = 2*cos(a) or e(a)-e(-a) = 2i*sin(a) it gives 1 or -1.
    function, scale = ("sin" if n_sines % 2 else "cos"), Fraction((-1) ** (n_sines // 2), 1 << n_factors)
    return tuple(
        ((function, wave), scale * value * (2 if wave else 1)) for wave, value in waves.items() if wave >= 0 and value
    )


def _n_calls(harmonics: _Harmonics) -> int:
    return len(harmonics) - (_CONSTANT in harmonics)


def _unpacked(key: int) -> tuple[int, int]:
    """The multiples of x and y."""
    y = (key + _STRIDE // 2) // _STRIDE
    return key - y * _STRIDE, y


@lru_cache(maxsize=4096)
def _call(function: str, key: int) -> str:
    terms = (_scaled(value, name) for value, name in zip(_unpacked(key), "xy", strict=True) if value)
    return f"{function}({_joined(terms)})"


def _scaled(value: int, text: str) -> str:
    return text if value == 1 else f"-{text}" if value == -1 else f"{value}*{text}"


def _joined(terms: Iterable[str]) -> str:
    return "+".join(terms).replace("+-", "-")


def _term(monomial: _Monomial, value: Fraction) -> str:
    """`-3*sin(x)**2*cos(x)/2`."""
    text = "*".join([_call(*atom) + (f"**{power}" if power > 1 else "") for atom, power in monomial])
    whole, below = value.as_integer_ratio()
    above = _scaled(whole, text) if text else str(whole)
    return above if below == 1 else f"{above}/{below}"


def _written(harmonics: _Harmonics) -> str:
    """The harmonics as a sum, the number last."""
    atoms = sorted(harmonics, key=lambda atom: (atom == _CONSTANT, atom[1], atom[0]))
    return _joined(_term(((atom, 1),) if atom[1] else (), harmonics[atom]) for atom in atoms) or "0"
