"""Files that are either whole or absent, and folders that one process at a time writes to."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the name `path` when the block ends without an error.

    Raises:
        OSError: The folder is not writable or the disk is full; nothing is left under either name that was not
            there before.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    with naming(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):  # an error on the way here says more
                temporary.unlink(missing_ok=True)


def require_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to before work is spent on what goes there; nothing is made.

    Raises:
        OSError: It is a file, or what exists of its path cannot be written to.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise PermissionError(errno.EACCES, "cannot be written to", str(nearest))


@contextmanager
def naming(path: Path, *used: Path) -> Iterator[None]:
    """Have errors of writing name the file that was to be written; those of other files, say of a source, pass."""
    try:
        yield
    except OSError as error:
        names = {str(name) for name in (error.filename, error.filename2) if name is not None}
        if names and names.isdisjoint(map(str, (path, *used, *path.parents))):
            raise
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock ends with the process, however it ends.

    What processes that were killed while writing left behind under temporary names is removed.

    Raises:
        ValueError: Another process holds it.
        OSError: The folder cannot be written.
    """
    with naming(folder, folder / ".lock"):
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("w")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{folder}: another process is running here; wait for it or choose another --out"
            ) from None
        for stale in folder.rglob(f".*{TEMPORARY}"):
            stale.unlink(missing_ok=True)
        yield
