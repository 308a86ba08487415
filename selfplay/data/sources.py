"""Real data: the held-out set, the validation set, the pool of U tasks, and the unlimited fresh stream.

The held-out set is drawn first, then validation, then the pool; each refuses every task drawn before it, by
`Task.id`, and every task of a group that came before (`Corpus.groups`). Held-out and validation tasks are drawn group
by group, so that few groups are spent on them. The pool is the beginning of one sequence, so a pool of 1,000 lies
inside a pool of 2,000. Fresh draws come straight from the distribution and refuse held-out and validation tasks only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from envs.core import Corpus, Solved
from selfplay.config import DataConfig, TaskConfig
from selfplay.streams import stream

FRESH_CHUNK = 1_024
MAX_MISSES = 2_000
"""Draws in a row that repeat a known task before a level counts as used up."""


@dataclass(frozen=True)
class RealData:
    """The sets of one seed.

    Attributes:
        heldout: For every reported loss.
        validation: For early stopping.
        pool: The U real tasks.
        fresh: Chunk number to fresh examples; the same number gives the same examples.
        reserved: Ids of held-out and validation tasks and of their groups, which no training example may have.
    """

    heldout: tuple[Solved, ...]
    validation: tuple[Solved, ...]
    pool: tuple[Solved, ...]
    fresh: Callable[[int], list[Solved]]
    reserved: frozenset[str]


def draw_task(tasks: Sequence[TaskConfig], rng: Random) -> Solved:
    """One draw from the mixture: env by weight, then level by its weights."""
    task = _choose(tasks, rng)
    level = rng.choices(task.levels or task.env.levels, task.level_weights)[0]
    return task.env.sample(rng, level)


def _choose(tasks: Sequence[TaskConfig], rng: Random) -> TaskConfig:
    return rng.choices(tasks, [task.weight for task in tasks])[0] if len(tasks) > 1 else tasks[0]


def distinct(
    tasks: Sequence[TaskConfig], rng: Random, taken: set[str], n_asked: int | None = None, *, by_group: bool = False
) -> Iterator[Solved]:
    """Draws of the mixture whose ids are not in `taken`, which grows with them.

    Levels and envs keep their shares: a repeated task is drawn again at its own level. A corpus is walked in a
    shuffled order instead, so that its last rows are found too; without level weights its levels come as often
    as they are in it.

    Args:
        tasks: The mixture.
        rng: Where the draws come from.
        taken: Ids that must not come.
        n_asked: How many tasks all draws on the mixture ask for together, for the error's text.
        by_group: Walk a corpus one group after the other instead of row by row.

    Raises:
        ValueError: A level has no more distinct tasks.
    """
    walks: dict[tuple[str, tuple[int, ...]], Iterator[Solved]] = {}
    while True:
        task = _choose(tasks, rng)
        levels = tuple(task.levels or task.env.levels)
        if not isinstance(task.env, Corpus) or task.level_weights is not None:
            levels = (rng.choices(levels, task.level_weights)[0],)
        if (task.env.name, levels) not in walks:
            share = _share(tasks, task, levels)
            asked = "" if n_asked is None else f"asked for about {round(n_asked * share)}, "
            draws = _draws(task, levels, Random(rng.getrandbits(64)), by_group)
            walks[task.env.name, levels] = _walk(task, draws, levels, taken, asked)
        yield next(walks[task.env.name, levels])


def _share(tasks: Sequence[TaskConfig], task: TaskConfig, levels: tuple[int, ...]) -> float:
    """The fraction of the mixture's draws that are of one env and these levels."""
    known = task.levels or task.env.levels
    weights = task.level_weights or [1.0] * len(known)
    of_levels = sum(weight for level, weight in zip(known, weights, strict=True) if level in levels)
    return task.weight / sum(other.weight for other in tasks) * of_levels / sum(weights)


def _walk(
    task: TaskConfig, draws: Iterator[Solved], levels: tuple[int, ...], taken: set[str], asked: str
) -> Iterator[Solved]:
    n_found = 0
    for solved in draws:
        if solved.task.id not in taken:
            taken.add(solved.task.id)
            n_found += 1
            yield solved
    which = f"level {levels[0]}" if len(levels) == 1 else f"levels {levels[0]}-{levels[-1]}"
    capacity = sum(task.env.capacity(level) for level in levels)
    raise ValueError(
        f"{task.env.name} {which}: asked for more tasks than exist ({asked}capacity {capacity}, found {n_found} more "
        "beside those already drawn and their groups); lower data.n_real, n_validation or n_heldout, or give the level "
        "less weight"
    )


def _draws(task: TaskConfig, levels: tuple[int, ...], rng: Random, by_group: bool) -> Iterator[Solved]:
    if isinstance(task.env, Corpus):
        rows = [row for row in task.env.rows() if row.task.level in levels]
        shuffled, groups = rng.sample(rows, len(rows)), task.env.groups() if by_group else {}
        yield from _by_group(shuffled, groups, rng) if groups else shuffled
        return
    (level,) = levels
    seen: set[str] = set()
    misses = 0
    while misses < MAX_MISSES:
        solved = task.env.sample(rng, level)
        misses = misses + 1 if solved.task.id in seen else 0
        seen.add(solved.task.id)
        yield solved


def _by_group(rows: Sequence[Solved], groups: Mapping[str, str], rng: Random) -> list[Solved]:
    """The rows group by group; every group is as likely to come early as any other, whatever its size."""
    members: dict[tuple[str, bool], list[Solved]] = {}
    for row in rows:
        group = groups.get(row.task.id)
        members.setdefault((row.task.id, False) if group is None else (group, True), []).append(row)
    return [row for group_rows in rng.sample(list(members.values()), len(members)) for row in group_rows]


def groups_of(tasks: Sequence[TaskConfig]) -> dict[str, tuple[str, str]]:
    """Task id to env and group, for every task that has one."""
    corpora = [task.env for task in tasks if isinstance(task.env, Corpus)]
    return {task_id: (env.name, group) for env in corpora for task_id, group in env.groups().items()}


def draw_real_data(config: DataConfig, seed: int) -> RealData:
    """All sets of one seed.

    Raises:
        ValueError: A level has too few distinct tasks.
    """
    taken: set[str] = set()
    n_asked = config.n_heldout + config.n_validation + config.n_real
    groups = groups_of(config.tasks)

    def take(n: int, name: str, by_group: bool) -> tuple[Solved, ...]:
        draws = distinct(config.tasks, stream(seed, name), taken, n_asked, by_group=by_group)
        return tuple(next(draws) for _ in range(n))

    def reserve(n: int, name: str) -> tuple[Solved, ...]:
        drawn = take(n, name, by_group=True)
        spent = {groups[solved.task.id] for solved in drawn if solved.task.id in groups}
        taken.update(task_id for task_id, group in groups.items() if group in spent)
        return drawn

    heldout = reserve(config.n_heldout, "heldout")
    validation = reserve(config.n_validation, "validation")
    reserved = frozenset(taken)
    pool = take(config.n_real, "pool", by_group=False)

    def fresh(chunk: int) -> list[Solved]:
        rng = stream(seed, "fresh", chunk)
        draws = (draw_task(config.tasks, rng) for _ in range(FRESH_CHUNK))
        return [solved for solved in draws if solved.task.id not in reserved]

    return RealData(heldout, validation, pool, fresh, reserved)


class RealSource:
    """An endless sequence of real examples with a position that can be saved.

    The pool is walked in a new order each epoch; the fresh stream in chunks. Both depend on the seed alone, so
    arms of a seed see the same real examples in the same order.
    """

    def __init__(self, epoch: Callable[[int], Sequence[Solved]], position: tuple[int, int] = (0, 0)) -> None:
        self._epoch = epoch
        self._number, self._index = position
        self._examples = epoch(self._number)

    @classmethod
    def pool(cls, pool: Sequence[Solved], seed: int, position: tuple[int, int] = (0, 0)) -> RealSource:
        """The pool, repeated."""

        def epoch(number: int) -> Sequence[Solved]:
            return stream(seed, "order", number).sample(pool, len(pool))

        return cls(epoch, position)

    @property
    def position(self) -> tuple[int, int]:
        """Epoch (or chunk) and index of the next example."""
        return self._number, self._index

    def __next__(self) -> Solved:
        while self._index >= len(self._examples):
            self._number, self._index = self._number + 1, 0
            self._examples = self._epoch(self._number)
        self._index += 1
        return self._examples[self._index - 1]
