from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.series_coefficient import SeriesCoefficient
from envs.symbolic import to_sympy

ENV = SeriesCoefficient()


@pytest.mark.parametrize(
    "prompt",
    ["", "[2]", "[0]exp(x)", "[02]exp(x)", "[21]exp(x)", "[99]exp(x)", "[-1]exp(x)", "[2] exp(x)", "exp(x)", "[2]5",
     "[2]x**2+3*x", "[2](x+1)*(x+2)", "[2]1/x", "[2]log(x)", "[2]exp(x+1)", "[2]sqrt(2+x)", "[2]sqrt(x)", "[2]cos(x+1)",
     "[3]cos(x)", "[2]log(2+x)", "[2]1/(x-x)", "[2]0/0", "[2]x**x", "[2]sin(x)**2+cos(x)**2", "[2]1/sin(x)",
     "[2]sqrt(x**2+x**4)/x", "[2]exp(1/x)",
     "[2]tan(x)**9**9", "[2](1+x)**x**x", "[2]exp(y)", "[2]exp(x)\0", "[\u0662]exp(x)", "[2]" + "(" * 5_000,
     "[2]exp(x)" * 10**5],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("[3]1/(1-2*x)", "8"),
        ("[4]exp(3*x)/(1+x)", "11/8"),
        ("[5]tan(x)", "2/15"),
        ("[3]log(1+x)", "1/3"),
        ("[2]sqrt(1+x)", "-1/8"),
        ("[2]sqrt(4+x)", "-1/64"),
        ("[3](1+x)**(-1/3)", "-14/81"),
        ("[2]sin(x)/x", "-1/6"),
        ("[4]x/(exp(x)-1)", "-1/720"),
        ("[4](exp(x)-1-x)/(1-cos(x))", "1/72"),
        ("[4]exp(sin(x))", "-1/8"),
        ("[10]1/(1-x-x**2)", "89"),
        ("[5]atan(x)", "1/5"),
        ("[20]1/(1-x)", "1"),
    ],
)
def test_values(prompt: str, value: str) -> None:
    task = ENV.parse(prompt)
    verdict = ENV.verify(task, value)
    assert verdict.outcome is Outcome.CORRECT, verdict
    numerator, _, denominator = value.partition("/")
    for other in (f"{numerator}1/{denominator or 1}", f"{int(numerator) + 1}/{denominator or 1}", "0"):
        assert ENV.verify(task, other).outcome is Outcome.INCORRECT, other


@pytest.mark.parametrize(
    "answer", ["", "3.5", "22/16*1", "11/0", "+11/8", "11 / 8", "1e3", "\u0661", "exp(0)", "9" * 300]
)
def test_malformed_answers(answer: str) -> None:
    assert ENV.verify(ENV.parse("[4]exp(3*x)/(1+x)"), answer).outcome is Outcome.MALFORMED


def test_ids_are_those_of_function_and_order() -> None:
    assert ENV.parse("[3]exp(x)*exp(x)").id == ENV.parse("[3]exp(2*x)").id
    assert len({ENV.parse(text).id for text in ("[3]exp(2*x)", "[4]exp(2*x)", "[3]exp(3*x)", "[3]exp(2*x)+x**9")}) == 4


@pytest.mark.parametrize("level", ENV.levels)
def test_against_sympy(level: int) -> None:
    rng, x = Random(level), sympy.Symbol("x")
    for _ in range(12):
        task, answer, work = ENV.sample(rng, level)
        order, _, text = task.prompt[1:].partition("]")
        n = int(order)
        found = sympy.series(to_sympy(parse(text)), x, 0, n + 1).removeO().coeff(x, n)
        assert sympy.expand(found - sympy.Rational(answer)) == 0, task.prompt
        assert not work or work.split(";")[n] == answer


def test_a_level_reaches_beyond_its_bound() -> None:
    env = SeriesCoefficient(max_parts=1, max_order=2, max_coefficient=1)
    assert env.capacity(1) == 2 * 1
    rng = Random(0)
    assert len({env.sample(rng, 1).task.id for _ in range(500)}) > env.capacity(1)


def test_complete_symmetric_polynomials_of_even_degree_are_positive() -> None:
    # What `capacity` rests on, at its smallest values.
    for a in range(-3, 4):
        for b in range(-3, 4):
            if a and b:
                for order in (2, 4):
                    ENV.parse(f"[{order}]1/((1-({a})*x)*(1-({b})*x))")


@pytest.mark.parametrize("fields", [{"max_parts": 0}, {"max_parts": 6}, {"max_order": 1}, {"max_coefficient": 0}])
def test_bad_configuration(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))}=.*use"):
        SeriesCoefficient(**fields)
