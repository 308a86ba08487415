"""Judges that vote, and a model that checks in writing before it judges."""

from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest
import torch

from envs.core import Outcome, Verdict
from envs.math.arithmetic import Arithmetic
from envs.math.linear import Linear
from selfplay.config import ArmConfig, DataConfig, JudgeConfig, LearnerConfig, RunConfig, TaskConfig
from selfplay.data.encoding import Encoder
from selfplay.data.sources import draw_real_data
from selfplay.model.flops import decode_flops, forward_flops
from selfplay.model.sampler import Completion
from selfplay.model.tokenizer import END, JUDGE, SOLVE, Tokenizer
from selfplay.play import self_judge
from selfplay.play.judges import Verifier
from selfplay.play.jury import VotingJudge
from selfplay.play.keep import measure_judge
from selfplay.play.parts import build_arm_judge
from selfplay.play.reading import real_texts
from selfplay.play.run import build_encoder
from selfplay.play.state import RunState
from selfplay.records import Attempt, Judged, Judgement, JudgeReport, Practice
from selfplay.study.grid import _opening

ENV = Arithmetic(operations="+", max_digits=3)
EXACT, INVERTED, ALL = JudgeConfig(), JudgeConfig("noisy", 0.0, 1.0), JudgeConfig("accept-all")


def attempts() -> list[Attempt]:
    """Half right, half wrong."""
    return [
        Attempt(ENV.parse(f"{a}+{b}"), str(a + b + (a + b) % 2), True, 5, 3, -1.0, 0)
        for a in range(10, 110)
        for b in range(10, 40)
    ]


def metered(run: RunConfig, *judges: JudgeConfig, quorum: float = 0.5) -> JudgeReport:
    arm = ArmConfig("arm", proposer="env", judge=judges[0], jury=list(judges[1:]), quorum=quorum)
    verifier = Verifier({ENV.name: ENV})
    encoder = build_encoder(run)
    data = draw_real_data(run.data, 0)
    state = RunState.fresh(run, data, len(encoder.tokenizer), torch.device("cpu"))
    with verifier:
        judge = build_arm_judge(replace(run, arm=arm), state, encoder, verifier, data.pool)
        made = attempts()
        return measure_judge(judge.judge(made, round=3).judged, verifier.check(made), [])


def test_the_controls_have_the_informedness_they_must_have(tiny_run: RunConfig) -> None:
    assert metered(tiny_run, EXACT).informedness == 1.0
    assert metered(tiny_run, ALL).informedness == 0.0
    assert metered(tiny_run, INVERTED).informedness == -1.0
    assert metered(tiny_run, INVERTED).auroc == 0.0


def test_votes_by_hand(tiny_run: RunConfig) -> None:
    assert metered(tiny_run, EXACT, EXACT, INVERTED).informedness == 1.0
    assert metered(tiny_run, EXACT, INVERTED, INVERTED).informedness == -1.0
    assert metered(tiny_run, EXACT, ALL, quorum=0.5).informedness == 1.0
    assert metered(tiny_run, EXACT, ALL, quorum=0.0).informedness == 0.0


def test_independent_judges_are_better_together(tiny_run: RunConfig) -> None:
    """Three that are right 8 times in 10, each on its own: 0.8^3 + 3 0.8^2 0.2 = 0.896 (Condorcet)."""
    noisy = JudgeConfig("noisy", 0.8, 0.2)
    assert metered(tiny_run, noisy).informedness == pytest.approx(0.6, abs=0.04)
    assert metered(tiny_run, noisy, noisy, noisy).informedness == pytest.approx(2 * 0.896 - 1, abs=0.04)


class Fixed:
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def judge(self, attempts, *, round):
        judged = tuple(Judged(a, Verdict(self.outcome), "fixed") for a in attempts)
        return Judgement(judged, 3, 5, (Practice(attempts[0].task, "1", True),))


def test_who_is_undecided_does_not_vote_and_all_are_charged() -> None:
    one = attempts()[:1]
    yes, no, open_ = (Fixed(o) for o in (Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNDECIDED))
    judgement = VotingJudge([yes, open_, open_], 0.5).judge(one, round=0)  # type: ignore[list-item]
    assert judgement.judged[0].verdict.outcome is Outcome.CORRECT
    assert (judgement.n_tokens, judgement.n_flops, len(judgement.practice)) == (9, 15, 3)
    assert VotingJudge([open_, open_], 0.5).judge(one, round=0).judged[0].verdict.outcome is Outcome.UNDECIDED  # type: ignore[list-item]
    assert VotingJudge([yes, no], 0.5).judge(one, round=0).judged[0].verdict.outcome is Outcome.INCORRECT  # type: ignore[list-item]
    cut = [replace(one[0], complete=False)]
    assert VotingJudge([yes], 0.5).judge(cut, round=0).judged[0].verdict.outcome is Outcome.MALFORMED  # type: ignore[list-item]


LINEAR = Linear(max_digits=1, solutions="integer")


@pytest.fixture
def checked_run(tiny_run: RunConfig) -> RunConfig:
    data = DataConfig([TaskConfig(LINEAR)], n_real=60, n_validation=20, n_heldout=20, n_accuracy=0, work=True)
    arm = ArmConfig("checked", proposer="model", judge=JudgeConfig("model", n_checks=3, n_practice=10))
    return replace(tiny_run, data=data, arm=arm, model=replace(tiny_run.model, context_length=32))


def test_a_check_is_the_work_and_only_check_and_verdict_are_learnt() -> None:
    encoder = Encoder(Tokenizer.of([LINEAR]), 32, works=True)
    encode, task = encoder.tokenizer.encode, LINEAR.parse("3x+5=20")
    read = (*encoder.solve_prompt(task), *encode("6"), JUDGE)
    wrong, right = (encoder.verdict(task, "6", said, "3x=15") for said in (False, True))
    assert wrong.tokens == (*read, *encode("3x=15"), END)
    assert right.tokens == (*read, *encode("3x=15"), SOLVE, END)
    assert wrong.n_task_tokens == wrong.n_context_tokens == len(read) - 1
    assert [encoder.accepts(Completion(text.tokens[len(read) :], 0.0, True)) for text in (wrong, right)] == [
        False,
        True,
    ]
    assert not encoder.accepts(Completion((*encode("3x"), SOLVE), 0.0, False)), "no end"
    assert not encoder.accepts(Completion((SOLVE, SOLVE, END), 0.0, True)), "two verdicts"
    assert not encoder.accepts(Completion((END,), 0.0, True)), "no check is a refusal"


def test_the_model_learns_checks_of_right_and_of_wrong_answers(checked_run: RunConfig) -> None:
    data, encoder = draw_real_data(checked_run.data, 0), build_encoder(checked_run)
    state = RunState.fresh(checked_run, data, len(encoder.tokenizer), torch.device("cpu"))
    texts = list(islice(real_texts(state, encoder, checked_run), 150))
    checks = [text.tokens[text.tokens.index(JUDGE) + 1 :] for text in texts if JUDGE in text.tokens]
    assert 45 <= len(checks) <= 55
    verdicts = Counter(SOLVE in check for check in checks)
    assert min(verdicts.values()) > 10
    works = {solved.work for solved in data.pool}
    assert {encoder.tokenizer.decode(check).split("<")[0] for check in checks} <= works


def test_the_score_is_the_share_of_checks_that_accept(checked_run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    data, encoder = draw_real_data(checked_run.data, 0), build_encoder(checked_run)
    state = RunState.fresh(checked_run, data, len(encoder.tokenizer), torch.device("cpu"))
    yes, no = ((*encoder.tokenizer.encode("x=5"), *end) for end in ((SOLVE, END), (END,)))

    class Scripted:
        def __init__(self, model: object) -> None:
            pass

        def sample(self, prompts, *, key, stop, n_per_prompt):
            assert (len(prompts), n_per_prompt, stop) == (2, 3, END)
            return [Completion(tokens, 0.0, True) for tokens in (yes, no, yes, no, no, yes)]

    monkeypatch.setattr(self_judge, "Sampler", Scripted)
    judge_config = JudgeConfig("model", n_checks=3)
    with Verifier({LINEAR.name: LINEAR}) as verifier:
        judge = self_judge.ModelJudge(state, encoder, verifier, checked_run, judge_config, data.pool)
        task = LINEAR.parse("3x+5=20")
        made = [Attempt(task, answer, True, 9, 2, 0.0, 0) for answer in ("5", "6", "5")]
        judgement = judge.judge(made, round=2)
    assert [item.score for item in judgement.judged] == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    accepted = [item.verdict.outcome is Outcome.CORRECT for item in judgement.judged]
    assert accepted == [True, False, True]
    n_read = len(encoder.verdict_prompt(task, "5"))
    assert judgement.n_tokens == 2 * n_read + 3 * len(yes) + 3 * len(no)
    parts = (checked_run.model, len(encoder.tokenizer))
    written = 3 * decode_flops(*parts, n_read, len(yes)) + 3 * decode_flops(*parts, n_read, len(no))
    assert judgement.n_flops == forward_flops(*parts, [n_read] * 2) + written


def test_juries_that_cannot_be_are_refused(tiny_run: RunConfig) -> None:
    model, checks = JudgeConfig("model"), JudgeConfig("model", n_checks=2)
    with pytest.raises(ValueError, match="must agree on verdict_every"):
        ArmConfig("a", judge=model, jury=[checks])
    with pytest.raises(ValueError, match=r"n_checks writes the work of tasks; set data.work: true"):
        replace(tiny_run, arm=ArmConfig("a", judge=checks))
    with pytest.raises(ValueError, match="belong to kind: model"):
        JudgeConfig(n_checks=1)
    noisy = JudgeConfig("noisy", 0.9, 0.1)
    learner = LearnerConfig("policy", correction="backward")
    with pytest.raises(ValueError, match="knows the rates of one judge"):
        replace(tiny_run, arm=ArmConfig("a", judge=noisy, jury=[EXACT], learner=learner))


def test_an_arm_with_the_model_on_its_jury_learns_verdicts_from_the_start(tiny_run: RunConfig) -> None:
    arm = ArmConfig("a", proposer="model", jury=[JudgeConfig("model")])
    assert _opening(replace(tiny_run, arm=arm)).arm.judge.kind == "model"
