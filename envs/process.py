"""One worker process of `envs.pool`: how it is started, what is known of it, how it ends."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

START_S = 120.0
"""Seconds a worker may take until it is ready."""

# The path first: a worker must find what this process found, wherever it was started.
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from envs.worker import serve; serve(sys.argv[2])"


@dataclass(eq=False)
class Worker:
    """A process and what it was given."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: bool = False
    chunk: deque[int] = field(default_factory=deque)
    """Indices handed out and not answered; the first is the one being checked."""
    deadline: float = 0.0
    received: bytes = b""


def start(work: bytes, limit_s: float, memory_bytes: int, environment: Mapping[str, str]) -> Worker:
    """Start one on pickled `work`; see `Pool.__init__`. It says by an empty line that it is ready."""
    ours, theirs = socket.socketpair()
    with theirs:
        arguments = json.dumps([theirs.fileno(), limit_s, memory_bytes])
        process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, json.dumps(sys.path), arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=dict(environment),
            start_new_session=True,  # Ctrl-C in a terminal is for the parent, which then ends its workers
        )
    worker = Worker(process, ours, deadline=time.monotonic() + START_S)
    ours.settimeout(START_S)
    with contextlib.suppress(OSError):  # it died: the next read says so
        ours.sendall(len(work).to_bytes(8) + work)
    return worker


def bury(worker: Worker) -> int | None:
    """Kill a worker; returns the exit code of one that was dying by itself."""
    worker.channel.close()
    ended_itself = worker.process.poll()
    worker.process.kill()
    worker.process.wait()
    return ended_itself


def bury_all(workers: list[Worker]) -> None:
    """Kill them and empty the list."""
    while workers:
        bury(workers.pop())


def ending(code: int | None) -> str:
    """How a process ended, for a reader."""
    if code is None:
        return "its process sent something other than results"
    if code >= 0:
        return f"its process ended with exit code {code}"
    return f"its process was ended by {signal.Signals(-code).name}"
