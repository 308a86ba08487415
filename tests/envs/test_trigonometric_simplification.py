import math
import time
from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.trigonometric_simplification import TrigonometricSimplification
from envs.symbolic import to_sympy

ENV = TrigonometricSimplification()
TWO = TrigonometricSimplification(variables="xy")


@pytest.mark.parametrize(
    "prompt",
    ["", "1", "x", "sin(x)", "cos(x)**4", "sin(x)+cos(x)", "sin(2*x)/2+3", "cos(x)**8", "2*sin(x)**2",
     "sin(x)*cos(2*x)", "cos(x)**4*(1-sin(x)**2)", "cos(x)**7*(1-sin(x)**2)", "sin(x+x)*cos(x)", "sin(0*x)*cos(x)",
     "tan(x)*cos(x)", "sin(x)**2/cos(x)+sin(x)", "sin(x)*cos(x)+x", "sin(x*x)*cos(x)", "sin(x/2)*cos(x/2)",
     "sin(x+1)*cos(x)", "sin(0)+cos(x)**2+sin(x)**2", "sin(x-x)*cos(x)", "sin(sin(x))*cos(x)", "sin(y)*cos(y)",
     "sin(x)*cos(x)\n", "sin(x) *cos(x)", "sin(x)cos(x)", "sin x*cos(x)", "sin(x)*cos(x)=0", "sin(\u0663*x)*cos(x)",
     "sin(1000*x)*cos(1000*x)", "sin(999*x)*cos(999*x)", "sin(x)**9**9", "(sin(x)*cos(x))**9", "sin(x)**2**2",
     "(sin(x)+cos(x))**(10**6)", "sin(x)**-2*cos(x)", "9**99*sin(x)*cos(x)", "(" * 70 + "sin(x)*cos(x)" + ")" * 70,
     "sin(x)*cos(x)" + "+sin(x)*cos(x)" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("6*sin(x)*cos(x)", "3*sin(2*x)", Outcome.CORRECT),
        ("6*sin(x)*cos(x)", "-3*sin(-2*x)", Outcome.CORRECT),
        ("6*sin(x)*cos(x)", "sin(2*x)*3", Outcome.CORRECT),
        ("6*sin(x)*cos(x)", "6*sin(x)*cos(x)", Outcome.INCORRECT),
        ("6*sin(x)*cos(x)", "3*cos(2*x)", Outcome.INCORRECT),
        ("6*sin(x)*cos(x)", "-3*sin(2*x)", Outcome.INCORRECT),
        ("6*sin(x)*cos(x)", "3*sin(2*x)+0", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "(3*sin(2*x))", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "(1+2)*sin(2*x)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "6/2*sin(2*x)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "6*sin(2*x)/2", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "3*sin(2*x)**1", Outcome.MALFORMED),
        ("20*sin(x)*cos(x)", "10*sin(2*x)", Outcome.CORRECT),
        ("18*sin(x)*cos(x)", "3*3*sin(2*x)", Outcome.MALFORMED),
        ("18*sin(x)*cos(x)", "3**2*sin(2*x)", Outcome.MALFORMED),
        ("sin(x)*cos(x)", "sin(2*x)/2", Outcome.CORRECT),
        ("sin(x)*cos(x)", "1/2*sin(2*x)", Outcome.CORRECT),
        ("sin(x)*cos(x)", "2/4*sin(2*x)", Outcome.MALFORMED),
        ("sin(x)*cos(x)-1", "-1+sin(2*x)/2", Outcome.CORRECT),
        ("sin(x)*cos(x)-1", "4-5+sin(2*x)/2", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "3*sin(2*x)+0*sin(x)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "3*sin(x+x)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "2*sin(2*x)+sin(2*x)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "3*sin(2*y)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "3*sin(2*x) ", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "6*tan(x)/(1+tan(x)**2)", Outcome.MALFORMED),
        ("6*sin(x)*cos(x)", "3*sin(2*x)" * 9_999, Outcome.MALFORMED),
        ("sin(x)**2+cos(x)**2", "1", Outcome.CORRECT),
        ("sin(x)**2+cos(x)**2", "2/2", Outcome.MALFORMED),
        ("sin(x)**2+cos(x)**2", "sin(x)**2+cos(x)**2", Outcome.INCORRECT),
        ("sin(x)**2+cos(x)**2", "0", Outcome.INCORRECT),
        ("sin(x)**2*cos(x)**2", "1/8-cos(4*x)/8", Outcome.CORRECT),
        ("sin(x)**2*cos(x)**2", "sin(2*x)**2/4", Outcome.CORRECT),
        ("sin(x)**2*cos(x)**2", "(1-cos(4*x))/8", Outcome.MALFORMED),
        ("cos(x)**2-sin(x)**2", "cos(2*x)", Outcome.CORRECT),
        ("cos(x)**2-sin(x)**2", "2*cos(x)**2-1", Outcome.CORRECT),
        ("cos(x)**2-sin(x)**2", "1-2*sin(x)**2", Outcome.CORRECT),
        ("cos(x)**2-sin(x)**2", "1-2*sin(x)*sin(x)", Outcome.MALFORMED),
        ("sin(3*x)-3*sin(x)+4*sin(x)**3", "0", Outcome.CORRECT),
        ("sin(3*x)-3*sin(x)+4*sin(x)**3", "0*sin(x)", Outcome.MALFORMED),
        ("(sin(x)+cos(x))**2", "1+sin(2*x)", Outcome.CORRECT),
        ("(sin(x)+cos(x))**2", "(sin(x)+cos(x))**2", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_shorter_answers_than_the_harmonics_count() -> None:
    task = ENV.parse("cos(x)**2-cos(x)**2*sin(x)**2")  # cos(x)**4, with two harmonics and a number
    for answer, outcome in (
        ("cos(x)**4", Outcome.CORRECT),
        ("cos(4*x)/8+cos(2*x)/2+3/8", Outcome.CORRECT),
        ("cos(x)**4+0*sin(x)", Outcome.MALFORMED),
        ("cos(x)**2-cos(x)**2*sin(x)**2", Outcome.INCORRECT),
        ("cos(x)**3", Outcome.INCORRECT),
    ):
        assert ENV.verify(task, answer).outcome is outcome, answer


def test_two_symbols() -> None:
    task = TWO.parse("sin(x)*cos(y)+cos(x)*sin(y)")
    assert TWO.verify(task, "sin(x+y)").outcome is Outcome.CORRECT
    assert TWO.verify(task, "sin(y+x)").outcome is Outcome.CORRECT
    assert TWO.verify(task, "sin(x-y)").outcome is Outcome.INCORRECT
    assert TWO.verify(TWO.parse("cos(x)*cos(y)+sin(x)*sin(y)"), "cos(y-x)").outcome is Outcome.CORRECT


def test_spellings_of_a_question_share_an_id() -> None:
    same = ("2*sin(x)*cos(x)", "cos(x)*sin(x)*2", "-2*sin(-x)*cos(x)", "cos(-x)*sin(x)+sin(x)*cos(x)")
    assert len({ENV.parse(prompt).id for prompt in same}) == 1
    assert ENV.parse("(sin(x)+cos(x))**2").id == ENV.parse("sin(x)**2+2*sin(x)*cos(x)+cos(x)**2").id
    assert ENV.parse("sin(x)**2+cos(x)**2").id != ENV.parse("sin(2*x)**2+cos(2*x)**2").id


@pytest.mark.parametrize("env", [ENV, TWO])
def test_answers_agree_with_sympy(env: TrigonometricSimplification) -> None:
    rng = Random(0)
    symbols = sympy.symbols("x y")
    for level in env.levels:
        for _ in range(4):
            solved = env.sample(rng, level)
            difference = to_sympy(parse(solved.task.prompt)) - to_sympy(parse(solved.answer))
            assert sympy.expand(difference.rewrite(sympy.exp)) == 0
            steps = sum(to_sympy(parse(step)) for step in solved.work.split(";"))
            values = dict(zip(symbols, (0.3, 1.7), strict=True))
            assert math.isclose(float((steps - to_sympy(parse(solved.answer))).subs(values)), 0, abs_tol=1e-9)


@pytest.mark.parametrize("env", [ENV, TWO])
def test_answers_are_the_shorter_form(env: TrigonometricSimplification) -> None:
    rng = Random(0)
    for level in env.levels:
        for _ in range(50):
            solved = env.sample(rng, level)
            assert env.parse(solved.task.prompt) == solved.task
            assert sum(solved.answer.count(name) for name in ("sin", "cos")) < level


def test_capacity_is_a_lower_bound() -> None:
    env = TrigonometricSimplification(max_calls=4, max_multiple=5, max_coefficient=1)
    rng = Random(0)
    for level in env.levels:
        assert len({env.sample(rng, level).task.id for _ in range(3_000)}) >= env.capacity(level)


def test_large_products_end_fast() -> None:
    start = time.perf_counter()
    for factor in ("(sin(x)+cos(2*x)+sin(3*x)+cos(4*x)+1)", "sin(x)*cos(2*x)*sin(3*x)*cos(4*x)*", "(sin(x)+1)**8*"):
        with pytest.raises(MalformedTask):
            ENV.parse("*".join([factor.rstrip("*")] * 8))
    assert time.perf_counter() - start < 1


def test_fields_are_checked() -> None:
    for fields in ({"variables": "z"}, {"max_calls": 1}, {"max_multiple": 1}, {"max_coefficient": 0}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            TrigonometricSimplification(**fields)  # type: ignore[arg-type]
