"""`manifest.json` of a run folder: what it takes to run it again and compare.

The configuration says what was asked for; the manifest also says what it was asked of: versions, the commit, the data
as drawn, the host. Every start of an interrupted run adds an entry, since it may have been another machine's.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import yaml

from envs.core import Corpus, Solved
from selfplay.config import RunConfig
from selfplay.configfile import to_yaml
from selfplay.data.fingerprint import fingerprint
from selfplay.data.sources import RealData
from selfplay.files import replacing
from selfplay.records import RunResult

MANIFEST = "manifest.json"
DISTRIBUTION = "selfplay-testbed"
_ROOT = Path(__file__).parents[2]


def write_manifest(config: RunConfig, data: RealData, folder: Path) -> None:
    """Write the manifest of a run that starts or goes on."""
    path = folder / MANIFEST
    manifest: dict[str, Any] = {
        "config": yaml.safe_load(to_yaml(config)),
        "seed": config.seed,
        "envs": {task.env.name: _env_record(task.env) for task in config.data.tasks},
        "data": {
            name: _set_record(examples)
            for name, examples in (("heldout", data.heldout), ("validation", data.validation), ("pool", data.pool))
        },
        "starts": [*_starts(path), _start_record()],
    }
    _write(path, manifest)


def finish_manifest(result: RunResult, n_rounds: int, folder: Path) -> None:
    """Add what the run came to."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["finished"] = _now()
    manifest["counts"] = {
        "rounds": n_rounds,
        "parameters": result.N,
        "train_tokens": result.D,
        "real_tokens": result.D_real,
        "synthetic_tokens": result.D_syn,
        "stored": result.n_stored,
    }
    _write(path, manifest)


def _write(path: Path, manifest: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n")


def _starts(path: Path) -> list[Any]:
    """The entries so far; a damaged manifest is written anew, it is no part of the run."""
    try:
        starts = json.loads(path.read_text())["starts"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return starts if isinstance(starts, list) else []


def _env_record(env: Any) -> dict[str, Any]:
    record: dict[str, Any] = {"version": env.version}
    if isinstance(env, Corpus):
        record |= _set_record(env.rows())
    return record


def _set_record(examples: Sequence[Solved]) -> dict[str, Any]:
    return {"n": len(examples), "sha256": fingerprint(examples)}


def _start_record() -> dict[str, Any]:
    return {
        "time": _now(),
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": _packages(),
        "platform": platform.platform(),
        "host": platform.node(),
        "n_cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _packages() -> dict[str, str]:
    """Versions of this distribution and of what it requires, extras included where they are installed."""
    names = [DISTRIBUTION]
    for requirement in importlib.metadata.requires(DISTRIBUTION) or []:
        name = requirement.split(";")[0].strip()
        end = next((i for i, c in enumerate(name) if not (c.isalnum() or c in "-_.")), len(name))
        names.append(name[:end])
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _commit() -> str | None:
    """The commit of a source checkout, with `+` where files differ from it; None where there is none."""
    if not (_ROOT / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(_ROOT), *words], capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None
