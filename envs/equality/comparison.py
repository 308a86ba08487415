"""What a comparison of two answers says: the record that all tiers and rules share."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, TypeAlias

from envs.core import Outcome, Verdict

RANDOM = Random(os.urandom(32))
"""Points and fields are drawn from it: other ones for every verdict, and nobody who writes an answer knows which."""

Label: TypeAlias = Literal["equal", "different", "undecided", "reject"]
Domain: TypeAlias = Literal["real", "positive", "complex", "nonneg-int"]

TIERS = ("structural", "exact", "balls", "homomorphism", "separation", "numeric", "float")
"""Every tier of `envs.equality`, strongest first: the first five prove, the last two are evidence."""

BUDGET_S = 0.8
"""Time after which a comparison is undecided; what runs between two looks at the clock fits into the rest of 1 s."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found out about a reference and an answer.

    Attributes:
        label: The verdict on the value.
        tier: The kind of evidence, see `envs.equality`; empty for undecided and reject.
        evidence: A few words for a reader.
        cost_s: Seconds it took.
        form: Empty where the answer is spelled as its task demands, else what is wrong with the spelling:
            `17*23` equals 391, but is no answer to "compute 17*23".
    """

    label: Label
    tier: str = ""
    evidence: str = ""
    cost_s: float = 0.0
    form: str = ""

    @property
    def correct(self) -> bool:
        """Whether the answer is right in value and in form; the only thing to reward."""
        return self.label == "equal" and not self.form


_OUTCOMES = {
    "equal": Outcome.CORRECT,
    "different": Outcome.INCORRECT,
    "undecided": Outcome.UNDECIDED,
    "reject": Outcome.MALFORMED,
}


def verdict_of(comparison: Comparison) -> Verdict:
    """The comparison as an env's verdict."""
    if comparison.label == "equal" and comparison.form:
        return Verdict(Outcome.MALFORMED, comparison.form, comparison.tier, comparison.cost_s)
    return Verdict(_OUTCOMES[comparison.label], comparison.evidence, comparison.tier, comparison.cost_s)


def timed(comparison: Comparison, start: float) -> Comparison:
    """The comparison with the seconds since `start` (of `time.perf_counter`) as its cost."""
    return replace(comparison, cost_s=time.perf_counter() - start)
