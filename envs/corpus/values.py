"""Human-written Python expressions with their values, out of CPython's own tests.

    'hello'.rjust(7)        answer '  hello'
    divmod(-7, 3)           answer (-3, 2)

`selfplay corpus build cpython` reads the pairs from the standard library's tests (PSF licence), where
`self.assertEqual(divmod(-7, 3), (-3, 2))` is one, and runs each expression in the sandbox; those with the value the
test says are served. An answer is any literal of that value and type.

Cost: running the expression; finding the value by thought takes knowing what the functions do.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Outcome, Solved, Verdict
from envs.corpus.listed import Listed
from envs.corpus.provenance import Row
from envs.sandbox import NotCanonical, TooLong, canonical

_MOST_CHARS = 4_000


@dataclass(frozen=True)
class Values(Listed):
    """Closed Python expressions out of CPython's tests, and their values as literals."""

    name: ClassVar[str] = "corpus/values"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: knowing what the standard library does; checking: one run, made at the build"
    shipped: ClassVar[str] = "cpython.jsonl.xz"

    def judge(self, row: Row, answer: str) -> Verdict:
        """The same value of the same type."""
        value = value_of(answer)
        if value is None:
            return Verdict(Outcome.MALFORMED, "not a literal of Python")
        right = value == value_of(row.answer)
        return Verdict(Outcome.CORRECT if right else Outcome.INCORRECT, "" if right else "another value", "executed")

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer in parentheses."""
        return f"({solved.answer})"

    def near_miss(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer alone in a tuple."""
        return f"({solved.answer},)"


def value_of(text: str) -> str | None:
    """The canonical text of a literal's value; None for text that is no literal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as "\d"
            return canonical(ast.literal_eval(text), _MOST_CHARS)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, NotCanonical, TooLong):
        return None
