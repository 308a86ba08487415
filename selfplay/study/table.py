"""The run table: one row per finished run, gathered from the runs' own `result.json` files.

Written as Parquet for programs and as CSV for people, rows in the order of the study's arms, budgets and seeds,
so that the same runs give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from selfplay.config import StudyConfig
from selfplay.files import replacing
from selfplay.records import RunResult

_TYPES: dict[object, type] = {"str": str, "int": int, "float": float}

COLUMNS: dict[str, type] = {field.name: _TYPES[field.type] for field in fields(RunResult)}
"""Column name to Python type, in the order of the table."""

_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64()}


class RunKey(NamedTuple):
    """What tells the runs of a study apart."""

    arm: str
    budget: int
    seed: int

    def folder(self, study_dir: Path) -> Path:
        """Where the run is kept."""
        return study_dir / "cells" / self.arm / str(self.budget) / f"seed{self.seed}"


def run_keys(config: StudyConfig) -> Iterator[RunKey]:
    """Every run a study should have, in the order of the table."""
    for arm in config.arms:
        for budget in sorted(arm.budgets_tokens or config.budgets_tokens):
            for seed in sorted(config.seeds):
                yield RunKey(arm.name, budget, seed)


def read_result(path: Path) -> RunResult:
    """Read one `result.json`. A float written as null is nan.

    Raises:
        ValueError: The file is not the JSON of a `RunResult`; one line with the file and what is wrong.
    """
    try:
        record = json.loads(path.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error}); delete it and start the study again") from None
    if not isinstance(record, dict):
        raise ValueError(f"{path}: expected one JSON object, found {type(record).__name__}")
    for problem, names in (("lacks", COLUMNS.keys() - record.keys()), ("has unknown", record.keys() - COLUMNS.keys())):
        if names:
            raise ValueError(f"{path}: {problem} {', '.join(sorted(names))}")
    values: dict[str, Any] = {name: _value(path, name, record[name]) for name in COLUMNS}
    return RunResult(**values)


def _value(path: Path, name: str, value: object) -> object:
    """One field, checked against its column's type."""
    wanted = COLUMNS[name]
    if wanted is float and value is None:
        return math.nan
    accepted = (int, float) if wanted is float else wanted
    if not isinstance(value, accepted) or isinstance(value, bool):
        raise ValueError(f"{path}: {name} = {value!r}, expected {wanted.__name__}")
    return wanted(value)


def gather(study_dir: Path, config: StudyConfig) -> list[RunResult]:
    """The finished runs of a study, in table order; unfinished ones are absent.

    Raises:
        ValueError: A result is damaged, lies in another run's folder, or belongs to no run of the study: nothing
            is left out silently.
    """
    results, known = [], set()
    for key in run_keys(config):
        path = key.folder(study_dir) / "result.json"
        known.add(path)
        if not path.is_file():
            continue
        result = read_result(path)
        found = RunKey(result.arm, result.budget, result.seed)
        if found != key:
            raise ValueError(f"{path}: holds the result of {'/'.join(map(str, found))}")
        results.append(result)
    for path in sorted((study_dir / "cells").glob("*/*/*/result.json")):
        if path not in known:
            raise ValueError(f"{path}: no run of study.yaml; move it away or add its arm, budget and seed")
    return results


def write_table(results: Sequence[RunResult], study_dir: Path) -> None:
    """Write `table.parquet` and `table.csv`, each atomically, in the order given."""
    columns = {
        name: pa.array([getattr(result, name) for result in results], type=_ARROW[kind])
        for name, kind in COLUMNS.items()
    }
    with replacing(study_dir / "table.parquet") as temporary:
        pq.write_table(pa.table(columns), temporary)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(result) for result in results)
    with replacing(study_dir / "table.csv") as temporary:
        temporary.write_text(text.getvalue())


def read_table(path: Path) -> list[RunResult]:
    """Read `table.parquet` back.

    Raises:
        ValueError: The file is missing, damaged, or has other columns.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path}: cannot be read as a run table ({str(error).splitlines()[0]})") from None
    if table.column_names != list(COLUMNS):
        raise ValueError(f"{path}: columns are {', '.join(table.column_names)}, expected {', '.join(COLUMNS)}")
    return [RunResult(**row) for row in table.to_pylist()]
