"""What a study expects of a run before it exists, written down and hashed, and scored once it does.

A prediction is the loss of one cell, from the finished runs of its arm at smaller budgets. It holds the runs it was
made from, and is written once. Its hash shows that it was edited; who wants proof of the time publishes the hash.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from selfplay.config import StudyConfig
from selfplay.files import replacing
from selfplay.records import RunResult
from selfplay.scaling.band import band
from selfplay.scaling.fit import Fit, fit_law
from selfplay.scaling.forecast import MAX_DECADES
from selfplay.scaling.laws import LAWS
from selfplay.scaling.points import Points
from selfplay.scaling.selection import forecast_last, forecast_two_point
from selfplay.study.table import RunKey, gather, run_keys

FOLDER = "predictions"
MIN_BUDGETS = 2
FLOOR_BUDGETS = 5
"""Budgets from which on a floor is fitted; fewer than that do not show one."""


@dataclass(frozen=True)
class Prediction:
    """What is expected of one run.

    Attributes:
        arm: Its arm.
        budget: Its budget in training tokens.
        seed: Its seed.
        predicted_at: UTC, ISO 8601.
        law: The law and its parameters, C being training tokens.
        runs: Those it was fitted to: `arm/budget/seed` to their loss.
        loss: Expected loss, nats per answer token.
        low: Lower end of the 95% interval of the run.
        high: Upper end. The interval also holds the two baselines: the curve may break.
        ratio: Its budget over the largest fitted.
        flagged: Whether that is more than a decade.
        last_point: The best loss so far.
        two_point: The loss on the power law through the last two; None where there is one budget's worth.
    """

    arm: str
    budget: int
    seed: int
    predicted_at: str
    law: dict[str, str | float]
    runs: dict[str, float]
    loss: float
    low: float
    high: float
    ratio: float
    flagged: bool
    last_point: float
    two_point: float | None

    @property
    def key(self) -> RunKey:
        """The run."""
        return RunKey(self.arm, self.budget, self.seed)


@dataclass(frozen=True)
class Score:
    """A prediction beside the run.

    Attributes:
        prediction: What was expected.
        observed: The run's loss; None while it has not finished.
        error: Signed, of the loss: 0.02 is 2% too high. None likewise.
        inside: Whether the interval held the loss. None likewise.
        last_point_error: Error of the baseline that nothing changes. None likewise.
        two_point_error: Of the two-point power law. None likewise, or where there was none.
        doubt: Why it should not be counted: edited, or made after the run. Empty where it stands.
    """

    prediction: Prediction
    observed: float | None
    error: float | None
    inside: bool | None
    last_point_error: float | None
    two_point_error: float | None
    doubt: str = ""


def parse_cell(text: str, config: StudyConfig) -> RunKey:
    """Read `ARM/BUDGET/seedN`, a run of the study.

    Raises:
        ValueError: It is none; the message has some that are.
    """
    known = list(run_keys(config))
    parts = text.removeprefix("cells/").strip("/").split("/")
    for key in known:
        if parts == [key.arm, str(key.budget), f"seed{key.seed}"]:
            return key
    shown = ", ".join(_name(key) for key in known[-3:])
    raise ValueError(f"--cell {text!r}: no run of this study; they are ARM/BUDGET/seedN, such as {shown}")


def predict(study_dir: Path, config: StudyConfig, key: RunKey) -> Path:
    """Write the prediction of a run that has not begun; returns its file.

    Raises:
        ValueError: The run has begun, it is predicted already, or its arm has no finished runs at
            `MIN_BUDGETS` smaller budgets.
    """
    path = _path(study_dir, key)
    folder = key.folder(study_dir)
    if path.exists():
        raise ValueError(f"{path}: already predicted; a prediction is made once. See: selfplay score-prediction")
    if any((folder / name).exists() for name in ("result.json", "rounds.jsonl")):
        raise ValueError(f"{_name(key)} has begun: a prediction must be made before the run")
    results = [row for row in gather(study_dir, config) if row.arm == key.arm and row.budget < key.budget]
    found = _expect(key, results)
    record = asdict(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({**record, "sha256": _digest(record)}, indent=1, allow_nan=False) + "\n")
    return path


def fit_arm(results: Sequence[RunResult]) -> Fit:
    """The loss of one arm's runs over their training tokens: a power law, with a floor where budgets show one.

    Raises:
        ValueError: Too few budgets, or a loss that is no number above 0.
    """
    budgets = {row.budget for row in results}
    if len(budgets) < MIN_BUDGETS or len(results) < MIN_BUDGETS + 1:
        raise ValueError(
            f"{len(results)} finished runs at {len(budgets)} budgets; a power law with an interval needs"
            f" {MIN_BUDGETS + 1} runs at {MIN_BUDGETS} or more"
        )
    losses = np.array([row.loss for row in results])
    if not (np.isfinite(losses) & (losses > 0)).all():
        raise ValueError("a run has no finite loss above 0")
    rows = tuple(range(len(results)))
    points = Points({"C": np.log([float(row.D) for row in results])}, np.log(losses), rows, rows)
    fixed = {} if len(budgets) >= FLOOR_BUDGETS else {"c": float(losses.min()) * 1e-9}
    return fit_law(LAWS["power"], points, loss="l2", fixed=fixed)


def _expect(key: RunKey, results: Sequence[RunResult]) -> Prediction:
    try:
        fit = fit_arm(results)
    except ValueError as error:
        raise ValueError(f"{_name(key)}: its arm, at smaller budgets, has {error}") from None
    log_d = np.log([float(key.budget)])
    low, high = (float(end[0]) for end in band(fit, {"C": log_d}, new_run=True))
    expected = float(fit.law.log_loss(fit.coded[None], {"C": log_d})[0][0, 0])
    last = forecast_last(fit.points.log_loss)
    two = forecast_two_point(fit.points.logs["C"], fit.points.log_loss, log_d)
    guesses = [last] if two is None else [last, float(two[0])]
    ratio = key.budget / max(row.D for row in results)
    return Prediction(
        *key, datetime.now(UTC).isoformat(timespec="seconds"),
        {"name": fit.law.name, **fit.params},
        {_name(RunKey(row.arm, row.budget, row.seed)): row.loss for row in results},
        math.exp(expected), math.exp(min(low, *guesses)), math.exp(max(high, *guesses)),
        ratio, math.log10(ratio) > MAX_DECADES, math.exp(last), None if two is None else math.exp(guesses[1]),
    )  # fmt: skip


def scores(study_dir: Path, config: StudyConfig) -> list[Score]:
    """Every prediction of a study, in the order of the table.

    Raises:
        ValueError: A prediction cannot be read.
    """
    observed = {RunKey(row.arm, row.budget, row.seed): row.loss for row in gather(study_dir, config)}
    found = []
    for key in run_keys(config):
        path = _path(study_dir, key)
        if path.is_file():
            found.append(_score(path, key.folder(study_dir), observed.get(key)))
    return found


def _score(path: Path, folder: Path, observed: float | None) -> Score:
    try:
        record = json.loads(path.read_text())
        stated = record.pop("sha256")
        prediction = Prediction(**record)
        made = datetime.fromisoformat(prediction.predicted_at).timestamp()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a prediction ({type(error).__name__}: {error}); move it away") from None
    doubt = "" if stated == _digest(record) else "edited: its hash does not match"
    if observed is None or not math.isfinite(observed):
        return Score(prediction, None, None, None, None, None, doubt)
    if not doubt and (folder / "result.json").stat().st_mtime < made:
        doubt = "the run's result is older than the prediction"
    return Score(
        prediction, observed, prediction.loss / observed - 1.0, prediction.low <= observed <= prediction.high,
        prediction.last_point / observed - 1.0,
        None if prediction.two_point is None else prediction.two_point / observed - 1.0, doubt,
    )  # fmt: skip


def _digest(record: dict[str, object]) -> str:
    """SHA-256 of the content, however the file is laid out."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _name(key: RunKey) -> str:
    return f"{key.arm}/{key.budget}/seed{key.seed}"


def _path(study_dir: Path, key: RunKey) -> Path:
    return study_dir / FOLDER / f"{key.arm}-{key.budget}-seed{key.seed}.json"
