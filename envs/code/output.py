"""What does this function give? Functions of the small Python, run by Python.

Two tasks, at levels 1 and 3:

    def f(x:int):          def f(x:list):
     return x*3+1           a=0
    f(7)==?                 for b in x:
                             a=a+b*b
                            return a
                           f([3,1,2])==?

    answer 22              answer 14

The counterpart of `code/abduction` on the same functions: forwards instead of backwards. `code/deduction` asks the same
of programs without functions, branches or loops.

Cost: the solver and the checker take the same steps, the checker at a machine's speed; no asymmetry beyond that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, Executed, MalformedTask, Outcome, Solved, Task, Verdict
from envs.numerals import slip
from envs.program_runs import run_together
from envs.program_sampler import draw_function, is_varied, level_of, n_chains
from envs.program_tasks import (
    ALPHABET,
    LONGEST_RESULT,
    NO_TASK,
    RIGHT,
    WRONG,
    check_length,
    check_max_level,
    read_task_function,
    task_results,
)
from envs.program_tree import Function, Value, size
from envs.program_values import N_INPUTS, inputs, is_input, is_result, read_value, write_value
from envs.program_writer import write

_CALL, _ASKS = "\nf(", ")==?"
_NO_VALUE = Verdict(Outcome.MALFORMED, "not a value of the function's type in its usual spelling")


@dataclass(frozen=True)
class Output(Env, Executed):
    """Give what a function gives for an input.

    A task's level is the size of its function in steps of four nodes: up to 6 nodes, 10, 14, ...

    Attributes:
        max_level: Highest level.
    """

    max_level: int = 4

    name: ClassVar[str] = "code/output"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = ALPHABET
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: every step of the run, in order; checking: the same steps, by machine"

    def __post_init__(self) -> None:
        check_max_level(self.max_level)

    @property
    def levels(self) -> range:
        """Size of the function."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: the chains of the sampler, each with one of 40 inputs."""
        self.check_level(level)
        return n_chains(level) * N_INPUTS

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a function and one of the fixed inputs."""
        self.check_level(level)
        function, done = draw_function(rng, level, lambda _, done: is_varied(done) and bool(_short(done)))
        place = rng.choice(_short(done))
        given = inputs(function.takes)[place]
        prompt = f"{write(function)}{_CALL}{given}{_ASKS}"
        return Solved(self._task(prompt, function, given), done[place])

    def parse(self, prompt: str) -> Task:
        """Read a function and an input; refused where it raises, or gives more than a line."""
        function, given, _ = self._run(prompt)
        return self._task(prompt, function, given)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the function; only the one spelling of its value counts."""
        try:
            function, _, output = self._run(task.prompt)
        except MalformedTask:
            return NO_TASK
        if answer == output:
            return RIGHT
        return WRONG if is_result(answer, function.gives, LONGEST_RESULT) else _NO_VALUE

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`; answers are not run."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, _ in pairs:
            with suppress(MalformedTask):
                function, given = self._read(prompt)
                runs.append((function, [given]))
        run_together(runs)

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: a value has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A number off in one digit, a text without its end, or the other truth value."""
        function, _ = self._read(solved.task.prompt)
        return write_value(_slipped(read_value(solved.answer, function.gives), rng))

    def _read(self, prompt: str) -> tuple[Function, str]:
        check_length(prompt)
        text, _, call = prompt.rpartition(_CALL)
        function, given = read_task_function(text, self.max_level), call.removesuffix(_ASKS)
        if given == call or not is_input(given, function.takes):
            raise MalformedTask("not a function and f(...)==? with an input of its type")
        return function, given

    def _run(self, prompt: str) -> tuple[Function, str, str]:
        function, given = self._read(prompt)
        (output,) = task_results(function, [given])
        if not is_result(output, function.gives, LONGEST_RESULT):
            raise MalformedTask(f"it gives no value of at most {LONGEST_RESULT} characters")
        return function, given, output

    def _task(self, prompt: str, function: Function, given: str) -> Task:
        canonical = f"{write(function)}{_CALL}{given}{_ASKS}"
        return Task(self.name, prompt, level_of(size(function)), canonical)


def _short(done: Sequence[str]) -> list[int]:
    return [place for place, output in enumerate(done) if len(output) <= LONGEST_RESULT]


def _slipped(value: Value, rng: Random) -> Value:
    match value:
        case bool():
            return not value
        case int():
            return slip(value, rng)
        case str():
            return value[:-1] if value else "a"
    if not value:
        return [0]
    place = rng.randrange(len(value))
    return [*value[:place], slip(value[place], rng), *value[place + 1 :]]
