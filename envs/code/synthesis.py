"""Which program does what this sentence says? Descriptions of functions of the small Python, with three tests.

A task at level 2:

    list x. keep the even. add 3 to each. give the sum.
    f([3,1,2])==5
    f([])==0
    f([4,4,-1])==14

    answer def f(x:list):
            a=0
            for b in x:
             if b%2==0:
              a=a+b+3
            return a

Descriptions are of the closed grammar of `envs.program_descriptions`, so that `parse` builds the program they describe.
An answer has to do the same as that on all 40 fixed inputs of the type, in at most 64 nodes. The tests show the first
three of those, and follow from the description: prompts with other tests are refused, and so are descriptions of what
is nearly a constant.

Cost: the solver writes a program of some dozens of nodes in the right order; the checker runs two programs 40 times.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, Executed, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.program_descriptions import MAX_STEPS, NoDescription, draw_description, draw_sum, read_description
from envs.program_interpreter import compute
from envs.program_mutants import mutants, twin
from envs.program_reader import read
from envs.program_runs import NoResult, results, run_together
from envs.program_sampler import is_varied
from envs.program_tasks import (
    ALPHABET,
    LONGEST_RESULT,
    NO_TASK,
    RIGHT,
    check_length,
    read_answer,
    task_results,
    undecided,
)
from envs.program_tree import MAX_SIZE, Constant, Function, Return
from envs.program_values import inputs
from envs.program_writer import write

N_TESTS = 3
_ATTEMPTS = 4
_MUTANTS_TRIED = 8

_OTHER = Verdict(Outcome.INCORRECT, "not what the description says, on one of the known inputs", tier="executed")


@dataclass(frozen=True)
class Synthesis(Env, SolutionFirst, Executed):
    """Give a program that does what a description says.

    A task's level is the number of steps of its description.

    Attributes:
        max_steps: Most steps.
    """

    max_steps: int = MAX_STEPS

    name: ClassVar[str] = "code/synthesis"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = ALPHABET
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: about ten nodes of program a step, written in order; checking: 80 runs"

    def __post_init__(self) -> None:
        if not 1 <= self.max_steps <= MAX_STEPS:
            raise ValueError(f"max_steps={self.max_steps}: use 1 to {MAX_STEPS}")

    @property
    def levels(self) -> range:
        """Number of steps."""
        return range(1, self.max_steps + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: descriptions that only add a digit from 1 or multiply an integer by a digit from 2."""
        self.check_level(level)
        return int(17**level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw descriptions until one is far from a constant; after some, one of sums and products."""
        self.check_level(level)
        descriptions = [draw_description(rng, level) for _ in range(_ATTEMPTS)] if rng.random() >= 1 / 8 else []
        for description in [*descriptions, draw_sum(rng, level)]:
            function, _ = read_description(description)
            done = compute(function, inputs(function.takes))
            if _why_not(done) is None:
                break
        prompt = _prompt(description, function, done)
        return Solved(Task(self.name, prompt, level, canonical=description), write(function))

    def parse(self, prompt: str) -> Task:
        """Read a description and its tests; refused where it is nearly a constant, or a test is not what it says."""
        description, function, n_steps = self._split(prompt)
        self._run(prompt, description, function)
        return Task(self.name, prompt, n_steps, canonical=description)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the answer and the described function on all inputs."""
        try:
            description, function, _ = self._split(task.prompt)
            done = self._run(task.prompt, description, function)
        except MalformedTask:
            return NO_TASK
        other = read_answer(answer, function.takes, MAX_SIZE)
        if isinstance(other, Verdict):
            return other
        try:
            return RIGHT if results(other, inputs(function.takes)) == done else _OTHER
        except NoResult as problem:
            return undecided(problem)

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, answer in pairs:
            with suppress(MalformedTask):
                _, function, _ = self._split(prompt)
                known = inputs(function.takes)
                runs.append((function, known))
                other = read_answer(answer, function.takes, MAX_SIZE)
                runs += [(other, known)] if isinstance(other, Function) else []
        run_together(runs)

    def solution(self, solved: Solved) -> str:
        """The description, without tests."""
        return solved.task.canonical

    def pose(self, solution: str) -> Solved:
        """Build what a description describes, and show three tests of it."""
        check_length(solution)
        function, _ = self._described(solution)
        done = task_results(function, inputs(function.takes))
        refusal = _why_not(done)
        if refusal:
            raise MalformedTask(refusal)
        return Solved(self.parse(_prompt(solution, function, done)), write(function))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The program with two arguments swapped that commute, or in a wider layout."""
        return twin(read(solved.answer), rng)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A mutant of the program that does something else; if none is found soon, a constant."""
        function = read(solved.answer)
        known = inputs(function.takes)
        done, others = compute(function, known), mutants(function)
        for _ in range(min(_MUTANTS_TRIED, len(others))):
            other = others.pop(rng.randrange(len(others)))
            if compute(other, known) != done:
                return write(other)
        return write(Function("x", function.takes, "int", (Return(Constant(0, "int")),)))

    def _described(self, description: str) -> tuple[Function, int]:
        try:
            function, n_steps = read_description(description)
        except NoDescription as refusal:
            raise MalformedTask(str(refusal)) from None
        if n_steps > self.max_steps:
            raise MalformedTask(f"more than {self.max_steps} steps")
        return function, n_steps

    def _split(self, prompt: str) -> tuple[str, Function, int]:
        check_length(prompt)
        description, _, _ = prompt.partition("\n")
        return description, *self._described(description)

    def _run(self, prompt: str, description: str, function: Function) -> list[str]:
        done = task_results(function, inputs(function.takes))
        refusal = _why_not(done)
        if refusal:
            raise MalformedTask(refusal)
        if prompt != _prompt(description, function, done):
            raise MalformedTask(f"not the first {N_TESTS} tests that follow from the description")
        return done


def _prompt(description: str, function: Function, done: Sequence[str]) -> str:
    tests = zip(inputs(function.takes)[:N_TESTS], done, strict=False)
    return "\n".join([description, *(f"f({given})=={output}" for given, output in tests)])


def _why_not(done: Sequence[str]) -> str | None:
    """Why results make no task, if they do not."""
    if any(output[0] == "!" for output in done):
        return "it passes a bound on some of the known inputs"
    if not is_varied(done):
        return "it gives the same on most of the known inputs"
    return (
        f"a test of more than {LONGEST_RESULT} characters" if max(map(len, done[:N_TESTS])) > LONGEST_RESULT else None
    )
