"""Data sets of others as real data: GSM8K, MATH, HumanEval, MBPP, Absolute Zero's triplets, or rows of your own.

    Dataset("gsm8k/test.jsonl", form="gsm8k")              marked by the number after ####
    ProgramSet("HumanEval.jsonl", form="human-eval")       marked by running its tests in the sandbox

No data set comes with the package: you bring the file. What a row's fields mean is a format (`envs.corpus.form`), which
is data too. Verdicts are ours (`envs.corpus.marking`), and each row's own answer must pass before the row is served.
Prompts that are not in the file have no truth, so a model cannot write new tasks.

Cost: solving is as hard as the data set's tasks; checking is one comparison, or one run of the tests.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal, NamedTuple

from envs.core import Corpus, Env, Executed, MalformedTask, Outcome, Solved, Task, Verdict
from envs.corpus.form import RUNS, Form, fill, load_form
from envs.corpus.marking import Key, mark, pieces, programs, read_number
from envs.corpus.table import Row, read_rows
from envs.equality.comparison import TIERS
from envs.execution import execute

_MOST_SHOWN = 10
_TOP_LEVEL = 1_000
_MISS_DRAWS = 20
_STAND_INS = ("\x00", "\x01")


class _Read(NamedTuple):
    """A row that could be read: where it stood, its task with its answer, and what marks an answer."""

    place: str
    solved: Solved
    key: Key


class _Content(NamedTuple):
    """What a file holds, read and marked once."""

    rows: tuple[Solved, ...]
    keys: dict[str, Key]
    tasks: dict[str, Task]
    by_level: dict[int, list[Solved]]
    dropped: tuple[str, ...]
    alphabet: str


@dataclass(frozen=True)
class _Rows(Env, Corpus):
    """What data sets share, whatever marks them.

    Attributes:
        path: A .jsonl, .json or .parquet file, a folder of them, or a folder saved by `datasets`.
        form: A format's name, or the path of a YAML file of your own.
        name: Name of the corpus; part of its tasks' ids.
        on_bad_row: Refuse a file with bad rows, or leave those rows out and list them in `dropped`.
        max_chars: Longest prompt or answer; a longer row is a bad one.
    """

    path: str
    form: str
    name: str = "corpus/dataset"
    on_bad_row: Literal["error", "drop"] = "error"
    max_chars: int = 4_000

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not Path(self.path).exists():
            raise ValueError(f"path={self.path!r}: no such file or folder")
        if self.on_bad_row not in ("error", "drop"):
            raise ValueError(f"on_bad_row={self.on_bad_row!r}: use 'error' or 'drop'")
        if not self.name.strip():
            raise ValueError(f"name={self.name!r}: give the corpus a name")
        if not 1 <= self.max_chars <= 100_000:
            raise ValueError(f"max_chars={self.max_chars}: use 1 to 100,000")
        self._require_marking(load_form(self.form))

    @abstractmethod
    def _require_marking(self, form: Form) -> None:
        """Refuse a format that is the other class's.

        Raises:
            ValueError: It is.
        """

    @property
    def alphabet(self) -> str:
        """The characters of the rows, and digits."""
        return self._content.alphabet

    @property
    def levels(self) -> range:
        """From the lowest to the highest level of the file; no level between them is empty."""
        return range(min(self._content.by_level), max(self._content.by_level) + 1)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Place and reason of every row left out; empty unless `on_bad_row` is "drop"."""
        return self._content.dropped

    def rows(self) -> Sequence[Solved]:
        """Every row served, in the order of the file."""
        return self._content.rows

    def capacity(self, level: int) -> int:
        """Exact: the rows of the level."""
        self.check_level(level)
        return len(self._content.by_level[level])

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a row of a level, with replacement."""
        self.check_level(level)
        return rng.choice(self._content.by_level[level])

    def parse(self, prompt: str) -> Task:
        """Find a prompt of the file; runs of white space count as one space."""
        task = self._content.tasks.get(_words(prompt)) if len(prompt) <= self.max_chars else None
        if task is None:
            raise MalformedTask("not a prompt of the file, which has the only ground truth")
        return task

    def verify(self, task: Task, answer: str) -> Verdict:
        """Mark the answer; see `envs.corpus.marking`."""
        key = self._content.keys.get(_words(task.prompt)) if len(task.prompt) <= self.max_chars else None
        if key is None:
            return Verdict(Outcome.UNDECIDED, "the prompt is not in the file")
        if len(answer) > self.max_chars:
            return Verdict(Outcome.MALFORMED, f"longer than {self.max_chars} characters")
        return mark(self._form.marking, key, answer)

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """A number with a decimal point and a zero, where numbers are asked for; else the answer itself."""
        number = read_number(solved.answer) if self._form.marking == "number" else None
        if number is not None and number.denominator == 1 and "." in self.alphabet:
            return f"{number}.0"
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Another row's answer, or no answer."""
        for _ in range(_MISS_DRAWS):
            candidate = rng.choice(self._content.rows).answer
            if self.verify(solved.task, candidate).outcome is not Outcome.CORRECT:
                return candidate
        return "("  # all answers alike

    @cached_property
    def _form(self) -> Form:
        return load_form(self.form)

    @cached_property
    def _content(self) -> _Content:
        problems: list[str] = []
        found = list(self._readable(problems))
        execute([run for item in found for run in programs(self._form.marking, item.key, item.solved.answer)])
        good: dict[str, _Read] = {}
        for item in found:
            verdict = mark(self._form.marking, item.key, item.solved.answer)
            known = _words(item.solved.task.prompt)
            if verdict.outcome is not Outcome.CORRECT:
                problems.append(f"{item.place}: its own answer is {verdict.outcome}: {verdict.detail}")
            elif known in good:
                problems.append(f"{item.place}: repeats the task of {good[known].place}")
            else:
                good[known] = item
        if problems and self.on_bad_row == "error":
            raise ValueError(_report(self.path, problems))
        if not good:
            raise ValueError(f"{self.path}: no row left to use; {len(problems)} dropped")
        return self._indexed(good, tuple(problems))

    def _readable(self, problems: list[str]) -> Iterator[_Read]:
        """Rows whose fields make a task; the others are added to `problems`."""
        for place, row in read_rows(Path(self.path)):
            try:
                if isinstance(row, str):
                    raise ValueError(row)
                yield _Read(place, *self._solved(row))
            except ValueError as problem:
                problems.append(f"{place}: {problem}")

    def _solved(self, row: Row) -> tuple[Solved, Key]:
        form = self._form
        prompt = fill(form.prompt, row).rstrip()
        answer, work = form.split(fill(form.answer, row))
        for what, text in (("prompt", prompt), ("answer", answer)):
            if not text.strip():
                raise ValueError(f"{what} is empty")
            if len(text) > self.max_chars:
                raise ValueError(f"{what} has {len(text)} characters, more than max_chars = {self.max_chars}")
        before, after = pieces(form.program, [fill(form.program, row, text) for text in _STAND_INS])
        key = Key(answer, before, after, fill(form.wanted, row))
        return Solved(Task(self.name, prompt, _level(form, row), _words(prompt)), answer, work[: self.max_chars]), key

    def _indexed(self, good: dict[str, _Read], dropped: tuple[str, ...]) -> _Content:
        by_level: dict[int, list[Solved]] = defaultdict(list)
        for item in good.values():
            by_level[item.solved.task.level].append(item.solved)
        for level in range(min(by_level), max(by_level)):
            if level not in by_level:
                raise ValueError(f"{self.path}: no row has level {level}; renumber levels so that none is empty")
        characters = set("0123456789(.")
        characters.update(*(text for x in good.values() for text in (x.solved.task.prompt, *x.solved[1:])))
        return _Content(
            tuple(item.solved for item in good.values()),
            {known: item.key for known, item in good.items()},
            {known: item.solved.task for known, item in good.items()},
            dict(by_level),
            dropped,
            "".join(sorted(characters)),
        )


@dataclass(frozen=True)
class Dataset(_Rows):
    """A data set whose answers are compared: `gsm8k`, `math`, `pairs`, `texts`, or a format of your own."""

    tiers: ClassVar[tuple[str, ...]] = TIERS
    asymmetry: ClassVar[str] = "solving: as hard as the data set's tasks; checking: one comparison"

    def _require_marking(self, form: Form) -> None:
        if form.marking in RUNS:
            raise ValueError(f"form={self.form!r}: its answers are run; use envs.corpus.dataset.ProgramSet")


@dataclass(frozen=True)
class ProgramSet(_Rows, Executed):
    """A data set whose answers are run: `human-eval`, `mbpp`, `azr-output`, `azr-input`, `azr-program`, or your own."""

    name: str = "corpus/programs"

    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: as hard as the data set's tasks; checking: one run of its tests"

    def _require_marking(self, form: Form) -> None:
        if form.marking not in RUNS:
            raise ValueError(f"form={self.form!r}: its answers are compared; use envs.corpus.dataset.Dataset")

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`."""
        runs: list[Any] = []
        for prompt, answer in pairs:
            key = self._content.keys.get(_words(prompt)) if len(prompt) <= self.max_chars else None
            if key is not None and answer and len(answer) <= self.max_chars:
                runs += programs(self._form.marking, key, answer)
        execute(runs)


def _level(form: Form, row: Row) -> int:
    if not form.level:
        return 1
    found = re.search(r"[0-9]+", fill(form.level, row))
    if found is None or not 1 <= int(found[0]) <= _TOP_LEVEL:
        raise ValueError(f"level {fill(form.level, row)[:30]!r}: no number from 1 to {_TOP_LEVEL} in it")
    return int(found[0])


def _words(prompt: str) -> str:
    """The prompt with runs of white space as one space each."""
    return " ".join(prompt.split())


def _report(path: str, problems: list[str]) -> str:
    shown = "\n  ".join(problems[:_MOST_SHOWN])
    more = f"\n  ... and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
    return f"{path}: {len(problems)} bad rows; mend them, or leave them out with on_bad_row='drop'\n  {shown}{more}"
