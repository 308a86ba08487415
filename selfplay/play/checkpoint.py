"""Checkpoints: tensors and plain values in one file, written under a temporary name and renamed."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric

from selfplay.files import replacing

FORMAT = 1


def save_checkpoint(fabric: Fabric, path: Path, state: dict[str, Any], config_yaml: str) -> None:
    """Write a checkpoint that `load_checkpoint` reads; `path` holds the old one or the new one, whole."""
    with replacing(path) as temporary:
        fabric.save(temporary, {"format": FORMAT, "config": config_yaml, **state})


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; no code in it is run.

    Raises:
        ValueError: The file is missing, damaged or of another format.
    """
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError) as error:
        raise ValueError(f"{path}: no checkpoint to read ({error.strerror})") from None
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, KeyError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(f"{path}: damaged or not a checkpoint ({reason}); delete it to start this run again") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise ValueError(f"{path}: not a checkpoint of this version; delete it to start this run again")
    return saved
