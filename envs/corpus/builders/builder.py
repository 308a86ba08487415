"""The contract of a corpus builder. One module beside this one per corpus, with an instance named `BUILDER`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias, get_args

from envs.corpus.provenance import Origin, Row, Status


@dataclass(frozen=True, slots=True)
class Draft:
    """A pair as read from the source, not yet checked.

    Attributes:
        prompt: The question; as the source spells it where it could not be read.
        answer: The source's answer; empty where it could not be read.
        topic: The part of the source it is from.
        template: Text shared by pairs that differ in numbers and parameters only.
        file: Name of the source file.
        line: Line of the source file, from 1.
        problem: Why it could not be read; empty where it could.
        context: What the check needs besides, such as the domain of the symbols.
    """

    prompt: str
    answer: str
    topic: str
    template: str
    file: str
    line: int
    problem: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check says of a draft.

    Attributes:
        status: "yes", "no", "undecided", or "unread" where it is beyond a limit of the grammar.
        reason: Why it is not "yes".
        prompt: The question in the house's spelling.
        answer: The answer in the house's spelling.
        keys: Drafts that share one are the same task.
        template: Of the prompt as it is spelled now; the draft's where empty.
    """

    status: Status
    reason: str
    prompt: str
    answer: str
    keys: tuple[str, ...] = ()
    template: str = ""


Check: TypeAlias = Callable[[Sequence[Draft]], list[Checked]]


class Builder(ABC):
    """How one corpus is made."""

    name: ClassVar[str]
    """As in `selfplay corpus build NAME`."""

    requirement: ClassVar[str]
    """What `pip download` fetches where no file is given; empty if the source is found on this machine."""

    licence: ClassVar[str]
    """SPDX names of the source's licences."""

    checked_by: ClassVar[str]
    """The verifier with its version, for the corpus file."""

    keeps: ClassVar[frozenset[Status]] = frozenset(get_args(Status))
    """Which rows the corpus file holds; the others are in the list of what is not served."""

    def find(self) -> Path | None:
        """The source on this machine, if there is one."""
        return None

    @abstractmethod
    def version_of(self, source: Path) -> str:
        """Package and version of a source, for the corpus file."""

    @abstractmethod
    def drafts(self, source: Path) -> Iterator[Draft]:
        """Every pair, in the order of the source, those too that cannot be read.

        Raises:
            ValueError: The source holds none, or cannot be read.
        """

    @abstractmethod
    def checking(self, workers: int) -> AbstractContextManager[Check]:
        """A check of many drafts in `workers` processes; the processes end with the context."""

    def origin(self, source: Path, sha256: str) -> Origin:
        """The first line of the corpus file."""
        return Origin(self.name, self.version_of(source), self.licence, sha256, self.checked_by)


def rows_of(drafts: Sequence[Draft], checked: Sequence[Checked | None]) -> list[Row]:
    """The rows of a corpus.

    Args:
        drafts: In the order of the source.
        checked: What the check says of each; None for drafts that could not be read.

    Returns:
        Rows in the same order; of those confirmed that are one task, all but the first say that they repeat it.
    """
    templates: dict[str, int] = {}
    first: dict[str, Draft] = {}
    rows = []
    for draft, found in zip(drafts, checked, strict=True):
        template = draft.template if found is None else found.template or draft.template
        number = templates.setdefault(template, len(templates))
        if found is None:
            row = Row(draft.prompt, "", draft.topic, number, draft.file, draft.line, "unread", draft.problem)
        else:
            status, reason = found.status, found.reason
            if status == "yes":
                known = next((first[key] for key in found.keys if key in first), draft)
                if known is not draft:
                    status, reason = "repeat", f"the task of {known.file}:{known.line}"
                first.update((key, draft) for key in found.keys if known is draft)
            place = draft.topic, number, draft.file, draft.line
            row = Row(found.prompt, found.answer, *place, status, reason, draft.context)
        rows.append(row)
    return rows
