"""Functions of x with their antiderivatives, drawn by shape.

Shapes come in three groups that share no kernel, a kernel being what a table of integrals is looked up by: an argument
of exp, an argument of sin and cos, or the base of a logarithm, a root or a denominator.

    exponential     (2*x-3)*exp(4*x), x*exp(3*x**2+1)
    turning         x**2*sin(3*x), x*cos(2*x**2)
    algebraic       3/(2*x-5), x/(x**2+9), x*log(x), sqrt(3*x+1), atan(2*x)
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import NamedTuple

from envs.exponential_polynomial import antiderivative, exponential_of
from envs.exponential_polynomial import tree_of as exponential_tree
from envs.expression import (
    HALF,
    MINUS_ONE,
    ONE,
    Call,
    Name,
    Number,
    Power,
    Product,
    Tree,
    add,
    divide,
    multiply,
    nodes,
    number,
    ordered,
    power,
)
from envs.polynomial import tree_of

_X = Name("x")
_TURNING = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
MOST_RATE = 4
"""Largest size of a in exp(a*x) and sin(a*x)."""

MOST_KERNELS = 3


class Integrand(NamedTuple):
    """A function and an antiderivative of it."""

    function: Tree
    integral: Tree


def n_kernels(tree: Tree) -> int:
    """How many kernels a function has; sin(2*x) and cos(2*x) share one, and so do log(x) and 1/x."""
    found: set[tuple[str, Tree]] = set()
    for node in nodes(tree):
        match node:
            case Call("log", argument):
                found.add(("", ordered(argument)))
            case Call(function, argument):
                found.add(("turning" if function in _TURNING else function, ordered(argument)))
            case Power(base, Number(exponent)):
                if exponent < 0 or exponent.denominator > 1:
                    found.add(("", ordered(base)))
            case Power():
                found.add(("", ordered(node)))
    return len(found)


def draw_integrand(rng: Random, kernels: int, most: int) -> Integrand:
    """A function with so many kernels, 1 to 3, and coefficients up to `most` in size."""
    if kernels == 1:
        return rng.choice((_exponential, _turning, _algebraic, _algebraic))(rng, most)
    if kernels == 2:
        kind = rng.randrange(4)
        if kind == 0:
            return _both(rng, most)
        if kind == 1:
            return _two_poles(rng, most)
        first, second = rng.choice(((_exponential, _turning), (_exponential, _algebraic), (_turning, _algebraic)))
        return _added(first(rng, most), second(rng, most))
    shapes: tuple[tuple[_Shape, ...], ...] = (
        (_exponential, _turning, _algebraic), (_both, _algebraic), (_exponential, _two_poles), (_turning, _two_poles)
    )  # fmt: skip
    return _added(*(shape(rng, most) for shape in rng.choice(shapes)))


def n_integrands(kernels: int, most: int) -> int:
    """A lower bound on the functions that `draw_integrand` can give.

    Counted are c*x**k*exp(a*x), c*exp(a*x)*sin(b*x) or with cos, and these plus d/(x+e); all are linearly independent.
    """
    rates = 2 * MOST_RATE
    return [0, 2 * most * 3 * rates, 2 * most * rates * MOST_RATE * 2, 2 * most * rates * MOST_RATE * 2 * 4 * most**2][
        kernels
    ]


_Shape = Callable[[Random, int], Integrand]


def _added(*parts: Integrand) -> Integrand:
    return Integrand(add(part.function for part in parts), add(part.integral for part in parts))


def _exponential(rng: Random, most: int) -> Integrand:
    rate = _nonzero(rng, MOST_RATE)
    if rng.random() < 0.25:
        return _of_a_square(rng, most, "exp", Call("exp", _square(rng, rate, most)), rate)
    return _integrated(multiply((_front(rng, most), Call("exp", multiply((number(rate), _X))))))


def _turning(rng: Random, most: int) -> Integrand:
    name, rate = rng.choice(("sin", "cos")), rng.randint(1, MOST_RATE)
    if rng.random() < 0.25:
        angle = _square(rng, rate, most)
        inner = Call("sin", angle) if name == "cos" else multiply((MINUS_ONE, Call("cos", angle)))
        return _of_a_square(rng, most, name, inner, rate)
    return _integrated(multiply((_front(rng, most), Call(name, multiply((number(rate), _X))))))


def _both(rng: Random, most: int) -> Integrand:
    """c*exp(a*x)*sin(b*x), or cos: the argument of each is a kernel."""
    growing = Call("exp", multiply((number(_nonzero(rng, MOST_RATE)), _X)))
    turning = Call(rng.choice(("sin", "cos")), multiply((number(rng.randint(1, MOST_RATE)), _X)))
    return _integrated(multiply((number(_nonzero(rng, most)), growing, turning)))


def _integrated(function: Tree) -> Integrand:
    return Integrand(function, exponential_tree(antiderivative(exponential_of(function))))


def _of_a_square(rng: Random, most: int, name: str, integral: Tree, rate: int) -> Integrand:
    """c*x*f(a*x**2+b), of which c/(2*a)*F(a*x**2+b) is an antiderivative."""
    c = _nonzero(rng, most)
    inner = integral.factors[-1] if isinstance(integral, Product) else integral
    assert isinstance(inner, Call)
    function = multiply((number(c), _X, Call(name, inner.argument)))
    return Integrand(function, multiply((number(Fraction(c, 2 * rate)), integral)))


def _square(rng: Random, rate: int, most: int) -> Tree:
    return add((multiply((number(rate), power(_X, number(2)))), number(rng.choice((0, 0, _nonzero(rng, most))))))


def _front(rng: Random, most: int) -> Tree:
    """A monomial or a line."""
    if rng.random() < 0.3:
        return _line(_nonzero(rng, most), _nonzero(rng, most))
    degree = rng.randrange(3)
    return multiply((number(_nonzero(rng, most)), power(_X, number(degree)) if degree else ONE))


def _algebraic(rng: Random, most: int) -> Integrand:
    """One denominator, logarithm, root or arcus tangent."""
    c = _nonzero(rng, most)
    return rng.choice((_reciprocal, _reciprocal, _quadratic, _logarithm, _root, _arcus))(rng, most, c)


def _reciprocal(rng: Random, most: int, c: int) -> Integrand:
    """c/(a*x+b), or its square."""
    a = rng.choice((1, rng.randint(1, min(most, 9))))
    line = _line(a, _nonzero(rng, most))
    if rng.random() < 0.3:
        return Integrand(divide(number(c), Power(line, number(2))), divide(number(Fraction(-c, a)), line))
    return Integrand(divide(number(c), line), multiply((number(Fraction(c, a)), Call("log", line))))


def _quadratic(rng: Random, most: int, c: int) -> Integrand:
    """c*x/(x**2+k), or c/(x**2+s**2)."""
    if rng.random() < 0.5:
        base = add((power(_X, number(2)), number(_nonzero(rng, most))))
        return Integrand(divide(multiply((number(c), _X)), base), multiply((number(Fraction(c, 2)), Call("log", base))))
    s = rng.randint(1, min(most, 9))
    base = add((power(_X, number(2)), number(s * s)))
    return Integrand(divide(number(c), base), multiply((number(Fraction(c, s)), Call("atan", divide(_X, number(s))))))


def _logarithm(rng: Random, most: int, c: int) -> Integrand:  # noqa: ARG001
    """c*x**n*log(x)."""
    n = rng.randrange(4)
    raised = power(_X, number(n + 1))
    size = Fraction(c, n + 1)
    integral = add((multiply((number(size), raised, Call("log", _X))), multiply((number(-size / (n + 1)), raised))))
    return Integrand(multiply((number(c), power(_X, number(n)) if n else ONE, Call("log", _X))), integral)


def _root(rng: Random, most: int, c: int) -> Integrand:
    """c*sqrt(a*x+b), c/sqrt(a*x+b) or c*x/sqrt(x**2+k)."""
    kind = rng.randrange(3)
    if kind == 2:
        root = Power(add((power(_X, number(2)), number(_nonzero(rng, most)))), HALF)
        return Integrand(divide(multiply((number(c), _X)), root), multiply((number(c), root)))
    a = rng.randint(1, min(most, 9))
    line = _line(a, _nonzero(rng, most))
    if kind == 1:
        return Integrand(
            multiply((number(c), power(line, number(Fraction(-1, 2))))),
            multiply((number(Fraction(2 * c, a)), Power(line, HALF))),
        )
    integral = multiply((number(Fraction(2 * c, 3 * a)), Power(line, number(Fraction(3, 2)))))
    return Integrand(multiply((number(c), Power(line, HALF))), integral)


def _arcus(rng: Random, most: int, c: int) -> Integrand:
    """c*atan(a*x)."""
    a = rng.randint(1, min(most, 9))
    inner = Call("atan", multiply((number(a), _X)))
    base = add((multiply((number(a * a), power(_X, number(2)))), ONE))
    logarithm = multiply((number(Fraction(-c, 2 * a)), Call("log", base)))
    return Integrand(multiply((number(c), inner)), add((multiply((number(c), _X, inner)), logarithm)))


def _two_poles(rng: Random, most: int) -> Integrand:
    """c/(x-r) + d/(x-s) over one denominator, (x-r)*(x-s)."""
    c, d = _nonzero(rng, most), _nonzero(rng, most)
    r = _nonzero(rng, most)
    s = rng.randint(-most, most)
    s = s if s != r else -r
    first, second = _line(1, -r), _line(1, -s)
    above = _line(c + d, -c * s - d * r) if (c + d, c * s + d * r) != (0, 0) else number(0)
    integral = add((multiply((number(c), Call("log", first))), multiply((number(d), Call("log", second)))))
    return Integrand(divide(above, multiply((first, second))), integral)


def _line(slope: int, shift: int) -> Tree:
    return tree_of({k: Fraction(value) for k, value in ((1, slope), (0, shift)) if value}, "x")


def _nonzero(rng: Random, most: int) -> int:
    return rng.randint(1, most) * rng.choice((-1, 1))
