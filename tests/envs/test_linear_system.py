from itertools import product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.linear_system import LinearSystem

ENV = LinearSystem()


@pytest.mark.parametrize(
    "prompt",
    ["", "1=1", "1,2=5", "1,2=5;2,4=10", "1,2=5;2,4=9", "0,0=0;1,1=2", "1,2=5;3=1", "1,2,3=5;3,-1,1=1", "1,1=1;1,-1=0",
     "6,1=7;0,1=1", "1,0=10;0,1=1", "1,2=5;3,-1=1;", "1,2=5; 3,-1=1", "01,2=5;3,-1=1", "1,2=5;3,-1=1\n",
     "x+2y=5;3x-y=1",
     "1,0,0,0=1;0,1,0,0=1;0,0,1,0=1;0,0,0,1=1", "1,2=5;3,-1=" + "1" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("1,2=5;3,-1=1", "1,2", Outcome.CORRECT),
        ("1,2=5;3,-1=1", "2,1", Outcome.INCORRECT),
        ("1,2=5;3,-1=1", "3,1", Outcome.INCORRECT),  # solves the first alone
        ("1,2=5;3,-1=1", "1", Outcome.MALFORMED),
        ("1,2=5;3,-1=1", "1,2,0", Outcome.MALFORMED),
        ("1,2=5;3,-1=1", "1;2", Outcome.MALFORMED),
        ("1,2=5;3,-1=1", "x=1,y=2", Outcome.MALFORMED),
        ("1,2=5;3,-1=1", "1, 2", Outcome.MALFORMED),
        ("1,2=5;3,-1=1", "2/2,2", Outcome.MALFORMED),
        ("1,2=5;3,-1=1", "1" * 9_999, Outcome.MALFORMED),
        ("0,0,1=3;0,1,0=-2;1,0,0=1", "1,-2,3", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_order_and_scale_of_equations_are_no_other_question() -> None:
    ids = {ENV.parse(prompt).id for prompt in ("1,2=5;3,-1=1", "3,-1=1;1,2=5", "-2,-4=-10;3,-1=1")}
    assert len(ids) == 1
    assert ENV.parse("2,1=4;3,-1=1").id not in ids


@pytest.mark.parametrize(
    "solution",
    ["", "1,2;3,-1", "1,2;3,-1@1", "1,2;2,4@1,2", "1,2;3,-1@10,2", "9,2;3,-1@1,2", "1,2@1,2", "1,2;3,-1@1,2@"],
)
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_pose() -> None:
    posed = ENV.pose("1,2;3,-1@1,2")
    assert (posed.task, posed.answer) == (ENV.parse("1,2=5;3,-1=1"), "1,2")


def test_capacity_of_level_1() -> None:
    env = LinearSystem(max_coefficient=2, max_value=1)
    tasks = set()
    for *entries, x, y in product(*[range(-2, 3)] * 4, *[range(-1, 2)] * 2):
        a, b, c, d = entries
        if a * d != b * c:
            tasks.add(env.parse(f"{a},{b}={a * x + b * y};{c},{d}={c * x + d * y}").id)
    assert env.capacity(1) == len(tasks)


def test_capacity_of_level_2_is_a_bound_that_sampling_reaches() -> None:
    env = LinearSystem(max_coefficient=1, max_value=1)
    rng = Random(0)
    found = {env.sample(rng, 2).task.id for _ in range(20_000)}
    assert 1_000 < env.capacity(2) <= 27 * 13 * 12 * 11 // 6  # of 13 directions, no more than all triples
    assert len(found) > 0.5 * env.capacity(2)
