"""Named random streams, derived by hashing.

`stream(seed, "solve", 3)` and `stream(seed, "solve", 4)` share nothing, and neither does any stream of a
neighbouring seed; sums such as `seed + i` would make them overlap. Every random choice in a run names its
stream, so a resumed run repeats the choices of an uninterrupted one.
"""

from __future__ import annotations

import hashlib
from random import Random

import numpy as np
from numpy.typing import NDArray

Name = str | int


def derive(seed: int, *names: Name) -> int:
    """A 63-bit key for `seed` and a path of names; fits every generator's seed argument."""
    path = "\0".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "big") >> 1


def stream(seed: int, *names: Name) -> Random:
    """A Python generator of its own for `seed` and a path of names."""
    return Random(derive(seed, *names))


def uniforms(key: int, n_items: int, width: int, first_item: int = 0) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), a row per item, from a counter-based generator.

    Args:
        key: From `derive`.
        n_items: Rows.
        width: Numbers an item needs, a multiple of 4, the numbers of a counter; row i does not depend on how many rows
            follow it.
        first_item: Item of the first row.

    Returns:
        `(n_items, width)` array.
    """
    generator = np.random.Philox(key=key)
    generator.advance(first_item * width // 4)
    return np.random.Generator(generator).random((n_items, width))
