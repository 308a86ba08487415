"""Answers that answer nothing, to find scorers that pay for them.

Each is built from an entry without solving it. What a scorer gives full marks for is a concern: a model that learns
from it learns the hole.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from envs.foreign import gym
from envs.foreign.scoring import entries, scores
from envs.pool import Failure

N_ENTRIES = 4

JUNK: dict[str, Callable[[gym.Entry], str]] = {
    "a space": lambda _: " ",
    "a full stop": lambda _: ".",
    "0": lambda _: "0",
    "None": lambda _: "None",
    "True": lambda _: "True",
    "[]": lambda _: "[]",
    "{}": lambda _: "{}",
    "any word": lambda _: "banana",
    "the question": lambda entry: entry.question,
    "the last line of the question": lambda entry: entry.question.strip().splitlines()[-1],
    "the answer and more": lambda entry: f"{entry.answer} or not",
    "every letter and digit": lambda _: "abcdefghijklmnopqrstuvwxyz 0123456789",
    "5,000 letters": lambda _: "a" * 5_000,
}


@lru_cache(maxsize=256)
def concerns_of(task: str, config: str) -> tuple[str, ...]:
    """The kinds of junk that a task's scorer gives 1.0 for, in a worker process.

    An entry whose own answer is the junk (0, True, None) does not count against its scorer.
    """
    asked: list[tuple[str, Any]] = []
    for number, entry in enumerate(entries([(task, config, 1, number) for number in range(N_ENTRIES)])):
        if isinstance(entry, Failure):  # the library fails on some of its own numbers
            continue
        for kind, build in JUNK.items():
            text = build(entry)
            if text.strip() != entry.answer.strip():
                asked.append((kind, (task, config, 1, number, entry.question, text)))
    results = scores([item for _, item in asked])
    accepted = {kind for (kind, _), result in zip(asked, results, strict=True) if result == [True, 1.0]}
    return tuple(kind for kind in JUNK if kind in accepted)
