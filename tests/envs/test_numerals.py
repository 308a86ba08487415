from random import Random

import pytest

from envs.core import Outcome
from envs.numerals import check_integer, draw_magnitude, draw_positive, lowest, next_coprime, read_fraction, slip


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("-7", Outcome.CORRECT), ("7", Outcome.INCORRECT), ("0", Outcome.INCORRECT), ("-07", Outcome.MALFORMED),
     ("-7.0", Outcome.MALFORMED), ("-7\n", Outcome.MALFORMED), ("", Outcome.MALFORMED), ("-0", Outcome.MALFORMED),
     ("-\uff17", Outcome.MALFORMED), ("9" * 100_000, Outcome.INCORRECT)],
)  # fmt: skip
def test_integers(answer: str, outcome: Outcome) -> None:
    assert check_integer(answer, -7).outcome is outcome


@pytest.mark.parametrize(("text", "value"), [("-14/4", (-7, 2)), ("3", (3, 1)), ("0/9", (0, 1)), ("6/3", (2, 1))])
def test_fractions(text: str, value: tuple[int, int]) -> None:
    assert read_fraction(text) == value


@pytest.mark.parametrize("text", ["", "1/0", "1/-2", "/2", "1/", "01/2", "1/02", "-0/2", "1/2/3", "0.5", "1" * 300])
def test_what_is_no_fraction(text: str) -> None:
    assert read_fraction(text) is None


def test_lowest_terms_have_a_positive_denominator() -> None:
    assert (lowest(6, -4), lowest(0, -5), lowest(-3, -9)) == ((-3, 2), (0, 1), (1, 3))


def test_draws_have_the_digits_asked_for() -> None:
    rng = Random(0)
    for n_digits in (1, 2, 5):
        assert {len(str(draw_magnitude(rng, n_digits))) for _ in range(300)} == {n_digits}
        assert {len(str(draw_positive(rng, n_digits))) for _ in range(300)} == {n_digits}
    assert {draw_magnitude(rng, 1) for _ in range(300)} == set(range(10))
    assert {draw_positive(rng, 1) for _ in range(300)} == set(range(1, 10))


def test_next_coprime_wraps() -> None:
    assert next_coprime(8, 6, 9) == 1
    assert next_coprime(4, 9, 9) == 4
    assert next_coprime(5, 0, 9) == 1


def test_slips_are_wrong_and_stay_in_range() -> None:
    rng = Random(0)
    for value in (0, 1, 10, 99, -5):
        for _ in range(50):
            assert slip(value, rng) != value
            if value >= 0:
                assert value != slip(value, rng, signed=False) >= 0
