"""Metamorphic relations: pairs of questions whose verdicts must agree, whatever the verdicts are. No labels are needed.

    reflexive      a gold is accepted as an answer to its own task
    rewriting      an answer in another spelling of the same value gets the verdict of the answer, right or wrong
    respelled task the task read again from its own prompt gets the same verdicts
    symmetric      gold and answer change places; for verifiers that read a gold, as the three below
    both sides     the same +c or *c on gold and answer
    transitive     a = b and b = c, so a = c
    repeated       the same question twice in one process

A relation that one side of has no verdict, or is refused for its form, does not count as broken: it was not tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Literal

from envs.core import Env, MalformedTask, Solved
from selfplay.data.sources import draw_task
from selfplay.measure.cases import Ruling
from selfplay.measure.config import AuditConfig
from selfplay.measure.loading import Question
from selfplay.measure.subject import Subject
from selfplay.streams import stream

MAX_SHOWN = 5

Rule = Literal["accepted", "same", "readable", "chain"]


@dataclass(frozen=True)
class Relation:
    """One relation on one family.

    Attributes:
        name: From the module's list.
        family: Name of the env.
        n: Times it was tried.
        n_broken: Of these.
        n_skipped: Pairs without two verdicts.
        examples: A few broken ones, for a reader.
    """

    name: str
    family: str
    n: int
    n_broken: int
    n_skipped: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Trial:
    """Questions whose rulings must satisfy a rule."""

    name: str
    family: str
    questions: tuple[Question, ...]
    rule: Rule = "same"


@dataclass
class _Count:
    n: int = 0
    n_broken: int = 0
    n_skipped: int = 0
    examples: list[str] = field(default_factory=list)


def check_relations(config: AuditConfig, subject: Subject) -> list[Relation]:
    """Every relation that the subject can be asked about, on every family."""
    trials: list[_Trial] = []
    for task in config.tasks:
        rng = stream(config.seed, "relations", task.env.name)
        for _ in range(config.n_relation):
            trials += _trials(task.env, draw_task([task], rng), rng, takes_gold=subject.takes_gold)
    questions = [question for trial in trials for question in trial.questions]
    rulings = iter(subject.rule(questions))
    counts: dict[tuple[str, str], _Count] = {}
    for trial in trials:
        seen = [next(rulings) for _ in trial.questions]
        _count(counts.setdefault((trial.name, trial.family), _Count()), trial, seen)
    return [
        Relation(name, family, c.n, c.n_broken, c.n_skipped, tuple(c.examples)) for (name, family), c in counts.items()
    ]


def _count(count: _Count, trial: _Trial, rulings: Sequence[Ruling]) -> None:
    tried = [ruling.accepted for ruling in rulings]
    refused = any(ruling.malformed for ruling in rulings) and trial.name not in ("reflexive", "rewriting", "repeated")
    match trial.rule:
        case "accepted":
            skipped, broken = None in tried, tried[0] is False
        case "same":
            skipped, broken = None in tried, tried[0] is not tried[1]
        case "readable":
            skipped, broken = None in tried or not (tried[0] and tried[1]), tried[2] is not tried[3]
        case "chain":
            skipped, broken = None in tried or not (tried[0] and tried[1]), not tried[-1]
    if skipped or refused:
        count.n_skipped += 1
        return
    count.n += 1
    count.n_broken += broken
    if broken and len(count.examples) < MAX_SHOWN:
        words = {True: "accepted", False: "rejected", None: "no verdict"}
        count.examples.append(
            "; ".join(
                f"{task.prompt!r}, gold {gold!r}, answer {answer!r}: {words[ruling.accepted]}"
                for (task, gold, answer), ruling in zip(trial.questions, rulings, strict=True)
            )
        )


def _trials(env: Env, solved: Solved, rng: Random, *, takes_gold: bool) -> Iterator[_Trial]:
    task, gold = solved.task, solved.answer
    wrong = env.near_miss(solved, rng)
    other = env.equivalent(solved, rng)

    def trial(name: str, *questions: Question, rule: Rule = "same") -> _Trial:
        return _Trial(name, env.name, questions, rule)

    yield trial("reflexive", (task, gold, gold), rule="accepted")
    for answer in (other, wrong):
        yield trial("repeated", (task, gold, answer), (task, gold, answer))
        respelled = _respelled(env, solved, answer, rng)
        if respelled is not None:
            yield trial("rewriting", (task, gold, answer), (task, gold, respelled))
    again = _read_again(env, solved)
    if again is not None:
        yield trial("respelled task", (task, gold, other), (again.task, gold, other))
        yield trial("respelled task", (task, gold, wrong), (again.task, gold, wrong))
    if not takes_gold:
        return
    for answer in (other, wrong):
        yield trial("symmetric", (task, gold, answer), (task, answer, gold))
        c = rng.randint(2, 99)
        for form in ("({0})+{1}", "({0})*{1}", "{1}-({0})"):
            left, right = form.format(gold, c), form.format(answer, c)
            # only a verifier that reads such texts at all can contradict itself on them
            readable = ((task, left, left), (task, right, right))
            yield trial("both sides", *readable, (task, gold, answer), (task, left, right), rule="readable")
    third = _respelled(env, solved, other, rng) or gold
    yield trial("transitive", (task, gold, other), (task, other, third), (task, gold, third), rule="chain")
    # a tolerance lets every step of a ladder pass, and not the whole of it
    steps = [f"({gold})*(1+{8 * k}*10**(-7))" for k in range(3)]
    ladder = [(task, a, b) for a, b in pairwise(steps)]
    yield trial("transitive", *ladder, (task, steps[0], steps[2]), rule="chain")


def _respelled(env: Env, solved: Solved, answer: str, rng: Random) -> str | None:
    """The answer in another spelling; None where it has no other, or the env cannot read it."""
    try:
        text = env.equivalent(Solved(solved.task, answer), rng)
    except (ValueError, IndexError, KeyError):
        return None  # near misses are in the style of answers, but nothing promises that an env reads them
    return text if text != answer else None


def _read_again(env: Env, solved: Solved) -> Solved | None:
    try:
        return Solved(env.parse(solved.task.prompt), solved.answer)
    except MalformedTask:
        return None


def total_broken(relations: Sequence[Relation]) -> Mapping[str, int]:
    """Contradictions by relation."""
    counts: dict[str, int] = {}
    for relation in relations:
        counts[relation.name] = counts.get(relation.name, 0) + relation.n_broken
    return counts
