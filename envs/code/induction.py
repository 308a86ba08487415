"""Which program does this? Examples of a function of the small Python, and a tag that binds what they leave open.

A task at level 1:

    f(2)==7
    f(0)==1
    f(5)==16
    f(-3)==-8
    f(7)==22
    f(12)==37
    size<=8#5c0e9a61

    answer def f(x:int):
            return x*3+1

The examples are at the first six of the 40 fixed inputs of the type. An answer has to give them, has to agree with the
tag on the other 34 (`envs.program_seal`: the tag commits to what the hidden function gives there without telling it),
and may have no more nodes than the bound, which is two above the hidden function's size. The highest bound is 28, and a
table of the examples (`if x==2: return 7`, ...) takes 32 nodes at least; it would not go on rightly either.

Programs first: a model poses a task by writing a program (`pose`). A prompt with an invented tag is refused, but for
one in 65,536. After the induction tasks of Absolute Zero (Zhao et al., 2025, arXiv:2505.03335, section 3.2), where
held-back examples are stored beside the task instead.
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
from envs.program_sampler import draw_function, is_varied, largest_size, level_of, n_chain_behaviours
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
from envs.program_tree import Constant, Function, Return, Type, size
from envs.program_values import inputs, is_result
from envs.program_writer import write

N_SHOWN = 6
SLACK = 2
"""Nodes that an answer may have beyond the hidden function's."""

_TYPES: tuple[Type, ...] = ("int", "bool", "str", "list")
_EXAMPLE = re.compile(r"f\(([^()]*)\)==([^()=]*)")
_LAST = re.compile(rf"size<=([1-9][0-9]?)#([0-9a-f]{{{N_DIGITS}}})")
_MUTANTS_TRIED = 8

_RIGHT = Verdict(Outcome.CORRECT, tier="commitment")
_NOT_SHOWN = Verdict(Outcome.INCORRECT, "not what an example shows", tier="executed")
_NOT_HIDDEN = Verdict(Outcome.INCORRECT, "the examples, but not what the tag holds", tier="commitment")


class _Question(NamedTuple):
    """What a prompt asks.

    Attributes:
        takes: Type of the parameter.
        shown: Results at the first inputs of the type.
        most_nodes: Largest size of an answer.
        tag: Commitment and seal.
    """

    takes: Type
    shown: tuple[str, ...]
    most_nodes: int
    tag: str


@dataclass(frozen=True)
class Induction(Env, SolutionFirst, Executed):
    """Give a program that does what examples show.

    A task's level is the size of the hidden function in steps of four nodes: up to 6 nodes, 10, 14, ...

    Attributes:
        max_level: Highest level.
    """

    max_level: int = 4

    name: ClassVar[str] = "code/induction"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = ALPHABET
    tiers: ClassVar[tuple[str, ...]] = ("executed", "commitment")
    asymmetry: ClassVar[str] = "solving: search over programs, exponential in their size; checking: 40 runs and a hash"

    def __post_init__(self) -> None:
        check_max_level(self.max_level)

    @property
    def levels(self) -> range:
        """Size of the hidden function."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: what chains of the sampler do, counted by factor and sum, which two examples tell."""
        self.check_level(level)
        return n_chain_behaviours(level)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a function that raises nowhere, and show what it does."""
        self.check_level(level)
        function, done = draw_function(rng, level, lambda _, done: is_varied(done) and _why_not(done) is None)
        return Solved(self.parse(_prompt(function, done)), write(function))

    def parse(self, prompt: str) -> Task:
        """Read examples, bound and tag; refused unless the tag is sealed and the examples say something."""
        question = self._read(prompt)
        return Task(self.name, prompt, level_of(question.most_nodes - SLACK), canonical=prompt)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the answer on all inputs: examples are compared, the rest is hashed."""
        try:
            question = self._read(task.prompt)
        except MalformedTask:
            return NO_TASK
        function = read_answer(answer, question.takes, question.most_nodes)
        if isinstance(function, Verdict):
            return function
        try:
            done = results(function, inputs(function.takes))
        except NoResult as problem:
            return undecided(problem)
        if tuple(done[:N_SHOWN]) != question.shown:
            return _NOT_SHOWN
        head = task.prompt[: -N_DIGITS - 1]
        return _RIGHT if holds(head, question.tag, done[N_SHOWN:]) else _NOT_HIDDEN

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`; solutions are run like answers, so that `pose` answers from memory, too."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, answer in pairs:
            with suppress(MalformedTask):
                if prompt.startswith("def"):
                    function: Function | Verdict = self._read_solution(prompt)
                else:
                    question = self._read(prompt)
                    function = read_answer(answer, question.takes, question.most_nodes)
                if isinstance(function, Function):
                    runs.append((function, inputs(function.takes)))
        run_together(runs)

    def solution(self, solved: Solved) -> str:
        """A program of the size that the bound was made of: the answer."""
        return solved.answer

    def pose(self, solution: str) -> Solved:
        """Run a program, and ask for one that does the same."""
        function = self._read_solution(solution)
        done = task_results(function, inputs(function.takes))
        refusal = _why_not(done)
        if refusal:
            raise MalformedTask(refusal)
        return Solved(self.parse(_prompt(function, done)), solution)

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The program with two arguments swapped that commute, or in a wider layout."""
        return twin(read_task_function(solved.answer, self.max_level), rng)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """A mutant of the program that does something else; if none is found soon, a constant."""
        function = read_task_function(solved.answer, self.max_level)
        known = inputs(function.takes)
        done, others = compute(function, known), mutants(function)
        for _ in range(min(_MUTANTS_TRIED, len(others))):
            other = others.pop(rng.randrange(len(others)))
            if compute(other, known) != done:
                return write(other)
        return write(Function(function.parameter, function.takes, "int", (Return(Constant(0, "int")),)))

    def _read_solution(self, solution: str) -> Function:
        check_length(solution)
        return read_task_function(solution, self.max_level)

    def _read(self, prompt: str) -> _Question:
        question = _read(prompt)
        if not 1 < question.most_nodes - SLACK <= largest_size(self.max_level):
            raise MalformedTask(f"a bound of no function of levels 1 to {self.max_level}")
        return question


def _prompt(function: Function, done: Sequence[str]) -> str:
    known = inputs(function.takes)
    lines = [f"f({given})=={output}" for given, output in zip(known[:N_SHOWN], done[:N_SHOWN], strict=True)]
    head = "\n".join([*lines, f"size<={size(function) + SLACK}"])
    return f"{head}#{seal(head, done[N_SHOWN:])}"


def _read(prompt: str) -> _Question:
    check_length(prompt)
    *lines, last = prompt.split("\n")
    bound, examples = _LAST.fullmatch(last), [_EXAMPLE.fullmatch(line) for line in lines]
    if bound is None or None in examples:
        raise MalformedTask("not examples f(...)==... and a last line size<=...#tag")
    given = tuple(example[1] for example in examples if example)
    shown = tuple(example[2] for example in examples if example)
    for takes in ("int", "str", "list"):
        if given == inputs(takes)[:N_SHOWN]:
            break
    else:
        raise MalformedTask(f"not the first {N_SHOWN} inputs of a type, in order")
    if not any(all(is_result(output, kind, LONGEST_RESULT) for output in shown) for kind in _TYPES):
        raise MalformedTask("the outputs are no values of one type")
    if len(set(shown)) < 2:
        raise MalformedTask("all examples give the same")
    if not is_sealed(prompt[: -N_DIGITS - 1], bound[2]):
        raise MalformedTask("the tag is not sealed: a task is posed by writing its program")
    return _Question(takes, shown, int(bound[1]), bound[2])


def _why_not(done: Sequence[str]) -> str | None:
    """Why results make no task, if they do not."""
    if any(output[0] == "!" for output in done):
        return "it raises on some of the known inputs"
    if len(set(done[:N_SHOWN])) < 2:
        return "all examples give the same"
    if max(map(len, done[:N_SHOWN])) > LONGEST_RESULT:
        return f"an example of more than {LONGEST_RESULT} characters"
    return None
