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
import subprocess
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from envs.batch import Batch
from envs.core import Env, Executed, Outcome, Task, Verdict
from envs.process import START_S, Worker, bury, bury_all, ending, start

Item = TypeVar("Item")

LIMIT_S = 1.0
"""Wall-clock seconds a check may take."""

MEMORY_BYTES = 512 * 2**20
"""Address space a worker may take beyond what it has when ready to work."""

_END_S = 1.0
_CHUNK = 64
_TRIES = 2
_TRIES_IF_KILLED = 5  # by others: a signal that neither the check nor the pool sent says little about the check
_LONGEST_RESULT = 2**20


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
        self._workers: list[Worker] = []
        weakref.finalize(self, bury_all, self._workers)  # a pool nobody closed leaves no process either

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers. A later `map` starts new ones."""
        bury_all(self._workers)

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
        stream = self.stream(most_at_once=max(1, min(_CHUNK, len(items) // (4 * self._n_workers))))
        stream.add(items)
        return stream.results(on_done=on_done)

    def stream(self, *, most_at_once: int = _CHUNK) -> Stream[Item]:
        """A `map` whose items come bit by bit, to be checked while the caller makes more. One at a time.

        Args:
            most_at_once: Items handed to a worker together.
        """
        return Stream(self, Batch(most_at_once))

    def turn(self, batch: Batch[Item], *, wait: bool) -> None:
        """Hand out what can be and take up what has come; wait for something to come if asked."""
        self._man(batch)
        self._hand_out(batch)
        self._listen(batch, wait=wait)

    @contextlib.contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """For turns: workers may be in the middle of a chunk nobody waits for any more."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _man(self, batch: Batch[Item]) -> None:
        """Have as many workers as there is work for."""
        while len(self._workers) < min(self._n_workers, batch.n_open):
            self._workers.append(start(self._work, self._limit_s, self._memory_bytes, self._environment))

    def _hand_out(self, batch: Batch[Item]) -> None:
        for worker in list(self._workers):
            if worker.ready and not worker.chunk and (chunk := batch.take()):
                worker.chunk.extend(chunk)
                worker.deadline = time.monotonic() + self._limit_s
                self._send(worker, pickle.dumps([(index, batch.items[index]) for index in chunk]), batch)

    def _send(self, worker: Worker, message: bytes, batch: Batch[Item]) -> None:
        try:
            worker.channel.sendall(len(message).to_bytes(8) + message)
        except OSError:  # it died idle: no item is to blame
            batch.put_back(worker.chunk)
            worker.chunk.clear()
            self._replace(worker, batch, "crash")

    def _listen(self, batch: Batch[Item], *, wait: bool) -> None:
        """Take up results, waiting for one or a deadline where asked."""
        busy = [worker for worker in self._workers if worker.chunk or not worker.ready]
        if not busy:
            return
        wait_s = max(min(worker.deadline for worker in busy) - time.monotonic(), 0.0) if wait else 0.0
        # poll and not select: descriptors may be above 1023.
        poller, by_number = select.poll(), {worker.channel.fileno(): worker for worker in busy}
        for number in by_number:
            poller.register(number, select.POLLIN)
        for number, _ in poller.poll(wait_s * 1e3 + 1 if wait else 0):
            self._receive(by_number[number], batch)
        now = time.monotonic()
        for worker in busy:
            if worker in self._workers and worker.deadline < now and (worker.chunk or not worker.ready):
                if not worker.ready:
                    raise RuntimeError(f"a verification worker did not start within {START_S:.0f} s")
                self._replace(worker, batch, "timeout")

    def _receive(self, worker: Worker, batch: Batch[Item]) -> None:
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

    def _settle(self, worker: Worker, line: bytes, batch: Batch[Item]) -> Ended | None:
        """Take one result, or say why the worker has to go: no memory, or lines outside the protocol."""
        try:
            index, kind, content = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            return "crash"
        if not worker.chunk or index != worker.chunk[0] or kind not in ("result", "error"):
            return "memory" if kind == "memory" else "crash"
        batch.settle(worker.chunk.popleft(), content if kind == "result" else Failure("error", str(content)))
        return None

    def _replace(self, worker: Worker, batch: Batch[Item], kind: Ended) -> None:
        """Bury a worker. The item it was at is tried again alone or given up; the others go back to the queue."""
        was_ready = worker.ready
        self._workers.remove(worker)
        ended_itself = bury(worker)
        if not was_ready:
            batch.n_failed_starts += 1
            if batch.n_failed_starts > _TRIES_IF_KILLED:
                raise RuntimeError(f"verification workers die while starting: {ending(ended_itself)}")
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
            failure = Failure("crash", ending(ended_itself))
        batch.fail(culprit, failure, _TRIES_IF_KILLED if killed else _TRIES)


class Stream(Generic[Item]):
    """Items that are worked on while more are added."""

    def __init__(self, pool: Pool[Item], batch: Batch[Item]) -> None:
        self._pool, self._batch = pool, batch

    def add(self, items: Sequence[Item]) -> None:
        """Add items and return at once; workers go on with those before."""
        self._batch.add(items)
        if self._batch.n_open:
            with self._pool.closed_on_failure():
                self._pool.turn(self._batch, wait=False)

    def results(self, *, on_done: Callable[[int], object] = lambda _: None) -> list[Any]:
        """Wait for all that was added; see `Pool.map`."""
        batch = self._batch
        with self._pool.closed_on_failure():
            while batch.n_open:
                self._pool.turn(batch, wait=True)
                on_done(len(batch.items) - batch.n_open)
        return batch.results


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

    def stream(self) -> Stream[tuple[Task, str]]:
        """Checks of attempts that are still being written; its results are for `verdict_of`. Not for programs."""
        return self._pool.stream()

    def streams(self, env: str) -> bool:
        """Whether attempts at the env's tasks may be streamed: programs run many at once, in the sandbox, instead."""
        return not isinstance(self._envs[env], Executed)


def verdict_of(result: Any) -> Verdict:
    """A worker's result as a verdict."""
    if isinstance(result, Failure):
        return Verdict(Outcome.UNDECIDED, f"{result.kind}: {result.detail}", "none")
    outcome, detail, tier, cost_s = result
    return Verdict(Outcome(outcome), detail, tier, cost_s)
