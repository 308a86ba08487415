from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.equality import compare_trees
from envs.grammar import parse
from envs.math.derivative import Derivative
from envs.symbolic import from_sympy, to_sympy

ENV = Derivative()


@pytest.mark.parametrize(
    "prompt",
    ["", "5", "exp(2)", "x-x", "x/x", "exp(x)", "-3*exp(x+2)", "sin(x)**2+cos(x)**2", "log(-1-x**2)", "sqrt(-exp(x))",
     "x**9**9", "1/0", "0/0", "y", "x ", "2x", "Abs(x)", "sign(x)", "x=1", "x\0", "\u00b2", "\uff15*x", "x**201",
     "(" * 5_000,
     "x" * 10**6, "exp(" * 50 + "x" + ")" * 50],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("x**3-2*x", "3*x**2-2", Outcome.CORRECT),
        ("x**3-2*x", "-2+3*x*x", Outcome.CORRECT),
        ("x**3-2*x", "3*x**2-2+0/x", Outcome.CORRECT),
        ("x**3-2*x", "3*x**2", Outcome.INCORRECT),
        ("x**3-2*x", "x**3-2*x", Outcome.INCORRECT),
        ("x**3-2*x", "3*x**2-2+C", Outcome.MALFORMED),
        ("x**3-2*x", "3*x**2-2+1/0", Outcome.MALFORMED),
        ("x**3-2*x", "3*x**2-2+log(0)", Outcome.MALFORMED),
        ("x**3-2*x", "Derivative(x**3-2*x,x)", Outcome.MALFORMED),
        ("x**3-2*x", "3*x**2-2+10**-80", Outcome.INCORRECT),
        ("x**3-2*x", "", Outcome.MALFORMED),
        ("sin(x)**2", "sin(2*x)", Outcome.CORRECT),
        ("sin(x)**2", "2*sin(x)", Outcome.INCORRECT),
        ("tan(x)", "1/cos(x)**2", Outcome.CORRECT),
        ("tan(x)", "sec(x)**2", Outcome.CORRECT),
        ("tan(x)", "1+tan(x)**2", Outcome.CORRECT),
        ("log(3*x)", "1/x", Outcome.CORRECT),
        ("log(3*x)", "1/(3*x)", Outcome.INCORRECT),
        ("x**x", "x**x*(log(x)+1)", Outcome.CORRECT),
        ("x**x", "x*x**(x-1)", Outcome.INCORRECT),
        ("sqrt(x)", "1/(2*sqrt(x))", Outcome.CORRECT),
        ("asin(x)", "1/sqrt(1-x**2)", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    verdict = ENV.verify(ENV.parse(prompt), answer)
    assert verdict.outcome is outcome, verdict


def test_spellings_of_one_function_share_their_id() -> None:
    assert ENV.parse("2*sin(x)*cos(x)").id == ENV.parse("sin(2*x)").id
    assert ENV.parse("(x+1)**2").id == ENV.parse("1+x*(2+x)").id
    assert ENV.parse("exp(x)**2").id == ENV.parse("exp(x+x)").id
    assert len({ENV.parse(text).id for text in ("sin(x)", "sin(2*x)", "cos(x)", "sin(x)+1", "-sin(x)")}) == 5


@pytest.mark.parametrize(
    ("prompt", "level"),
    [
        ("x**3-2*x", 1),
        ("(x+1)**5", 1),
        ("exp(3*x)*x", 2),
        ("x/(x+1)", 2),
        ("sqrt(x)", 2),
        ("x**x", 2),
        ("exp(sin(x))/x", 4),
    ],
)
def test_levels_count_functions_and_divisions(prompt: str, level: int) -> None:
    assert ENV.parse(prompt).level == level


@pytest.mark.parametrize("level", ENV.levels)
def test_against_sympy(level: int) -> None:
    rng, x = Random(level), sympy.Symbol("x")
    for _ in range(12):
        task, answer, _ = ENV.sample(rng, level)
        expected = from_sympy(sympy.diff(to_sympy(parse(task.prompt)), x))
        result = compare_trees(expected, parse(answer), domains={"x": "real"})
        assert result.label == "equal", (task.prompt, answer, result)


def test_level_1_is_counted_exactly() -> None:
    env = Derivative(max_coefficient=2, max_level=2)
    assert env.capacity(1) == 15 * 4**2 + 20 * 4**3 + 15 * 4**4
    rng = Random(0)
    # The lower bound counts f = c*x**k*sin(a*x) and the like; sampling finds more than that.
    assert len({env.sample(rng, 2).task.id for _ in range(1_500)}) > env.capacity(2)


@pytest.mark.parametrize("fields", [{"max_level": 0}, {"max_level": 6}, {"max_coefficient": 1}])
def test_bad_configuration(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))}=.*use"):
        Derivative(**fields)
