"""Several judges that vote."""

from __future__ import annotations

from collections.abc import Sequence

from envs.core import Outcome, Verdict
from selfplay.play.judges import NO_END, Judge
from selfplay.records import Attempt, Judged, Judgement


class VotingJudge(Judge):
    """Accepts what more than the quorum of its judges accept; those that come to no verdict do not vote."""

    def __init__(self, judges: Sequence[Judge], quorum: float) -> None:
        self._judges, self._quorum = judges, quorum

    def judge(self, attempts: Sequence[Attempt], *, round: int) -> Judgement:
        """See `Judge.judge`; the score is the share of the votes. All judges are charged."""
        each = [judge.judge(attempts, round=round) for judge in self._judges]
        ballots = zip(*(judgement.judged for judgement in each), strict=True)
        return Judgement(
            judged=tuple(self._counted(ballot) for ballot in ballots),
            n_tokens=sum(judgement.n_tokens for judgement in each),
            n_flops=sum(judgement.n_flops for judgement in each),
            practice=tuple(item for judgement in each for item in judgement.practice),
        )

    def _counted(self, ballot: Sequence[Judged]) -> Judged:
        attempt = ballot[0].attempt
        if not attempt.complete:
            return Judged(attempt, NO_END, "vote", 0.0)
        votes = [item.verdict.outcome for item in ballot if item.verdict.outcome is not Outcome.UNDECIDED]
        if not votes:
            return Judged(attempt, Verdict(Outcome.UNDECIDED, "no judge came to a verdict", "votes"), "vote")
        share = votes.count(Outcome.CORRECT) / len(votes)
        outcome = Outcome.CORRECT if share > self._quorum else Outcome.INCORRECT
        detail = f"{votes.count(Outcome.CORRECT)} of {len(votes)} judges"
        return Judged(attempt, Verdict(outcome, detail, "votes"), "vote", share)
