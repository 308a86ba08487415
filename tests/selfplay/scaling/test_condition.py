import numpy as np
import pytest

from selfplay.scaling.condition import matching

TABLE: dict[str, list[str | float | None]] = {
    "arm": ["real", "fresh", "real", None],
    "N": [1e6, 2e6, None, -4.0],
    "final loss": [1.0, 2.0, 3.0, 4.0],
    "seed": [1.0, 2.0, 3.0, 3.0],
}


def met(condition: str) -> list[int]:
    return np.flatnonzero(matching(condition, TABLE.__getitem__, 4)).tolist()


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("arm == 'real'", [0, 2]),
        ('arm != "real"', [1]),  # an empty cell meets no comparison
        ("N > 1e6", [1]),
        ("N <= -4", [3]),
        ("`final loss` >= 3", [2, 3]),
        ("arm == 'real' and N > 0", [0]),
        ("arm == 'fresh' or N < 0 and seed == 3", [1, 3]),  # `and` binds more tightly
        ("(arm == 'fresh' or N < 0) and seed == 2", [1]),
        ("not arm == 'real'", [1, 3]),
        ("seed in (1, 2)", [0, 1]),
        ("arm not in ('fresh')", [0, 2]),
        ("seed == '3'", [2, 3]),
    ],
)
def test_grammar(condition: str, rows: list[int]) -> None:
    assert met(condition) == rows


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", "expected a column, found its end"),
        ("N >", "expected a number, or text in quotes, found its end"),
        ("N = 3", "cannot read '= 3'"),
        ("N > seed", "expected a number, or text in quotes, found 'seed'"),
        ("N > 1 arm == 'x'", "expected 'and' or 'or', found 'arm'"),
        ("(N > 1", r"expected '\)', found its end"),
        ("N", "expected one of == "),
        ("arm > 3", "arm holds the text 'real', compared with 3"),
        ("N('os')", "expected one of =="),
        ("seed in 3", r"expected '\(' and values"),
        ("not " * 60 + "N > 1", "levels deep"),
    ],
)
def test_what_is_not_in_it(condition: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        met(condition)
