"""What a report is made of: the study's configuration, its finished runs, and their rounds.

Only runs with a `result.json` count; the rounds of a run that is still going are not read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfplay.config import ArmConfig, StudyConfig
from selfplay.configfile import load_config
from selfplay.records import JudgeReport, ProposalReport, RoundReport, RunResult, Scores
from selfplay.study.table import RunKey, gather, run_keys


@dataclass(frozen=True)
class TurningPoint:
    """Where an arm's validation loss was lowest in its longest runs, the round early stopping keeps.

    Attributes:
        tokens: (n,) training tokens of that round, one per seed whose loss rose afterwards; rising.
        n_seeds: Seeds looked at, those that were lowest in their last round included.
    """

    tokens: tuple[int, ...]
    n_seeds: int


@dataclass(frozen=True)
class Evidence:
    """A study folder, read.

    Attributes:
        study_dir: The folder.
        config: The study's resolved configuration.
        results: Finished runs in table order.
        missing: Runs the study should have and has not.
        rounds: Rounds of the finished runs that curves are drawn from: each arm's at `curve_budget`.
    """

    study_dir: Path
    config: StudyConfig
    results: tuple[RunResult, ...]
    missing: tuple[RunKey, ...]
    rounds: Mapping[RunKey, Sequence[RoundReport]]

    @property
    def n_cells(self) -> int:
        """Runs the study should have."""
        return len(self.results) + len(self.missing)

    def of(self, arm: str, budget: int) -> list[RunResult]:
        """Finished runs of one arm at one budget, by seed."""
        return [row for row in self.results if row.arm == arm and row.budget == budget]

    def budgets(self, arm: str) -> list[int]:
        """Budgets at which an arm has finished runs, rising."""
        return sorted({row.budget for row in self.results if row.arm == arm})

    def curves(self, arm: str) -> list[Sequence[RoundReport]]:
        """(n,) rounds of the arm's runs at its curve budget, by seed."""
        return [rounds for key, rounds in self.rounds.items() if key.arm == arm]

    def real_limit_tokens(self) -> int | None:
        """U: distinct real tokens of the baseline's pool, the largest over seeds; None without baseline runs."""
        return max((row.U for row in self.results if row.arm == self.config.baseline), default=None)

    def turning_point(self) -> TurningPoint:
        """Where the baseline stops improving."""
        turned, curves = [], self.curves(self.config.baseline)
        for rounds in curves:
            best = max((i for i, report in enumerate(rounds) if report.is_best), default=len(rounds) - 1)
            if best < len(rounds) - 1:
                turned.append(rounds[best].train_tokens)
        return TurningPoint(tuple(sorted(turned)), len(curves))


def read_evidence(study_dir: Path) -> Evidence:
    """Read a study folder.

    Raises:
        ValueError: There is no study in the folder, no run of it has finished, or a file is damaged.
    """
    if not (study_dir / "study.yaml").is_file():
        raise ValueError(f"{study_dir}: no study here (study.yaml is missing)")
    config = load_config(StudyConfig, study_dir / "study.yaml")
    results = gather(study_dir, config)
    if not results:
        raise ValueError(f"{study_dir}: no run of this study has finished yet (no cells/*/*/seed*/result.json)")
    present = {RunKey(row.arm, row.budget, row.seed) for row in results}
    missing = tuple(key for key in run_keys(config) if key not in present)
    rounds = {}
    for arm in config.arms:
        budget = curve_budget(config, arm)
        for row in results:
            key = RunKey(row.arm, row.budget, row.seed)
            if row.arm == arm.name and row.budget == budget:
                rounds[key] = read_rounds(key.folder(study_dir) / "rounds.jsonl", row)
    return Evidence(study_dir, config, tuple(results), missing, rounds)


def curve_budget(config: StudyConfig, arm: ArmConfig) -> int:
    """The budget whose runs an arm's curves show: the largest that all arms share, else the arm's own largest."""
    shared = set.intersection(*(set(other.budgets_tokens or config.budgets_tokens) for other in config.arms))
    return max(shared or set(arm.budgets_tokens or config.budgets_tokens))


def read_rounds(path: Path, result: RunResult) -> list[RoundReport]:
    """Read the `rounds.jsonl` of a finished run. Amounts in it are running totals.

    Args:
        path: The file.
        result: The run's row; its D must be what the last round had reached.

    Raises:
        ValueError: A line is not a round, or the rounds are not all of that run.
    """
    if not path.is_file():
        raise ValueError(f"{path}: missing, although the run has finished")
    rounds = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            rounds.append(_round(json.loads(line)))
        except (json.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path}, line {number}: not a round ({type(error).__name__}: {error})") from None
    reached = rounds[-1].train_tokens if rounds else 0
    if reached != result.D:
        raise ValueError(f"{path}: the last round is at {reached:,} training tokens, result.json says {result.D:,}")
    return rounds


def _round(line: Mapping[str, Any]) -> RoundReport:
    """One line as a record; null is nan."""
    values = dict(line)
    for name, kind in (("judge", JudgeReport), ("heldout", Scores), ("validation", Scores)):
        values[name] = kind(**_finite_or_nan(values[name]))
    proposals = values.get("proposals") or {}
    values["proposals"] = ProposalReport(**_finite_or_nan(proposals))
    values["alarms"] = tuple(values.get("alarms", ()))
    return RoundReport(**_finite_or_nan(values))


def _finite_or_nan(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in values.items()}
