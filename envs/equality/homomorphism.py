"""Proof that two expressions are equal: their images in a random prime field, under laws that hold everywhere.

The functions met are written in generators: exp(m/N) for each monomial m in an exponent, the root of each radicand,
the logarithm of each prime and of each argument, one unknown for anything else. sin, cosh, 4**x, atanh and others
reduce to these. Only laws that hold on the whole domain are used, on principal branches (log(x*y) splits where x is
positive by its form), so whatever maps to equal images for all choices of the generators is equal. Images are taken
for random generators in random fields (Schwartz 1980, Zippel 1979): two different expressions have equal images with
a probability below 10**-15 a point, where no radicand hides a square. Where roots occur they are chosen at random
among all conjugates, at more points: `sqrt(x**2)` then has the image of x at half of the points only.

No law is complete: different images prove nothing, and no independence of exp(1), pi, ... is assumed or needed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from random import Random

from envs.equality.comparison import RANDOM, Domain
from envs.equality.fields import ORDER, Field, NoRoot, fields
from envs.equality.monomials import UNIT, Combination, Unsupported, plus, powered, scaled, times
from envs.equality.signs import is_real
from envs.equality.splitting import Splitter
from envs.expression import HALF, Call, Name, Number, Power, Product, Sum, Tree, nodes

N_POINTS = 2
N_POINTS_WITH_ROOTS = 20
_MOST_TRIES = 150
_FINEST = 10_080
_LARGEST_MULTIPLE = 10**6  # of a monomial in an exponent; keeps degrees far below the prime

_ROOTED = {"Abs", "sign", "asin", "acos", "asec", "acsc", "asinh", "acosh", "asech", "acsch", "atan", "acot"}
_CIRCULAR = {"sin", "cos", "tan", "cot", "sec", "csc"}
_HYPERBOLIC = {"sinh": "sin", "cosh": "cos", "tanh": "tan", "coth": "cot", "sech": "sec", "csch": "csc"}
_OF_RECIPROCAL = {"acot": "atan", "asec": "acos", "acsc": "asin", "acoth": "atanh", "asech": "acosh", "acsch": "asinh"}
_ODD = {"asin", "atan", "erf", "erfi", "Si", "Shi"}


class _BadPoint(ArithmeticError):
    """A division by zero, or a root that is not in the field: try another point."""


class _TooCoarse(Exception):
    """A generator must be divided further."""

    def __init__(self, factor: int, *, roots: bool) -> None:
        super().__init__(factor)
        self.factor, self.roots = factor, roots


def proves_equal(gold: Tree, answer: Tree, domains: Mapping[str, Domain], deadline: float) -> bool:
    """Whether the images agree at enough random points; False says nothing.

    Args:
        gold: One tree.
        answer: The other.
        domains: The domain of each symbol.
        deadline: Value of `time.perf_counter()` after which it gives up.
    """
    root_index, steps = _fineness(gold, answer)
    splitter = Splitter(domains)
    rng, agreed, n_tries = RANDOM, 0, 0
    while n_tries < _MOST_TRIES:
        for field in fields():
            n_tries += 1
            if time.perf_counter() > deadline or max(root_index, steps) > _FINEST:
                return False
            image = _Image(field, root_index, steps, splitter, rng)
            try:
                if image.value(gold) != image.value(answer):
                    return False
            except (_BadPoint, NoRoot):
                continue
            except _TooCoarse as problem:
                root_index, steps = _finer(root_index, steps, problem)
                continue
            except Unsupported:
                return False
            agreed += 1
            if agreed >= (N_POINTS_WITH_ROOTS if image.chose_roots else N_POINTS):
                return True
    return False


def _fineness(*trees: Tree) -> tuple[int, int]:
    """A first guess at the least common index of all roots, and at the least common denominator in exponents."""
    root_index, steps = 1, 1
    for tree in trees:
        for node in nodes(tree):
            match node:
                case Number(value):
                    steps = lcm(steps, value.denominator)
                case Power(_, Number(exponent)):
                    root_index = lcm(root_index, exponent.denominator)
                case Call(function, _) if function in _ROOTED:
                    root_index = lcm(root_index, 2)
    return root_index, steps if steps <= _FINEST else 1


def _finer(root_index: int, steps: int, problem: _TooCoarse) -> tuple[int, int]:
    return (root_index * problem.factor, steps) if problem.roots else (root_index, steps * problem.factor)


class _Image:
    """One random point in one field, shared by the trees evaluated at it.

    Attributes:
        chose_roots: Whether a root was chosen among conjugates.
    """

    def __init__(self, field: Field, root_index: int, steps: int, splitter: Splitter, rng: Random) -> None:
        self._field, self._prime, self._rng = field, field.prime, rng
        self._root_index, self._steps, self._splitter, self._domains = root_index, steps, splitter, splitter.domains
        self._known: dict[int, tuple[Tree, int]] = {}
        self._unknowns: dict[object, int] = {}
        self._roots: dict[int, int] = {}
        self._origins: dict[int, tuple[str, int]] = {}  # what an unknown is a function of, where exp knows more
        self._unit = field.root_of_unity(4)
        self.chose_roots = False

    def value(self, tree: Tree) -> int:
        """The image of a tree."""
        if isinstance(tree, Number):
            return self._number(tree.value)
        known = self._known.get(id(tree))
        if known is None:
            known = self._known[id(tree)] = tree, self._compound(tree)
        return known[1]

    def _compound(self, tree: Tree) -> int:
        match tree:
            case Name(name):
                return self._name(name)
            case Sum(terms):
                return sum(map(self.value, terms)) % self._prime
            case Product(factors):
                result = 1
                for factor in factors:
                    result = result * self.value(factor) % self._prime
                return result
            case Power(base, Number(exponent)):
                return self._power(base, exponent)
            case Power():
                return self._exponential(self._exponent(tree))
            case Call("exp", argument):
                return self._exponential(self.combination(argument))
            case Call(function, argument) if function in _CIRCULAR:
                return self._circular(
                    function,
                    self._exponential(times({((UNIT, 1),): Fraction(1)}, self.combination(argument))),
                    self._unit,
                )
            case Call(function, argument) if function in _HYPERBOLIC:
                return self._circular(_HYPERBOLIC[function], self._exponential(self.combination(argument)), 1)
            case Call("sign", argument) if is_real(argument, self._domains):
                return self.value(argument) * self._inverse(self.value(Call("Abs", argument))) % self._prime
            case Call("Abs", argument) if is_real(argument, self._domains):
                return self._power(Power(argument, Number(Fraction(2))), HALF.value)
            case _:
                return self._evaluated(self.combination(tree))

    def _number(self, value: Fraction) -> int:
        if value.denominator == 1:
            return value.numerator % self._prime
        return value.numerator * pow(value.denominator, -1, self._prime) % self._prime

    def _name(self, name: str) -> int:
        if name == "I":
            return self._unit
        if name not in self._unknowns:
            # A symbol is drawn as a power, so that its root exists.
            root = self._rng.randrange(1, self._prime)
            value = self._unknowns[name] = pow(root, self._root_index, self._prime)
            self._roots[value] = root
        return self._unknowns[name]

    def _power(self, base: Tree, exponent: Fraction) -> int:
        if exponent.denominator == 1:
            value = self.value(base)
            return pow(value if exponent > 0 else self._inverse(value), abs(exponent.numerator), self._prime)
        parts, rest = self._splitter.split(base)
        result = 1
        for part, degree in parts:
            if isinstance(part, Call) and part.function == "exp":
                raised = self._exponential(scaled(self.combination(part.argument), degree * exponent))
            else:
                raised = self._raised(self.value(part), degree * exponent)
            result = result * raised % self._prime
        match rest:
            case None:
                return result
            case Number(number) if number == -1:
                return result * self._turn(exponent) % self._prime
        return result * self._raised(self.value(rest), exponent) % self._prime

    def _raised(self, value: int, exponent: Fraction) -> int:
        """A residue to a rational power, by the root chosen for it."""
        if value == 0 and exponent > 0:
            return 0
        if exponent.denominator == 1:
            base = value if exponent > 0 else self._inverse(value)
            return pow(base, self._within_limits(exponent), self._prime)
        multiple = exponent * self._root_index
        if multiple.denominator != 1:
            raise _TooCoarse(multiple.denominator, roots=True)
        root = self._root(value)
        return pow(root if multiple > 0 else self._inverse(root), self._within_limits(multiple), self._prime)

    def _root(self, value: int) -> int:
        if value == 0:
            raise _BadPoint
        if value not in self._roots:
            root = self._square_root_of_small_prime(value) if self._root_index == 2 else None
            if root is None:
                self.chose_roots = True
                root = self._field.root(value, self._root_index) * self._random_unity(self._root_index) % self._prime
            self._roots[value] = root
        return self._roots[value]

    def _square_root_of_small_prime(self, value: int) -> int | None:
        """The square roots that cos(pi/4), cos(pi/6) and cos(pi/5) are made of, as sums of roots of unity."""
        if value not in (2, 3, 5):
            return None
        turn = self._field.root_of_unity({2: 8, 3: 12, 5: 5}[value])
        double_cosine = turn + pow(turn, -1, self._prime)
        return (1 + 2 * double_cosine if value == 5 else double_cosine) % self._prime

    def _random_unity(self, order: int) -> int:
        return pow(self._field.root_of_unity(order), self._rng.randrange(order), self._prime)

    def _turn(self, half_turns: Fraction) -> int:
        """exp(I*pi*half_turns)."""
        position = half_turns * (ORDER // 2)
        if position.denominator != 1:
            raise Unsupported("a root of unity that the fields lack")
        return pow(self._field.unity, position.numerator % ORDER, self._prime)

    def _circular(self, function: str, wave: int, unit: int) -> int:
        """sin, cos, ... from the exponential; with unit 1 sinh, cosh, ..."""
        back = self._inverse(wave)
        sine, cosine = (wave - back) * self._inverse(2 * unit), (wave + back) * self._inverse(2)
        above, below = {
            "sin": (sine, 1), "cos": (cosine, 1), "tan": (sine, cosine), "cot": (cosine, sine), "sec": (1, cosine),
            "csc": (1, sine),
        }[function]  # fmt: skip
        return above * self._inverse(below) % self._prime

    def combination(self, tree: Tree) -> Combination:
        """The tree as a sum of monomials in unknowns, with rational coefficients."""
        match tree:
            case Number(value):
                return {(): value} if value else {}
            case Name("I"):
                return {((UNIT, 1),): Fraction(1)}
            case Sum(terms):
                result: Combination = {}
                for term in terms:
                    result = plus(result, self.combination(term))
                return result
            case Product(factors):
                result = {(): Fraction(1)}
                for factor in factors:
                    result = times(result, self.combination(factor))
                return result
            case Power(base, Number(exponent)) if exponent.denominator == 1:
                return self._power_combination(base, exponent.numerator)
            case Call("log", argument):
                return self._logarithm(argument)
            case Call(function, argument) if function in _OF_RECIPROCAL:
                return self.combination(Call(_OF_RECIPROCAL[function], Power(argument, Number(Fraction(-1)))))
            case Call("acos", argument):
                half_turn: Combination = {((self._name("pi"), 1),): HALF.value}
                return plus(half_turn, scaled(self.combination(Call("asin", argument)), Fraction(-1)))
            case Call("erfc", argument):
                return plus({(): Fraction(1)}, scaled(self.combination(Call("erf", argument)), Fraction(-1)))
            case Call("asinh" | "acosh" | "atanh" as function, argument):
                return self._area_function(function, self.value(argument))
            case Call("Abs" | "sign" as function, argument) if not is_real(argument, self._domains):
                return self._function(function, self.value(argument))
            case Call(function, argument) if function in _ODD or function in ("Ei", "li", "Ci", "Chi"):
                return self._function(function, self.value(argument))
            case _:
                return self._single(self.value(tree))

    def _power_combination(self, base: Tree, exponent: int) -> Combination:
        inner = self.combination(base)
        if exponent > 0 or len(inner) == 1:
            return powered(inner, exponent)
        value = self.value(base)
        if value == 0:
            raise _BadPoint
        return {((value, exponent),): Fraction(1)}

    def _single(self, value: int) -> Combination:
        return {((value, 1),): Fraction(1)} if value else {}

    def _function(self, function: str, argument: int) -> Combination:
        sign = 1
        if function in _ODD:
            if argument == 0:
                return {}
            if argument > self._prime // 2:
                sign, argument = -1, self._prime - argument
        unknown = self._unknown((function, argument))
        self._origins[unknown] = function, argument
        return {((unknown, 1),): Fraction(sign)}

    def _area_function(self, function: str, value: int) -> Combination:
        """The inverse hyperbolic functions by the logarithms that define their principal values."""
        half = Fraction(1, 2)
        match function:
            case "asinh":
                return self._log_of_value(value + self._raised((value * value + 1) % self._prime, half))
            case "acosh":
                roots = self._raised((value - 1) % self._prime, half) * self._raised((value + 1) % self._prime, half)
                return self._log_of_value(value + roots)
            case _:
                above = scaled(self._log_of_value(1 + value), half)
                return plus(above, scaled(self._log_of_value(1 - value), -half))

    def _logarithm(self, argument: Tree) -> Combination:
        parts, rest = self._splitter.split(argument)
        result: Combination = {}
        for part, degree in parts:
            if isinstance(part, Call) and part.function == "exp":
                result = plus(result, scaled(self.combination(part.argument), degree))
            else:
                result = plus(result, scaled(self._log_of_value(self.value(part)), degree))
        if rest == Number(Fraction(-1)):
            return plus(result, {tuple(sorted(((UNIT, 1), (self._name("pi"), 1)))): Fraction(1)})
        return result if rest is None else plus(result, self._log_of_value(self.value(rest)))

    def _log_of_value(self, value: int) -> Combination:
        value %= self._prime
        if value == 0:
            raise _BadPoint
        return {} if value == 1 else self._function("log", value)

    def _unknown(self, key: object) -> int:
        if key not in self._unknowns:
            self._unknowns[key] = self._rng.randrange(1, self._prime)
        return self._unknowns[key]

    def _evaluated(self, combination: Combination) -> int:
        total = 0
        for monomial, coefficient in combination.items():
            term = self._number(coefficient)
            for atom, degree in monomial:
                value = self._unit if atom == UNIT else atom
                term = term * pow(value, degree, self._prime) % self._prime
            total += term
        return total % self._prime

    def _exponent(self, tree: Power) -> Combination:
        return times(self.combination(tree.exponent), self._logarithm(tree.base))

    def _exponential(self, combination: Combination) -> int:
        result = 1
        for monomial, coefficient in combination.items():
            result = result * self._wave(monomial, coefficient) % self._prime
        return result

    def _wave(self, monomial: tuple[tuple[int, int], ...], coefficient: Fraction) -> int:
        """exp(coefficient*monomial)."""
        turning = monomial[:1] == ((UNIT, 1),)
        rest = monomial[1:] if turning else monomial
        if len(rest) == 1 and rest[0][1] == 1:
            if turning and rest[0][0] == self._unknowns.get("pi"):
                return self._turn(coefficient)
            function, argument = self._origins.get(rest[0][0], ("", 0))
            if function == "log" and not turning:
                return self._raised(argument, coefficient)
            if function in ("asin", "atan") and turning and coefficient.denominator == 1:
                return self._raised(self._wave_of_inverse(function, argument), coefficient)
        multiple = coefficient * self._steps
        if multiple.denominator != 1:
            raise _TooCoarse(multiple.denominator, roots=False)
        wave = self._unknown(("exp", monomial))
        return pow(wave if multiple > 0 else self._inverse(wave), self._within_limits(multiple), self._prime)

    def _wave_of_inverse(self, function: str, argument: int) -> int:
        """exp(I*asin(u)) is I*u + sqrt(1-u**2); exp(I*atan(u)) is (1+I*u)/sqrt(1+u**2)."""
        square = argument * argument
        if function == "asin":
            return (self._unit * argument + self._raised((1 - square) % self._prime, HALF.value)) % self._prime
        return (1 + self._unit * argument) * self._raised((1 + square) % self._prime, -HALF.value) % self._prime

    def _within_limits(self, exponent: Fraction) -> int:
        if abs(exponent) > _LARGEST_MULTIPLE:
            raise Unsupported("a multiple too large for the bound on degrees")
        return abs(exponent.numerator)

    def _inverse(self, value: int) -> int:
        if value % self._prime == 0:
            raise _BadPoint
        return pow(value, -1, self._prime)
