import time

import pytest

from envs.core import MalformedTask, Outcome, Task
from envs.math.arithmetic import Arithmetic

ENV = Arithmetic("+-*", max_digits=3)


@pytest.mark.parametrize(
    "prompt",
    ["", "1", "1+", "+1", "1+2+3", "01+2", "1+02", "00+1", "-1+2", "1--2", "1 + 2", "1+2 ", "1+2\n", "1/2", "1+1234",
     "1.0+2", "1e2+1", "\u0661+2", "1+\uff12", "1+2\0", "9" * 5_000 + "+1"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


def test_an_operation_that_is_not_configured() -> None:
    with pytest.raises(MalformedTask, match="operation"):
        Arithmetic("+").parse("3-2")


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("123+45", "168", Outcome.CORRECT),
        ("7-304", "-297", Outcome.CORRECT),
        ("5-5", "0", Outcome.CORRECT),
        ("999*999", "998001", Outcome.CORRECT),
        ("123+45", "169", Outcome.INCORRECT),
        ("5-5", "-0", Outcome.MALFORMED),
        ("123+45", "+168", Outcome.MALFORMED),
        ("123+45", "0168", Outcome.MALFORMED),
        ("123+45", "168.0", Outcome.MALFORMED),
        ("123+45", "168 ", Outcome.MALFORMED),
        ("123+45", "168\n", Outcome.MALFORMED),
        ("123+45", "1_68", Outcome.MALFORMED),
        ("123+45", "16\uff18", Outcome.MALFORMED),
        ("123+45", "123+45", Outcome.MALFORMED),
        ("123+45", "", Outcome.MALFORMED),
        ("123+45", "1" * 100_000, Outcome.INCORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_order_matters_only_for_subtraction() -> None:
    assert ENV.parse("12+3").id == ENV.parse("3+12").id
    assert ENV.parse("12*3").id == ENV.parse("3*12").id
    assert ENV.parse("12-3").id != ENV.parse("3-12").id
    assert ENV.parse("12+3").id != ENV.parse("12*3").id


def test_prompt_is_the_only_truth() -> None:
    task = Task(ENV.name, "2+2", 1, canonical="2+3")
    assert ENV.verify(task, "4").outcome is Outcome.CORRECT


@pytest.mark.parametrize("fields", [{"operations": ""}, {"operations": "++"}, {"operations": "/"}, {"max_digits": 0}])
def test_bad_configuration(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="use"):
        Arithmetic(**fields)  # type: ignore[arg-type]


def test_verify_is_cheap() -> None:
    task = ENV.parse("123+456")
    start = time.perf_counter()
    for _ in range(10_000):
        ENV.verify(task, "579")
    assert time.perf_counter() - start < 1.0  # 100 us each; about 1 us on an idle core


@pytest.mark.parametrize("operations", ["+", "-", "+-*"])
def test_capacity(operations: str) -> None:
    env = Arithmetic(operations)
    for level, numbers in ((1, range(10)), (2, range(100))):
        tasks = [env.parse(f"{a}{sign}{b}") for a in numbers for b in numbers for sign in operations]
        assert env.capacity(level) == len({task.id for task in tasks if task.level == level})


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("123+45", "861", Outcome.CORRECT),
        ("5-305", "003-", Outcome.CORRECT),
        ("5-5", "0", Outcome.CORRECT),
        ("123+45", "168", Outcome.INCORRECT),
        ("5-305", "-003", Outcome.MALFORMED),
        ("5-305", "3-", Outcome.INCORRECT),
        ("123+45", "8610", Outcome.MALFORMED),
    ],
)
def test_reversed_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    env = Arithmetic("+-*", max_digits=3, reverse=True)
    task = env.parse(prompt)
    assert env.verify(task, answer).outcome is outcome
    assert (env.name, task.env) == ("math/arithmetic_reversed", "math/arithmetic_reversed")
    assert task.id != ENV.parse(prompt).id
