from fractions import Fraction
from random import Random
from typing import Literal

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.linear import Linear

ENV = Linear()


@pytest.mark.parametrize(
    "prompt",
    ["", "x", "0x+3=4", "-0x+3=3", "1x+3=4", "-1x=3", "03x=6", "3x+0=6", "3x+05=6", "3x+5=-0", "3x+5=06", "3x+5",
     "3x=5=5", "3y+5=20", "x+x=4", "3x+5=2x", "3*x+5=20", "3x + 5=20", "100x+1=1", "x+100=1", "x=100", "99x=9900",
     "3x+5=20\n", "\u0663x=6", "3x" + "5" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


def test_integer_solutions_only() -> None:
    env = Linear(solutions="integer")
    assert env.parse("3x+5=20").level == 1
    with pytest.raises(MalformedTask, match="no integer"):
        env.parse("3x+5=21")


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("3x+5=20", "5", Outcome.CORRECT),
        ("3x+5=20", "10/2", Outcome.CORRECT),
        ("2x=7", "7/2", Outcome.CORRECT),
        ("2x=7", "14/4", Outcome.CORRECT),
        ("-x-7=4", "-11", Outcome.CORRECT),
        ("5x+3=3", "0/7", Outcome.CORRECT),
        ("2x=7", "2/7", Outcome.INCORRECT),
        ("2x=7", "3", Outcome.INCORRECT),
        ("2x=7", "3.5", Outcome.MALFORMED),
        ("2x=7", "7/-2", Outcome.MALFORMED),
        ("2x=7", "7/0", Outcome.MALFORMED),
        ("2x=7", "07/2", Outcome.MALFORMED),
        ("5x+3=3", "-0", Outcome.MALFORMED),
        ("2x=7", "x=7/2", Outcome.MALFORMED),
        ("2x=7", "7/2/1", Outcome.MALFORMED),
        ("2x=7", "7" * 5_000, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


@pytest.mark.parametrize(
    ("solution", "prompt"),
    [("3x+5@5", "3x+5=20"), ("-2x-7@-11/2", "-2x-7=4"), ("2x@7/2", "2x=7"), ("4x+1@14/4", "4x+1=15"), ("x@0", "x=0")],
)
def test_pose(solution: str, prompt: str) -> None:
    posed = ENV.pose(solution)
    assert posed.task == ENV.parse(prompt)
    assert ENV.verify(posed.task, posed.answer).outcome is Outcome.CORRECT


@pytest.mark.parametrize("solution", ["3x+5@7/2", "0x+5@1", "3x+5", "3x+5@", "3x+5@1/0", "x+100@1", "x@100", "3x+5=20"])
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_reference_solves_the_equation() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(200):
            solved = ENV.sample(rng, level)
            left, right = solved.task.prompt.split("=")
            a, b = left.split("x")
            coefficient = Fraction({"": "1", "-": "-1"}.get(a, a))
            assert coefficient * Fraction(solved.answer) + Fraction(b or "0") == Fraction(right)


def test_level_1_is_large_enough_for_a_pool() -> None:
    rng = Random(0)
    assert len({ENV.sample(rng, 1).task.id for _ in range(20_000)}) > 10_000


@pytest.mark.parametrize("solutions", ["integer", "rational"])
def test_capacity_of_level_1(solutions: Literal["integer", "rational"]) -> None:
    env = Linear(max_digits=1, solutions=solutions)
    xs = {Fraction(p, q) for q in range(1, 10 if solutions == "rational" else 2) for p in range(-10 * q + 1, 10 * q)}
    tasks = set()
    for x in xs:
        for a in range(-9, 10):
            if a and a % x.denominator == 0:
                tasks |= {
                    env.pose(f"{a if a not in (1, -1) else str(a)[:-1]}x{f'{b:+d}' if b else ''}@{x}").task.id
                    for b in range(-9, 10)
                }
    assert env.capacity(1) == len(tasks)
