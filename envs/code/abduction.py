"""Which input gives this output? Functions of the small Python, run by Python.

Two tasks, at levels 1 and 2:

    def f(x:int):          def f(x:str):
     return x*3+1           return len(x)+x.count('a')
    f(?)==22               f(?)==5

    answer 7               answer 'aab', or 'hello', or any other that gives 5

Every input that gives the output is right. A task is well-posed if one of the 40 fixed inputs of the type gives the
output and no more than ten do: the first shows that there is an answer, the second that guessing does not find it.

After the abduction tasks of Absolute Zero (Zhao et al., 2025, arXiv:2505.03335, section 3.2), with answers that are
read as one plain value instead of being evaluated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, Executed, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.program_interpreter import compute
from envs.program_runs import NoResult, results, run_together
from envs.program_sampler import draw_function, level_of, n_chains
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
    undecided,
)
from envs.program_tree import Function, size
from envs.program_values import N_INPUTS, inputs, is_input, is_result
from envs.program_writer import write

MOST_GIVE_IT = 10
"""Of the fixed inputs, how many may give the output of a task."""

_ASKS = "\nf(?)=="
_NO_INPUT = Verdict(Outcome.MALFORMED, "not an input of the function's type in its usual spelling")


@dataclass(frozen=True)
class Abduction(Env, SolutionFirst, Executed):
    """Give an input for which a function gives the output shown.

    A task's level is the size of its function in steps of four nodes: up to 6 nodes, 10, 14, ...

    Attributes:
        max_level: Highest level.
    """

    max_level: int = 4

    name: ClassVar[str] = "code/abduction"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = ALPHABET
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: search over inputs, 4 or more tries of 40 by guessing; checking: 1 run"

    def __post_init__(self) -> None:
        check_max_level(self.max_level)

    @property
    def levels(self) -> range:
        """Size of the function."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: the chains of the sampler, each with one of 40 outputs that all differ."""
        self.check_level(level)
        return n_chains(level) * N_INPUTS

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a function, then one of the fixed inputs whose output is rare."""
        self.check_level(level)
        function, done = draw_function(rng, level, lambda _, done: bool(_rare(done)), risky=rng.random() < 0.3)
        place = rng.choice(_rare(done))
        return Solved(self._task(_prompt(function, done[place]), function, done[place]), inputs(function.takes)[place])

    def parse(self, prompt: str) -> Task:
        """Read a function and its output, and run it on the fixed inputs; see the module on what is refused."""
        function, output = self._read(prompt)
        return self._task(prompt, function, output)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the function on the answer."""
        try:
            function, output = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        if not is_input(answer, function.takes):
            return _NO_INPUT
        try:
            return RIGHT if results(function, [answer]) == [output] else WRONG
        except NoResult as problem:
            return undecided(problem)

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`; solutions are run like prompts, so that `pose` answers from memory, too."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, answer in pairs:
            with suppress(MalformedTask):
                if _ASKS in prompt:
                    function, _ = self._split(prompt)
                else:
                    function, answer = self._read_solution(prompt)
                runs.append((function, inputs(function.takes)))
                runs += [(function, [answer])] if is_input(answer, function.takes) else []
        run_together(runs)

    def solution(self, solved: Solved) -> str:
        """The function, called with the answer."""
        return f"{solved.task.prompt.rpartition(_ASKS)[0]}\nf({solved.answer})"

    def pose(self, solution: str) -> Solved:
        """Run a function on an input, and ask for an input that gives the same."""
        function, answer = self._read_solution(solution)
        (output,) = task_results(function, [answer])
        return Solved(self.parse(_prompt(function, output)), answer)

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """Another of the fixed inputs that gives the same, where there is one."""
        function, output = self._split(solved.task.prompt)
        known = inputs(function.takes)
        same = [text for text, done in zip(known, compute(function, known), strict=True) if done == output]
        return rng.choice(same)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """An input that gives another output."""
        function, output = self._split(solved.task.prompt)
        known = inputs(function.takes)
        others = [text for text, done in zip(known, compute(function, known), strict=True) if done != output]
        return rng.choice(others)

    def _read_solution(self, solution: str) -> tuple[Function, str]:
        check_length(solution)
        text, _, call = solution.rpartition("\nf(")
        function, answer = read_task_function(text, self.max_level), call[:-1]
        if not call.endswith(")") or not is_input(answer, function.takes):
            raise MalformedTask("not a function and a call of it with one input")
        return function, answer

    def _split(self, prompt: str) -> tuple[Function, str]:
        check_length(prompt)
        text, asks, output = prompt.rpartition(_ASKS)
        if not asks:
            raise MalformedTask("not a function and an output f(?)==...")
        function = read_task_function(text, self.max_level)
        if not is_result(output, function.gives, LONGEST_RESULT):
            raise MalformedTask("the output is no value of the function's type, or too long")
        return function, output

    def _read(self, prompt: str) -> tuple[Function, str]:
        function, output = self._split(prompt)
        n_give_it = task_results(function, inputs(function.takes)).count(output)
        if not 1 <= n_give_it <= MOST_GIVE_IT:
            raise MalformedTask(f"{n_give_it} of {N_INPUTS} known inputs give the output: not 1 to {MOST_GIVE_IT}")
        return function, output

    def _task(self, prompt: str, function: Function, output: str) -> Task:
        return Task(self.name, prompt, level_of(size(function)), canonical=_prompt(function, output))


def _prompt(function: Function, output: str) -> str:
    return f"{write(function)}{_ASKS}{output}"


def _rare(done: Sequence[str]) -> list[int]:
    """Places of inputs whose output a task may ask for."""
    counts = Counter(done)
    return [
        place
        for place, output in enumerate(done)
        if counts[output] <= MOST_GIVE_IT and output[0] != "!" and len(output) <= LONGEST_RESULT
    ]
