"""The envs that can be named in a configuration, and the data part of either kind of configuration."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

import envs
from envs.core import Corpus, Env, SolutionFirst
from selfplay.config import DataConfig, RunConfig, StudyConfig
from selfplay.configfile import load_config


def env_classes() -> Iterator[type[Env]]:
    """Every env of the package, found by walking it: there is no list to add to."""
    for module in pkgutil.walk_packages(envs.__path__, "envs."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, Env) and found.__module__ == module.name and not inspect.isabstract(found):
                yield found


def list_envs() -> list[str]:
    """A line per env: the path to name it by, what it can do, and the first line of its docstring."""
    lines = []
    for found in env_classes():
        abilities = [
            word for kind, word in ((SolutionFirst, "solution-first"), (Corpus, "corpus")) if issubclass(found, kind)
        ]
        summary = (inspect.getdoc(found) or "").splitlines()[0]
        lines.append(f"{found.__module__}.{found.__qualname__:<18} {', '.join(abilities):<16} {summary}")
    return lines


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
