"""Whoever is on trial, behind one interface: an env's verifier, a user's function, a judge of an arm, a model."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from envs.core import Env, Outcome, Verdict
from envs.pool import Failure, Pool
from selfplay.config import JudgeConfig, require
from selfplay.configfile import CONFIG
from selfplay.measure.cases import Case, Ruling
from selfplay.measure.config import AuditConfig
from selfplay.measure.loading import CallableWork, EnvWork, Question
from selfplay.play.judges import Judge, Verifier
from selfplay.play.parts import build_judge
from selfplay.records import Attempt

Progress = Callable[[int], object]


class Subject(ABC):
    """A verifier on trial."""

    takes_gold: bool = False
    """Whether it compares with a gold text, so that texts can be put in the gold's place."""

    is_env: bool = False
    """Whether it is the envs' own verifier, which then labels nothing."""

    calibrates: bool = False
    """Whether its threshold is set on labelled answers first, which then count for no rate."""

    def calibrate(self, cases: Sequence[Case]) -> float:
        """Set the threshold on these cases and return it; for subjects that calibrate."""
        raise NotImplementedError(f"{type(self).__name__} has no threshold, asked with {len(cases)} cases")

    @abstractmethod
    def rule(
        self, questions: Sequence[Question], *, trial: int = 0, on_done: Progress = lambda _: None
    ) -> list[Ruling]:
        """A ruling for each question.

        Args:
            questions: What to judge.
            trial: Another number is another fresh process with another hash seed, or other draws.
            on_done: Called now and then with the number done.
        """

    def close(self) -> None:  # noqa: B027  # most subjects hold no process
        """Give back processes."""


class PooledSubject(Subject):
    """Code that runs in workers with a time and a memory limit."""

    def __init__(self, work: Any, config: AuditConfig) -> None:
        self._work, self._config = work, config
        self._trial, self._pool = -1, self._fresh(0)
        self.is_env = isinstance(work, EnvWork)
        try:
            ((self.takes_gold,),) = self._pool.map([None])
        except RuntimeError as error:
            reason = str(error).removeprefix("a verification worker could not start: ").removeprefix("ValueError: ")
            raise ValueError(f"verifier {config.verifier}: {reason}") from None
        except (TypeError, ValueError):
            self.close()
            raise ValueError(f"verifier {config.verifier}: its worker ended before the first answer") from None

    def _fresh(self, trial: int) -> Pool[Question | None]:
        self._trial = trial
        # Hash seeds are fixed, so that an audit repeats; 0 would turn randomisation off.
        environment = {"PYTHONHASHSEED": str(1 + trial)}
        config = self._config
        return Pool(self._work, workers=config.workers, limit_s=config.limit_s, environment=environment)

    def rule(
        self, questions: Sequence[Question], *, trial: int = 0, on_done: Progress = lambda _: None
    ) -> list[Ruling]:
        """See `Subject.rule`; a failed check is undecided, with its kind."""
        if trial != self._trial:
            self._pool.close()
            self._pool = self._fresh(trial)
        results = self._pool.map(questions, on_done=on_done)
        return [self._ruling(result) for result in results]

    def _ruling(self, result: Any) -> Ruling:
        if isinstance(result, Failure):
            ms = self._config.limit_s * 1e3 if result.kind == "timeout" else 0.0
            return Ruling(None, fault=result.kind, detail=result.detail, ms=ms)
        try:
            outcome, score, detail, ms = result
            return ruling_of(Outcome(outcome), str(detail), float(ms), None if score is None else float(score))
        except (TypeError, ValueError):  # an answer that was run as code can make its worker say anything
            return Ruling(None, fault="crash", detail="its process sent something other than a ruling")

    def close(self) -> None:
        """Kill the workers."""
        self._pool.close()


def ruling_of(outcome: Outcome, detail: str, ms: float, score: float | None = None) -> Ruling:
    """A verdict as a ruling."""
    if outcome is Outcome.UNDECIDED:
        return Ruling(None, fault="undecided", detail=detail, ms=ms)
    return Ruling(outcome is Outcome.CORRECT, outcome is Outcome.MALFORMED, "", score, detail, ms)


class JudgeSubject(Subject):
    """A judge that arms filter with."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def rule(
        self, questions: Sequence[Question], *, trial: int = 0, on_done: Progress = lambda _: None
    ) -> list[Ruling]:
        """See `Subject.rule`; the trial is the round, so that a noisy judge draws anew."""
        attempts = [Attempt(task, answer, True, 0, 0, 0.0, 0) for task, _, answer in questions]
        verdicts: list[Verdict] = [judged.verdict for judged in self._judge.judge(attempts, round=trial).judged]
        on_done(len(verdicts))
        return [ruling_of(verdict.outcome, verdict.detail, verdict.cost_s * 1e3) for verdict in verdicts]


def build_subject(config: AuditConfig, envs: Mapping[str, Env]) -> Subject:
    """The verifier a configuration names.

    Raises:
        ValueError: There is no such verifier, or it cannot be loaded.
    """
    name = config.verifier
    if name == "env":
        return PooledSubject(EnvWork(dict(envs)), config)
    if name in ("accept-all", "noisy", "exact"):
        judge = config.judge if name == "noisy" else JudgeConfig(name)  # type: ignore[arg-type]  # of the line above
        require(
            name != "noisy" or judge.kind == "noisy", f"judge.kind = {judge.kind}: verifier noisy wants kind: noisy"
        )
        return JudgeSubject(build_judge(judge, Verifier(envs), config.seed))
    if Path(name).is_dir():
        from selfplay.measure.model import ModelSubject  # loads torch

        return ModelSubject(Path(name))
    module, colon, function = name.partition(":")
    spelled = all(part.isidentifier() for part in module.split(".")) and function.isidentifier()
    require(
        bool(colon) and spelled,
        f"verifier {name!r}: no such verifier; use env, accept-all, noisy, module:callable (importable from here), or"
        f" a run folder, which holds {CONFIG}",
    )
    return PooledSubject(CallableWork(name, os.getcwd(), config.threshold), config)
