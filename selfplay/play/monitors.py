"""What a round's proposals and rewards look like from outside, and when that is an alarm.

An alarm is a line: printed, kept in the round's report, shown in TensorBoard. It stops the run where `play.alarms` says
so. Bounds are wide: they are for a loop that has come apart, not for one that learns badly.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from envs.core import Outcome, Solved, Task, Verdict
from selfplay.config import ArmConfig
from selfplay.play.worth import kind_of
from selfplay.records import Judged, ProposalReport, Proposals

MIN_VALIDITY = 0.02
MIN_NOVELTY = 0.02
MIN_DISTINCT = 0.01
MAX_DISTANCE = 0.95
MAX_REWARD_GAP = 0.5
MIN_ENTROPY = 0.1
SPREAD = 0.5
"""Entropy in nats above which real tasks are of several levels: of 2% and 98% one may well be missing."""
MIN_SIGNAL = 0.005
MIN_CASES = 50
"""Texts or attempts below which no share of them is an alarm."""


def measure_proposals(
    proposals: Proposals,
    judged: Sequence[Judged],
    truths: Sequence[Verdict],
    *,
    known: frozenset[str],
    real: Mapping[str, float],
    probe_gap: float = math.nan,
) -> ProposalReport:
    """The proposals of a round in numbers.

    Args:
        proposals: Of the round.
        judged: Its attempts.
        truths: The exact verdicts on them.
        known: Ids of the tasks that earlier rounds kept.
        real: `ENV:LEVEL` to its share of the real pool.
        probe_gap: See `ProposalReport`.
    """
    if not proposals.n_raw:
        return ProposalReport()
    levels = shares(proposals.tasks)
    n_valid = proposals.n_raw - proposals.n_malformed
    answers = [(item.attempt.task.env, item.attempt.answer) for item in judged if item.attempt.complete]
    accepted = [item.verdict.outcome is Outcome.CORRECT for item in judged]
    right = [truth.outcome is Outcome.CORRECT for truth in truths]
    verdicts: dict[str, set[bool]] = {}
    for item, accept in zip(judged, accepted, strict=True):
        verdicts.setdefault(item.attempt.task.id, set()).add(accept)
    return ProposalReport(
        validity=n_valid / proposals.n_raw,
        novelty=_mean([task.id not in known for task in proposals.tasks]),
        entropy=entropy(levels),
        distance=_distance(levels, real) if levels else math.nan,
        distinct_answers=len(set(answers)) / len(answers) if answers else math.nan,
        signal=_mean([len(seen) == 2 for seen in verdicts.values()]),
        reward_gap=_mean(accepted) - _mean(right),
        levels=levels,
        probe_gap=probe_gap,
        real_levels=dict(real),
    )


def alarms(report: ProposalReport, *, n_written: int, n_attempts: int, arm: ArmConfig) -> tuple[str, ...]:
    """A line for each number that is out of bounds.

    Args:
        report: The numbers.
        n_written: Texts behind those of proposals.
        n_attempts: Attempts behind the others.
        arm: A judge that accepts all has no reward to be gamed; a learner of kept answers needs no contrast.
    """
    return tuple(_alarms(report, n_written, n_attempts, arm))


def _alarms(report: ProposalReport, n_written: int, n_attempts: int, arm: ArmConfig) -> Iterator[str]:
    real_entropy = entropy(report.real_levels)
    checks = any(judge.kind != "accept-all" for judge in arm.judges)
    contrasts = arm.learner.kind in ("policy", "preference") and arm.learner.advantage != "role"
    if n_written >= MIN_CASES and report.validity < MIN_VALIDITY:
        yield f"proposal validity {report.validity:.3f} is below {MIN_VALIDITY}: hardly any text is a task"
    if n_written >= MIN_CASES and report.novelty < MIN_NOVELTY:
        yield f"proposal novelty {report.novelty:.3f} is below {MIN_NOVELTY}: tasks of earlier rounds come again"
    if n_written >= MIN_CASES and report.distance > MAX_DISTANCE:
        yield f"distance to real tasks {report.distance:.3f} is above {MAX_DISTANCE}: other levels than the real ones"
    if n_written >= MIN_CASES and real_entropy > SPREAD and report.entropy < MIN_ENTROPY * real_entropy:
        least = MIN_ENTROPY * real_entropy
        yield f"proposal entropy {report.entropy:.3f} is below {least:.3f}, {MIN_ENTROPY} of the real: few levels left"
    if contrasts and n_attempts >= MIN_CASES and report.signal < MIN_SIGNAL:
        yield f"training signal {report.signal:.3f} is below {MIN_SIGNAL}: attempts at a task all earn the same"
    if n_attempts >= MIN_CASES and report.distinct_answers < MIN_DISTINCT:
        yield f"distinct answers {report.distinct_answers:.3f} are below {MIN_DISTINCT}: the solver has collapsed"
    if report.probe_gap > MAX_REWARD_GAP:
        yield f"probe gap {report.probe_gap:.3f} is above {MAX_REWARD_GAP}: the judge accepts wrong answers"
    if checks and n_attempts >= MIN_CASES and report.reward_gap > MAX_REWARD_GAP:
        yield f"reward gap {report.reward_gap:.3f} is above {MAX_REWARD_GAP}: the judge accepts far more than is right"


def entropy(levels: Mapping[str, float]) -> float:
    """Of shares, in nats; nan without any."""
    return sum(share * -math.log(share) for share in levels.values()) if levels else math.nan


def shares(tasks: Sequence[Task]) -> dict[str, float]:
    """`ENV:LEVEL` to its share of the tasks, by name."""
    counts = Counter(map(kind_of, tasks))
    return {kind: counts[kind] / len(tasks) for kind in sorted(counts)}


def real_shares(pool: Sequence[Solved]) -> dict[str, float]:
    """The same of a real pool."""
    return shares([solved.task for solved in pool])


def _distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Total variation."""
    return 0.5 * sum(abs(one.get(kind, 0.0) - other.get(kind, 0.0)) for kind in one.keys() | other.keys())


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else math.nan
