import pytest
import torch

from selfplay.config import OptimConfig
from selfplay.model.optim import average_weights, build_optimizer, learning_rate


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
