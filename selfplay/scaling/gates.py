"""Gates: conditions without which there is no verdict. A study that fails one is UNDECIDED, and says which and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from selfplay.scaling.claim import LOOKS, Claim
from selfplay.scaling.curve import TOLERANCE, Refusal
from selfplay.scaling.metrics import PerSeed, Unmatched, require_matched
from selfplay.scaling.rows import Key, Row, Runs, count, rounded
from selfplay.scaling.wall import Wall

MIN_SEEDS = 3
"""With two, the t-interval rests on one difference and says next to nothing."""

EVALUATION_SHARE = 1 / 3
"""Evaluation error above this part of the deviation over seeds would be most of what is called a seed's noise."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition without which there is no verdict.

    Attributes:
        name: The condition.
        passed: Whether it holds; None where it could not be checked, which the verdict then rests on unchecked.
        reason: What was found.
    """

    name: str
    passed: bool | None
    reason: str


@dataclass(frozen=True)
class Declared:
    """What a verdict rests on beside losses and tokens, as far as the runs' table or folder says it.

    Attributes:
        evaluation: Standard error of a run's loss from the finite held-out set, nats per token.
        tuning: By arm, the settings its hyperparameters were chosen from.
        overlap: Held-out tasks found among training tasks; nan where nobody looked.
        audit: Whether the verifier's audit passed; None where there was none.
        sizes: Parameters of a run's model.
        registration: Whether this is the reading that was registered; None where runs were not registered.
    """

    evaluation: Mapping[Key, float] = field(default_factory=dict)
    tuning: Mapping[str, float] = field(default_factory=dict)
    overlap: float = math.nan
    audit: bool | None = None
    sizes: Mapping[Key, float] = field(default_factory=dict)
    registration: Gate | None = None


def check(
    runs: Runs,
    expected: Sequence[Key],
    claim: Claim,
    arm: str,
    budgets: Sequence[float],
    declared: Declared,
    wall: Wall,
) -> list[Gate]:
    """Every gate but the last, `in_range`, in the order shown.

    Args:
        runs: Finished runs.
        expected: Runs the study should have.
        claim: The rule.
        arm: The arm that is tested.
        budgets: Budgets of the level, rising.
        declared: What else is known.
        wall: Of the baseline.
    """
    compared = runs.where((arm, claim.baseline), budgets)
    limit, falls = past_limit(compared, claim.baseline), fresh_falls(runs, claim.fresh, compared)
    gates = [complete(runs, expected), finite(runs, expected), *_seeds(compared, claim)]
    return [
        *gates,
        declared.registration or Gate("plan registered before the runs", None, "no registration to compare with"),
        matched(compared, claim, budgets),
        same_model(compared, declared),
        limit,
        past_wall(wall, compared, ready=bool(falls.passed) and limit.passed is not False),
        has_synthetic(compared, arm),
        falls,
        tuned_alike(declared, claim.baseline, arm),
        no_overlap(declared),
        audited(declared),
        evaluation_error(compared, declared, claim.baseline, arm),
    ]


def complete(runs: Runs, expected: Sequence[Key]) -> Gate:
    """Every run is there: one left out could have been left out for its result."""
    missing = [key for key in expected if runs.at(*key) is None]
    name = "all runs finished"
    if not missing:
        return Gate(name, True, f"{len(expected)} of {len(expected)}")
    arm, budget, seed = missing[0]
    example = f"{arm} at {count(budget)} tokens, seed {seed}"
    return Gate(name, False, f"{len(missing)} of {len(expected)} missing, for example {example}")


def finite(runs: Runs, expected: Sequence[Key]) -> Gate:
    """No run diverged. One that ends in nan has, even if early stopping found a good round before."""
    found = [row for key in expected if (row := runs.at(*key)) is not None]
    bad = [row for row in found if not (math.isfinite(row.loss) and math.isfinite(row.loss_final))]
    if not bad:
        return Gate("losses are finite", True, "all of them")
    listed = ", ".join(f"{row.arm} at {count(row.budget)} tokens, seed {row.seed}" for row in bad[:3])
    return Gate("losses are finite", False, f"{len(bad)} diverged, for example {listed}")


def _seeds(compared: Sequence[Row], claim: Claim) -> list[Gate]:
    n = len({row.seed for row in compared})
    found = f"{n} seed{'s' if n != 1 else ''}"
    gates = [Gate(f"at least {MIN_SEEDS} seeds", n >= MIN_SEEDS, found)]
    if claim.looks:
        allowed = ", ".join(map(str, LOOKS))
        gates.append(Gate("a look that was planned", n in LOOKS, f"{found}; looks are at {allowed} and no others"))
    return gates


def matched(compared: Sequence[Row], claim: Claim, budgets: Sequence[float]) -> Gate:
    """Runs that are compared spent the same."""
    name = "training tokens within 1%" if claim.match == "tokens" else "FLOPs within 1%"
    if not budgets:
        return Gate(name, False, "the two arms have no budget in common")
    if claim.match == "flops":
        return Gate(name, True, "the baseline is read at the arm's own FLOPs, between its runs")
    try:
        for budget in budgets:
            require_matched([row for row in compared if row.budget == budget])
    except Unmatched as error:
        return Gate(name, False, str(error))
    return Gate(name, True, f"at {' and '.join(map(count, budgets))} tokens")


def same_model(compared: Sequence[Row], declared: Declared) -> Gate:
    """One model size on both sides: a larger model's lower loss is not a gain from data."""
    name = "models of one size"
    sizes = {size for row in compared if (size := declared.sizes.get((row.arm, row.budget, row.seed))) is not None}
    if not sizes:
        return Gate(name, None, "sizes are not given")
    low, high = min(sizes), max(sizes)
    return Gate(name, high <= low * (1 + TOLERANCE), f"{count(low)} to {count(high)}" if high > low else count(low))


def past_limit(compared: Sequence[Row], baseline: str) -> Gate:
    """The baseline repeats its data at every budget of the level."""
    name = "real data has run out"
    real = [row for row in compared if row.arm == baseline]
    if not real:
        return Gate(name, None, "no baseline runs to read it from")
    limit, shortest = max(row.U for row in real), min(row.D for row in real)
    if any(math.isnan(row.U) for row in real):
        return Gate(name, None, "distinct real tokens (U) are not given")
    times = f"the baseline passes over its {count(limit)} distinct real tokens {shortest / limit:.3g} times or more"
    return Gate(name, shortest > limit, times)


def past_wall(wall: Wall, compared: Sequence[Row], ready: bool) -> Gate:
    """The baseline's runs reach the wall: before it, repeated data is still nearly as good as fresh."""
    name = "wall reached"
    if not ready or not compared:
        return Gate(name, None, "not checked while another condition fails")
    if wall.reason:
        return Gate(name, False if wall.reason.startswith("not reached") else None, wall.reason)
    found = f"a repeated token is worth less than 1/e of a fresh one from {rounded(wall.D)} tokens on"
    past = max(row.D for row in compared) * (1 + TOLERANCE) < wall.D
    return Gate(name, True, found + (", past the budgets of the level" if past else ""))


def has_synthetic(compared: Sequence[Row], arm: str) -> Gate:
    """Without one synthetic token in any run, the arm is the baseline under another name: nothing was tested.

    Some runs without any do not fail it: how often self-play yields something is part of what is tested.
    """
    name = "synthetic data was trained on"
    own = [row for row in compared if row.arm == arm]
    if not own:
        return Gate(name, None, "no runs of the arm to read it from")
    if any(math.isnan(row.D_syn) for row in own):
        return Gate(name, None, "synthetic tokens (D_syn) are not given")
    share, n_none = sum(row.D_syn / row.D for row in own) / len(own), sum(row.D_syn == 0 for row in own)
    found = f"{share:.0%} of training tokens" + (f"; none in {n_none} of {len(own)} runs" if n_none else "")
    return Gate(name, n_none < len(own), found)


def fresh_falls(runs: Runs, fresh: str, compared: Sequence[Row]) -> Gate:
    """Every seed's fresh curve can be inverted."""
    name = "fresh loss falls with data"
    seeds = sorted({row.seed for row in compared})
    for seed in seeds:
        try:
            runs.fresh(fresh, seed)
        except Refusal as refusal:
            return Gate(name, False, f"seed {seed}: {refusal}")
    return Gate(name, True, "at every budget of every seed") if seeds else Gate(name, None, "no seeds to check")


def tuned_alike(declared: Declared, baseline: str, arm: str) -> Gate:
    """The baseline was tuned as much as the arm: else "helps" may only mean "was tuned"."""
    name = "baseline tuned as much"
    if baseline not in declared.tuning or arm not in declared.tuning:
        return Gate(name, None, "not given how many settings each arm was tuned over")
    base, own = declared.tuning[baseline], declared.tuning[arm]
    return Gate(name, base >= own, f"{count(base)} settings for {baseline}, {count(own)} for {arm}")


def no_overlap(declared: Declared) -> Gate:
    """No held-out task was trained on."""
    name = "no held-out task in training"
    if math.isnan(declared.overlap):
        return Gate(name, None, "not given")
    return Gate(name, declared.overlap == 0, f"{count(declared.overlap)} found")


def audited(declared: Declared) -> Gate:
    """The verifier behind the arm passed its audit."""
    name = "verifier passed its audit"
    if declared.audit is None:
        return Gate(name, None, "no audit given")
    return Gate(name, declared.audit, "passed" if declared.audit else "failed")


def evaluation_error(compared: Sequence[Row], declared: Declared, baseline: str, arm: str) -> Gate:
    """The held-out set is large enough.

    The deviation over seeds is that of one run's loss, read from differences between the arms of a seed, so that what
    a seed's arms share does not make it look larger.
    """
    name = "evaluation error below a third of the seeds'"
    of = {(row.arm, row.budget, row.seed): row.loss for row in compared}
    errors = [declared.evaluation[key] for key in of if key in declared.evaluation]
    if not errors:
        return Gate(name, None, "evaluation errors are not given")
    budgets = sorted({row.budget for row in compared})
    spreads = []
    for budget in budgets:
        pairs = [(of.get((arm, budget, s)), of.get((baseline, budget, s))) for s in sorted({k[2] for k in of})]
        differences = [own - base for own, base in pairs if own is not None and base is not None]
        if len(differences) > 1 and np.isfinite(differences).all():
            spreads.append(float(np.var(differences, ddof=1)) / 2)
    if not spreads:
        return Gate(name, None, "one seed has no deviation")
    error, deviation = math.sqrt(float(np.mean(np.square(errors)))), math.sqrt(float(np.mean(spreads)))
    found = f"{error:.2g} nats/token, where seeds deviate by {deviation:.2g}"
    return Gate(name, error <= EVALUATION_SHARE * deviation, found)


def in_range(ln_edm: PerSeed, ready: bool) -> Gate:
    """Every loss that is compared lies inside its seed's fresh range; the last gate."""
    name = "losses inside the fresh range"
    if not ready:
        return Gate(name, None, "not checked while another condition fails")
    return Gate(name, not ln_edm.reason, ln_edm.reason or "every compared loss")
