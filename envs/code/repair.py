"""What is this program's one slip? Functions of the small Python with tests, one of which fails.

A task at level 1, its answer, and what is no answer:

    def f(x:int):
     return x*3+2
    f(2)==7
    f(0)==1
    f(5)==16
    f(-3)==-8
    #91d04b7e

    answer def f(x:int):        not   def f(x:int):
            return x*3+1                return x*3+2

The tests are at four of the 40 fixed inputs of the type; the program shown fails one of them at least, so it is never
its own repair. An answer has to pass them, to agree with the tag on the other 36 inputs (`envs.program_seal`: it
commits to what the right program gives there), and may have two nodes more than the program shown.

A model poses a task by writing a right program and a wrong one (`pose`); a prompt with an invented tag is refused, but
for one in 65,536.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar, NamedTuple

from envs.core import Env, Executed, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.program_interpreter import compute
from envs.program_mutants import mutants, twin
from envs.program_runs import NoResult, results, run_together
from envs.program_sampler import draw_function, is_varied, level_of, n_chains
from envs.program_seal import N_DIGITS, holds, is_sealed, seal
from envs.program_tasks import (
    ALPHABET,
    LONGEST_RESULT,
    NO_TASK,
    check_length,
    check_max_level,
    read_answer,
    read_task_function,
    task_results,
    undecided,
)
from envs.program_tree import Function, size
from envs.program_values import inputs, is_result
from envs.program_writer import write

N_TESTS = 4
SLACK = 2
"""Nodes that an answer may have beyond the program shown."""

_TEST = re.compile(r"f\(([^()]*)\)==([^()=]*)")
_TAG = re.compile(rf"#[0-9a-f]{{{N_DIGITS}}}")
_MUTANTS_TRIED = 3

_RIGHT = Verdict(Outcome.CORRECT, tier="commitment")
_FAILS = Verdict(Outcome.INCORRECT, "a test fails", tier="executed")
_NOT_HIDDEN = Verdict(Outcome.INCORRECT, "the tests pass, but not what the tag holds", tier="commitment")


class _Question(NamedTuple):
    """What a prompt asks.

    Attributes:
        broken: The program shown.
        places: Of the fixed inputs, those of the tests.
        expected: Results that the tests want.
        head: Canonical text of all but the tag.
        tag: Commitment and seal.
    """

    broken: Function
    places: tuple[int, ...]
    expected: tuple[str, ...]
    head: str
    tag: str


@dataclass(frozen=True)
class Repair(Env, SolutionFirst, Executed):
    """Give the right program for a wrong one.

    A task's level is the size of the program shown in steps of four nodes: up to 6 nodes, 10, 14, ...

    Attributes:
        max_level: Highest level.
    """

    max_level: int = 4

    name: ClassVar[str] = "code/repair"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = ALPHABET
    tiers: ClassVar[tuple[str, ...]] = ("executed", "commitment")
    asymmetry: ClassVar[str] = (
        "solving: some dozens of single changes, each tried on the tests; checking: 40 runs, a hash"
    )

    def __post_init__(self) -> None:
        check_max_level(self.max_level)

    @property
    def levels(self) -> range:
        """Size of the program shown."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: each chain of the sampler is the mutant of another, whose last digit is next to its own."""
        self.check_level(level)
        return n_chains(level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a function that raises nowhere, and a mutant of it that does something else."""
        self.check_level(level)
        found: list[tuple[Function, str]] = []

        def has_mutant(function: Function, done: list[str]) -> bool:
            others = mutants(function) if is_varied(done) else []
            for _ in range(min(_MUTANTS_TRIED, len(others))):
                broken = others.pop(rng.randrange(len(others)))
                prompt = _prompt(broken, done, compute(broken, inputs(function.takes)))
                if prompt is not None:
                    found[:] = [(broken, prompt)]
                    return True
            return False

        function, done = draw_function(rng, level, has_mutant)
        if not found and not has_mutant(function, done):
            broken = mutants(function)[-1]  # another last digit of a chain: no input gives the same
            prompt = _prompt(broken, done, compute(broken, inputs("int")))
            assert prompt is not None
            found.append((broken, prompt))
        ((broken, prompt),) = found
        return Solved(self._task(self._read(prompt), prompt), write(function))

    def parse(self, prompt: str) -> Task:
        """Read a program, its tests and the tag; refused unless sealed, and where the program passes all tests."""
        question = self._read(prompt)
        self._check_fails(question)
        return self._task(question, prompt)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the answer on all inputs: tests are compared, the rest is hashed."""
        try:
            question = self._read(task.prompt)
            self._check_fails(question)
        except MalformedTask:
            return NO_TASK
        function = read_answer(answer, question.broken.takes, size(question.broken) + SLACK)
        if isinstance(function, Verdict):
            return function
        try:
            done = results(function, inputs(function.takes))
        except NoResult as problem:
            return undecided(problem)
        if tuple(done[place] for place in question.places) != question.expected:
            return _FAILS
        return _RIGHT if holds(question.head, question.tag, _hidden(done, question.places)) else _NOT_HIDDEN

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`; both programs of a solution are run, so that `pose` answers from memory, too."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, answer in pairs:
            with suppress(MalformedTask):
                if "\ndef f" in prompt:
                    runs += [(program, inputs(program.takes)) for program in self._read_solution(prompt)]
                    continue
                question = self._read(prompt)
                known = inputs(question.broken.takes)
                runs.append((question.broken, known))
                function = read_answer(answer, question.broken.takes, size(question.broken) + SLACK)
                runs += [(function, known)] if isinstance(function, Function) else []
        run_together(runs)

    def solution(self, solved: Solved) -> str:
        """The right program, then the wrong one."""
        return f"{solved.answer}\n{write(self._read(solved.task.prompt).broken)}"

    def pose(self, solution: str) -> Solved:
        """Run both programs, and show the second with tests that the first passes."""
        function, broken = self._read_solution(solution)
        known = inputs(function.takes)
        done = task_results(function, known)
        prompt = None
        if not any(output[0] == "!" for output in done):
            prompt = _prompt(broken, done, task_results(broken, known))
        if prompt is None:
            raise MalformedTask("the programs do the same, or the right one raises or gives long results")
        return Solved(self.parse(prompt), write(function))

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The program with two arguments swapped that commute, or in a wider layout."""
        return twin(read_task_function(solved.answer, self.max_level + 1), rng)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The program shown, or another mutant of the right one."""
        broken = write(self._read(solved.task.prompt).broken)
        function = read_task_function(solved.answer, self.max_level + 1)
        known = inputs(function.takes)
        others = mutants(function)
        other = others[rng.randrange(len(others))] if others else function
        return broken if compute(other, known) == compute(function, known) else write(other)

    def _read_solution(self, solution: str) -> tuple[Function, Function]:
        check_length(solution)
        right, between, wrong = solution.partition("\ndef f")
        if not between:
            raise MalformedTask("not a right program f and a wrong program f")
        function = read_task_function(right, self.max_level + 1)
        broken = read_task_function(f"def f{wrong}", self.max_level)
        if function.takes != broken.takes or size(function) > size(broken) + SLACK:
            raise MalformedTask(f"the right program takes another type, or has over {SLACK} nodes more")
        return function, broken

    def _read(self, prompt: str) -> _Question:
        check_length(prompt)
        *lines, tag = prompt.split("\n")
        tests = [_TEST.fullmatch(line) for line in lines[-N_TESTS:]]
        if None in tests or not _TAG.fullmatch(tag):
            raise MalformedTask(f"not a program, {N_TESTS} tests f(...)==... and a last line #tag")
        broken = read_task_function("\n".join(lines[:-N_TESTS]), self.max_level)
        known = inputs(broken.takes)
        given = [test[1] for test in tests if test]
        expected = tuple(test[2] for test in tests if test)
        places = tuple(known.index(text) for text in given if text in known)
        if len(places) != N_TESTS or list(places) != sorted(set(places)):
            raise MalformedTask("a test at an input that is not one of the known ones, or out of their order")
        if not all(is_result(output, broken.gives, LONGEST_RESULT) for output in expected):
            raise MalformedTask("a test wants no value of the program's type, or a long one")
        head = _head(broken, given, expected)
        if not is_sealed(head, tag[1:]):
            raise MalformedTask("the tag is not sealed: a task is posed by writing both programs")
        return _Question(broken, places, expected, head, tag[1:])

    def _check_fails(self, question: _Question) -> None:
        done = task_results(question.broken, inputs(question.broken.takes))
        if tuple(done[place] for place in question.places) == question.expected:
            raise MalformedTask("the program passes all tests")

    def _task(self, question: _Question, prompt: str) -> Task:
        canonical = f"{question.head}\n#{question.tag}"
        return Task(self.name, prompt, level_of(size(question.broken)), canonical)


def _head(broken: Function, given: Sequence[str], expected: Sequence[str]) -> str:
    tests = [f"f({text})=={output}" for text, output in zip(given, expected, strict=True)]
    return "\n".join([write(broken), *tests])


def _hidden(done: Sequence[str], places: Sequence[int]) -> list[str]:
    return [output for place, output in enumerate(done) if place not in places]


def _prompt(broken: Function, done: Sequence[str], broken_done: Sequence[str]) -> str | None:
    """The prompt of a wrong program and what the right one gives; None where no short test fails."""
    short = [place for place, output in enumerate(done) if len(output) <= LONGEST_RESULT]
    failing = [place for place in short if done[place] != broken_done[place]][:1]
    places = sorted([*failing, *[place for place in short if place not in failing][: N_TESTS - 1]])
    if not failing or len(places) < N_TESTS:
        return None
    head = _head(broken, [inputs(broken.takes)[place] for place in places], [done[place] for place in places])
    return f"{head}\n#{seal(head, _hidden(done, places))}"
