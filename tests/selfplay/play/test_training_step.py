"""The training step: wanted tokens only, in parts, in bf16 and compiled, each against the plain one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import selfplay.model.compiling as compiling
from selfplay.config import ArmConfig, DeviceConfig, ModelConfig, RunConfig
from selfplay.data.encoding import Text, arrange, collate, fill, pack
from selfplay.model.compiling import compile_training
from selfplay.model.gpt import GPT
from selfplay.play.checkpoint import load_checkpoint
from selfplay.play.learn import wanted_loss, weighted_loss
from selfplay.play.run import run_arm

VOCAB = 11
TEXTS = [Text(tuple(range(4, 4 + n)), n_task) for n, n_task in ((3, 1), (7, 4), (5, 4), (4, 0))]


@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0])
def test_wanted_tokens_have_the_loss_and_gradients_of_all_logits(tiny_model: ModelConfig, weight: float):
    model, batch = GPT(tiny_model, VOCAB, torch.Generator().manual_seed(0)), collate(TEXTS)
    losses = [weighted_loss(model(batch.inputs), batch, weight), wanted_loss(model, batch, weight)]
    torch.testing.assert_close(losses[1], losses[0])
    gradients = [torch.autograd.grad(loss, list(model.parameters())) for loss in losses]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_logits_are_computed_for_wanted_tokens_only(tiny_model: ModelConfig):
    model = GPT(tiny_model, VOCAB)
    assert model(torch.zeros(2, 5, dtype=torch.int64), wanted=torch.tensor([1, 9])).shape == (2, VOCAB)


def short(run: RunConfig) -> RunConfig:
    """A run whose steps draw nothing: another way to compute them changes rounding alone."""
    return replace(run, arm=ArmConfig("real"), budget_tokens=3_000, optim=replace(run.optim, dropout=0.0))


def weights(folder: Path) -> list[torch.Tensor]:
    return list(load_checkpoint(folder / "checkpoint.ckpt")["model"].values())


def test_a_step_in_parts_is_a_step(tiny_run: RunConfig, tmp_path: Path):
    tiny_run = short(tiny_run)
    run_arm(tiny_run, tmp_path / "whole")
    run_arm(replace(tiny_run, optim=replace(tiny_run.optim, micro_batch=5)), tmp_path / "parts")
    for one, other in zip(weights(tmp_path / "whole"), weights(tmp_path / "parts"), strict=True):
        torch.testing.assert_close(one, other, atol=5e-3, rtol=0)


def test_bf16_trains_as_well_and_keeps_full_weights(tiny_run: RunConfig, tmp_path: Path):
    exact = run_arm(tiny_run, tmp_path / "fp32")
    rounded = run_arm(replace(tiny_run, device=DeviceConfig(precision="bf16")), tmp_path / "bf16")
    assert rounded.loss == pytest.approx(exact.loss, rel=0.05)
    assert rounded.loss != exact.loss
    assert {tensor.dtype for tensor in weights(tmp_path / "bf16")} == {torch.float32}


def test_auto_compiles_long_runs_only(tiny_run: RunConfig, monkeypatch):
    compiled = []
    monkeypatch.setattr(compiling, "compiler_works", lambda: True)
    monkeypatch.setattr(GPT, "compile", lambda self: compiled.append(self))
    model = GPT(tiny_run.model, VOCAB)
    compile_training(model, tiny_run)
    assert not compiled
    compile_training(model, replace(tiny_run, budget_tokens=10**13))
    assert len(compiled) == 1
    compile_training(model, replace(tiny_run, budget_tokens=10**13, device=DeviceConfig(compiled="off")))
    assert len(compiled) == 1


def test_without_a_compiler_training_goes_on_and_says_so(tiny_run: RunConfig, monkeypatch, capsys):
    def fail(function):
        raise OSError("no g++")

    monkeypatch.setattr(torch, "compile", fail)
    model = GPT(tiny_run.model, VOCAB)
    compile_training(model, replace(tiny_run, device=DeviceConfig(compiled="on")))
    assert capsys.readouterr().err == "device.compiled: no working compiler (no g++); training goes on uncompiled\n"
    assert model._compiled_call_impl is None


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_compiled_run_differs_in_rounding_only(tiny_run: RunConfig, tmp_path: Path):
    if not compiling.compiler_works():
        pytest.skip("no compiler")
    tiny_run = short(tiny_run)
    plain = run_arm(tiny_run, tmp_path / "plain")
    compiled = run_arm(replace(tiny_run, device=DeviceConfig(compiled="on")), tmp_path / "compiled")
    assert compiled.loss == pytest.approx(plain.loss, rel=1e-3)


def test_packed_texts_have_the_loss_and_gradients_of_padded_ones(tiny_model: ModelConfig):
    texts = [Text(tuple(range(4, 4 + n)), n // 2, n_context_tokens=n // 4) for n in (7, 3, 2, 4, 6, 2, 3, 5)]
    rows = fill([text.n_tokens for text in texts])
    assert len(rows) < len(texts)
    assert sorted(index for row in rows for index in row) == list(range(len(texts)))
    model, gradients = GPT(tiny_model, VOCAB, torch.Generator().manual_seed(0)), []
    for batch in (collate(texts), pack(texts, rows)):
        loss = wanted_loss(model, batch, 0.3)
        gradients.append([loss.detach(), *torch.autograd.grad(loss, list(model.parameters()))])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_texts_of_like_length_are_padded_and_others_packed():
    alike, unlike = [Text((1,) * 9, 1)] * 6, [Text((1,) * 9, 1), *[Text((1,) * 3, 1)] * 8]
    assert arrange(alike).positions is None
    assert arrange(unlike).inputs.shape == (3, 8)
