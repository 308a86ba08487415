from itertools import permutations, product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.countdown import Countdown, _reached

ENV = Countdown()


@pytest.mark.parametrize(
    "prompt",
    ["", "3,8", "3=4", "3,8=", "=4", "3,8=0", "3,8=-5", "03,8=11", "3, 8=11", "3,8=011", "3,8=11\n", "3,8=3", "3,8=12",
     "21,3=24", "1,1,1,1,1=5", "20,20=400", "\u0663,8=11", "3,8=11=11", "1,1=7", "3," * 9_999 + "3=9"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("3,8,5=29", "3*8+5", Outcome.CORRECT),
        ("3,8,5=29", "5+(8*3)", Outcome.CORRECT),
        ("2,9,14=16", "14+2", Outcome.CORRECT),
        ("2,9,14=16", "9+14/2", Outcome.CORRECT),
        ("3,8,2=10", "2*(3-8)*(1-2)", Outcome.INCORRECT),
        ("3,8,2=10", "2*(8-3)", Outcome.CORRECT),
        ("3,8,5,2=10", "(3-8)*(2-5+1)", Outcome.INCORRECT),
        ("3,8,5,3=10", "(3-8)*(3-5)", Outcome.CORRECT),
        ("3,8,5=29", "29", Outcome.INCORRECT),
        ("3,8,5=16", "8+8", Outcome.INCORRECT),
        ("8,8,5=16", "8+8", Outcome.CORRECT),
        ("3,8,5=29", "3*8+6", Outcome.INCORRECT),
        ("3,2,2=6", "3/2*2*2", Outcome.INCORRECT),
        ("3,2,4=6", "3/2*4", Outcome.INCORRECT),
        ("3,2,4=6", "3*4/2", Outcome.CORRECT),
        ("3,8,5=29", "3*8+5=29", Outcome.MALFORMED),
        ("3,8,5=29", "3*8+5 ", Outcome.MALFORMED),
        ("3,8,5=29", "-(-3*8)+5", Outcome.MALFORMED),
        ("3,8,5=29", "", Outcome.MALFORMED),
        ("3,8,5=29", "(" * 5_000, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_the_order_of_numbers_is_the_same_question() -> None:
    assert ENV.parse("3,8,5=29").id == ENV.parse("8,5,3=29").id != ENV.parse("8,5,3=19").id


@pytest.mark.parametrize(
    ("solution", "prompt"), [("3*8+5", "3,8,5=29"), ("14+2,9", "14,2,9=16"), ("2*(8-3),1", "2,8,3,1=10")]
)
def test_pose(solution: str, prompt: str) -> None:
    posed = ENV.pose(solution)
    assert posed.task == ENV.parse(prompt)
    assert ENV.pose(ENV.solution(posed)) == posed


@pytest.mark.parametrize("solution", ["3", "3*8+", "3/8", "3-8", "3*8+5,", "3+8,03", "20*20", "3+8,11", "1+1,1,1,1"])
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_what_numbers_reach_against_all_expressions() -> None:
    """Orders, operations and both shapes of three numbers, with values kept positive as in `_reached`."""

    def apply(a: int | None, operation: str, b: int | None) -> int | None:
        if a is None or b is None:
            return None
        value = {"+": a + b, "-": a - b, "*": a * b, "/": a // b if a % b == 0 else 0}[operation]
        return value if 0 < value <= 99 else None

    rng = Random(2)
    for _ in range(60):
        numbers = sorted(rng.randint(1, 20) for _ in range(3))
        found: set[int | None] = set(numbers)
        for (a, b, c), (f, g) in product(permutations(numbers), product("+-*/", repeat=2)):
            found |= {apply(a, f, b), apply(apply(a, f, b), g, c), apply(a, f, apply(b, g, c))}
        mask = _reached(tuple(numbers), 99)
        assert {v for v in range(100) if mask >> v & 1} == found - {None}


@pytest.mark.parametrize("env", [Countdown(5, 100, 500), Countdown(5, 6, 30)])
def test_capacity_of_five_numbers_is_a_bound_near_that_of_four(env: Countdown) -> None:
    assert 0 < env.capacity(5) < env.capacity(4) < 1.5 * env.capacity(5)


def test_capacity_of_two_numbers_is_exact() -> None:
    rng = Random(3)
    env = Countdown(max_numbers=2, max_number=4, max_target=20)
    assert len({env.sample(rng, 2).task.id for _ in range(4_000)}) == env.capacity(2)
