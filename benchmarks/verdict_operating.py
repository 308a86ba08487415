"""How often a verdict is wrong: studies with a known answer, simulated and read by the code that reads real ones.

    python benchmarks/verdict_operating.py [--studies 2000] [--json FILE]

Every study has 5 seeds unless the case says otherwise, budgets of 1 to 64 U, a wall at 16 U, and noise of a run's loss
of 0.3% or 1% beyond what the arms of its seed share (another 1%). Exit code 1 where a rate misses its bound.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from selfplay.scaling.claim import LOOKS, Claim
from selfplay.scaling.controls import read_aa
from selfplay.scaling.intervals import t_interval
from selfplay.scaling.reading import Decision, decide
from selfplay.scaling.rows import Key, Runs
from selfplay.scaling.runtable import Run
from selfplay.scaling.simulate import (
    MULTIPLES,
    Design,
    Worth,
    collapsing,
    multiplied,
    repeated,
    scaling_on,
    shifted,
    simulate,
)

ARM = "verified"
CLAIM = Claim(ARM)
Study = tuple[list[Run], list[Key]]
Read = Callable[[Design, np.random.Generator], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What one study said; nan where it has no interval to cover the truth with."""

    yes: bool
    no: bool
    harm: bool
    scaling: bool
    covered: float
    gated: bool


@dataclass(frozen=True)
class Case:
    """A world, how a study of it is read, and what must come of it.

    Attributes:
        name: As printed.
        worth: What the arm is worth.
        read: How a study is read.
        bound: The rate that must hold, as printed.
        holds: Whether it does.
        seeds: Seeds of a study.
    """

    name: str
    worth: Worth
    read: Read
    bound: str
    holds: Callable[[Rates], bool]
    seeds: int = 5


@dataclass(frozen=True)
class Rates:
    """Shares of studies, and of intervals that hold the planted ln EDM."""

    case: str
    noise: float
    seeds: int
    studies: int
    yes: float
    no: float
    harm: float
    keeps_scaling: float
    gated: float
    coverage: float
    bound: str
    met: bool


def planted(design: Design) -> float:
    """ln EDM of the level: the mean over the two largest budgets."""
    arm = design.arms[ARM]
    return float(np.mean([math.log(arm(design, x) / repeated(design, x)) for x in MULTIPLES[-2:]]))


def outcome(decision: Decision, truth: float) -> Outcome:
    """One study's answers."""
    level, covered = decision.level, math.nan
    if level.interval is not None and not math.isnan(truth):
        bounds = t_interval(level.ln_edm.numbers(), level.alpha / 2)
        covered = float(bounds.low <= truth <= bounds.high)
    return Outcome(
        level.answer == "YES", level.answer == "NO", level.harm, decision.headline == "keeps scaling", covered,
        any(gate.passed is False for gate in level.gates),
    )  # fmt: skip


def plainly(design: Design, rng: np.random.Generator) -> Outcome:
    """As `selfplay verdict` reads a table."""
    rows, expected = simulate(design, rng)
    return outcome(decide(rows, expected, CLAIM), planted(design))


def permuted(design: Design, rng: np.random.Generator) -> Outcome:
    """Within each seed the labels of arm and baseline change places or stay, by the toss of a coin."""
    rows, expected = simulate(design, rng)
    swapped = {seed for seed in range(design.seeds) if rng.random() < 0.5}
    other = {ARM: "real", "real": ARM}
    rows = [replace(row, arm=other.get(row.arm, row.arm)) if row.seed in swapped else row for row in rows]
    rows = [replace(row, D_syn=math.nan) for row in rows]  # which would give the labels away
    return outcome(decide(rows, expected, CLAIM), math.nan)


def halves(design: Design, rng: np.random.Generator) -> Outcome:
    """The A/A control: half the baseline's seeds against the other half."""
    rows, _ = simulate(design, rng)
    control = read_aa(Runs(rows), CLAIM)
    return Outcome(control.answer == "YES", control.answer == "NO", False, False, math.nan, control.interval is None)


def looking(design: Design, rng: np.random.Generator) -> Outcome:
    """Seeds added until a look says YES: any of the three looks counts."""
    rows, expected = simulate(replace(design, seeds=LOOKS[-1]), rng)
    found = []
    for n in LOOKS:
        keys = [key for key in expected if key[2] < n]
        found.append(decide([row for row in rows if row.seed < n], keys, replace(CLAIM, looks=True)))
    answers = [outcome(decision, 0.0) for decision in found]
    return replace(answers[-1], yes=any(a.yes for a in answers), covered=math.nan)


def several(design: Design, rng: np.random.Generator) -> Outcome:
    """Three arms that do nothing: a YES for any of them counts."""
    names = (ARM, "second", "third")
    rows, expected = simulate(replace(design, arms=dict.fromkeys(names, design.arms[ARM])), rng)
    decision = decide(rows, expected, replace(CLAIM, secondary=names[1:]))
    answers = [level.answer for level in decision.levels.values()]
    return replace(outcome(decision, planted(design)), yes="YES" in answers, covered=math.nan)


def _yes_rare(rates: Rates) -> bool:
    return rates.yes <= 0.05


def _covers(rates: Rates) -> bool:
    return 0.92 <= rates.coverage <= 0.975


CASES = (
    Case("no effect", repeated, plainly, "YES <= 5%, coverage 92-97.5%", lambda r: _yes_rare(r) and _covers(r)),
    Case("EDM 2", multiplied(2.0), plainly, "YES >= 95%, coverage 92-97.5%", lambda r: r.yes >= 0.95 and _covers(r)),
    Case("one-off gain", shifted(2.0), plainly, "keeps scaling <= 5%", lambda r: r.keeps_scaling <= 0.05),
    Case("keeps scaling", scaling_on(), plainly, "keeps scaling >= 80%", lambda r: r.keeps_scaling >= 0.80),
    Case("collapse", collapsing, plainly, "NO and HARM >= 99%", lambda r: min(r.no, r.harm) >= 0.99),
    Case("labels permuted", multiplied(2.0), permuted, "YES <= 5%", _yes_rare),
    Case("labels permuted", multiplied(2.0), permuted, "YES <= 5%", _yes_rare, seeds=8),
    Case("A/A, halves of 8 seeds", repeated, halves, "YES <= 5%", _yes_rare, seeds=8),
    Case("no effect, 3 looks", repeated, looking, "YES <= 5%", _yes_rare, seeds=12),
    Case("no effect, 3 arms", repeated, several, "YES <= 5%", _yes_rare),
)


def measure(case: Case, noise: float, studies: int, seed: int) -> Rates:
    """Simulate and read so many studies of a case."""
    rng = np.random.default_rng([seed, round(noise * 1e4), CASES.index(case)])
    design = Design(seeds=case.seeds, noise=noise, arms={ARM: case.worth})
    found = [case.read(design, rng) for _ in range(studies)]
    covered = [one.covered for one in found if not math.isnan(one.covered)]
    rates = Rates(
        case.name, noise, case.seeds, studies, *(
            float(np.mean([getattr(one, name) for one in found])) for name in ("yes", "no", "harm", "scaling", "gated")
        ),
        coverage=float(np.mean(covered)) if covered else math.nan, bound=case.bound, met=False,
    )  # fmt: skip
    return replace(rates, met=case.holds(rates))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2_000, help="studies a case (default 2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table as JSON")
    arguments = parser.parse_args()
    start, table = time.perf_counter(), []
    print("| case | noise | seeds | YES | NO | HARM | keeps scaling | gate failed | coverage | must be | met |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        for noise in (0.003, 0.01):
            r = measure(case, noise, arguments.studies, arguments.seed)
            table.append(r)
            shares = " | ".join(f"{x:.1%}" for x in (r.yes, r.no, r.harm, r.keeps_scaling, r.gated))
            coverage = "-" if math.isnan(r.coverage) else f"{r.coverage:.1%}"
            met = "yes" if r.met else "**no**"
            print(f"| {r.case} | {noise:.1%} | {r.seeds} | {shares} | {coverage} | {r.bound} | {met} |", flush=True)
    print(f"\n{arguments.studies} studies a row, {time.perf_counter() - start:.0f} s in all")
    if arguments.json:
        rows = [{**asdict(r), "coverage": None if math.isnan(r.coverage) else r.coverage} for r in table]
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    raise SystemExit(0 if all(r.met for r in table) else 1)


if __name__ == "__main__":
    main()
