import pytest
import sympy

from envs.calculus import _RULES, collect, derivative, gather
from envs.equality import compare_trees
from envs.equality.balls import _FUNCTIONS
from envs.expression import GrammarError, text_of
from envs.grammar import FUNCTIONS, SMOOTH_FUNCTIONS, parse
from envs.symbolic import from_sympy, to_sympy


def test_every_function_has_what_it_needs() -> None:
    assert set(_FUNCTIONS) | {"sqrt"} == FUNCTIONS
    assert set(_RULES) | {"sqrt"} == SMOOTH_FUNCTIONS | {"Abs"}


@pytest.mark.parametrize("function", sorted(SMOOTH_FUNCTIONS))
def test_rules_against_sympy(function: str) -> None:
    tree = parse(f"{function}(2*x+1/3)")
    expected = from_sympy(sympy.diff(to_sympy(tree), sympy.Symbol("x")))
    result = compare_trees(expected, derivative(tree, "x"), domains={"x": "complex"})
    assert result.label == "equal", text_of(expected)


@pytest.mark.parametrize("text", ["x**x", "a**x", "x**a", "x**(1/3)", "x*sin(x)*exp(x)", "(x+1)/(x-1)", "1/(x+a)**3"])
def test_operations_against_sympy(text: str) -> None:
    tree = parse(text)
    expected = from_sympy(sympy.diff(to_sympy(tree), sympy.Symbol("x")))
    domains = {"x": "positive", "a": "positive"}
    assert compare_trees(expected, derivative(tree, "x"), domains=domains).label == "equal"
    assert compare_trees(expected, collect(derivative(tree, "x")), domains=domains).label == "equal"


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("x*log(x)-x", "log(x)"),
        ("sin(x)**2/2", "sin(x)*cos(x)"),
        ("2/5*(a+b*x)**(5/2)/b", "(a+b*x)**(3/2)"),
        ("exp(x)*exp(-x)", "0"),
        ("3*(x+x)", "6"),
        ("log(x**2)/2", "1/x"),
    ],
)
def test_collecting(text: str, slope: str) -> None:
    assert text_of(collect(derivative(parse(text), "x"))) == slope


def test_sympy_round_trip() -> None:
    for text in ["3/2*x**2-x+pi", "exp(-x)*sin(a*x)/(1+x**2)", "sqrt(x)/x**(2/3)", "Ei(x)+erf(2*x)-asech(x)"]:
        assert text_of(from_sympy(to_sympy(parse(text)))) == text_of(from_sympy(to_sympy(parse(text))))
        assert (
            compare_trees(parse(text), from_sympy(to_sympy(parse(text))), domains={"x": "positive", "a": "real"}).label
            == "equal"
        )


def test_sympy_objects_outside_the_grammar() -> None:
    x = sympy.Symbol("x")
    for foreign in [sympy.oo, sympy.Float(0.5), sympy.Integral(x), sympy.gamma(x), sympy.nan]:
        with pytest.raises(GrammarError):
            from_sympy(foreign)


@pytest.mark.parametrize(
    ("text", "gathered"),
    [
        ("(2*x-2)*exp(x)+(x**2-2*x+2)*exp(x)", "x**2*exp(x)"),
        ("x*sin(x)-2*x**2*sin(x)+x*cos(x)", "(-2*x**2+x)*sin(x)+x*cos(x)"),
        ("(x+1)**9*exp(x)+x*exp(x)", "(x+1)**9*exp(x)+x*exp(x)"),
        ("x*log(x)", "x*log(x)"),
        ("(x-1)*exp(x)+(1-x)*exp(x)", "0"),
    ],
)
def test_gather(text: str, gathered: str) -> None:
    assert text_of(gather(parse(text), "x")) == gathered
