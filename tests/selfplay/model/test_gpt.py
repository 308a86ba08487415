"""The transformer: its cache, its causality, its cost, and the parameterisation it shares with Qwen3."""

import math
from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from selfplay.config import ModelConfig
from selfplay.model.flops import BACKWARD, decode_flops, forward_flops, matrix_parameters
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
def test_decoding_with_the_cache_equals_the_full_forward(model: GPT):
    tokens = torch.randint(VOCAB, (5, 12))
    full = model(tokens)
    for n_read in (1, 4, 11):
        cache = model.empty_cache(5, 16)
        pieces = [model(tokens[:, :n_read], cache)]
        pieces += [model(tokens[:, i : i + 1], cache) for i in range(n_read, 12)]
        torch.testing.assert_close(torch.cat(pieces, 1), full, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_taking_rows_of_a_cache_goes_on_with_those_rows(model: GPT):
    tokens = torch.randint(VOCAB, (4, 6))
    cache = model.empty_cache(4, 16)
    model(tokens[:, :5], cache)
    rows = torch.tensor([2, 0, 2])
    torch.testing.assert_close(model(tokens[rows, 5:], cache.take(rows))[:, 0], model(tokens)[rows, 5])


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
def test_decoding_equals_the_full_forward_across_the_change_of_path(tiny_model: ModelConfig):
    model = GPT(replace(tiny_model, context_length=40), VOCAB, torch.Generator().manual_seed(0)).eval()
    tokens = torch.randint(VOCAB, (3, 40))
    cache = model.empty_cache(3, 40)
    pieces = [model(tokens[:, :5], cache), *(model(tokens[:, i : i + 1], cache) for i in range(5, 40))]
    torch.testing.assert_close(torch.cat(pieces, 1), model(tokens), atol=1e-5, rtol=1e-5)


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


@torch.inference_mode()
def test_decoding_flops_equal_pytorchs_counter(model: GPT):
    n_read, n_new = 5, 6
    cache = model.empty_cache(1, 16)
    model(torch.randint(VOCAB, (1, n_read)), cache)
    with FlopCounterMode(display=False) as counter:
        for _ in range(n_new - 1):
            model(torch.randint(VOCAB, (1, 1)), cache)
    assert counter.get_total_flops() == decode_flops(model.config, VOCAB, n_read, n_new)


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
