from dataclasses import replace
from pathlib import Path

import pytest

from selfplay.config import ArmConfig, JudgeConfig, StudyConfig
from selfplay.study.grid import build_grid, tokens_name

OUT = Path("out")


@pytest.fixture
def study(tiny_run) -> StudyConfig:
    arms = [
        ArmConfig("real"),
        ArmConfig("verified", proposer="model"),
        ArmConfig("unverified", proposer="model", judge=JudgeConfig("accept-all")),
        ArmConfig("fresh", real="fresh", dropout=0.0, budgets_tokens=[3_000, 7_500, 15_000]),
    ]
    return StudyConfig(
        "s", tiny_run.data, arms, [7_500, 15_000], [0, 1],
        model=tiny_run.model, optim=tiny_run.optim, play=tiny_run.play,
    )  # fmt: skip


def test_every_arm_budget_and_seed_is_a_cell(study: StudyConfig):
    grid = build_grid(study, OUT)
    assert len(grid.cells) == 2 * (3 * 2 + 3)
    assert len({cell.folder for cell in grid.cells}) == len(grid.cells)
    assert OUT / "cells" / "fresh" / "3000" / "seed1" in {cell.folder for cell in grid.cells}


def test_arms_that_begin_alike_share_a_trunk(study: StudyConfig):
    grid = build_grid(study, OUT)
    trunk_of = {(cell.config.arm.name, cell.config.budget_tokens, cell.config.seed): cell.trunk for cell in grid.cells}
    long = {trunk_of[name, 15_000, 0] for name in ("real", "verified", "unverified")}
    assert len(long) == 1
    assert long != {trunk_of["real", 15_000, 1]}
    assert trunk_of["real", 15_000, 0] != trunk_of["fresh", 15_000, 0]
    assert all(trunk.config.budget_tokens == 6_000 for trunk in grid.trunks)
    assert {cell.trunk for cell in grid.cells if cell.trunk} == {trunk.folder for trunk in grid.trunks}


def test_a_run_whose_rate_falls_before_self_play_begins_on_its_own(study: StudyConfig):
    grid = build_grid(replace(study, budgets_tokens=[7_400]), OUT)  # decays from 5,920, self-play begins at 6,000
    assert all(cell.trunk is None for cell in grid.cells if cell.config.budget_tokens == 7_400)


def test_arms_with_other_regularisation_begin_on_their_own(study: StudyConfig):
    arms = [replace(arm, dropout=0.3) if arm.name == "verified" else arm for arm in study.arms]
    trunks = {
        c.config.arm.name: c.trunk
        for c in build_grid(replace(study, arms=arms), OUT).cells
        if c.config.budget_tokens == 15_000
    }
    assert trunks["real"] == trunks["unverified"] != trunks["verified"]


def test_an_arm_may_have_a_pool_of_its_own(study: StudyConfig):
    arms = [ArmConfig("real"), ArmConfig("more", n_real=400), ArmConfig("less", n_real=50)]
    grid = build_grid(replace(study, arms=arms, primary="more", fresh=None), OUT)
    pools = {(cell.config.arm.name, cell.config.data.n_real) for cell in grid.cells}
    assert pools == {("real", study.data.n_real), ("more", 400), ("less", 50)}
    assert all(cell.config.arm.n_real is None for cell in grid.cells)  # it is said once, in the run's data
    trunks = {cell.config.arm.name: cell.trunk for cell in grid.cells if cell.config.seed == 0 and cell.trunk}
    assert len(set(trunks.values())) == len(trunks) == 3, "other data, another beginning"


def test_an_arm_may_play_in_a_way_of_its_own(study: StudyConfig):
    own = replace(study.play, n_attempts=study.play.n_attempts + 3)
    arms = [*study.arms, replace(study.arms[1], name="more", play=own)]
    cells = build_grid(replace(study, arms=arms), OUT).cells
    assert {cell.config.play for cell in cells if cell.config.arm.name == "more"} == {own}
    assert {cell.config.play for cell in cells if cell.config.arm.name != "more"} == {study.play}
    assert all(cell.config.arm.play is None for cell in cells)  # it is said once, in the run's play


@pytest.mark.parametrize(("n", "name"), [(800_000, "800k"), (1_250_000, "1.25M"), (1_234, "1234"), (3_000_000, "3M")])
def test_tokens_name(n, name):
    assert tokens_name(n) == name
