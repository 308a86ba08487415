"""Items that worker processes work on: which wait, which were tried, what came out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Batch(Generic[Item]):
    """The items of one `Pool.map` or one `Stream`, in the order they came.

    Attributes:
        items: All of them.
        results: One for each, None while it is open.
        n_open: Items without a result.
        n_failed_starts: Workers that died while starting since the last result.
    """

    def __init__(self, most_at_once: int) -> None:
        """Begin without items; `most_at_once` of them go to a worker together."""
        self.items: list[Item] = []
        self.results: list[Any] = []
        self.n_open = 0
        self.n_failed_starts = 0
        self._queue: deque[int] = deque()
        self._alone: deque[int] = deque()
        self._tries: dict[int, int] = {}
        self._most_at_once = most_at_once

    def add(self, items: Sequence[Item]) -> None:
        """Add items to the end of the queue."""
        self._queue.extend(range(len(self.items), len(self.items) + len(items)))
        self.items.extend(items)
        self.results.extend([None] * len(items))
        self.n_open += len(items)

    def take(self) -> list[int]:
        """What a worker does next: items that failed before go alone."""
        if self._alone:
            return [self._alone.popleft()]
        return [self._queue.popleft() for _ in range(min(self._most_at_once, len(self._queue)))]

    def put_back(self, indices: Sequence[int]) -> None:
        """Return items that were taken and not worked on."""
        self._queue.extendleft(reversed(indices))

    def settle(self, index: int, result: Any) -> None:
        """Take up a result."""
        self.results[index] = result
        self.n_open -= 1
        self.n_failed_starts = 0

    def fail(self, index: int, failure: Any, most_tries: int) -> None:
        """Count a failed try; after the last one the failure is the result."""
        self._tries[index] = self._tries.get(index, 0) + 1
        if self._tries[index] < most_tries:
            self._alone.append(index)
        else:
            self.settle(index, failure)
