"""What of reasoning-gym is called: entries made anew from a number, and their scorers.

Importing this module imports none of it. The library's own items come from `Random(seed + index)`, so neighbouring
seeds share all but one; here the seed is a hash of task and level, and never the user's.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any, NamedTuple

EXTRA = "pip install 'selfplay-testbed[rg]'"
MOST_CHARS = 20_000
SIZES = (2**20, 2**14)
"""Entries of a dataset, made when they are asked for; some tasks refuse the first."""

_EAGER = {"acre": 2**9}
"""Of tasks that make all entries at once."""

_SPREAD = 0x9E3779B1  # odd, so multiplying by it permutes the numbers below a power of two
_EXAMPLES = ("example_correct_answer", "example_answer", "possible_answer")
"""Where tasks with many right answers, and none of their own, keep one."""


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


@lru_cache(maxsize=256)
def n_levels(task: str) -> int:
    """Levels of a task's curriculum, up to the first whose settings the task itself refuses; 1 where there is none."""
    library()
    from reasoning_gym.factory import CURRICULA, create_curriculum

    if task not in CURRICULA:
        return 1
    most = max((len(attribute.levels) for attribute in create_curriculum(task).attributes.values()), default=1)
    return next((level - 1 for level in range(1, most + 1) if not _builds(task, level)), most) or 1


def _builds(task: str, level: int) -> bool:
    try:
        _settings(task, "{}", level, curriculum=True).validate()
    except Exception:  # of the library: assertions, mostly
        return False
    return True


def _settings(task: str, config: str, level: int, *, curriculum: bool) -> Any:
    from reasoning_gym.factory import DATASETS, create_curriculum

    own = json.loads(config)
    if own or not curriculum:
        return DATASETS[task][1](**own)
    steps = create_curriculum(task)
    steps.set_global_level(level - 1)
    return steps.generate_configuration()


@lru_cache(maxsize=8)  # some hold a dictionary of English in memory
def dataset(task: str, config: str, level: int) -> Any:
    """The library's dataset of a level, from which entries are taken by number.

    Args:
        task: The library's name.
        config: JSON object of the library's settings; where it is not empty, levels have no meaning.
        level: From 1; every attribute of the task's curriculum is at this level, or at its highest. A task whose
            curriculum has no usable level is taken with its default settings.
    """
    library()
    from reasoning_gym.factory import CURRICULA, DATASETS

    settings = _settings(task, config, level, curriculum=task in CURRICULA and _builds(task, 1))
    settings.seed = int.from_bytes(hashlib.sha256(f"{task}\0{config}\0{level}".encode()).digest()[:4]) // 2
    kind, (first, second) = DATASETS[task][0], SIZES
    settings.size = _EAGER.get(task, first)
    try:
        return kind(settings)
    except ValueError:
        settings.size = second
        return kind(settings)


@lru_cache(maxsize=4096)
def make(task: str, config: str, level: int, number: int) -> tuple[Any, dict[str, Any]]:
    """The dataset and its entry of a number of 0 or more."""
    entries = dataset(task, config, level)
    return entries, entries[number * _SPREAD % len(entries)]


def entry_of(task: str, config: str, level: int, number: int) -> Entry:
    """The texts of one entry.

    Raises:
        ValueError: It has no answer, so nobody can say what is right.
    """
    _, entry = make(task, config, level, number)
    answer = entry["answer"]
    for name in _EXAMPLES:
        if answer is None and (example := entry["metadata"].get(name)) is not None:
            answer = example if isinstance(example, str) else json.dumps(example)
    if not isinstance(answer, str) or not answer:
        raise ValueError(f"{task}: an entry without an answer")
    return Entry(entry["question"], answer)


def score(task: str, config: str, level: int, number: int, question: str, answer: str) -> list[Any]:
    """The library's score of an answer, as `[question is the same, score]`.

    Args:
        task: As for `dataset`.
        config: As for `dataset`.
        level: As for `dataset`.
        number: Of the entry.
        question: As the asker knows it.
        answer: The text to score.
    """
    entries, entry = make(task, config, level, number)
    if entry["question"] != question:
        return [False, 0.0]
    return [True, float(entries.score_answer(answer, entry))]
