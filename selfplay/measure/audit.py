"""One audit: draw labelled answers, have the verifier judge them, and sum up what it got wrong.

Labels come, strongest first, from construction, from an independent reference, or from the envs' own verifiers where
another verifier is on trial; never from the verifier on trial.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from envs.core import Env
from envs.execution import status_for
from envs.sandbox import Layer
from selfplay.config import JudgeConfig, require
from selfplay.configfile import load_config
from selfplay.measure.cases import Case, Judgement, Origin
from selfplay.measure.config import AuditConfig
from selfplay.measure.draw import Drawn, draw_cases, reference_of
from selfplay.measure.gate import Condition, check_gate
from selfplay.measure.loading import Question
from selfplay.measure.rates import Confusion, Filtering, Rate, filtering
from selfplay.measure.relations import Relation, check_relations
from selfplay.measure.samples import Drift, Sampled, read_samples, run_config
from selfplay.measure.strata import (
    Cluster,
    Ranking,
    Repeats,
    Stratum,
    compare_repeats,
    confusion_of,
    find_clusters,
    rank,
    summarize,
)
from selfplay.measure.subject import Subject, build_subject
from selfplay.progress import Steps
from selfplay.streams import stream

DEFAULT_BASE_RATE = 0.1
BASE_RATES = (0.01, 0.1, 0.5)
"""Generators that purity is shown for, besides the one at hand."""

N_FIRST = 20
"""Answers tried before all others."""

MAX_SHOWN = 8
"""Judgements of a kind shown for each stratum."""

Say = Callable[[str], object]


@dataclass(frozen=True)
class NoiseControl:
    """The noisy judge against its settings: an audit that misses these misses others too.

    Attributes:
        name: Which rate.
        set_to: What it is set to.
        measured: What the audit found.
    """

    name: str
    set_to: float
    measured: Rate

    @property
    def inside(self) -> bool:
        """Whether the interval holds the setting."""
        return self.measured.low <= self.set_to <= self.measured.high


@dataclass(frozen=True)
class Audit:
    """Everything measured.

    Attributes:
        config: With the tasks and the run filled in.
        reference: Who labelled what has no label by construction.
        strata: By family and origin.
        confusion: Over all but hostile texts.
        filtering: As a filter at the base rate at hand first, then at `BASE_RATES`.
        filtering_from: Which strata its rates are of.
        filtering_counts: Their decided cases.
        ranking: None where the verifier gives no scores.
        clusters: Errors that look alike.
        repeats: None where nothing was judged twice.
        relations: Metamorphic relations.
        drift: Of the run, by round.
        noise: Of the noisy judge.
        n_injected: Texts tried that create a file where they are run as code.
        n_executed: Of these, those that were run; None where none were tried.
        n_unlabelled: Answers nobody could label, by family and origin.
        disputed: Constructed cases that the reference contradicts.
        gate: Its conditions.
        shown: Judgements for a person to look at.
        threshold: Least score that accepts.
        layers: Sandbox layers that were active, by name; None where no program was run in it.
        scores: Score and label of every decided case but the hostile ones; 1 or 0 where a verifier gives no scores.
    """

    config: AuditConfig
    reference: str
    strata: list[Stratum]
    confusion: Confusion
    filtering: list[Filtering]
    filtering_from: str
    filtering_counts: Confusion
    ranking: Ranking | None
    clusters: list[Cluster]
    repeats: Repeats | None
    relations: list[Relation]
    drift: list[Drift]
    noise: list[NoiseControl]
    n_injected: int
    n_executed: int | None
    n_unlabelled: Mapping[tuple[str, str], int]
    disputed: list[Case]
    gate: list[Condition]
    shown: list[Judgement]
    threshold: float
    layers: Mapping[str, str] | None = None
    scores: Sequence[tuple[float, bool]] = ()

    @property
    def passed(self) -> bool:
        """Whether every condition of the gate holds."""
        return all(condition.passed for condition in self.gate)

    @property
    def name(self) -> str:
        """Title of the report."""
        return self.config.name or self.config.verifier


def load_audit(path: str | None, overrides: Sequence[str], verifier: str | None) -> AuditConfig:
    """The configuration of an audit, with its run and its tasks filled in.

    Args:
        path: A YAML file; None is the built-in one, without its tasks if the verifier is a run.
        overrides: Dotted options over it.
        verifier: Instead of the file's.

    Raises:
        ValueError: See `load_config`; or the run folder holds no run.
    """
    builtin = files("selfplay.measure").joinpath("default.yaml")
    config = load_config(AuditConfig, path or str(builtin), overrides)  # type: ignore[type-var]
    if verifier is not None:
        config = replace(config, verifier=verifier, name=config.name if path is not None else "")
    if Path(config.verifier).is_dir() and config.run is None:
        config = replace(config, run=config.verifier, tasks=config.tasks if path is not None else [])
    if not config.tasks:
        tasks = run_config(Path(config.run)).data.tasks if config.run is not None else load_builtin().tasks
        config = replace(config, tasks=tasks)
    return config


def load_builtin() -> AuditConfig:
    """The audit that runs without a file."""
    return load_config(AuditConfig, str(files("selfplay.measure").joinpath("default.yaml")))  # type: ignore[type-var]


def run_audit(config: AuditConfig, *, say: Say = lambda _: None) -> Audit:
    """Audit the verifier that a configuration names.

    Args:
        config: From `load_audit`.
        say: Called with a line at every step.

    Raises:
        ValueError: The verifier, the run or the envs cannot be used; one line that says why.
    """
    require(bool(config.tasks), "tasks is empty: name at least one env")
    envs = {task.env.name: task.env for task in config.tasks}
    subject = build_subject(config, envs)
    try:
        with tempfile.TemporaryDirectory(prefix="selfplay-audit-") as canaries:
            return _Session(config, envs, subject, Path(canaries), say).audit()
    finally:
        subject.close()


def _state(layer: Layer) -> str:
    return "active" if layer.active else "missing"


class _Session:
    """The steps of one audit, in order."""

    def __init__(
        self, config: AuditConfig, envs: Mapping[str, Env], subject: Subject, canaries: Path, say: Say
    ) -> None:
        self._config, self._envs, self._subject, self._canaries, self._say = config, envs, subject, canaries, say
        self._reference = reference_of(config, envs, env_on_trial=subject.is_env)

    def audit(self) -> Audit:
        """All steps."""
        config = self._config
        self._say("drawing and labelling answers")
        drawn = draw_cases(config, self._reference, self._canaries)
        sampled = self._samples(drawn)
        threshold = self._calibrate(drawn)
        judgements = self._judge(drawn.cases)
        relations = check_relations(config, self._subject) if config.n_relation else []
        self._say(f"checked {sum(relation.n for relation in relations):,} metamorphic relations")
        repeats = self._repeat(judgements)
        n_executed = sum(path.exists() for path in drawn.canaries.values()) if config.hostile else None
        strata = summarize(judgements)
        rates_from, confusion = _rates_of(judgements)
        plain = [j for j in judgements if j.case.origin is not Origin.HOSTILE]
        return Audit(
            config=config,
            reference=self._reference[0],
            strata=strata,
            confusion=confusion_of(plain),
            filtering=self._filtering(confusion, sampled),
            filtering_from=rates_from,
            filtering_counts=confusion,
            ranking=rank(plain, sampled.base_rate),
            clusters=find_clusters(judgements),
            repeats=repeats,
            relations=relations,
            drift=sampled.drift,
            noise=_noise(config.judge, judgements) if config.verifier == "noisy" else [],
            n_injected=len(drawn.canaries),
            n_executed=n_executed,
            n_unlabelled=drawn.n_unlabelled,
            disputed=drawn.disputed,
            gate=check_gate(
                config.gate, strata, relations, repeats, n_executed=n_executed, n_disputed=len(drawn.disputed)
            ),
            shown=_shown(judgements, str(self._canaries)),
            threshold=threshold,
            layers={layer.name: _state(layer) for layer in status_for(self._envs.values()).layers} or None,
            scores=[(_score(j), j.case.right) for j in plain if j.ruling.accepted is not None],
        )

    def _samples(self, drawn: Drawn) -> Sampled:
        """The run's attempts as further cases."""
        if self._config.run is None:
            return Sampled([], [], None, {})
        name, label = self._reference
        sampled = read_samples(self._config, Path(self._config.run), self._envs, label, name=name)
        usable = [case for case in sampled.cases if case.gold or not self._subject.takes_gold]
        for case in sampled.cases:
            if not case.gold and self._subject.takes_gold:
                drawn.n_unlabelled[case.stratum] = drawn.n_unlabelled.get(case.stratum, 0) + 1
        drawn.cases += usable
        return sampled

    def _calibrate(self, drawn: Drawn) -> float:
        """A model's threshold is set on one half of the tasks, which then counts for no rate."""
        if not self._subject.calibrates:
            return self._config.threshold
        halves: tuple[list[Case], list[Case]] = ([], [])
        for case in drawn.cases:
            halves[int(case.task.id, 16) % 2].append(case)
        drawn.cases = halves[1]
        return self._subject.calibrate([case for case in halves[0] if case.origin is not Origin.HOSTILE])

    def _judge(self, cases: Sequence[Case], *, trial: int = 0) -> list[Judgement]:
        questions = [(case.task, case.gold, case.answer) for case in cases]
        self._say(f"judging {len(cases):,} answers" + (" again, in fresh processes" if trial else ""))
        if not trial:
            self._try_first(questions)
        with Steps("judging", len(questions), "answers") as steps:
            rulings = self._subject.rule(questions, trial=trial, on_done=steps.update)
        return [Judgement(case, ruling) for case, ruling in zip(cases, rulings, strict=True)]

    def _try_first(self, questions: Sequence[Question]) -> None:
        """Refuse a verifier that gives no verdict at all, before hours of time-outs."""
        rulings = self._subject.rule(questions[:: max(1, len(questions) // N_FIRST)][:N_FIRST])
        if rulings and all(ruling.fault in ("timeout", "crash", "memory") for ruling in rulings):
            reason = f"{rulings[0].fault}: {rulings[0].detail}".strip(": ")
            raise ValueError(
                f"verifier {self._config.verifier}: no verdict on any of {len(rulings)} answers tried first ({reason})"
            )

    def _repeat(self, judgements: Sequence[Judgement]) -> Repeats | None:
        n = min(self._config.n_repeated, len(judgements))
        if not n:
            return None
        first = stream(self._config.seed, "repeat").sample(judgements, n)
        return compare_repeats(first, self._judge([j.case for j in first], trial=1))

    def _filtering(self, confusion: Confusion, sampled: Sampled) -> list[Filtering]:
        at_hand = self._config.base_rate if self._config.base_rate is not None else sampled.base_rate
        base = DEFAULT_BASE_RATE if at_hand is None else at_hand
        rates = [base, *(g for g in BASE_RATES if g != base)]
        return [filtering(g, confusion.tpr, confusion.fpr) for g in rates]


def _score(judgement: Judgement) -> float:
    score = judgement.ruling.score
    return float(judgement.ruling.accepted is True) if score is None else score


def _rates_of(judgements: Sequence[Judgement]) -> tuple[str, Confusion]:
    """Where the rates of the filter come from: the last round's samples if they hold both kinds, else all strata."""
    rounds = [j.case.kind for j in judgements if j.case.origin is Origin.SAMPLE]
    last = max(rounds, key=lambda kind: int(kind.split()[-1]), default="")
    confusion = confusion_of(j for j in judgements if j.case.origin is Origin.SAMPLE and j.case.kind == last)
    if confusion.tpr.n and confusion.fpr.n:
        return f"model samples, {last}", confusion
    plain = (Origin.GOLD, Origin.REWRITE, Origin.NEAR_MISS, Origin.OTHER)
    return "golds, rewrites, near misses and other tasks' answers", confusion_of(
        j for j in judgements if j.case.origin in plain
    )


def _noise(judge: JudgeConfig, judgements: Sequence[Judgement]) -> list[NoiseControl]:
    """Of the answers that the noisy judge draws for: those the env reads as answers."""
    drawn = confusion_of(
        j for j in judgements if j.case.origin not in (Origin.HOSTILE, Origin.SAMPLE) and not j.ruling.malformed
    )
    return [
        NoiseControl("true accept rate", judge.true_accept_rate, drawn.tpr),
        NoiseControl("false accept rate", judge.false_accept_rate, drawn.fpr),
    ]


def _shown(judgements: Sequence[Judgement], canaries: str) -> list[Judgement]:
    """The first false accepts, false rejects and undecided answers of every stratum and kind of hostile text.

    The folder of the canaries, another each time, is called CANARIES.
    """
    counts: dict[tuple[str, ...], int] = {}
    shown = []
    for j in judgements:
        if not j.is_error and j.ruling.accepted is not None:
            continue
        key = (*j.case.stratum, j.case.kind, str(j.case.right), str(j.ruling.accepted))
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= MAX_SHOWN:
            shown.append(replace(j, case=replace(j.case, answer=j.case.answer.replace(canaries, "CANARIES"))))
    return sorted(shown, key=lambda j: (not j.is_false_accept, not j.is_false_reject))
