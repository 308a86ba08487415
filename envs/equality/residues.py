"""Expressions at random points modulo a prime: equality of rational functions without expanding them.

Two different rational functions of total degree d agree at a random point modulo p with probability at most d/p
(Schwartz 1980, Zippel 1979); with p = 2**61-1 and two points that is below 1e-24 for d up to 10**6. Functions
and roots count as unknowns of their own: equal arguments get equal residues, so `2*sin(2*x)` and
`sin(x+x)+sin(2*x)` agree. Agreement then proves equality; disagreement proves nothing, as `sin` obeys laws that
residues do not know.
"""

from __future__ import annotations

from random import Random

from envs.expression import CONSTANTS, Call, Name, Number, Power, Product, Sum, Tree

PRIME = 2**61 - 1
MAX_DEGREE = 10**6


class Undefined(ArithmeticError):
    """A division by zero, a logarithm of zero or zero to the power zero."""


class Residues:
    """One random point modulo `PRIME`, shared by all expressions evaluated at it.

    Attributes:
        opaque: Whether a function, root or constant was met; if not, unequal residues prove inequality.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._atoms: dict[tuple[str, int, int], int] = {}
        self._known: dict[int, tuple[Tree, int]] = {}
        self.opaque = False

    def value(self, tree: Tree) -> int:
        """The residue of a tree.

        Raises:
            Undefined: The tree is undefined at this point, hence almost surely at every point.
        """
        match tree:
            case Number(value):
                if value.denominator == 1:
                    return value.numerator % PRIME
                return value.numerator * pow(value.denominator, -1, PRIME) % PRIME
            case Name(name):
                self.opaque |= name in CONSTANTS
                return self._atom(name, 0, 0)
        # Derivatives share subtrees. The tree is kept beside its residue so that its id stays taken.
        if id(tree) not in self._known:
            self._known[id(tree)] = tree, self._compound(tree)
        return self._known[id(tree)][1]

    def _compound(self, tree: Tree) -> int:
        match tree:
            case Sum(terms):
                return sum(map(self.value, terms)) % PRIME
            case Product(factors):
                result = 1
                for factor in factors:
                    result = result * self.value(factor) % PRIME
                return result
            case Power(base, exponent):
                return self._power(self.value(base), exponent)
            case Call(function, argument):
                return self._function(function, self.value(argument))
        raise AssertionError(f"unexpected node {tree!r}")

    def _power(self, base: int, exponent: Tree) -> int:
        if not isinstance(exponent, Number):
            raised = self.value(exponent)
            if base == 0:
                raise Undefined("a power of zero")
            self.opaque = True
            return self._atom("**", base, raised)
        steps, root = exponent.value.numerator, exponent.value.denominator
        if root > 1 and base:
            self.opaque = True
            base = self._atom("root", base, root)
        if base == 0 and steps <= 0:
            raise Undefined("division by zero")
        return pow(base, steps, PRIME)

    def _function(self, function: str, argument: int) -> int:
        if function == "log" and argument == 0:
            raise Undefined("logarithm of zero")
        self.opaque = True
        return self._atom(function, argument, 0)

    def _atom(self, name: str, first: int, second: int) -> int:
        key = name, first, second
        if key not in self._atoms:
            self._atoms[key] = self._rng.randrange(1, PRIME)
        return self._atoms[key]


def degree_bound(tree: Tree) -> int:
    """A bound on the total degree of numerator and denominator, functions and roots counting as unknowns."""
    match tree:
        case Number():
            return 0
        case Name():
            return 1
        case Sum(parts) | Product(parts):
            return sum(map(degree_bound, parts))
        case Power(base, Number(exponent)):
            return degree_bound(base) * max(abs(exponent.numerator), 1)
        case Power(base, exponent_tree):
            return 1 + degree_bound(base) + degree_bound(exponent_tree)
        case Call(_, argument):
            return 1 + degree_bound(argument)
