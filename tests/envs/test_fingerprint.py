import time
from random import Random

import pytest

from envs.fingerprint import fingerprint, is_zero, vanishes
from envs.grammar import parse


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2*sin(x)*cos(x)", "sin(2*x)"),
        ("log(x**2)", "log(x*x)"),
        ("exp(x)*exp(-x+1)", "exp(1)"),
        ("sin(x)**2+cos(x)**2", "1"),
        ("sin(x)**2+cos(x)**2-1", "0"),
        ("(x**2-1)/(x-1)", "x+1"),
        ("(x+1)**20-x**20", "20*x**19+190*x**18+((x+1)**20-x**20-20*x**19-190*x**18)"),
        ("1+10**-60*x-1", "x/10**60"),
        ("sqrt(x-50)*sqrt(x-50)", "(x-50)**(3/2)/sqrt(x-50)"),
        ("asin(90*x)", "atan(90*x/sqrt(1-8100*x**2))"),
        ("a*x+y", "y+x*a"),
    ],
)
def test_equal_functions(first: str, second: str) -> None:
    assert fingerprint(parse(first)) == fingerprint(parse(second)) != ""


def test_different_functions() -> None:
    texts = [
        "x",
        "-x",
        "x+10**-20",
        "x**2",
        "a",
        "y",
        "b*x",
        "a*x",
        "a*y",
        "sqrt(x)",
        "sqrt(-x)",
        "Abs(x)",
        "sin(x)",
        "cos(x)",
        "1",
        "0",
    ]
    assert len({fingerprint(parse(text)) for text in texts}) == len(texts)


def test_zero_and_nothing() -> None:
    assert is_zero(fingerprint(parse("exp(x)**2-exp(2*x)")))
    assert vanishes(parse("exp(x)**2-exp(2*x)"))
    assert vanishes(parse("sqrt(x-40)**2-x+40"))
    assert not vanishes(parse("x/10**80"))
    assert not is_zero(fingerprint(parse("x")))
    for text in ("log(0)", "1/(x-x)", "exp(exp(exp(9*x**2+20)))"):
        assert fingerprint(parse(text)) == ""
        assert not is_zero("")
        assert not vanishes(parse(text))


def test_order_of_terms_does_not_matter() -> None:
    rng, pieces = Random(0), ["exp(3*x)", "-x**5/7", "sin(x)*cos(5*x)", "log(x+2)", "1/(x-12)", "sqrt(x+9)"]
    found = {fingerprint(parse("+".join(rng.sample(pieces, len(pieces))))) for _ in range(50)}
    assert len(found) == 1


def test_hostile_trees_end_soon() -> None:
    start = time.perf_counter()
    for text in (
        "(x+1)**200*" * 40 + "x",
        "exp(" * 50 + "x" + ")" * 50,
        "+".join(["sin(x**99)"] * 50),
        "x**x**x**x**x",
    ):
        fingerprint(parse(text))
    assert time.perf_counter() - start < 2
