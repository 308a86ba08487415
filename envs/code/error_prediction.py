"""Does this call end well, and if not, in which error? Functions of the small Python, run by Python.

Two tasks, at levels 1 and 2:

    def f(x:list):            def f(x:int):
     return x[-1]//x[0]        return str(x)[2]+'a'
    f([0,5])!?                f(10)!?

    answer ZeroDivisionError  answer IndexError

The answer is `ok` where the call gives a value, else the name of the error. Calls beyond the bounds of the subset are
refused, as Python itself has no error there.

Cost: the solver has to reach the step that fails, or show that none does; the checker runs it. No more asymmetry.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, Executed, MalformedTask, Outcome, Solved, Task, Verdict
from envs.program_interpreter import compute
from envs.program_runs import run_together
from envs.program_sampler import draw_failing_chain, draw_function, level_of, n_chains
from envs.program_tasks import (
    ALPHABET,
    NO_TASK,
    RIGHT,
    WRONG,
    check_length,
    check_max_level,
    read_task_function,
    task_results,
)
from envs.program_tree import ERRORS, Function, size
from envs.program_values import N_INPUTS, inputs, is_input
from envs.program_writer import write

ANSWERS = ("ok", *ERRORS)

_CALL, _ASKS = "\nf(", ")!?"
_NO_ENDING = Verdict(Outcome.MALFORMED, f"not one of {', '.join(ANSWERS)}")


@dataclass(frozen=True)
class ErrorPrediction(Env, Executed):
    """Tell how a call ends.

    A task's level is the size of its function in steps of four nodes: up to 6 nodes, 10, 14, ...

    Attributes:
        max_level: Highest level.
    """

    max_level: int = 4

    name: ClassVar[str] = "code/error_prediction"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "".join(sorted({*ALPHABET, *"".join(ANSWERS)}))
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: every step up to the error; checking: the same steps, by machine; 5 answers"

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
        """Draw an ending, a function that ends so on some of the fixed inputs, and one of those."""
        self.check_level(level)
        ending = rng.choice(ANSWERS)
        function, done = draw_function(
            rng, level, lambda _, done: len(set(_endings(done))) > 1 and ending in _endings(done), risky=True
        )
        if ending not in _endings(done):
            function = draw_failing_chain(rng, level, ending)
            done = compute(function, inputs(function.takes))
        places = [place for place, found in enumerate(_endings(done)) if found == ending]
        place = rng.choice(places)
        given = inputs(function.takes)[place]
        return Solved(self._task(_prompt(function, given), function, given), ending)

    def parse(self, prompt: str) -> Task:
        """Read a function and an input; refused where the call passes a bound of the subset."""
        function, given, _ = self._run(prompt)
        return self._task(prompt, function, given)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the call."""
        try:
            _, _, ending = self._run(task.prompt)
        except MalformedTask:
            return NO_TASK
        if answer not in ANSWERS:
            return _NO_ENDING
        return RIGHT if answer == ending else WRONG

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`; answers are not run."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, _ in pairs:
            with suppress(MalformedTask):
                function, given = self._read(prompt)
                runs.append((function, [given]))
        run_together(runs)

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an ending has one name."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """Another ending."""
        return rng.choice([ending for ending in ANSWERS if ending != solved.answer])

    def _read(self, prompt: str) -> tuple[Function, str]:
        check_length(prompt)
        text, _, call = prompt.rpartition(_CALL)
        function, given = read_task_function(text, self.max_level), call.removesuffix(_ASKS)
        if given == call or not is_input(given, function.takes):
            raise MalformedTask("not a function and f(...)!? with an input of its type")
        return function, given

    def _run(self, prompt: str) -> tuple[Function, str, str]:
        function, given = self._read(prompt)
        (ending,) = _endings(task_results(function, [given]))
        if ending not in ANSWERS:
            raise MalformedTask("the call passes a bound of the subset")
        return function, given, ending

    def _task(self, prompt: str, function: Function, given: str) -> Task:
        return Task(self.name, prompt, level_of(size(function)), canonical=_prompt(function, given))


def _prompt(function: Function, given: str) -> str:
    return f"{write(function)}{_CALL}{given}{_ASKS}"


def _endings(done: Sequence[str]) -> list[str]:
    return [output[1:] if output[0] == "!" else "ok" for output in done]
