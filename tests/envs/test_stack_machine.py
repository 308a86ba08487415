from random import Random

import pytest

from envs.code.stack_machine import StackMachine
from envs.core import MalformedTask, Outcome

ENV = StackMachine()


@pytest.mark.parametrize(
    "prompt",
    ["", "1", "12", "+", "1+", "12++", "1x", "1s", "1o", "d1", "12345d", "123456+", "12 +", "12/", "99*99**9*", "12+\n",
     "\u0661\u0662+", "1" + "ds" * 4, "1d" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "stack"),
    [("34d*+", "19"), ("52so-d", "2,3,3"), ("12-", "-1"), ("12x", "1"), ("12s", "2,1"), ("12o", "1,2,1"),
     ("12d", "1,2,2"), ("99*9*", "729"), ("05-5+", "0"), ("1d", "1,1")],
)  # fmt: skip
def test_programs(prompt: str, stack: str) -> None:
    assert ENV.verify(ENV.parse(prompt), stack).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("2,3,3", Outcome.CORRECT),
        ("3,3,2", Outcome.INCORRECT),
        ("2,3", Outcome.INCORRECT),
        ("2,3,3,3", Outcome.INCORRECT),
        ("2,3,03", Outcome.MALFORMED),
        ("2,3,+3", Outcome.MALFORMED),
        ("2 3 3", Outcome.MALFORMED),
        ("2,3,3,", Outcome.MALFORMED),
        ("2,3,-0", Outcome.MALFORMED),
        ("52so-d", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        ("2," * 9_999 + "2", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse("52so-d"), answer).outcome is outcome


def test_capacity_is_a_lower_bound_that_is_close_at_level_1() -> None:
    rng = Random(1)
    drawn = {ENV.sample(rng, 1).task.id for _ in range(60_000)}
    assert ENV.capacity(1) <= len(drawn) <= ENV.capacity(1) + 1_100, "less the programs with *: 100 and 1,000"


def test_capacity_leaves_out_sums_that_could_pass_the_bound() -> None:
    tight = StackMachine(max_operations=6, max_value=99)
    assert tight.capacity(3) == ENV.capacity(3)
    assert tight.capacity(4) < ENV.capacity(4)
