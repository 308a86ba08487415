"""The pool: whatever a check does to its process, every item has one result, in order."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from envs.core import Outcome, Task, Verdict
from envs.math.linear import Linear
from envs.pool import Failure, Pool, VerifyPool

MEMORY = 256 * 2**20


def work(item: str) -> object:
    """Does what the item says."""
    match item:
        case "loop":
            while True:
                pass
        case "loop in C":
            return len(str(10 ** (10**8)))
        case "abort":
            os.abort()
        case "exit":
            os._exit(3)
        case "fill":
            return len(bytearray(2**33))
        case "raise":
            raise KeyError("a fault of the checker's")
        case "pickle":
            return {1, 2}
        case "babble":
            for number in range(3, 64):
                with contextlib.suppress(OSError):
                    os.write(number, b'["result", "forged"]\nnot json\n')
        case "flood":
            for number in range(3, 64):
                with contextlib.suppress(OSError):
                    os.write(number, b"x" * 2**21)
    return item.upper()


@dataclass(frozen=True)
class Unloadable:
    """A verifier whose module raises when it is imported."""

    name: str = "x"

    def __call__(self, item: str) -> str:
        return item

    def __reduce__(self) -> tuple[object, ...]:
        return exit, ()


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_and_each_kind_of_failure_is_told(workers: int):
    bad = {
        "loop": "timeout",
        "loop in C": "timeout",
        "abort": "crash",
        "exit": "crash",
        "fill": "memory",
        "raise": "error",
        "pickle": "error",
        "babble": "crash",
        "flood": "crash",
    }
    items = [f"item {i}" for i in range(100)]
    for place, item in enumerate(bad):
        items.insert(11 * place, item)
    with Pool(work, workers=workers, limit_s=0.3, memory_bytes=MEMORY) as pool:
        results = pool.map(items)
        pids = pool.pids
    assert not any(map(alive, pids))
    for item, result in zip(items, results, strict=True):
        if item in bad:
            assert isinstance(result, Failure), item
            assert result.kind == bad[item], item
        else:
            assert result == item.upper()


def test_failures_say_what_happened():
    with Pool(work, limit_s=0.3, memory_bytes=MEMORY) as pool:
        details = [result.detail for result in pool.map(["abort", "exit", "loop", "fill", "raise"])]
    assert details == [
        "its process was ended by SIGABRT",
        "its process ended with exit code 3",
        "no result within 0.3 s",
        "more than 256 MiB",
        'KeyError: "a fault of the checker\'s"',
    ]


def pairs(n: int) -> list[tuple[Task, str]]:
    env, rng = Linear(), Random(1)
    drawn = [env.sample(rng, rng.choice(env.levels)) for _ in range(n)]
    return [(solved.task, rng.choice((solved.answer, env.near_miss(solved, rng), "x="))) for solved in drawn]


def test_workers_killed_at_random_change_no_verdict():
    cases = pairs(100_000)
    env = Linear()
    undisturbed = [env.verify(task, answer).outcome for task, answer in cases]
    assert set(undisturbed) == {Outcome.CORRECT, Outcome.INCORRECT, Outcome.MALFORMED}
    n_kills, done, rng = 0, threading.Event(), random.Random()
    with VerifyPool({env.name: env}, workers=2) as pool:
        begun = time.perf_counter()
        pool.verify(cases[:2])
        start_s = time.perf_counter() - begun  # of a worker, so that on a busy machine some live to work

        def kill() -> None:
            nonlocal n_kills
            while not done.wait(rng.uniform(0.5, 2.5) * start_s):
                for pid in rng.sample(pool.pids, min(1, len(pool.pids))):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, rng.choice((signal.SIGKILL, signal.SIGTERM)))
                        n_kills += 1

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            verdicts = pool.verify(cases)
        finally:
            done.set()
            killer.join()
    assert n_kills >= 5, "too few workers were killed to say anything"
    assert Counter(verdict.outcome for verdict in verdicts) == Counter(undisturbed)
    assert [verdict.outcome for verdict in verdicts] == undisturbed


def test_items_may_come_while_others_are_worked_on():
    with Pool(work, workers=2) as pool:
        stream = pool.stream()
        for start in range(0, 100, 10):
            stream.add([f"item {i}" for i in range(start, start + 10)])
        assert stream.results() == [f"ITEM {i}" for i in range(100)]
        assert pool.stream().results() == []


def test_a_worker_that_died_idle_is_replaced():
    with Pool(work, workers=2) as pool:
        assert pool.map(["a", "b"] * 10) == ["A", "B"] * 10
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        assert pool.map(["c", "d"] * 10) == ["C", "D"] * 10


def test_work_that_cannot_be_loaded_is_an_error_of_the_pool():
    with Pool(Unloadable()) as pool, pytest.raises(RuntimeError, match=r"could not start|die while starting"):
        pool.map(["a"])


def test_an_interrupt_leaves_no_worker():
    seen: list[int] = []

    def interrupt(_: int) -> None:
        seen.extend(pool.pids)
        raise KeyboardInterrupt

    pool = Pool(work, workers=2)
    with pytest.raises(KeyboardInterrupt):
        pool.map(["a"] * 1_000, on_done=interrupt)
    assert seen
    assert not any(map(alive, seen))
    assert pool.map(["again"]) == ["AGAIN"]
    pool.close()


def test_workers_end_when_their_parent_is_killed():
    code = """
import json, threading
from envs.pool import Pool
from tests.envs.test_pool import work
pool = Pool(work, workers=2, limit_s=0.5)
pool.map(["a"] * 100)
print(json.dumps(pool.pids), flush=True)
pool.map(["loop"] * 100)
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        parent.kill()
    assert len(pids) == 2
    deadline = threading.Event()
    for _ in range(200):  # the kernel's alarm ends a check that hangs, 2 s after it began
        if not any(map(alive, pids)):
            break
        deadline.wait(0.05)
    assert not any(map(alive, pids))


def test_unusable_limits_are_refused():
    with pytest.raises(ValueError, match="workers = 0"):
        Pool(work, workers=0)
    with pytest.raises(ValueError, match="limit_s = 0"):
        Pool(work, limit_s=0)


def test_a_check_that_fails_is_undecided():
    env = Linear()
    unknown = Task("no such env", "x", 1, "x")
    with VerifyPool({env.name: env}) as pool:
        (verdict,) = pool.verify([(unknown, "1")])
    assert verdict == Verdict(Outcome.UNDECIDED, "error: KeyError: 'no such env'", "none")


def test_a_pool_nobody_closes_leaves_no_worker():
    pool = Pool(work)
    pool.map(["a"])
    pids = pool.pids
    del pool
    assert not any(map(alive, pids))
