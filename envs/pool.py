"""Checks run in worker processes that can be killed: the only time limit that holds for any code.

A Python signal cannot interrupt a call into C, and works in the main thread only; a process can always be killed.
Each worker runs one check at a time. A check that exceeds its time, its memory or its process is tried once more,
in a fresh worker; if it fails again, it becomes a `Failure`, never a wrong answer. All other checks are unharmed.

Workers are started by `exec`, live as long as the pool, and end by themselves when their parent does. What they
send back is JSON: a verifier that was made to run an answer as code cannot feed its parent a pickle. It can still lie
about the items of its own process; programs nobody vouches for belong in `envs.sandbox`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from envs.core import Env, Executed, Outcome, Task, Verdict

Item = TypeVar("Item")

LIMIT_S = 1.0
"""Wall-clock seconds a check may take."""

MEMORY_BYTES = 512 * 2**20
"""Address space a worker may take beyond what it has when ready to work."""

_START_S = 120.0
_END_S = 1.0
_CHUNK = 64
_TRIES = 2
_TRIES_IF_KILLED = 5  # by others: a signal that neither the check nor the pool sent says little about the check
_LONGEST_RESULT = 2**20

# The path first: a worker must find what this process found, wherever it was started.
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from envs.worker import serve; serve(sys.argv[2])"

Ended: TypeAlias = Literal["timeout", "crash", "memory"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that gave no result.

    Attributes:
        kind: What ended it: its time, its process (a crash or an exit), its memory, or an exception.
        detail: The signal, the exception or the limit, for a reader.
    """

    kind: Literal["timeout", "crash", "memory", "error"]
    detail: str


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: bool = False
    chunk: deque[int] = field(default_factory=deque)
    """Indices handed out and not answered; the first is the one being checked."""
    deadline: float = 0.0
    received: bytes = b""


class Pool(Generic[Item]):
    """Runs one function over many items in worker processes."""

    def __init__(
        self,
        work: Callable[[Item], Any],
        *,
        workers: int = 1,
        limit_s: float = LIMIT_S,
        memory_bytes: int = MEMORY_BYTES,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start no process yet; the first `map` does.

        Args:
            work: A function of an importable module, or an instance of a class of one. Returns plain JSON values.
            workers: Processes.
            limit_s: Wall-clock seconds an item may take.
            memory_bytes: Address space a worker may take beyond its size when ready.
            environment: Variables set for the workers, besides those of this process.
        """
        if workers < 1:
            raise ValueError(f"workers = {workers}: needs at least 1")
        if not limit_s > 0:
            raise ValueError(f"limit_s = {limit_s}: must be above 0")
        self._work = pickle.dumps(work)
        self._n_workers, self._limit_s, self._memory_bytes = workers, limit_s, memory_bytes
        self._environment = {**os.environ, **(environment or {})}
        self._workers: list[_Worker] = []
        weakref.finalize(self, _bury_all, self._workers)  # a pool nobody closed leaves no process either

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers. A later `map` starts new ones."""
        _bury_all(self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    def map(self, items: Sequence[Item], *, on_done: Callable[[int], object] = lambda _: None) -> list[Any]:
        """Results in the order of the items, the same for any number of workers.

        Args:
            items: What `work` is called with, one at a time.
            on_done: Called now and then with the number of items done.

        Returns:
            For each item what `work` returned, or a `Failure`.

        Raises:
            RuntimeError: A worker could not load `work`.
        """
        batch = _Batch(items, self._n_workers)
        try:
            while batch.n_open:
                self._man(batch)
                self._hand_out(batch)
                self._listen(batch)
                on_done(len(items) - batch.n_open)
        except BaseException:
            self.close()  # workers may be in the middle of a chunk nobody waits for any more
            raise
        return batch.results

    def _man(self, batch: _Batch[Item]) -> None:
        """Have as many workers as there is work for."""
        while len(self._workers) < min(self._n_workers, batch.n_open):
            self._workers.append(_start(self._work, self._limit_s, self._memory_bytes, self._environment))

    def _hand_out(self, batch: _Batch[Item]) -> None:
        for worker in list(self._workers):
            if worker.ready and not worker.chunk and (chunk := batch.take()):
                worker.chunk.extend(chunk)
                worker.deadline = time.monotonic() + self._limit_s
                self._send(worker, pickle.dumps([(index, batch.items[index]) for index in chunk]), batch)

    def _send(self, worker: _Worker, message: bytes, batch: _Batch[Item]) -> None:
        try:
            worker.channel.sendall(len(message).to_bytes(8) + message)
        except OSError:  # it died idle: no item is to blame
            batch.put_back(worker.chunk)
            worker.chunk.clear()
            self._replace(worker, batch, "crash")

    def _listen(self, batch: _Batch[Item]) -> None:
        """Wait for results or a deadline."""
        busy = [worker for worker in self._workers if worker.chunk or not worker.ready]
        if not busy:
            return
        wait_s = max(min(worker.deadline for worker in busy) - time.monotonic(), 0.0)
        # poll and not select: descriptors may be above 1023.
        poller, by_number = select.poll(), {worker.channel.fileno(): worker for worker in busy}
        for number in by_number:
            poller.register(number, select.POLLIN)
        for number, _ in poller.poll(wait_s * 1e3 + 1):
            self._receive(by_number[number], batch)
        now = time.monotonic()
        for worker in busy:
            if worker in self._workers and worker.deadline < now and (worker.chunk or not worker.ready):
                if not worker.ready:
                    raise RuntimeError(f"a verification worker did not start within {_START_S:.0f} s")
                self._replace(worker, batch, "timeout")

    def _receive(self, worker: _Worker, batch: _Batch[Item]) -> None:
        try:
            received = worker.channel.recv(2**16)
        except OSError:
            received = b""
        if not received or len(worker.received) > _LONGEST_RESULT:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(_END_S)  # how it ended is known a moment after its socket has closed
            self._replace(worker, batch, "crash")
            return
        *lines, worker.received = (worker.received + received).split(b"\n")
        for line in lines:
            if not worker.ready:
                if line:
                    raise RuntimeError(f"a verification worker could not start: {line.decode(errors='replace')}")
                worker.ready = True
            elif ended := self._settle(worker, line, batch):
                self._replace(worker, batch, ended)
                return
            worker.deadline = time.monotonic() + self._limit_s

    def _settle(self, worker: _Worker, line: bytes, batch: _Batch[Item]) -> Ended | None:
        """Take one result, or say why the worker has to go: no memory, or lines outside the protocol."""
        try:
            index, kind, content = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            return "crash"
        if not worker.chunk or index != worker.chunk[0] or kind not in ("result", "error"):
            return "memory" if kind == "memory" else "crash"
        batch.settle(worker.chunk.popleft(), content if kind == "result" else Failure("error", str(content)))
        return None

    def _replace(self, worker: _Worker, batch: _Batch[Item], kind: Ended) -> None:
        """Bury a worker. The item it was at is tried again alone or given up; the others go back to the queue."""
        was_ready = worker.ready
        self._workers.remove(worker)
        ended_itself = _bury(worker)
        if not was_ready:
            batch.count_failed_start(ended_itself)
            return
        if not worker.chunk:
            return
        culprit = worker.chunk.popleft()
        batch.put_back(worker.chunk)
        killed = kind == "crash" and ended_itself in (-signal.SIGKILL, -signal.SIGTERM)
        # The worker's own alarm is the same limit, kept by the kernel.
        if kind == "timeout" or ended_itself == -signal.SIGALRM:
            failure = Failure("timeout", f"no result within {self._limit_s:g} s")
        elif kind == "memory":
            failure = Failure("memory", f"more than {self._memory_bytes / 2**20:.0f} MiB")
        else:
            failure = Failure("crash", _ending(ended_itself))
        batch.fail(culprit, failure, _TRIES_IF_KILLED if killed else _TRIES)


class _Batch(Generic[Item]):
    """The items of one `map` call: which wait, which were tried, what came out."""

    def __init__(self, items: Sequence[Item], n_workers: int) -> None:
        self.items = items
        self.results: list[Any] = [None] * len(items)
        self.n_open = len(items)
        self._queue = deque(range(len(items)))
        self._alone: deque[int] = deque()
        self._tries: dict[int, int] = {}
        self._chunk = max(1, min(_CHUNK, len(items) // (4 * n_workers)))
        self._failed_starts = 0

    def take(self) -> list[int]:
        """What a worker does next: items that failed before go alone."""
        if self._alone:
            return [self._alone.popleft()]
        return [self._queue.popleft() for _ in range(min(self._chunk, len(self._queue)))]

    def put_back(self, indices: Sequence[int]) -> None:
        self._queue.extendleft(reversed(indices))

    def settle(self, index: int, result: Any) -> None:
        self.results[index] = result
        self.n_open -= 1
        self._failed_starts = 0

    def fail(self, index: int, failure: Failure, most_tries: int) -> None:
        self._tries[index] = self._tries.get(index, 0) + 1
        if self._tries[index] < most_tries:
            self._alone.append(index)
        else:
            self.settle(index, failure)

    def count_failed_start(self, code: int | None) -> None:
        self._failed_starts += 1
        if self._failed_starts > _TRIES_IF_KILLED:
            raise RuntimeError(f"verification workers die while starting: {_ending(code)}")


def _start(work: bytes, limit_s: float, memory_bytes: int, environment: Mapping[str, str]) -> _Worker:
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
    worker = _Worker(process, ours, deadline=time.monotonic() + _START_S)
    ours.settimeout(_START_S)
    with contextlib.suppress(OSError):  # it died: the next read says so
        ours.sendall(len(work).to_bytes(8) + work)
    return worker


def _bury(worker: _Worker) -> int | None:
    """Kill a worker; returns the exit code of one that was dying by itself."""
    worker.channel.close()
    ended_itself = worker.process.poll()
    worker.process.kill()
    worker.process.wait()
    return ended_itself


def _bury_all(workers: list[_Worker]) -> None:
    while workers:
        _bury(workers.pop())


def _ending(code: int | None) -> str:
    if code is None:
        return "its process sent something other than results"
    if code >= 0:
        return f"its process ended with exit code {code}"
    return f"its process was ended by {signal.Signals(-code).name}"


@dataclass(frozen=True)
class _EnvWork:
    """`Env.verify` as plain values."""

    envs: Mapping[str, Env]

    def __call__(self, pair: tuple[Task, str]) -> list[Any]:
        task, answer = pair
        verdict = _timed(self.envs[task.env], task, answer)
        return [verdict.outcome, verdict.detail, verdict.tier, verdict.cost_s]


def _timed(env: Env, task: Task, answer: str) -> Verdict:
    start = time.perf_counter()
    verdict = env.verify(task, answer)
    return replace(verdict, cost_s=time.perf_counter() - start)


class VerifyPool:
    """`Env.verify` over many attempts, each under a hard limit."""

    def __init__(self, envs: Mapping[str, Env], *, workers: int = 1, limit_s: float = LIMIT_S) -> None:
        """Start no process yet.

        Args:
            envs: By name.
            workers: Processes.
            limit_s: Wall-clock seconds a check may take.
        """
        self._envs = dict(envs)
        self._pool = Pool(_EnvWork(self._envs), workers=workers, limit_s=limit_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers."""
        self._pool.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return self._pool.pids

    def verify(self, pairs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """Verdicts in order; a check that failed is undecided, with the reason."""
        verdicts: dict[int, Verdict] = {}
        for env in self._envs.values():
            # Programs run in the sandbox, which is a process of its own already, and many at once.
            own = [index for index, (task, _) in enumerate(pairs) if task.env == env.name]
            if own and isinstance(env, Executed):
                env.run_ahead([(pairs[index][0].prompt, pairs[index][1]) for index in own])
                verdicts.update((index, _timed(env, *pairs[index])) for index in own)
        others = [index for index in range(len(pairs)) if index not in verdicts]
        results = self._pool.map([pairs[index] for index in others])
        verdicts.update(zip(others, map(verdict_of, results), strict=True))
        return [verdicts[index] for index in range(len(pairs))]


def verdict_of(result: Any) -> Verdict:
    """A worker's result as a verdict."""
    if isinstance(result, Failure):
        return Verdict(Outcome.UNDECIDED, f"{result.kind}: {result.detail}", "none")
    outcome, detail, tier, cost_s = result
    return Verdict(Outcome(outcome), detail, tier, cost_s)
