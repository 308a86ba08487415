"""What must change nothing: the order of rows, units, a constant on all losses of a seed."""

import math

import numpy as np
import pytest

from selfplay.scaling.simulate import collapsing, repeated, scaling_on, shifted
from tests.selfplay.verdicts.tables import same, study

NUMBERS = ("level", "harm", "slope", "headline", "ln_edm", "gap_recovered", "exchange_rate", "slope_real", "slope_arm",
           "slope_fresh", "wpr", "seeds", "seeds_needed", "controls", "arms")  # fmt: skip


@pytest.mark.parametrize("arm", [repeated, shifted(1.3), scaling_on()])
def test_the_order_of_rows_changes_nothing(read, arm) -> None:
    table = study(noise=0.01, seeds=6, verified=arm, unverified=collapsing)
    before, _, _ = read(table)
    after, _, _ = read([table[i] for i in np.random.default_rng(3).permutation(len(table))])
    assert same(after, before)


@pytest.mark.parametrize("arm", [repeated, shifted(1.3), scaling_on()])
@pytest.mark.parametrize("unit", [1e3, 7e5])
def test_the_unit_of_tokens_changes_nothing(read, arm, unit: float) -> None:
    table = study(noise=0.01, seeds=6, verified=arm)
    scaled = [
        {k: float(str(v)) / unit if k in ("U", "D", "D_real", "D_syn") else v for k, v in row.items()} for row in table
    ]
    before, after = read(table)[0], read(scaled)[0]
    assert same({key: after[key] for key in NUMBERS}, {key: before[key] for key in NUMBERS})
    assert after["wall"]["D"] * unit == pytest.approx(before["wall"]["D"])


@pytest.mark.parametrize("arm", [repeated, shifted(1.3), scaling_on()])
def test_a_constant_on_all_losses_of_a_seed_changes_nothing(read, arm) -> None:
    table = study(noise=0.01, seeds=6, verified=arm)
    for row in table:
        row["loss_se"] = 0.0001
    before, _, _ = read(table)
    shift = {0: 0.7, 1: -0.5, 2: 0.0, 3: 3.0, 4: 0.1, 5: -0.3}
    after, _, _ = read([{**row, "loss": float(str(row["loss"])) + shift[int(str(row["seed"]))]} for row in table])
    assert same(after, before)


def test_other_units_of_loss_change_no_answer(read) -> None:
    table = study(noise=0.01, verified=scaling_on())
    before, _, _ = read(table)
    after, _, _ = read([{**row, "loss": float(str(row["loss"])) / math.log(2)} for row in table])
    assert same({key: after[key] for key in ("level", "slope", "ln_edm", "wpr")},
                {key: before[key] for key in ("level", "slope", "ln_edm", "wpr")})  # fmt: skip
