from itertools import combinations
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.sudoku import Sudoku, _grids

ENV = Sudoku()


@pytest.mark.parametrize(
    "prompt",
    ["", "." * 15, "." * 17, "1234341221434321", "11.." + "." * 12, "1...1..." + "." * 8, "1....1.." + "." * 8,
     "123...." + "4" + "." * 8, "5" + "." * 15, "0" + "." * 15, " " + "." * 15, "\u0661" + "." * 15, "." * 16 + "\n"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("1234341.214.43.1", "1234341221434321", Outcome.CORRECT),
        ("................", "1234341221434321", Outcome.CORRECT),
        ("................", "4321214334121234", Outcome.CORRECT),
        ("1234341.214.43.1", "1234341221434312", Outcome.INCORRECT),
        ("1234341.214.43.1", "4321214334121234", Outcome.INCORRECT),
        ("1...............", "1234123412341234", Outcome.INCORRECT),
        ("1...............", "1234234134124123", Outcome.INCORRECT),  # rows and columns, but not quarters
        ("1234341.214.43.1", "1234341.214.43.1", Outcome.MALFORMED),
        ("1234341.214.43.1", "232", Outcome.MALFORMED),
        ("1234341.214.43.1", "1234 3412 2143 4321", Outcome.MALFORMED),
        ("1234341.214.43.1", "1" * 9_999, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_pose() -> None:
    posed = ENV.pose("1234341b214c43b1")
    assert posed.task == ENV.parse("1234341.214.43.1")
    for solution in ("1234341221434321", "1234341a214c43b1", "1234", "e" * 16):
        with pytest.raises(MalformedTask):
            ENV.pose(solution)


def test_there_are_288_grids() -> None:
    assert len(set(_grids())) == 288
    for grid in _grids():
        for unit in [*(grid[i * 4 : i * 4 + 4] for i in range(4)), *(grid[i::4] for i in range(4))]:
            assert sorted(unit) == list("1234")


@pytest.mark.parametrize("n_empty", [1, 2, 3])
def test_capacity_counts_the_puzzles(n_empty: int) -> None:
    puzzles = set()
    for empty in combinations(range(16), n_empty):
        puzzles |= {"".join("." if i in empty else square for i, square in enumerate(grid)) for grid in _grids()}
    assert len(puzzles) == ENV.capacity(n_empty)


def test_prompts_have_grids_just_if_parse_says_so() -> None:
    rng, refused = Random(1), 0
    for _ in range(500):
        prompt = "".join(rng.choice("1234........") for _ in range(16))
        fits = any(all(clue in (".", square) for clue, square in zip(prompt, grid, strict=True)) for grid in _grids())
        try:
            ENV.parse(prompt)
            assert fits
        except MalformedTask:
            refused += 1
            assert not fits
    assert 50 < refused < 500
