"""The process on the other side of `envs.pool`: receives work once, then items, and answers with a line of JSON each.

Length-prefixed pickles come in, from a parent that is trusted; lines go out, to a parent that trusts nobody.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any


def serve(arguments: str) -> None:
    """A worker's life.

    Args:
        arguments: JSON list of the socket's number, the time limit in s and the memory limit in bytes.
    """
    number, limit_s, memory_bytes = json.loads(arguments)
    channel = socket.socket(fileno=number)
    reader = channel.makefile("rb")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        work = pickle.loads(_message(reader))
    except Exception as error:  # whatever importing someone's module raises
        channel.sendall(f"{type(error).__name__}: {error}".replace("\n", " ").encode() + b"\n")
        return
    _limit_memory(memory_bytes)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the parent has gone
        channel.sendall(b"\n")
        while message := _message(reader):
            for index, item in pickle.loads(message):
                # Should the parent die while a check hangs, the kernel ends this process.
                signal.setitimer(signal.ITIMER_REAL, 2 * limit_s + 1)
                channel.sendall(_line(work, index, item))
                signal.setitimer(signal.ITIMER_REAL, 0)


def _message(reader: Any) -> bytes:
    return reader.read(int.from_bytes(reader.read(8)))  # type: ignore[no-any-return]


def _line(work: Callable[[Any], Any], index: int, item: Any) -> bytes:
    try:
        line = json.dumps([index, "result", work(item)])
    except MemoryError:
        line = json.dumps([index, "memory", ""])
    except Exception as error:  # a fault of the checker's is a result of its own
        line = json.dumps([index, "error", f"{type(error).__name__}: {error}"[:500]])
    return line.encode() + b"\n"


def _limit_memory(memory_bytes: int) -> None:
    """Bound the address space to what is taken now and `memory_bytes` more, where the host tells what is taken."""
    sizes = Path("/proc/self/statm")
    if sizes.exists():
        taken = int(sizes.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes, taken + memory_bytes))
