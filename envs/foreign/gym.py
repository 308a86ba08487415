"""What of reasoning-gym is called, and where: entries made anew from a number, scorers in worker processes.

Importing this module imports none of it. The library's own items come from `Random(seed + index)`, so neighbouring
seeds share all but one; here the index is a hash of task, level and number.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any, NamedTuple

EXTRA = "pip install 'selfplay-testbed[rg]'"
MOST_CHARS = 20_000
LARGEST = 2**40
"""Entries of a dataset: the library makes each when it is asked for."""


class Entry(NamedTuple):
    """One task as the library made it.

    Attributes:
        question: Its text.
        answer: The library's own answer.
    """

    question: str
    answer: str


def library() -> Any:
    """The package.

    Raises:
        ValueError: It is not installed.
    """
    try:
        import reasoning_gym
    except ModuleNotFoundError as absent:
        if absent.name != "reasoning_gym":
            raise
        raise ValueError(f"reasoning-gym is not installed: {EXTRA}") from None
    return reasoning_gym


def task_names() -> list[str]:
    """Every task the library registers."""
    library()
    from reasoning_gym.factory import DATASETS

    return sorted(DATASETS)


def n_levels(task: str) -> int:
    """Levels of a task's curriculum; 1 where it has none."""
    library()
    from reasoning_gym.factory import CURRICULA, create_curriculum

    if task not in CURRICULA:
        return 1
    return max((len(attribute.levels) for attribute in create_curriculum(task).attributes.values()), default=1)


@lru_cache(maxsize=8)  # some hold a dictionary of English in memory
def _dataset(task: str, config: str, level: int) -> Any:
    """The library's dataset of a level, from which entries are taken by number."""
    library()
    from reasoning_gym.factory import CURRICULA, DATASETS, create_curriculum

    kind, config_class = DATASETS[task]
    own = json.loads(config)
    if own or task not in CURRICULA:
        built = config_class(**own)
    else:
        curriculum = create_curriculum(task)
        curriculum.set_global_level(level - 1)
        built = curriculum.generate_configuration()
    built.seed, built.size = 0, LARGEST
    return kind(built)


@lru_cache(maxsize=4096)
def make(task: str, config: str, level: int, number: int) -> tuple[Any, dict[str, Any]]:
    """The dataset and its entry: `number` fixes the entry.

    Args:
        task: The library's name.
        config: JSON object of the library's settings; where it is not empty, levels have no meaning.
        level: From 1; every attribute of the task's curriculum is at this level, or at its highest.
        number: 0 or more.
    """
    dataset = _dataset(task, config, level)
    digest = hashlib.sha256(f"{task}\0{config}\0{level}\0{number}".encode()).digest()
    return dataset, dataset[int.from_bytes(digest[:7]) % LARGEST]


def entry_of(task: str, config: str, level: int, number: int) -> Entry:
    """The texts of one entry.

    Raises:
        ValueError: It has no answer, so nobody can say what is right.
    """
    _, entry = make(task, config, level, number)
    if not isinstance(entry["answer"], str) or not entry["answer"]:
        raise ValueError(f"{task}: an entry without an answer")
    return Entry(entry["question"], entry["answer"])


def score(item: tuple[str, str, int, int, str, str]) -> list[Any]:
    """In a worker: the library's score of an answer, as `[question is the same, score]`.

    Args:
        item: Task, config, level and number of the entry, the question as the asker knows it, and the answer.
    """
    task, config, level, number, question, answer = item
    dataset, entry = make(task, config, level, number)
    if entry["question"] != question:
        return [False, 0.0]
    return [True, float(dataset.score_answer(answer, entry))]
