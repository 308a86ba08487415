from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.modular import Modular

ENV = Modular("+-*/o")


@pytest.mark.parametrize(
    "prompt",
    ["", "5+6", "5+6%", "5+6%13", "5+6%12", "11+1%11", "1+11%11", "-1+2%11", "1/0%11", "05+6%11", "5 +6%11", "5x6%11",
     "5+6%11\n", "5+\u0666%11", "5o%11", "1+" + "1" * 9_999 + "%11"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize("moduli", [(), (4,), (1,), (97, 11), (11, 11), (10_007,), (91,)])
def test_moduli_are_ascending_primes(moduli: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="moduli"):
        Modular(moduli=moduli)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("50+61%97", "14", Outcome.CORRECT),
        ("3-5%97", "95", Outcome.CORRECT),
        ("50*61%97", "43", Outcome.CORRECT),
        ("5/2%97", "51", Outcome.CORRECT),
        ("3o4%97", "37", Outcome.CORRECT),
        ("0/5%97", "0", Outcome.CORRECT),
        ("50+61%97", "111", Outcome.INCORRECT),
        ("3-5%97", "-2", Outcome.INCORRECT),
        ("5/2%97", "5/2", Outcome.MALFORMED),
        ("50+61%97", "014", Outcome.MALFORMED),
        ("50+61%97", "14%97", Outcome.MALFORMED),
        ("50+61%97", "1" * 9_999, Outcome.INCORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_levels_are_the_moduli() -> None:
    rng = Random(0)
    for level, modulus in enumerate(ENV.moduli, 1):
        prompts = [ENV.sample(rng, level).task.prompt for _ in range(100)]
        assert {prompt.split("%")[1] for prompt in prompts} == {str(modulus)}


@pytest.mark.parametrize("operations", ["+", "-", "/", "+-*/o"])
def test_capacity_is_the_table(operations: str) -> None:
    env, tasks = Modular(operations, moduli=(13,)), set()
    for a in range(13):
        for b in range(13):
            for operation in operations:
                if operation != "/" or b:
                    tasks.add(env.parse(f"{a}{operation}{b}%13").id)
    assert env.capacity(1) == len(tasks)
    rng = Random(0)
    assert {env.sample(rng, 1).task.id for _ in range(20_000)} == tasks


def test_division_is_undone_by_multiplication() -> None:
    rng = Random(0)
    env = Modular("/")
    for _ in range(200):
        solved = env.sample(rng, 3)
        left, right = map(int, solved.task.prompt.split("%")[0].split("/"))
        assert int(solved.answer) * right % 97 == left
