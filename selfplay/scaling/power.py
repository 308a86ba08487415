"""How many seeds a study needs: for a clean NO where nothing is there to find, and for a YES where something is.

Simulated with the whole procedure that reads real tables, gates included, and checked against a closed form that knows
only the level's t-interval. Planning only: what a study has found is not an effect to plan the same study with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri, ndtr

from selfplay.scaling.claim import Claim
from selfplay.scaling.gates import MIN_SEEDS
from selfplay.scaling.intervals import MAX_SEEDS, t_quantile
from selfplay.scaling.reading import decide
from selfplay.scaling.simulate import Design, multiplied, repeated, simulate
from selfplay.scaling.verdict import Answer

ARM = "verified"
MAX_SIMULATED = 60
"""Past so many seeds only the closed form is given: simulating would take minutes to say what it says."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Seeds for one aim.

    Attributes:
        answer: YES or NO.
        effect: The true multiplier it is planned for.
        seeds: By simulation; None where the closed form is past `MAX_SIMULATED` seeds.
        rate: Share of simulated studies of so many seeds that say it.
        closed_form: Seeds by the closed form; None past `intervals.MAX_SEEDS`.
    """

    answer: Answer
    effect: float
    seeds: int | None
    rate: float
    closed_form: int | None


def chance(answer: Answer, n: int, deviation: float, effect: float, claim: Claim) -> float:
    """Chance that `n` seeds say YES (or NO), by the level's rule alone.

    Args:
        answer: YES or NO.
        n: Seeds, two or more.
        deviation: Of one seed's ln EDM.
        effect: True ln EDM.
        claim: The rule.
    """
    # over the deviation that the seeds happen to show, at even steps of its distribution; the mean is normal
    shown = deviation * np.sqrt(chdtri(n - 1, (np.arange(2_000) + 0.5) / 2_000) / (n - 1))
    half = t_quantile(n, claim.level_alpha) * shown / math.sqrt(n)
    error = deviation / math.sqrt(n)
    if answer is Answer.NO:
        return float(np.mean(ndtr((claim.ln_margin - half - effect) / error)))
    return float(np.mean(ndtr((effect - np.maximum(half, claim.ln_margin)) / error)))


def closed_form(answer: Answer, deviation: float, effect: float, claim: Claim, power: float) -> int | None:
    """Fewest seeds whose `chance` is at least `power`; None above `intervals.MAX_SEEDS`."""
    for n in range(MIN_SEEDS, MAX_SEEDS + 1):
        if chance(answer, n, deviation, effect, claim) >= power:
            return n
    return None


def simulated(answer: Answer, design: Design, claim: Claim, studies: int, seed: int) -> float:
    """Share of simulated studies that say it, by the whole procedure."""
    rng = np.random.default_rng([seed, design.seeds, answer is Answer.YES])
    found = 0
    for _ in range(studies):
        rows, expected = simulate(design, rng)
        found += decide(rows, expected, claim).level.answer is answer
    return found / studies


def plan(
    answer: Answer,
    design: Design,
    effect: float,
    claim: Claim,
    *,
    power: float = 0.8,
    studies: int = 400,
    seed: int = 0,
) -> Plan:
    """Seeds needed for an answer.

    Args:
        answer: YES or NO.
        design: The study's noise and curve; its seeds and arms are set here.
        effect: True multiplier of the arm: 1 where nothing is there to find.
        claim: The rule.
        power: Chance of the answer that is asked for.
        studies: Simulated studies for each number of seeds tried.
        seed: Of the simulation.

    Raises:
        ValueError: `power`, `effect` or `studies` is out of range, or the effect cannot give the answer.
    """
    if not 0.0 < power < 1.0:
        raise ValueError(f"power = {power}: must lie between 0 and 1")
    if design.noise <= 0:
        raise ValueError(f"noise = {design.noise}: must be above 0; without noise {MIN_SEEDS} seeds settle anything")
    if studies < 1 or effect <= 0:
        raise ValueError(f"studies = {studies}, effect = {effect}: must be above 0")
    if answer is Answer.YES and effect <= claim.margin:
        raise ValueError(
            f"effect = {effect}: at or below the margin of {claim.margin} no number of seeds makes YES likely"
        )
    worth = multiplied(effect) if effect != 1.0 else repeated
    design = replace(design, arms={claim.primary: worth})
    guess = closed_form(answer, design.ln_edm_deviation(effect), math.log(effect), claim, power)
    if guess is None or guess > MAX_SIMULATED:
        return Plan(answer, effect, None, math.nan, guess)
    seeds, rate = _fewest(lambda n: simulated(answer, replace(design, seeds=n), claim, studies, seed), guess, power)
    return Plan(answer, effect, seeds, rate, guess)


def _fewest(rate: Callable[[int], float], guess: int, power: float) -> tuple[int | None, float]:
    """Fewest seeds that reach the power, searched from a guess."""
    n, found = guess, rate(guess)
    while found < power:
        n += 1
        if n > 2 * MAX_SIMULATED:
            return None, math.nan
        found = rate(n)
    while n > MIN_SEEDS and (fewer := rate(n - 1)) >= power:
        n, found = n - 1, fewer
    return n, found
