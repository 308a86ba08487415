"""A process that has imported everything and forks a child for each run, so that a run costs no start-up.

It reads requests from standard input, a JSON object a line, and answers each with the child's exit code:

    argv            of the `selfplay` command
    kill_after_s    kill -9 the child after so many seconds, if it still runs
    aim             [module, attribute, number, when]: the child kills itself with -9 at that call of a function,
                    `before` it, `after` it, or `within` it: half of what `Path.write_bytes` was to write is written
    limit_bytes     no file may grow beyond (RLIMIT_FSIZE), as on a disk that is full
    poison          [rank, step]: that process's loss of that optimizer step is not a number
    signal          [rank, name, round]: that process gets that signal as that round begins
    n_processes     share the run, as if torchrun had started them; all are killed together
    output          file for what the child prints
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import torch

import selfplay.measure.rescore
import selfplay.play.run
import selfplay.report.html  # noqa: F401
from selfplay import ranks
from selfplay.cli import main
from selfplay.play.trainer import Trainer
from tests.selfplay.reliability.mortal import mark


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def aim_at(module: str, attribute: str, number: int, when: str) -> None:
    """Have this process die at a call of a function."""
    owner: Any = importlib.import_module(module)
    *parents, name = attribute.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function, calls = getattr(owner, name), count(1)

    @functools.wraps(function)
    def aimed(*arguments: Any, **named: Any) -> Any:
        hit = next(calls) == number
        if hit and when == "before":
            die()
        if hit and when == "within":
            path, content = arguments
            function(path, bytes(content[: len(content) // 2]))
            die()
        result = function(*arguments, **named)
        if hit:
            die()
        return result

    setattr(owner, name, aimed)


def poison(rank: int, step: int) -> None:
    """Have a process's loss of one step be nan."""
    take = Trainer.step

    def poisoned(self: Trainer, loss: torch.Tensor, lr: float) -> torch.Tensor:
        hit = ranks.rank() == rank and self._state.step == step
        return take(self, loss * float("nan") if hit else loss, lr)

    Trainer.step = poisoned


def child(request: dict[str, Any]) -> NoReturn:
    """Run the command of a request and end."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if "aim" in request:
        aim_at(*request["aim"])
    if "poison" in request:
        poison(*request["poison"])
    if "signal" in request:
        mark(*request["signal"])
    if "limit_bytes" in request:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit_bytes"],) * 2)
    code = 70  # an exception that nobody caught
    try:
        code = main(request["argv"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def torchrun(rank: int, n_processes: int, port: int) -> dict[str, str]:
    """What torchrun tells a process in its environment."""
    return {
        "TORCHELASTIC_RUN_ID": "zygote", "TORCHELASTIC_USE_AGENT_STORE": "False", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port), "RANK": str(rank), "LOCAL_RANK": str(rank), "GROUP_RANK": "0",
        "WORLD_SIZE": str(n_processes), "LOCAL_WORLD_SIZE": str(n_processes),
    }  # fmt: skip


def run(request: dict[str, Any]) -> int:
    """Fork the processes of a request and see them end; the exit code of the first."""
    Path(request["output"]).write_text("")
    n_processes = request.get("n_processes", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pids = []
    for rank in range(n_processes):
        pids.append(os.fork())
        if not pids[-1]:
            if n_processes > 1:
                os.environ.update(torchrun(rank, n_processes, port))
            child(request)
    codes = wait(pids, until=pids[0], longest_s=request.get("kill_after_s", 600.0))
    for pid in pids:
        if pid not in codes:
            os.kill(pid, signal.SIGKILL)
            codes[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return codes[pids[0]]


def wait(pids: list[int], *, until: int, longest_s: float) -> dict[int, int]:
    """Exit codes of the children that end before one of them does, or before the time is over."""
    codes: dict[int, int] = {}
    deadline = time.monotonic() + longest_s
    while until not in codes and time.monotonic() < deadline:
        for pid in pids:
            ended, status = os.waitpid(pid, os.WNOHANG) if pid not in codes else (0, 0)
            if ended:
                codes[pid] = os.waitstatus_to_exitcode(status)
        select.select([], [], [], 0.002)
    return codes


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(run(json.loads(line)), flush=True)
