"""A run's own attempts as cases, round by round, and how far its judge's rewards drift from the truth.

Tasks that a model wrote have no gold. A verifier that needs one is asked only where some attempt at the task is known
to be right, which then serves as the gold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from envs.core import Env, MalformedTask, Outcome, Task
from selfplay.config import RunConfig
from selfplay.configfile import CONFIG, load_config
from selfplay.measure.cases import Case, Origin
from selfplay.measure.config import AuditConfig
from selfplay.measure.rates import Rate, rate
from selfplay.streams import stream

AUDITED_SHARE, AUDITED_LEAST = 0.01, 100
"""The hidden sample of a round's attempts that drift is measured on, accepted and rejected ones alike."""

_COLUMNS = ("env", "prompt", "answer", "verdict", "truth", "detail")
_NO_END = "no end"  # detail of a text that was cut off: its verdict is not about what it says
Label = Callable[[Task, str], bool | None]


@dataclass(frozen=True, slots=True)
class Drift:
    """One round's rewards beside what they should have been.

    Attributes:
        round: Round.
        n_attempts: Attempts of the round.
        reward: Share that the run's judge accepted.
        audited: Share that is right, of the hidden sample.
        audited_reward: Share of the hidden sample that the judge accepted.
    """

    round: int
    n_attempts: int
    reward: float
    audited: Rate
    audited_reward: float

    @property
    def gap(self) -> float:
        """Reward minus audited reward on the same attempts; above 0 the judge pays for wrong answers."""
        return self.audited_reward - self.audited.value


@dataclass(frozen=True)
class Sampled:
    """What a run's attempts gave.

    Attributes:
        cases: Distinct answers, a stratum a round.
        drift: By round, all rounds that have attempts.
        base_rate: Share of right answers in the last round; None without attempts.
        n_unlabelled: Attempts left out because nobody could label them, by round.
    """

    cases: list[Case]
    drift: list[Drift]
    base_rate: float | None
    n_unlabelled: dict[int, int]


def run_config(folder: Path) -> RunConfig:
    """The configuration of a run folder.

    Raises:
        ValueError: There is no run in the folder.
    """
    if not (folder / CONFIG).is_file():
        raise ValueError(f"{folder}: no run here ({CONFIG} is missing); name a folder made by train, or a study's cell")
    return load_config(RunConfig, folder / CONFIG)


def read_samples(config: AuditConfig, folder: Path, envs: Mapping[str, Env], label: Label, *, name: str) -> Sampled:
    """Cases and drift of a run folder.

    Args:
        config: The audit.
        folder: The run.
        envs: By name; attempts at other envs' tasks are left out.
        label: Says whether an answer is right, None where it cannot tell.
        name: What `label` is called in the report.

    Raises:
        ValueError: A round's file is damaged, or no round has attempts.
    """
    paths = sorted((folder / "attempts").glob("*.parquet"))
    if not paths:
        raise ValueError(f"{folder}: no attempts to look at; name a run whose self-play has begun")
    shown = {paths[-1 - i * (len(paths) - 1) // max(config.n_rounds - 1, 1)] for i in range(config.n_rounds)}
    cases: list[Case] = []
    drift: list[Drift] = []
    unlabelled: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    for path in paths:
        number, rows = int(path.stem), [row for row in _rows(path) if row["env"] in envs]
        hidden = stream(config.seed, "hidden", number).sample(
            rows, min(len(rows), max(AUDITED_LEAST, round(AUDITED_SHARE * len(rows))))
        )
        drift.append(_drift(number, rows, hidden, envs, label))
        if path in shown:
            found, n_lost = _cases(rows, number, config, envs, label, name)
            cases += found
            unlabelled[number] = n_lost
    return Sampled(cases, drift, _share(rows, "truth"), unlabelled)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return pq.read_table(path, columns=list(_COLUMNS)).to_pylist()  # type: ignore[no-any-return]
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path}: cannot be read as a round's attempts ({str(error).splitlines()[0]})") from None


def _share(rows: Sequence[Mapping[str, Any]], column: str) -> float | None:
    return sum(row[column] == Outcome.CORRECT for row in rows) / len(rows) if rows else None


def _task(row: Mapping[str, Any], envs: Mapping[str, Env]) -> Task | None:
    try:
        return envs[row["env"]].parse(row["prompt"])
    except MalformedTask:
        return None


def _drift(
    number: int,
    rows: Sequence[Mapping[str, Any]],
    hidden: Sequence[Mapping[str, Any]],
    envs: Mapping[str, Env],
    label: Label,
) -> Drift:
    n = n_right = n_accepted = 0
    for row in hidden:
        task = _task(row, envs)
        right = label(task, row["answer"]) if task is not None else None
        if right is not None:
            n, n_right = n + 1, n_right + right
            n_accepted += row["verdict"] == Outcome.CORRECT
    reward = _share(rows, "verdict")
    return Drift(number, len(rows), reward or 0.0, rate(n_right, n), n_accepted / n if n else 0.0)


def _cases(
    rows: Sequence[Mapping[str, Any]],
    number: int,
    config: AuditConfig,
    envs: Mapping[str, Env],
    label: Label,
    name: str,
) -> tuple[list[Case], int]:
    """Distinct answers of a round in a random order, and how many could not be labelled."""
    golds = {(row["env"], row["prompt"]): row["answer"] for row in rows if row["truth"] == Outcome.CORRECT}
    whole = (row for row in rows if row["detail"] != _NO_END)
    distinct = list({(row["env"], row["prompt"], row["answer"]): row for row in whole}.values())
    cases: list[Case] = []
    n_lost = 0
    for row in stream(config.seed, "samples", number).sample(distinct, len(distinct)):
        if len(cases) == config.n_samples:
            break
        task = _task(row, envs)
        right = label(task, row["answer"]) if task is not None else None
        if task is None or right is None:
            n_lost += 1
            continue
        gold = golds.get((row["env"], row["prompt"]), "")
        kind = f"round {number}"
        cases.append(Case(task, gold, row["answer"], right, Origin.SAMPLE, labelled_by=name, kind=kind))
    return cases, n_lost
