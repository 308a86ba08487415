"""One forked child: give up what is left to give up, run programs, write their results to descriptor 3, end.

The only module that executes text, and it does so in a process that can do nothing but compute and write to that one
pipe. A program that runs alone may do to this interpreter what it likes: what it can reach thereby is to write another
result of its own, and its parent compares results with an answer that never came here.
"""

from __future__ import annotations

import ast
import gc
import marshal
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple, NoReturn

from envs.sandbox import gate, wire
from envs.sandbox.canonical import NotCanonical, TooLong, canonical
from envs.sandbox.kernel import die_with_parent
from envs.sandbox.seccomp import Filter
from envs.sandbox.wire import Frame

RESULT_FD = 3
MODULE = "solution"
BATCH_BYTES = 60_000
"""All results of a batch fit into a pipe unread, so that the server may sleep until the child has ended."""

_HIGHEST_FD = 64


class Item(NamedTuple):
    """A program as a child gets it: UTF-8, the function's name, marshalled arguments."""

    source: bytes
    call: str | None
    args: bytes


class Job(NamedTuple):
    """What one child does."""

    number: int
    batch: bool
    n_calls: int
    items: Sequence[Item]


class Settings(NamedTuple):
    """The same for all children of a server."""

    cpu_s: float
    memory_bytes: int
    output_chars: int
    filter: Filter | None
    modules: Mapping[str, Mapping[str, object]]
    canary: CodeType
    server: int


class Code(NamedTuple):
    """A compiled program: its statements, and its last one where that is an expression whose value is wanted."""

    body: CodeType
    last: CodeType | None = None


def confine(settings: Settings, pipe: int) -> None:
    """Keep the result pipe and give up the rest; the filter comes last, as it refuses what was done before."""
    if settings.filter is not None:
        die_with_parent(settings.server)
    os.dup2(pipe, RESULT_FD)
    os.closerange(RESULT_FD + 1, _HIGHEST_FD)
    cpu_s = int(settings.cpu_s) + 2  # the server counts more finely; this is for the case that it cannot
    limits = [(resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_NOFILE, RESULT_FD + 1), (resource.RLIMIT_NPROC, 0)]
    for limit, most in [*limits, (resource.RLIMIT_AS, settings.memory_bytes)]:
        resource.setrlimit(limit, (most, most))
    if settings.filter is not None:
        settings.filter.install()


def live(job: Job, settings: Settings, pipe: int) -> NoReturn:
    """A child's whole life after the fork."""
    try:
        confine(settings, pipe)
        if job.batch:
            _run_batch(job, settings)
        else:
            _run_alone(job, settings)
    finally:
        os._exit(0)  # no atexit, no destructors; without a whole frame it is no result


def _run_alone(job: Job, settings: Settings) -> None:
    (item,) = job.items
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    frames: list[Frame] = []

    def surround(_: Code) -> dict[str, object]:
        return vars(module)

    for _ in range(job.n_calls):  # of one module, so that what the first call left is there for the second
        frames.append(_measured(item, settings.output_chars, surround, again=bool(frames)))
    _write(b"".join(map(wire.pack_frame, frames)))


def _run_batch(job: Job, settings: Settings) -> None:
    room = BATCH_BYTES
    for item in job.items:
        surroundings = gate.Surroundings(settings.modules)
        frame = _measured(item, settings.output_chars, _Gated(surroundings))
        data = wire.pack_frame(frame)
        # Memory that runs out may be a neighbour's.
        short = frame.status == wire.ERROR and frame.error == "MemoryError"
        if short or surroundings.asked_for_more or len(data) > room - 2_000:
            data = wire.pack_frame(Frame(wire.ALONE, 0.0, 0.0, "", ""))
        del surroundings
        _forget(item)
        room -= len(data)
        _write(data)
    namespace = _Gated(gate.Surroundings(settings.modules))(Code(settings.canary))
    frame = _outcome(Code(settings.canary), "f", (gate.CANARY_ARGUMENT,), 1_000, namespace)
    _write(wire.pack_frame(frame._replace(status=wire.CANARY) if frame.status == wire.OK else frame))


def _forget(item: Item) -> None:
    """Leave nothing of a program to the next one: no cycles that hold memory, no caches of the standard library."""
    gc.collect()
    if (patterns := sys.modules.get("re")) is not None:
        patterns.purge()
    if b"typing" in item.source:
        for clear in getattr(sys.modules.get("typing"), "_cleanups", ()):
            clear()


class _NotHere(Exception):
    """The program has to run alone."""


class _Gated:
    """Makes the namespace of a program in a batch, if it may be there."""

    def __init__(self, surroundings: gate.Surroundings) -> None:
        self._surroundings = surroundings

    def __call__(self, code: Code) -> dict[str, object]:
        if not gate.passes(code.body) or (code.last and not gate.passes(code.last)):
            self._surroundings.asked_for_more = True
            raise _NotHere
        return {"__builtins__": self._surroundings.names, "__name__": MODULE}


def _measured(
    item: Item, max_chars: int, surround: Callable[[Code], dict[str, object]], *, again: bool = False
) -> Frame:
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    try:
        code = Code(_NOTHING) if again and item.call else compiled(item)
        frame = _outcome(code, item.call, marshal.loads(item.args), max_chars, surround(code))
    except BaseException as problem:  # of compiling: nesting, memory, syntax; a fault of the program's text
        frame = _failure(problem)
    return frame._replace(cpu_s=time.process_time() - cpu_s, wall_s=time.perf_counter() - wall_s)


def compiled(item: Item) -> Code:
    """Compile; a text, so that no comment in it chooses an encoding."""
    source = item.source.decode()
    if item.call is not None:
        return Code(compile(source, MODULE, "exec", dont_inherit=True))
    tree = ast.parse(source, MODULE)
    if tree.body and isinstance(last := tree.body[-1], ast.Expr):
        del tree.body[-1]
        expression = ast.Expression(last.value)
        return Code(
            compile(tree, MODULE, "exec", dont_inherit=True), compile(expression, MODULE, "eval", dont_inherit=True)
        )
    return Code(compile(tree, MODULE, "exec", dont_inherit=True))


def _outcome(
    code: Code, call: str | None, args: Sequence[object], max_chars: int, namespace: dict[str, object]
) -> Frame:
    try:
        exec(code.body, namespace)
        if call is not None:
            if call not in namespace:
                raise NameError(call)
            value = FunctionType(_apply.__code__, namespace)(namespace[call], args)
        elif code.last is not None:
            value = eval(code.last, namespace)
        else:
            return Frame(wire.OK, 0.0, 0.0, wire.NO_VALUE, "")
        return Frame(wire.OK, 0.0, 0.0, "", canonical(value, max_chars))
    except NotCanonical as problem:
        return Frame(wire.NO_RESULT, 0.0, 0.0, str(problem), "")
    except TooLong:
        return Frame(wire.OUTPUT_LIMIT, 0.0, 0.0, "", "")
    except BaseException as problem:  # SystemExit and KeyboardInterrupt of the program too: it is its result
        return _failure(problem)


def _apply(function: Callable[..., object], args: Sequence[object]) -> object:
    """Called with the program's own globals, so that its caller's frame shows it nothing but itself."""
    return function(*args)


def _failure(problem: BaseException) -> Frame:
    name = type.__dict__["__name__"].__get__(type(problem))
    return Frame(wire.ERROR, 0.0, 0.0, ascii(name)[1:-1][:60], "")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(RESULT_FD, data) :]


_NOTHING = compile("", MODULE, "exec")
