from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.horizon import Horizon

ENV = Horizon("+-*/g")


@pytest.mark.parametrize(
    "prompt",
    ["", "7", "7%100", "7;+5", "7;+5%10", "100;+5%100", "07;+5%100", "-7;+5%100", "7;+0%100", "7;*1%100", "7;*4%100",
     "7;g1%100", "7;/0%100", "7;+21%100", "7;+05%100", "7;^2%100", "7+5%100", "7;+5;%100", "7; +5%100",
     "7;+5%100\n",
     "7;+\u0665%100",
     "7" + ";+5" * 9 + "%100", "7" + ";+5" * 9_999 + "%100"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("7;+5;*3%100", "36", Outcome.CORRECT),
        ("40;*7;g12;-9;/2%100", "47", Outcome.CORRECT),
        ("0;g6%100", "6", Outcome.CORRECT),
        ("3;-5%100", "98", Outcome.CORRECT),
        ("3;-5%100", "-2", Outcome.INCORRECT),
        ("40;*7%100", "280", Outcome.INCORRECT),
        ("7;+5;*3%100", "22", Outcome.INCORRECT),  # * before +
        ("7;+5;*3%100", "12;36", Outcome.MALFORMED),
        ("7;+5;*3%100", "036", Outcome.MALFORMED),
        ("7;+5;*3%100", "1" * 9_999, Outcome.INCORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_every_step_feeds_the_next() -> None:
    rng = Random(0)
    for level in ENV.levels:
        solved = ENV.sample(rng, level)
        values = solved.work.split(";")
        assert len(values) == level
        assert values[-1] == solved.answer
        start, *steps = solved.task.prompt.split("%")[0].split(";")
        for before, step, after in zip([start, *values], steps, values, strict=False):
            assert ENV.verify(ENV.parse(f"{before};{step}%100"), after).outcome is Outcome.CORRECT


def test_capacity_is_reached() -> None:
    env = Horizon("+*", max_steps=2, max_operand=4, modulus=10)
    rng = Random(0)
    assert env.capacity(1) == 10 * (4 + 1)  # *3 alone is prime to 10
    for level in env.levels:
        assert len({env.sample(rng, level).task.id for _ in range(10_000)}) == env.capacity(level)


def test_steps_of_the_default_lose_nothing() -> None:
    env = Horizon("+-*", max_operand=9, modulus=10)
    for step in ("+7", "-3", "*9"):
        prompts = [f"{start};{step}%10" for start in range(10)]
        results = [value for p in prompts for value in "0123456789"
                   if env.verify(env.parse(p), value).outcome is Outcome.CORRECT]  # fmt: skip
        assert sorted(results) == list("0123456789")


def test_a_modulus_without_factors_is_refused() -> None:
    with pytest.raises(ValueError, match="no factor up to it is prime to modulus=30"):
        Horizon("*", max_operand=6, modulus=30)
