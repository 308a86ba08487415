"""How many optimizer steps were skipped, counted on the device that skips them."""

from __future__ import annotations

import torch
from torch import Tensor


class Skipped:
    """Counts of skipped steps: in all, in a row up to now, and the longest such row so far.

    Counting costs a few operations on the device and waits for nothing; reading waits.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._counts = torch.zeros(3, dtype=torch.int64, device=device)

    def count(self, skipped: Tensor) -> None:
        """Count one step; `skipped` is a bool scalar on the device."""
        total, row, longest = self._counts
        row = (row + 1) * skipped
        self._counts = torch.stack((total + skipped, row, torch.maximum(longest, row)))

    @property
    def total(self) -> int:
        """Steps skipped in the run."""
        return int(self._counts[0])

    @property
    def row(self) -> int:
        """Steps skipped since the last that was not."""
        return int(self._counts[1])

    @property
    def longest(self) -> int:
        """Most steps skipped in a row."""
        return int(self._counts[2])

    def state(self) -> list[int]:
        """Plain values for a checkpoint."""
        return [int(count) for count in self._counts]

    def load(self, counts: list[int]) -> None:
        """Take over what `state` returned."""
        self._counts = torch.tensor(counts, dtype=torch.int64, device=self._counts.device)
