"""The transformer: its cache, its causality, its cost, and the parameterisation it shares with Qwen3."""

import math
from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from selfplay.config import ModelConfig
from selfplay.model.flops import BACKWARD, forward_flops, matrix_parameters
from selfplay.model.gpt import GPT, attend

VOCAB = 11


@pytest.fixture(params=[1, 2], ids=["one key head", "all key heads"])
def model(request, tiny_model: ModelConfig) -> GPT:
    config = replace(tiny_model, n_kv_head=request.param, tie_embeddings=request.param == 1)
    torch.manual_seed(0)
    made = GPT(config, VOCAB, torch.Generator().manual_seed(1)).eval()
    for parameter in made.parameters():  # far from initialisation, where little depends on anything
        torch.nn.init.normal_(parameter, std=0.5)
    return made


@torch.inference_mode()
def test_no_token_sees_the_future(model: GPT):
    tokens = torch.randint(VOCAB, (3, 10))
    changed = tokens.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % VOCAB
    torch.testing.assert_close(model(tokens)[:, :6], model(changed)[:, :6])
    assert not torch.allclose(model(tokens)[:, 6], model(changed)[:, 6])


@pytest.mark.parametrize(("n_queries", "n_keys"), [(5, 9), (9, 9), (1, 9), (1, 20), (20, 20), (5, 20)])
def test_attention_equals_the_reference_on_every_path(n_queries: int, n_keys: int):
    q, k, v = torch.randn(2, 4, n_queries, 8), torch.randn(2, 2, n_keys, 8), torch.randn(2, 2, n_keys, 8)
    mask = torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries)
    scores = (q @ k.repeat_interleave(2, 1).transpose(-1, -2) / 8**0.5).masked_fill(~mask, -math.inf)
    torch.testing.assert_close(attend(q, k, v), scores.softmax(-1) @ v.repeat_interleave(2, 1))


@torch.inference_mode()
def test_texts_side_by_side_in_a_row_are_read_as_if_alone(model: GPT):
    """Positions begin again, and the mask keeps each text to itself."""
    first, second = torch.randint(VOCAB, (1, 7)), torch.randint(VOCAB, (1, 5))
    positions = torch.tensor([[*range(7), *range(5)]])
    of_text = torch.tensor([0] * 7 + [1] * 5)
    mask = (of_text[:, None] == of_text) & torch.ones(12, 12, dtype=torch.bool).tril()
    packed = model(torch.cat((first, second), 1), positions=positions, mask=mask[None, None])
    torch.testing.assert_close(packed, torch.cat((model(first), model(second)), 1), atol=1e-5, rtol=1e-5)


def test_logits_at_the_start_are_near_uniform(tiny_model: ModelConfig):
    model = GPT(tiny_model, VOCAB, torch.Generator().manual_seed(0))
    loss = torch.nn.functional.cross_entropy(
        model(torch.randint(VOCAB, (64, 15))).flatten(0, 1), torch.randint(VOCAB, (960,))
    )
    assert loss.item() == pytest.approx(math.log(VOCAB), abs=0.05)


def test_weights_depend_on_the_generator_alone(tiny_model: ModelConfig):
    torch.manual_seed(1)
    first = GPT(tiny_model, VOCAB, torch.Generator().manual_seed(3)).state_dict()
    torch.manual_seed(2)
    second = GPT(tiny_model, VOCAB, torch.Generator().manual_seed(3)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_parameter_count_is_that_of_qwen3(model: GPT):
    """Counted by Qwen3's own tensors, as transformers lays them out."""
    c = model.config
    layer = (
        c.d_model * c.n_head * c.head_dim + 2 * c.d_model * c.n_kv_head * c.head_dim + c.n_head * c.head_dim * c.d_model
        + 2 * c.head_dim + 3 * c.d_model * c.d_ff + 2 * c.d_model
    )  # fmt: skip
    embeddings = VOCAB * c.d_model * (1 if c.tie_embeddings else 2)
    assert sum(p.numel() for p in model.parameters()) == embeddings + c.n_layer * layer + c.d_model


@pytest.mark.parametrize(("n_rows", "n_tokens"), [(1, 7), (3, 12)])
def test_training_flops_equal_pytorchs_counter(model: GPT, n_rows: int, n_tokens: int):
    with FlopCounterMode(display=False) as counter:
        model.train()(torch.randint(VOCAB, (n_rows, n_tokens))).sum().backward()
    expected = (1 + BACKWARD) * forward_flops(model.config, VOCAB, [n_tokens] * n_rows)
    assert counter.get_total_flops() == expected


def test_six_n_per_token_rule_holds_without_attention(model: GPT):
    """6 N D, the usual estimate, is the matrix part of the count."""
    one_by_one = (1 + BACKWARD) * forward_flops(model.config, VOCAB, [1] * 100)
    attention = (1 + BACKWARD) * 100 * 4 * model.config.n_layer * model.config.n_head * model.config.head_dim
    assert one_by_one - attention == 6 * matrix_parameters(model.config, VOCAB) * 100


def test_dropout_acts_in_training_only(model: GPT):
    model.dropout = 0.5
    tokens = torch.randint(VOCAB, (2, 8))
    assert not torch.equal(model.train()(tokens), model(tokens))
    assert torch.equal(model.eval()(tokens), model(tokens))
