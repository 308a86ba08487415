from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.polynomial_value import PolynomialValue

ENV = PolynomialValue()


@pytest.mark.parametrize(
    "prompt",
    ["", "x", "x@", "@3", "7@3", "0x+1@3", "x+0@3", "1x@3", "x^1@3", "x+x^2@3", "x^5@1", "10x@1", "x@10", "x@03",
     "x@-0",
     "x@3@3", "x @3", "x@3\n", "2*x@3", "x@x", "x^2@\u0663", "x@" + "1" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("2x^2-x+1@-3", "22", Outcome.CORRECT),
        ("-x^2@3", "-9", Outcome.CORRECT),
        ("-x^2@-3", "-9", Outcome.CORRECT),
        ("x^3@0", "0", Outcome.CORRECT),
        ("2x^2-x+1@-3", "16", Outcome.INCORRECT),
        ("-x^2@3", "9", Outcome.INCORRECT),
        ("x^3@0", "-0", Outcome.MALFORMED),
        ("2x^2-x+1@-3", "2*9+3+1", Outcome.MALFORMED),
        ("2x^2-x+1@-3", "22.0", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_work_follows_horner_to_the_answer() -> None:
    rng = Random(0)
    for level in ENV.levels:
        solved = ENV.sample(rng, level)
        assert len(solved.work.split(";")) == level + 1
        assert solved.work.split(";")[-1] == solved.answer


def test_capacity_is_reached() -> None:
    env = PolynomialValue(max_degree=2, max_coefficient=1, max_argument=1)
    rng = Random(0)
    for level in env.levels:
        assert len({env.sample(rng, level).task.id for _ in range(3_000)}) == env.capacity(level) == 2 * 3**level * 3
