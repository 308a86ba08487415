"""Steps without a finite loss or gradient change nothing, are counted, and stop a run that has no others."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from selfplay.cli import main
from selfplay.config import RunConfig
from selfplay.configfile import to_yaml
from selfplay.data.sources import draw_real_data
from selfplay.play.checkpoint import load_checkpoint
from selfplay.play.run import build_encoder, build_fabric
from selfplay.play.state import RunState
from selfplay.play.trainer import Trainer


@pytest.fixture(params=["adamw", "muon"])
def trainer(tiny_run: RunConfig, request: pytest.FixtureRequest) -> Trainer:
    optim = replace(tiny_run.optim, name=request.param, max_skipped_steps=3, ema_decay=0.0)
    config = replace(tiny_run, optim=optim)
    fabric = build_fabric(config)
    data = draw_real_data(config.data, config.seed)
    state = RunState.fresh(config, data, len(build_encoder(config).tokenizer), fabric.device)
    forward, state.optimizer = fabric.setup(state.model, state.optimizer)
    return Trainer(fabric, forward, state, config.optim)


def loss(trainer: Trainer, factor: float = 1.0) -> torch.Tensor:
    return trainer.forward(torch.tensor([[1, 2, 3]])).square().mean() * factor


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(trainer._state.model.parameters()).detach().clone()


def counts(trainer: Trainer) -> tuple[int, int, int]:
    skipped = trainer._state.skipped
    return skipped.total, skipped.row, skipped.longest


def moments(trainer: Trainer) -> list[torch.Tensor]:
    return [v.clone() for slots in trainer._state.optimizer.state_dict()["state"].values() for v in slots.values()]


def same(left: list[torch.Tensor], right: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), -float("inf")])
def test_a_step_without_a_number_changes_nothing(trainer: Trainer, factor: float):
    trainer.begin(0)
    trainer.step(loss(trainer), 1e-2)
    before, slots = weights(trainer), moments(trainer)
    assert trainer.step(loss(trainer, factor), 1e-2) == 0.0
    assert torch.equal(weights(trainer), before)
    assert same(moments(trainer), slots)
    assert counts(trainer) == (1, 1, 1)
    trainer.step(loss(trainer), 1e-2)
    assert not torch.equal(weights(trainer), before)
    assert counts(trainer) == (1, 0, 1)


def test_a_gradient_without_a_number_is_seen_though_the_loss_has_one(trainer: Trainer):
    trainer.begin(0)
    before = weights(trainer)
    poisoned = loss(trainer)
    poisoned.register_hook(lambda gradient: gradient * float("nan"))
    trainer.step(poisoned, 1e-2)
    assert counts(trainer) == (1, 1, 1)
    assert torch.equal(weights(trainer), before)


def test_more_in_a_row_than_allowed_stop_the_run(trainer: Trainer):
    trainer.begin(0)
    for factor in (float("nan"), float("nan"), 1.0, *[float("nan")] * 3):
        trainer.step(loss(trainer, factor), 1e-2)
    message = r"diverged in round 0, step 7, at a learning rate of 0.01: 4 steps in a row .*loss nan.*optim.lr below"
    with pytest.raises(ValueError, match=message):
        trainer.step(loss(trainer, float("nan")), 1e-2)


def inject(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """Make the losses of some steps of a run nan."""
    step = Trainer.step

    def poisoned(self, loss, lr):
        return step(self, loss * float("nan") if self._state.step in steps else loss, lr)

    monkeypatch.setattr(Trainer, "step", poisoned)


def test_a_run_outlives_a_few_and_says_how_many(tiny_run: RunConfig, tmp_path: Path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from selfplay.play.run import run_arm

    inject(monkeypatch, {2, 3, 20, 40, 41})
    result = run_arm(tiny_run, tmp_path)
    assert result.D == 15_000
    reports = [json.loads(line) for line in (tmp_path / "rounds.jsonl").read_text().splitlines()]
    assert reports[0]["n_skipped_steps"] == 3
    assert reports[-1]["n_skipped_steps"] == 5
    assert all(report["train_nats_per_token"] > 0 for report in reports)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert events.Scalars("train/n_skipped_steps")[-1].value == 5


@pytest.mark.parametrize("lr", ["1e6", "1e30"])
def test_a_rate_that_explodes_ends_in_one_line(tiny_run: RunConfig, tmp_path: Path, capsys, lr: str):
    path = tmp_path / "run.yaml"
    path.write_text(to_yaml(tiny_run))
    argv = ["train", "--config", str(path), "--out", str(tmp_path / "out"), "--optim.lr", lr]
    assert main([*argv, "--optim.warmup_tokens", "12000"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: training diverged in round ")
    assert "optim.lr below" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "result.json").exists()


def test_weights_that_overflow_in_the_last_step_of_a_round_are_not_saved(tiny_run: RunConfig, tmp_path, monkeypatch):
    from selfplay.play.run import run_arm

    step = Trainer.step

    def overflows(self, loss, lr):
        seen = step(self, loss, lr)
        if self._state.train_tokens:  # any round but the first
            self._state.model.embedding.weight.data[0, 0] = float("inf")
        return seen

    monkeypatch.setattr(Trainer, "step", overflows)
    optim = replace(tiny_run.optim, max_skipped_steps=10_000)
    with pytest.raises(ValueError, match=r"round 1, .* weights are no longer finite numbers"):
        run_arm(replace(tiny_run, optim=optim), tmp_path)
    saved = load_checkpoint(tmp_path / "checkpoint.ckpt")
    assert saved["round"] == 1
    assert all(tensor.isfinite().all() for tensor in saved["model"].values())


def test_the_checkpoint_before_a_divergence_is_whole(tiny_run: RunConfig, tmp_path: Path, monkeypatch):
    from selfplay.play.run import run_arm

    with monkeypatch.context() as patch:
        inject(patch, set(range(60, 10_000)))
        with pytest.raises(ValueError, match="steps in a row"):
            run_arm(tiny_run, tmp_path / "cut")
    saved = load_checkpoint(tmp_path / "cut" / "checkpoint.ckpt")
    assert 0 < saved["step"] < 81
    assert all(tensor.isfinite().all() for tensor in saved["model"].values())
