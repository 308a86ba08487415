"""A process that has imported everything and forks a child for each run, so that a run costs no start-up.

It reads requests from standard input, a JSON object a line, and answers each with the child's exit code:

    argv            of the `selfplay` command
    kill_after_s    kill -9 the child after so many seconds, if it still runs
    aim             [module, attribute, number, when]: the child kills itself with -9 at that call of a function,
                    `before` it, `after` it, or `within` it: half of what `Path.write_bytes` was to write is written
    limit_bytes     no file may grow beyond (RLIMIT_FSIZE), as on a disk that is full
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
import sys
from itertools import count
from typing import Any

import torch

import selfplay.measure.rescore
import selfplay.play.run
import selfplay.report.html  # noqa: F401
from selfplay.cli import main


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


def run(request: dict[str, Any]) -> int:
    """Fork a child for one request and see it end."""
    pid = os.fork()
    if not pid:
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if request.get("aim"):
            aim_at(*request["aim"])
        if request.get("limit_bytes"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit_bytes"],) * 2)
        code = 70  # an exception that nobody caught
        try:
            code = main(request["argv"])
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    number = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(number, select.POLLIN)
    if request.get("kill_after_s") is not None and not poller.poll(1e3 * request["kill_after_s"]):
        os.kill(pid, signal.SIGKILL)
    os.close(number)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(run(json.loads(line)), flush=True)
