from fractions import Fraction as Exact
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.fraction import Fraction

ENV = Fraction("+-*:")


@pytest.mark.parametrize(
    "prompt",
    ["", "1/2", "1/2+", "1/2+1", "1/1+1/2", "0/2+1/2", "1/0+1/2", "01/2+1/2", "-1/2+1/2", "1/2++1/2", "1/2 + 1/3",
     "1/2+1/3\n", "100/3+1/2", "1/2^1/3", "1/2+1/3+1/4", "\u0661/2+1/2", "1/2+1/" + "3" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


def test_operations_that_are_not_configured() -> None:
    with pytest.raises(MalformedTask, match="operation"):
        Fraction("+").parse("1/2*1/3")
    with pytest.raises(ValueError, match="operations"):
        Fraction("/")


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("1/2+1/3", "5/6", Outcome.CORRECT),
        ("1/2-1/3", "1/6", Outcome.CORRECT),
        ("1/3-1/2", "-1/6", Outcome.CORRECT),
        ("1/2:3/4", "2/3", Outcome.CORRECT),
        ("2/4+1/2", "1", Outcome.CORRECT),
        ("1/2-1/2", "0", Outcome.CORRECT),
        ("1/2+1/3", "10/12", Outcome.INCORRECT),
        ("2/4+1/2", "1/1", Outcome.INCORRECT),
        ("1/2-1/2", "0/2", Outcome.INCORRECT),
        ("1/2+1/3", "2/5", Outcome.INCORRECT),
        ("1/2+1/3", "1/2+1/3", Outcome.MALFORMED),
        ("1/2+1/3", "5/06", Outcome.MALFORMED),
        ("1/3-1/2", "1/-6", Outcome.MALFORMED),
        ("1/2+1/3", "5/6/1", Outcome.MALFORMED),
        ("1/2+1/3", "0.83", Outcome.MALFORMED),
        ("1/2+1/3", "5/0", Outcome.MALFORMED),
        ("1/2+1/3", "5/6" + "0" * 9_999, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_sums_and_products_commute_and_the_others_do_not() -> None:
    for sign in "+*":
        assert ENV.parse(f"1/2{sign}2/3").id == ENV.parse(f"2/3{sign}1/2").id
    for sign in "-:":
        assert ENV.parse(f"1/2{sign}2/3").id != ENV.parse(f"2/3{sign}1/2").id


def test_references_and_work_are_right() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(300):
            solved = ENV.sample(rng, level)
            sign = next(sign for sign in "+-*:" if sign in solved.task.prompt)
            left, right = map(Exact, solved.task.prompt.split(sign))
            value = {"+": left + right, "-": left - right, "*": left * right, ":": left / right}[sign]
            assert solved.answer == str(value)
            assert Exact(solved.work.split("=")[1]) == value


@pytest.mark.parametrize("operations", ["+", "-", "+-*:"])
def test_capacity_of_level_1(operations: str) -> None:
    env = Fraction(operations)
    fractions = [f"{p}/{q}" for p in range(1, 10) for q in range(2, 10)]
    tasks = {env.parse(left + sign + right).id for left in fractions for right in fractions for sign in operations}
    assert env.capacity(1) == len(tasks)
