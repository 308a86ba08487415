"""The whole contract between tasks and everything that uses them.

An env owns a family of tasks and their ground truth. It knows nothing of models, tokens or training, and
imports only the standard library, sympy and python-flint, so that a verification worker stays small.

Three rules make tasks written by a model safe to train on:

1. `Env.verify` reads the prompt and the answer, never a stored solution.
2. `Env.parse` owns well-posedness: what it returns has an answer that can be checked; all else it refuses.
3. A checker that fails is not a wrong answer: that is `Outcome.UNDECIDED`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import ClassVar, NamedTuple

MAX_CHARS = 1_000
"""Longest prompt or answer an env looks at; longer text is refused before any other work."""


class Outcome(StrEnum):
    """What a verifier says of one answer."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    MALFORMED = "malformed"  # not an answer of the required form
    UNDECIDED = "undecided"  # time-out, resource limit or checker fault: counted, never trained on


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of checking one answer, with its evidence.

    Attributes:
        outcome: What was decided.
        detail: Why, in a few words for a reader of the report.
        tier: Which kind of evidence decided, for example "exact" or "numeric".
        cost_s: Seconds the check took; 0.0 until whoever ran the check has timed it.
    """

    outcome: Outcome
    detail: str = ""
    tier: str = ""
    cost_s: float = 0.0


class MalformedTask(ValueError):
    """Text that is not a well-posed task of the env; the message says why."""


@dataclass(frozen=True, slots=True)
class Task:
    """One question.

    Attributes:
        env: Name of the env that owns the task.
        prompt: The question as a model reads and writes it.
        level: Difficulty, one of the env's levels or beyond them for tasks a model wrote.
        canonical: Text shared by all spellings of the same question (`1+2` and `2+1`).
    """

    env: str
    prompt: str
    level: int
    canonical: str

    @property
    def id(self) -> str:
        """16 hex digits; equal tasks have equal ids, so disjointness is checked on ids."""
        return hashlib.sha256(f"{self.env}\0{self.canonical}".encode()).hexdigest()[:16]


class Solved(NamedTuple):
    """A task with one right answer.

    Attributes:
        task: The question.
        answer: One right answer, in the env's usual style.
        work: Optional worked steps that lead to it.
    """

    task: Task
    answer: str
    work: str = ""


class Env(ABC):
    """A family of tasks. Subclasses are frozen dataclasses whose fields are their configuration."""

    version: ClassVar[int]
    """Raised whenever tasks or verdicts change; golden files are kept per version."""

    asymmetry: ClassVar[str]
    """What solving costs against what checking costs, in one line: exact counts, or a reference solver's cost."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Unique name, for example `math/arithmetic`."""

    @property
    @abstractmethod
    def alphabet(self) -> str:
        """Every character that prompts, answers, work and solutions may hold."""

    @property
    @abstractmethod
    def levels(self) -> range:
        """The difficulty levels `sample` accepts, easiest first."""

    @property
    @abstractmethod
    def tiers(self) -> tuple[str, ...]:
        """The kinds of evidence that `verify` decides by (`Verdict.tier`), strongest first."""

    @abstractmethod
    def capacity(self, level: int) -> int:
        """How many distinct tasks, by `Task.id`, `sample` can draw at a level.

        Exact where they can be counted, else a proven lower bound; the subclass says which.

        Raises:
            ValueError: The env has no such level.
        """

    def check_level(self, level: int) -> None:
        """Refuse a level that is not one of `levels`.

        Raises:
            ValueError: The env has no such level.
        """
        if level not in self.levels:
            raise ValueError(f"level={level}: {self.name} has levels {self.levels.start} to {self.levels.stop - 1}")

    @abstractmethod
    def sample(self, rng: Random, level: int) -> Solved:
        """Draw from the real distribution at a level; the same rng state gives the same task."""

    @abstractmethod
    def parse(self, prompt: str) -> Task:
        """Read a prompt, whoever wrote it. Inverts `Task.prompt`.

        Raises:
            MalformedTask: The text is not a task of this env, or the task is ill-posed.
        """

    @abstractmethod
    def verify(self, task: Task, answer: str) -> Verdict:
        """Ground truth. Total and bounded for any text; reads `task.prompt` and the answer only."""

    @abstractmethod
    def equivalent(self, solved: Solved, rng: Random) -> str:
        """Another right answer where the form allows one (finds false rejects)."""

    @abstractmethod
    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A plausible wrong answer (finds false accepts)."""


class SolutionFirst(ABC):
    """Envs that compute the task from its solution, so that every task posed this way is solvable.

    A solution is text that fixes the task and its answer together: `17*23` for `391`.
    """

    @property
    def poses(self) -> bool:
        """Whether this instance can: a corpus can only if its checker can."""
        return True

    @abstractmethod
    def solution(self, solved: Solved) -> str:
        """The solution text of a solved task; `pose` inverts it up to the task's id."""

    @abstractmethod
    def pose(self, solution: str) -> Solved:
        """The task that a solution solves.

        Raises:
            MalformedTask: The text is not a solution, or its task would be ill-posed.
        """

    def relabel(self, task: Task, answer: str) -> Solved:  # noqa: ARG002
        """The task that a wrong answer to `task` does solve (hindsight); where an answer is a solution, that one's.

        Raises:
            MalformedTask: There is none.
        """
        return self.pose(answer)


class Executed(ABC):
    """Envs whose truth comes from running programs, which is cheaper for many at once."""

    @abstractmethod
    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Run together what `parse` and `verify` would run one by one; those then answer from memory.

        Args:
            pairs: Prompts, each with an answer or an empty text; none of them vouched for.
        """


class Corpus(ABC):
    """Envs with a fixed list of tasks, such as a file: the real data has a limit by construction."""

    @abstractmethod
    def rows(self) -> Sequence[Solved]:
        """Every task, in the order of the source."""

    def groups(self) -> Mapping[str, str]:
        """Task id to the group it belongs to, such as the template it was made from.

        Tasks of one group are never on two sides of a split. A task that is not in the mapping is a group of its own.
        """
        return {}
