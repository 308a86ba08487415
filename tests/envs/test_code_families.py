"""What all code families promise: nothing depends on the order of hashes, and no text makes them hang or raise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envs.code.abduction import Abduction
from envs.code.deduction import Deduction
from envs.code.distinction import Distinction
from envs.code.error_prediction import ErrorPrediction
from envs.code.induction import Induction
from envs.code.output import Output
from envs.code.repair import Repair
from envs.code.stack_machine import StackMachine
from envs.code.synthesis import Synthesis
from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Task
from envs.execution import sandbox

ROOT = Path(__file__).parents[2]
FAMILIES: list[Env] = [
    Deduction(), StackMachine(), Abduction(), Output(), ErrorPrediction(), Distinction(), Induction(), Repair(),
    Synthesis(),
]  # fmt: skip
HASH_SEEDS = (0, 1, 2)

_SCRIPT = """
import json
from random import Random
from tests.envs.test_code_families import FAMILIES
found = {}
for env in FAMILIES:
    rng, rows = Random(11), []
    for level in env.levels:
        for _ in range(6):
            solved = env.sample(rng, level)
            answers = [solved.answer, env.equivalent(solved, rng), env.near_miss(solved, rng), "", "x"]
            verdicts = [[a, *map(str, (v.outcome, v.detail, v.tier))]
                        for a in answers for v in [env.verify(solved.task, a)]]
            rows.append([solved.task.prompt, solved.task.id, env.parse(solved.task.prompt).id, verdicts])
    found[env.name] = rows
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def runs() -> dict[int, dict[str, Any]]:
    """Samples, ids and verdicts of fresh processes, by hash seed."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in HASH_SEEDS
    ]
    return {
        seed: json.loads(process.communicate(timeout=300)[0]) for seed, process in zip(HASH_SEEDS, started, strict=True)
    }


@pytest.mark.parametrize("env", FAMILIES, ids=lambda env: env.name)
def test_hash_seeds_change_nothing(env: Env, runs: dict[int, dict[str, Any]]) -> None:
    first, *others = (runs[seed][env.name] for seed in HASH_SEEDS)
    assert len(first) == 6 * len(env.levels)
    for other in others:
        assert other == first


def _program(body: str) -> str:
    return f"def f(x:int):\n {body}"


BOMBS = [
    _program("while True:\n  x=1\n return x"),
    _program("return 9**9**9**9"),
    _program("return x<<999999999"),
    _program("return [x]*10**9"),
    _program("return 'a'*10**9"),
    _program("for a in range(999):\n  for b in range(999):\n   for c in range(999):\n    x=a\n return x"),
    _program("a='ab'\n for b in range(299):\n  a=a+a\n return len(a)"),
    _program("a=[x]\n for b in range(299):\n  a=a+a\n return len(a)"),
    _program("a=9\n for b in range(299):\n  a=a*a\n return a"),
    _program("return f(x)"),
    _program("return " + "(" * 400 + "x" + ")" * 400),
    _program("return " + "-" * 950 + "x"),
    _program("return " + "[" * 90 + "]" * 90),
    _program("return \uff11"),
    "def \uff46(x:int):\n return x",
    _program("return x\0"),
    _program("return __import__('os').system('true')"),
    "x" * 10**6,
    "(" * 10**6,
    "def f(x:int):\n return x\n" * 40_000,
    "\ud800",
]


@pytest.mark.parametrize("env", FAMILIES, ids=lambda env: env.name)
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: ascii(bomb[:30]))
def test_bombs_end_soon(env: Env, bomb: str) -> None:
    solved = env.sample(Random(0), env.levels[0])
    suffixes = ["", "\nf(?)==1", "\nf(1)==?", "\nf(1)!?", "\ndef g(x:int):\n return x\nf(?)!=g(?)", "#00000000"]
    start = time.perf_counter()
    assert env.verify(solved.task, bomb).outcome in (Outcome.MALFORMED, Outcome.INCORRECT)
    for suffix in suffixes:
        try:
            env.parse(bomb + suffix)
        except MalformedTask:
            assert env.verify(Task(env.name, bomb + suffix, 1, ""), solved.answer).outcome is Outcome.UNDECIDED
        if isinstance(env, SolutionFirst):
            try:
                env.pose(bomb + suffix)
            except MalformedTask as refusal:
                if not str(refusal):
                    pytest.fail("a refusal says why")
    assert time.perf_counter() - start < 5


_PIECES = st.sampled_from([
    "def f(x:int):", "def g(x:int):", "def f(x:list):", "def f(x:str):", "\n", " ", "return ", "x", "a", "=", "==",
    "if ", "else", ":", "for ", " in ", "range(", "(", ")", "[", "]", "'", "1", "9", "0", "+", "-", "*", "//", "%",
    "f(?)==", "f(1)==?", "f(1)!?", "f(?)!=g(?)", "#0000abcd", "size<=8#", "list x. ", "give it.", "not ", " and ",
    "x.append(", "len(", "\t", "\0", "\u0661", "f'", "lambda", "\\", "\r", "0x1", "1_0", "1e5", "...", ";",
])  # fmt: skip


@pytest.mark.parametrize("env", FAMILIES, ids=lambda env: env.name)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces=st.lists(_PIECES, max_size=25))
def test_rubble_is_refused_or_a_task(env: Env, pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        task = env.parse(text)
    except MalformedTask as refusal:
        if not str(refusal):
            pytest.fail("a refusal says why")
    else:
        assert env.parse(task.prompt) == task
    verdict = env.verify(env.sample(Random(1), 1).task, text)
    assert verdict.outcome in Outcome
    assert verdict.outcome is Outcome.CORRECT or verdict.detail


@pytest.mark.parametrize("env", [Abduction(), Induction(), Repair(), Synthesis()], ids=lambda env: env.name)
def test_solutions_that_run_ahead_are_not_run_again(env: Abduction | Induction | Repair | Synthesis) -> None:
    rng = Random(23)
    solutions = [env.solution(env.sample(rng, 3)) for _ in range(8)]
    env.run_ahead([(solution, "") for solution in solutions])
    before = sandbox().status().n_programs
    for solution in solutions:
        env.pose(solution)
    assert sandbox().status().n_programs == before
