"""Sudoku on 4x4 squares: fill rows, columns and quarters with 1 to 4 each.

Two tasks, at levels 3 and 10 (row after row, `.` for an empty square):

    1234341.214.43.1    answer 1234341221434321
    1...3.1..1....21    answer 1234341221434321, or any other grid that fits

Cost: there are 288 grids, and a solver fills n squares under 12 constraints; checking is a look-up. Any grid that
agrees with the clues counts, so puzzles with several solutions are well-posed too; those with none are refused. To
propose a puzzle that has one it is easier to begin with the grid: in `solution` texts the squares to be emptied are
written a to d for 1 to 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict

_PROMPT = re.compile(r"[1-4.]{16}")
_ANSWER = re.compile(r"[1-4]{16}")
_SOLUTION = re.compile(r"[1-4a-d]{16}")
_FILLED, _EMPTIED = str.maketrans("abcd", "1234"), str.maketrans("abcd", "....")
_HIDDEN = str.maketrans("1234", "abcd")

_N_PUZZLES = (
    288, 4_608, 34_560, 161_280, 523_392, 1_248_768, 2_255_616, 3_125_760, 3_326_304, 2_685_696, 1_594_752, 652_032,
    164_320,
)  # fmt: skip
"""Puzzles with 0, 1, 2, ... empty squares and at least one grid that fits; counted from the 288 grids."""

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_NOT_CLUES = Verdict(Outcome.INCORRECT, "does not agree with the clues", tier="exact")
_NO_SUDOKU = Verdict(Outcome.INCORRECT, "a row, column or quarter repeats a digit", tier="exact")
_NO_GRID = Verdict(Outcome.MALFORMED, "not 16 digits from 1 to 4")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class Sudoku(Env, SolutionFirst):
    """Fill a 4x4 grid.

    A task's level is its number of empty squares.

    Attributes:
        max_empty: Most empty squares of a sampled puzzle.
    """

    max_empty: int = 10

    name: ClassVar[str] = "math/sudoku"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "1234.abcd"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among 4^n fillings of n squares; checking: 16 comparisons, a look-up"

    def __post_init__(self) -> None:
        if not 1 <= self.max_empty < len(_N_PUZZLES):
            raise ValueError(f"max_empty={self.max_empty}: use 1 to {len(_N_PUZZLES) - 1}")

    @property
    def levels(self) -> range:
        """Number of empty squares."""
        return range(1, self.max_empty + 1)

    def capacity(self, level: int) -> int:
        """Exact: all puzzles with so many empty squares that have a grid, as counted once."""
        self.check_level(level)
        return _N_PUZZLES[level]

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a grid and the squares to empty."""
        self.check_level(level)
        grid = rng.choice(_grids())
        squares = list(grid)
        for place in rng.sample(range(16), level):
            squares[place] = "."
        return Solved(self._task("".join(squares)), grid)

    def parse(self, prompt: str) -> Task:
        """Read 16 squares, at least one of them empty; refused where no grid fits."""
        self._read(prompt)
        return self._task(prompt)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the clues, and look the grid up among the 288."""
        try:
            self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if len(answer) != 16 or not _ANSWER.fullmatch(answer):
            return _NO_GRID
        if any(clue not in (square, ".") for clue, square in zip(task.prompt, answer, strict=True)):
            return _NOT_CLUES
        return _RIGHT if answer in _known() else _NO_SUDOKU

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """Any grid that fits the clues."""
        fitting = self._read(solved.task.prompt)
        return rng.choice([grid for place, grid in enumerate(_grids()) if fitting >> place & 1])

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The grid with another digit in one of the empty squares."""
        place = rng.choice([place for place, clue in enumerate(solved.task.prompt) if clue == "."])
        digit = rng.choice([digit for digit in "1234" if digit != solved.answer[place]])
        return f"{solved.answer[:place]}{digit}{solved.answer[place + 1 :]}"

    def solution(self, solved: Solved) -> str:
        """The grid, with a to d for the digits 1 to 4 in the empty squares."""
        squares = zip(solved.task.prompt, solved.answer, strict=True)
        return "".join(square.translate(_HIDDEN) if clue == "." else square for clue, square in squares)

    def pose(self, solution: str) -> Solved:
        """Empty the squares written a to d; refused unless the whole is a grid."""
        if len(solution) != 16 or not _SOLUTION.fullmatch(solution):
            raise MalformedTask("not 16 squares of 1 to 4, or a to d")
        grid = solution.translate(_FILLED)
        if grid not in _known():
            raise MalformedTask("a row, column or quarter repeats a digit")
        return Solved(self.parse(solution.translate(_EMPTIED)), grid)

    def _read(self, prompt: str) -> int:
        """The grids that fit, a bit each."""
        if len(prompt) != 16 or not _PROMPT.fullmatch(prompt):
            raise MalformedTask("not 16 squares of 1 to 4 or .")
        if "." not in prompt:
            raise MalformedTask("no square is empty")
        fitting, having = (1 << len(_grids())) - 1, _having()
        for square in enumerate(prompt):
            if square[1] != ".":
                fitting &= having[square]
        if not fitting:
            raise MalformedTask("no grid fits the clues")
        return fitting

    def _task(self, prompt: str) -> Task:
        return Task(self.name, prompt, level=prompt.count("."), canonical=prompt)


@lru_cache(maxsize=1)
def _grids() -> tuple[str, ...]:
    """All grids, in ascending order."""
    rows = ["".join(row) for row in permutations("1234")]
    # Where the left quarter has every digit, so has the right one: its rows are what the left ones leave.
    halves = [above + below for above, below in product(rows, rows) if len(set(above[:2] + below[:2])) == 4]
    whole = (upper + lower for upper, lower in product(halves, halves))
    return tuple(grid for grid in whole if all(len(set(grid[column::4])) == 4 for column in range(4)))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(_grids())


@lru_cache(maxsize=1)
def _having() -> dict[tuple[int, str], int]:
    """The grids that have a digit in a place, a bit each."""
    found = dict.fromkeys(product(range(16), "1234"), 0)
    for number, grid in enumerate(_grids()):
        for square in enumerate(grid):
            found[square] |= 1 << number
    return found
