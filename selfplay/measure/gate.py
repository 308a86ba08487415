"""PASS or FAIL: every condition with what was found, and what is too small a sample to show anything.

Constructed strata are as large as one likes, so their bounds are tested. A round of a model's samples has the right and
wrong answers it has, so there the rate itself is tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from selfplay.measure.config import GateConfig
from selfplay.measure.rates import n_needed
from selfplay.measure.relations import Relation, total_broken
from selfplay.measure.strata import Repeats, Stratum


@dataclass(frozen=True)
class Condition:
    """One thing the gate asks for.

    Attributes:
        name: What must hold.
        passed: Whether it was shown. A sample too small to show it does not pass.
        found: What was measured, and where.
    """

    name: str
    passed: bool
    found: str


def check_gate(
    gate: GateConfig,
    strata: Sequence[Stratum],
    relations: Sequence[Relation],
    repeats: Repeats | None,
    *,
    n_executed: int | None,
    n_disputed: int,
) -> list[Condition]:
    """Every condition; the gate passes if all do.

    Args:
        gate: Thresholds.
        strata: All of them.
        relations: From `check_relations`.
        repeats: None where nothing was judged twice.
        n_executed: Injected texts that were run as code; None where none were tried.
        n_disputed: Constructed labels that the reference contradicts.
    """
    plain = [stratum for stratum in strata if not stratum.is_hostile]
    hostile = [stratum for stratum in strata if stratum.is_hostile]
    conditions = [
        _false_accepts(gate, plain),
        _true_accepts(gate, plain),
        _undecided(gate, plain),
        Condition("labels in dispute: none", n_disputed == 0, f"{n_disputed}"),
    ]
    if hostile:
        n_accepted = sum(stratum.confusion.false_accepts for stratum in hostile)
        conditions.append(
            Condition(
                f"hostile texts accepted: at most {gate.max_hostile_accepted}",
                n_accepted <= gate.max_hostile_accepted,
                f"{n_accepted} of {sum(stratum.n for stratum in hostile)}",
            )
        )
    if n_executed is not None:
        conditions.append(Condition("text run as code: never", n_executed == 0, f"{n_executed} texts were run"))
    if repeats is not None and repeats.n:
        conditions.append(_flips(gate, repeats))
    if relations:
        conditions.append(_contradictions(gate, relations))
    return conditions


def _flips(gate: GateConfig, repeats: Repeats) -> Condition:
    name = f"verdicts that change in a fresh process: at most {gate.max_flip_rate:.2%}"
    return Condition(name, repeats.flips.value <= gate.max_flip_rate, f"{repeats.n_flipped} of {repeats.n}")


def _contradictions(gate: GateConfig, relations: Sequence[Relation]) -> Condition:
    broken = {name: n for name, n in total_broken(relations).items() if n}
    n_broken = sum(broken.values())
    where = ", ".join(f"{name} {n}" for name, n in broken.items())
    found = f"{n_broken} of {sum(relation.n for relation in relations)}" + (f": {where}" if where else "")
    return Condition(f"contradictions: at most {gate.max_contradictions}", n_broken <= gate.max_contradictions, found)


def _where(stratum: Stratum) -> str:
    return f"{stratum.family}, {stratum.origin}"


def _false_accepts(gate: GateConfig, strata: Sequence[Stratum]) -> Condition:
    name = f"wrong answers accepted, upper 95% bound in every stratum: at most {gate.max_false_accept_rate:.2%}"
    rates = [(stratum.confusion.fpr, stratum) for stratum in strata if stratum.confusion.fpr.n]
    if not rates:
        return Condition(name, False, "no wrong answer was tried")
    worst, stratum = max(rates, key=lambda pair: pair[0].value if pair[1].is_sample else pair[0].upper)
    limit, measured = gate.max_false_accept_rate, worst.value if stratum.is_sample else worst.upper
    found = f"worst: {worst.k} of {worst.n}, bound {worst.upper:.4%}, in {_where(stratum)}"
    if worst.value <= limit < measured:
        needed = f"needs {n_needed(limit):,} without one" if limit > 0 else "no number shows a rate of 0"
        found += f"; too few to show it: 0 in n bounds a rate by 3/n, {needed}"
    return Condition(name, measured <= limit, found)


def _true_accepts(gate: GateConfig, strata: Sequence[Stratum]) -> Condition:
    name = f"right answers accepted, lower 95% bound in every stratum: at least {gate.min_true_accept_rate:.2%}"
    rates = [(stratum.confusion.tpr, stratum) for stratum in strata if stratum.confusion.tpr.n]
    if not rates:
        return Condition(name, False, "no right answer was tried")
    worst, stratum = min(rates, key=lambda pair: pair[0].value if pair[1].is_sample else pair[0].lower)
    limit, measured = gate.min_true_accept_rate, worst.value if stratum.is_sample else worst.lower
    found = f"worst: {worst.k} of {worst.n}, bound {worst.lower:.4%}, in {_where(stratum)}"
    if measured < limit <= worst.value:
        found += "; too few to show it"
    return Condition(name, measured >= limit, found)


def _undecided(gate: GateConfig, strata: Sequence[Stratum]) -> Condition:
    name = f"answers without a verdict, in every stratum: at most {gate.max_undecided_rate:.2%}"
    if not strata:
        return Condition(name, False, "nothing was tried")
    stratum = max(strata, key=lambda s: s.undecided.value if s.n else -math.inf)
    faults = ", ".join(f"{fault} {n}" for fault, n in stratum.faults.items() if n)
    found = f"worst: {stratum.n_undecided} of {stratum.n}" + (f" ({faults}) in {_where(stratum)}" if faults else "")
    return Condition(name, stratum.undecided.value <= gate.max_undecided_rate, found)
