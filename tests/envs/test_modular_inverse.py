from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.modular_inverse import ModularInverse

ENV = ModularInverse()


@pytest.mark.parametrize(
    "prompt",
    ["", "7", "7%", "%7", "2%4", "6%26", "7%7", "8%7", "0%7", "1%1", "-3%7", "03%7", "3 %7", "3%10001", "3%\u0667"],
)
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("15", Outcome.CORRECT),
        ("41", Outcome.INCORRECT),  # 15 + 26
        ("-11", Outcome.MALFORMED),
        ("11", Outcome.INCORRECT),
        ("0", Outcome.MALFORMED),
        ("015", Outcome.MALFORMED),
        ("1/7", Outcome.MALFORMED),
        ("15" + "0" * 9_999, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse("7%26"), answer).outcome is outcome


def test_work_ends_with_the_answer() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(200):
            solved = ENV.sample(rng, level)
            number, modulus = map(int, solved.task.prompt.split("%"))
            steps = [tuple(map(int, step.split(":"))) for step in solved.work.split(";")]
            assert all((multiple * number - remainder) % modulus == 0 for remainder, multiple in steps)
            assert steps[-1][0] == 1
            assert steps[-1][1] % modulus == int(solved.answer)


def test_capacity_of_level_2() -> None:
    def is_task(prompt: str) -> bool:
        try:
            return ENV.parse(prompt).level == 2
        except MalformedTask:
            return False

    assert ENV.capacity(2) == sum(is_task(f"{a}%{m}") for m in range(1, 100) for a in range(1, 100))


def test_every_task_of_a_level_can_come() -> None:
    rng = Random(0)
    assert len({ENV.sample(rng, 2).task.id for _ in range(60_000)}) == ENV.capacity(2)
