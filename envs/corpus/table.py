"""Rows of data files as they are found: JSONL, JSON, Parquet, a folder of Parquet, a folder saved by `datasets`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EXTRA = "pip install 'selfplay-testbed[datasets]'"

Row = dict[str, Any]


def read_rows(path: Path) -> Iterator[tuple[str, Row | str]]:
    """Where each row is (`line 7`, `row 12`), and the row, or why there is none.

    Raises:
        ValueError: No such file, a kind of file that is not read, a damaged one, or the extra is missing.
    """
    if path.is_dir():
        yield from _read_folder(path)
    elif not path.is_file():
        raise ValueError(f"path={str(path)!r}: no such file or folder")
    elif path.suffix == ".parquet":
        yield from _read_parquet(path)
    elif path.suffix == ".json":
        yield from _read_json(path)
    elif path.suffix in (".jsonl", ".ndjson"):
        yield from _read_lines(path)
    else:
        raise ValueError(f"path={str(path)!r}: use a .jsonl, .json or .parquet file, or a folder of datasets")


def _read_lines(path: Path) -> Iterator[tuple[str, Row | str]]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", _object(json.loads(line))
        except (ValueError, RecursionError) as problem:
            yield f"line {number}", f"not JSON: {problem}"


def _read_json(path: Path) -> Iterator[tuple[str, Row | str]]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"{path}: not JSON: {problem}") from None
    if isinstance(content, dict):  # MATH has a file for each problem
        content = [content]
    if not isinstance(content, list):
        raise ValueError(f"{path}: neither a list of objects nor an object")
    for number, row in enumerate(content, start=1):
        yield f"row {number}", _object(row)


def _read_parquet(path: Path) -> Iterator[tuple[str, Row | str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as problem:
        raise ValueError(f"{path}: cannot be read as Parquet ({str(problem).splitlines()[0]})") from None
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", row


def _read_folder(path: Path) -> Iterator[tuple[str, Row | str]]:
    if (path / "dataset_info.json").is_file() or (path / "dataset_dict.json").is_file():
        yield from _read_saved(path)
        return
    parts = sorted(found for ending in ("parquet", "jsonl", "json") for found in path.rglob(f"*.{ending}"))
    if not parts:
        raise ValueError(f"path={str(path)!r}: no .parquet, .jsonl or .json file in it")
    for part in parts:
        for place, row in read_rows(part):
            yield f"{part.relative_to(path)} {place}", row


def _read_saved(path: Path) -> Iterator[tuple[str, Row | str]]:
    try:
        import datasets
    except ModuleNotFoundError as absent:
        if absent.name != "datasets":
            raise
        raise ValueError(f"{path}: was saved by `datasets`, which is not installed: {EXTRA}") from None
    if (path / "dataset_dict.json").is_file():
        splits = sorted(found.name for found in path.iterdir() if found.is_dir())
        raise ValueError(f"{path}: holds several splits; name the folder of one: {', '.join(splits)}")
    for number, row in enumerate(datasets.load_from_disk(str(path)), start=1):
        yield f"row {number}", dict(row)


def _object(value: Any) -> Row | str:
    return value if isinstance(value, dict) else "not a JSON object"
