"""A short digest of a data set, equal exactly where its tasks, their answers and their order are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from envs.core import Solved


def fingerprint(examples: Iterable[Solved]) -> str:
    """16 hex digits of SHA-256 over ids, prompts and answers."""
    digest = hashlib.sha256()
    for solved in examples:
        for text in (solved.task.id, solved.task.prompt, solved.answer):
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()[:16]
