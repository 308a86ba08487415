"""Exchange with transformers: the same logits and text there, and the same weights back."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from envs.math.arithmetic import Arithmetic
from selfplay.cli import main
from selfplay.config import ArmConfig, ModelConfig, RunConfig
from selfplay.model.gpt import GPT
from selfplay.model.hf import export_hf, load_hf
from selfplay.model.tokenizer import Tokenizer
from selfplay.play.run import run_arm

TOKENIZER = Tokenizer.of([Arithmetic()])


def random_model(config: ModelConfig, *, tied: bool) -> GPT:
    model = GPT(replace(config, tie_embeddings=tied, rope_theta=500.0), len(TOKENIZER)).eval()
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("tied", [True, False])
def test_transformers_reads_the_same_logits_and_text(tiny_model: ModelConfig, tmp_path: Path, tied: bool):
    transformers = pytest.importorskip("transformers")
    model = random_model(tiny_model, tied=tied)
    export_hf(model, TOKENIZER, tmp_path)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert type(theirs).__name__ == "Qwen3ForCausalLM"
    tokens = torch.randint(len(TOKENIZER), (3, 16))
    with torch.inference_mode():
        torch.testing.assert_close(theirs(tokens).logits, model(tokens), atol=1e-5, rtol=1e-5)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "<task:math/arithmetic>12+3<solve>15<end>"
    ids = [TOKENIZER.task_token("math/arithmetic"), *TOKENIZER.encode("12+3"), 2, *TOKENIZER.encode("15"), 1]
    assert tokenizer(text)["input_ids"] == ids
    assert tokenizer.decode(ids) == TOKENIZER.decode(ids) == text
    assert tokenizer(TOKENIZER.alphabet)["input_ids"] == TOKENIZER.encode(TOKENIZER.alphabet)


def test_weights_come_back_as_they_were(tiny_model: ModelConfig, tmp_path: Path):
    pytest.importorskip("transformers")
    model = random_model(tiny_model, tied=False)
    export_hf(model, TOKENIZER, tmp_path)
    back = load_hf(tmp_path, tiny_model.context_length)
    assert back.config == model.config
    assert all(torch.equal(one, back.state_dict()[name]) for name, one in model.state_dict().items())


@pytest.mark.parametrize(
    ("key", "value", "why"), [("model_type", "llama", "'llama'"), ("attention_bias", True, "biases")]
)
def test_another_architecture_is_refused(tiny_model: ModelConfig, tmp_path: Path, key: str, value: object, why: str):
    pytest.importorskip("transformers")
    export_hf(random_model(tiny_model, tied=True), TOKENIZER, tmp_path)
    said = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(said | {key: value}))
    with pytest.raises(ValueError, match=why):
        load_hf(tmp_path, 16)


def test_without_the_extra_it_is_named(tiny_model: ModelConfig, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(ValueError, match=r"selfplay-testbed\[hf\]"):
        export_hf(random_model(tiny_model, tied=True), TOKENIZER, tmp_path)


def test_the_command_exports_a_run_and_refuses_a_full_folder(tiny_run: RunConfig, tmp_path: Path, capsys):
    pytest.importorskip("transformers")
    run_arm(replace(tiny_run, arm=ArmConfig("real"), budget_tokens=3_000), tmp_path / "run")
    words = ["export", str(tmp_path / "run" / "best.ckpt"), "--to", "hf", str(tmp_path / "hf")]
    assert main(words) == 0
    saved = torch.load(tmp_path / "run" / "best.ckpt", weights_only=True)["model"]
    back = load_hf(tmp_path / "hf", tiny_run.model.context_length)
    assert all(torch.equal(one, saved[name]) for name, one in back.state_dict().items())
    assert main(words) == 1
    assert "not empty" in capsys.readouterr().err
