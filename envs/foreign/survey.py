"""Which tasks of reasoning-gym can be used, and which of their scorers pay for junk.

    python -m envs.foreign [--json PATH] [TASK ...]

Every task the library registers is built, drawn from, read back and verified, in a process of its own; a line for each
that fails says at what. "Own answer" means that the scorer gives the library's own answer less than 1.0.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from envs.core import Outcome
from envs.foreign import gym
from envs.foreign.reasoning_gym import ReasoningGym
from envs.pool import Failure, Pool

N_DRAWN = 8
LIMIT_S = 180.0


@dataclass(frozen=True)
class Finding:
    """One task.

    Attributes:
        task: The library's name.
        failure: What went wrong; empty where it loads, samples and verifies.
        n_levels: Levels of its curriculum, at most three looked at.
        longest: Characters of its longest prompt seen.
        concerns: Kinds of junk its scorer takes for right.
        drawn_per_s: Tasks drawn a second, at all levels in turn.
    """

    task: str
    failure: str = ""
    n_levels: int = 0
    longest: int = 0
    concerns: tuple[str, ...] = ()
    drawn_per_s: float = 0.0


def look(task: str) -> dict[str, object]:
    """The finding on one task as plain values; for a worker."""
    try:
        env = ReasoningGym(task, max_chars=gym.MOST_CHARS)
        rng, drawn, start = Random(0), [], time.perf_counter()
        for level in env.levels:
            drawn += [env.sample(rng, level) for _ in range(N_DRAWN)]
        drawn_per_s = len(drawn) / (time.perf_counter() - start)
        env.run_ahead([(solved.task.prompt, solved.answer) for solved in drawn])
        for solved in drawn:
            if env.parse(solved.task.prompt) != solved.task:
                raise ValueError("a prompt is not read back as its task")
            verdict = env.verify(solved.task, solved.answer)
            if verdict.outcome is not Outcome.CORRECT:
                raise ValueError(f"own answer {solved.answer[:40]!r}: {verdict.outcome}, {verdict.detail}")
    except ValueError as fault:
        return asdict(Finding(task, " ".join(str(fault).split())))
    longest = max(len(solved.task.prompt) for solved in drawn)
    return asdict(Finding(task, "", len(env.levels), longest, env.concerns, round(drawn_per_s, 1)))


def survey(tasks: Sequence[str]) -> Iterator[Finding]:
    """A finding for each task, as it comes; one that hangs or crashes takes no other along."""
    with Pool(look, limit_s=LIMIT_S, memory_bytes=8 * 2**30) as pool:
        for task in tasks:
            (result,) = pool.map([task])
            if isinstance(result, Failure):
                yield Finding(task, f"{result.kind}: {result.detail}")
            else:
                yield Finding(**{**result, "concerns": tuple(result["concerns"])})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m envs.foreign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--json", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    findings = []
    for finding in survey(arguments.tasks or gym.task_names()):
        findings.append(finding)
        state = f"FAILS: {finding.failure}" if finding.failure else f"levels {finding.n_levels}"
        concerns = f"  accepts {', '.join(finding.concerns)}" if finding.concerns else ""
        print(f"{finding.task:<36}{state}{concerns}", flush=True)
    usable = [finding for finding in findings if not finding.failure]
    print(
        f"{len(findings)} tasks: {len(usable)} load, sample and verify, {len(findings) - len(usable)} fail; "
        f"{sum(bool(finding.concerns) for finding in usable)} have a scorer that accepts junk"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
