"""A user's own tasks, one JSON object a line.

    {"prompt": "x*exp(x)", "answer": "(x-1)*exp(x)", "level": 2}
    {"prompt": "17*23", "answer": "391", "work": "17*20=340; 340+51=391"}

`prompt` and `answer` are text; `level` (a positive integer, 1 if absent) and `work` (steps towards the answer)
are optional; other fields are refused. Answers are checked by another env's verifier, such as
`Antiderivative` for the first row, or else compared with the file's answer as expressions.

Cost: that of the checker. Without one, checking a comparison of expressions is cheap, but only the prompts of the
file have a ground truth, so a model cannot write new tasks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal, NamedTuple

from envs.core import MAX_CHARS, Corpus, Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.equality import compare, verdict_of
from envs.equality.comparison import TIERS

_FIELDS: dict[str, type] = {"prompt": str, "answer": str, "level": int, "work": str}
_MOST_SHOWN = 10
_TOP_LEVEL = 1_000
_MISS_DRAWS = 20


class _Content(NamedTuple):
    """What a file holds, read once."""

    rows: tuple[Solved, ...]
    by_canonical: dict[str, Solved]
    by_level: dict[int, list[Solved]]
    by_solution: dict[str, Solved]
    dropped: tuple[str, ...]
    alphabet: str


@dataclass(frozen=True)
class Jsonl(Env, Corpus, SolutionFirst):
    """The tasks of a JSONL file.

    The file is read and every row checked on first use; the result stays with the object, also when it is sent
    to another process. All problems of a file are reported together.

    `solution` and `pose` are the checker's. They raise `MalformedTask` for all input where there is no checker,
    or it is not `SolutionFirst` itself.

    Attributes:
        path: The file.
        checker: The env that reads the prompts and verifies the answers. With a checker, prompts that are not in
            the file are tasks too. Without one, answers are compared by `envs.equality.compare`, over the reals.
        name: Name of the corpus; part of its tasks' ids.
        on_bad_row: Refuse a file with bad rows, or leave those rows out and list them in `dropped`.
    """

    path: str
    checker: Env | None = None
    name: str = "corpus/jsonl"
    on_bad_row: Literal["error", "drop"] = "error"

    version: ClassVar[int] = 1
    asymmetry: ClassVar[str] = "solving: as hard as the file's tasks; checking: the checker's cost, or one comparison"

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise ValueError(f"path={self.path!r}: no such file")
        if self.on_bad_row not in ("error", "drop"):
            raise ValueError(f"on_bad_row={self.on_bad_row!r}: use 'error' or 'drop'")
        if not self.name.strip():
            raise ValueError(f"name={self.name!r}: give the corpus a name")

    @property
    def alphabet(self) -> str:
        """The characters of the file, and those of the checker."""
        return self._content.alphabet

    @property
    def levels(self) -> range:
        """From the lowest to the highest level of the file; no level between them is empty."""
        return range(min(self._content.by_level), max(self._content.by_level) + 1)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Line number and reason of every row left out; empty unless `on_bad_row` is "drop"."""
        return self._content.dropped

    def rows(self) -> Sequence[Solved]:
        """Every row, in the order of the file."""
        return self._content.rows

    @property
    def tiers(self) -> tuple[str, ...]:
        """The checker's, or those of `envs.equality`."""
        return self.checker.tiers if self.checker is not None else TIERS

    def capacity(self, level: int) -> int:
        """Exact: the rows of the level."""
        self.check_level(level)
        return len(self._content.by_level[level])

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a row of a level, with replacement."""
        if level not in self.levels:
            raise ValueError(f"level={level}: {self.path} has levels {self.levels.start} to {self.levels.stop - 1}")
        return rng.choice(self._content.by_level[level])

    def parse(self, prompt: str) -> Task:
        """Read a prompt: any the checker admits, or without a checker any of the file."""
        task = self._parse(prompt)
        known = self._content.by_canonical.get(task.canonical)
        if known is not None:
            # Without a checker a prompt is known by its words only, and the file's spelling is the prompt.
            return known.task if self.checker is None else replace(task, level=known.task.level)
        if self.checker is None:
            raise MalformedTask("not a prompt of the file, which has the only ground truth")
        return task

    def verify(self, task: Task, answer: str) -> Verdict:
        """Ask the checker, or compare with the file's answer as expressions."""
        if self.checker is not None:
            return self.checker.verify(task, answer)
        known = self._content.by_canonical.get(_words(task.prompt))
        if known is None:
            return Verdict(Outcome.UNDECIDED, "the prompt is not in the file")
        return verdict_of(compare(known.answer, answer))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The checker's, or the answer in parentheses where the alphabet has them."""
        if self.checker is not None:
            return self.checker.equivalent(solved, rng)
        wrapped = f"({solved.answer})"
        return wrapped if set("()") <= set(self.alphabet) and len(wrapped) <= MAX_CHARS else solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The checker's, or the answer to another task."""
        if self.checker is not None:
            return self.checker.near_miss(solved, rng)
        for _ in range(_MISS_DRAWS):
            candidate = rng.choice(self._content.rows).answer
            if self.verify(solved.task, candidate).outcome is not Outcome.CORRECT:
                return candidate
        return solved.answer + solved.answer[-1] + "("  # all answers alike: no expression at all

    @property
    def poses(self) -> bool:
        """Whether the checker does."""
        return isinstance(self.checker, SolutionFirst) and self.checker.poses

    def solution(self, solved: Solved) -> str:
        """The checker's."""
        return self._poser().solution(solved)

    def pose(self, solution: str) -> Solved:
        """The file's task where it has that solution, else the one the checker computes."""
        poser = self._poser()
        known = self._content.by_solution.get(solution)
        if known is not None:
            return known
        posed = poser.pose(solution)
        return posed._replace(task=self.parse(posed.task.prompt))

    def _poser(self) -> SolutionFirst:
        if not isinstance(self.checker, SolutionFirst):
            raise MalformedTask("the corpus has no checker that poses tasks from solutions")
        return self.checker

    def _parse(self, prompt: str) -> Task:
        if self.checker is not None:
            return replace(self.checker.parse(prompt), env=self.name)
        return Task(self.name, prompt, level=1, canonical=_words(prompt))

    @cached_property
    def _content(self) -> _Content:
        rows: dict[str, Solved] = {}
        by_solution: dict[str, Solved] = {}
        problems: list[str] = []
        for number, line in enumerate(Path(self.path).read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                solved = self._solved(_fields(line))
                if solved.task.canonical in rows:
                    raise ValueError("repeats the task of an earlier row")
                # A solution fixes its task: one integrand in two spellings has one antiderivative.
                solution = self.checker.solution(solved) if isinstance(self.checker, SolutionFirst) else None
                if solution is not None and by_solution.setdefault(solution, solved) is not solved:
                    raise ValueError("has the solution of an earlier row, so it is the same task")
                rows[solved.task.canonical] = solved
            except ValueError as problem:
                problems.append(f"line {number}: {problem}")
        if problems and self.on_bad_row == "error":
            raise ValueError(_report(self.path, problems))
        if not rows:
            raise ValueError(f"{self.path}: no row left to use; {len(problems)} dropped")
        return self._indexed(rows, by_solution, tuple(problems))

    def _solved(self, fields: dict[str, Any]) -> Solved:
        """A checked row.

        Raises:
            ValueError: The checker refuses the prompt, or cannot confirm the answer.
        """
        try:
            task = replace(self._parse(fields["prompt"]), level=fields.get("level", 1))
        except MalformedTask as refusal:
            raise ValueError(f"prompt refused: {refusal}") from None
        answer = fields["answer"]
        verdict = self.checker.verify(task, answer) if self.checker else verdict_of(compare(answer, answer))
        if verdict.outcome is not Outcome.CORRECT:
            raise ValueError(f"answer is {verdict.outcome}: {verdict.detail}")
        return Solved(task, answer, fields.get("work", ""))

    def _indexed(self, rows: dict[str, Solved], by_solution: dict[str, Solved], dropped: tuple[str, ...]) -> _Content:
        by_level: dict[int, list[Solved]] = defaultdict(list)
        for solved in rows.values():
            by_level[solved.task.level].append(solved)
        for level in range(min(by_level), max(by_level)):
            if level not in by_level:
                raise ValueError(f"{self.path}: no row has level {level}; renumber levels so that none is empty")
        characters = {*(self.checker.alphabet if self.checker else "")}
        characters.update(*(text for solved in rows.values() for text in (solved.task.prompt, *solved[1:])))
        return _Content(tuple(rows.values()), rows, dict(by_level), by_solution, dropped, "".join(sorted(characters)))


def _fields(line: bytes) -> dict[str, Any]:
    """The fields of a line.

    Raises:
        ValueError: The line is no object, or a field is missing, unknown, of the wrong type or size.
    """
    try:
        fields: Any = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"not JSON: {problem}") from None
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    for name in ("prompt", "answer"):
        if name not in fields:
            raise ValueError(f"field {name!r} is missing")
    for name, value in fields.items():
        if name not in _FIELDS:
            raise ValueError(f"field {name[:30]!r} is unknown: use prompt, answer, level, work")
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise ValueError(f"field {name!r} is not {'text' if _FIELDS[name] is str else 'an integer'}")
        if isinstance(value, str) and name != "work" and not value.strip():
            raise ValueError(f"field {name!r} is empty")
        if isinstance(value, str) and len(value) > MAX_CHARS:
            raise ValueError(f"field {name!r} has {len(value)} characters, more than {MAX_CHARS}")
    if not 1 <= fields.get("level", 1) <= _TOP_LEVEL:
        raise ValueError(f"level={fields['level']}: use 1 to {_TOP_LEVEL}")
    return fields


def _report(path: str, problems: list[str]) -> str:
    shown = "\n  ".join(problems[:_MOST_SHOWN])
    more = f"\n  ... and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
    return f"{path}: {len(problems)} bad rows; mend them, or leave them out with on_bad_row='drop'\n  {shown}{more}"


def _words(prompt: str) -> str:
    """The prompt with runs of white space as one space each."""
    return " ".join(prompt.split())
