import re
import time
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from envs.expression import (
    Call,
    GrammarError,
    Name,
    Number,
    Power,
    Product,
    Sum,
    Tree,
    add,
    divide,
    multiply,
    negate,
    number,
    ordered,
    power,
    text_of,
)
from envs.grammar import parse

X, Y = Name("x"), Name("y")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("2", number(2)),
        ("0.1", number(Fraction(1, 10))),
        ("5.", number(5)),
        ("--5", number(5)),
        ("2/4", number(Fraction(1, 2))),
        ("2**3**2", number(512)),
        ("2**-2", number(Fraction(1, 4))),
        ("-2**2", number(-4)),
        ("(-2)**2", number(4)),
        ("7-2-1", number(4)),
        ("8/4/2", number(1)),
        ("2*-3", number(-6)),
        ("-x**2", Product((number(-1), Power(X, number(2))))),
        ("2**-x*y", Product((Power(number(2), Product((number(-1), X))), Y))),
        ("sqrt(x)", Power(X, number(Fraction(1, 2)))),
        ("x/y", Product((X, Power(Y, number(-1))))),
        ("x-y", Sum((X, Product((number(-1), Y))))),
        ("E**x", Call("exp", X)),
        ("  sin ( x ) ", Call("sin", X)),
    ],
)
def test_trees(text: str, tree: Tree) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    ["", " ", "()", "x+", "*x", "+x", "x y", "2x", "x(2)", "2(x)", "(x", "x)", "x^2", "7%2", "7//2", "5!", "x==1",
     "x=1", "x<1", "1,2", "5;5", "[5]", "{5}", "'5'", "...", ".5", "1..2", "1e5", "0x5", "5_0", "05", "00",
     "nan", "oo", "zoo", "inf", "I", "x.y", "x_2", "xy", "foo(x)", "sin", "sin x", "sin()", "sin(x,y)", "sin(x=1)",
     "abs(x)", "ln(x)", "Integral(x)", "lambda x:x", "__import__", "x\0", "x\n", "x\ty", "\u00b2", "\uff15", "\u2212x",
     "1/0", "0/0", "0**0", "0**-1", "1/(2-2)", "9**9**9", "10**-10**9", "2**(2**(2**9))", "x**201", "x**(1/25)",
     "1" * 61, "0." + "3" * 60, "x+" * 300 + "x", "(" * 61 + "x" + ")" * 61, "-" * 61 + "x", "x**" * 61 + "x",
     "(" * 10**6, "9" * 10**6, "x" * 10**6, "1+" * 5 * 10**5 + "1"],
)  # fmt: skip
def test_refused(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(GrammarError) as refusal:
        parse(text)
    assert 0 < len(str(refusal.value)) < 100
    assert time.perf_counter() - start < 0.5


def test_callers_choose_the_names() -> None:
    assert parse("I", imaginary_unit=True) == Name("I")
    assert parse("alpha", symbols={"alpha"}) == Name("alpha")
    for text, options in [("y", {"symbols": {"x"}}), ("erf(x)", {"functions": {"sin"}})]:
        with pytest.raises(GrammarError, match="unknown name"):
            parse(text, **options)


@pytest.mark.parametrize("text", ["0*log(0)", "x-x", "x/x", "0/(x-x)", "(x-x)**0", "1/(1/x)"])
def test_folding_hides_nothing_undefined(text: str) -> None:
    assert not isinstance(parse(text), Number | Name)


def test_deep_text_at_the_limit() -> None:
    deepest = "1+x*sin(" * 45 + "x" + ")" * 45
    assert text_of(parse(text_of(ordered(parse(deepest)))))


def trees() -> st.SearchStrategy[Tree]:
    numbers = st.fractions(-9, 9, max_denominator=9).map(number)
    return st.recursive(st.one_of(numbers, st.sampled_from([X, Y, Name("pi")])), _grown, max_leaves=12)


def _grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    def built(kind: str, left: Tree, right: Tree, exponent: int) -> Tree:
        try:
            match kind:
                case "+":
                    return add((left, right))
                case "-":
                    return add((left, negate(right)))
                case "*":
                    return multiply((left, right))
                case "/":
                    return divide(left, right)
                case "**":
                    return power(left, number(exponent))
                case _:
                    return Call(kind, left)
        except GrammarError:  # a division by zero
            return left

    kinds = st.sampled_from(["+", "-", "*", "/", "**", "sin", "exp", "log"])
    return st.builds(built, kinds, inner, inner, st.sampled_from([-2, -1, 2, 3]))


@settings(max_examples=300, deadline=None)
@given(trees())
def test_printing_and_parsing_are_inverse(tree: Tree) -> None:
    text = text_of(tree)
    assume(max(map(len, re.findall("[0-9]+", text)), default=0) <= 60)
    again = parse(text)
    assert ordered(again) == ordered(tree)
    assert text_of(parse(text_of(again))) == text_of(again)


def test_random_text_never_raises_otherwise() -> None:
    rng = Random(0)
    pieces = ["x", "1", "2.5", "+", "-", "*", "**", "/", "(", ")", "sin", "sqrt", " ", "E", "pi", "C", "0", "9" * 59]
    n_read = 0
    for _ in range(3_000):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 14)))
        try:
            parse(text)
            n_read += 1
        except GrammarError:
            continue
    assert 0 < n_read < 3_000  # both ways are tried
