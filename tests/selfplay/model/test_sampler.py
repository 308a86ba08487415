"""Sampling: what is drawn, its probability, and that no item depends on its company."""

from dataclasses import replace

import pytest
import torch

from selfplay.config import ModelConfig
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler, choose

VOCAB, STOP = 7, 1
PROMPTS = [[2], [3, 4], [5, 6, 2], [3, 4], [2, 2], [6]] * 5


@pytest.fixture(params=["kernel", "plain"], autouse=True)
def way(request, monkeypatch) -> None:
    """With the compiled kernel and without."""
    if request.param == "plain":
        monkeypatch.setattr("selfplay.model.slots.kernel", lambda: None)


@pytest.fixture
def model(tiny_model: ModelConfig) -> GPT:
    made = GPT(tiny_model, VOCAB).eval()
    torch.manual_seed(0)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return made


def test_every_prompt_gets_its_samples_side_by_side(model: GPT):
    texts = Sampler(model).sample(PROMPTS, key=3, stop=STOP, n_per_prompt=4)
    assert len(texts) == 4 * len(PROMPTS)
    for index, text in enumerate(texts):
        n_room = model.config.context_length - len(PROMPTS[index // 4])
        assert text.finished == (text.tokens[-1] == STOP)
        assert STOP not in text.tokens[:-1]
        assert len(text.tokens) == n_room or text.finished
    assert {text.finished for text in texts} == {True, False}


def test_log_probabilities_equal_a_full_forward(model: GPT):
    texts = Sampler(model).sample(PROMPTS, key=3, stop=STOP, n_per_prompt=2, temperature=0.7)
    for index, text in enumerate(texts):
        prompt = PROMPTS[index // 2]
        tokens = torch.tensor([[*prompt, *text.tokens]])
        with torch.inference_mode():
            logprobs = (model(tokens[:, :-1]) / 0.7).log_softmax(-1)
        wanted = logprobs[0, torch.arange(len(prompt) - 1, tokens.shape[1] - 1), tokens[0, len(prompt) :]].sum()
        assert text.logprob_nats == pytest.approx(wanted.item(), abs=1e-4)


def test_a_text_does_not_depend_on_the_items_after_it(model: GPT):
    few = Sampler(model).sample(PROMPTS[:4], key=9, stop=STOP, n_per_prompt=3)
    many = Sampler(model).sample(PROMPTS, key=9, stop=STOP, n_per_prompt=3)
    assert [text.tokens for text in few] == [text.tokens for text in many[:12]]


def test_a_text_does_not_depend_on_the_batch(model: GPT, monkeypatch):
    """Whether all are written at once, or four at a time, refilled as they end, their prompts read two at a time."""
    whole = Sampler(model).sample(PROMPTS, key=9, stop=STOP, n_per_prompt=3)
    monkeypatch.setattr("selfplay.model.sampler.MAX_ROWS", 4)
    monkeypatch.setattr("selfplay.model.sampler.PROMPTS", 2)
    assert [t.tokens for t in Sampler(model).sample(PROMPTS, key=9, stop=STOP, n_per_prompt=3)] == [
        t.tokens for t in whole
    ]


def test_a_part_of_the_list_is_written_as_in_the_whole(model: GPT):
    whole = Sampler(model).sample(PROMPTS, key=9, stop=STOP, n_per_prompt=3)
    part = Sampler(model).sample(PROMPTS[4:9], key=9, stop=STOP, n_per_prompt=3, first_item=12)
    assert [text.tokens for text in part] == [text.tokens for text in whole[12:27]]


def test_in_bf16_log_probabilities_are_those_of_a_full_forward(tiny_model: ModelConfig):
    model = GPT(replace(tiny_model, d_model=64, d_ff=128, head_dim=32, context_length=40), VOCAB)
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    model.compute_dtype = torch.bfloat16
    for text, prompt in zip(Sampler(model).sample(PROMPTS, key=3, stop=STOP), PROMPTS, strict=True):
        tokens = torch.tensor([[*prompt, *text.tokens]])
        with torch.inference_mode():
            logprobs = model(tokens[:, :-1]).float().log_softmax(-1)
        wanted = logprobs[0, torch.arange(len(prompt) - 1, tokens.shape[1] - 1), tokens[0, len(prompt) :]]
        torch.testing.assert_close(torch.tensor(text.token_nats), wanted, atol=2e-2, rtol=0)


def test_greedy_takes_the_most_likely_token(model: GPT):
    text = Sampler(model).sample([[3, 4]], key=0, stop=STOP, temperature=0.0)[0]
    tokens = [3, 4]
    for token in text.tokens:
        with torch.inference_mode():
            assert token == model(torch.tensor([tokens]))[0, -1].argmax()
        tokens.append(token)


def test_samples_follow_the_distribution():
    logits = torch.randn(VOCAB)
    n = 40_000
    uniform = torch.rand(n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    tokens, nats = choose(logits.expand(n, -1), uniform, 1.0)
    rates = torch.bincount(tokens, minlength=VOCAB) / n
    torch.testing.assert_close(rates, logits.softmax(-1), atol=0.01, rtol=0)
    torch.testing.assert_close(nats, logits.log_softmax(-1)[tokens])


def test_a_token_of_no_probability_is_never_drawn():
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf])
    for uniform in (0.0, 0.5, 1.0 - 2**-53):
        assert choose(logits[None], torch.tensor([uniform], dtype=torch.float64), 1.0)[0].item() == 1


def test_no_prompts_no_texts(model: GPT):
    assert Sampler(model).sample([], key=0, stop=STOP) == []


def test_log_probabilities_of_tokens_equal_a_full_forward(model: GPT):
    for text, prompt in zip(Sampler(model).sample(PROMPTS, key=3, stop=STOP), PROMPTS, strict=True):
        tokens = torch.tensor([[*prompt, *text.tokens]])
        with torch.inference_mode():
            logprobs = model(tokens[:, :-1]).log_softmax(-1)
        places = torch.arange(len(prompt) - 1, tokens.shape[1] - 1)
        wanted = logprobs[0, places, tokens[0, len(prompt) :]]
        torch.testing.assert_close(torch.tensor(text.token_nats), wanted, atol=1e-5, rtol=0)


def test_a_text_does_not_depend_on_the_order_of_other_items(model: GPT):
    """Item 0 among others of many lengths, and among the same in another order."""
    others = PROMPTS[1:]
    one = Sampler(model).sample([[3, 4], *others], key=9, stop=STOP, n_per_prompt=3)[:3]
    other = Sampler(model).sample([[3, 4], *reversed(others)], key=9, stop=STOP, n_per_prompt=3)[:3]
    assert [text.tokens for text in one] == [text.tokens for text in other]


@pytest.mark.parametrize(
    ("top_k", "top_p", "kept"), [(2, 1.0, [0, 3]), (0, 0.75, [0, 2, 3]), (0, 0.69, [0, 3]), (0, 0.01, [0])]
)
def test_limits_leave_the_likeliest_tokens_with_their_relative_rates(top_k: int, top_p: float, kept: list[int]):
    """Rates 0.4, 0.1, 0.2, 0.3 by hand; log-probabilities are of what is drawn from."""
    rates = torch.tensor([0.4, 0.1, 0.2, 0.3])
    uniform = (torch.arange(1_000, dtype=torch.float64) + 0.5) / 1_000
    tokens, nats = choose(rates.log().expand(1_000, -1), uniform, 1.0, top_k, top_p)
    wanted = torch.zeros(4)
    wanted[kept] = rates[kept] / rates[kept].sum()
    torch.testing.assert_close(tokens.bincount(minlength=4) / 1_000, wanted, atol=2e-3, rtol=0)
    torch.testing.assert_close(nats, wanted.log()[tokens], atol=1e-5, rtol=0)


def test_limits_out_of_range_are_refused(model: GPT):
    with pytest.raises(ValueError, match=r"top_p = 0"):
        Sampler(model).sample([[2]], key=0, stop=STOP, top_p=0.0)


def test_each_text_is_told_once_as_it_ends(model: GPT):
    told: list[tuple[int, tuple[int, ...]]] = []
    texts = Sampler(model).sample(
        PROMPTS, key=3, stop=STOP, n_per_prompt=2, on_text=lambda place, text: told.append((place, text.tokens))
    )
    assert sorted(told) == [(place, text.tokens) for place, text in enumerate(texts)]
    assert [place for place, _ in told] != sorted(place for place, _ in told)
