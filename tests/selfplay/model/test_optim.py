import pytest
import torch

from selfplay.config import ModelConfig, OptimConfig
from selfplay.model.gpt import GPT
from selfplay.model.optim import average_weights, build_optimizer, learning_rate, orthogonal


def test_schedule_warms_up_stays_and_decays():
    config = OptimConfig(lr=1.0, warmup_tokens=100, decay_fraction=0.2)
    at = [learning_rate(config, n, 1_000) for n in (0, 50, 100, 799, 800, 900, 1_000)]
    assert at == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0])


def test_budgets_share_the_schedule_until_decay():
    config = OptimConfig(warmup_tokens=100, decay_fraction=0.2)
    assert all(learning_rate(config, n, 1_000) == learning_rate(config, n, 4_000) for n in range(0, 800, 50))


def test_no_warmup_and_no_decay_is_constant():
    config = OptimConfig(lr=1.0, warmup_tokens=0, decay_fraction=0.0)
    assert {learning_rate(config, n, 1_000) for n in (0, 500, 1_000)} == {1.0}


def test_norms_are_not_decayed():
    model = torch.nn.Sequential(torch.nn.Linear(3, 3, bias=False), torch.nn.LayerNorm(3))
    optimizer = build_optimizer(model, OptimConfig(), weight_decay=0.7)
    decay = {p.ndim: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decay == {2: 0.7, 1: 0.0}


def test_average_moves_by_one_minus_decay():
    average, model = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    torch.nn.init.constant_(average.weight, 1.0)
    torch.nn.init.constant_(model.weight, 2.0)
    average_weights(average, model, 0.9)
    assert average.weight.item() == pytest.approx(1.1)


def test_orthogonal_gives_singular_values_near_one():
    for shape in ((8, 20), (20, 8), (6, 6)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(0))))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_muon_moves_the_matrices_of_blocks_by_its_rule_and_the_rest_by_adamw(tiny_model: ModelConfig):
    config = OptimConfig(name="muon", lr=0.1)
    model = GPT(tiny_model, 11, torch.Generator().manual_seed(0))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = build_optimizer(model, config, weight_decay=0.0)
    gradients = {name: torch.randn(p.shape) for name, p in model.named_parameters()}
    for name, p in model.named_parameters():
        p.grad = gradients[name].clone()
    optimizer.step()
    for name, p in model.named_parameters():
        if name.startswith("blocks") and p.ndim == 2:
            wanted = 0.1 * 0.2 * max(p.shape) ** 0.5 * orthogonal(gradients[name])
        else:
            wanted = 0.1 * gradients[name].sign()  # AdamW's first step
        torch.testing.assert_close(before[name] - p.detach(), wanted, atol=1e-4, rtol=1e-3)


def test_a_muon_goes_on_from_its_saved_state(tiny_model: ModelConfig):
    config = OptimConfig(name="muon")
    models = [GPT(tiny_model, 11, torch.Generator().manual_seed(0)) for _ in range(2)]
    optimizers = [build_optimizer(model, config, 0.1) for model in models]
    tokens = torch.randint(11, (2, 8))
    for number in range(3):
        for model, optimizer in zip(models, optimizers, strict=True):
            model(tokens).logsumexp(-1).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        if number == 0:  # the second goes on with a new optimizer
            fresh = build_optimizer(models[1], config, 0.1)
            fresh.load_state_dict(optimizers[1].state_dict())
            optimizers[1] = fresh
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, other)
