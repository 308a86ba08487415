from itertools import product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.matrix_inverse import MatrixInverse

ENV = MatrixInverse()


@pytest.mark.parametrize(
    "prompt",
    ["", "2", "1,2;2,4", "0,0;0,0", "1,2", "1,2;3,4;1,1", "1,2,3;4,5,6", "5,1;1,1", "1,2;3,4\n", "1,1/2;3,4",
     "01,2;3,4",
     "1,2;3", "1,0,0,0;0,1,0,0;0,0,1,0;0,0,0,1", "1," * 5_000],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("-2,1;3/2,-1/2", Outcome.CORRECT),
        ("-4/2,3/3;6/4,-1/2", Outcome.CORRECT),
        ("-2,3/2;1,-1/2", Outcome.INCORRECT),  # transposed
        ("4,-2;-3,1", Outcome.INCORRECT),  # not divided by the determinant
        ("1,0;0,1", Outcome.INCORRECT),
        ("-2,1;3/2", Outcome.MALFORMED),
        ("-2,1,3/2,-1/2", Outcome.MALFORMED),
        ("-2,1;1.5,-0.5", Outcome.MALFORMED),
        ("-2,1;3/2,-1/0", Outcome.MALFORMED),
        ("-2,1;3/2,1/-2", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        ("1," * 5_000, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse("1,2;3,4"), answer).outcome is outcome


def test_every_row_of_the_product_counts() -> None:
    task = ENV.parse("1,0;3,4")
    assert ENV.verify(task, "1,0;-3/4,1/4").outcome is Outcome.CORRECT
    assert ENV.verify(task, "1,0;0,1/4").outcome is Outcome.INCORRECT


def test_pose() -> None:
    posed = ENV.pose("-4/2,1;3/2,-1/2")
    assert (posed.task.prompt, posed.answer) == ("1,2;3,4", "-2,1;3/2,-1/2")


@pytest.mark.parametrize("solution", ["", "1", "1,2", "1,2;2,4", "1/2,0;0,2", "1/5,0;0,1", "1,0;0,1;", "x"])
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_capacity_of_level_1() -> None:
    env, rng = MatrixInverse(max_entry=2), Random(0)
    matrices = {f"{a},{b};{c},{d}" for a, b, c, d in product(range(-2, 3), repeat=4) if a * d != b * c}
    assert env.capacity(1) == len(matrices)
    assert {env.sample(rng, 1).task.prompt for _ in range(20_000)} == matrices
