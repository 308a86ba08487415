import json
import time
from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.equality import compare_trees
from envs.grammar import parse
from envs.integrands import n_kernels
from envs.math.antiderivative import Antiderivative
from envs.symbolic import from_sympy, to_sympy
from tests.envs.golden import FOLDER

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
    assert ENV.parse("2*sin(x)*cos(x)").id == ENV.parse("sin(2*x)").id
    assert ENV.parse("1/(x-1)-1/(x+1)").id == ENV.parse("2/(x**2-1)").id
    assert ENV.parse("a*exp(x)").id != ENV.parse("b*exp(x)").id
    other = Antiderivative(variable="t", parameters="ab")
    assert other.parse("t*exp(t)").id == ENV.parse("exp(x)*x").id


@pytest.mark.parametrize(
    ("solution", "prompt"),
    [
        ("x**3+x**2", "3*x**2+2*x"),
        ("x**2*(x+1)", "3*x**2+2*x"),
        ("x*log(x)-x", "log(x)"),
        ("a*x**2/2", "a*x"),
        ("sin(x**2)", "2*x*cos(x**2)"),
        ("(x**2-2*x+2)*exp(x)", "x**2*exp(x)"),
        ("x*exp(x)-exp(x)", "x*exp(x)"),
        ("sin(2*x)/4-x*cos(2*x)/2", "x*sin(2*x)"),
        ("log(x)+x-x", "1/x"),
        ("exp(x)*(sin(x)+cos(x))/2", "exp(x)*cos(x)"),
    ],
)
def test_pose(solution: str, prompt: str) -> None:
    posed = ENV.pose(solution).task
    assert posed.id == ENV.parse(prompt).id
    assert len(posed.prompt) <= 2 * len(prompt) + 10, "like terms are not gathered"


@pytest.mark.parametrize("solution", ["", "5", "a", "x+C", "log(0)+x", "sign(x)", "x**201", "sin(x)**2+cos(x)**2"])
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


@pytest.mark.parametrize(
    "fields",
    [{"variable": "C"}, {"variable": "xy"}, {"max_terms": 0}, {"max_terms": 9}, {"max_degree": 0}, {"parameters": "x"},
     {"max_coefficient": 0}, {"max_kernels": 4}, {"max_kernels": -1}, {"integrands": "rational"}],
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
    env = Antiderivative(max_terms=2, max_degree=2, max_coefficient=2, max_kernels=0)
    rng = Random(0)
    assert [env.capacity(level) for level in env.levels] == [3 * 4, 3 * 4 * 4]
    for level in env.levels:
        assert len({env.sample(rng, level).task.id for _ in range(1_500)}) == env.capacity(level)


@pytest.mark.parametrize(
    ("text", "kernels"),
    [("x*exp(2*x)", 1), ("sin(x)*cos(x)", 1), ("exp(x)*cos(x)", 2), ("log(x)/x", 1), ("1/(x*(x-1))", 2),
     ("sqrt(x)+1/x", 1),
     ("x**x", 1), ("exp(x)*cos(2*x)+1/(x+1)", 3)],
)  # fmt: skip
def test_kernels(text: str, kernels: int) -> None:
    assert n_kernels(parse(text)) == kernels
    assert ENV.parse(text).level == ENV.max_terms + kernels


def test_levels_of_polynomials_only() -> None:
    assert list(Antiderivative(integrands="polynomial").levels) == [1, 2, 3]
    assert list(Antiderivative(max_kernels=0).levels) == [1, 2, 3]
    assert list(ENV.levels) == [1, 2, 3, 4, 5, 6]


def test_the_old_levels_are_as_they_were() -> None:
    old = json.loads((FOLDER / "math_antiderivative.v1.json").read_text())
    new = json.loads((FOLDER / "math_antiderivative.v2.json").read_text())
    assert new[: len(old)] == old


@pytest.mark.parametrize("level", [4, 5, 6])
def test_elementary_integrands_against_sympy(level: int) -> None:
    rng, x = Random(level), sympy.Symbol("x")
    for _ in range(15):
        task, answer, _ = ENV.sample(rng, level)
        slope = from_sympy(sympy.diff(to_sympy(parse(answer)), x))
        result = compare_trees(parse(task.prompt), slope, domains={"x": "complex"})
        assert result.label == "equal", (task.prompt, answer, result)


def test_another_variable_is_sampled_alike() -> None:
    env = Antiderivative(variable="t", parameters="")
    for level in env.levels:
        solved = env.sample(Random(level), level)
        assert solved.task.prompt == ENV.sample(Random(level), level).task.prompt.replace("x", "t").replace(
            "etp", "exp"
        )
        assert env.verify(solved.task, solved.answer).outcome is Outcome.CORRECT


def test_bound_on_elementary_integrands() -> None:
    env = Antiderivative(max_coefficient=1)
    rng = Random(0)
    for level in (4, 5):
        assert len({env.sample(rng, level).task.id for _ in range(2_000)}) > env.capacity(level) / 2
