"""Verifiers of others, loaded and called in worker processes only; importing this module imports none of their code.

A verifier is any callable `(task_or_gold, answer) -> bool | float | Verdict`. It gets the `Task` where its first
parameter is called `task` or annotated with `Task`, else the text of a right answer.
"""

from __future__ import annotations

import importlib
import inspect
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from envs.core import Env, Outcome, Task, Verdict

Question: TypeAlias = tuple[Task, str, str]
"""Task, a right answer, and the answer to judge."""

Reply: TypeAlias = list[Any]
"""A ruling as plain JSON: outcome, score or None, detail, milliseconds."""


@dataclass(frozen=True)
class EnvWork:
    """Each env's own verifier."""

    envs: Mapping[str, Env]

    def __call__(self, question: Question | None) -> Reply:
        """Judge one answer; None asks whether the verifier reads the gold."""
        if question is None:
            return [False]
        task, _, answer = question
        start = time.perf_counter()
        verdict = self.envs[task.env].verify(task, answer)
        return [str(verdict.outcome), None, verdict.detail, (time.perf_counter() - start) * 1e3]


class CallableWork:
    """A user's function, loaded where this object is unpickled: in the worker, before its time limit runs."""

    def __init__(self, path: str, folder: str, threshold: float) -> None:
        """Load nothing yet.

        Args:
            path: `module:callable`.
            folder: Where modules are looked for first, the user's current directory.
            threshold: Least score that accepts.
        """
        self._recipe = (path, folder, threshold)

    def __reduce__(self) -> tuple[Callable[..., LoadedWork], tuple[str, str, float]]:
        return load, self._recipe


@dataclass(frozen=True)
class LoadedWork:
    """The function in its worker."""

    function: Callable[..., Any]
    takes_gold: bool
    threshold: float

    def __call__(self, question: Question | None) -> Reply:
        """Judge one answer; None asks whether the verifier reads the gold. Exceptions are the pool's to report."""
        if question is None:
            return [self.takes_gold]
        task, gold, answer = question
        first = gold if self.takes_gold else task
        start = time.perf_counter()
        value = self.function(first, answer)
        ms = (time.perf_counter() - start) * 1e3
        return [*read_value(value, self.threshold), ms]


def load(path: str, folder: str, threshold: float) -> LoadedWork:
    """Import a verifier.

    Raises:
        ValueError: There is no such module or callable, or importing it fails; says which and why.
    """
    name, _, attribute = path.partition(":")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise ValueError(f"no module {name!r} in {folder} or among the installed ones") from None
        raise ValueError(f"importing {name} failed: {error}") from None
    except Exception as error:  # whatever a user's module raises while it is imported
        raise ValueError(f"importing {name} failed: {type(error).__name__}: {error}") from None
    function = getattr(module, attribute, None)
    if not callable(function):
        known = [n for n, f in vars(module).items() if inspect.isfunction(f) and not n.startswith("_")]
        raise ValueError(f"{name} has no callable {attribute!r}; its functions: {', '.join(known) or 'none'}")
    return LoadedWork(function, not _wants_task(function, path), threshold)


def _wants_task(function: Callable[..., Any], path: str) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False  # written in C, say: two positional arguments are all it can get
    if len(parameters) < 2 and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise ValueError(f"{path} takes {len(parameters)} parameters; a verifier takes (task_or_gold, answer)")
    annotation = parameters[0].annotation
    named = annotation.rpartition(".")[2] if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return parameters[0].name == "task" or named == "Task"


def read_value(value: Any, threshold: float) -> tuple[str, float | None, str]:
    """Outcome, score and detail of what a verifier returned.

    Raises:
        ValueError: It is no bool, no number in [0, 1] and no `Verdict`.
    """
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Verdict):
        return str(value.outcome), None, value.detail
    if isinstance(value, bool):
        return str(Outcome.CORRECT if value else Outcome.INCORRECT), None, ""
    if isinstance(value, int | float):
        score = float(value)
        if not (math.isfinite(score) and 0 <= score <= 1):
            raise ValueError(f"returned the score {score}, expected one between 0 and 1")
        return str(Outcome.CORRECT if score >= threshold else Outcome.INCORRECT), score, ""
    raise ValueError(f"returned {type(value).__name__}, expected bool, a number between 0 and 1, or Verdict")
