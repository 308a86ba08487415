import pytest

from envs.math.arithmetic import Arithmetic
from selfplay.data.encoding import Encoder, collate
from selfplay.model.sampler import Completion
from selfplay.model.tokenizer import END, PAD, SOLVE, Tokenizer

ENV = Arithmetic(operations="+", max_digits=3)
encoder = Encoder(Tokenizer.of([ENV]), context_length=12)


def test_a_solved_task_reads_role_task_solve_answer_end():
    text = encoder.solved(ENV.parse("12+3"), "15")
    ids = encoder.tokenizer.encode
    assert text.tokens == (encoder.tokenizer.task_token(ENV.name), *ids("12+3"), SOLVE, *ids("15"), END)
    assert (text.n_tokens, text.n_task_tokens) == (8, 5)  # solve ends the task; end belongs to the answer


def test_a_task_that_does_not_fit_is_refused_with_the_remedy():
    with pytest.raises(
        ValueError, match=r"'999\+999' takes 13 tokens with its answer, model.context_length is 12: raise it"
    ):
        encoder.solved(ENV.parse("999+999"), "1998")
    assert encoder.fits(ENV.parse("999+999"), "199")
    assert not encoder.fits(ENV.parse("999+999"), "1998")


def test_collate_pads_and_marks_task_and_answer():
    batch = collate([encoder.solved(ENV.parse("1+1"), "2"), encoder.solved(ENV.parse("12+3"), "15")])
    assert batch.inputs.shape == batch.targets.shape == (2, 8)
    assert batch.is_task.sum(1).tolist() == [4, 5]
    assert batch.is_answer.sum(1).tolist() == [2, 3]
    assert not (batch.is_task & batch.is_answer).any()
    assert (batch.targets[0, 6:] == PAD).all()
    assert batch.targets[1][batch.is_answer[1]].tolist() == [*encoder.tokenizer.encode("15"), END]


def test_an_answer_is_complete_only_with_its_end_and_without_roles():
    one = encoder.tokenizer.encode("1")[0]
    assert encoder.answer(Completion((one, one, END), 0.0, True)) == ("11", True)
    assert encoder.answer(Completion((one, one), 0.0, False)) == ("11", False)
    assert encoder.answer(Completion((one, SOLVE, END), 0.0, True)) == ("1<solve>", False)
