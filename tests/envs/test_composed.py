from math import gcd
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.composed import Composed

ENV = Composed("+-*/%g", max_number_bits=6)


@pytest.mark.parametrize(
    "prompt",
    ["", "7", "a", "7+", "a=7+5", "a=7+5;b+3", "a=7+5;a+a", "b=7+5;b+3", "a=7+5;9+3", "a=7+5;b=3*3;a+4", "7+0", "07+5",
     "-7+5", "7^5", "7+5+3", "a=7+5;9/a", "a=7+5;9%a", "a=7+5;a+\u0663", "a=7+5;a+3;", "a=7+5;a+3\n", "a = 7+5;a+3",
     "128+1", "9" * 10**6 + "+1", "a=7+5;" * 10**5 + "a+1"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("a=5*9;ag4", "1", Outcome.CORRECT),
        ("a=11-2;b=13+40;c=b%7;a*c", "36", Outcome.CORRECT),
        ("a=11-2;b=13+40;c=b%7;a*c", "9;53;4;36", Outcome.MALFORMED),
        ("a=2-9;a/4", "-2", Outcome.CORRECT),  # rounded down, not towards 0
        ("a=2-9;a%4", "1", Outcome.CORRECT),
        ("a=2-9;ag14", "7", Outcome.CORRECT),
        ("a=2-9;ag14", "-7", Outcome.INCORRECT),
        ("a=3-3;ag5", "5", Outcome.CORRECT),
        ("1+1", "02", Outcome.MALFORMED),
        ("1+1", "1+1", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_one_question_has_one_id() -> None:
    same = ["a=3*5;b=8+2;a-b", "a=8+2;b=3*5;b-a", "a=2+8;b=5*3;b-a"]
    assert len({ENV.parse(prompt).id for prompt in same}) == 1
    assert ENV.parse("a=3*5;b=8+2;b-a").id != ENV.parse(same[0]).id


def test_a_level_is_a_budget_of_bits() -> None:
    rng = Random(0)
    for level in ENV.levels:
        shapes = set()
        for _ in range(200):
            steps = ENV._read(ENV.sample(rng, level).task.prompt)
            numbers = [int(x) for step in steps for x in (step.left, step.right) if x.isdecimal()]
            assert sum(number.bit_length() - 1 for number in numbers) == level * ENV.bits_per_level
            shapes.add(len(steps))
        assert len(shapes) > 1, "the budget is spent in one way only"


def test_values_are_those_of_python() -> None:
    rng = Random(1)
    for _ in range(300):
        solved = ENV.sample(rng, rng.choice(ENV.levels))
        names: dict[str, int] = {}
        for i, text in enumerate(solved.task.prompt.split(";")):
            expression = text.split("=")[-1]
            for operation in ENV.operations:
                left, found, right = expression.partition(operation)
                if found:
                    break
            x, y = (names.get(side) if side.isalpha() else int(side) for side in (left, right))
            assert x is not None
            assert y is not None
            value = {"+": x + y, "-": x - y, "*": x * y, "g": gcd(x, y)}.get(operation)
            if value is None:
                value = x // y if operation == "/" else x % y
            names["abcdefhi"[i]] = value
        assert solved.answer == str(value)


def test_capacity_is_a_lower_bound() -> None:
    env = Composed("-", max_bits=4, max_steps=2, max_number_bits=2)
    rng = Random(0)
    assert len({env.sample(rng, 1).task.id for _ in range(5_000)}) >= env.capacity(1)


@pytest.mark.parametrize(
    "fields",
    [{"operations": "/%"}, {"operations": "++"}, {"max_steps": 0}, {"bits_per_level": 1}, {"max_bits": 99},
     {"max_number_bits": 0}],
)  # fmt: skip
def test_impossible_settings(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Composed(**fields)  # type: ignore[arg-type]
