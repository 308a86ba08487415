"""Which judged attempts become examples, and how good the choice was."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from random import Random

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Verdict
from selfplay.config import PlayConfig
from selfplay.play.curriculum import weighted_sample
from selfplay.play.proposer import Admission
from selfplay.records import Example, Judged, JudgeReport, Source


def keep(
    judged: Sequence[Judged], config: PlayConfig, rng: Random, worth: Mapping[str, float] | None = None
) -> list[int]:
    """Indices of the attempts to keep: accepted, distinct, under the caps, in order.

    The cap of a round is the same for every arm, so that an arm that accepts more does not also get the larger
    store; which accepted attempts fall to it is drawn from `rng`.

    Args:
        judged: The round's attempts.
        config: The caps.
        rng: Of the draws.
        worth: Task id to the task's worth: its answers are drawn in proportion, at 0 never. Without it all are alike.
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
    if not worth:
        return sorted(rng.sample(accepted, min(config.max_kept, len(accepted))))
    weights = [worth.get(judged[index].attempt.task.id, 0.0) for index in accepted]
    return [accepted[place] for place in weighted_sample(weights, config.max_kept, rng)]


def as_examples(judged: Sequence[Judged], kept: Sequence[int], round: int) -> list[Example]:
    """The kept attempts as examples to learn from."""
    chosen = (judged[index].attempt for index in kept)
    return [Example(one.task, one.answer, Source.SYNTHETIC, round, one.work) for one in chosen]


def hindsight(judged: Sequence[Judged], envs: Mapping[str, Env], admission: Admission, round: int) -> list[Example]:
    """Refused answers as answers to the tasks they do solve, where the env poses a task from an answer.

    The new task is the env's own, so its answer needs no judge. Tasks of the pool and held-out ones are left out.
    """
    read = []
    for item in judged:
        env = envs[item.attempt.task.env]
        if item.attempt.complete and item.verdict.outcome is Outcome.INCORRECT and isinstance(env, SolutionFirst):
            try:
                read.append(env.relabel(item.attempt.task, item.attempt.answer))
            except MalformedTask:
                continue
    posed = admission.admit(read, posed=True).posed
    return [Example(solved.task, solved.answer, Source.SYNTHETIC, round, solved.work) for solved in posed]


def measure_judge(
    judged: Sequence[Judged], truths: Sequence[Verdict], kept: Sequence[int], *, generate_flops: int = 0,
    judge_flops: int = 0,
) -> JudgeReport:  # fmt: skip
    """The judge against the truth; what the truth left undecided is counted apart."""
    right = [truth.outcome is Outcome.CORRECT for truth in truths]
    decided = [truth.outcome is not Outcome.UNDECIDED for truth in truths]
    accepted = [item.verdict.outcome is Outcome.CORRECT for item in judged]
    n_right = sum(right)
    n_wrong = sum(decided) - n_right
    true_accepts = sum(a and r for a, r in zip(accepted, right, strict=True))
    false_accepts = sum(a and d and not r for a, r, d in zip(accepted, right, decided, strict=True))
    g = _rate(n_right, n_right + n_wrong)
    tpr, fpr = _rate(true_accepts, n_right), _rate(false_accepts, n_wrong)
    precision = _rate(sum(right[i] for i in kept), sum(decided[i] for i in kept))
    # Judges are not asked about what has no form: only so a judge that accepts all has J = 0, an inverted one -1.
    formed = [d and truth.outcome is not Outcome.MALFORMED for d, truth in zip(decided, truths, strict=True)]
    formed_false = sum(a and f and not r for a, r, f in zip(accepted, right, formed, strict=True))
    scores = [float(a) if math.isnan(item.score) else item.score for item, a in zip(judged, accepted, strict=True)]
    scored = [
        (item.attempt.task.id, score, r)
        for item, score, r, f in zip(judged, scores, right, formed, strict=True)
        if f
    ]  # fmt: skip
    return JudgeReport(
        n_attempts=len(judged),
        n_malformed=sum(truth.outcome is Outcome.MALFORMED for truth in truths),
        n_undecided=len(judged) - sum(decided),
        solve_rate=g,
        true_accept_rate=tpr,
        false_accept_rate=fpr,
        n_kept=len(kept),
        kept_precision=precision,
        informedness=tpr - _rate(formed_false, sum(formed) - n_right),
        auroc=auroc([(score, r) for _, score, r in scored]),
        auroc_within=_within(scored),
        gap=precision - g,
        relative_gap=(precision - g) / (1.0 - g) if g < 1.0 else math.nan,
        generate_flops=generate_flops,
        judge_flops=judge_flops,
    )


def auroc(scored: Sequence[tuple[float, bool]]) -> float:
    """The chance that a right answer is scored above a wrong one, ties counting half; nan without both kinds.

    Args:
        scored: Score and whether the answer is right.
    """
    ordered = sorted(scored)
    n_right = sum(is_right for _, is_right in ordered)
    n_wrong = len(ordered) - n_right
    if not n_right or not n_wrong:
        return math.nan
    below = wins = 0.0
    for _, tied in groupby(ordered, key=lambda pair: pair[0]):
        kinds = [is_right for _, is_right in tied]
        wins += sum(kinds) * (below + 0.5 * (len(kinds) - sum(kinds)))
        below += len(kinds) - sum(kinds)
    return wins / (n_right * n_wrong)


def _within(scored: Sequence[tuple[str, float, bool]]) -> float:
    """AUROC among the attempts at one task, averaged over the pairs of all tasks that have both kinds."""
    by_task: dict[str, list[tuple[float, bool]]] = {}
    for task_id, score, is_right in scored:
        by_task.setdefault(task_id, []).append((score, is_right))
    wins = n_pairs = 0.0
    for pairs in by_task.values():
        n_right = sum(is_right for _, is_right in pairs)
        if here := n_right * (len(pairs) - n_right):
            wins += here * auroc(pairs)
            n_pairs += here
    return wins / n_pairs if n_pairs else math.nan


def _rate(count: int, of: int) -> float:
    return count / of if of else math.nan
