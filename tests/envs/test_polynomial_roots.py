import re
from collections import Counter
from fractions import Fraction
from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.polynomial_roots import PolynomialRoots
from envs.symbolic import to_sympy

ENV = PolynomialRoots()
RATIONAL = PolynomialRoots(max_root=3, roots="rational")


@pytest.mark.parametrize(
    "prompt",
    ["", "=0", "6=0", "x^2-3x+2=0", "x^3-2=0", "x^3-x", "x^3-x=1", "x^3+x=0", "x^4+4=0", "x^3-3x^2+2x+1=0",
     "2x^3-x^2-2x+1=0", "x^3-10x^2=0", "0x^3+x^2=0", "1x^3-x=0", "-x+x^3=0", "x**3-x=0", "x^3 -x=0", "x^3-x=0\n",
     "x^3-x=0=0", "x^7-x^5=0", "x^9^9=0", "x^3-" + "9" * 30 + "=0", "x^3-" + "9" * 9_999 + "=0", "x^3-\u0661=0"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("x^3-3x+2=0", "1,1,-2", Outcome.CORRECT),
        ("x^3-3x+2=0", "1,-2,1", Outcome.CORRECT),
        ("x^3-3x+2=0", "2/2,-2,1", Outcome.CORRECT),
        ("x^3-3x+2=0", "1,-2", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1,-2,-2", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1,1,1,-2", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1,1,-2,3", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1,1,2", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1,1,1", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1", Outcome.INCORRECT),
        ("x^3-3x+2=0", "1, 1, -2", Outcome.MALFORMED),
        ("x^3-3x+2=0", "{1,1,-2}", Outcome.MALFORMED),
        ("x^3-3x+2=0", "1,1,-2,", Outcome.MALFORMED),
        ("x^3-3x+2=0", "x=1", Outcome.MALFORMED),
        ("x^3-3x+2=0", "1/0,1,-2", Outcome.MALFORMED),
        ("x^3-3x+2=0", "1.0,1,-2", Outcome.MALFORMED),
        ("x^3-3x+2=0", "1,1,-2" + ",1" * 9_999, Outcome.MALFORMED),
        ("-5x^3+15x-10=0", "1,1,-2", Outcome.CORRECT),
        ("x^6=0", "0,0,0,0,0,0", Outcome.CORRECT),
        ("x^6=0", "0", Outcome.INCORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_fractions_are_roots_where_they_are_asked_for() -> None:
    task = RATIONAL.parse("2x^3-x^2-2x+1=0")
    assert RATIONAL.verify(task, "1/2,-1,1").outcome is Outcome.CORRECT
    assert RATIONAL.verify(task, "-1/2,-1,1").outcome is Outcome.INCORRECT
    with pytest.raises(MalformedTask):
        RATIONAL.parse("4x^3-x^2-4x+1=0")


def test_multiples_of_an_equation_are_one_question() -> None:
    assert len({ENV.parse(prompt).id for prompt in ("x^3-3x+2=0", "-x^3+3x-2=0", "7x^3-21x+14=0")}) == 1


def test_pose() -> None:
    posed = ENV.pose("1,-2,1")
    assert (posed.task.prompt, posed.answer) == ("x^3-3x+2=0", "-2,1,1")
    assert posed.work == "(x+2)(x^2-2x+1);(x+2)(x-1)(x-1)"
    assert RATIONAL.pose("1/2,-4/6,0").task.prompt == "6x^3+x^2-2x=0"
    for refused in ("", "1,2", "1,2,3,4,5,6,7", "1/2,1,1", "10,1,1", "x,1,1", "1,1,1\n"):
        with pytest.raises(MalformedTask):
            ENV.pose(refused)


@pytest.mark.parametrize("env", [ENV, RATIONAL])
def test_answers_agree_with_sympy(env: PolynomialRoots) -> None:
    rng = Random(0)
    x = sympy.Symbol("x")
    for level in env.levels:
        for _ in range(15):
            solved = env.sample(rng, level)
            text = re.sub(r"([0-9])x", r"\1*x", solved.task.prompt.removesuffix("=0")).replace("^", "**")
            ours = sympy.Poly(to_sympy(parse(text)), x)
            assert sympy.roots(ours) == Counter(map(sympy.Rational, solved.answer.split(",")))
            assert ours.content() == 1


@pytest.mark.parametrize("env", [PolynomialRoots(max_root=2), PolynomialRoots(max_root=2, roots="rational")])
def test_capacity(env: PolynomialRoots) -> None:
    values = {Fraction(p, q) for p in range(-2, 3) for q in range(1, 3 if env.roots == "rational" else 2)}
    tasks = {env.pose(f"{a},{b},{c}").task.id for a in values for b in values for c in values}
    rng = Random(0)
    assert env.capacity(3) == len(tasks) == len({env.sample(rng, 3).task.id for _ in range(8_000)})


def test_fields_are_checked() -> None:
    for fields in ({"max_degree": 2}, {"max_root": 0}, {"roots": "real"}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            PolynomialRoots(**fields)  # type: ignore[arg-type]
