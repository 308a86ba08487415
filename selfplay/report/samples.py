"""A few attempts of each arm, chosen by rule, for readers to judge the judge by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from envs.core import Outcome
from selfplay.report.evidence import Evidence

MAX_SAMPLES = 200
"""Over the whole report: enough to look around in, few enough to load at once."""

MAX_PER_KIND = 5
N_ROUNDS = 4

KINDS = (
    "wrong, accepted",
    "wrong, rejected",
    "right, kept",
    "right, accepted but not kept",
    "right, rejected",
    "undecided",
)
"""What the judge did with an attempt, the most telling first."""

_COLUMNS = ("env", "prompt", "level", "answer", "verdict", "detail", "tier", "truth", "kept")


@dataclass(frozen=True, slots=True)
class Sample:
    """One attempt as the report shows it.

    Attributes:
        arm: Arm.
        round: Round.
        kind: One of `KINDS`.
        n_kind: Attempts of this kind in the round.
        env: Env of the task.
        level: Difficulty.
        prompt: Task as the model read it.
        answer: What the model wrote.
        verdict: What the arm's judge said.
        truth: What the env's exact verifier says.
        detail: The verifier's evidence, and its kind.
    """

    arm: str
    round: int
    kind: str
    n_kind: int
    env: str
    level: int
    prompt: str
    answer: str
    verdict: str
    truth: str
    detail: str


def kind_of(verdict: str, truth: str, kept: bool) -> str:
    """Which of `KINDS` an attempt is."""
    if Outcome.UNDECIDED in (verdict, truth):
        return "undecided"
    accepted = verdict == Outcome.CORRECT
    if truth != Outcome.CORRECT:
        return "wrong, accepted" if accepted else "wrong, rejected"
    if not accepted:
        return "right, rejected"
    return "right, kept" if kept else "right, accepted but not kept"


def choose_samples(evidence: Evidence) -> list[Sample]:
    """The first few attempts of each kind, in rounds spread over one run of each arm: its longest, first seed.

    Nothing is chosen for being interesting; the counts say what each stands for.

    Raises:
        ValueError: An attempts file is damaged.
    """
    folders: dict[str, Path] = {}
    for key in evidence.rounds:
        folders.setdefault(key.arm, key.folder(evidence.study_dir))
    rounds = [
        (arm, path, _by_kind(path))
        for arm, folder in folders.items()
        for path in _spread(sorted((folder / "attempts").glob("*.parquet")))
    ]
    groups = [(arm, int(path.stem), kind, rows) for arm, path, kinds in rounds for kind, rows in kinds.items() if rows]
    per_kind = MAX_PER_KIND
    while per_kind > 1 and sum(min(per_kind, len(rows)) for *_, rows in groups) > MAX_SAMPLES:
        per_kind -= 1
    chosen = [
        _sample(arm, number, kind, len(rows), row) for arm, number, kind, rows in groups for row in rows[:per_kind]
    ]
    return chosen[:MAX_SAMPLES]


def _spread(paths: Sequence[Path]) -> list[Path]:
    """At most `N_ROUNDS` of the files, first and last among them, evenly between."""
    if len(paths) <= N_ROUNDS:
        return list(paths)
    return [paths[round(i * (len(paths) - 1) / (N_ROUNDS - 1))] for i in range(N_ROUNDS)]


def _by_kind(path: Path) -> dict[str, list[dict[str, Any]]]:
    """One file's attempts by kind, in the order of `KINDS` and of the file."""
    try:
        rows = pq.read_table(path, columns=list(_COLUMNS)).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path}: cannot be read as a round's attempts ({str(error).splitlines()[0]})") from None
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for row in rows:
        found[kind_of(row["verdict"], row["truth"], row["kept"])].append(row)
    return found


def _sample(arm: str, number: int, kind: str, n_kind: int, row: dict[str, Any]) -> Sample:
    return Sample(
        arm=arm,
        round=number,
        kind=kind,
        n_kind=n_kind,
        env=row["env"],
        level=row["level"],
        prompt=row["prompt"],
        answer=row["answer"],
        verdict=row["verdict"],
        truth=row["truth"],
        detail=f"{row['detail']} ({row['tier']})" if row["detail"] and row["tier"] else row["detail"] or row["tier"],
    )
