"""Golden samples: fixed tasks of each family with the verdicts on right, wrong and malformed answers.

A difference from a stored file means that tasks or verdicts changed. If that is intended, raise the env's
`version`, then write a new file with `python -m tests.envs.golden` and leave the old one where it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from envs.code.deduction import Deduction
from envs.core import Env, SolutionFirst
from envs.math.antiderivative import Antiderivative
from envs.math.arithmetic import Arithmetic
from envs.math.factor_integer import FactorInteger
from envs.math.linear import Linear

FOLDER = Path(__file__).parents[1] / "golden" / "envs"
FAMILIES: list[Env] = [Antiderivative(), Arithmetic("+-*"), Deduction(), FactorInteger(), Linear()]
N_PER_LEVEL = 4


def path_of(env: Env) -> Path:
    return FOLDER / f"{env.name.replace('/', '_')}.v{env.version}.json"


def sample_of(env: Env) -> list[dict[str, Any]]:
    """Tasks drawn with a fixed seed, and what `verify` says of answers to them."""
    rng = Random(20_240_229)
    cases = []
    for level in env.levels:
        for _ in range(N_PER_LEVEL):
            solved = env.sample(rng, level)
            answers = [solved.answer, env.equivalent(solved, rng), env.near_miss(solved, rng), "", "1/", " 7"]
            case: dict[str, Any] = {
                "prompt": solved.task.prompt,
                "level": level,
                "canonical": solved.task.canonical,
                "id": solved.task.id,
                "verdicts": [[answer, str(env.verify(solved.task, answer).outcome)] for answer in answers],
            }
            if isinstance(env, SolutionFirst):
                case["solution"] = env.solution(solved)
            cases.append(case)
    return cases


def main() -> None:
    for env in FAMILIES:
        path_of(env).write_text(json.dumps(sample_of(env), indent=1) + "\n", encoding="utf-8")
        print(f"wrote {path_of(env)}")


if __name__ == "__main__":
    main()
