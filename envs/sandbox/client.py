"""`Sandbox`: programs in, executions out, in order; nothing left behind."""

from __future__ import annotations

import marshal
import select
import threading
import time
import weakref
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import TracebackType
from typing import Any, Literal

from envs.sandbox import monty
from envs.sandbox.canonical import NotCanonical, TooLong, canonical
from envs.sandbox.program import Determinism, Execution, Limits, Outcome, Program
from envs.sandbox.schedule import SECOND_LOOKS, Counts, Entry, Kind, Schedule, Work, read_alone
from envs.sandbox.status import Backend, Layer, Status
from envs.sandbox.worker import Gone, SandboxUnavailable, Worker, uninterrupted

_AHEAD = 2
"""Jobs a server has at hand, so that it need not wait for us between them."""

_SILENCE_S = 15.0
"""Beyond all time limits of a job; after that long without a word a server is taken for dead."""

_MAX_ARGS_CHARS = 2**20
_SEEDS = 8


class Sandbox:
    """Runs untrusted programs in processes that can do nothing but compute.

    Use as a context manager, or call `close`. May be used from several threads, one call at a time.

    Args:
        limits: For every program.
        workers: Fork servers side by side; one a core is plenty.
        backend: "auto" takes "process" (Linux), else "monty" if installed. "off" protects from nothing: it is for
            hosts where nothing else runs, has to be asked for by name, and marks every execution unsafe.
        lane: "auto" runs what passes the gate in batches; "solo" gives every program a process of its own.
        second_looks: Share of results from batches that are compared with a run alone.

    Raises:
        SandboxUnavailable: No sandbox on this host; names the missing layer.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        workers: int = 1,
        *,
        backend: Backend = "auto",
        lane: Literal["auto", "solo"] = "auto",
        second_looks: float = SECOND_LOOKS,
        _without: Collection[str] = (),
    ) -> None:
        if not 1 <= workers <= 256:
            raise ValueError(f"workers={workers}: use 1 to 256")
        if backend not in ("auto", "process", "monty", "off"):
            raise ValueError(f"backend={backend!r}: use 'auto', 'process', 'monty' or 'off'")
        if lane not in ("auto", "solo"):
            raise ValueError(f"lane={lane!r}: use 'auto' or 'solo'")
        if not 0 <= second_looks <= 1:
            raise ValueError(f"second_looks={second_looks}: use 0 to 1")
        self.limits = limits or Limits()
        self._backend, self._solo, self._second_looks = backend, lane == "solo", second_looks
        self._config = _config(self.limits, off=backend == "off", without=_without)
        self._counts = Counts()
        self._layers: tuple[Layer, ...] = ()
        self._n_workers = workers
        self._workers: list[Worker] = []
        self._seeded: list[Worker] = []
        self._lock = threading.Lock()
        self._finalizer = weakref.finalize(self, _close_all, self._workers, self._seeded)
        self._monty: monty.Monty | None = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Start what is not running; `run` does it too.

        Raises:
            SandboxUnavailable: No sandbox on this host.
        """
        with self._lock:
            self._start()

    def close(self) -> None:
        """End all servers; the sandbox may be started again."""
        _close_all(self._workers, self._seeded)
        if self._monty is not None:
            self._monty.close()
            self._monty = None

    def run(self, programs: Iterable[Program]) -> list[Execution]:
        """Run programs, in any order and beside each other, and give their executions in the order of the programs.

        Raises:
            SandboxUnavailable: No sandbox on this host.
        """
        with self._lock:
            self._start()
            programs = list(programs)
            self._counts.n_programs += len(programs)
            results, entries = _prepare(programs, self.limits)
            if self._monty is not None:
                results |= {entry.place: self._monty.run(programs[entry.place]) for entry in entries}
            else:
                schedule = Schedule(self._n_workers, self._counts, self._second_looks, results)
                schedule.add(entries, solo=self._solo)
                self._drive(schedule)
            unsafe = self._backend == "off"
            return [
                replace(results[place], unsafe=unsafe) if unsafe else results[place] for place in range(len(programs))
            ]

    def determinism(self, program: Program, n_seeds: int = _SEEDS) -> Determinism:
        """Whether a program gives one value: under `n_seeds` hash seeds, in fresh processes, called twice in each.

        Two seeds agree by chance on the order of a set of two in one case of two, so there are eight. Entropy is
        refused and process ids are 0 in every case; the clock is not stopped, so a program that reads it shows here.

        Raises:
            SandboxUnavailable: No sandbox on this host, or one of another kind than "process".
        """
        if n_seeds < 2:
            raise ValueError(f"n_seeds={n_seeds}: use at least 2")
        with self._lock:
            self._start()
            if self._monty is not None:
                raise SandboxUnavailable("determinism is seen with the process backend only")
            while len(self._seeded) < n_seeds:
                self._begin(self._seeded, hash_seed=1 + len(self._seeded))
            results, entries = _prepare([program], self.limits)
            if results:
                return Determinism(False, (results[0],), f"{results[0].outcome}: {results[0].error}")
            try:
                executions = [_twice(worker, entries[0]) for worker in self._seeded[:n_seeds]]
            except BaseException:  # a Ctrl-C too: what is under way would be read as the next program's result
                _close_all(self._seeded)
                raise
            return _judge([execution for pair in executions for execution in pair])

    def status(self) -> Status:
        """As of now."""
        backend = "monty" if self._monty is not None else "off" if self._backend == "off" else "process"
        return Status(backend, self._backend != "off", self._layers, self._n_workers, **asdict(self._counts))

    def _start(self) -> None:
        if self._backend == "monty" or self._monty is not None:
            self._monty = self._monty or monty.Monty(self.limits)
            return
        try:
            while len(self._workers) < self._n_workers:
                self._begin(self._workers, hash_seed=0)
        except SandboxUnavailable:
            _close_all(self._workers)
            if self._backend != "auto" or not monty.version():
                raise
            self._monty = monty.Monty(self.limits)

    def _begin(self, workers: list[Worker], hash_seed: int) -> None:
        with uninterrupted():
            workers.append(Worker(self._config, hash_seed))
        try:
            workers[-1].greet()
        except BaseException:  # a Ctrl-C too: a server that was not heard out is of no use
            workers.pop().kill()
            raise
        self._layers = workers[-1].layers

    def _drive(self, schedule: Schedule) -> None:
        desks = [_Desk(worker) for worker in self._workers]
        try:
            while not schedule.done:
                self._step(schedule, desks)
        except BaseException:  # a Ctrl-C too: what is under way would be read as results of the next call
            for worker in self._workers:
                worker.kill()
            self._workers.clear()
            raise

    def _step(self, schedule: Schedule, desks: list[_Desk]) -> None:
        poll = select.poll()
        for desk in desks:
            try:
                desk.fill(schedule)
            except Gone:
                self._replace(desk, schedule)
                desk.fill(schedule)
            poll.register(desk.worker.fileno(), select.POLLIN | (select.POLLOUT if desk.worker.wants_to_send else 0))
        by_fd = {desk.worker.fileno(): desk for desk in desks}
        events = poll.poll(_SILENCE_S * 1e3 / 3)
        for fd, event in events:
            desk = by_fd[fd]
            try:
                if event & select.POLLOUT:
                    desk.worker.push()
                if event & ~select.POLLOUT:
                    desk.listen(schedule)
            except Gone:
                self._replace(desk, schedule)
        for desk in desks:
            if desk.is_late(self.limits):
                self._replace(desk, schedule)

    def _replace(self, desk: _Desk, schedule: Schedule) -> None:
        self._counts.n_restarts += 1
        place = self._workers.index(desk.worker)
        self._workers.pop(place).kill()
        desk.give_up(schedule)
        self._begin(self._workers, hash_seed=0)
        desk.worker = self._workers[-1]


@dataclass(eq=False, slots=True)
class _Desk:
    """A server and what it has at hand, in order."""

    worker: Worker
    works: deque[Work] = field(default_factory=deque)
    heard_at: float = field(default_factory=time.monotonic)

    def fill(self, schedule: Schedule) -> None:
        while len(self.works) < _AHEAD and (work := schedule.next()) is not None:
            if not self.works:
                self.heard_at = time.monotonic()
            self.works.append(work)
            self.worker.ask(marshal.dumps((0, work.kind is Kind.BATCH, 1, [entry.item for entry in work.entries])))

    def listen(self, schedule: Schedule) -> None:
        for reply in self.worker.replies():
            if not self.works:
                raise Gone  # an answer to nothing
            schedule.finish(self.works.popleft(), reply)
            self.heard_at = time.monotonic()

    def give_up(self, schedule: Schedule) -> None:
        while self.works:
            schedule.lost(self.works.popleft())

    def is_late(self, limits: Limits) -> bool:
        if not self.works:
            return False
        allowed_s = limits.longest_s * (len(self.works[0].entries) + 1) + _SILENCE_S
        return time.monotonic() - self.heard_at > allowed_s


def _config(limits: Limits, *, off: bool, without: Collection[str]) -> dict[str, Any]:
    return {
        "cpu_s": limits.cpu_s,
        "wall_s": limits.longest_s,
        "memory_bytes": limits.memory_bytes,
        "output_chars": limits.output_chars,
        "off": off,
        "without": list(without),
    }


def _prepare(programs: Sequence[Program], limits: Limits) -> tuple[dict[int, Execution], list[Entry]]:
    """What is refused at once, and what goes to the servers."""
    refused, entries = {}, []
    for place, program in enumerate(programs):
        item = _packed(program, limits)
        if isinstance(item, str):
            refused[place] = Execution(Outcome.REFUSED, error=item)
        else:
            entries.append(Entry(place, item))
    return refused, entries


def _packed(program: Program, limits: Limits) -> tuple[bytes, str | None, bytes] | str:
    """As a server takes it, or why it is refused."""
    if len(program.source) > limits.source_bytes:
        return f"source of more than {limits.source_bytes} bytes"
    try:
        source = program.source.encode()
    except UnicodeEncodeError:
        return "source is no Unicode text"
    if len(source) > limits.source_bytes:
        return f"source of more than {limits.source_bytes} bytes"
    if b"\0" in source:
        return "source holds NUL"
    args = tuple(program.args)
    try:
        canonical(args, _MAX_ARGS_CHARS)
    except NotCanonical as problem:
        return f"argument: {problem}"
    except TooLong:
        return f"arguments of more than {_MAX_ARGS_CHARS} characters"
    return source, program.call, marshal.dumps(args)  # type: ignore[arg-type]


def _twice(worker: Worker, entry: Entry) -> tuple[Execution, Execution]:
    worker.ask(marshal.dumps((0, False, 2, [entry.item])))
    poll = select.poll()
    poll.register(worker.fileno(), select.POLLIN)
    while not (replies := worker.replies()):
        poll.poll()
    return read_alone(replies[0], 0, 2), read_alone(replies[0], 1, 2)


def _judge(executions: list[Execution]) -> Determinism:
    kinds = {execution.answer for execution in executions}
    unclear = [e.outcome for e in executions if e.outcome not in (Outcome.OK, Outcome.ERROR)]
    if unclear:
        return Determinism(False, tuple(executions), f"no value to compare: {unclear[0]}")
    if len(kinds) == 1:
        return Determinism(True, tuple(executions))
    calls = any(a.answer != b.answer for a, b in zip(executions[::2], executions[1::2], strict=True))
    reason = "the second call differs from the first" if calls else "hash seeds or processes differ"
    return Determinism(False, tuple(executions), reason)


def _close_all(*lists: list[Worker]) -> None:
    for workers in lists:
        while workers:
            workers[-1].close()
            workers.pop()
