"""Which judged attempts become examples, and how good the choice was."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

from envs.core import Outcome, Verdict
from selfplay.config import PlayConfig
from selfplay.records import Example, Judged, JudgeReport, Source


def keep(judged: Sequence[Judged], config: PlayConfig, rng: Random) -> list[int]:
    """Indices of the attempts to keep: accepted, distinct, under the caps, in order.

    The cap of a round is the same for every arm, so that an arm that accepts more does not also get the larger
    store; which accepted attempts fall to it is drawn from `rng`.
    """
    seen: set[tuple[str, str]] = set()
    n_of_task: Counter[str] = Counter()
    accepted = []
    for index, item in enumerate(judged):
        task_id, answer = item.attempt.task.id, item.attempt.answer
        if item.verdict.outcome is not Outcome.CORRECT or (task_id, answer) in seen:
            continue
        if n_of_task[task_id] < config.max_kept_per_task:
            seen.add((task_id, answer))
            n_of_task[task_id] += 1
            accepted.append(index)
    return sorted(rng.sample(accepted, min(config.max_kept, len(accepted))))


def as_examples(judged: Sequence[Judged], kept: Sequence[int], round: int) -> list[Example]:
    """The kept attempts as examples to learn from."""
    chosen = (judged[index].attempt for index in kept)
    return [Example(attempt.task, attempt.answer, Source.SYNTHETIC, round) for attempt in chosen]


def measure_judge(judged: Sequence[Judged], truths: Sequence[Verdict], kept: Sequence[int]) -> JudgeReport:
    """The judge against the truth; what the truth left undecided is counted apart."""
    right = [truth.outcome is Outcome.CORRECT for truth in truths]
    decided = [truth.outcome is not Outcome.UNDECIDED for truth in truths]
    accepted = [item.verdict.outcome is Outcome.CORRECT for item in judged]
    n_right = sum(right)
    n_wrong = sum(decided) - n_right
    true_accepts = sum(a and r for a, r in zip(accepted, right, strict=True))
    false_accepts = sum(a and d and not r for a, r, d in zip(accepted, right, decided, strict=True))
    return JudgeReport(
        n_attempts=len(judged),
        n_malformed=sum(truth.outcome is Outcome.MALFORMED for truth in truths),
        n_undecided=len(judged) - sum(decided),
        solve_rate=_rate(n_right, n_right + n_wrong),
        true_accept_rate=_rate(true_accepts, n_right),
        false_accept_rate=_rate(false_accepts, n_wrong),
        n_kept=len(kept),
        kept_precision=_rate(sum(right[i] for i in kept), sum(decided[i] for i in kept)),
    )


def _rate(count: int, of: int) -> float:
    return count / of if of else math.nan
