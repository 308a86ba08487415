"""Proofs of equality, look-alikes against an independent reference, and the fallback without python-flint."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from envs.equality import compare
from envs.equality.fields import Field, is_prime
from envs.equality.homomorphism import proves_equal
from envs.equality.separation import separation_bits
from envs.expression import symbols_of
from envs.grammar import parse

ROOT = Path(__file__).parents[2]


def proved(gold: str, answer: str, domain: str = "real") -> bool:
    trees = [parse(text, imaginary_unit=True) for text in (gold, answer)]
    domains = dict.fromkeys(symbols_of(trees[0]) | symbols_of(trees[1]), domain)
    return proves_equal(*trees, domains, time.perf_counter() + 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("tan(x+y)", "(tan(x)+tan(y))/(1-tan(x)*tan(y))"),
        ("8**(x/3)", "2**x"),
        ("asinh(x)", "log(x+sqrt(x**2+1))"),
        ("cos(pi/5)", "(1+sqrt(5))/4"),
        ("sin(atan(x))", "x/sqrt(1+x**2)"),
        ("log(x**2)", "2*log(Abs(x))"),
        ("log(-1)", "I*pi"),
        ("1/(sqrt(x+1)-sqrt(x))", "sqrt(x+1)+sqrt(x)"),
        ("sqrt(50*x)", "5*sqrt(2)*sqrt(x)"),
        ("exp((x+1)**2)", "exp(x**2+2*x+1)"),
    ],
)
def test_proved(gold: str, answer: str) -> None:
    assert proved(gold, answer)
    assert not proved(f"{gold}+10**-99", answer)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [("sqrt(x**2)", "x"), ("log(x*y)", "log(x)+log(y)"), ("sqrt(x*y)", "sqrt(x)*sqrt(y)"), ("acos(cos(x))", "x")],
)
def test_what_fails_on_a_branch_is_not_proved(gold: str, answer: str) -> None:
    assert not any(proved(gold, answer) for _ in range(5))


def test_a_domain_makes_laws_hold() -> None:
    assert proved("log(x*y)", "log(x)+log(y)", "positive")
    assert proved("(x**3)**(1/3)", "x", "positive")


@pytest.mark.parametrize("index", [2, 3, 4, 6, 10, 12])
def test_roots_in_a_field(index: int) -> None:
    field = Field(Random(index))
    assert is_prime(field.prime)
    power = pow(12_345, index, field.prime)
    assert pow(field.root(power, index), index, field.prime) == power


def test_separation_bits_are_below_real_differences() -> None:
    near = parse("sqrt(10)+sqrt(11)"), parse("sqrt(5)+sqrt(18)")  # 0.0001 apart
    bits = separation_bits(*near)
    assert bits is not None
    assert bits > 13
    assert separation_bits(parse("pi"), parse("3")) is None


def test_look_alikes_against_a_reference_of_120_digits() -> None:
    spec = importlib.util.spec_from_file_location("lookalikes", ROOT / "benchmarks" / "lookalikes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["lookalikes"] = module
    spec.loader.exec_module(module)
    tally = module.judged(module.cases(600, Random(5)))
    assert tally.wrong == []
    assert len(tally.undecided) <= 6


@pytest.mark.parametrize("answer", ["2*x-x", "sin(x)", "x+10**-30"])
def test_turning_points_far_away_are_seen(answer: str) -> None:
    assert compare("sqrt((x/3+8)**2)", "x/3+8").label == "different"
    assert compare("Abs(x)", answer).label == "different"


def test_without_flint_floats_decide_and_say_so() -> None:
    script = (
        "import sys; sys.modules['flint'] = None\n"
        "from envs.equality import compare\n"
        "for pair in (('atan(x)+atan(1/x)','pi/2*sign(x)'), ('sin(x)','cos(x)'), ('x+x','2*x'), ('1','log(0)')):\n"
        "    found = compare(*pair); print(found.label, found.tier)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:4] == ["equal float", "different float", "equal exact", "reject "]


@pytest.mark.parametrize(
    "inner",
    [
        "x/9+6*x**2/7",
        "2+1/(5/7-x)",
        "50+1/x",
        "7-sqrt(Abs(x))",
        "1/(x*5/3)/log(x-3)",
        "x**2-1/10**30",
        "(x-1)*(x-1001/1000)",
    ],
)
@pytest.mark.parametrize("form", ["Abs({})", "sqrt(({})**2)"])
def test_a_narrow_region_of_another_sign_is_found(inner: str, form: str) -> None:
    assert compare(inner, form.format(inner)).label == "different"


@pytest.mark.parametrize(
    "inner", ["x**2-2*x+2", "exp(x)+sin(x)+2", "cosh(x)-1", "x*x+exp(1)", "1/(x**2+x+1)", "x**4-x+1", "2-tanh(x)"]
)
@pytest.mark.parametrize("form", ["Abs({})", "sqrt(({})**2)"])
def test_a_sign_that_never_changes_is_settled(inner: str, form: str) -> None:
    assert compare(inner, form.format(inner)).label == "equal"


@pytest.mark.parametrize("inner", ["x**2-log(x**2+1)/2+1", "exp(x)-x/2", "343-log(x**2)"])
def test_a_sign_that_nobody_settled_leaves_it_undecided(inner: str) -> None:
    found = compare(inner, f"Abs({inner})")
    assert found.label == "undecided"
    assert "sign" in found.evidence
