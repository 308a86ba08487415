"""A whole run: exact budgets, shared beginnings, resuming to the bit, and refusals."""

import importlib.metadata
import json
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

import selfplay.play.run as run_module
from envs.code.deduction import Deduction
from selfplay.config import ArmConfig, JudgeConfig, RunConfig, TaskConfig
from selfplay.play.checkpoint import load_checkpoint
from selfplay.play.examine import examine
from selfplay.play.log import ATTEMPTS, JUDGE_VERSION
from selfplay.play.run import run_arm
from selfplay.records import WALL_CLOCK_COLUMNS, RunResult

ARMS = [
    ArmConfig("real"),
    ArmConfig("verified", proposer="model"),
    ArmConfig("live", proposer="model", proposer_weights="live"),
    ArmConfig("unverified", proposer="model", judge=JudgeConfig("accept-all")),
    ArmConfig("noisy", proposer="model", judge=JudgeConfig("noisy", 0.9, 0.2)),
    ArmConfig("procedural", proposer="env"),
    ArmConfig("fresh", real="fresh", dropout=0.0, weight_decay=0.1),
]


def measured(result: RunResult) -> dict[str, object]:
    """A result without its wall-clock columns."""
    return {name: value for name, value in asdict(result).items() if name not in WALL_CLOCK_COLUMNS}


def rounds(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_every_arm_ends_on_the_same_token(tiny_run: RunConfig, arm: ArmConfig, tmp_path: Path):
    result = run_arm(replace(tiny_run, arm=arm), tmp_path)
    assert result.D == result.D_real + result.D_syn == result.budget == 15_000
    played = rounds(tmp_path)
    assert [report["train_tokens"] for report in played] == [3_000, 6_000, 9_000, 12_000, 15_000]
    proposes = arm.proposer != "none"
    assert [report["n_proposed"] > 0 for report in played] == [False, False, *[proposes] * 3]
    assert (result.flops_generate > 0) == proposes
    assert result.loss <= max(report["heldout"]["answer_nats_per_token"] for report in played)
    if arm.judge.kind == "accept-all":
        assert result.D_syn > 0
        assert result.n_stored > 0
    if not proposes:
        assert result.D_syn == 0


def test_synthetic_share_stays_under_its_cap_and_draws_under_theirs(unverified_run: RunConfig, tmp_path: Path):
    config = replace(unverified_run, play=replace(unverified_run.play, max_draws=2, real_fraction=0.4))
    run_arm(config, tmp_path)
    for report in rounds(tmp_path)[2:]:
        assert 0 < report["max_draws"] <= 2
        assert report["synthetic_tokens"] <= 0.6 * (report["train_tokens"] - 6_000) + 16


def test_arms_of_a_seed_are_the_same_until_self_play(tiny_run: RunConfig, unverified_run: RunConfig, tmp_path: Path):
    for config in (tiny_run, unverified_run, replace(tiny_run, arm=ArmConfig("real"))):
        run_arm(config, tmp_path / config.arm.name)
    verified, unverified, real = (rounds(tmp_path / name) for name in ("verified", "unverified", "real"))
    assert verified[:2] == unverified[:2] == real[:2]
    assert unverified[2:] != real[2:]


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("n_rounds", [1, 2, 3, 4])
def test_a_resumed_run_equals_an_uninterrupted_one(unverified_run: RunConfig, tmp_path: Path, n_rounds: int):
    whole = run_arm(unverified_run, tmp_path / "whole")

    def interrupt(report):
        if report.round + 1 == n_rounds:
            raise Interrupted

    with pytest.raises(Interrupted):
        run_arm(unverified_run, tmp_path / "cut", on_round=interrupt)
    assert not (tmp_path / "cut" / "result.json").exists()
    assert measured(run_arm(unverified_run, tmp_path / "cut")) == measured(whole)
    assert rounds(tmp_path / "cut") == rounds(tmp_path / "whole")
    saved = [torch.load(tmp_path / name / "checkpoint.ckpt", weights_only=True)["model"] for name in ("cut", "whole")]
    assert all(torch.equal(saved[0][name], saved[1][name]) for name in saved[0])


def test_a_run_from_its_trunk_equals_one_from_the_start(unverified_run: RunConfig, tmp_path: Path):
    from selfplay.study.grid import _opening

    whole = run_arm(unverified_run, tmp_path / "whole")
    run_arm(_opening(unverified_run), tmp_path / "trunk")
    assert measured(run_arm(unverified_run, tmp_path / "cut", trunk=tmp_path / "trunk")) == measured(whole)
    assert rounds(tmp_path / "cut") == rounds(tmp_path / "whole")
    assert (tmp_path / "cut" / "best.ckpt").exists()


def test_a_finished_run_is_not_run_again(tiny_run: RunConfig, tmp_path: Path, monkeypatch):
    first = run_arm(tiny_run, tmp_path)
    monkeypatch.setattr(run_module, "_build", lambda config: pytest.fail("built again"))
    assert run_arm(tiny_run, tmp_path) == first


def test_the_folder_of_another_run_is_refused(tiny_run: RunConfig, tmp_path: Path):
    run_arm(tiny_run, tmp_path)
    with pytest.raises(ValueError, match=r"holds a run of another configuration \(now: seed: 1\)"):
        run_arm(replace(tiny_run, seed=1), tmp_path)


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    """One bit in the middle, which lies in a tensor."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


DAMAGES = [half, flipped, lambda content: b"", lambda content: b"not a checkpoint"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tiny_run: RunConfig, tmp_path: Path, damage, capfd):
    whole = measured(run_arm(tiny_run, tmp_path))
    lines = rounds(tmp_path)
    (tmp_path / "result.json").unlink()
    path = tmp_path / "checkpoint.ckpt"
    path.write_bytes(damage(path.read_bytes()))  # a new file: the one before is another
    assert measured(run_arm(tiny_run, tmp_path)) == whole
    assert rounds(tmp_path) == lines
    warning = capfd.readouterr().err
    assert "checkpoint.ckpt: damaged or not a checkpoint" in warning
    assert "going on from checkpoint.previous.ckpt instead" in warning


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_whole_checkpoint_is_one_clear_error(tiny_run: RunConfig, tmp_path: Path, damage):
    run_arm(tiny_run, tmp_path)
    (tmp_path / "result.json").unlink()
    for name in ("checkpoint.ckpt", "checkpoint.previous.ckpt"):
        path = tmp_path / name
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"checkpoint.ckpt: damaged or not a checkpoint .*delete it to start"):
        run_arm(tiny_run, tmp_path)


def test_every_flipped_bit_is_seen_or_harmless(tiny_run: RunConfig, tmp_path: Path):
    """Bits of names and times in the archive's lists may pass, if what is read is the same."""
    run_arm(replace(tiny_run, budget_tokens=3_000), tmp_path)
    path = tmp_path / "checkpoint.ckpt"
    content, saved = path.read_bytes(), load_checkpoint(path)
    rng, n_seen = Random(0), 0
    for _ in range(150):
        place = rng.randrange(len(content))
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :])
        try:
            read = load_checkpoint(path)
        except ValueError:
            n_seen += 1
            continue
        assert all(torch.equal(read["model"][name], tensor) for name, tensor in saved["model"].items())
        assert all(repr(read[name]) == repr(saved[name]) for name in ("round", "step", "reports", "store", "ledger"))
    assert n_seen > 100


def test_two_processes_on_one_folder_are_refused(tiny_run: RunConfig, tmp_path: Path):
    from selfplay.files import locked

    with locked(tmp_path), pytest.raises(ValueError, match="another process is running here"):
        run_arm(tiny_run, tmp_path)


def test_tasks_that_do_not_fit_are_refused_before_training(tiny_run: RunConfig, tmp_path: Path):
    config = replace(tiny_run, model=replace(tiny_run.model, context_length=8))
    with pytest.raises(ValueError, match=r"model\.context_length is 8: raise it"):
        run_arm(config, tmp_path)


def test_tensorboard_holds_every_round_once_after_a_resume(tiny_run: RunConfig, tmp_path: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def interrupt(report):
        if report.round == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        run_arm(tiny_run, tmp_path, on_round=interrupt)
    run_arm(tiny_run, tmp_path)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    scalars = events.Scalars("heldout/answer_nats_per_token")
    assert [scalar.step for scalar in scalars] == [3_000, 6_000, 9_000, 12_000, 15_000]
    logged = [report["heldout"]["answer_nats_per_token"] for report in rounds(tmp_path)]
    assert [scalar.value for scalar in scalars] == pytest.approx(logged)


def test_examine_measures_the_best_weights(tiny_run: RunConfig, tmp_path: Path):
    result = run_arm(tiny_run, tmp_path)
    examination = examine(tmp_path, 4)
    assert examination.scores.answer_nats_per_token == pytest.approx(result.loss, abs=1e-6)
    assert list(examination.pass_at) == [1, 2, 4]
    assert examination.n_tasks == 30
    assert sum(score.n_tasks for score in examination.by_level) == 30
    mean = sum(score.n_tasks * score.solve_rate for score in examination.by_level) / 30
    assert mean == pytest.approx(examination.pass_at[1])
    assert all(score.env == tiny_run.data.tasks[0].env.name for score in examination.by_level)
    assert (len(examination.by_level) > 1) == any("level 1" in line for line in examination.lines())
    with pytest.raises(ValueError, match="no run here"):
        examine(tmp_path / "elsewhere", 4)


def test_golden_losses(unverified_run: RunConfig, tmp_path: Path):
    """A change that should not matter leaves these as they are; one that should explains itself in the changelog."""
    run_arm(unverified_run, tmp_path)
    losses = [report["heldout"]["answer_nats_per_token"] for report in rounds(tmp_path)]
    golden = json.loads((Path(__file__).parents[2] / "golden" / "losses.json").read_text())
    assert losses == pytest.approx(golden, rel=1e-3)  # another CPU sums in another order


def test_a_run_records_what_programs_ran_in(tiny_run: RunConfig, tmp_path: Path):
    run_arm(replace(tiny_run, budget_tokens=3_000), tmp_path / "numbers")
    assert json.loads((tmp_path / "numbers" / "sandbox.json").read_text())["layers"] == []
    data = replace(tiny_run.data, tasks=[TaskConfig(Deduction(max_statements=2))])
    model = replace(tiny_run.model, context_length=64)
    config = replace(tiny_run, data=data, model=model, arm=ArmConfig("procedural", proposer="env"), budget_tokens=9_000)
    run_arm(config, tmp_path / "programs")
    record = json.loads((tmp_path / "programs" / "sandbox.json").read_text())
    assert record["backend"] == "process"
    assert record["safe"]
    assert {"seccomp", "no_new_privs"} <= {layer["name"] for layer in record["layers"] if layer["active"]}
    assert sum(report["n_tasks"] for report in rounds(tmp_path / "programs")) > 0


def test_attempts_say_who_judged_them_and_how(tiny_run: RunConfig, tmp_path: Path):
    judge = JudgeConfig("noisy", 0.9, 0.2)
    config = replace(tiny_run, arm=ArmConfig("noisy", proposer="env", judge=judge), budget_tokens=9_000)
    run_arm(config, tmp_path)
    table = pq.read_table(tmp_path / "attempts" / "00002.parquet")
    assert table.schema == ATTEMPTS
    assert all(column.null_count == 0 for column in table.columns)
    for row in table.to_pylist():
        assert JudgeConfig(**json.loads(row["judge_config"])) == judge
        assert (row["judge"], row["judge_version"], row["round"]) == ("noisy", JUDGE_VERSION, 2)
        assert row["env_version"] == tiny_run.data.tasks[0].env.version
        assert row["model_step"] > 0
        assert row["logprob_nats"] < 0.0
        assert row["truth"] == row["verdict"] or row["verdict_tier"] == "noisy"
        assert row["tier"] != "noisy"


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def test_the_manifest_says_what_a_repeat_must_match(tiny_run: RunConfig, tmp_path: Path):
    run_arm(tiny_run, tmp_path / "first")
    run_arm(replace(tiny_run, arm=ArmConfig("real")), tmp_path / "second")
    run_arm(replace(tiny_run, seed=1), tmp_path / "other")
    first, second, other = (manifest(tmp_path / name) for name in ("first", "second", "other"))
    assert first["data"] == second["data"], "arms of a seed see the same tasks"
    assert first["data"]["pool"]["n"] == other["data"]["pool"]["n"] == tiny_run.data.n_real
    assert all(first["data"][name]["sha256"] != other["data"][name]["sha256"] for name in first["data"])
    assert first["config"]["budget_tokens"] == first["counts"]["train_tokens"] == 15_000
    assert first["counts"]["rounds"] == 5
    assert first["envs"] == {"math/arithmetic": {"version": tiny_run.data.tasks[0].env.version}}
    (start,) = first["starts"]
    assert start["packages"]["torch"] == importlib.metadata.version("torch")
    assert {"selfplay-testbed", "numpy", "sympy"} <= set(start["packages"])


def test_every_start_is_in_the_manifest(tiny_run: RunConfig, tmp_path: Path):
    def interrupt(report):
        raise Interrupted

    with pytest.raises(Interrupted):
        run_arm(tiny_run, tmp_path, on_round=interrupt)
    assert "finished" not in manifest(tmp_path)
    run_arm(tiny_run, tmp_path)
    assert len(manifest(tmp_path)["starts"]) == 2
    run_arm(tiny_run, tmp_path)  # finished: nothing starts
    assert len(manifest(tmp_path)["starts"]) == 2
