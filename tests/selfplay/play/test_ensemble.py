"""Ensembles and distillation: averages of probabilities, what they cost, and students that learn them."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from envs.core import Task
from selfplay.config import ArmConfig, JudgeConfig, LearnerConfig, ModelConfig, RunConfig, StudyConfig
from selfplay.data.sources import draw_real_data
from selfplay.model.ensemble import averaged, build_model
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import END
from selfplay.play.distill import soft_loss
from selfplay.play.ensemble import member_of, run_job, teacher_of
from selfplay.play.evaluate import nats
from selfplay.play.examine import examine
from selfplay.play.run import build_encoder, run_arm
from selfplay.play.solver import answer_tasks
from selfplay.report.evidence import read_rounds
from selfplay.study.grid import _opening, build_grid


@pytest.fixture
def members(tiny_model: ModelConfig) -> list[GPT]:
    return [GPT(tiny_model, 20, torch.Generator().manual_seed(seed)).eval() for seed in range(3)]


def test_probabilities_are_averaged(members: list[GPT]) -> None:
    tokens = torch.randint(20, (4, 9), generator=torch.Generator().manual_seed(0))
    for member in members:
        member.head.weight.data.mul_(20.0)  # so that members differ
    by_hand = torch.stack([member(tokens).softmax(-1) for member in members]).mean(0)
    found = averaged(members)(tokens)
    assert torch.allclose(found.exp(), by_hand, atol=1e-6)
    assert torch.allclose(averaged(members)(tokens, wanted=torch.tensor([3, 7])), found.flatten(0, 1)[[3, 7]])


def test_an_ensemble_of_one_is_that_one_and_samples_like_it(members: list[GPT]) -> None:
    prompts = [[5], [6, 7, 8]]
    one, alone = averaged(members[:1]), Sampler(members[0]).sample(prompts, key=7, stop=END, n_per_prompt=5)
    assert [text.tokens for text in Sampler(one).sample(prompts, key=7, stop=END, n_per_prompt=5)] == [
        text.tokens for text in alone
    ]


def test_sampled_log_probabilities_are_those_of_the_average(members: list[GPT]) -> None:
    model = averaged(members)
    text = Sampler(model).sample([[5, 6]], key=1, stop=END)[0]
    tokens = torch.tensor([[5, 6, *text.tokens]])
    read = model(tokens[:, :-1]).log_softmax(-1).gather(-1, tokens[:, 1:, None])[0, 1:, 0]
    assert read.sum().item() == pytest.approx(text.logprob_nats, abs=1e-4)


def test_all_members_read_what_an_ensemble_writes(members: list[GPT], tiny_run: RunConfig) -> None:
    encoder = build_encoder(tiny_run)
    vocab = len(encoder.tokenizer)
    single = build_model(tiny_run.model, vocab)
    tasks = [Task("math/arithmetic", "1+2", 1, "1+2")]
    costs = [
        answer_tasks(model, tasks, encoder, n_per_task=2, temperature=1.0, key=0, step=0)
        for model in (single, averaged([single] * 3))
    ]
    assert costs[1].n_flops == 3 * costs[0].n_flops > 0


ENSEMBLE = ArmConfig("ensemble", n_members=3)


def test_an_ensemble_costs_what_its_members_cost_and_beats_them(tiny_run: RunConfig, tmp_path: Path) -> None:
    config = replace(tiny_run, arm=ENSEMBLE, budget_tokens=36_001)
    result = run_job(config, tmp_path)
    alone = [json.loads((tmp_path / "members" / f"{k:02d}" / "result.json").read_text()) for k in range(3)]
    for name in ("N", "D", "D_real", "flops_train", "method_s"):
        assert getattr(result, name) == pytest.approx(sum(one[name] for one in alone))
    assert result.D == result.budget == 36_001
    assert result.U == alone[0]["U"] == alone[2]["U"]
    assert len({one["loss"] for one in alone}) == 3, "members must differ"
    assert result.loss < sum(one["loss"] for one in alone) / 3, "a mean of probabilities is better than the mean loss"
    (report,) = read_rounds(tmp_path / "rounds.jsonl", result)
    assert report.heldout.answer_nats_per_token == result.loss
    assert examine(tmp_path, 1).scores.answer_nats_per_token == pytest.approx(result.loss)
    assert run_job(config, tmp_path) == result  # finished: nothing starts


def test_the_first_member_is_the_arm_at_its_share(tiny_run: RunConfig) -> None:
    config = replace(tiny_run, arm=ENSEMBLE, budget_tokens=30_001)
    first, second = member_of(config, 0), member_of(config, 1)
    assert (first.seed, first.budget_tokens, second.budget_tokens) == (config.seed, 10_001, 10_000)
    assert first.seed != second.seed
    assert draw_real_data(first.data, first.real_seed).pool == draw_real_data(second.data, second.real_seed).pool


def test_members_share_no_beginning(tiny_run: RunConfig) -> None:
    arms = [ArmConfig("real"), ArmConfig("verified", proposer="model"), ENSEMBLE]
    study = StudyConfig("s", tiny_run.data, arms, [15_000], [0], fresh=None, model=tiny_run.model, play=tiny_run.play)
    trunks = {cell.config.arm.name: cell.trunk for cell in build_grid(study, Path("out")).cells}
    assert trunks["ensemble"] is None
    assert trunks["real"] == trunks["verified"] is not None


def test_soft_loss_by_hand() -> None:
    logits, teacher = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]), torch.tensor([[[0.0, 2.0], [9.0, 9.0]]])
    wanted = 1 / (1 + math.exp(2.0 / 2)), 1 / (1 + math.exp(-2.0 / 2))
    student = math.log(1 / (1 + math.exp(-0.5))), math.log(1 / (1 + math.exp(0.5)))
    by_hand = -4.0 * (wanted[0] * student[0] + wanted[1] * student[1])
    assert soft_loss(logits, teacher, torch.tensor([[1.0, 0.0]]), 2.0).item() == pytest.approx(by_hand, rel=1e-6)
    same = teacher.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(soft_loss(same, teacher, torch.ones(1, 2), 1.0), same)
    assert gradient.abs().max() < 1e-7, "a student that agrees has nothing to learn"


DISTILL = ArmConfig(
    "distill", proposer="model", solver_weights="frozen", judge=JudgeConfig("accept-all"),
    learner=LearnerConfig("distill", start="new", n_teachers=2),
)  # fmt: skip


def test_a_student_pays_for_its_teachers(tiny_run: RunConfig, tmp_path: Path) -> None:
    play = replace(tiny_run.play, n_proposals=30, start_tokens=3_000, round_tokens=1_500)
    config = replace(tiny_run, arm=DISTILL, budget_tokens=10_500, play=play)
    result = run_job(config, tmp_path / "whole")
    assert result.D == 10_500
    rounds = read_rounds(tmp_path / "whole" / "rounds.jsonl", result)
    assert [report.train_tokens for report in rounds] == [1_500, 3_000, 7_500, 9_000, 10_500]
    teacher = json.loads((tmp_path / "whole" / "teachers" / "01" / "result.json").read_text())
    assert teacher["D"] == config.play.start_tokens
    assert teacher["N"] == result.N
    spent = rounds[3].train_flops - rounds[2].train_flops
    assert spent / (rounds[1].train_flops / 2) == pytest.approx(5 / 3, rel=0.05), "two teachers read every token too"
    assert rounds[2].train_flops - rounds[1].train_flops == pytest.approx(spent + teacher["flops_train"], rel=0.05)
    losses = [report.heldout.answer_nats_per_token for report in rounds]
    assert losses[2] != losses[1], "the student begins anew"

    def stop(report: object) -> None:
        if (tmp_path / "cut" / "rounds.jsonl").exists() and report.round == 3:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_job(config, tmp_path / "cut", on_round=stop)
    assert run_job(config, tmp_path / "cut").loss == result.loss
    run_arm(_opening(config), tmp_path / "trunk")
    assert run_job(config, tmp_path / "shared", trunk=tmp_path / "trunk").loss == result.loss


def test_a_distilled_student_comes_close_to_its_teacher(tiny_run: RunConfig, tmp_path: Path) -> None:
    """Self-distillation on real texts alone: a new student at twice the teacher's tokens ends near it, or below."""
    arm = ArmConfig("born-again", learner=LearnerConfig("distill", start="new", weight=4.0))
    config = replace(tiny_run, arm=arm, budget_tokens=18_000)
    run_arm(config, tmp_path)
    rounds = [json.loads(line) for line in (tmp_path / "rounds.jsonl").read_text().splitlines()]
    losses = [one["heldout"]["answer_nats_per_token"] for one in rounds]
    assert losses[2] > losses[1] + 0.01
    assert losses[-1] < losses[1] + 0.05


def test_what_distillation_cannot_be_is_refused(tiny_run: RunConfig) -> None:
    with pytest.raises(ValueError, match=r"n_teachers = 2 teachers .* leave the student nothing"):
        replace(tiny_run, arm=DISTILL, budget_tokens=12_000)
    with pytest.raises(ValueError, match="start = new: belongs to kind: distill"):
        LearnerConfig(start="new")
    with pytest.raises(ValueError, match="n_teachers and temperature belong to kind: distill"):
        LearnerConfig(n_teachers=2)
    with pytest.raises(ValueError, match="arm e: n_members = 0"):
        ArmConfig("e", n_members=0)


def test_teachers_differ_from_the_first_in_draws_alone(tiny_run: RunConfig) -> None:
    config = replace(tiny_run, arm=DISTILL, budget_tokens=21_000)
    other = teacher_of(config, 1)
    assert (other.real_seed, other.budget_tokens) == (config.seed, config.play.start_tokens)
    assert other.seed != config.seed


def test_an_average_of_copies_has_the_loss_of_one(members: list[GPT], tiny_run: RunConfig) -> None:
    encoder = build_encoder(tiny_run)
    model = build_model(tiny_run.model, len(encoder.tokenizer))
    texts = [encoder.solved(solved.task, solved.answer) for solved in draw_real_data(tiny_run.data, 0).heldout]
    assert nats(averaged([model] * 2), texts) == pytest.approx(nats(model, texts))
