"""What this host offers, found by trying: a server is started, tests itself and is ended."""

from __future__ import annotations

from envs.sandbox import monty
from envs.sandbox.client import Sandbox
from envs.sandbox.status import Diagnosis, Status
from envs.sandbox.worker import SandboxUnavailable


def probe() -> Diagnosis:
    """Try the process backend, and look for monty."""
    status: Status | None = None
    problem = ""
    try:
        with Sandbox(backend="process") as box:
            status = box.status()
    except SandboxUnavailable as unavailable:
        problem = str(unavailable)
    version = monty.version()
    return Diagnosis("process" if status else "monty" if version else "", status, problem, version)


def doctor() -> str:
    """The same as text, with one line a layer."""
    return probe().text
