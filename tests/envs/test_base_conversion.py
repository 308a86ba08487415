from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.base_conversion import BaseConversion

ENV = BaseConversion()


@pytest.mark.parametrize(
    "prompt",
    ["", "13", "13:10", "13:10>10", "13:10>3", "13:3>10", "12:2>10", "1a:10>2", "013:10>2", "-13:10>2", "AB:16>2",
     "g:16>2",
     "13:010>2", "13 :10>2", "13:10>2\n", "1111111:2>10", "\u0661:10>2", "1" * 9_999 + ":2>10"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize("bases", [(2,), (2, 2), (1, 10), (10, 17)])
def test_refused_bases(bases: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="bases"):
        BaseConversion(bases)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("13:10>2", "1101", Outcome.CORRECT),
        ("1101:2>16", "d", Outcome.CORRECT),
        ("ff:16>10", "255", Outcome.CORRECT),
        ("0:2>10", "0", Outcome.CORRECT),
        ("13:10>2", "1011", Outcome.INCORRECT),
        ("13:10>2", "01101", Outcome.MALFORMED),
        ("13:10>2", "1102", Outcome.MALFORMED),
        ("13:10>2", "0b1101", Outcome.MALFORMED),
        ("1101:2>16", "D", Outcome.MALFORMED),
        ("1101:2>16", "13", Outcome.INCORRECT),
        ("ff:16>10", "ff", Outcome.MALFORMED),
        ("13:10>2", "", Outcome.MALFORMED),
        ("13:10>2", "1" * 9_999, Outcome.INCORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_references_are_the_same_number() -> None:
    rng = Random(0)
    env = BaseConversion((2, 3, 11, 16))
    for level in env.levels:
        for _ in range(200):
            solved = env.sample(rng, level)
            number, bases = solved.task.prompt.split(":")
            source, target = map(int, bases.split(">"))
            assert int(number, source) == int(solved.answer, target)


def test_capacity_of_level_2_is_reached() -> None:
    rng = Random(0)
    assert len({ENV.sample(rng, 2).task.id for _ in range(20_000)}) == ENV.capacity(2) == 2 * (2 + 90 + 240)
