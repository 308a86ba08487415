"""Functions of the small Python, run by Python in the sandbox on many inputs at once.

What runs is the text of the tree that was read, never the text that somebody wrote, with the bounds of the subset
written into it: `keep` refuses values, `turns` counts loops. So it ends within milliseconds whatever it is. One
program runs one function on all inputs, and each program runs once a process (`envs.execution`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from envs import sandbox
from envs.execution import execute
from envs.program_tree import ERRORS, MAX_INTEGER, MAX_LENGTH, MAX_TURNS, Function
from envs.program_writer import write

_BOUNDS = f"""
left=[0]
def keep(v):
 if isinstance(v,int):
  if not -{MAX_INTEGER}<=v<={MAX_INTEGER}: raise OverflowError
 elif len(v)>{MAX_LENGTH}: raise OverflowError
 elif isinstance(v,list) and v and not -{MAX_INTEGER}<=min(v)<=max(v)<={MAX_INTEGER}: raise OverflowError
 return v
def turns(items):
 for item in items:
  left[0]-=1
  if left[0]<0: raise OverflowError
  yield item
def probe(v):
 left[0]={MAX_TURNS}
 try: return '',f(v)
"""
# One clause an error: `type` and `__class__` would cost a program its place in a batch (`envs.sandbox.gate`).
_CAUGHT = "".join(f" except {name}: return '!{name}',0\n" for name in (*ERRORS, "OverflowError"))

_RESULT = re.compile(r"\('(|![A-Za-z]+)', (-?[0-9]+|True|False|'[a-z0-9-]*'|\[(?:-?[0-9]+(?:, -?[0-9]+)*)?\])\)")


class NoResult(RuntimeError):
    """The sandbox could not tell what a function does; the message says why. Nobody's answer is wrong for that."""


def runnable(function: Function, inputs: Sequence[str]) -> sandbox.Program:
    """The sandbox program that runs a function on inputs."""
    probes = ",".join(f"probe({text})" for text in inputs)
    return sandbox.Program(f"{_BOUNDS}{_CAUGHT}{write(function, guarded=True)}\n[{probes}]")


def results(function: Function, inputs: Sequence[str]) -> list[str]:
    """What Python does with each input: text as in `envs.program_values`, in order.

    Raises:
        NoResult: The sandbox did not answer for all inputs.
    """
    (run,) = execute([runnable(function, inputs)])
    if run.outcome != "ok" or run.value is None:
        raise NoResult(f"{run.outcome}: {run.error or 'no value'}")
    found = _RESULT.findall(run.value)
    done = [failure or value.replace(" ", "") for failure, value in found]
    whole = ", ".join(f"('{failure}', {value})" for failure, value in found)
    if len(done) != len(inputs) or run.value != f"[{whole}]":
        raise NoResult("a value of no type of the subset")
    return done


def run_together(runs: Iterable[tuple[Function, Sequence[str]]]) -> None:
    """Run functions in one batch; `results` then answers from memory."""
    execute([runnable(function, inputs) for function, inputs in runs])
