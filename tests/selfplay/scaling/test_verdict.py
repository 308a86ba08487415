import math
from dataclasses import replace

import numpy as np
import pytest

from selfplay.scaling.claim import Claim
from selfplay.scaling.metrics import compare
from selfplay.scaling.verdict import Answer, Expected, Level, read_level, read_levels
from tests.selfplay.scaling.rows import BUDGETS, Run, table


def cells(rows: list[Run]) -> list[Expected]:
    return [(row.arm, row.budget, row.seed) for row in rows]


def read(rows: list[Run], expected: list[Expected] | None = None) -> Level:
    return read_level(
        rows, cells(rows) if expected is None else expected, primary="verified", baseline="real", fresh="fresh"
    )


def planted(factor: float, spread: float = 0.0, **kwargs) -> list[Run]:
    """Verified is worth `factor` times the baseline; seeds differ by `spread` in ln EDM, half up and half down."""
    return table(
        {"real": lambda D: D / 3, "verified": lambda D: factor * D / 3},
        shift=lambda seed, arm, budget: 0.15 * spread * (-1) ** seed * (arm == "verified"),
        **kwargs,
    )


def failed(level: Level) -> list[str]:
    return [gate.name for gate in level.gates if gate.passed is False]


@pytest.mark.parametrize(
    ("factor", "spread", "answer", "harm"),
    [
        (1.5, 0.05, Answer.YES, False),
        (1.0, 0.02, Answer.NO, False),
        (0.7, 0.05, Answer.NO, True),
        (0.7, 0.29, Answer.NO, False),  # far below on average, but the upper bound is above 0
        (1.2, 0.35, Answer.UNDECIDED, False),  # above the margin on average, but the lower bound is below 0
        (1.05, 0.15, Answer.UNDECIDED, False),  # the bounds hold 0 and the margin
        (1.08, 0.04, Answer.UNDECIDED, False),  # above 0, below the margin, which the upper bound passes
        (1.05, 0.01, Answer.NO, False),  # surely better, surely by less than the margin
    ],
)
def test_the_rule(factor: float, spread: float, answer: Answer, harm: bool) -> None:
    level = read(planted(factor, spread))
    assert not failed(level)
    assert (level.answer, level.harm) == (answer, harm)
    assert level.interval is not None
    assert level.interval.mean == pytest.approx(math.log(factor), abs=1e-6)
    assert level.budgets == BUDGETS[-2:]
    assert (level.seeds_needed is not None) == (answer is Answer.UNDECIDED)


def test_the_level_is_the_mean_of_the_two_largest_budgets() -> None:
    rows = table({"real": lambda D: D / 3, "verified": lambda D: {1e6: 9.0, 2e6: 2.0, 4e6: 1.5}[D] * D / 3})
    level = read(rows)
    assert level.interval is not None
    assert level.interval.mean == pytest.approx((math.log(2.0) + math.log(1.5)) / 2)


def test_a_missing_run_of_any_arm_withholds_the_verdict() -> None:
    rows = planted(1.5)
    level = read(rows, [*cells(rows), ("unverified", 4_000_000, 3)])
    assert level.answer is Answer.UNDECIDED
    assert failed(level) == ["all runs finished"]
    assert "unverified at 4,000,000 tokens, seed 3" in level.reason
    assert level.interval is None


@pytest.mark.parametrize("column", ["loss", "loss_final"])
def test_a_diverged_run_withholds_the_verdict(column: str) -> None:
    rows = planted(1.5)
    at = next(i for i, row in enumerate(rows) if row.arm == "verified" and row.budget == 1_000_000)
    rows[at] = replace(rows[at], **{column: math.nan})
    level = read(rows)
    assert level.answer is Answer.UNDECIDED
    assert failed(level) == ["losses are finite"]


def test_two_seeds_are_too_few() -> None:
    assert failed(read(planted(1.5, seeds=(0, 1)))) == ["at least 3 seeds"]


def test_unmatched_tokens_withhold_the_verdict() -> None:
    rows = [replace(row, D=int(row.D * 1.02)) if row.arm == "verified" else row for row in planted(1.5)]
    level = read(rows)
    assert failed(level) == ["training tokens within 1%"]
    assert "verified 2,040,000 tokens" in level.reason
    assert level.gates[-1].passed is None


def test_before_real_data_runs_out_there_is_nothing_to_read() -> None:
    rows = [replace(row, U=5_000_000) for row in planted(1.5)]
    assert failed(read(rows)) == ["real data has run out"]


def test_an_arm_that_never_got_synthetic_data_was_not_tested() -> None:
    bare = [replace(row, D_real=row.D, D_syn=0) for row in planted(1.0, 0.02)]
    assert failed(read(bare)) == ["synthetic data was trained on"]
    some = [replace(row, D_real=row.D, D_syn=0) if row.seed == 0 else row for row in planted(1.0, 0.02)]
    level = read(some)
    assert level.answer is Answer.NO  # self-play that yields nothing in one seed is a result, not a gap
    assert any("none in 2 of 8 runs" in gate.reason for gate in level.gates)


def test_a_fresh_curve_that_rises_withholds_the_verdict() -> None:
    rows = planted(1.5)
    at = next(i for i, row in enumerate(rows) if row.arm == "fresh" and row.seed == 2 and row.budget == 8_000_000)
    rows[at] = replace(rows[at], loss=rows[at].loss + 1.0)
    level = read(rows)
    assert failed(level) == ["fresh loss falls with data"]
    assert "seed 2" in level.reason


def test_one_fresh_budget_withholds_the_verdict_with_the_remedy() -> None:
    level = read(planted(1.5, fresh_budgets=(4_000_000,)))
    assert failed(level) == ["fresh loss falls with data"]
    assert "needs fresh runs at 3 or more budgets" in level.reason


def test_better_than_all_fresh_runs_is_beyond_range_not_yes() -> None:
    level = read(planted(7.0))
    assert level.answer is Answer.UNDECIDED
    assert failed(level) == ["losses inside the fresh range"]


def test_no_runs_at_all_is_undecided() -> None:
    level = read([], [("real", 1, 0)])
    assert level.answer is Answer.UNDECIDED
    assert level.budgets == ()


def test_false_yes_under_no_effect_is_rare() -> None:
    rng = np.random.default_rng(5)
    answers = []
    for _ in range(100):
        noise: dict[tuple[int, str, int], float] = {}

        def shift(seed: int, arm: str, budget: int, noise: dict = noise) -> float:
            return noise.setdefault((seed, arm, budget), float(rng.normal(0.0, 0.004)))

        answers.append(read(table({"real": lambda D: D / 3, "verified": lambda D: D / 3}, shift=shift)).answer)
    # alpha is 0.05, and the margin asks for more
    assert np.mean([answer is Answer.YES for answer in answers]) <= 0.05
    assert np.mean([answer is Answer.NO for answer in answers]) >= 0.5


def test_a_verdict_agrees_with_the_metric_it_is_read_from() -> None:
    rows = planted(1.5, 0.05)
    found = [compare(rows, "verified", b, baseline="real", fresh="fresh").ln_edm.numbers() for b in BUDGETS[-2:]]
    assert read(rows).ln_edm.numbers() == pytest.approx(np.mean(found, axis=0).tolist())


def test_a_yes_must_stand_under_holms_correction_over_all_arms_tested() -> None:
    third = {"real": lambda D: D / 3}
    arms = {
        name: (lambda D, factor=factor: factor * D / 3) for name, factor in (("verified", 1.35), ("b", 1.0), ("c", 1.0))
    }
    spread = {"verified": 0.176, "b": 0.04, "c": 0.04}
    rows = table({**third, **arms}, shift=lambda seed, arm, budget: 0.15 * spread.get(arm, 0.0) * (-1) ** seed)
    alone = read_levels(rows, cells(rows), Claim("verified"))["verified"]
    assert alone.answer is Answer.YES
    assert alone.p == pytest.approx(0.03, abs=0.003)
    together = read_levels(rows, cells(rows), Claim("verified", secondary=("b", "c")))
    assert together["verified"].answer is Answer.UNDECIDED
    assert together["verified"].p_adjusted == pytest.approx(3 * alone.p)
    assert "Holm's correction over 3 arms" in together["verified"].reason
    assert together["b"].answer is Answer.NO  # a NO claims nothing that needs correcting
