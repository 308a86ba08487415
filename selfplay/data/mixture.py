"""Training batches of real and synthetic texts, exact in tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from selfplay.records import Source


class Unit(Protocol):
    """What a batch is made of: a text, or texts that belong together."""

    @property
    def n_tokens(self) -> int:
        """Predicted tokens."""

    @property
    def source(self) -> Source:
        """Real or synthetic."""

    def cut(self, n_tokens: int) -> Unit:
        """The first `n_tokens` predicted tokens of it; itself where it has no more."""


def mix(
    real: Iterator[Unit], synthetic: Iterator[Unit], *, n_tokens: int, real_fraction: float, batch_size: int
) -> Iterator[list[Unit]]:
    """Batches that hold exactly `n_tokens` predicted tokens in all.

    The share of real tokens is held at `real_fraction` text by text, until `synthetic` ends; from then on every
    text is real. The last text is cut so that runs compared at equal tokens are equal to the token.

    Args:
        real: Endless.
        synthetic: May end at once.
        n_tokens: Tokens to yield.
        real_fraction: Wanted share of real tokens while there are synthetic ones.
        batch_size: Texts a batch.
    """
    n_seen = n_synthetic = 0
    exhausted = False
    batch: list[Unit] = []
    while n_seen < n_tokens:
        text = None
        if not exhausted and n_synthetic < (1.0 - real_fraction) * (n_seen + 1):
            text = next(synthetic, None)
            exhausted = text is None
        text = (text or next(real)).cut(n_tokens - n_seen)
        n_seen += text.n_tokens
        n_synthetic += text.n_tokens if text.source is Source.SYNTHETIC else 0
        batch.append(text)
        if len(batch) == batch_size or n_seen == n_tokens:
            yield batch
            batch = []
