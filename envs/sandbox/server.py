"""The fork server: a process of its own that loads what programs may import, gives up its rights, and forks.

It starts from a bare interpreter, not from the parent: nothing of the parent's memory is in it, and a fork of so
small a process is cheap. It runs one child at a time and ends when its parent does. Descriptors: 0 to 2 are /dev/null,
3 is left free for a child's pipe, then the parent's socket and, where the kernel has such, a descriptor of the parent.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import marshal
import os
import random
import select
import signal
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from envs.sandbox import child, gate, selftest, wire
from envs.sandbox.child import Item, Job, Settings
from envs.sandbox.hardening import Layer, Missing, harden
from envs.sandbox.seccomp import Filter, child_filter

SOCKET_FD, PARENT_FD = 8, 9
BATCH_ITEM_S = 0.1
"""Processor seconds a program may take in a batch before it is stopped and has to run alone."""

_PRELOAD = [
    "abc",
    "array",
    "ast",
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "cmath",
    "collections",
    "collections.abc",
    "contextlib",
    "copy",
    "copyreg",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "graphlib",
    "hashlib",
    "heapq",
    "io",
    "itertools",
    "json",
    "keyword",
    "math",
    "numbers",
    "operator",
    "os",
    "pprint",
    "queue",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "sys",
    "textwrap",
    "time",
    "types",
    "typing",
    "unicodedata",
    "zlib",
    "_strptime",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_32",
    "encodings.cp1252",
    "encodings.hex_codec",
]

_HIDDEN = ("ctypes", "_ctypes", "envs", "select", "signal", "gc", "importlib")
"""For the server itself; hidden for order's sake, as a program can do nothing with them. (wait4 needs `resource`.)"""


class Server:
    """Takes jobs from the parent, one after another."""

    def __init__(self, config: Mapping[str, Any], settings: Settings) -> None:
        self._settings = settings
        self._cpu_s, self._wall_s = float(config["cpu_s"]), float(config["wall_s"])
        self._output_bytes = int(config["output_chars"]) + 1_000
        self._has_parent_fd = len(config["fds"]) > 1
        self._buffer = b""

    def serve(self) -> NoReturn:
        """Until the parent ends or closes the socket."""
        while True:
            (length,) = wire.LENGTH.unpack(self._read(wire.LENGTH.size))
            number, batch, n_calls, items = marshal.loads(self._read(length))
            job = Job(number, batch, n_calls, [Item(*item) for item in items])
            send(wire.pack_reply(self.run(job)))

    def run(self, job: Job) -> wire.Reply:
        """Fork a child for it and see it through."""
        start = time.perf_counter()
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            child.live(job, self._settings, theirs)
        os.close(theirs)
        try:
            end, data = self._watch(job, pid, ours, start)
        finally:
            os.close(ours)
        _, status, usage = os.wait4(pid, 0)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if end == wire.EXITED and number in (signal.SIGXCPU, signal.SIGKILL) and usage_s(usage) >= self._cpu_s:
            end = wire.TIMED_OUT
        return wire.Reply(job.number, end, number, usage_s(usage), time.perf_counter() - start, data)

    def _watch(self, job: Job, pid: int, pipe: int, start: float) -> tuple[bytes, bytes]:
        """How it ended and what it wrote; it is dead or dying afterwards."""
        ended = _pidfd(pid)
        poll = select.poll()
        poll.register(SOCKET_FD, 0)
        if self._has_parent_fd:
            poll.register(PARENT_FD, select.POLLIN)
        if ended is not None:
            poll.register(ended, select.POLLIN)
        if ended is None or not job.batch:  # a batch's results fit into the pipe: no need to wake up for each
            poll.register(pipe, select.POLLIN)
        watch = _Watch(self, job, pid, pipe, start)
        try:
            while (end := watch.step(poll, ended)) is None:
                pass
            if end != wire.EXITED:
                os.kill(pid, signal.SIGKILL)
            return end, watch.data
        finally:
            if ended is not None:
                os.close(ended)

    def _read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            poll = select.poll()
            poll.register(SOCKET_FD, select.POLLIN)
            if self._has_parent_fd:
                poll.register(PARENT_FD, select.POLLIN)
            if any(fd == PARENT_FD for fd, _ in poll.poll()):
                os._exit(0)
            part = os.read(SOCKET_FD, 2**20)
            if not part:
                os._exit(0)
            self._buffer += part
        result, self._buffer = self._buffer[:count], self._buffer[count:]
        return result


class _Watch:
    """A child's time and bytes."""

    def __init__(self, server: Server, job: Job, pid: int, pipe: int, start: float) -> None:
        self.data = b""
        self._job, self._pid, self._pipe = job, pid, pipe
        self._cpu_s = BATCH_ITEM_S if job.batch else server._cpu_s * job.n_calls
        self._deadline = start + server._wall_s * (len(job.items) + 1 if job.batch else job.n_calls)
        self._next_look = start + self._cpu_s
        self._cpu_used, self._n_seen = 0.0, 0
        self._most_bytes = child.BATCH_BYTES + 4_096 if job.batch else server._output_bytes * job.n_calls

    def step(self, poll: select.poll, ended: int | None) -> bytes | None:
        """Wait for the next event; how the child ended, once it has."""
        wait_s = max(0.0, min(self._next_look, self._deadline) - time.perf_counter())
        events = dict(poll.poll(wait_s * 1e3 + 1))
        if SOCKET_FD in events or PARENT_FD in events:
            os.kill(self._pid, signal.SIGKILL)
            os._exit(0)
        if ended in events:
            while self._take():
                pass
            return wire.EXITED
        if self._pipe in events and not self._take():
            poll.unregister(self._pipe)
            if ended is None:  # it has ended, or closed its pipe and will not be heard of again
                os.kill(self._pid, signal.SIGKILL)
                return wire.EXITED
        if len(self.data) > self._most_bytes:
            return wire.FLOODED
        return self._late()

    def _take(self) -> bool:
        part = os.read(self._pipe, 2**20) if len(self.data) <= self._most_bytes else b""
        self.data += part
        return bool(part)

    def _late(self) -> bytes | None:
        now = time.perf_counter()
        if now >= self._deadline:
            return wire.TIMED_OUT
        if now < self._next_look:
            return None
        used = _cpu_of(self._pid)
        if self._job.batch and _has_bytes(self._pipe):  # since the last look a program has ended and another begun
            before = len(self.data)
            self._take()
            if len(self.data) > before:
                self._cpu_used = used
        if used - self._cpu_used >= self._cpu_s:
            return wire.TIMED_OUT
        self._next_look = now + max(0.005, self._cpu_s - (used - self._cpu_used))
        return None


def usage_s(usage: Any) -> float:
    """Processor seconds of a resource usage."""
    return float(usage.ru_utime + usage.ru_stime)


def send(data: bytes) -> None:
    """To the parent; ends this process if it has gone."""
    try:
        while data:
            data = data[os.write(SOCKET_FD, data) :]
    except OSError:
        os._exit(0)


def _has_bytes(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _cpu_of(pid: int) -> float:
    """Processor seconds of another process; its clock's number is made as the C library makes it."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None


def _arrange(fds: Sequence[int]) -> None:
    """The socket and the parent's descriptor to their places, which may be each other's; all else is closed."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]
    for fd, place in zip(high, (SOCKET_FD, PARENT_FD), strict=False):
        os.dup2(fd, place)
    os.closerange(3, SOCKET_FD)
    os.closerange(SOCKET_FD + len(fds), 4_096)


def _preload() -> None:
    """Import all that programs may import, then cut the way to files: another import fails at once."""
    sys.modules["_hashlib"] = None  # type: ignore[assignment]  # OpenSSL's doubles the memory; hashlib does without
    os.register_at_fork = lambda **_: None  # hooks of libraries cost time in each child
    for name in _PRELOAD:
        importlib.import_module(name)
    del sys.modules["_hashlib"]
    time.strptime("2000", "%Y")
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__name__", "") == "BuiltinImporter"]
    for name in list(sys.modules):
        if name.split(".")[0] in _HIDDEN:
            del sys.modules[name]


def main(argument: str) -> NoReturn:
    """Set up, harden, test the hardening, report, serve."""
    config = json.loads(argument)
    _arrange(config["fds"])
    warnings.simplefilter("ignore")
    sandboxed = not config["off"]
    _preload()
    modules = gate.load_modules()
    canary = child.compiled(Item(gate.CANARY.encode(), "f", b"")).body
    random.seed(0)
    sys.argv = [""]
    pid = os.getpid()  # afterwards it is 0 for all
    layers: list[Layer] = []
    refused = ""
    try:
        layers = harden(config["without"]) if sandboxed else []
        extra = Filter(child_filter()) if sandboxed and "seccomp" not in config["without"] else None
        settings = Settings(
            config["cpu_s"], config["memory_bytes"], config["output_chars"], extra, modules, canary, pid
        )
        if sandboxed:
            refused = selftest.refusal(settings)
    except (Missing, OSError) as problem:
        refused = str(problem)
    hello = json.dumps({"layers": layers, "refused": refused}).encode()
    send(wire.LENGTH.pack(len(hello)) + hello)
    if refused:
        os._exit(1)
    gc.collect()
    gc.freeze()
    Server(config, settings).serve()
