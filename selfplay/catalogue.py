"""The envs that can be named in a configuration, and the data part of either kind of configuration."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

import envs
from envs.core import Corpus, Env, Executed, SolutionFirst, Solved
from selfplay.config import DataConfig, RunConfig, StudyConfig
from selfplay.configfile import load_config
from selfplay.streams import stream

SAMPLE_S = 0.02
"""Seconds that `selfplay tasks list` measures a rate for."""

_MOST_RUN = 200


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
    rows: list[tuple[str, ...]] = [("CLASS", "CAN", "LEVELS", "TASKS", "TIERS", "DRAWN/S", "CHECKED/S", "COST")]
    rows += [_row(found, sample_s) for found in env_classes()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _row(found: type[Env], sample_s: float) -> tuple[str, ...]:
    abilities = [
        name for kind, name in ((SolutionFirst, "solution-first"), (Corpus, "corpus")) if issubclass(found, kind)
    ]
    path, can = f"{found.__module__}.{found.__qualname__}", ", ".join(abilities) or "-"
    if any(parameter.default is parameter.empty for parameter in inspect.signature(found).parameters.values()):
        return path, can, "-", "-", "-", "-", "-", found.asymmetry
    env = found()
    levels = f"{env.levels.start}-{env.levels.stop - 1}"
    n_tasks = sum(map(env.capacity, env.levels))
    drawn, checked = _rates(env, sample_s)
    return path, can, levels, _short(n_tasks), ", ".join(env.tiers), _short(drawn), _short(checked), env.asymmetry


def _rates(env: Env, sample_s: float) -> tuple[int, int]:
    """Tasks drawn and reference answers verified a second, over all levels in turn."""
    rng, drawn, start = stream(0, "rates", env.name), list[Solved](), time.perf_counter()
    for level in itertools.cycle(env.levels):
        drawn.append(env.sample(rng, level))
        if (elapsed_s := time.perf_counter() - start) >= sample_s:
            break
    drawn_per_s = len(drawn) / elapsed_s
    env.verify(drawn[0].task, drawn[0].answer)  # what is built once, a table or a process, is not a rate
    n_checked, start = 0, time.perf_counter()
    if isinstance(env, Executed):
        env.run_ahead([(solved.task.prompt, solved.answer) for solved in drawn[:_MOST_RUN]])
        drawn = drawn[:_MOST_RUN]  # and once round: a second time they would be answered from memory
    for solved in drawn if isinstance(env, Executed) else itertools.cycle(drawn):
        env.verify(solved.task, solved.answer)
        n_checked += 1
        if (elapsed_s := time.perf_counter() - start) >= sample_s and not isinstance(env, Executed):
            break
    return round(drawn_per_s), round(n_checked / elapsed_s)


def _short(count: int) -> str:
    """Three digits with a unit: 45, 1.28M, 2e+17."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if size <= count < 1_000 * size:
            return f"{count / size:.3g}{unit}"
    return str(count) if count < 1_000 else f"{count:.0e}"


def load_data(path: str, overrides: Sequence[str]) -> tuple[DataConfig, list[int]]:
    """The data and the seeds of a run's or a study's configuration file.

    Raises:
        ValueError: See `load_config`.
    """
    try:
        is_study = "arms" in (yaml.safe_load(Path(path).read_text()) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError):
        is_study = False  # the loader below says what is wrong
    if is_study:
        study = load_config(StudyConfig, path, overrides)
        return study.data, study.seeds
    run = load_config(RunConfig, path, overrides)
    return run.data, [run.seed]
