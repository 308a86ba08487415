import pytest

from envs.sandbox import NotCanonical, TooLong, canonical, gate, landlock, seccomp, syscalls, wire
from envs.sandbox.schedule import Counts, Entry, Kind, Schedule


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (-0.0, "-0x0.0p+0"),
        (float("nan"), "nan"),
        ("é\ud800'", '"\\xe9\\ud800\'"'),
        ((1,), "(1,)"),
        ({3, 1, 2}, "{1, 2, 3}"),
        (set(), "set()"),
        ({}, "{}"),
        ({"b": 1, "a": [()]}, "{'a': [()], 'b': 1}"),
    ],
)
def test_canonical(value: object, text: str):
    assert canonical(value) == text


def test_a_long_integer_is_written_in_hexadecimal():
    assert canonical(1 << 20_000) == hex(1 << 20_000)


class Liar(int):
    pass


@pytest.mark.parametrize("value", [Liar(1), [Liar(1)], object, 1j, b"a", frozenset()])
def test_other_types_have_no_text(value: object):
    with pytest.raises(NotCanonical):
        canonical(value)


def test_depth_and_length_are_bounded():
    tree: list[object] = []
    for _ in range(49):
        tree = [tree, tree]
    with pytest.raises(TooLong):
        canonical(tree)
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(NotCanonical, match="50 levels"):
        canonical(loop)


@pytest.mark.parametrize("machine", syscalls.ARCHITECTURES)
def test_filters(machine: str):
    arch, numbers = syscalls.table(machine)
    server, child = seccomp.server_filter(machine), seccomp.child_filter(machine)

    def of(code: bytes, name: str, *arguments: int) -> int:
        return seccomp.allows(code, arch, numbers[name], arguments)

    assert of(server, "read") == of(server, "clone", 0x01200011) == of(child, "read") == seccomp.ALLOW
    for name in ("socket", "execve", "ptrace", "bpf", "unshare"):
        assert of(server, name) == seccomp.KILL
    assert of(server, "clone", 0x3D0F00) == of(server, "prlimit64", 1) == seccomp.KILL
    assert of(server, "mmap", 0, 4096, 7) == of(server, "mprotect", 0, 4096, 4) == seccomp.KILL
    assert of(server, "mmap", 0, 4096, 3) == of(server, "mprotect", 0, 4096, 1) == seccomp.ALLOW
    assert of(server, "getrandom") == 0x00050001
    assert seccomp.allows(server, arch ^ 1, numbers["read"]) == seccomp.KILL
    assert seccomp.allows(server, arch, 0x40000000) == seccomp.KILL
    assert seccomp.allows(server, arch, 999) == 0x00050001
    for name in seccomp.CHILD_HOSTILE:
        assert of(child, name) == seccomp.KILL
    assert of(child, "getppid") == 0x00050000
    assert len(child) // 8 < 16


def test_landlock_knows_its_versions():
    assert [len(landlock.ruleset(version)) for version in (1, 3, 4, 6, 9)] == [8, 8, 16, 24, 24]


@pytest.mark.parametrize(
    "source",
    [
        "x.a = 1", "del x.a", "class A: pass", "async def f(): pass", "x.__class__", "x._a", "getattr", "eval", "open",
        "type", "'{}'.format", "x.gi_frame", "x.mro", "x.register", "for x.a in y: pass", "with y as x.a: pass",
        "match x:\n    case int(): pass", "def f():\n    def g(): return h.__globals__", "lambda: x.f_back",
        "[y.cr_frame for y in x]", "globals", "from __future__ import annotations",
    ],
)  # fmt: skip
def test_what_must_run_alone(source: str):
    assert not gate.passes(compile(source, "x", "exec"))


BESIDE = """
from math import gcd
import re as r
def f(n, *a, **k):
    try:
        d = {i: [j for _ in a] for i, j in k.items()}
        match n:
            case [x, *y]: yield x
            case {'a': z}: yield from z
    except ValueError as e:
        raise KeyError(f'{n!r:>5}') from e
    finally:
        print(n % 2, d[1:2], not d, gcd(1, 2), r.sub('a', 'b', 'c'))
"""


def test_what_may_run_beside_others():
    assert gate.passes(compile(BESIDE, "x", "exec"))


def test_frames_are_read_strictly():
    frame = wire.Frame(wire.OK, 0.5, 1.0, "", "[1]")
    data = wire.pack_frame(frame)
    assert wire.unpack_frames(data * 2) == ([frame, frame], True)
    assert wire.unpack_frames(data + b"x") == ([frame], False)
    assert wire.unpack_frames(data[:-1]) == ([], False)
    assert wire.unpack_frames(b"z" + data[1:]) == ([], False)
    assert wire.unpack_frames(wire.pack_frame(frame._replace(cpu_s=float("nan")))) == ([], False)


def scheduled(n: int, n_workers: int = 1) -> Schedule:
    schedule = Schedule(n_workers, Counts(), second_looks=0.0)
    schedule.add([Entry(place, (b"", None, b"")) for place in range(n)], solo=False)
    return schedule


def reply(values: list[str], end: bytes = wire.EXITED, signal: int = 0, canary: str | None = gate.CANARY_VALUE):
    frames = [wire.Frame(wire.OK, 0.0, 0.0, "", value) for value in values]
    frames += [wire.Frame(wire.CANARY, 0.0, 0.0, "", canary)] if canary else []
    return wire.Reply(0, end, signal, 0.0, 0.0, b"".join(map(wire.pack_frame, frames)))


def test_whoever_ends_a_batch_runs_alone_and_the_rest_again():
    schedule = scheduled(4)
    work = schedule.next()
    assert work is not None
    schedule.finish(work, reply(["a"], wire.TIMED_OUT, 9, canary=None))
    assert schedule.results == {}, "no canary vouched for the first"
    rest, alone = schedule.next(), schedule.next()
    assert rest is not None
    assert alone is not None
    assert (rest.kind, [entry.place for entry in rest.entries]) == (Kind.BATCH, [2, 3, 0])
    assert (alone.kind, [entry.place for entry in alone.entries]) == (Kind.ALONE, [1])


@pytest.mark.parametrize(
    "spoilt",
    [reply(["a", "b"], canary="[1]"), reply(["a", "b"], canary=None), reply(["a", "b", "c"]), reply(["a"])],
)
def test_a_spoilt_batch_is_thrown_away(spoilt: wire.Reply):
    schedule = scheduled(2)
    work = schedule.next()
    assert work is not None
    schedule.finish(work, spoilt)
    assert schedule.results == {}
    assert schedule.counts.n_spoilt_batches == 1
    following = schedule.next()
    assert following is not None
    assert following.kind is Kind.ALONE


def test_a_time_out_beside_others_is_tried_again_undisturbed():
    schedule = scheduled(0, n_workers=2)
    schedule.add([Entry(0, (b"", None, b"")), Entry(1, (b"", None, b""))], solo=True)
    first, second = schedule.next(), schedule.next()
    assert first is not None
    assert second is not None
    schedule.finish(first, reply([], wire.TIMED_OUT, 9, canary=None))
    assert schedule.next() is None  # the other is still running
    schedule.finish(second, reply(["b"], canary=None))
    again = schedule.next()
    assert again is not None
    assert again.kind is Kind.UNDISTURBED
    schedule.finish(again, reply([], wire.TIMED_OUT, 9, canary=None))
    assert (schedule.results[0].outcome, schedule.done) == ("timeout", True)
