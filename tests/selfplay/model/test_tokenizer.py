import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.math.arithmetic import Arithmetic
from envs.math.linear import Linear
from selfplay.model.tokenizer import END, SOLVE, Tokenizer

tokenizer = Tokenizer.of([Arithmetic(), Linear()])


@given(st.text(alphabet=tokenizer.alphabet))
def test_decoding_inverts_encoding(text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.is_text(ids)


def test_ids_are_distinct_and_dense():
    roles = [
        0,
        END,
        SOLVE,
        3,
        *(f(e) for f in (tokenizer.task_token, tokenizer.compose_token) for e in tokenizer.env_names),
    ]
    characters = tokenizer.encode(tokenizer.alphabet)
    assert sorted(roles + characters) == list(range(len(tokenizer)))


def test_role_tokens_are_not_text():
    assert not tokenizer.is_text([*tokenizer.encode("1"), SOLVE])
    assert tokenizer.decode([SOLVE]) == "<solve>"
    assert tokenizer.decode([tokenizer.compose_token("math/linear")]) == "<compose:math/linear>"


def test_a_character_of_no_alphabet_is_named():
    with pytest.raises(
        ValueError, match=r"character '\?' of '1\?2' is not in the alphabet of math/arithmetic, math/linear"
    ):
        tokenizer.encode("1?2")
