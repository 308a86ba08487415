from itertools import combinations
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.subset_sum import SubsetSum

ENV = SubsetSum()


@pytest.mark.parametrize(
    "prompt",
    ["", "12,57,3", "12=12", "12,57,3=12", "12,57,3=16", "12,57,3=73", "12,57,3=0", "012,57,3=15", "12,57,3=015",
     "12, 57,3=15", "12,57,100=112", "1,2,3,4,5,6,7,8,9=17", "12,57,3=15\n", "\u0661,5,3=8", "1," * 9_999 + "1=2"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("12,57,3=15", "12+3", Outcome.CORRECT),
        ("12,57,3=15", "3+12", Outcome.CORRECT),
        ("40,7,31,18,25=56", "7+31+18", Outcome.CORRECT),
        ("40,7,31,18,25=56", "31+25", Outcome.CORRECT),
        ("5,5,7=10", "5+5", Outcome.CORRECT),
        ("5,6,4,7=10", "5+5", Outcome.INCORRECT),
        ("12,57,3=15", "15", Outcome.INCORRECT),
        ("12,57,3=15", "12", Outcome.INCORRECT),
        ("12,57,3=15", "12+57", Outcome.INCORRECT),
        ("12,57,3=15", "12+3+0", Outcome.MALFORMED),
        ("12,57,3=15", "12,3", Outcome.MALFORMED),
        ("12,57,3=15", "12+03", Outcome.MALFORMED),
        ("12,57,3=15", "3--12", Outcome.MALFORMED),
        ("12,57,3=15", "", Outcome.MALFORMED),
        ("12,57,3=15", "3+" * 5_000 + "3", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_pose() -> None:
    posed = ENV.pose("12+3,57")
    assert posed.task.id == ENV.parse("57,3,12=15").id
    for solution in ("12", "12+", "12+3,", "12+3,15", "12+3,057", "12+100", "1+2,3", "1+1,1,1,1,1,1,1,1"):
        with pytest.raises(MalformedTask):
            ENV.pose(solution)


def test_well_posed_just_if_a_choice_adds_up() -> None:
    rng, refused = Random(1), 0
    for _ in range(400):
        numbers, target = [rng.randint(1, 40) for _ in range(4)], rng.randint(1, 120)
        possible = any(sum(chosen) == target for n in (2, 3, 4) for chosen in combinations(numbers, n))
        try:
            ENV.parse(f"{','.join(map(str, numbers))}={target}")
            assert possible
        except MalformedTask:
            refused += 1
            assert not possible or target in numbers
    assert 20 < refused < 400


def test_capacity_is_a_lower_bound() -> None:
    env = SubsetSum(max_numbers=3, max_number=9)
    rng = Random(2)
    assert len({env.sample(rng, 3).task.id for _ in range(5_000)}) >= env.capacity(3) == 168
