"""The replay store: synthetic examples that were kept, without repeats, drawn evenly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from random import Random

from selfplay.records import Example


class ReplayStore:
    """Kept examples in the order they came, and how often each has been drawn."""

    def __init__(self, max_draws: int) -> None:
        self.max_draws = max_draws
        self.examples: list[Example] = []
        self.n_draws: list[int] = []
        self._known: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self.examples)

    def append(self, examples: Iterable[Example]) -> int:
        """Add examples whose task and answer are new; returns how many were."""
        before = len(self.examples)
        for example in examples:
            key = example.task.id, example.answer
            if key not in self._known:
                self._known.add(key)
                self.examples.append(example)
                self.n_draws.append(0)
        return len(self.examples) - before

    def latest(self) -> list[int]:
        """Places of the examples of the last round that added any."""
        last = self.examples[-1].round if self.examples else 0
        return [i for i, example in enumerate(self.examples) if example.round == last]

    def draws(self, rng: Random, among: Collection[int] | None = None) -> Iterator[Example]:
        """Examples in shuffled passes: none comes twice before every other has come once.

        Ends when each has been drawn `max_draws` times, counted over the life of the store.

        Args:
            rng: Of the order.
            among: Places of the examples to draw; all when absent.
        """
        places = range(len(self.examples)) if among is None else sorted(among)
        while eligible := [i for i in places if self.n_draws[i] < self.max_draws]:
            rng.shuffle(eligible)
            for i in eligible:
                self.n_draws[i] += 1
                yield self.examples[i]
