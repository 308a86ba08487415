"""Every method plays whole runs in the same round, ends on the same token, and goes on to the same bits."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import selfplay.play.run as run_module
from envs.core import Outcome, Verdict
from envs.math.linear import Linear
from selfplay.config import (
    ArmConfig,
    CurriculumConfig,
    DataConfig,
    JudgeConfig,
    LearnerConfig,
    RewardConfig,
    RunConfig,
    TaskConfig,
)
from selfplay.configfile import load_config
from selfplay.data.encoding import Encoder
from selfplay.model.tokenizer import Tokenizer
from selfplay.play.ensemble import run_job
from selfplay.play.keep import hindsight
from selfplay.play.monitors import alarms
from selfplay.play.proposer import Admission
from selfplay.play.run import run_arm
from selfplay.records import Attempt, Judged, ProposalReport

LENIENT = JudgeConfig("noisy", 0.9, 0.5)
METHODS = {
    "majority": ArmConfig(judge=JudgeConfig("majority", threshold=0.6)),
    "self-judge": ArmConfig(judge=JudgeConfig("model", n_practice=20)),
    "frozen-judge": ArmConfig(judge=JudgeConfig("model", weights="frozen")),
    "inverted": ArmConfig(judge=JudgeConfig("noisy", 0.0, 1.0)),
    "noisy-answer": ArmConfig(judge=replace(LENIENT, noise="answer")),
    "noisy-level": ArmConfig(judge=replace(LENIENT, noise="level")),
    "noisy-popular": ArmConfig(judge=replace(LENIENT, noise="popular")),
    "from-first": ArmConfig(judge=LENIENT, learner=LearnerConfig(start="first")),
    "replace": ArmConfig(judge=LENIENT, learner=LearnerConfig(store="replace")),
    "subsample": ArmConfig(judge=LENIENT, learner=LearnerConfig(store="subsample")),
    "rloo": ArmConfig(judge=LENIENT, learner=LearnerConfig("policy")),
    "grpo-kl": ArmConfig(
        judge=LENIENT, learner=LearnerConfig("policy", advantage="deviation", averaging="text", kl=0.1)
    ),
    "dr-grpo": ArmConfig(judge=LENIENT, learner=LearnerConfig("policy", advantage="centred", averaging="constant")),
    "trr": ArmConfig(
        judge=LENIENT,
        proposer_weights="live",
        learner=LearnerConfig("policy", advantage="role"),
        reward=RewardConfig("learnability"),
    ),
    "backward": ArmConfig(judge=LENIENT, learner=LearnerConfig("policy", correction="backward")),
    "forward": ArmConfig(judge=LENIENT, learner=LearnerConfig("policy", correction="forward")),
    "dpo": ArmConfig(judge=LENIENT, learner=LearnerConfig("preference")),
    "random": ArmConfig(judge=LENIENT, curriculum=CurriculumConfig("random")),
    "fixed": ArmConfig(judge=LENIENT, curriculum=CurriculumConfig("fixed")),
    "dapo": ArmConfig(
        judge=LENIENT, learner=LearnerConfig("policy", advantage="deviation", dynamic=True, clip_high=0.28, kl=0.05)
    ),
    "jury": ArmConfig(judge=LENIENT, jury=[JudgeConfig(), JudgeConfig("model")]),
    "distill": ArmConfig(judge=LENIENT, solver_weights="frozen", learner=LearnerConfig("distill", start="new")),
    "window": ArmConfig(judge=LENIENT, curriculum=CurriculumConfig("window")),
    "learnable": ArmConfig(judge=LENIENT, curriculum=CurriculumConfig("learnability")),
    **{
        f"worth-{kind}": ArmConfig(judge=LENIENT, reward=RewardConfig(kind))  # type: ignore[arg-type]
        for kind in ("variance", "target", "uncertainty", "novelty", "anchor", "guide")
    },
}


def rounds(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_ends_on_the_token_and_resumes_to_the_bit(
    tiny_run: RunConfig, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = replace(METHODS[name], name=name, proposer="model")
    config = replace(tiny_run, arm=arm)
    result = run_arm(config, tmp_path / "whole")
    assert result.D == result.D_real + result.D_syn == result.budget
    played = rounds(tmp_path / "whole")
    assert [report["n_proposed"] for report in played] == [0, 0, 100, 100, 100]
    if arm.judge.kind == "noisy":
        assert result.D_syn > 0
    if arm.model_judge:
        assert result.flops_verify > 0

    class Interrupted(Exception):
        pass

    save = run_module.keep_checkpoint
    n_saved = 0

    def interrupted(*arguments):
        nonlocal n_saved
        save(*arguments)
        n_saved += 1
        if n_saved == 4:
            raise Interrupted

    monkeypatch.setattr(run_module, "keep_checkpoint", interrupted)
    with pytest.raises(Interrupted):
        run_arm(config, tmp_path / "cut")
    monkeypatch.setattr(run_module, "keep_checkpoint", save)
    run_arm(config, tmp_path / "cut")
    assert rounds(tmp_path / "cut") == played


def test_the_meter_knows_the_judges(tiny_run: RunConfig, tmp_path: Path) -> None:
    """A judge without errors has J = 1, one that accepts all 0, an inverted one -1; AUROC goes with them."""
    wanted = {
        JudgeConfig(): (1.0, 1.0),
        JudgeConfig("accept-all"): (0.0, None),
        JudgeConfig("noisy", 0.0, 1.0): (-1.0, 0.0),
    }
    for number, (judge, (informedness, auroc)) in enumerate(wanted.items()):
        arm = ArmConfig("arm", proposer="model", judge=judge)
        optim = replace(tiny_run.optim, lr=2e-2)
        config = replace(tiny_run, arm=arm, optim=optim, data=easy(tiny_run), budget_tokens=30_000)
        run_arm(config, tmp_path / str(number))
        meters = [report["judge"] for report in rounds(tmp_path / str(number))]
        known = [meter for meter in meters if meter["informedness"] is not None]
        assert known, "some round must have right and wrong answers, or nothing is tested"
        for meter in known:
            assert meter["informedness"] == pytest.approx(informedness)
            if auroc is not None:
                assert meter["auroc"] == pytest.approx(auroc)


def easy(config: RunConfig) -> DataConfig:
    return replace(config.data, tasks=[replace(config.data.tasks[0], levels=[1, 2])])


def test_hindsight_turns_wrong_answers_into_examples(tiny_run: RunConfig, tmp_path: Path) -> None:
    data = DataConfig([TaskConfig(Linear(), levels=[1])], n_real=100, n_validation=20, n_heldout=30, n_accuracy=10)
    arms = [ArmConfig("plain", proposer="env"), ArmConfig("hindsight", proposer="env", hindsight=True)]
    model = replace(tiny_run.model, context_length=20)
    stored = []
    for arm in arms:
        config = replace(tiny_run, data=data, arm=arm, model=model, play=replace(tiny_run.play, n_proposals=60))
        stored.append(run_arm(config, tmp_path / arm.name).n_stored)
    assert stored[1] > stored[0] + 20, "a linear equation is posed from any answer and the left side it was given to"


def test_hindsight_examples_are_right() -> None:
    env, admission = Linear(), Admission(Encoder(Tokenizer.of([Linear()]), 40), frozenset(), frozenset())
    wrong = Verdict(Outcome.INCORRECT)
    answers = ("6", "11/3", "10/2", "nonsense")
    judged = [Judged(Attempt(env.parse("3x+5=20"), one, True, 9, 2, 0.0, 0), wrong, "exact") for one in answers]
    found = hindsight(judged, {env.name: env}, admission, 4)
    assert [(one.task.prompt, one.answer) for one in found] == [("3x+5=23", "6"), ("3x+5=16", "11/3"), ("3x+5=20", "5")]
    assert all(env.verify(one.task, one.answer).outcome is Outcome.CORRECT for one in found)


def test_alarms_name_what_is_out_of_bounds() -> None:
    verified, policy = ArmConfig("v"), ArmConfig("p", learner=LearnerConfig("policy"))
    assert alarms(ProposalReport(), n_written=100, n_attempts=100, arm=policy) == ()
    bad = ProposalReport(
        validity=0.0, novelty=0.0, distance=1.0, distinct_answers=0.0, reward_gap=0.9, entropy=0.01, signal=0.0,
        probe_gap=0.9, real_levels={"e:1": 0.5, "e:2": 0.5},
    )  # fmt: skip
    found = alarms(bad, n_written=100, n_attempts=100, arm=policy)
    assert len(found) == 8
    assert "validity 0.000 is below" in found[0]
    assert len(alarms(bad, n_written=100, n_attempts=100, arm=verified)) == 7, "it needs no contrast"
    unchecked = ArmConfig("u", judge=JudgeConfig("accept-all"))
    assert not any("reward gap" in line for line in alarms(bad, n_written=100, n_attempts=100, arm=unchecked))
    assert alarms(replace(bad, probe_gap=math.nan), n_written=3, n_attempts=3, arm=policy) == ()
    for real in ({"e:1": 1.0}, {"e:1": 0.02, "e:2": 0.98}):
        narrow = replace(bad, entropy=0.0, real_levels=real)
        assert not any("entropy" in line for line in alarms(narrow, n_written=100, n_attempts=100, arm=policy))


def test_an_alarm_can_stop_the_run(tiny_run: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arm = ArmConfig("inverted", proposer="model", judge=JudgeConfig("noisy", 0.0, 1.0))
    play = replace(tiny_run.play, alarms="stop", n_attempts=4)
    with pytest.raises(ValueError, match=r"stopped in round 2 by an alarm: .*play.alarms: log goes on"):
        run_arm(replace(tiny_run, arm=arm, play=play), tmp_path)
    assert "alarm: inverted seed 0, round 2:" in capsys.readouterr().err
    assert rounds(tmp_path)[-1]["alarms"]


def test_a_proposer_is_paid_by_worth_and_fined_for_nonsense(tiny_run: RunConfig, tmp_path: Path) -> None:
    arm = replace(METHODS["trr"], name="trr", proposer="model")
    run_arm(replace(tiny_run, arm=arm), tmp_path)
    assert all(math.isfinite(report["train_nats_per_token"]) for report in rounds(tmp_path))


CONFIGS = (Path(__file__).parents[3] / "configs" / "train").glob("*.yaml")
SHIPPED = sorted(path for path in CONFIGS if path.stem not in ("human", "mixture"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_methods_run(path: Path, tmp_path: Path) -> None:
    small = {
        "budget_tokens": 30_000, "play.start_tokens": 10_000, "play.round_tokens": 10_000, "play.n_proposals": 60,
        "data.n_heldout": 40, "data.n_accuracy": 10, "model.d_model": 16, "model.n_layer": 1,
    }  # fmt: skip
    overrides = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    result = run_job(load_config(RunConfig, path, overrides), tmp_path)
    assert result.D == 30_000
