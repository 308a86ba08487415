"""Judges decide what an arm keeps. `Env.verify` is the truth; only the exact judge is it.

A new judge is a class here and a line in `build_judge`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from envs.core import Env, Outcome, Task, Verdict
from envs.pool import VerifyPool
from selfplay.config import JudgeConfig
from selfplay.records import Attempt, Judged
from selfplay.streams import stream

MEMORY = 100_000
"""Verdicts remembered: several attempts at a task often give the same answer."""

_NO_END = Verdict(Outcome.MALFORMED, "no end", "form")


class Verifier:
    """The truth about attempts, found in a process of its own: a check that hangs or crashes takes no run along."""

    def __init__(self, envs: Mapping[str, Env]) -> None:
        self._pool = VerifyPool(envs)
        self._known: dict[tuple[Task, str], Verdict] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pool.close()

    def check(self, attempts: Sequence[Attempt]) -> list[Verdict]:
        """A verdict for each; text without an end is malformed whatever it says."""
        asked = {(a.task, a.answer): None for a in attempts if a.complete}
        if len(self._known) + len(asked) > MEMORY:
            self._known.clear()
        fresh = [pair for pair in asked if pair not in self._known]
        self._known.update(zip(fresh, self._pool.verify(fresh), strict=True))
        return [self._known[a.task, a.answer] if a.complete else _NO_END for a in attempts]


class Judge(ABC):
    """Says of each attempt whether to accept it."""

    @abstractmethod
    def judge(self, attempts: Sequence[Attempt], *, round: int) -> list[Judged]:
        """One `Judged` for each attempt, in order."""


class ExactJudge(Judge):
    """The env's own verdict."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> list[Judged]:  # noqa: ARG002
        """See `Judge.judge`."""
        verdicts = self._verifier.check(attempts)
        return [Judged(attempt, verdict, "exact") for attempt, verdict in zip(attempts, verdicts, strict=True)]


class AcceptAllJudge(Judge):
    """Accepts every complete text."""

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> list[Judged]:  # noqa: ARG002
        """See `Judge.judge`."""
        accept = Verdict(Outcome.CORRECT, "not checked", "none")
        return [Judged(attempt, accept if attempt.complete else _NO_END, "accept-all") for attempt in attempts]


class NoisyJudge(Judge):
    """Accepts right answers at one rate and wrong ones at another, independently of each other."""

    def __init__(self, verifier: Verifier, config: JudgeConfig, seed: int) -> None:
        self._verifier = verifier
        self._accept_rate = {
            Outcome.CORRECT: config.true_accept_rate,
            Outcome.INCORRECT: config.false_accept_rate,
        }
        self._seed = seed

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> list[Judged]:
        """See `Judge.judge`; malformed and undecided answers keep their true verdict."""
        rng = stream(self._seed, "judge", round)
        judged = []
        for attempt, truth in zip(attempts, self._verifier.check(attempts), strict=True):
            draw = rng.random()
            verdict = truth
            if truth.outcome in self._accept_rate:
                accepted = draw < self._accept_rate[truth.outcome]
                verdict = replace(truth, outcome=Outcome.CORRECT if accepted else Outcome.INCORRECT, tier="noisy")
            judged.append(Judged(attempt, verdict, "noisy"))
        return judged


def build_judge(config: JudgeConfig, verifier: Verifier, seed: int) -> Judge:
    """The judge a configuration names."""
    match config.kind:
        case "exact":
            return ExactJudge(verifier)
        case "accept-all":
            return AcceptAllJudge()
        case "noisy":
            return NoisyJudge(verifier, config, seed)
