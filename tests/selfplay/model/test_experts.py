"""Experts: routed by hand, as a dense feed-forward where they must be one, charged as they are run."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from selfplay.config import DeviceConfig, ModelConfig, RunConfig
from selfplay.model.compiling import compile_training
from selfplay.model.experts import Experts, imbalance
from selfplay.model.flops import BACKWARD, forward_flops, idle_parameters, matrix_parameters
from selfplay.model.gpt import GPT, FeedForward, Linear
from selfplay.model.hf import export_hf
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import END, Tokenizer

VOCAB = 11


@pytest.fixture
def config(tiny_model: ModelConfig) -> ModelConfig:
    return replace(tiny_model, n_experts=4, n_active=2, d_ff=24)


@pytest.fixture
def layer(config: ModelConfig) -> Experts:
    torch.manual_seed(0)
    made = Experts(config, [FeedForward(config) for _ in range(4)], Linear(config.d_model, 4))
    nn.init.normal_(made.router.weight, std=1.0)
    return made


def test_every_token_is_read_by_its_likeliest_experts(layer: Experts) -> None:
    x = torch.randn(2, 5, 16)
    found = layer(x)
    for b in range(2):
        for t in range(5):
            odds = layer.router(x[b, t]).softmax(-1)
            weights, chosen = odds.topk(2)
            by_hand = sum(
                w / weights.sum() * layer.experts[int(e)](x[b, t]) for w, e in zip(weights, chosen, strict=True)
            )
            assert torch.allclose(found[b, t], by_hand, atol=1e-6)


def test_experts_that_are_alike_are_one_feed_forward(layer: Experts) -> None:
    for expert in layer.experts:
        expert.load_state_dict(layer.experts[0].state_dict())
    x = torch.randn(3, 4, 16)
    assert torch.allclose(layer(x), layer.experts[0](x), atol=1e-6)


def test_an_expert_that_nobody_needs_is_no_fault(layer: Experts) -> None:
    layer.router.weight.data.zero_()
    layer.router.weight.data[:2] = 5.0
    layer(torch.ones(1, 3, 16)).sum().backward()
    assert layer.experts[3].down.weight.grad.abs().max() == 0
    assert layer.experts[0].down.weight.grad.abs().max() > 0


def test_imbalance_by_hand() -> None:
    even = torch.full((6, 4), 0.25)
    assert imbalance(even, torch.tensor([[0, 1], [2, 3]] * 3)).item() == pytest.approx(1.0)
    all_one = torch.eye(4)[[2] * 6]
    assert imbalance(all_one, torch.full((6, 1), 2)).item() == pytest.approx(4.0)


def test_balance_moves_the_router_in_training_alone_and_leaves_values(layer: Experts) -> None:
    x = torch.randn(8, 5, 16)
    gradients = []
    for balance, training in ((0.0, True), (0.5, True), (0.5, False)):
        layer.balance = balance
        layer.train(training).zero_grad()
        y = layer(x)
        y.sum().backward()
        gradients.append((y.detach(), layer.router.weight.grad.clone()))
    (plain, without), (same, with_loss), (evaluated, unmoved) = gradients
    assert torch.equal(plain, same)
    assert torch.equal(plain, evaluated)
    assert torch.equal(without, unmoved)
    odds = layer.router(x.view(-1, 16)).softmax(-1)
    (wanted,) = torch.autograd.grad(0.5 * imbalance(odds, odds.topk(2).indices), layer.router.weight)
    assert torch.allclose(with_loss - without, wanted, atol=1e-6)


def test_balance_spreads_tokens_over_experts(config: ModelConfig) -> None:
    torch.manual_seed(0)
    made = Experts(replace(config, balance=1.0), [FeedForward(config) for _ in range(4)], Linear(16, 4)).train()
    nn.init.zeros_(made.router.weight)
    made.router.weight.data[0, 0] = 3.0  # everything that begins with 1 goes to the first
    x = torch.randn(64, 1, 16)
    x[..., 0] = 1.0
    optimizer = torch.optim.Adam(made.router.parameters(), lr=0.1)

    def uneven() -> float:
        odds = made.router(x.view(-1, 16)).softmax(-1)
        return imbalance(odds, odds.topk(2).indices).item()

    before = uneven()
    for _ in range(60):
        optimizer.zero_grad()
        (0.0 * made(x).sum()).backward()
        optimizer.step()
    assert before > 1.5
    assert uneven() < 1.1


def test_flops_are_those_of_active_experts_and_equal_the_counter(config: ModelConfig) -> None:
    model = GPT(config, VOCAB)
    tokens = torch.randint(VOCAB, (3, 9))
    with FlopCounterMode(display=False) as counter:
        loss = model(tokens).sum()
    forward = forward_flops(config, VOCAB, [9] * 3)
    assert counter.get_total_flops() == forward
    with FlopCounterMode(display=False) as counter:
        loss.backward()
    assert counter.get_total_flops() == BACKWARD * forward
    n_all = sum(p.numel() for p in model.parameters() if p.ndim == 2)
    assert n_all - idle_parameters(config) == matrix_parameters(config, VOCAB)
    assert idle_parameters(replace(config, n_experts=0)) == 0


@torch.inference_mode()
def test_sampling_equals_the_full_forward(config: ModelConfig) -> None:
    model = GPT(config, VOCAB).eval()
    for prompt in ([5, 6], [7]):
        for text in Sampler(model).sample([prompt], key=1, stop=END, n_per_prompt=3):
            tokens = torch.tensor([[*prompt, *text.tokens]])
            read = model(tokens[:, :-1]).log_softmax(-1).gather(-1, tokens[:, 1:, None])[0, len(prompt) - 1 :, 0]
            assert read.sum().item() == pytest.approx(text.logprob_nats, abs=1e-4)


def test_what_experts_cannot_do_is_refused_in_a_line(config: ModelConfig, tiny_run: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="n_experts = 4: only models without experts are exported"):
        export_hf(GPT(config, VOCAB), Tokenizer(("a",), "01"), tmp_path)
    with pytest.raises(ValueError, match=r"n_active = 5: must lie between 1 and model.n_experts = 4"):
        replace(config, n_active=5)
    run = replace(tiny_run, model=config, device=DeviceConfig(compiled="on"))
    with pytest.raises(ValueError, match=r"compiled = on: not with model.n_experts"):
        compile_training(GPT(config, VOCAB), run)
