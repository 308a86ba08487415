"""What tasks about functions of the small Python share: reading, running, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from envs.core import MAX_CHARS, MalformedTask, Outcome, Verdict
from envs.program_reader import ProgramRefused, read
from envs.program_runs import NoResult, results
from envs.program_sampler import MAX_LEVEL, level_of
from envs.program_tree import PROGRAM_ALPHABET, Function, size

ALPHABET = "".join(sorted({*PROGRAM_ALPHABET, *"?#"}))
"""Every character of tasks about functions."""

LONGEST_RESULT = 40
"""Most characters of a result that a prompt or an answer spells."""

RIGHT = Verdict(Outcome.CORRECT, tier="executed")
WRONG = Verdict(Outcome.INCORRECT, "another result", tier="executed")
NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


def check_max_level(max_level: int) -> None:
    """Refuse a `max_level` that no sampler reaches.

    Raises:
        ValueError: It is not 1 to `MAX_LEVEL`.
    """
    if not 1 <= max_level <= MAX_LEVEL:
        raise ValueError(f"max_level={max_level}: use 1 to {MAX_LEVEL}")


def check_length(prompt: str) -> None:
    """Refuse a long prompt before any other work.

    Raises:
        MalformedTask: It is longer than `MAX_CHARS`.
    """
    if len(prompt) > MAX_CHARS:
        raise MalformedTask(f"longer than {MAX_CHARS} characters")


def read_task_function(text: str, max_level: int, name: str = "f") -> Function:
    """The function of a prompt or solution.

    Raises:
        MalformedTask: The text is no function of the subset, or one beyond the highest level.
    """
    try:
        function = read(text, name)
    except ProgramRefused as refusal:
        raise MalformedTask(str(refusal)) from None
    if level_of(size(function)) > max_level:
        raise MalformedTask(f"a function above level {max_level}")
    return function


def task_results(function: Function, inputs: Sequence[str]) -> list[str]:
    """What Python does with each input.

    Raises:
        MalformedTask: The sandbox could not tell.
    """
    try:
        return results(function, inputs)
    except NoResult as problem:
        raise MalformedTask(f"it gives no result: {problem}") from None


def read_answer(answer: str, takes: str, most_nodes: int) -> Function | Verdict:
    """The function of an answer that is one, of a parameter's type and a size; else why not."""
    try:
        function = read(answer)
    except ProgramRefused as refusal:
        return Verdict(Outcome.MALFORMED, str(refusal))
    if function.takes != takes:
        return Verdict(Outcome.MALFORMED, f"its parameter is no {takes}")
    if size(function) > most_nodes:
        return Verdict(Outcome.MALFORMED, f"more than {most_nodes} nodes")
    return function


def undecided(problem: NoResult) -> Verdict:
    """The verdict where the sandbox could not tell what an answer does."""
    return Verdict(Outcome.UNDECIDED, str(problem))
