"""Configurations: those that ship can be used, and a wrong one is refused in one line that helps."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from selfplay.config import DataConfig, ModelConfig, RunConfig, StudyConfig
from selfplay.config.rate import POWER, block_parameters, fitted_rate
from selfplay.configfile import load_config, to_yaml
from selfplay.data.encoding import Encoder
from selfplay.data.sources import draw_real_data
from selfplay.model.gpt import GPT
from selfplay.model.tokenizer import Tokenizer

ROOT = Path(__file__).parents[2]
# Audits have a configuration of their own: tests/selfplay/measure loads theirs.
SHIPPED = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name != "audit")


def kind_of(path: Path) -> type[RunConfig] | type[StudyConfig]:
    return StudyConfig if "arms" in yaml.safe_load(path.read_text()) else RunConfig


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_configuration_loads_and_reads_back_equal(path: Path, tmp_path: Path):
    config = load_config(kind_of(path), path)
    (tmp_path / "again.yaml").write_text(to_yaml(config))
    assert load_config(type(config), tmp_path / "again.yaml") == config


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_configuration_has_its_data_and_the_data_fits(path: Path):
    config = load_config(kind_of(path), path)
    pools = [arm.n_real or 0 for arm in config.arms] if isinstance(config, StudyConfig) else []
    data: DataConfig = replace(config.data, n_real=max(config.data.n_real, *pools, 0))
    drawn = draw_real_data(data, 0)
    encoder = Encoder(Tokenizer.of(task.env for task in data.tasks), config.model.context_length)
    for solved in (*drawn.heldout, *drawn.validation, *drawn.pool):
        encoder.solved(solved.task, solved.answer)
    assert len(drawn.pool) == data.n_real


BASE = "data: {tasks: [{env: {class_path: envs.math.arithmetic.Arithmetic}}]}\n"
STUDY = (
    BASE
    + """
name: s
arms: [{name: real}, {name: verified, proposer: model}, {name: fresh, real: fresh}]
budgets_tokens: [1000]
seeds: [0, 1]
"""
)
ENV = "data: {tasks: [{env: {class_path: %s}}]}"
TASK = "data: {tasks: [{env: {class_path: envs.math.arithmetic.Arithmetic}, %s}]}"
INIT = ENV % "envs.math.arithmetic.Arithmetic, init_args: {%s}"

WRONG_RUNS = {
    "key": (BASE + "optim: {lrr: 1}", "'lrr'.*did you mean 'lr'"),
    "group": (BASE + "optimm: {lr: 1}", "'optimm.lr'.*did you mean 'optim'"),
    "far key": (BASE + "zzz: 1", "'zzz' is not accepted"),
    "env key": (INIT % "max_digit: 3", "'max_digit'.*did you mean 'max_digits'"),
    "key twice": (BASE + "seed: 1\nseed: 2", "line 3: key 'seed' is given twice"),
    "no data": ("seed: 1", "required: data.tasks"),
    "type": (BASE + "budget_tokens: many", "budget_tokens.*expected int, got 'many'"),
    "fraction of a token": (BASE + "budget_tokens: 1.5", "budget_tokens.*expected int, got '1.5'"),
    "number for a group": (BASE + "optim: 3", "optim = 3: expected keys with values"),
    "broken": ("a: [1,\nb: }", "not a YAML file: line 2"),
    "text": ("hello", "holds 'hello', expected keys"),
    "list": ("- 1", r"holds \[1\], expected keys"),
    "empty": ("", "holds nothing"),
    "study": (STUDY, "is the configuration of a study"),
    "module": (ENV % "envs.math.nope.Nope", "nope.*selfplay tasks list"),
    "class": (ENV % "envs.math.arithmetic.Nope", "Nope.*selfplay tasks list"),
    "no env": (ENV % "collections.OrderedDict", "OrderedDict.*subclass of Env.*selfplay tasks list"),
    "abstract": (ENV % "envs.core.Env", "abstract.*selfplay tasks list"),
    "literal": (BASE + "arm: {proposer: modell}", "arm.proposer.*one of 'none', 'model', .*got 'modell'"),
    "nested literal": (BASE + "arm: {judge: {kind: exakt}}", "arm.judge.kind.*one of 'exact', .*got 'exakt'"),
    "level": (TASK % "levels: [99]", "levels of math/arithmetic: 99 is not one of 1-"),
    "no level": (TASK % "levels: []", "name at least one"),
    "level weights": (TASK % "level_weights: [1]", "level_weights of math/arithmetic: 1 given for"),
    "zero weights": (TASK % "levels: [1], level_weights: [0]", "not all 0"),
    "weight": (TASK % "weight: -1", "weight of math/arithmetic = -1.0: must be above 0"),
    "env twice": (BASE.replace("]}", ", {env: {class_path: envs.math.arithmetic.Arithmetic}}]}"), "an env twice"),
    "no env at all": ("data: {tasks: []}", "data.tasks is empty"),
    "accuracy": (BASE[:-2] + ", n_accuracy: 501}", "n_accuracy = 501: must lie between 0 and data.n_heldout = 500"),
    "odd head": (BASE + "model: {head_dim: 3}", "head_dim = 3: .* even"),
    "heads": (BASE + "model: {n_kv_head: 3}", "n_kv_head = 3: must divide model.n_head = 4"),
    "context": (BASE + "model: {context_length: 4}", "context_length = 4: needs at least 8"),
    "judge rates": (BASE + "arm: {judge: {true_accept_rate: 0.5}}", "belong to kind: noisy"),
    "posed": (BASE + "arm: {solver: posed}", "solver: posed needs proposer: solution"),
    "cannot pose": (BASE + "arm: {proposer: solution}", "math/arithmetic cannot pose a task from its solution"),
    "folder name": (BASE + "arm: {name: a/b}", "arm name 'a/b': use letters"),
    "arm dropout": (BASE + "arm: {dropout: 1.0}", "dropout = 1.0: must be at least 0 and below 1"),
    "arm pool": (BASE + "arm: {n_real: 5}", "arm.n_real = 5: is for studies; use data.n_real"),
    "arm play": (BASE + "arm: {play: {n_attempts: 5}}", "arm.play: is for studies; use play"),
    "rate": (BASE + "optim: {lr: fast}", "optim.lr.*: expected float or 'auto', got 'fast'"),
    "decay": (BASE + "arm: {weight_decay: high}", "arm.weight_decay.*: expected float or null, got 'high'"),
    "rate for muon": (BASE + "optim: {lr: auto, name: muon}", "optim.lr = auto: was fitted for adamw; .* for muon"),
    "rate for a checkpoint": (BASE + "optim: {lr: auto}\nmodel: {from_hf: some/folder}",
                              "optim.lr = auto: is for training from nothing; give a number"),
    "rate for a large model": (BASE + "optim: {lr: auto}\nmodel: {d_model: 2048, d_ff: 8192}",
                               r"optim.lr = auto: is known for .* parameters, and this model has \d.*; give a number"),
    "arm decay": (BASE + "arm: {weight_decay: -1}", "weight_decay = -1.0: must be 0 or more"),
    **{
        f"{name} {value}": (
            BASE + "".join(f"{group}: {{" for group in name.split(".")[:-1]) + f"{name.split('.')[-1]}: {value}"
            + "}" * name.count("."), re.escape(name) + " = .*must "
        )
        for name, value in (
            ("budget_tokens", -1), ("model.n_layer", 0), ("model.rope_theta", -1), ("optim.lr", -1),
            ("optim.lr", ".inf"), ("optim.lr", ".nan"), ("optim.weight_decay", -0.1), ("optim.warmup_tokens", -1),
            ("optim.beta1", 1.0), ("optim.dropout", 1.5), ("optim.decay_fraction", -0.5), ("play.round_tokens", 0),
            ("play.start_tokens", -1), ("play.real_fraction", 2), ("play.solve_temperature", 0),
            ("device.n_threads", 0),
        )
    },
}  # fmt: skip

WRONG_STUDIES = {
    "run": (BASE + "arm: {name: real}", "is the configuration of one run"),
    "missing": (BASE, "required: name, arms, budgets_tokens, seeds"),
    "arm key": (STUDY.replace("proposer", "propser"), "'propser'.*did you mean 'proposer'"),
    "arm twice": (STUDY.replace("name: fresh", "name: real"), "a name is used twice in real, verified, real"),
    "no arms": (STUDY.replace("[{name: real}, {name: verified, proposer: model}, {name: fresh, real: fresh}]", "[]"),
                "arms is empty"),
    "seed twice": (STUDY.replace("[0, 1]", "[1, 1]"), r"seeds = \[1, 1\]: .*none twice"),
    "no seed": (STUDY.replace("[0, 1]", "[]"), r"seeds = \[\]: need at least one"),
    "budget twice": (STUDY.replace("[1000]", "[5, 5]"), r"budgets_tokens = \[5, 5\]: need distinct"),
    "no budget": (STUDY.replace("[1000]", "[]"), "budgets_tokens is empty"),
    "negative budget": (STUDY.replace("[1000]", "[-5]"), r"budgets_tokens = \[-5\]: .*above 0"),
    "negative arm budget": (STUDY.replace("name: real}", "name: real, budgets_tokens: [0]}"), r"\[0\]: .*above 0"),
    "arm pool": (STUDY.replace("name: real}", "name: real, n_real: 0}"), "arm real: n_real = 0: must be above 0"),
    "primary": (STUDY + "primary: best", "primary = best: not one of the arms real, verified, fresh"),
    "rate for a small model": (STUDY + "optim: {lr: auto}\nmodel: {d_model: 8, d_ff: 8, n_layer: 1}",
                               "optim.lr = auto: is known for .*; give a number"),
    "workers": (STUDY + "n_workers: -1", "n_workers = -1: must be 0 or more"),
    "cannot pose": (STUDY.replace("proposer: model", "proposer: solution"), "arm verified: .*cannot pose"),
}  # fmt: skip


def refusal(kind: type[RunConfig] | type[StudyConfig], path: Path, *overrides: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        load_config(kind, path, overrides)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "<class" not in message
    assert "selfplay.config" not in message
    return message


@pytest.mark.parametrize("case", WRONG_RUNS)
def test_a_wrong_run_is_refused_in_one_line(tmp_path: Path, case: str):
    text, message = WRONG_RUNS[case]
    (tmp_path / "run.yaml").write_text(text)
    assert re.search(message, refusal(RunConfig, tmp_path / "run.yaml"))


@pytest.mark.parametrize("case", WRONG_STUDIES)
def test_a_wrong_study_is_refused_in_one_line(tmp_path: Path, case: str):
    text, message = WRONG_STUDIES[case]
    (tmp_path / "study.yaml").write_text(text)
    assert re.search(message, refusal(StudyConfig, tmp_path / "study.yaml"))


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    assert "no such configuration file" in refusal(RunConfig, tmp_path / "missing.yaml")
    assert "no such configuration file" in refusal(RunConfig, tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not a YAML file" in refusal(RunConfig, tmp_path / "binary.yaml")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["--optim.lrr", "1"], "did you mean 'lr'"),
        (["--budget", "1"], "did you mean 'budget_tokens'"),
        (["--optim.lr"], "--optim.lr: expected one argument"),
        (["--seed", "x"], "expected int, got 'x'"),
        (["--optim", "3"], "optim"),
        (["stray"], "unrecognized arguments: stray"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(tmp_path: Path, overrides: list[str], message: str):
    (tmp_path / "run.yaml").write_text(BASE)
    assert message in refusal(RunConfig, tmp_path / "run.yaml", *overrides)


def test_an_option_is_laid_over_the_file(tmp_path: Path):
    (tmp_path / "run.yaml").write_text(BASE + "optim: {lr: 4e-3, dropout: 0.1}\nseed: 3")
    config = load_config(RunConfig, tmp_path / "run.yaml", ["--optim.lr", "1e-3"])
    assert (config.optim.lr, config.optim.dropout, config.seed) == (1e-3, 0.1, 3)


def test_the_fitted_rate_is_a_number_in_a_run_and_its_file(tmp_path: Path):
    (tmp_path / "run.yaml").write_text(BASE + "optim: {lr: auto}")
    run = load_config(RunConfig, tmp_path / "run.yaml")
    assert run.optim.lr == fitted_rate(run.model)
    (tmp_path / "again.yaml").write_text(to_yaml(run))
    assert load_config(RunConfig, tmp_path / "again.yaml") == run
    (tmp_path / "study.yaml").write_text(STUDY + "optim: {lr: auto}")
    study = load_config(StudyConfig, tmp_path / "study.yaml")
    assert study.optim.lr == "auto"
    assert study.run(study.arms[0], 0, 1_000).optim == run.optim


def test_the_fitted_rate_falls_with_the_parameters_of_the_blocks_alone():
    small, deep = ModelConfig(), ModelConfig(n_layer=6)
    assert block_parameters(deep) == 2 * block_parameters(small)
    assert fitted_rate(deep) / fitted_rate(small) == pytest.approx(2**-POWER, rel=0.01)
    assert fitted_rate(replace(small, context_length=500)) == fitted_rate(small)
    model = GPT(small, vocab_size=100)
    assert block_parameters(small) == sum(p.numel() for p in model.blocks.parameters() if p.ndim == 2)


def test_each_env_is_built_once(tmp_path: Path, monkeypatch):
    """A corpus reads and verifies its file when it is built, which may take seconds."""
    from envs.math.arithmetic import Arithmetic

    built = []
    original = Arithmetic.__post_init__
    monkeypatch.setattr(Arithmetic, "__post_init__", lambda self: (built.append(self), original(self))[1])
    load_config(StudyConfig, ROOT / "configs" / "quickstart.yaml")
    assert len(built) <= 2  # once to check the file, once to keep
