from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.expansion import Expansion
from envs.symbolic import to_sympy

ENV = Expansion()
TWO = Expansion(variables="xy")


@pytest.mark.parametrize(
    "prompt",
    ["", "x", "x**2+2*x", "(x+1)", "(x+1)+(x+2)", "-(x+1)", "3*x**2", "(x)*(x)", "2*(3)", "((x+1))**2", "(x+1)*(x+2",
     "(x+1)(x+2)", "(x+1)**2-(x+1)**2", "(x+1)*(x-1)-(x**2-1)", "(x+1)**(10**6)", "(x+1)**99", "(x+1)**9**9",
     "(x+1)*(y+1)", "(x+1)/(x+2)", "(x+1) *(x+2)", "(x+1)*(x+2)\n", "(x+1)^2", "+2*(x+1)", "(x+0)*(x+1)",
     "(x+x)*(x+1)", "(99999999*x+1)**9", "(\u0663*x+1)**2", "0*(x+1)", "(x+1)**2+0", "(x+1)*" * 200 + "(x+1)"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("(x+2)*(3*x-1)**2", "9*x**3+12*x**2-11*x+2", Outcome.CORRECT),
        ("(x+2)*(3*x-1)**2", "2-11*x+12*x**2+9*x**3", Outcome.CORRECT),
        ("(x+2)*(3*x-1)**2", "9*x**3+12*x**2-11*x", Outcome.INCORRECT),
        ("(x+2)*(3*x-1)**2", "9*x**3+12*x**2-11*x+2+0", Outcome.MALFORMED),
        ("(x+2)*(3*x-1)**2", "9*x**3+12*x**2-10*x-x+2", Outcome.MALFORMED),
        ("(x+2)*(3*x-1)**2", "(x+2)*(3*x-1)**2", Outcome.MALFORMED),
        ("(x+2)*(3*x-1)**2", "x*(9*x**2+12*x-11)+2", Outcome.MALFORMED),
        ("(x+1)*(x-1)", "x**2-1", Outcome.CORRECT),
        ("(x+1)*(x-1)", "-1+x**2", Outcome.CORRECT),
        ("(x+1)*(x-1)", "x**2+0*x-1", Outcome.MALFORMED),
        ("(x+1)*(x-1)", "1*x**2-1", Outcome.MALFORMED),
        ("(x+1)*(x-1)", "x*x-1", Outcome.MALFORMED),
        ("(x+1)*(x-1)", "x**2-1 ", Outcome.MALFORMED),
        ("(x+1)*(x-1)", "0", Outcome.INCORRECT),
        ("(x+1)*(x-1)", "x**2-" + "1" * 9_999, Outcome.MALFORMED),
        ("(x+1)**2-(x**2+1)", "2*x", Outcome.CORRECT),
        ("(x+1)*(x-1)-x**2", "-1", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_spellings_of_a_question_share_an_id() -> None:
    same = ("(x+2)*(3*x-1)**2", "(3*x-1)**2*(x+2)", "(3*x-1)*(2+x)*(1-3*x)*(-1)")
    assert len({ENV.parse(prompt).id for prompt in same[:2]}) == 1
    assert len({ENV.parse(prompt).id for prompt in ("(x+1)*(x-1)", "-(1-x)*(x+1)", "(x+1)**2-2*(x+1)")}) == 1
    with pytest.raises(MalformedTask):
        ENV.parse(same[2])


@pytest.mark.parametrize("env", [ENV, TWO])
def test_answers_agree_with_sympy(env: Expansion) -> None:
    rng = Random(0)
    for level in env.levels:
        for _ in range(15):
            solved = env.sample(rng, level)
            ours = to_sympy(parse(solved.answer))
            assert sympy.expand(to_sympy(parse(solved.task.prompt))) == ours
            assert solved.work.split(";")[-1] == solved.answer


def test_the_largest_configuration_fits() -> None:
    env = Expansion("xy", max_factors=5, max_coefficient=99)
    rng = Random(0)
    for _ in range(200):
        solved = env.sample(rng, 5)
        assert env.parse(solved.task.prompt) == solved.task
        assert len(solved.work) <= 1_000


def test_capacity_is_a_lower_bound() -> None:
    env = Expansion(max_factors=2, max_coefficient=2)
    rng = Random(0)
    for level in env.levels:
        found = {env.sample(rng, level).task.id for _ in range(5_000)}
        assert len(found) >= env.capacity(level)


def test_fields_are_checked() -> None:
    for fields in ({"variables": "z"}, {"max_factors": 9}, {"max_coefficient": 1}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            Expansion(**fields)  # type: ignore[arg-type]
