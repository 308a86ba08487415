from random import Random

import pytest

from envs.core import Outcome
from envs.math.arithmetic import Arithmetic
from selfplay.config import JudgeConfig, PlayConfig
from selfplay.play.judges import Verifier
from selfplay.play.keep import as_examples, keep, measure_judge
from selfplay.play.parts import build_judge
from selfplay.records import Attempt, Source
from selfplay.streams import stream

ENV = Arithmetic(operations="+", max_digits=3)


def attempt(prompt: str, answer: str, complete: bool = True) -> Attempt:
    return Attempt(ENV.parse(prompt), answer, complete, 5, 3, -1.0, 0)


@pytest.fixture
def verifier() -> Verifier:
    return Verifier({ENV.name: ENV})


@pytest.fixture
def attempts() -> list[Attempt]:
    """Half right, half wrong."""
    return [attempt(f"{a}+{b}", str(a + b + (a + b) % 2)) for a in range(10, 110) for b in range(10, 60)]


def test_exact_is_the_truth(verifier, attempts):
    judged = build_judge(JudgeConfig("exact"), verifier, 0).judge(attempts, round=0).judged
    assert [item.verdict.outcome for item in judged] == [truth.outcome for truth in verifier.check(attempts)]
    assert {item.verdict.outcome for item in judged} == {Outcome.CORRECT, Outcome.INCORRECT}


def test_text_without_an_end_is_malformed_for_every_judge(verifier):
    for kind in ("exact", "accept-all", "noisy"):
        judged = (
            build_judge(JudgeConfig(kind), verifier, 0).judge([attempt("1+1", "2", complete=False)], round=0).judged
        )
        assert judged[0].verdict.outcome is Outcome.MALFORMED


@pytest.mark.parametrize(("tpr", "fpr"), [(0.9, 0.2), (0.5, 0.5), (1.0, 0.0), (0.0, 1.0)])
def test_noisy_judge_hits_its_rates(verifier, attempts, tpr, fpr):
    judged = build_judge(JudgeConfig("noisy", tpr, fpr), verifier, 0).judge(attempts, round=3).judged
    report = measure_judge(judged, verifier.check(attempts), [])
    assert report.true_accept_rate == pytest.approx(tpr, abs=0.03)
    assert report.false_accept_rate == pytest.approx(fpr, abs=0.03)
    assert report.solve_rate == pytest.approx(0.5, abs=0.01)


def test_noise_differs_between_rounds_and_repeats_within_one(verifier, attempts):
    judge = build_judge(JudgeConfig("noisy", 0.5, 0.5), verifier, 0)
    first, again, later = (judge.judge(attempts, round=number).judged for number in (0, 0, 1))
    assert first == again
    assert first != later


def test_keep_takes_distinct_accepted_answers_under_the_caps(verifier):
    attempts = [attempt("1+1", "2"), attempt("1+1", "2"), attempt("1+1", "3"), attempt("2+2", "4"), attempt("2+2", "5")]
    judged = build_judge(JudgeConfig("accept-all"), verifier, 0).judge(attempts, round=0).judged
    rng = stream(0, "keep")
    assert keep(judged, PlayConfig(max_kept_per_task=1), rng) == [0, 3]
    assert keep(judged, PlayConfig(max_kept_per_task=9), rng) == [0, 2, 3, 4]
    assert len(keep(judged, PlayConfig(max_kept_per_task=9, max_kept=3), rng)) == 3
    examples = as_examples(judged, [0, 3], round=7)
    assert [(e.task.prompt, e.answer, e.source, e.round) for e in examples] == [
        ("1+1", "2", Source.SYNTHETIC, 7),
        ("2+2", "4", Source.SYNTHETIC, 7),
    ]


def test_report_counts_precision_and_malformed(verifier):
    attempts = [attempt("1+1", "2"), attempt("1+1", "3"), attempt("1+2", "x"), attempt("1+3", "4")]
    judged = build_judge(JudgeConfig("accept-all"), verifier, 0).judge(attempts, round=0).judged
    report = measure_judge(judged, verifier.check(attempts), [0, 1, 2, 3])
    assert (report.n_malformed, report.n_undecided, report.n_kept) == (1, 0, 4)
    assert (report.solve_rate, report.kept_precision) == (0.5, 0.5)
    assert (report.true_accept_rate, report.false_accept_rate) == (1.0, 1.0)


def test_no_attempts_have_no_rates(verifier):
    report = measure_judge([], [], [])
    assert report.n_attempts == 0
    assert report.solve_rate != report.solve_rate


def test_answers_checked_ahead_have_the_verdicts_they_would_have_had():
    """Begun in any order, repeats and all, some of them never asked for."""
    env = Arithmetic(operations="+", max_digits=2)
    rng = Random(0)
    made = [env.sample(rng, 2) for _ in range(60)]
    attempts = [
        Attempt(solved.task, answer, complete, 1, 1, 0.0, 0)
        for solved in made
        for answer, complete in ((solved.answer, True), ("0", True), ("+", True), (solved.answer, False))
    ]
    with Verifier({env.name: env}) as plain, Verifier({env.name: env}) as early:
        for attempt in sorted(attempts, key=lambda _: rng.random()):
            if attempt.complete:
                early.ahead(attempt.task, attempt.answer)
        for _ in range(2):  # what is left over from one round does not disturb the next
            found = [(verdict.outcome, verdict.detail) for verdict in early.check(attempts)]
            assert found == [(verdict.outcome, verdict.detail) for verdict in plain.check(attempts)]
            early.ahead(made[0].task, "7")
    assert {outcome for outcome, _ in found} == {Outcome.CORRECT, Outcome.INCORRECT, Outcome.MALFORMED}
