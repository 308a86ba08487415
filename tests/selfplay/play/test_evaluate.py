import math
from itertools import combinations

import pytest
import torch

from envs.math.arithmetic import Arithmetic
from selfplay.data.encoding import Encoder
from selfplay.data.sources import draw_real_data
from selfplay.model.gpt import GPT
from selfplay.model.tokenizer import Tokenizer
from selfplay.play.evaluate import Evaluator, nats, pass_at_k
from selfplay.play.judges import Verifier

ENV = Arithmetic(operations="+", max_digits=2)


@pytest.mark.parametrize("n_correct", range(6))
@pytest.mark.parametrize("k", range(1, 6))
def test_pass_at_k_equals_brute_force(n_correct, k):
    attempts = [True] * n_correct + [False] * (5 - n_correct)
    drawn = list(combinations(attempts, k))
    assert pass_at_k(5, n_correct, k) == pytest.approx(sum(map(any, drawn)) / len(drawn))


def test_pass_at_more_than_the_attempts_is_refused():
    with pytest.raises(ValueError, match="k = 6"):
        pass_at_k(5, 2, 6)


@pytest.fixture
def evaluator(tiny_run) -> Evaluator:
    encoder = Encoder(Tokenizer.of([ENV]), 16)
    return Evaluator(draw_real_data(tiny_run.data, 0).heldout, encoder, Verifier({ENV.name: ENV}), 10)


def test_a_uniform_model_loses_log_v_on_every_token(evaluator, tiny_model):
    vocab_size = len(Tokenizer.of([ENV]))
    model = GPT(tiny_model, vocab_size)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    scores = evaluator.evaluate(model)
    wanted = pytest.approx(math.log(vocab_size), abs=1e-6)
    assert (scores.answer_nats_per_token, scores.task_nats_per_token, scores.nats_per_token) == (wanted, wanted, wanted)
    assert scores.accuracy == 0.0


def test_loss_does_not_depend_on_padding(tiny_model):
    encoder = Encoder(Tokenizer.of([ENV]), 16)
    model = GPT(tiny_model, len(encoder.tokenizer), torch.Generator().manual_seed(0))
    short, long = encoder.solved(ENV.parse("1+1"), "2"), encoder.solved(ENV.parse("45+67"), "112")
    together = nats(model, [short, long])
    apart = [sum(pair) for pair in zip(nats(model, [short]), nats(model, [long]), strict=True)]
    assert together == pytest.approx(apart, abs=1e-5)
