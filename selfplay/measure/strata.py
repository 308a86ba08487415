"""Judgements summed up: by stratum, over all, and what kind of errors they are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selfplay.measure.cases import Judgement, Origin
from selfplay.measure.rates import Confusion, Rate, auroc, percentile, phi, rate

FAULTS = ("timeout", "crash", "memory", "error", "undecided")


@dataclass(frozen=True)
class Stratum:
    """One family and origin.

    Attributes:
        family: Name of the env.
        origin: Origin, with the round where there is one.
        n: Cases.
        confusion: Decided ones.
        n_malformed: Rejected for their form.
        faults: Cases without a verdict by reason, `FAULTS`.
        p50_ms: Median time of a check.
        p99_ms: Its 99th percentile.
    """

    family: str
    origin: str
    n: int
    confusion: Confusion
    n_malformed: int
    faults: dict[str, int]
    p50_ms: float
    p99_ms: float

    @property
    def n_undecided(self) -> int:
        """Cases without a verdict, whatever the reason."""
        return sum(self.faults.values())

    @property
    def undecided(self) -> Rate:
        """Share of cases without a verdict."""
        return rate(self.n_undecided, self.n)

    @property
    def is_sample(self) -> bool:
        """Whether its answers are a model's."""
        return self.origin.startswith(Origin.SAMPLE)

    @property
    def is_hostile(self) -> bool:
        """Whether its answers are hostile texts."""
        return self.origin == Origin.HOSTILE


@dataclass(frozen=True)
class Cluster:
    """Errors that look alike: of one family and origin, and one kind of hostile text or likeness to the gold."""

    family: str
    origin: str
    shape: str
    error: str
    n: int
    share: float


@dataclass(frozen=True)
class Repeats:
    """The same cases judged again in a fresh process with another hash seed.

    Attributes:
        n: Cases with a verdict both times.
        n_flipped: Of these, with another verdict.
        n_lost: Cases with a verdict one time only: faults that come and go, counted apart.
        phi: Correlation of making an error the first and the second time; nan without variation.
        systematic: Of the errors of the first time, those made again: majority votes cannot mend these.
        examples: Flipped judgements, the first few.
    """

    n: int
    n_flipped: int
    n_lost: int
    phi: float
    systematic: Rate
    examples: tuple[Judgement, ...] = ()

    @property
    def flips(self) -> Rate:
        """Share of verdicts that changed."""
        return rate(self.n_flipped, self.n)


@dataclass(frozen=True)
class Ranking:
    """Scores as a ranking of answers.

    Attributes:
        auroc: Over all answers.
        auroc_within_task: Mean over tasks that have right and wrong answers among the samples: is it the answer that
            is told apart, or only how hard the task is?
        n_tasks: Such tasks.
        pass_at_1: Share of the run's last attempts that are right: the same model as a solver. nan without a run.
        fpr: False accept rates of the curve, falling thresholds.
        tpr: True accept rates of the curve.
        precision: Precision along the same thresholds.
    """

    auroc: float
    auroc_within_task: float
    n_tasks: int
    pass_at_1: float
    fpr: tuple[float, ...]
    tpr: tuple[float, ...]
    precision: tuple[float, ...]


def confusion_of(judgements: Iterable[Judgement]) -> Confusion:
    """Decided cases by label and verdict."""
    n = Counter((j.case.right, j.ruling.accepted) for j in judgements)
    return Confusion(n[True, True], n[True, False], n[False, True], n[False, False])


def summarize(judgements: Sequence[Judgement]) -> list[Stratum]:
    """A row per family and origin, in the order they come."""
    groups: dict[tuple[str, str], list[Judgement]] = {}
    for judgement in judgements:
        groups.setdefault(judgement.case.stratum, []).append(judgement)
    return [_stratum(family, origin, group) for (family, origin), group in groups.items()]


def _stratum(family: str, origin: str, group: Sequence[Judgement]) -> Stratum:
    faults = Counter(j.ruling.fault for j in group if j.ruling.accepted is None)
    times = [j.ruling.ms for j in group if j.ruling.fault in ("", "timeout", "undecided")]
    return Stratum(
        family=family,
        origin=origin,
        n=len(group),
        confusion=confusion_of(group),
        n_malformed=sum(j.ruling.malformed for j in group),
        faults={name: faults[name] for name in FAULTS},
        p50_ms=percentile(times, 50),
        p99_ms=percentile(times, 99),
    )


def shape_of(answer: str, gold: str) -> str:
    """How a wrongly judged answer looks beside the gold."""
    if not answer.strip():
        return "blank"
    if not gold:
        return "no gold known"
    if answer == gold:
        return "the gold itself"
    if "".join(answer.split()).casefold() == "".join(gold.split()).casefold():
        return "the gold but for spaces or case"
    if answer.startswith(gold):
        return "begins with the gold"
    if gold in answer:
        return "holds the gold"
    if gold.startswith(answer):
        return "a beginning of the gold"
    try:
        gap = abs(float(answer) - float(gold)) / max(1.0, abs(float(gold)))
    except (ValueError, OverflowError):
        return "another text"
    return "the same number" if gap == 0 else "a close number" if gap < 0.01 else "another number"


def find_clusters(judgements: Sequence[Judgement]) -> list[Cluster]:
    """Errors by family, origin and shape, the largest first; shares are of all errors of that direction."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    totals: Counter[str] = Counter()
    for j in judgements:
        if j.is_error:
            error = "false accept" if j.is_false_accept else "false reject"
            hostile = j.case.origin is Origin.HOSTILE
            shape = j.case.kind if hostile else shape_of(j.case.answer, j.case.gold)
            counts[j.case.family, str(j.case.origin), shape, error] += 1
            totals[error] += 1
    return [Cluster(*key, n, n / totals[key[3]]) for key, n in counts.most_common()]


def compare_repeats(first: Sequence[Judgement], second: Sequence[Judgement], n_shown: int = 10) -> Repeats:
    """What changed between two judgings of the same cases."""
    both = [(a, b) for a, b in zip(first, second, strict=True) if None not in (a.ruling.accepted, b.ruling.accepted)]
    once = [
        a for a, b in zip(first, second, strict=True) if (a.ruling.accepted is None) is not (b.ruling.accepted is None)
    ]
    flipped = [b for a, b in both if a.ruling.accepted is not b.ruling.accepted]
    errors = [(a.is_error, b.is_error) for a, b in both]
    n_errors, n_again = sum(a for a, _ in errors), sum(a and b for a, b in errors)
    return Repeats(
        n=len(both),
        n_flipped=len(flipped),
        n_lost=len(once),
        phi=phi([a for a, _ in errors], [b for _, b in errors]),
        systematic=rate(n_again, n_errors),
        examples=tuple(flipped[:n_shown]),
    )


def rank(judgements: Sequence[Judgement], pass_at_1: float | None) -> Ranking | None:
    """How well scores order answers; None where the verifier gives none."""
    scored = [j for j in judgements if j.ruling.score is not None]
    if not scored:
        return None
    scores, labels = [j.ruling.score or 0.0 for j in scored], [j.case.right for j in scored]
    by_task: dict[str, list[Judgement]] = {}
    for j in scored:
        if j.case.origin is Origin.SAMPLE:
            by_task.setdefault(j.case.task.id, []).append(j)
    within = [
        auroc([j.ruling.score or 0.0 for j in group], [j.case.right for j in group]) for group in by_task.values()
    ]
    mixed = [value for value in within if not math.isnan(value)]
    fpr, tpr, precision = _curve(scores, labels)
    return Ranking(
        auroc=auroc(scores, labels),
        auroc_within_task=sum(mixed) / len(mixed) if mixed else math.nan,
        n_tasks=len(mixed),
        pass_at_1=math.nan if pass_at_1 is None else pass_at_1,
        fpr=fpr,
        tpr=tpr,
        precision=precision,
    )


def _curve(
    scores: Sequence[float], labels: Sequence[bool], n_points: int = 200
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """False and true accept rates and precision at falling thresholds, at most `n_points` of them."""
    order = sorted(zip(scores, labels, strict=True), reverse=True)
    n_right, n_wrong = sum(labels), len(labels) - sum(labels)
    points: list[tuple[float, float, float]] = []
    n_true = 0
    for index, (score, label) in enumerate(order):
        n_true += label
        if index + 1 == len(order) or order[index + 1][0] < score:
            n_false = index + 1 - n_true
            points.append((n_false / max(n_wrong, 1), n_true / max(n_right, 1), n_true / (index + 1)))
    step = max(1, len(points) // n_points)
    kept = [*points[::step], points[-1]]
    return tuple(p[0] for p in kept), tuple(p[1] for p in kept), tuple(p[2] for p in kept)
