"""Proof that the data sets of a configuration are what they claim: distinct, and disjoint from the held-out set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from envs.core import Corpus, Env, MalformedTask, Outcome, Solved
from selfplay.config import DataConfig
from selfplay.data.fingerprint import fingerprint
from selfplay.data.sources import draw_real_data, groups_of

N_FRESH_CHUNKS = 20
_TRIES = 5


@dataclass(frozen=True)
class Certificate:
    """Counts for one seed; all but the sizes and `n_fresh_repeats` must be 0.

    Attributes:
        seed: Seed.
        sizes: Tasks per set.
        n_repeats: Tasks that come twice within a set.
        n_overlaps: Tasks in two of held-out, validation and pool, and fresh draws in held-out or validation.
        n_split_groups: Groups (`Corpus.groups`) with tasks in two of held-out, validation and pool.
        n_wrong: Reference answers that the env does not verify, or prompts it does not read back to the task.
        n_fresh_repeats: Repeats among the fresh draws looked at, which i.i.d. draws may have.
        sha256: Fingerprint of held-out set, validation set and pool, in this order: the same in every process.
    """

    seed: int
    sizes: dict[str, int]
    n_repeats: int
    n_overlaps: int
    n_split_groups: int
    n_wrong: int
    n_fresh_repeats: int
    sha256: str

    @property
    def clean(self) -> bool:
        """Whether every count that must be 0 is."""
        return self.n_repeats == self.n_overlaps == self.n_split_groups == self.n_wrong == 0

    def line(self) -> str:
        """One line for the user."""
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return (
            f"seed {self.seed}: {'certified' if self.clean else 'FAILED'}: repeats {self.n_repeats}, overlaps "
            f"{self.n_overlaps}, split groups {self.n_split_groups}, wrong references {self.n_wrong}  ({sizes}, of "
            f"which repeated {self.n_fresh_repeats}; data {self.sha256})"
        )


def certify(config: DataConfig, seed: int) -> Certificate:
    """Draw every set of a seed and count again, by `Task.id`, from the tasks themselves."""
    data = draw_real_data(config, seed)
    endless = not any(isinstance(task.env, Corpus) for task in config.tasks)  # no arm draws afresh from a corpus
    fresh = [solved for chunk in range(N_FRESH_CHUNKS) for solved in data.fresh(chunk)] if endless else []
    sets = {"held-out": data.heldout, "validation": data.validation, "pool": data.pool}
    ids = {name: {solved.task.id for solved in examples} for name, examples in sets.items()}
    fresh_ids = {solved.task.id for solved in fresh}
    reserved = ids["held-out"] | ids["validation"]
    n_distinct = sum(map(len, ids.values()))
    return Certificate(
        seed=seed,
        sizes={**{name: len(examples) for name, examples in sets.items()}, "fresh draws": len(fresh)},
        n_repeats=sum(map(len, sets.values())) - n_distinct,
        n_overlaps=n_distinct - len(set().union(*ids.values())) + len(fresh_ids & reserved),
        n_split_groups=_n_split_groups(config, sets),
        n_wrong=sum(_n_wrong(config, examples) for examples in sets.values()),
        n_fresh_repeats=len(fresh) - len(fresh_ids),
        sha256=fingerprint([*data.heldout, *data.validation, *data.pool]),
    )


def _n_split_groups(config: DataConfig, sets: Mapping[str, Sequence[Solved]]) -> int:
    groups = groups_of(config.tasks)
    sides = [{groups[solved.task.id] for solved in drawn if solved.task.id in groups} for drawn in sets.values()]
    return sum(map(len, sides)) - len(set().union(*sides))


def _n_wrong(config: DataConfig, examples: Sequence[Solved]) -> int:
    envs = {task.env.name: task.env for task in config.tasks}
    n_wrong = 0
    for solved in examples:
        env = envs[solved.task.env]
        try:
            read_back = env.parse(solved.task.prompt) == solved.task
        except MalformedTask:
            read_back = False
        n_wrong += not (read_back and _confirmed(env, solved))
    return n_wrong


def _confirmed(env: Env, solved: Solved) -> bool:
    """Whether the env confirms a reference. A verdict that the clock or random points left open is asked for again."""
    for _ in range(_TRIES):
        outcome = env.verify(solved.task, solved.answer).outcome
        if outcome is not Outcome.UNDECIDED:
            break
    return outcome is Outcome.CORRECT
