from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.rational_simplification import RationalSimplification
from envs.symbolic import to_sympy

ENV = RationalSimplification()


@pytest.mark.parametrize(
    "prompt",
    ["", "/", "x", "x+1", "(x**2-1)", "(x**2-1)/(x-2)", "(2*x+2)/(4*x+6)", "(x**2-1)/2", "x**2-1/(x-1)", "0/(x-1)",
     "(x-1)/0", "0/0", "(x-1)/(x-x)", "(x**2-1)/(x-1)/(x+1)", "(x**2-1)/x-1", "x**2/2*x", "(x+1)*(x-1)/(x-1)",
     "((x**2-1))/(x-1)", "(x**2-1)/(x-1)\n", "(x**2-1) /(x-1)", "(y**2-1)/(y-1)", "(x**11-x)/x", "(x**9**9-x)/x",
     "(x**2-" + "9" * 16 + "*x)/x", "(x**2-" + "9" * 9_999 + "*x)/x", "(x**2-\u0661)/(x-1)"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("(x**2-1)/(x-1)", "x+1", Outcome.CORRECT),
        ("(x**2-1)/(x-1)", "1+x", Outcome.CORRECT),
        ("(x**2-1)/(x-1)", "(x+1)", Outcome.CORRECT),
        ("(x**2-1)/(x-1)", "(x**2-1)/(x-1)", Outcome.INCORRECT),
        ("(x**2-1)/(x-1)", "(1-x**2)/(1-x)", Outcome.INCORRECT),
        ("(x**2-1)/(x-1)", "(2*x+2)/2", Outcome.INCORRECT),
        ("(x**2-1)/(x-1)", "x-1", Outcome.INCORRECT),
        ("(x**2-1)/(x-1)", "(x+1)/1", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "(x+1)/(1)", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "x+1+0", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "x+1/1", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "0", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "(x+1)/(x-x)", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "(x+1)/0", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "(x+1)**9**9", Outcome.MALFORMED),
        ("(x**2-1)/(x-1)", "(x+1)**60/(x+1)**59", Outcome.INCORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(x-1)/(2*x+4)", Outcome.CORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(x-1)/(2*(x+2))", Outcome.CORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(1-x)/(-2*x-4)", Outcome.CORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "-(1-x)/(2*x+4)", Outcome.CORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(2*x-2)/(4*x+8)", Outcome.INCORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(x**2-x)/(2*x**2+4*x)", Outcome.INCORRECT),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(x-1)/2*(x+2)", Outcome.MALFORMED),
        ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "x-1/(2*x+4)", Outcome.MALFORMED),
        ("x/(x**2+x)", "1/(x+1)", Outcome.CORRECT),
        ("x/(x**2+x)", "-1/(-x-1)", Outcome.CORRECT),
        ("x/(x**2+x)", "1/x+1", Outcome.MALFORMED),
        ("(x**2+x)/(2*x**2)", "(x+1)/(2*x)", Outcome.CORRECT),
        ("(x**2+x)/(2*x**2)", "(x+1)/2*x", Outcome.MALFORMED),
        ("(x**2+x)/(2*x**2)", "(x+1)/2/x", Outcome.MALFORMED),
        ("(3*x+3)/(x+1)", "3", Outcome.CORRECT),
        ("(3*x+3)/(x+1)", "6/2", Outcome.INCORRECT),
        ("(x**2+2*x+1)/(x**3+3*x**2+3*x+1)", "1/(x+1)", Outcome.CORRECT),
        ("(x**2-x)/(x**4-3*x**3+3*x**2-x)", "1/(x-1)**2", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_spellings_of_a_question_share_an_id() -> None:
    same = ("(x**2-1)/(x-1)", "(-1+x**2)/(-1+x)", "(1-x**2)/(1-x)", "(3*x**2-3)/(3*x-3)")
    assert len({ENV.parse(prompt).id for prompt in same}) == 1
    assert ENV.parse("(x**2+x)/x").id != ENV.parse("(x**2-1)/(x-1)").id
    assert ENV.parse("(2*x**2-2)/(x-1)").id != ENV.parse("(x**2-1)/(x-1)").id


def test_pose() -> None:
    posed = ENV.pose("2*x*(x-1)*(x+1)/(4*x*(x+1)*(x+2))")
    assert (posed.task.prompt, posed.answer) == ("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)", "(x-1)/(2*x+4)")
    assert posed.task == ENV.parse("(2*x**3-2*x)/(4*x**3+12*x**2+8*x)")
    assert ENV.pose("(x+1)*(x+2)/(-x-1)").answer == "-x-2"
    for refused in ("", "x", "(x+1)/(x-1)", "(x+1)**6*(x+2)**6/(x+1)", "(x+1)*(x+2)/0", "(x+1)*x/((x+1)*(y+1))"):
        with pytest.raises(MalformedTask):
            ENV.pose(refused)


def test_answers_agree_with_sympy() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(15):
            solved = ENV.sample(rng, level)
            wanted = sympy.cancel(to_sympy(parse(solved.task.prompt)))
            found = to_sympy(parse(solved.answer))
            assert sympy.cancel(found - wanted) == 0
            assert [sympy.degree(part) for part in sympy.fraction(wanted)] == [
                sympy.degree(part) for part in sympy.fraction(found)
            ]
            assert sympy.cancel(to_sympy(parse(solved.work)) - wanted) == 0


def test_the_largest_configuration_fits() -> None:
    env = RationalSimplification(max_common=5, max_coefficient=20)
    rng = Random(0)
    for _ in range(300):
        solved = env.sample(rng, 5)
        assert env.parse(solved.task.prompt) == solved.task
        assert env.verify(solved.task, solved.answer).outcome is Outcome.CORRECT


def test_capacity_is_a_lower_bound() -> None:
    env = RationalSimplification(max_common=2, max_coefficient=1)
    rng = Random(0)
    for level in env.levels:
        assert len({env.sample(rng, level).task.id for _ in range(3_000)}) >= env.capacity(level)


def test_fields_are_checked() -> None:
    for fields in ({"max_common": 0}, {"max_coefficient": 99}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            RationalSimplification(**fields)
