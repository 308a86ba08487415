"""Operating characteristics in small; `benchmarks/verdict_operating.py` measures them in full."""

import math

import numpy as np
import pytest

from selfplay.scaling.claim import Claim
from selfplay.scaling.controls import read_aa
from selfplay.scaling.power import Answer, chance, closed_form, simulated
from selfplay.scaling.reading import decide
from selfplay.scaling.rows import Runs
from selfplay.scaling.simulate import Design, collapsing, multiplied, repeated, shifted, simulate

CLAIM = Claim("verified")
N = 150


def headlines(arm, noise: float = 0.01, seeds: int = 5) -> list[str]:
    rng, design = np.random.default_rng(0), Design(seeds=seeds, noise=noise, arms={"verified": arm})
    return [decide(*simulate(design, rng), CLAIM).headline for _ in range(N)]


def test_no_effect_is_no_yes() -> None:
    found = headlines(repeated)
    assert sum(h in ("keeps scaling", "one-off gain", "helps, slope undecided") for h in found) <= 0.05 * N + 4


def test_an_effect_of_two_is_yes() -> None:
    found = headlines(multiplied(2.0))
    assert sum(h in ("keeps scaling", "one-off gain", "helps, slope undecided") for h in found) >= 0.95 * N


def test_a_one_off_gain_does_not_keep_scaling() -> None:
    assert headlines(shifted(2.0)).count("keeps scaling") <= 0.05 * N + 4


def test_a_collapse_is_harm() -> None:
    assert headlines(collapsing).count("harm") >= 0.97 * N


def test_the_baseline_against_itself_is_rarely_yes() -> None:
    rng, design = np.random.default_rng(2), Design(seeds=8)
    answers = [read_aa(Runs(simulate(design, rng)[0]), CLAIM).answer for _ in range(N)]
    assert answers.count("YES") <= 0.05 * N + 2
    assert answers.count("") <= 3  # a fresh curve that noise makes rise


def test_too_few_seeds_for_halves_is_a_reason() -> None:
    control = read_aa(Runs(simulate(Design(seeds=5), np.random.default_rng(2))[0]), CLAIM)
    assert (control.answer, control.interval) == ("", None)
    assert "needs 6 seeds" in control.reason


@pytest.mark.parametrize(
    ("answer", "effect", "n"), [(Answer.NO, 1.0, 6), (Answer.NO, 1.0, 10), (Answer.YES, 1.2, 5), (Answer.YES, 1.5, 4)]
)
def test_the_closed_form_agrees_with_the_whole_procedure(answer: Answer, effect: float, n: int) -> None:
    design = Design(seeds=n, arms={"verified": multiplied(effect)})
    expected = chance(answer, n, design.ln_edm_deviation(effect), math.log(effect), CLAIM)
    found = simulated(answer, design, CLAIM, 300, seed=1)
    assert found == pytest.approx(expected, abs=0.09)


def test_chance_is_that_of_the_rule() -> None:
    rng, n, deviation = np.random.default_rng(3), 5, 0.11
    draws = rng.normal(math.log(1.25), deviation, (20_000, n))
    half = 2.1318467863 * draws.std(axis=1, ddof=1) / math.sqrt(n)
    yes = (draws.mean(axis=1) > np.maximum(half, CLAIM.ln_margin)).mean()
    assert chance(Answer.YES, n, deviation, math.log(1.25), CLAIM) == pytest.approx(yes, abs=0.01)


def test_seeds_for_a_clean_no_are_those_planned_with() -> None:
    assert closed_form(Answer.NO, Design(noise=0.01).ln_edm_deviation(), 0.0, CLAIM, 0.8) == 10
    assert closed_form(Answer.NO, Design(noise=0.003).ln_edm_deviation(), 0.0, CLAIM, 0.8) == 3
    assert closed_form(Answer.NO, 1e6, 0.0, CLAIM, 0.8) is None
