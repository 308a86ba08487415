from itertools import product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.chain import Chain

ENV = Chain()


@pytest.mark.parametrize(
    "prompt",
    ["", "7", "7+", "+7+1", "-7+1", "7+0", "07+1", "7--1", "7*1", "7 +1", "12+1", "7+1\n", "1+\u0662", "1" + "+1" * 9,
     "1" + "+1" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


def test_operations_that_are_not_configured() -> None:
    with pytest.raises(MalformedTask, match="operation"):
        Chain("+").parse("7-5")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("5", Outcome.CORRECT), ("7", Outcome.INCORRECT), ("-5", Outcome.INCORRECT), ("+5", Outcome.MALFORMED),
     ("05", Outcome.MALFORMED), ("2-8+6+6-1", Outcome.MALFORMED), ("5;5", Outcome.MALFORMED)],
)  # fmt: skip
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse("2-8+6+6-1"), answer).outcome is outcome


def test_orders_of_the_same_terms_are_one_question() -> None:
    assert ENV.parse("7+5-3").id == ENV.parse("5-3+7").id
    assert ENV.parse("7+5-3").id != ENV.parse("7-5+3").id


def test_work_is_the_running_sum() -> None:
    solved = ENV.sample(Random(3), 4)
    values = list(map(int, solved.work.split(";")))
    assert len(values) == 4
    assert str(values[-1]) == solved.answer


@pytest.mark.parametrize("operations", ["+", "-", "+-"])
def test_capacity(operations: str) -> None:
    env = Chain(operations, max_operations=3)
    for level in (1, 2):
        tasks = {
            env.parse("".join([str(first), *(f"{sign}{digit}" for sign, digit in steps)])).id
            for first in range(1, 10)
            for steps in product(product(operations, range(1, 10)), repeat=level)
        }
        assert env.capacity(level) == len(tasks)
