"""The envs that can be named in a configuration, and the data part of either kind of configuration."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import yaml

import envs
from envs.core import Corpus, Env, Executed, SolutionFirst, Solved
from selfplay.config import DataConfig, RunConfig, StudyConfig
from selfplay.configfile import load_config
from selfplay.streams import stream

SAMPLE_S = 0.02
"""Seconds that `selfplay tasks list` measures a rate for."""

_MOST_RUN = 200

T = TypeVar("T")


def env_classes() -> Iterator[type[Env]]:
    """Every env of the package, found by walking it: there is no list to add to."""
    for module in pkgutil.walk_packages(envs.__path__, "envs."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, Env) and found.__module__ == module.name and not inspect.isabstract(found):
                yield found


def list_envs(sample_s: float = SAMPLE_S) -> list[str]:
    """A table of the envs, a line each below a header, with the rates of this machine.

    A class that cannot be built without arguments, such as a corpus, shows `-` for what depends on them.

    Args:
        sample_s: Seconds to measure each rate for.
    """
    rows: list[tuple[str, ...]] = [
        ("CLASS", "CAN", "LEVELS", "TASKS", "TIERS", "DRAWN/S", "READ/S", "CHECKED/S", "COST")
    ]
    rows += [_row(found, sample_s) for found in env_classes()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _row(found: type[Env], sample_s: float) -> tuple[str, ...]:
    abilities = [
        name for kind, name in ((SolutionFirst, "solution-first"), (Corpus, "corpus")) if issubclass(found, kind)
    ]
    path, can = f"{found.__module__}.{found.__qualname__}", ", ".join(abilities) or "-"
    if any(parameter.default is parameter.empty for parameter in inspect.signature(found).parameters.values()):
        return path, can, "-", "-", "-", "-", "-", "-", found.asymmetry
    env = found()
    levels = f"{env.levels.start}-{env.levels.stop - 1}"
    n_tasks = sum(map(env.capacity, env.levels))
    per_s = rates(env, sample_s)
    return path, can, levels, _short(n_tasks), ", ".join(env.tiers), *map(_short, per_s), env.asymmetry


class Rates(NamedTuple):
    """What one core does a second with an env's tasks, over all levels in turn.

    Attributes:
        drawn: Tasks sampled.
        read: Prompts parsed, with the task's id; none of them parsed before.
        checked: Reference answers verified. Programs run many at once, as in a round of self-play, and each once.
    """

    drawn: int
    read: int
    checked: int


def rates(env: Env, sample_s: float, *, seed: int = 0) -> Rates:
    """Measure each rate for `sample_s` seconds, or until the tasks drawn have been read once.

    A second measurement in one process needs another seed: programs already run are answered from memory.
    """
    rng, levels = stream(seed, "rates", env.name), itertools.cycle(env.levels)
    drawn: list[Solved] = []
    drawn_per_s = _per_s(levels, lambda level: drawn.append(env.sample(rng, level)), sample_s)
    first = env.sample(rng, env.levels[0])
    env.verify(first.task, first.answer)  # what is built once, a table or a process, is not a rate
    if isinstance(env, Executed):
        some = drawn[: 2 * _MOST_RUN]
        reading, checking = some[: len(some) // 2], some[len(some) // 2 :] or some
        return Rates(drawn_per_s, _run_per_s(env, reading, ""), _run_per_s(env, checking, None))
    read_per_s = _per_s(drawn, lambda solved: env.parse(solved.task.prompt).id, sample_s)
    return Rates(
        drawn_per_s, read_per_s, _per_s(itertools.cycle(drawn), lambda x: env.verify(x.task, x.answer), sample_s)
    )


def _per_s(items: Iterable[T], function: Callable[[T], object], sample_s: float) -> int:
    """Calls a second, of one call at least."""
    n_done, start = 0, time.perf_counter()
    for item in items:
        function(item)
        n_done += 1
        if time.perf_counter() - start >= sample_s:
            break
    return round(n_done / (time.perf_counter() - start))


def _run_per_s(env: Env, drawn: Sequence[Solved], answer: str | None) -> int:
    """Programs run together, then read (with an empty answer) or verified, once each."""
    assert isinstance(env, Executed)
    start = time.perf_counter()
    env.run_ahead([(x.task.prompt, x.answer if answer is None else answer) for x in drawn])
    for x in drawn:
        _ = env.verify(x.task, x.answer) if answer is None else env.parse(x.task.prompt).id
    return round(len(drawn) / (time.perf_counter() - start))


def _short(count: int) -> str:
    """Three digits with a unit: 45, 1.28M, 2e+17."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if size <= count < 1_000 * size:
            return f"{count / size:.3g}{unit}"
    return str(count) if count < 1_000 else f"{count:.0e}"


def load_data(path: str, overrides: Sequence[str]) -> tuple[DataConfig, list[int]]:
    """The data and the seeds of a run's or a study's configuration file.

    A study's arms may have pools of their own sizes; they lie inside the largest, which is the one returned.

    Raises:
        ValueError: See `load_config`.
    """
    try:
        is_study = "arms" in (yaml.safe_load(Path(path).read_text()) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError):
        is_study = False  # the loader below says what is wrong
    if is_study:
        study = load_config(StudyConfig, path, overrides)
        largest = max(study.data.n_real, *(arm.n_real or 0 for arm in study.arms))
        return replace(study.data, n_real=largest), study.seeds
    run = load_config(RunConfig, path, overrides)
    return run.data, [run.seed]
