"""Exchange with transformers: the same logits and text there and here, whoever wrote the checkpoint."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from envs.math.arithmetic import Arithmetic
from selfplay.cli import main
from selfplay.config import ArmConfig, ModelConfig, RunConfig
from selfplay.model.architecture import read_shape
from selfplay.model.foreign import ForeignTokenizer
from selfplay.model.gpt import GPT
from selfplay.model.hf import export_hf, read_weights
from selfplay.model.tokenizer import Tokenizer
from selfplay.play.run import run_arm

transformers = pytest.importorskip("transformers")
from tokenizers import processors  # noqa: E402

from tests.selfplay.model.checkpoints import LLAMA3, byte_level, write_checkpoint  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")

TOKENIZER = Tokenizer.of([Arithmetic()])
CHECKPOINTS: list[tuple[str, dict[str, Any]]] = [
    ("qwen3", {}),
    ("qwen3", {"tie_word_embeddings": True, "shards": True, "num_key_value_heads": 1}),
    ("llama", {"head_dim": None, "num_key_value_heads": 4, "rms_norm_eps": 1e-3}),
    ("llama", {"tie_word_embeddings": True, "shards": True}),
    ("llama", {"rope_parameters": LLAMA3}),
]


def random_model(config: ModelConfig, **changes: Any) -> GPT:
    model = GPT(replace(config, rope_theta=500.0, **changes), len(TOKENIZER)).eval()
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


def read(folder: Path, context_length: int = 64) -> tuple[GPT, ForeignTokenizer]:
    tokenizer = ForeignTokenizer(folder, [Arithmetic()])
    model = GPT(read_shape(folder, context_length), len(tokenizer)).eval()
    read_weights(model, folder, tokenizer.n_known, tokenizer.new)
    return model, tokenizer


def loaded(folder: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@torch.inference_mode()
def assert_same_logits(ours: GPT, theirs: Any, n_tokens: int, length: int) -> None:
    tokens = torch.randint(n_tokens, (3, length), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        theirs(tokens).logits[..., :n_tokens], ours(tokens)[..., :n_tokens], atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("qk_norm", "kind"), [(True, "Qwen3ForCausalLM"), (False, "LlamaForCausalLM")])
def test_transformers_reads_the_same_logits_and_text(
    tiny_model: ModelConfig, tmp_path: Path, tied: bool, qk_norm: bool, kind: str
):
    model = random_model(tiny_model, tie_embeddings=tied, qk_norm=qk_norm)
    export_hf(model, TOKENIZER, tmp_path)
    theirs = loaded(tmp_path)
    assert type(theirs).__name__ == kind
    assert_same_logits(model, theirs, len(TOKENIZER), 16)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "<task:math/arithmetic>12+3<solve>15<end>"
    ids = [TOKENIZER.task_token("math/arithmetic"), *TOKENIZER.encode("12+3"), 2, *TOKENIZER.encode("15"), 1]
    assert tokenizer(text)["input_ids"] == ids
    assert tokenizer.decode(ids) == TOKENIZER.decode(ids) == text
    assert tokenizer(TOKENIZER.alphabet)["input_ids"] == TOKENIZER.encode(TOKENIZER.alphabet)


@pytest.mark.parametrize(("kind", "changes"), CHECKPOINTS)
def test_checkpoints_of_transformers_give_their_logits(tmp_path: Path, kind: str, changes: dict[str, Any]):
    theirs = write_checkpoint(tmp_path / "theirs", kind, **changes)
    ours, tokenizer = read(tmp_path / "theirs")
    assert (tmp_path / "theirs" / "model.safetensors.index.json").exists() == ("shards" in changes)
    assert_same_logits(ours, theirs, tokenizer.n_known, 64)
    export_hf(ours, tokenizer, tmp_path / "ours")
    back = loaded(tmp_path / "ours")
    assert type(back) is type(theirs)
    assert_same_logits(ours, back, len(tokenizer), 64)


def test_what_a_tokenizer_adds_around_a_text_is_left_out(tmp_path: Path):
    fast = byte_level()
    fast.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    write_checkpoint(tmp_path / "theirs", tokenizer=fast)
    assert transformers.AutoTokenizer.from_pretrained(tmp_path / "theirs")("12")["input_ids"][0] == 0
    ours, tokenizer = read(tmp_path / "theirs")
    export_hf(ours, tokenizer, tmp_path / "ours")
    back = transformers.AutoTokenizer.from_pretrained(tmp_path / "ours")
    assert back("<solve>12")["input_ids"] == [tokenizer.solve, *tokenizer.encode("12")]


def test_new_tokens_are_the_mean_of_the_known(tmp_path: Path):
    theirs = write_checkpoint(tmp_path, "qwen3")
    ours, tokenizer = read(tmp_path)
    mean = theirs.lm_head.weight[: tokenizer.n_known].mean(0)
    assert len(tokenizer.new) == 4
    assert max(tokenizer.new) + 1 == len(tokenizer) == len(theirs.lm_head.weight) + 2, "the two spare rows are used"
    for row in tokenizer.new:
        torch.testing.assert_close(ours.head.weight[row], mean)


@pytest.mark.parametrize("qk_norm", [True, False])
def test_weights_and_roles_come_back_as_they_were(tiny_model: ModelConfig, tmp_path: Path, qk_norm: bool):
    model = random_model(tiny_model, tie_embeddings=False, qk_norm=qk_norm)
    export_hf(model, TOKENIZER, tmp_path)
    back, tokenizer = read(tmp_path, tiny_model.context_length)
    assert replace(back.config, from_hf=None) == model.config
    assert all(torch.equal(one, back.state_dict()[name]) for name, one in model.state_dict().items())
    assert tokenizer.new == ()
    assert (len(tokenizer), tokenizer.end, tokenizer.solve, tokenizer.judge) == (len(TOKENIZER), 1, 2, 3)
    assert tokenizer.encode(TOKENIZER.alphabet) == TOKENIZER.encode(TOKENIZER.alphabet)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model_type": "gpt2"}, "'gpt2'"),
        ({"attention_bias": True}, "biases"),
        ({"use_sliding_window": True}, "a sliding window"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "a sliding window"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "rotary positions of type 'yarn'"),
        ({"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.5}}, "partial rotation"),
        ({"quantization_config": {"bits": 4}}, "quantised weights"),
        ({"max_position_embeddings": 12}, "knows 12 positions"),
        ({"hidden_size": None}, "NoneType"),
        ({"vocab_size": "many"}, "has no 'vocab_size'"),
    ],
)
def test_another_architecture_is_refused(tiny_model: ModelConfig, tmp_path: Path, changes: dict[str, Any], why: str):
    export_hf(random_model(tiny_model), TOKENIZER, tmp_path)
    said = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(said | changes))
    with pytest.raises(ValueError, match=why):
        read_shape(tmp_path, 16)


def test_without_the_extra_it_is_named(tiny_model: ModelConfig, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(ValueError, match=r"selfplay-testbed\[hf\]"):
        export_hf(random_model(tiny_model), TOKENIZER, tmp_path)


def test_the_command_exports_a_run_and_refuses_a_full_folder(tiny_run: RunConfig, tmp_path: Path, capsys):
    run_arm(replace(tiny_run, arm=ArmConfig("real"), budget_tokens=3_000), tmp_path / "run")
    words = ["export", str(tmp_path / "run" / "best.ckpt"), "--to", "hf", str(tmp_path / "hf")]
    assert main(words) == 0
    saved = torch.load(tmp_path / "run" / "best.ckpt", weights_only=True)["model"]
    back, _ = read(tmp_path / "hf", tiny_run.model.context_length)
    assert all(torch.equal(one, saved[name]) for name, one in back.state_dict().items())
    assert main(words) == 1
    assert "not empty" in capsys.readouterr().err
