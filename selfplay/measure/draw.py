"""The answers an audit asks about, with labels that never come from the verifier on trial.

Golds, rewrites and near misses are right or wrong by construction. Another task's answer is wrong by construction
where both tasks were sampled, differ in `Task.id` and have different golds: the shipped families sample golds that are
equal only if their text is. In a corpus two tasks may have one answer in two spellings, so there the reference decides.
Hostile texts are wrong by construction; one that the reference calls right after all (a prompt that is its own answer)
is left out. The reference also looks over a part of the constructed labels; where it disagrees, the label is in
dispute, reported, and counts for no rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from envs.core import Corpus, Env, Outcome, Solved, Task
from selfplay.config import TaskConfig
from selfplay.data.sources import draw_task
from selfplay.measure.cases import Case, Origin
from selfplay.measure.config import AuditConfig
from selfplay.measure.hostile import FIXED, N_INJECTIONS, dressed, injection
from selfplay.measure.reference import independent
from selfplay.streams import stream

MAX_MISSES = 2_000
"""Draws in a row that bring no new case before a stratum counts as used up."""

N_LOOKED_OVER = 200
"""Constructed labels of a stratum that the reference looks over."""

_N_FIXED = 2  # tasks that texts without a gold, and injections, are tried on

Reference = Callable[[Task, str], bool | None]


@dataclass
class Drawn:
    """Cases, and what was left out.

    Attributes:
        cases: Labelled.
        disputed: Cases whose constructed label the reference contradicts.
        n_unlabelled: Answers that nobody could label, by stratum.
        canaries: Task id and answer of an injection to the file that running it creates.
    """

    cases: list[Case] = field(default_factory=list)
    disputed: list[Case] = field(default_factory=list)
    n_unlabelled: dict[tuple[str, str], int] = field(default_factory=dict)
    canaries: dict[tuple[str, str], Path] = field(default_factory=dict)


def reference_of(config: AuditConfig, envs: Mapping[str, Env], *, env_on_trial: bool) -> tuple[str, Reference]:
    """Who labels what has no label by construction: its name, and the function.

    Raises:
        ValueError: An env would label the answers that its own verifier is tried on.
    """
    if config.reference == "env" and env_on_trial:
        raise ValueError("reference = env: the env's verifier is on trial and cannot label; use auto or independent")
    if config.reference == "independent" or env_on_trial:
        return "independent", independent
    return "env", partial(_by_env, envs)


def _by_env(envs: Mapping[str, Env], task: Task, answer: str) -> bool | None:
    outcome = envs[task.env].verify(task, answer).outcome
    return None if outcome is Outcome.UNDECIDED else outcome is Outcome.CORRECT


def draw_cases(config: AuditConfig, reference: tuple[str, Reference], canaries: Path) -> Drawn:
    """Every case but the samples of a run.

    Args:
        config: The audit.
        reference: From `reference_of`.
        canaries: An existing folder for the files that injections try to create.
    """
    drawn = Drawn()
    for task in config.tasks:
        for case in _constructed(config, task):
            _admit(drawn, case, reference, needs_label=_unsound(task.env, case))
        if config.hostile:
            _hostile(config, task, reference, canaries, drawn)
    return _looked_over(drawn, reference)


def _unsound(env: Env, case: Case) -> bool:
    return isinstance(env, Corpus) and case.origin is Origin.OTHER


def _constructed(config: AuditConfig, task: TaskConfig) -> Iterator[Case]:
    """Golds, rewrites, near misses and swaps of one env, no answer to a task twice in a stratum."""
    rng = stream(config.seed, "audit", task.env.name)
    wanted = {
        Origin.GOLD: config.n_right,
        Origin.REWRITE: config.n_right,
        Origin.NEAR_MISS: config.n_wrong,
        Origin.OTHER: config.n_wrong,
    }
    seen: set[tuple[str, str, str]] = set()
    misses, previous = 0, draw_task([task], rng)
    while any(wanted.values()) and misses < MAX_MISSES:
        solved = draw_task([task], rng)
        misses += 1
        for case in _four(task.env, solved, previous, rng):
            key = (case.origin, case.task.id, case.answer)
            if wanted[case.origin] and key not in seen:
                seen.add(key)
                wanted[case.origin] -= 1
                misses = 0
                yield case
        previous = solved


def _four(env: Env, solved: Solved, previous: Solved, rng: Random) -> Iterator[Case]:
    task, gold = solved.task, solved.answer
    yield Case(task, gold, gold, True, Origin.GOLD)
    rewrite = env.equivalent(solved, rng)
    if rewrite != gold:
        yield Case(task, gold, rewrite, True, Origin.REWRITE)
    yield Case(task, gold, env.near_miss(solved, rng), False, Origin.NEAR_MISS)
    if previous.task.id != task.id and previous.answer != gold:
        yield Case(task, gold, previous.answer, False, Origin.OTHER)


def _admit(drawn: Drawn, case: Case, reference: tuple[str, Reference], *, needs_label: bool) -> bool:
    """Add a case, labelled by the reference where construction does not suffice."""
    if needs_label:
        name, label = reference
        right = label(case.task, case.answer)
        if right is None:
            drawn.n_unlabelled[case.stratum] = drawn.n_unlabelled.get(case.stratum, 0) + 1
            return False
        case = replace(case, right=right, labelled_by=name)
    drawn.cases.append(case)
    return True


def _hostile(
    config: AuditConfig, task: TaskConfig, reference: tuple[str, Reference], canaries: Path, drawn: Drawn
) -> None:
    rng = stream(config.seed, "hostile", task.env.name)
    seen: set[tuple[str, str]] = set()
    for index in range(config.n_hostile):
        solved = draw_task([task], rng)
        wrong = task.env.near_miss(solved, rng)
        texts = list(dressed(solved.answer, wrong, solved.task.prompt))
        if index < _N_FIXED:
            texts += [(kind, text) for kind, group in FIXED.items() for text in group]
        for kind, text in texts:
            key = (solved.task.id, text)
            if text != solved.answer and key not in seen and reference[1](solved.task, text) is not True:
                seen.add(key)
                drawn.cases.append(Case(solved.task, solved.answer, text, False, Origin.HOSTILE, kind=kind))
        if index < _N_FIXED:
            for number in range(N_INJECTIONS):
                path = canaries / f"c{len(drawn.canaries)}"
                text = injection(number, solved.answer, path)
                drawn.canaries[solved.task.id, text] = path
                drawn.cases.append(Case(solved.task, solved.answer, text, False, Origin.HOSTILE, kind="code"))


def _looked_over(drawn: Drawn, reference: tuple[str, Reference]) -> Drawn:
    """Move constructed cases that the reference contradicts to the disputed ones."""
    n_seen: dict[tuple[str, str], int] = {}
    kept: list[Case] = []
    for case in drawn.cases:
        n_seen[case.stratum] = n_seen.get(case.stratum, 0) + 1
        checked = case.labelled_by == "construction" and case.origin is not Origin.HOSTILE
        seen = reference[1](case.task, case.answer) if checked and n_seen[case.stratum] <= N_LOOKED_OVER else None
        (kept if seen in (None, case.right) else drawn.disputed).append(case)
    drawn.cases = kept
    return drawn
