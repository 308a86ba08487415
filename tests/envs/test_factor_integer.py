from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.factor_integer import FactorInteger, _is_prime

ENV = FactorInteger()


@pytest.mark.parametrize(
    "prompt", ["", "0", "1", "2", "3", "17", "-15", "015", "15 ", "1e3", "100000", "3*5", "\uff11\uff15"]
)
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("391", "17*23", Outcome.CORRECT),
        ("391", "23*17", Outcome.CORRECT),
        ("84", "2*7*3*2", Outcome.CORRECT),
        ("391", "391", Outcome.INCORRECT),
        ("391", "1*391", Outcome.INCORRECT),
        ("391", "1*17*23", Outcome.INCORRECT),
        ("84", "4*21", Outcome.INCORRECT),
        ("84", "2*3*7", Outcome.INCORRECT),
        ("391", "17*23*1", Outcome.INCORRECT),
        ("391", "-17*-23", Outcome.MALFORMED),
        ("391", "017*23", Outcome.MALFORMED),
        ("391", "17**23", Outcome.MALFORMED),
        ("391", "17*", Outcome.MALFORMED),
        ("391", "17 * 23", Outcome.MALFORMED),
        ("84", "2**2*3*7", Outcome.MALFORMED),
        ("391", "", Outcome.MALFORMED),
        ("391", "2*" * 400 + "2", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


@pytest.mark.parametrize("solution", ["17", "4*5", "1*17", "17*", "999983*2", "", "2*" * 500 + "2"])
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_pose_sorts() -> None:
    assert ENV.pose("23*17").answer == "17*23"


def test_primes_against_a_sieve() -> None:
    limit = 20_000
    sieve = [True] * limit
    sieve[:2] = [False, False]
    for n in range(2, limit):
        if sieve[n]:
            sieve[2 * n :: n] = [False] * len(sieve[2 * n :: n])
    assert [_is_prime(n) for n in range(limit)] == sieve


@pytest.mark.parametrize("n", [3_215_031_751, 3_825_123_056_546_413_051, 341_550_071_728_321])
def test_strong_pseudoprimes(n: int) -> None:
    assert not _is_prime(n)


def test_samples_are_composite_with_the_digits_of_their_level() -> None:
    rng = Random(0)
    for level in ENV.levels:
        for _ in range(300):
            assert len(ENV.parse(ENV.sample(rng, level).task.prompt).prompt) == level


def test_capacity_is_the_composite_numbers() -> None:
    for level in ENV.levels:
        numbers = range(10 ** (level - 1), 10**level)
        assert ENV.capacity(level) == sum(not _is_prime(n) for n in numbers)
