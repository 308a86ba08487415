"""Training batches of real and synthetic texts, exact in tokens."""

from __future__ import annotations

from collections.abc import Iterator

from selfplay.data.encoding import Text
from selfplay.records import Source


def mix(
    real: Iterator[Text], synthetic: Iterator[Text], *, n_tokens: int, real_fraction: float, batch_size: int
) -> Iterator[list[Text]]:
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
    batch: list[Text] = []
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
