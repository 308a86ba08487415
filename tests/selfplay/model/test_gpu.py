"""The engine on a CUDA device against itself on the CPU. Not run where there is none."""

from dataclasses import replace

import pytest
import torch

from selfplay.config import ModelConfig
from selfplay.data.encoding import Text, arrange
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler
from selfplay.model.scoring import token_nats
from selfplay.play.learn import wanted_loss

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
VOCAB, STOP = 32, 1
PROMPTS = [[2 + i % 20, *range(2, 2 + i % 9)] for i in range(60)]


@pytest.fixture
def model(tiny_model: ModelConfig) -> GPT:
    made = GPT(replace(tiny_model, d_model=64, d_ff=128, head_dim=32, context_length=48), VOCAB)
    torch.manual_seed(0)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


def test_texts_are_those_of_the_cpu_but_for_rounding(model: GPT):
    on_cpu = Sampler(model).sample(PROMPTS, key=3, stop=STOP, n_per_prompt=4)
    on_gpu = Sampler(model.cuda()).sample(PROMPTS, key=3, stop=STOP, n_per_prompt=4)
    same = [one.tokens == other.tokens for one, other in zip(on_cpu, on_gpu, strict=True)]
    assert sum(same) >= 0.95 * len(same)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
def test_log_probabilities_are_those_of_a_full_forward(model: GPT, dtype: torch.dtype, atol: float):
    model.cuda().compute_dtype = dtype
    texts = Sampler(model).sample(PROMPTS, key=3, stop=STOP)
    scores = token_nats(model, [(*prompt, *text.tokens) for prompt, text in zip(PROMPTS, texts, strict=True)])
    for prompt, text, score in zip(PROMPTS, texts, scores, strict=True):
        torch.testing.assert_close(torch.tensor(text.token_nats), score[len(prompt) - 1 :], atol=atol, rtol=0)


def test_a_packed_step_has_the_gradients_of_the_cpu(model: GPT):
    batch = arrange([Text(tuple(range(2, 2 + n)), n // 2) for n in (30, 5, 9, 12, 7, 3, 20)])
    assert batch.positions is not None
    gradients = []
    for device in ("cpu", "cuda"):
        model.to(device)
        loss = wanted_loss(model, type(batch)(*(part.to(device) for part in batch)), 0.3)
        gradients.append([one.cpu() for one in torch.autograd.grad(loss, list(model.parameters()))])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)
