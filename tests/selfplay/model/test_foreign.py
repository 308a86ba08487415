"""A checkpoint's tokenizer under a run's roof: what is text, what is not, and what it must give back."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.code.repair import Repair
from envs.math.arithmetic import Arithmetic
from selfplay.data.encoding import Encoder
from selfplay.model.foreign import ForeignTokenizer
from selfplay.model.sampler import Completion
from selfplay.records import Source

pytest.importorskip("transformers")
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tests.selfplay.model.checkpoints import CORPUS, byte_level, write_checkpoint

pytestmark = pytest.mark.filterwarnings("default")
ENVS = [Arithmetic(), Repair()]
ALPHABET = "".join(sorted({character for env in ENVS for character in env.alphabet}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("checkpoint")
    write_checkpoint(path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> ForeignTokenizer:
    return ForeignTokenizer(folder, ENVS)


@given(st.text(alphabet=ALPHABET))
def test_decoding_inverts_encoding(tokenizer: ForeignTokenizer, text: str):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.is_text(ids)


def test_digits_are_merged_so_that_tokens_are_not_characters(tokenizer: ForeignTokenizer):
    assert len(tokenizer.encode("12+34")) == 3


def test_roles_are_distinct_new_special_tokens_and_the_end_is_the_checkpoints_own(tokenizer: ForeignTokenizer):
    roles = [tokenizer.end, tokenizer.solve, tokenizer.judge]
    roles += [role(env.name) for env in ENVS for role in (tokenizer.task_token, tokenizer.compose_token)]
    assert len(set(roles)) == 7
    assert sorted(roles[1:]) == sorted(tokenizer.new)
    assert tokenizer.decode([tokenizer.end, tokenizer.solve]) == "<|endoftext|><solve>"
    assert not any(tokenizer.is_text([*tokenizer.encode("1"), role]) for role in roles)


def test_names_of_roles_in_a_text_are_characters(tokenizer: ForeignTokenizer):
    assert set("<solve>") <= set(ALPHABET)
    ids = tokenizer.encode("x<solve>1")
    assert tokenizer.solve not in ids
    assert tokenizer.is_text(ids)


def test_what_a_model_may_write(tokenizer: ForeignTokenizer):
    one_by_one = [tokenizer.encode(character)[0] for character in "12"]
    assert one_by_one != tokenizer.encode("12")
    assert tokenizer.is_text(one_by_one), "another spelling of a text is a text"
    assert not tokenizer.is_text([len(tokenizer) + 5]), "a row of the embedding that is no token"
    half = tokenizer.fast.encode("é").ids[0]
    assert not tokenizer.is_text([half]), "half a character"
    assert not tokenizer.is_text(tokenizer.fast.encode("é").ids), "a character of no alphabet"
    with pytest.raises(ValueError, match="'é' of '1é' is in no env's alphabet"):
        tokenizer.encode("1é")


def test_a_spelling_shorter_than_the_tokenizers_own_is_no_text(tmp_path: Path):
    """It might not fit the context when it is learnt."""
    merges = [("2", "3"), ("1", "2"), ("3", "4"), ("12", "34")]  # 1234 is a token that no text is read as
    known = [*Arithmetic().alphabet, *("".join(merge) for merge in merges)]
    fast = Tokenizer(models.BPE({token: id for id, token in enumerate(known)}, merges))
    fast.decoder = decoders.Fuse()
    write_checkpoint(tmp_path, tokenizer=fast, eos_token_id=None)
    tokenizer = ForeignTokenizer(tmp_path, [Arithmetic()])
    assert [tokenizer.decode([id]) for id in tokenizer.encode("1234")] == ["1", "23", "4"]
    assert tokenizer.decode([known.index("1234")]) == "1234"
    assert not tokenizer.is_text([known.index("1234")])
    assert tokenizer.is_text([known.index("12"), known.index("3"), known.index("4")])


def test_prompts_are_the_beginning_of_the_whole(tokenizer: ForeignTokenizer):
    encoder = Encoder(tokenizer, 24)
    task = Arithmetic().parse("12+34")
    text = encoder.solved(task, "46", Source.REAL)
    prompt = encoder.solve_prompt(task)
    assert text.tokens == (*prompt, *tokenizer.encode("46"), tokenizer.end)
    assert text.n_task_tokens == len(prompt) - 1
    assert tuple(encoder.verdict_prompt(task, "46"))[: len(prompt)] == text.tokens[: len(prompt)]
    answer = (*tokenizer.encode("46"), tokenizer.end)
    assert encoder.answer(Completion(answer, 0.0, True)) == ("46", True)
    assert encoder.answer(Completion((tokenizer.solve, *answer), 0.0, True)) == ("<solve>46", False)


def test_what_fits_is_counted_in_tokens(tokenizer: ForeignTokenizer):
    task = Arithmetic().parse("12+34")  # 3 tokens beside 2 roles, where 5 characters
    assert Encoder(tokenizer, 6).fits(task, "46")
    assert not Encoder(tokenizer, 5).fits(task, "46")
    assert Encoder(tokenizer, 8).solved(task, "46").n_tokens == 6


def test_a_tokenizer_without_an_end_gets_one(tmp_path: Path):
    fast = Tokenizer(models.WordLevel({character: id for id, character in enumerate(ALPHABET)}, unk_token=ALPHABET[0]))
    fast.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fast.decoder = decoders.Fuse()
    write_checkpoint(tmp_path, tokenizer=fast, eos_token_id=None)
    tokenizer = ForeignTokenizer(tmp_path, ENVS)
    assert tokenizer.decode([tokenizer.end]) == "<end>"
    assert tokenizer.end in tokenizer.new


def test_a_lossy_tokenizer_is_refused(tmp_path: Path):
    fast = byte_level()
    fast.normalizer = normalizers.Lowercase()
    write_checkpoint(tmp_path, tokenizer=fast)
    assert ForeignTokenizer(tmp_path, [Arithmetic()]).encode("1")
    with pytest.raises(ValueError, match="reads 'F' as 'f'; use a checkpoint whose tokenizer is lossless"):
        ForeignTokenizer(tmp_path, ENVS)


def test_one_that_treats_a_text_after_a_special_token_otherwise_is_refused(tmp_path: Path):
    fast = Tokenizer(models.BPE(unk_token="<unk>"))
    fast.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    fast.decoder = decoders.Metaspace(prepend_scheme="first")
    alphabet = list(Arithmetic().alphabet)
    trainer = trainers.BpeTrainer(special_tokens=["<unk>"], initial_alphabet=alphabet, show_progress=False)
    fast.train_from_iterator(CORPUS, trainer)
    write_checkpoint(tmp_path, tokenizer=fast)
    with pytest.raises(ValueError, match="after a special token otherwise than alone"):
        ForeignTokenizer(tmp_path, [Arithmetic()])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no tokenizer.json, its tokenizer; save the model there"),
        ("{", "not JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "no tokenizer"),
    ],
)
def test_a_missing_or_damaged_tokenizer_is_named(folder: Path, tmp_path: Path, content: str | None, why: str):
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ValueError, match=why):
        ForeignTokenizer(tmp_path, ENVS)


def test_without_the_extra_it_is_named(folder: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ValueError, match=r"need tokenizers: pip install 'selfplay-testbed\[hf\]'"):
        ForeignTokenizer(folder, ENVS)


def test_the_end_may_be_named_by_the_model_alone(folder: Path, tmp_path: Path):
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_text((folder / name).read_text())
    assert json.loads((tmp_path / "config.json").read_text())["eos_token_id"] == 0
    assert ForeignTokenizer(tmp_path, ENVS).end == 0
