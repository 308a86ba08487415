"""The backend of hosts without Linux's means: pydantic-monty, an interpreter of a subset of Python, written in Rust.

Installed with the extra `monty`. It offers programs no system call to begin with, and runs them in processes of its
own. It knows a subset of Python, so that a right program may end in an error there:
outcomes are not comparable with those of the process backend, and a study must not mix them.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import time
from types import ModuleType

from envs.sandbox.canonical import NotCanonical, TooLong, canonical
from envs.sandbox.program import Execution, Limits, Outcome, Program
from envs.sandbox.worker import SandboxUnavailable

_PACKAGE = "pydantic_monty"
_CALL = "_selfplay_argument_"


def version() -> str:
    """Of the installed package; empty if there is none."""
    if importlib.util.find_spec(_PACKAGE) is None:
        return ""
    return importlib.metadata.version("pydantic-monty")


class Monty:
    """A pool of one monty process.

    Raises:
        SandboxUnavailable: The package is missing.
    """

    def __init__(self, limits: Limits) -> None:
        if not version():
            raise SandboxUnavailable("the monty backend needs the extra 'monty': pip install pydantic-monty")
        self._module: ModuleType = importlib.import_module(_PACKAGE)
        self._limits = limits
        self._pool = self._module.Monty(max_processes=1, request_timeout=limits.longest_s + 1)
        self._pool.__enter__()

    def close(self) -> None:
        """End the pool's process."""
        self._pool.__exit__(None, None, None)

    def run(self, program: Program) -> Execution:
        """One program in a session of its own."""
        start = time.perf_counter()
        outcome, value, error = self._run(program)
        wall_s = time.perf_counter() - start
        return Execution(outcome, value, error, 0.0, wall_s, "monty")

    def _run(self, program: Program) -> tuple[Outcome, str | None, str | None]:
        limits = {"max_feed_duration_secs": self._limits.cpu_s, "max_memory": self._limits.memory_bytes}
        inputs = {f"{_CALL}{place}": value for place, value in enumerate(program.args)}
        source = program.source
        if program.call is not None:
            source += f"\n{program.call}({', '.join(inputs)})"
        try:
            with self._pool.checkout(limits=limits) as session:
                value = session.feed_run(source, inputs=inputs, print_callback=lambda *_: None)
            return Outcome.OK, canonical(value, self._limits.output_chars), None
        except NotCanonical as problem:
            return Outcome.NO_RESULT, None, str(problem)
        except TooLong:
            return Outcome.OUTPUT_LIMIT, None, None
        except self._module.MontyCrashedError as problem:
            return (Outcome.TIMEOUT, None, None) if problem.timed_out else (Outcome.CRASH, None, "monty")
        except self._module.MontyError as problem:
            name = type(problem.exception()).__name__
            return (Outcome.TIMEOUT, None, None) if name == "TimeoutError" else (Outcome.ERROR, None, name)
