"""Checkpoints: tensors and plain values in one file, written under a temporary name and renamed.

The file is a zip with a checksum for each tensor, which is compared before anything is read: a flipped bit is an error
and not a slightly different run. `keep_checkpoint` keeps the one before as well, to fall back on.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

from selfplay.files import replacing

FORMAT = 2


def save_checkpoint(path: Path, state: dict[str, Any], config_yaml: str) -> None:
    """Write a checkpoint that `load_checkpoint` reads; `path` holds the old one or the new one, whole.

    Raises:
        OSError: The disk is full or the folder is not writable.
    """
    content = io.BytesIO()  # PyTorch's own writer says of a full disk that it "failed writing", and not why
    torch.save({"format": FORMAT, "config": config_yaml, **state}, content)
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; no code in it is run.

    Raises:
        ValueError: The file is missing, damaged or of another format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (member := archive.testzip()) is not None:
                raise zipfile.BadZipFile(f"the checksum of {member} does not match")
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError) as error:
        raise ValueError(f"{path}: no checkpoint to read ({error.strerror})") from None
    except (
        RuntimeError, OSError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, zlib.error, KeyError, ValueError,
    ) as error:  # fmt: skip
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(f"{path}: damaged or not a checkpoint ({reason}); delete it to start this run again") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise ValueError(f"{path}: not a checkpoint of this version; delete it to start this run again")
    return saved


def previous(path: Path) -> Path:
    """Where the checkpoint before the one at `path` is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def keep_checkpoint(path: Path, state: dict[str, Any], config_yaml: str) -> None:
    """Like `save_checkpoint`, keeping the one before under `previous(path)`; both are whole at any instant."""
    if path.exists():
        with replacing(previous(path)) as temporary:
            try:
                os.link(path, temporary)  # a second name, not a second copy
            except OSError:  # a file system without links
                shutil.copyfile(path, temporary)
    save_checkpoint(path, state, config_yaml)


def load_latest(path: Path) -> dict[str, Any]:
    """The checkpoint at `path`, or where that is damaged the one before it, with a line on standard error.

    Raises:
        ValueError: Neither can be read; the error is about the latest.
    """
    try:
        return load_checkpoint(path)
    except ValueError as damage:
        try:
            saved = load_checkpoint(previous(path))
        except ValueError:
            raise damage from None
        reason = str(damage).rpartition(";")[0]
        print(f"warning: {reason}; going on from {previous(path).name} instead", file=sys.stderr, flush=True)
        return saved
