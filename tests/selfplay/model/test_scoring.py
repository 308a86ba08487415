"""Log-probabilities of given texts."""

import pytest
import torch

from selfplay.config import ModelConfig
from selfplay.model import scoring
from selfplay.model.gpt import GPT
from selfplay.model.scoring import batches, token_nats

VOCAB = 11


@pytest.fixture
def model(tiny_model: ModelConfig) -> GPT:
    made = GPT(tiny_model, VOCAB)
    torch.manual_seed(0)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return made


TEXTS = [torch.randint(VOCAB, (n,), generator=torch.Generator().manual_seed(n)).tolist() for n in (5, 2, 16, 9, 5, 3)]


@pytest.mark.parametrize("batch_tokens", [1, 12, 4_096])
def test_every_token_scores_as_in_its_text_alone(model: GPT, monkeypatch, batch_tokens: int):
    monkeypatch.setattr(scoring, "BATCH_TOKENS", batch_tokens)
    for text, found in zip(TEXTS, token_nats(model, TEXTS), strict=True):
        tokens = torch.tensor([text])
        with torch.inference_mode():
            alone = model(tokens[:, :-1]).log_softmax(-1).gather(-1, tokens[:, 1:, None])[0, :, 0]
        torch.testing.assert_close(found, alone, atol=1e-5, rtol=1e-5)


def test_batches_hold_every_text_once_and_little_padding():
    lengths = torch.randint(1, 200, (500,), generator=torch.Generator().manual_seed(0)).tolist()
    made = list(batches(lengths, 1_000))
    assert sorted(index for batch in made for index in batch) == list(range(500))
    read = [len(batch) * max(lengths[index] for index in batch) for batch in made]
    assert max(read) <= 1_000
    assert sum(read) < 1.05 * sum(lengths)


def test_a_model_that_computes_in_bf16_can_be_read_in_fp32(model: GPT):
    exact = token_nats(model, TEXTS)
    model.compute_dtype = torch.bfloat16
    rounded, again = token_nats(model, TEXTS), token_nats(model, TEXTS, torch.float32)
    assert all(torch.equal(one, other) for one, other in zip(exact, again, strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(exact, rounded, strict=True))
    assert model.compute_dtype is torch.bfloat16


def test_no_texts_no_scores(model: GPT):
    assert token_nats(model, []) == []
