"""A run that starts from a foreign checkpoint: the loop, resuming, and the way back to transformers."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from selfplay.cli import main
from selfplay.config import ArmConfig, JudgeConfig, LearnerConfig, RewardConfig, RunConfig
from selfplay.configfile import to_yaml
from selfplay.model.architecture import shaped
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler
from selfplay.play.examine import examine
from selfplay.play.run import build_encoder, run_arm

transformers = pytest.importorskip("transformers")
from tests.selfplay.model.checkpoints import write_checkpoint  # noqa: E402
from tests.selfplay.play.test_run import Interrupted, measured, rounds  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


def starting_from(run: RunConfig, folder: Path) -> RunConfig:
    model = shaped(replace(run.model, from_hf=str(folder)), given=())
    return replace(run, model=model, optim=replace(run.optim, lr=3e-3))


def saved_weights(path: Path) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["model"]
    return weights


@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_a_run_from_a_checkpoint_and_back(unverified_run: RunConfig, tmp_path: Path, kind: str):
    write_checkpoint(tmp_path / "hf", kind, shards=kind == "llama")
    config = starting_from(unverified_run, tmp_path / "hf")

    def interrupt(report):
        if report.round == 2:
            raise Interrupted

    whole = run_arm(config, tmp_path / "whole")
    assert whole.D_syn > 0
    assert whole.loss < rounds(tmp_path / "whole")[0]["heldout"]["answer_nats_per_token"]
    with pytest.raises(Interrupted):
        run_arm(config, tmp_path / "cut", on_round=interrupt)
    shutil.rmtree(tmp_path / "hf")  # a run that has begun needs its checkpoint no more
    assert measured(run_arm(config, tmp_path / "cut")) == measured(whole)
    assert rounds(tmp_path / "cut") == rounds(tmp_path / "whole")
    one, other = (saved_weights(tmp_path / name / "checkpoint.ckpt") for name in ("cut", "whole"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert examine(tmp_path / "whole", 1).scores.answer_nats_per_token == pytest.approx(whole.loss, abs=1e-6)
    assert main(["export", str(tmp_path / "whole" / "best.ckpt"), "--to", "hf", str(tmp_path / "out")]) == 0
    assert_reads_alike(config, tmp_path / "whole", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["max_position_embeddings"] == 64
    again = starting_from(unverified_run, tmp_path / "out")
    run_arm(replace(again, budget_tokens=3_000), tmp_path / "again")  # and in again
    assert build_encoder(again, tmp_path / "again").tokenizer.encode("12") == build_encoder(
        config, tmp_path / "whole"
    ).tokenizer.encode("12")


def assert_reads_alike(config: RunConfig, run: Path, exported: Path) -> None:
    """transformers has the logits and the texts of the run's best weights."""
    encoder = build_encoder(config, run)
    ours = GPT(config.model, len(encoder.tokenizer)).eval()
    ours.load_state_dict(saved_weights(run / "best.ckpt"))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(exported)
    task = config.data.tasks[0].env.parse("12+34")
    text = encoder.solved(task, "46").tokens
    assert tokenizer("<task:math/arithmetic>12+34<solve>46<|endoftext|>")["input_ids"] == [*text]
    assert tokenizer.decode(text) == encoder.tokenizer.decode(text)
    prompt = torch.tensor([encoder.solve_prompt(task)])
    with torch.inference_mode():
        torch.testing.assert_close(theirs(prompt).logits, ours(prompt), atol=1e-5, rtol=1e-5)
        written = theirs.generate(prompt, do_sample=False, max_new_tokens=config.model.context_length - prompt.shape[1])
    greedy = Sampler(ours).sample(prompt.tolist(), key=0, stop=encoder.tokenizer.end, temperature=0.0)[0]
    assert tuple(written[0, prompt.shape[1] :].tolist()) == greedy.tokens


@pytest.mark.parametrize(
    "arm",
    [
        ArmConfig("policy", proposer="model", judge=JudgeConfig("accept-all"), learner=LearnerConfig("policy", kl=0.1),
                  reward=RewardConfig("novelty")),
        ArmConfig("self-judged", proposer="model", judge=JudgeConfig("model", threshold=0.1, n_practice=5)),
        ArmConfig("rest-em", proposer="env", judge=JudgeConfig("accept-all"), learner=LearnerConfig(start="first")),
    ],
    ids=lambda arm: arm.name,
)  # fmt: skip
def test_methods_learn_from_a_checkpoint(tiny_run: RunConfig, tmp_path: Path, arm: ArmConfig):
    write_checkpoint(tmp_path / "hf")
    config = starting_from(replace(tiny_run, arm=arm, budget_tokens=9_000), tmp_path / "hf")
    assert run_arm(config, tmp_path / "run").D == 9_000


def test_the_first_round_begins_at_the_checkpoint(tiny_run: RunConfig, tmp_path: Path):
    theirs = write_checkpoint(tmp_path / "hf")
    config = replace(starting_from(tiny_run, tmp_path / "hf"), budget_tokens=100)
    config = replace(config, optim=replace(config.optim, lr=1e-12, weight_decay=0.0))
    run_arm(config, tmp_path / "run")
    found = saved_weights(tmp_path / "run" / "best.ckpt")["embedding.weight"][:291]
    torch.testing.assert_close(found, theirs.model.embed_tokens.weight[:291])


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line that a refused command prints."""
    capsys.readouterr()
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def cut_weights(folder: Path) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])


def change(folder: Path, **keys: object) -> None:
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | keys))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (shutil.rmtree, "no such folder; name one with a Qwen3 or Llama checkpoint"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json: not JSON"),
        (lambda folder: change(folder, model_type="gpt2"), "model_type 'gpt2' cannot be read"),
        (lambda folder: change(folder, num_hidden_layers=3), "model.layers.2.input_layernorm.weight is not among"),
        (lambda folder: change(folder, intermediate_size=24), "of shape"),
        (lambda folder: change(folder, vocab_size=280), "291 tokens in its tokenizer, 280 rows"),
        (lambda folder: change(folder, vocab_size=292), "of shape (293, 32), config.json says (292, 32)"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
        (cut_weights, "model.safetensors: damaged"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json, its tokenizer; save the model there"),
    ],
)
def test_wrong_checkpoints_are_one_line(
    tiny_run: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], object], why: str
):
    write_checkpoint(tmp_path / "hf")
    spoil(tmp_path / "hf")
    path = tmp_path / "run.yaml"
    text = to_yaml(tiny_run)
    path.write_text(text[: text.index("\nmodel:")] + "\nmodel: {context_length: 16}\n" + text[text.index("optim:") :])
    argv = ("train", "--config", str(path), "--from-hf", str(tmp_path / "hf"), "--out", str(tmp_path / "out"))
    assert why in refused(capsys, *argv)
    assert not list((tmp_path / "out").glob("*.ckpt"))


def test_shape_keys_come_from_the_checkpoint_and_a_conflict_is_one_line(
    tiny_run: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_checkpoint(tmp_path / "hf", "llama")
    path = tmp_path / "run.yaml"
    path.write_text(to_yaml(tiny_run))
    argv = ("train", "--config", str(path), "--from-hf", str(tmp_path / "hf"), "--out", str(tmp_path / "out"))
    assert f"model.d_model = 16: {tmp_path}/hf has 32; leave the key out" in refused(capsys, *argv)
    text = to_yaml(tiny_run)
    path.write_text(text[: text.index("\nmodel:")] + "\nmodel: {n_layer: 2, context_length: 16}\n")
    assert main([*argv, "--print_config"]) == 0
    printed = capsys.readouterr().out
    assert "d_model: 32" in printed
    assert "qk_norm: false" in printed
    assert "n_layer = 3" in refused(capsys, *argv, "--model.n_layer", "3"), "a default too, where it is stated"
    assert "context_length = 65" in refused(capsys, *argv, "--model.context_length", "65")
