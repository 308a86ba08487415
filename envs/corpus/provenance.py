"""Rows of a built corpus with where each comes from and whether its answer was confirmed; and their file.

A corpus file is xz-compressed JSON lines. The first line says what the corpus was built from; every other is a row:

    {"prompt": "1/x", "answer": "log(x)", "topic": "1_2", "template": 3, "file": "test_1_2.py", "line": 45,
     "status": "yes"}

Rows stay in the order of the source, those too that no env will serve: what was found wrong or could not be read is
part of the record. The same rows give the same bytes.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

Status: TypeAlias = Literal["yes", "no", "undecided", "unread", "repeat"]
"""What became of a row: its answer was confirmed, found wrong, or neither; it is outside the grammar; or it repeats
the task of an earlier row that was confirmed."""

FORMAT = 1
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


@dataclass(frozen=True, slots=True)
class Row:
    """One pair of a source.

    Attributes:
        prompt: The question, in the house's spelling; as the source spells it where it could not be read.
        answer: The source's answer, likewise; empty where it could not be read.
        topic: The part of the source it is from.
        template: Number shared by rows that differ in numbers and parameters only.
        file: Name of the source file.
        line: Line of the source file, from 1.
        status: What became of it.
        reason: Why it is not "yes"; empty where it is.
        context: What a check needs besides, such as the domain of the symbols.
    """

    prompt: str
    answer: str
    topic: str
    template: int
    file: str
    line: int
    status: Status
    reason: str = ""
    context: str = ""


@dataclass(frozen=True)
class Origin:
    """What a corpus was built from.

    Attributes:
        corpus: Name of the corpus.
        source: Package and version.
        licence: Licences of the source, as SPDX names.
        sha256: Of the file that was read; empty for a folder.
        checked_by: The verifier with its version.
        format: Of the corpus file.
    """

    corpus: str
    source: str
    licence: str
    sha256: str
    checked_by: str
    format: int = FORMAT


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """Rows by status, every status named."""
    found = Counter(row.status for row in rows)
    return {status: found[status] for status in get_args(Status)}


def packed(origin: Origin, rows: Sequence[Row]) -> bytes:
    """The corpus file."""
    return lzma.compress("".join(_lines(origin, rows)).encode("ascii"), lzma.FORMAT_XZ, filters=_FILTERS)


def _lines(origin: Origin, rows: Sequence[Row]) -> Iterator[str]:
    for plain in (asdict(origin), *map(asdict, rows)):
        yield json.dumps({name: value for name, value in plain.items() if value != ""}) + "\n"


def unpacked(content: bytes, name: str) -> tuple[Origin, tuple[Row, ...]]:
    """Read a corpus file.

    Args:
        content: The file.
        name: What to call it in errors.

    Raises:
        ValueError: It is no corpus file, or one of another format.
    """
    try:
        first, *lines = lzma.decompress(content).splitlines()
        header = json.loads(first)
        if header["format"] != FORMAT:
            raise ValueError(f"{name}: a corpus file of format {header['format']}, not {FORMAT}; build it again")
        rows = tuple(_row(json.loads(line)) for line in lines)
        return _origin(header), rows
    except (lzma.LZMAError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as problem:
        raise ValueError(f"{name}: not a corpus file ({problem}); build it with selfplay corpus build") from None


def read(path: Path) -> tuple[Origin, tuple[Row, ...]]:
    """Read a corpus file.

    Raises:
        ValueError: It is missing, no corpus file, or one of another format.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ValueError(f"{path}: cannot be read ({problem.strerror}); build it with selfplay corpus build") from None
    return unpacked(content, str(path))


def _row(plain: dict[str, Any]) -> Row:
    return Row(**{"answer": "", **plain})


def _origin(plain: dict[str, Any]) -> Origin:
    return Origin(**{"sha256": "", **plain})
