"""Who runs next, beside whom: pure bookkeeping of one call of `Sandbox.run`, without processes.

A program goes through a batch if it may, else alone. Whatever ends a batch early sends the program that was running
alone and the rest into another batch. A time-out is final if the program had the sandbox to itself; otherwise it is
tried once more when nothing else runs. A server that dies takes its programs down with it, once.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from envs.sandbox import gate, wire
from envs.sandbox.program import Execution, Lane, Outcome
from envs.sandbox.wire import Frame, Reply

BATCH_SIZE = 32
SECOND_LOOKS = 0.01
_MAX_TRIES = 2

_OUTCOMES = {
    wire.OK: Outcome.OK,
    wire.ERROR: Outcome.ERROR,
    wire.OUTPUT_LIMIT: Outcome.OUTPUT_LIMIT,
    wire.NO_RESULT: Outcome.NO_RESULT,
}


class Kind(Enum):
    """How a job's child runs its programs."""

    BATCH = "batch"
    ALONE = "alone"
    UNDISTURBED = "undisturbed"


@dataclass(eq=False, slots=True)
class Entry:
    """One program on its way.

    Attributes:
        place: Its place in the caller's list.
        item: Source, call and marshalled arguments, as the server takes them.
        from_batch: Its result from a batch, while that is checked alone.
        tries: How often a server died with it.
    """

    place: int
    item: tuple[bytes, str | None, bytes]
    from_batch: Execution | None = None
    tries: int = 0


@dataclass(eq=False, slots=True)
class Work:
    """What one server is asked to do at once."""

    kind: Kind
    entries: list[Entry]
    disturbed: bool = False


@dataclass(slots=True)
class Counts:
    """Kept over the life of a sandbox."""

    n_programs: int = 0
    n_batch: int = 0
    n_alone: int = 0
    n_restarts: int = 0
    n_second_looks: int = 0
    n_mismatches: int = 0
    n_spoilt_batches: int = 0


@dataclass(slots=True)
class Schedule:
    """Everything between the programs of one call and their results.

    Attributes:
        n_workers: Servers that ask for work.
        counts: To be added to.
        second_looks: Share of results of batches that are checked alone.
        results: By place.
    """

    n_workers: int
    counts: Counts
    second_looks: float = SECOND_LOOKS
    results: dict[int, Execution] = field(default_factory=dict)
    _together: deque[Entry] = field(default_factory=deque)
    _alone: deque[Entry] = field(default_factory=deque)
    _undisturbed: deque[Entry] = field(default_factory=deque)
    _running: list[Work] = field(default_factory=list)
    _random: random.Random = field(default_factory=random.Random)

    def add(self, entries: Sequence[Entry], *, solo: bool) -> None:
        """More programs."""
        (self._alone if solo else self._together).extend(entries)

    def next(self) -> Work | None:
        """What an idle server should do now; None if there is nothing, or nothing yet."""
        if any(work.kind is Kind.UNDISTURBED for work in self._running):
            return None
        if self._together:
            size = max(1, min(BATCH_SIZE, -(-len(self._together) // self.n_workers)))
            work = Work(Kind.BATCH, [self._together.popleft() for _ in range(min(size, len(self._together)))])
        elif self._alone:
            work = Work(Kind.ALONE, [self._alone.popleft()])
        elif self._undisturbed and not self._running:
            work = Work(Kind.UNDISTURBED, [self._undisturbed.popleft()])
        else:
            return None
        self._running.append(work)
        return work

    @property
    def done(self) -> bool:
        """Whether every program has its result."""
        return not (self._running or self._together or self._alone or self._undisturbed)

    def finish(self, work: Work, reply: Reply) -> None:
        """Take what a server says of its child."""
        self._running.remove(work)
        if work.kind is Kind.BATCH:
            self._finish_batch(work, reply)
        else:
            (entry,) = work.entries
            self.counts.n_alone += 1
            result = read_alone(reply)
            if result.outcome is Outcome.TIMEOUT and work.kind is Kind.ALONE and self.n_workers > 1:
                self._undisturbed.append(entry)
            else:
                self._settle(entry, result)

    def lost(self, work: Work) -> None:
        """The server died meanwhile: everything once more, then what it was doing counts as crashed."""
        self._running.remove(work)
        for entry in work.entries:
            entry.tries += 1
            if entry.tries < _MAX_TRIES:
                self._alone.append(entry)
            else:
                self._settle(entry, Execution(Outcome.CRASH, error="server", lane="solo"))

    def _finish_batch(self, work: Work, reply: Reply) -> None:
        frames, whole = wire.unpack_frames(reply.data)
        entries = work.entries
        n_results = len(frames) - (frames[-1:] != [] and frames[-1].status == wire.CANARY)
        clean = reply.end == wire.EXITED and reply.signal == 0
        if clean:
            spoilt = not whole or n_results != len(entries) or frames[-1].value != gate.CANARY_VALUE
        else:
            spoilt = len(frames) > len(entries) or n_results != len(frames)
        if spoilt or any(frame.status == wire.CANARY for frame in frames[:n_results]):
            self.counts.n_spoilt_batches += 1
            self._alone.extend(entries)
            return
        if clean:
            for entry, frame in zip(entries, frames, strict=False):
                self._take(entry, frame)
        else:
            self._together.extend(entries[:n_results])  # no canary has vouched for these: they run again, elsewhere
        rest = entries[n_results:]
        self._alone.extend(rest[:1])
        self._together.extendleft(reversed(rest[1:]))

    def _take(self, entry: Entry, frame: Frame) -> None:
        if frame.status == wire.ALONE:
            self._alone.append(entry)
            return
        result = execution(frame, "batch")
        if self._random.random() < self.second_looks:
            entry.from_batch = result
            self._alone.append(entry)
        else:
            self._settle(entry, result)

    def _settle(self, entry: Entry, result: Execution) -> None:
        if entry.from_batch is not None:
            self.counts.n_second_looks += 1
            self.counts.n_mismatches += entry.from_batch.answer != result.answer
        self.counts.n_batch += result.lane == "batch"
        self.results[entry.place] = result


def execution(frame: Frame, lane: Lane) -> Execution:
    """A child's word on one program."""
    if frame.status == wire.OK and frame.error == wire.NO_VALUE:
        return Execution(Outcome.OK, None, None, frame.cpu_s, frame.wall_s, lane)
    value = frame.value if frame.status == wire.OK else None
    return Execution(_OUTCOMES[frame.status], value, frame.error or None, frame.cpu_s, frame.wall_s, lane)


def read_alone(reply: Reply, call: int = 0, n_calls: int = 1) -> Execution:
    """The result of one call of a program that ran alone: one whole frame a call, no byte more, and a quiet end."""
    base = Execution(Outcome.NO_RESULT, None, None, reply.cpu_s, reply.wall_s, "solo")
    if reply.end == wire.TIMED_OUT:
        return replace(base, outcome=Outcome.TIMEOUT)
    if reply.end == wire.FLOODED:
        return replace(base, outcome=Outcome.VIOLATION, error="too many bytes in the result pipe")
    if reply.signal:
        return _by_signal(base, reply.signal)
    frames, whole = wire.unpack_frames(reply.data)
    if whole and len(frames) == n_calls and all(frame.status in _OUTCOMES for frame in frames):
        return replace(execution(frames[call], "solo"), cpu_s=reply.cpu_s, wall_s=reply.wall_s)
    if reply.data:
        return replace(base, outcome=Outcome.VIOLATION, error="wrong bytes in the result pipe")
    return replace(base, error="ended without a result")


_SIGNALS = {
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    15: "SIGTERM",
    31: "SIGSYS",
}
_SIGSYS, _SIGXCPU = 31, 24


def _by_signal(base: Execution, number: int) -> Execution:
    if number == _SIGSYS:
        return replace(base, outcome=Outcome.VIOLATION, error="system call")
    if number == _SIGXCPU:
        return replace(base, outcome=Outcome.TIMEOUT)
    return replace(base, outcome=Outcome.CRASH, error=_SIGNALS.get(number, f"signal {number}"))
