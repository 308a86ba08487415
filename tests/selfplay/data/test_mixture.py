from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay.data.encoding import Text
from selfplay.data.mixture import mix
from selfplay.records import Source


def texts(source: Source, lengths):
    return (Text(tuple(range(n + 1)), n // 2, source) for n in lengths)


@given(
    n_tokens=st.integers(1, 2_000),
    fraction=st.floats(0, 1),
    batch_size=st.integers(1, 40),
    lengths=st.lists(st.integers(1, 15), min_size=1),
    n_synthetic=st.integers(0, 200),
)
def test_batches_hold_exactly_the_tokens_asked_for(n_tokens, fraction, batch_size, lengths, n_synthetic):
    real = texts(Source.REAL, (lengths[i % len(lengths)] for i in count()))
    synthetic = texts(Source.SYNTHETIC, [7] * n_synthetic)
    batches = list(mix(real, synthetic, n_tokens=n_tokens, real_fraction=fraction, batch_size=batch_size))
    assert sum(text.n_tokens for batch in batches for text in batch) == n_tokens
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert 0 < len(batches[-1]) <= batch_size


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_real_share_is_held(fraction):
    real, synthetic = (texts(source, (9 for _ in count())) for source in Source)
    batches = mix(real, synthetic, n_tokens=9_000, real_fraction=fraction, batch_size=32)
    seen = [text for batch in batches for text in batch]
    share = sum(text.n_tokens for text in seen if text.source is Source.REAL) / 9_000
    assert share == pytest.approx(fraction, abs=0.002)


def test_real_data_fills_up_when_the_store_is_used_up():
    real = texts(Source.REAL, (9 for _ in count()))
    seen = [
        t
        for b in mix(real, texts(Source.SYNTHETIC, [9] * 5), n_tokens=900, real_fraction=0.25, batch_size=8)
        for t in b
    ]
    assert sum(text.source is Source.SYNTHETIC for text in seen) == 5
    assert sum(text.n_tokens for text in seen) == 900


def test_cutting_keeps_the_task_part():
    text = Text((1, 2, 3, 4, 5, 6), 3)
    assert (text.cut(2).tokens, text.cut(2).n_task_tokens) == ((1, 2, 3), 2)
    assert text.cut(99) == text
    assert list(islice(iter([text.cut(4).n_task_tokens]), 1)) == [3]
