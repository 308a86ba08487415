import pytest

from envs.univariate import read_polynomial, value_at, write_polynomial


@pytest.mark.parametrize(
    ("text", "coefficients"),
    [("x", [1, 0]), ("-x", [-1, 0]), ("7", [7]), ("2x^2-x+5", [2, -1, 5]), ("-x^3-12", [-1, 0, 0, -12])],
)
def test_reading_and_writing(text: str, coefficients: list[int]) -> None:
    assert read_polynomial(text, 3) == coefficients
    assert write_polynomial(coefficients) == text


@pytest.mark.parametrize(
    "text",
    ["", "+x", "0", "0x", "1x", "x+0", "x^1", "x^0", "5+x", "x+x", "x^2+x^2", "x-x", "x^4", "x^02", "02x", "2*x",
     "x 2", "x^", "^2", "x2", "x--1", "y", "x\n", "\u0663x"],
)  # fmt: skip
def test_what_is_no_polynomial(text: str) -> None:
    assert read_polynomial(text, 3) is None


def test_steps_of_horner() -> None:
    assert value_at([2, -1, 5], 3) == [2, 5, 20]
