"""Worked steps: written before the answer, learnt with it, and never verified."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import torch

from envs.core import Outcome
from envs.math.arithmetic import Arithmetic
from envs.math.linear import Linear
from selfplay.config import ArmConfig, DataConfig, JudgeConfig, LearnerConfig, RunConfig, TaskConfig
from selfplay.data.encoding import Encoder
from selfplay.data.sources import draw_real_data
from selfplay.model.sampler import Completion
from selfplay.model.tokenizer import END, SOLVE, Tokenizer
from selfplay.play.proposer import Admission
from selfplay.play.run import build_encoder, run_arm
from selfplay.play.solver import PosedSolver
from selfplay.play.state import RunState
from selfplay.records import Example, Source

ENV = Linear(max_digits=1, solutions="integer")
encoder = Encoder(Tokenizer.of([ENV]), 32, works=True)
encode = encoder.tokenizer.encode


def test_work_comes_between_task_and_answer_and_counts_as_answer() -> None:
    text = encoder.solved(ENV.parse("3x+5=20"), "5", work="3x=15")
    role = encoder.tokenizer.task_token(ENV.name)
    assert text.tokens == (role, *encode("3x+5=20"), SOLVE, *encode("3x=15"), SOLVE, *encode("5"), END)
    assert text.n_task_tokens == 8
    plain = Encoder(Tokenizer.of([ENV]), 32)
    assert SOLVE not in plain.solved(ENV.parse("3x+5=20"), "5", work="3x=15").tokens[9:]
    assert len(plain.tokenizer) == len(encoder.tokenizer), "token ids are the same with and without work"


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        ((*encode("3x=15"), SOLVE, *encode("5"), END), ("3x=15", "5", True)),
        ((SOLVE, *encode("5"), END), ("", "5", True)),
        ((*encode("5"), END), ("5", "", False)),  # no answer after the work
        ((*encode("1"), SOLVE, *encode("2"), SOLVE, *encode("3"), END), ("1", "2<solve>3", False)),
        ((*encode("1"), SOLVE, *encode("2")), ("1", "2", False)),  # no end
    ],
)
def test_a_response_is_work_and_answer(tokens: tuple[int, ...], wanted: tuple[str, str, bool]) -> None:
    assert encoder.response(Completion(tokens, 0.0, tokens[-1] == END)) == wanted


def test_what_fits_counts_the_work() -> None:
    task = ENV.parse("3x+5=20")
    tight = Encoder(encoder.tokenizer, 1 + 7 + 1 + 5 + 1 + 1, works=True)
    assert tight.fits(task, "5", "3x=15")
    assert not tight.fits(task, "5", "3x=150")
    tight.solved(task, "5", work="3x=15")
    with pytest.raises(ValueError, match=r"raise it"):
        tight.solved(task, "5", work="3x=150")


def test_the_work_of_envs_leads_to_the_answer() -> None:
    rng = Random(0)
    for _ in range(200):
        solved = Linear().sample(rng, 2)
        if solved.work:
            side, value = solved.work.split("=")
            a = {"": 1, "-": -1}.get(side[:-1]) or int(side[:-1])
            assert Fraction(int(value), a) == Fraction(solved.answer)
            assert ENV.verify(solved.task, solved.answer).outcome is not Outcome.INCORRECT
        added = Arithmetic("+").sample(rng, 3)
        assert sum(map(int, added.work.split("+"))) == int(added.answer)
    assert Arithmetic("+").sample(rng, 1).work == ""
    assert Arithmetic("-").sample(rng, 2).work == ""


@pytest.fixture
def work_run(tiny_run: RunConfig) -> RunConfig:
    data = DataConfig([TaskConfig(ENV)], n_real=100, n_validation=20, n_heldout=30, n_accuracy=10, work=True)
    judge = JudgeConfig("noisy", 0.9, 0.5)
    return replace(
        tiny_run, data=data, model=replace(tiny_run.model, context_length=24),
        arm=ArmConfig("work", proposer="env", judge=judge), budget_tokens=24_000,
        optim=replace(tiny_run.optim, lr=2e-2),
    )  # fmt: skip


@pytest.mark.parametrize("learner", ["likelihood", "policy", "preference"])
def test_work_goes_through_the_whole_round(work_run: RunConfig, tmp_path: Path, learner: str) -> None:
    config = replace(work_run, arm=replace(work_run.arm, learner=LearnerConfig(learner)))  # type: ignore[arg-type]
    result = run_arm(config, tmp_path)
    assert result.D == 24_000
    assert result.D_syn > 0
    rows = [row for path in sorted((tmp_path / "attempts").glob("*")) for row in pq.read_table(path).to_pylist()]
    written = [row for row in rows if row["complete"]]
    assert any(row["work"] for row in written)
    for row in written:  # the separator and the end are tokens too
        assert row["n_new_tokens"] == len(row["work"]) + 1 + len(row["answer"]) + 1
        task = ENV.parse(row["prompt"])
        assert row["truth"] == ENV.verify(task, row["answer"]).outcome, "the work is not verified"


def test_posed_solutions_come_with_the_work_of_their_env() -> None:
    admitted = Admission(encoder, frozenset(), frozenset()).admit([ENV.pose("3x+5@5")], posed=True)
    (attempt,) = PosedSolver(SimpleNamespace(step=7)).attempt(admitted, 1, round=0).attempts  # type: ignore[arg-type]
    assert (attempt.task.prompt, attempt.work, attempt.answer) == ("3x+5=20", "3x=15", "5")


def test_the_store_keeps_work_over_a_resume(work_run: RunConfig, tmp_path: Path) -> None:
    data = draw_real_data(work_run.data, 0)
    state = RunState.fresh(work_run, data, len(build_encoder(work_run).tokenizer), torch.device("cpu"))
    kept = Example(ENV.parse("3x+5=20"), "5", Source.SYNTHETIC, 3, "3x=15")
    state.store.append([kept])
    again = RunState.fresh(work_run, data, len(build_encoder(work_run).tokenizer), torch.device("cpu"))
    again.load_state_dict(state.state_dict(), work_run, data)
    assert again.store.examples == [kept]


def test_the_pool_counts_the_tokens_of_its_work(work_run: RunConfig, tmp_path: Path) -> None:
    run_arm(replace(work_run, arm=ArmConfig("real"), budget_tokens=6_000), tmp_path / "with")
    data = replace(work_run.data, work=False)
    run_arm(replace(work_run, arm=ArmConfig("real"), data=data, budget_tokens=6_000), tmp_path / "without")
    pools = [json.loads((tmp_path / name / "result.json").read_text())["U"] for name in ("with", "without")]
    pool = draw_real_data(data, 0).pool
    assert pools[0] - pools[1] == sum(len(solved.work) + 1 for solved in pool)
