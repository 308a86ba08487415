"""A judge with a set accuracy: the truth, spoilt at stated rates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from envs.core import Outcome, Verdict
from selfplay.config import JudgeConfig
from selfplay.play.judges import Judge, Verifier
from selfplay.records import Attempt, Judged, Judgement
from selfplay.streams import stream


class NoisyJudge(Judge):
    """Accepts a share of the right answers and a share of the wrong ones; which, `noise` says.

    The rates hold for independent errors in expectation, for the others over a round's attempts as nearly as whole
    attempts allow. Errors that depend on the answer repeat when it comes again, so no second look removes them.
    """

    def __init__(self, verifier: Verifier, config: JudgeConfig, seed: int) -> None:
        self._verifier, self._config, self._seed = verifier, config, seed
        self._rates = {Outcome.CORRECT: config.true_accept_rate, Outcome.INCORRECT: config.false_accept_rate}

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:
        """See `Judge.judge`; malformed and undecided answers keep their true verdict."""
        truths = self._verifier.check(attempts)
        accepted = self._accepted(attempts, truths, round)
        judged = []
        for index, (attempt, truth) in enumerate(zip(attempts, truths, strict=True)):
            verdict = truth
            if truth.outcome in self._rates:
                outcome = Outcome.CORRECT if index in accepted else Outcome.INCORRECT
                verdict = replace(truth, outcome=outcome, tier="noisy")
            judged.append(Judged(attempt, verdict, "noisy"))
        return Judgement(tuple(judged))

    def _accepted(self, attempts: Sequence[Attempt], truths: Sequence[Verdict], round: int) -> set[int]:
        """Indices of the attempts that are accepted, rightly or not."""
        if self._config.noise in ("independent", "answer"):
            rng = stream(self._seed, "judge", round)
            chosen = set()
            for index, (attempt, truth) in enumerate(zip(attempts, truths, strict=True)):
                draw = rng.random()
                if self._config.noise == "answer":
                    draw = stream(self._seed, "judge", attempt.task.id, attempt.answer).random()
                if truth.outcome in self._rates and draw < self._rates[truth.outcome]:
                    chosen.add(index)
            return chosen
        return self._placed(attempts, truths, round, Outcome.CORRECT) | self._placed(
            attempts, truths, round, Outcome.INCORRECT
        )

    def _placed(self, attempts: Sequence[Attempt], truths: Sequence[Verdict], round: int, kind: Outcome) -> set[int]:
        """Of the attempts of one kind, as many as the rate says, those where errors belong accepted or refused."""
        rng = stream(self._seed, "judge", round, kind.value)
        members = [index for index, truth in enumerate(truths) if truth.outcome is kind]
        rng.shuffle(members)
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for index in members:
            counts[attempts[index].task.id][attempts[index].answer] += 1

        def error_first(index: int) -> float:
            attempt = attempts[index]
            if self._config.noise == "level":
                return -attempt.task.level
            # `popular` is about wrong answers; right ones are refused anywhere
            return -counts[attempt.task.id][attempt.answer] if kind is Outcome.INCORRECT else 0.0

        members.sort(key=error_first)
        rate = self._rates[kind]
        if kind is Outcome.INCORRECT:
            return set(members[: round_half_up(rate * len(members))])
        n_errors = round_half_up((1.0 - rate) * len(members))
        return set(members[n_errors:])


def round_half_up(value: float) -> int:
    """The nearest whole number; halves go up, so that rates of 0.5 do not alternate."""
    return int(value + 0.5)
