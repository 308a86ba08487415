"""Tags that hold a prompt to what is not in it: how a hidden function goes on, and that the prompt is no invention.

Examples alone do not fix a function, so answers are run on inputs that the prompt does not show, too. What must come
out there may not stand in the prompt, as it would give the function away, nor be kept elsewhere, as `verify` reads the
prompt only and in any process. So the prompt ends in a tag of eight hexadecimal digits:

* four are a hash of the shown part and of the hidden results: a commitment. Whoever has a candidate can check it,
  and nobody can read the results off it. A wrong candidate that does all that is shown passes with probability
  2**-16; the shown part is hashed along, so that equal functions behind other examples have other tags.
* four are a hash of the shown part and the first four: a seal. It proves nothing against a program, which can compute
  it; but a model that writes a prompt token by token does not, so that `parse` can refuse 65,535 of 65,536 prompts
  whose commitment is invented and which no program could answer. Such families are `SolutionFirst`: a model that
  wants to pose a task writes the program, and the env computes the tag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

N_DIGITS = 8
"""Hexadecimal digits of a tag."""

_HALF = N_DIGITS // 2


def seal(shown: str, hidden: Sequence[str]) -> str:
    """The tag of a prompt that shows `shown` and hides results."""
    commitment = _commitment(shown, hidden)
    return commitment + _digits("seal", shown, commitment)


def is_sealed(shown: str, tag: str) -> bool:
    """Whether a tag was made by `seal` for this prompt, whatever the hidden results."""
    return tag[_HALF:] == _digits("seal", shown, tag[:_HALF])


def holds(shown: str, tag: str, hidden: Sequence[str]) -> bool:
    """Whether results are those that a tag was made of."""
    return tag[:_HALF] == _commitment(shown, hidden)


def _commitment(shown: str, hidden: Sequence[str]) -> str:
    return _digits("hidden", shown, *hidden)


def _digits(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_HALF]
