"""What corpora have in common whose prompts have a truth only because the corpus lists them.

The confirmed rows of a corpus file are served. A prompt that is not among them is no task: a model cannot write new
ones, so these corpora are for measuring, and for `real` arms.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import ClassVar, NamedTuple

from envs.core import MAX_CHARS, Corpus, Env, MalformedTask, Outcome, Solved, Task, Verdict
from envs.corpus.provenance import Row, read

DATA = Path(__file__).parent / "data"

LEVEL_CHARS = (24, 48, 96)
"""Most characters of prompt and answer together at levels 1 to 3; level 4 holds what is longer."""


class _Content(NamedTuple):
    """What a file holds, read once."""

    rows: tuple[Solved, ...]
    sources: dict[str, Row]
    by_level: dict[int, list[Solved]]
    alphabet: str


@dataclass(frozen=True)
class Listed(Env, Corpus):
    """Tasks of a corpus file, with the file's answers as their truth.

    Attributes:
        path: A corpus file of your own making; the one that comes with the package when empty.
    """

    path: str = ""

    shipped: ClassVar[str]
    """Name of the file that comes with the package."""

    def __post_init__(self) -> None:
        if self.path and not Path(self.path).is_file():
            raise ValueError(f"path={self.path!r}: no such file; build it with selfplay corpus build")

    @property
    def alphabet(self) -> str:
        """The characters of the rows, and what variants of an answer need."""
        return self._content.alphabet

    @property
    def levels(self) -> range:
        """By length, see `LEVEL_CHARS`."""
        return range(min(self._content.by_level), max(self._content.by_level) + 1)

    def rows(self) -> Sequence[Solved]:
        """The confirmed rows, each task once."""
        return self._content.rows

    def groups(self) -> Mapping[str, str]:
        """By template."""
        return {task_id: str(row.template) for task_id, row in self._content.sources.items()}

    def source(self, task: Task) -> Row:
        """Where a task is from.

        Raises:
            KeyError: The task is not of the corpus.
        """
        return self._content.sources[task.id]

    def capacity(self, level: int) -> int:
        """Exact: the rows of the level."""
        self.check_level(level)
        return len(self._content.by_level[level])

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a row of a level, with replacement."""
        self.check_level(level)
        return rng.choice(self._content.by_level[level])

    def parse(self, prompt: str) -> Task:
        """Find a prompt of the corpus."""
        row = self._known(prompt)
        if row is None:
            raise MalformedTask("not a prompt of the corpus, which has the only ground truth")
        return _task(self.name, row)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare with the corpus's answer."""
        row = self._known(task.prompt)
        if row is None:
            return Verdict(Outcome.UNDECIDED, "the prompt is not in the corpus")
        if len(answer) > MAX_CHARS:
            return Verdict(Outcome.MALFORMED, f"longer than {MAX_CHARS} characters")
        return self.judge(row, answer)

    @abstractmethod
    def judge(self, row: Row, answer: str) -> Verdict:
        """Whether an answer of bounded length is as good as the row's."""

    def _known(self, prompt: str) -> Row | None:
        return self._content.sources.get(Task(self.name, prompt, 1, prompt).id)

    @property
    def _content(self) -> _Content:
        return _read(Path(self.path) if self.path else DATA / self.shipped, self.name)


def _task(env: str, row: Row) -> Task:
    n_chars = len(row.prompt) + len(row.answer)
    return Task(env, row.prompt, 1 + sum(n_chars > most for most in LEVEL_CHARS), canonical=row.prompt)


@lru_cache(maxsize=4)  # not in the env: it would travel to every worker that the env is sent to
def _read(path: Path, env: str) -> _Content:
    _, all_rows = read(path)
    served = [row for row in all_rows if row.status == "yes"]
    if not served:
        raise ValueError(f"{path}: no confirmed row to serve; build it again with selfplay corpus build")
    rows = [Solved(_task(env, row), row.answer) for row in served]
    by_level: dict[int, list[Solved]] = defaultdict(list)
    for solved in rows:
        by_level[solved.task.level].append(solved)
    if missing := set(range(min(by_level), max(by_level))) - set(by_level):
        raise ValueError(f"{path}: no confirmed row of level {min(missing)}; build it from the whole source")
    characters = {*"()+1,", *(character for row in served for character in row.prompt + row.answer)}
    sources = {solved.task.id: row for solved, row in zip(rows, served, strict=True)}
    return _Content(tuple(rows), sources, dict(by_level), "".join(sorted(characters)))
