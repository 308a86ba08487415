"""What an audit asks a verifier, and what it answered: frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from envs.core import Task


class Origin(StrEnum):
    """Where an answer comes from; with the family it names a stratum."""

    GOLD = "gold"
    REWRITE = "gold rewrite"
    NEAR_MISS = "near miss"
    OTHER = "another task's answer"
    SAMPLE = "model sample"
    HOSTILE = "hostile"


@dataclass(frozen=True, slots=True)
class Case:
    """One answer with its label.

    Attributes:
        task: The question.
        gold: A right answer to it.
        answer: The answer to judge.
        right: The label. It never comes from the verifier on trial.
        origin: Where the answer comes from.
        labelled_by: "construction", "independent" or "env".
        kind: Which hostile text, or which round of a run; else empty.
        family: Name of the env.
    """

    task: Task
    gold: str
    answer: str
    right: bool
    origin: Origin
    labelled_by: str = "construction"
    kind: str = ""

    @property
    def family(self) -> str:
        """Name of the env that owns the task."""
        return self.task.env

    @property
    def stratum(self) -> tuple[str, str]:
        """Family, and origin with the round where there is one."""
        return self.family, f"{self.origin}, {self.kind}" if self.origin is Origin.SAMPLE else str(self.origin)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a verifier said of one answer.

    Attributes:
        accepted: None where it gave no verdict.
        malformed: Rejected for not being an answer of the required form.
        fault: Why there is no verdict: "timeout", "crash", "memory", "error", "undecided"; else empty.
        score: In [0, 1], of verifiers that return one.
        detail: Its evidence, for a reader.
        ms: Milliseconds the check took in its process; for a time-out the limit.
    """

    accepted: bool | None
    malformed: bool = False
    fault: str = ""
    score: float | None = None
    detail: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """A case and the ruling on it."""

    case: Case
    ruling: Ruling

    @property
    def is_false_accept(self) -> bool:
        """A wrong answer was accepted."""
        return self.ruling.accepted is True and not self.case.right

    @property
    def is_false_reject(self) -> bool:
        """A right answer was rejected."""
        return self.ruling.accepted is False and self.case.right

    @property
    def is_error(self) -> bool:
        """Either."""
        return self.is_false_accept or self.is_false_reject
