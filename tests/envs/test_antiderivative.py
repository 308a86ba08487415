import time
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.antiderivative import Antiderivative

ENV = Antiderivative()


@pytest.mark.parametrize(
    "prompt",
    ["", "0", "x-x", "2x", "x^2", "x**199*x", "x**200", "sin", "sign(x)", "C*x", "y*x", "I*x", "x+oo", "x=1", "1/0",
     "1/(x-x)", "log(0)", "log(-1-x**2)", "sin(x)**2+cos(x)**2-1", "Integral(x)", "x\0", "\u00b2", "(" * 5_000],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("3*x**2+2*x", "x**3+x**2", Outcome.CORRECT),
        ("3*x**2+2*x", "x**3+x**2+C", Outcome.CORRECT),
        ("3*x**2+2*x", "C+x**2*(x+1)", Outcome.CORRECT),
        ("3*x**2+2*x", "x**3+x**2-22/7", Outcome.CORRECT),
        ("3*x**2+2*x", "x**3+x**2+pi", Outcome.CORRECT),
        ("3*x**2+2*x", "x**3+x", Outcome.INCORRECT),
        ("3*x**2+2*x", "6*x+2", Outcome.INCORRECT),
        ("3*x**2+2*x", "C", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+C*x", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+2*C", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+C+C", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+a", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+log(0)", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+0*log(x-x)", Outcome.MALFORMED),
        ("3*x**2+2*x", "x**3+x**2+sign(x)", Outcome.MALFORMED),
        ("3*x**2+2*x", "Integral(3*x**2+2*x,x)", Outcome.MALFORMED),
        ("a*x", "a*x**2/2", Outcome.CORRECT),
        ("a*x", "a*x**2/2+a", Outcome.CORRECT),
        ("a*x", "a*x**2/2+b", Outcome.MALFORMED),
        ("1/x", "log(x)", Outcome.CORRECT),
        ("1/x", "log(Abs(x))", Outcome.CORRECT),
        ("1/x", "log(7*x)", Outcome.CORRECT),
        ("tan(x)", "-log(cos(x))", Outcome.CORRECT),
        ("tan(x)", "log(cos(x))", Outcome.INCORRECT),
        ("sin(x)*cos(x)", "-cos(2*x)/4", Outcome.CORRECT),
        ("sin(x)*cos(x)", "sin(x)**2/2", Outcome.CORRECT),
        ("exp(-x**2)", "sqrt(pi)*erf(x)/2", Outcome.CORRECT),
        ("exp(-x**2)", "erf(x)/2", Outcome.INCORRECT),
        ("x/sqrt(a+x**2)", "sqrt(a+x**2)", Outcome.CORRECT),
        ("2*x", "x**2+10**-100*x", Outcome.INCORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    verdict = ENV.verify(ENV.parse(prompt), answer)
    assert verdict.outcome is outcome, verdict


def test_polynomials_only() -> None:
    env = Antiderivative(integrands="polynomial")
    assert set(env.alphabet) == set("0123456789+-*/()Cx")
    for prompt in ("sin(x)", "1/x", "a*x", "sqrt(x)", "0.5*x"):
        with pytest.raises(MalformedTask):
            env.parse(prompt)
    assert env.verify(env.parse("2*x"), "x**2+sin(x)").outcome is Outcome.MALFORMED


def test_spellings_of_one_polynomial_share_their_id() -> None:
    assert ENV.parse("(x+1)**2").id == ENV.parse("1+2*x+x*x").id == ENV.parse(" x**2 + 2*x + 1").id
    assert ENV.parse("sin(x)+a").id == ENV.parse("a+sin(x)").id


@pytest.mark.parametrize(
    ("solution", "prompt"),
    [
        ("x**3+x**2", "3*x**2+2*x"),
        ("x**2*(x+1)", "3*x**2+2*x"),
        ("x*log(x)-x", "log(x)"),
        ("a*x**2/2", "a*x"),
        ("sin(x**2)", "2*x*cos(x**2)"),
    ],
)
def test_pose(solution: str, prompt: str) -> None:
    assert ENV.pose(solution).task.id == ENV.parse(prompt).id


@pytest.mark.parametrize("solution", ["", "5", "a", "x+C", "log(0)+x", "sign(x)", "x**201", "sin(x)**2+cos(x)**2"])
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


@pytest.mark.parametrize(
    "fields",
    [{"variable": "C"}, {"variable": "xy"}, {"max_terms": 0}, {"max_terms": 9}, {"max_degree": 0}, {"parameters": "x"},
     {"max_coefficient": 0}, {"integrands": "rational"}],
)  # fmt: skip
def test_bad_configuration(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))}=.*use"):
        Antiderivative(**fields)  # type: ignore[arg-type]


def test_polynomials_are_fast() -> None:
    rng = Random(0)
    solved = [ENV.sample(rng, 1 + index % 3) for index in range(300)]
    start = time.perf_counter()
    assert all(ENV.verify(task, answer).outcome is Outcome.CORRECT for task, answer, _ in solved)
    assert time.perf_counter() - start < 1.5  # 5 ms each; about 0.25 ms on an idle core


def test_capacity_is_reached() -> None:
    env = Antiderivative(max_terms=2, max_degree=2, max_coefficient=2)
    rng = Random(0)
    assert [env.capacity(level) for level in env.levels] == [3 * 4, 3 * 4 * 4]
    for level in env.levels:
        assert len({env.sample(rng, level).task.id for _ in range(1_500)}) == env.capacity(level)
