from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.greatest_divisor import GreatestDivisor

ENV = GreatestDivisor()


@pytest.mark.parametrize(
    "prompt", ["", "7", "7,", "0,7", "7,0", "-4,2", "04,2", "4 ,2", "4,2,6", "10000,2", "4,\uff12"]
)
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("84,36", "12", Outcome.CORRECT),
        ("7,25", "1", Outcome.CORRECT),
        ("9,9", "9", Outcome.CORRECT),
        ("84,36", "6", Outcome.INCORRECT),
        ("84,36", "-12", Outcome.INCORRECT),
        ("84,36", "252", Outcome.INCORRECT),
        ("84,36", "84,36", Outcome.MALFORMED),
        ("84,36", "012", Outcome.MALFORMED),
        ("84,36", "2*6", Outcome.MALFORMED),
        ("84,36", "12.0", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_pose() -> None:
    posed = ENV.pose("12*7,12*3")
    assert (posed.task.prompt, posed.answer) == ("84,36", "12")
    assert posed.work == "84,36;36,12;12,0"
    for refused in ("12*7,6*3", "6*14,6*6", "12*7", "0*7,0*3", "1000*10,1000*1", "12*7,12*3,1", "1*" + "9" * 9_999):
        with pytest.raises(MalformedTask):
            ENV.pose(refused)


def test_references_are_the_largest_common_divisors() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(100):
            solved = ENV.sample(rng, level)
            a, b = map(int, solved.task.prompt.split(","))
            assert int(solved.answer) == max(d for d in range(1, min(a, b) + 1) if a % d == b % d == 0)


def test_many_tasks_have_a_divisor_above_1() -> None:
    rng = Random(0)
    assert sum(ENV.sample(rng, 3).answer != "1" for _ in range(1_000)) > 500


def test_capacity() -> None:
    tasks = {ENV.parse(f"{a},{b}").canonical: None for a in range(1, 100) for b in range(1, 100)}
    by_level = [sum(len(text.split(",")[1]) == level for text in tasks) for level in (1, 2)]
    assert [ENV.capacity(1), ENV.capacity(2)] == by_level
