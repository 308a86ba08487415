from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.matrix_product import MatrixProduct

ENV = MatrixProduct()


@pytest.mark.parametrize(
    "prompt",
    ["", "1*2", "1,2;3,4", "1,2;3,4*", "1,2;3,4*1,2", "1,2;3,4*1,2,3;1,2,3;1,2,3", "1,2;3*1,2;3,4", "6,2;3,4*1,2;3,4",
     "1,2;3,4*1,2;3,4*1,2;3,4", "1,2;3,4 *1,2;3,4", "1,02;3,4*1,2;3,4", "1,-0;3,4*1,2;3,4", "1,2;3,4*1,2;3,\u0664"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("5,5;15,11", Outcome.CORRECT),
        ("8,14;6,8", Outcome.INCORRECT),  # the other order of the factors
        ("5,5;15,12", Outcome.INCORRECT),
        ("5,15;5,11", Outcome.INCORRECT),
        ("5,5,15,11", Outcome.MALFORMED),
        ("5,5;15", Outcome.MALFORMED),
        ("1,2;3,4*5,1;0,2", Outcome.MALFORMED),
        ("5,5;15,011", Outcome.MALFORMED),
        ("5,5;15,11;", Outcome.MALFORMED),
        ("5," * 5_000, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse("1,2;3,4*5,1;0,2"), answer).outcome is outcome


def test_references_are_products() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(100):
            solved = ENV.sample(rng, level)
            left, right, answer = (
                [list(map(int, row.split(","))) for row in text.split(";")]
                for text in (*solved.task.prompt.split("*"), solved.answer)
            )
            for i in range(level + 1):
                for j in range(level + 1):
                    assert answer[i][j] == sum(left[i][k] * right[k][j] for k in range(level + 1))


def test_capacity_is_reached() -> None:
    env = MatrixProduct(max_entry=1)
    rng = Random(0)
    assert env.capacity(1) == 3**8
    assert len({env.sample(rng, 1).task.id for _ in range(100_000)}) == 3**8
