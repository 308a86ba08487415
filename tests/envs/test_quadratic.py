from fractions import Fraction
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.quadratic import Quadratic

ENV = Quadratic()
RATIONAL = Quadratic(max_digits=1, roots="rational")


@pytest.mark.parametrize(
    "prompt",
    ["", "x^2", "x^2-5x+6", "x-1=0", "6=0", "0x^2+x-1=0", "x^2+1=0", "x^2-2=0", "x^2+x+1=0", "2x^2-3x+1=0", "x^3-x=0",
     "1x^2-5x+6=0", "x^2+0x-4=0", "-5x+x^2+6=0", "x^2-5x+6=1", "x^2-5x+6=0=0", "x^2 -5x+6=0", "x^2-100x=0",
     "x^2-5x+6=0\n", "x^2-" + "9" * 9_999 + "=0"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("x^2-5x+6=0", "2,3", Outcome.CORRECT),
        ("x^2-5x+6=0", "3,2", Outcome.CORRECT),
        ("x^2-5x+6=0", "6/2,2", Outcome.CORRECT),
        ("x^2+2x+1=0", "-1", Outcome.CORRECT),
        ("x^2+2x+1=0", "-1,-1", Outcome.CORRECT),
        ("x^2=0", "0", Outcome.CORRECT),
        ("-3x^2+12=0", "2,-2", Outcome.CORRECT),
        ("x^2-5x+6=0", "2", Outcome.INCORRECT),
        ("x^2-5x+6=0", "2,2", Outcome.INCORRECT),
        ("x^2-5x+6=0", "2,6/3", Outcome.INCORRECT),
        ("x^2-5x+6=0", "-2,-3", Outcome.INCORRECT),
        ("x^2-5x+6=0", "2,4", Outcome.INCORRECT),
        ("x^2-5x+6=0", "2,3,3", Outcome.MALFORMED),
        ("x^2-5x+6=0", "2,3,4", Outcome.MALFORMED),
        ("x^2-5x+6=0", "x=2,x=3", Outcome.MALFORMED),
        ("x^2-5x+6=0", "{2,3}", Outcome.MALFORMED),
        ("x^2-5x+6=0", "2, 3", Outcome.MALFORMED),
        ("x^2-5x+6=0", "2,", Outcome.MALFORMED),
        ("x^2=0", "-0", Outcome.MALFORMED),
        ("x^2-5x+6=0", "2,3" + "0" * 9_999, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_multiples_of_an_equation_are_one_question() -> None:
    ids = {ENV.parse(prompt).id for prompt in ("x^2-5x+6=0", "2x^2-10x+12=0", "-x^2+5x-6=0")}
    assert len(ids) == 1


def test_pose() -> None:
    assert ENV.pose("3,2").task == ENV.parse("x^2-5x+6=0")
    assert ENV.pose("-1").task == ENV.pose("-1,-1").task == ENV.parse("x^2+2x+1=0")
    posed = RATIONAL.pose("1/2,-4/6")
    assert (posed.task.prompt, posed.answer, posed.work) == ("6x^2+x-2=0", "-2/3,1/2", "(3x+2)(2x-1)=0")
    for refused in ("", "1,2,3", "1/2,3", "100,1", "x"):
        with pytest.raises(MalformedTask):
            ENV.pose(refused)


@pytest.mark.parametrize("env", [ENV, Quadratic(roots="rational")])
def test_references_solve_the_equation(env: Quadratic) -> None:
    rng = Random(0)
    for level in env.levels:
        for _ in range(200):
            solved = env.sample(rng, level)
            roots = list(map(Fraction, solved.answer.split(",")))
            size = max(max(abs(root.numerator), root.denominator) for root in roots)
            assert len(str(size)) == level
            assert env.pose(solved.answer).task == solved.task


@pytest.mark.parametrize("env", [Quadratic(max_digits=1), RATIONAL])
def test_capacity_of_level_1(env: Quadratic) -> None:
    denominators = range(1, 2) if env.roots == "integer" else range(1, 10)
    roots = {str(Fraction(p, q)) for p in range(-9, 10) for q in denominators}
    tasks = {env.pose(f"{first},{second}").task.id for first in roots for second in roots}
    assert env.capacity(1) == len(tasks)
    rng = Random(0)
    found = {env.sample(rng, 1).task.id for _ in range(3_000)}
    assert found <= tasks
