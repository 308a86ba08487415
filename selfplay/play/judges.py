"""Judges decide what an arm keeps. `Env.verify` is the truth; only the exact judge is it.

A new judge is a class like these and a line in `play.parts.build_judge`. The noisy one is in `play.noise`, the model
as its own judge in `play.self_judge`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from envs.core import Env, Outcome, Task, Verdict
from envs.pool import Stream, VerifyPool, verdict_of
from selfplay.play.exchange import gathered, split
from selfplay.records import Attempt, Judged, Judgement

MEMORY = 100_000
"""Verdicts remembered: several attempts at a task often give the same answer."""

AHEAD = 32
"""Answers handed to the verification process together while others are written."""

NO_END = Verdict(Outcome.MALFORMED, "no end", "form")


class Verifier:
    """The truth about attempts, found in a process of its own: a check that hangs or crashes takes no run along."""

    def __init__(self, envs: Mapping[str, Env]) -> None:
        self._pool = VerifyPool(envs)
        self._known: dict[tuple[Task, str], Verdict] = {}
        self._begun: dict[tuple[Task, str], None] = {}
        self._waiting: dict[tuple[Task, str], None] = {}
        self._stream: Stream[tuple[Task, str]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pool.close()

    def ahead(self, task: Task, answer: str) -> None:
        """Begin to check an answer while others are still being written; `check` will find the verdict.

        Answers go to the worker process some at a time, and their order changes no verdict.
        """
        pair = (task, answer)
        if pair in self._known or pair in self._begun or not self._pool.streams(task.env):
            return
        self._waiting[pair] = None
        if len(self._waiting) >= AHEAD:
            self._stream = self._stream or self._pool.stream()
            self._stream.add(list(self._waiting))
            self._begun |= self._waiting
            self._waiting = {}

    def _take_up(self) -> None:
        """Wait for the verdicts that were begun; every process learns those of all."""
        results = self._stream.results() if self._stream is not None else []
        self._known.update(gathered(list(zip(self._begun, map(verdict_of, results), strict=True))))
        self._begun, self._waiting, self._stream = {}, {}, None

    def check(self, attempts: Sequence[Attempt]) -> list[Verdict]:
        """A verdict for each; text without an end is malformed whatever it says."""
        asked = {(a.task, a.answer): None for a in attempts if a.complete}
        if len(self._known) + len(asked) > MEMORY:
            self._known.clear()
        self._take_up()  # after the clearing, which would have what was just checked checked again
        fresh = [pair for pair in asked if pair not in self._known]
        self._known.update(zip(fresh, split(fresh, self._pool.verify), strict=True))
        return [self._known[a.task, a.answer] if a.complete else NO_END for a in attempts]


class Judge(ABC):
    """Says of each attempt whether to accept it."""

    @abstractmethod
    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:
        """One `Judged` for each attempt, in order."""


class ExactJudge(Judge):
    """The env's own verdict."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:  # noqa: ARG002
        """See `Judge.judge`."""
        verdicts = self._verifier.check(attempts)
        return Judgement(tuple(Judged(*pair, "exact") for pair in zip(attempts, verdicts, strict=True)))


class AcceptAllJudge(Judge):
    """Accepts every complete text."""

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:  # noqa: ARG002
        """See `Judge.judge`."""
        accept = Verdict(Outcome.CORRECT, "not checked", "none")
        return Judgement(tuple(Judged(a, accept if a.complete else NO_END, "accept-all") for a in attempts))


class MajorityJudge(Judge):
    """Accepts the most frequent answer to a task, if it has the share of votes asked for.

    Answers are compared as text. Of several equally frequent ones the first written counts (self-consistency, Wang et
    al. 2023, 2203.11171; as a reward, TTRL, Zuo et al. 2025, 2504.16084).
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:  # noqa: ARG002
        """See `Judge.judge`; the score is the answer's share of its task's votes."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for attempt in attempts:
            votes[attempt.task.id].update([attempt.answer] if attempt.complete else [])
        judged = []
        for attempt in attempts:
            if not attempt.complete:
                judged.append(Judged(attempt, NO_END, "majority", 0.0))
                continue
            counts = votes[attempt.task.id]
            (winner, n_won), *_ = counts.most_common(1)
            wins = attempt.answer == winner and n_won / counts.total() >= self._threshold
            detail = f"{counts[attempt.answer]} of {counts.total()} votes"
            verdict = Verdict(Outcome.CORRECT if wins else Outcome.INCORRECT, detail, "votes")
            judged.append(Judged(attempt, verdict, "majority", counts[attempt.answer] / counts.total()))
        return Judgement(tuple(judged))
