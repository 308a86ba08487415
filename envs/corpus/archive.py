"""Python sources inside a wheel, a zip, a tar archive or a folder, read as bytes; nothing is unpacked or imported."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

MOST_BYTES = 16 * 2**20
"""Largest source file that is read; a larger one is no source of a person."""


def sources(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the wanted files, by name.

    Args:
        path: The archive or folder.
        wanted: Chooses by name; names are relative to the archive's or folder's top, with `/`.

    Raises:
        ValueError: The path is neither an archive nor a folder, or is damaged.
    """
    if path.is_dir():
        named = {file.relative_to(path).as_posix(): file for file in path.rglob("*.py")}
        for name in sorted(filter(wanted, named)):
            yield name, named[name].read_bytes()
        return
    try:
        yield from _of_tar(path, wanted) if path.is_file() and tarfile.is_tarfile(path) else _of_zip(path, wanted)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError) as problem:
        raise ValueError(f"{path}: cannot be read as a wheel, an archive or a folder ({problem})") from None


def _of_zip(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(filter(wanted, archive.namelist())):
            if archive.getinfo(name).file_size <= MOST_BYTES:
                yield name, archive.read(name)


def _of_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        members = {member.name: member for member in archive.getmembers() if member.isfile()}
        for name in sorted(filter(wanted, members)):
            file = archive.extractfile(members[name]) if members[name].size <= MOST_BYTES else None
            if file is not None:
                yield name, file.read()


def digest(path: Path) -> str:
    """SHA-256 of a file; empty for a folder."""
    if path.is_dir():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
