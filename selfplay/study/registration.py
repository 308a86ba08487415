"""The plan of a study, written down and hashed before its first run, and compared with what is reported.

`registration.json` holds the whole configuration, the claim and the time. It is written once: from the first round of
the first run on it stays as it is, whatever the configuration becomes. The hash shows that the file was edited; who
wants proof of the time publishes the hash before running.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selfplay.config import ArmConfig, StudyConfig
from selfplay.configfile import as_plain
from selfplay.files import replacing
from selfplay.scaling.claim import Claim
from selfplay.scaling.gates import Gate

REGISTRATION = "registration.json"
GATE = "plan registered before the runs"
FREE = ("name", "n_workers")
"""What may change: it changes no number."""


def claim_of(config: StudyConfig) -> Claim:
    """What a study claims: all arms that play are tested, but one that keeps everything is a control."""
    roles = (config.primary, config.baseline, config.fresh)
    playing = [arm for arm in config.arms if arm.proposer != "none" and arm.name not in roles]
    controls = [arm.name for arm in playing if _keeps_all(arm)]
    return config.verdict.claim(
        config.primary, config.baseline, config.fresh or "",
        secondary=tuple(arm.name for arm in playing if not _keeps_all(arm)),
        unverified=controls[0] if controls else "",
    )  # fmt: skip


def _keeps_all(arm: ArmConfig) -> bool:
    return arm.judge.kind == "accept-all"


def plan_of(config: StudyConfig) -> dict[str, Any]:
    """All that is fixed: the configuration but what changes no number, and the claim that follows from it."""
    study = {name: value for name, value in as_plain(config).items() if name not in FREE}
    plan: dict[str, Any] = json.loads(json.dumps({"study": study, "claim": asdict(claim_of(config))}))
    return plan


def register(config: StudyConfig, folder: Path) -> None:
    """Write the plan of a study of which no round has been run; does nothing once one has.

    Args:
        config: The study.
        folder: Its folder, locked by the caller.

    Raises:
        OSError: It cannot be written.
    """
    path = folder / REGISTRATION
    if _begun(folder) or (path.is_file() and _plan(path) == plan_of(config)):
        return
    record = {"registered_at": datetime.now(UTC).isoformat(timespec="seconds"), "plan": plan_of(config)}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({**record, "sha256": digest(record)}, indent=1) + "\n")


def _begun(folder: Path) -> bool:
    return any(folder.glob("cells/*/*/*/rounds.jsonl")) or any(folder.glob("trunks/*/rounds.jsonl"))


def _plan(path: Path) -> object:
    try:
        return json.loads(path.read_text())["plan"]
    except (ValueError, KeyError, TypeError):
        return None


def digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of the time and the plan, however the file is laid out."""
    kept = {"registered_at": record["registered_at"], "plan": record["plan"]}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_registration(config: StudyConfig, folder: Path) -> Gate:
    """Whether the study that is reported is the one that was registered.

    A study without a registration passes unchecked, and the report says so: it may be older than registrations.
    """
    path = folder / REGISTRATION
    if not path.is_file():
        return Gate(GATE, None, "no registration: its runs were begun without one")
    try:
        record = json.loads(path.read_text())
        sound = digest(record) == record["sha256"]
    except (ValueError, KeyError, TypeError):
        return Gate(GATE, False, f"{REGISTRATION} cannot be read")
    if not sound:
        return Gate(GATE, False, f"{REGISTRATION} was edited: its hash does not match")
    changes = list(_changes(record["plan"], plan_of(config), looks=config.verdict.looks))
    if changes:
        return Gate(GATE, False, f"changed since: {'; '.join(changes[:3])}")
    return Gate(GATE, True, f"{record['registered_at']}, sha256 {record['sha256'][:16]}")


def _changes(was: object, now: object, *, looks: bool, at: str = "") -> Iterator[str]:
    """Where two plans differ, by key. With planned looks, seeds may be added after those registered."""
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _changes(was.get(key), now.get(key), looks=looks, at=f"{at}.{key}" if at else key)
        return
    if at == "study.seeds" and looks and isinstance(was, list) and isinstance(now, list) and now[: len(was)] == was:
        return
    yield f"{at} was {_short(was)}, is {_short(now)}"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
