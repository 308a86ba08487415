from fractions import Fraction

import pytest
import sympy

from envs.germs import constant_of, germ_of, limit_of, mirrored, series_of
from envs.grammar import parse
from envs.laurent import FUNCTIONS, Laurent, SeriesError, Vanishing, natural, plus, raised, shifted, times
from envs.symbolic import to_sympy


@pytest.mark.parametrize("function", sorted(FUNCTIONS - {"log"}))
@pytest.mark.parametrize("argument", ["x", "2*x-x**2", "x**2/3"])
def test_functions_against_sympy(function: str, argument: str) -> None:
    tree, x = parse(f"{function}({argument})"), sympy.Symbol("x")
    expected = sympy.series(to_sympy(tree), x, 0, 8).removeO()
    found = natural(series_of(tree, "x", shifted(0, 1, 8)))
    assert list(found[:8]) == [expected.coeff(x, n) for n in range(8)]


@pytest.mark.parametrize(
    "text",
    ["log(1+x)", "log(1-x+x**3)", "(1+x)**(2/3)", "sqrt(4-3*x)", "(2+x)**-3", "(8+x**2)**(-1/3)", "1/(1-sin(x))",
     "x/(exp(x)-1)",
     "(1+x)**(1+x)", "sin(x)**3/x**2", "tan(x)/atan(x)", "exp(x/(1-x))"],
)  # fmt: skip
def test_expressions_against_sympy(text: str) -> None:
    tree, x = parse(text), sympy.Symbol("x")
    expected = sympy.series(to_sympy(tree), x, 0, 6).removeO()
    found = natural(series_of(tree, "x", shifted(0, 1, 8)))
    assert list(found[:6]) == [expected.coeff(x, n) for n in range(6)]


def test_error_terms_are_never_reported() -> None:
    # 1/x + O(x**2), plus x**5 that is beyond the error.
    total = plus(Laurent(-1, (1, 0, 0)), Laurent(5, (7, 7)))
    assert total == Laurent(-1, (1, 0, 0))
    assert plus(Laurent(0, (1, 1)), Laurent(1, (3,))) == Laurent(0, (1, 4))
    assert times(Laurent(0, (1, 1)), Laurent(2, (1, 5, 9))) == Laurent(2, (1, 6))
    with pytest.raises(Vanishing):
        raised(Laurent(0, (0, 0)), Fraction(-1))
    with pytest.raises(SeriesError, match="pole"):
        natural(Laurent(-1, (1, 2)))


def test_more_terms_change_no_term() -> None:
    tree = parse("(exp(x)-cos(x))/sin(2*x)*sqrt(1+x)/(x-3)")
    short, long = (series_of(tree, "x", shifted(0, 1, n)) for n in (6, 15))
    assert short.order == long.order
    assert long.terms[: len(short.terms)] == short.terms


def test_integers_stay_integers() -> None:
    terms = series_of(parse("1/(1-3*x)"), "x", shifted(0, 1, 6)).terms
    assert terms == (1, 3, 9, 27, 81, 243)
    assert all(type(term) is int for term in terms)


@pytest.mark.parametrize("text", ["sqrt(2)", "2**(1/3)", "sin(1)", "pi", "log(2)", "1/(exp(1)+1)", "sqrt(0)"])
def test_other_constants_are_refused(text: str) -> None:
    with pytest.raises(SeriesError):
        constant_of(parse(text))


def test_constants() -> None:
    assert constant_of(parse("2*exp(3)-exp(3)/2+1-1")) == {3: Fraction(3, 2)}
    assert constant_of(parse("exp(2)**3-exp(6)")) == {}
    assert constant_of(parse("sqrt(9/4)*log(exp(2))")) == {0: 3}


def test_the_other_side() -> None:
    tree = parse("exp(1/x)*x**3")
    right = germ_of(tree, "x", shifted(0, 1, 5))
    assert limit_of(right) == 1
    assert limit_of(mirrored(right)) == limit_of(germ_of(tree, "x", shifted(0, -1, 5))) == (0, 0)


def test_large_coefficients_are_refused() -> None:
    with pytest.raises(SeriesError, match="too large"):
        series_of(parse("(10**50+x)**100"), "x", shifted(0, 1, 5))
