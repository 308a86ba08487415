"""Which input tells these two functions apart? Functions of the small Python, run by Python.

Two tasks, at levels 1 and 2:

    def f(x:int):            def f(x:list):
     return max(x,3)          return x[:2]==x[::-1]
    def g(x:int):            def g(x:list):
     return abs(x)            return x[1:]==x[::-1]
    f(?)!=g(?)               f(?)!=g(?)

    answer 0                 answer [1,1]

Every input counts on which one gives what the other does not: another value, or another error. A task is well-posed if
some of the 40 fixed inputs of the type tell the functions apart, and at most half do. Functions that agree on all of
them are refused, also where some other input would do: whether two functions differ at all cannot be decided, and a
task without an answer would be an endless one. So nothing that `parse` lets through lacks an answer.

This is a test that kills a mutant (DeMillo, Lipton and Sayward, 1978), asked for one mutant at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from envs.core import Env, Executed, MalformedTask, Outcome, Solved, Task, Verdict
from envs.program_interpreter import compute
from envs.program_mutants import mutants
from envs.program_runs import NoResult, results, run_together
from envs.program_sampler import draw_function, is_varied, level_of, n_chains
from envs.program_tasks import (
    ALPHABET,
    NO_TASK,
    RIGHT,
    check_length,
    check_max_level,
    read_task_function,
    task_results,
    undecided,
)
from envs.program_tree import (
    OPERATIONS,
    Apply,
    Constant,
    Expression,
    Function,
    If,
    Items,
    Name,
    Return,
    Type,
    apply,
    size,
)
from envs.program_values import N_INPUTS, inputs, is_input
from envs.program_writer import write

MOST_TELL = N_INPUTS // 2
"""Of the fixed inputs, how many may tell the two functions of a task apart."""

_ASKS = "\nf(?)!=g(?)"
_MUTANTS_TRIED = 3
_FIRST_LOOK = 8
"""Inputs; a mutant that differs on all of the first is likely to on most."""

_LIMITS = (15, 16, 17, 18, 20, 24, 25)
"""Above each are 8 to 15 of the fixed integers."""

_SAME = Verdict(Outcome.INCORRECT, "both give the same", tier="executed")
_NO_INPUT = Verdict(Outcome.MALFORMED, "not an input of the functions' type in its usual spelling")


@dataclass(frozen=True)
class Distinction(Env, Executed):
    """Give an input on which two functions differ.

    A task's level is the size of its smaller function in steps of four nodes: up to 6 nodes, 10, 14, ...

    Attributes:
        max_level: Highest level.
    """

    max_level: int = 4

    name: ClassVar[str] = "code/test_writing"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = ALPHABET
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: search over inputs, 2 or more tries by guessing; checking: 2 runs"

    def __post_init__(self) -> None:
        check_max_level(self.max_level)

    @property
    def levels(self) -> range:
        """Size of the smaller function."""
        return range(1, self.max_level + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: the chains of the sampler, each beside itself with one of 7 limits above which x is given."""
        self.check_level(level)
        return n_chains(level) * len(_LIMITS)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a function, and a mutant that differs on few inputs; else another return is planted for some inputs."""
        self.check_level(level)
        found: list[Function] = []

        def has_mutant(function: Function, done: list[str]) -> bool:
            if not is_varied(done):
                return False
            known, others = inputs(function.takes), mutants(function)
            chosen = [others.pop(rng.randrange(len(others))) for _ in range(min(_MUTANTS_TRIED, len(others)))]
            for other in [*chosen, _planted(function, rng)]:
                if len(_telling(done[:_FIRST_LOOK], compute(other, known[:_FIRST_LOOK]))) == _FIRST_LOOK:
                    continue
                if 1 <= len(_telling(done, compute(other, known))) <= MOST_TELL:
                    found[:] = [other]
                    return True
            return False

        function, done = draw_function(rng, level, has_mutant, risky=rng.random() < 0.2)
        known = inputs(function.takes)
        other = found[0] if found else _limited(function, rng.choice(_LIMITS))
        place = rng.choice(_telling(done, compute(other, known)))
        pair = (function, other) if rng.random() < 0.5 else (other, function)
        return Solved(self._task(_prompt(*pair), *pair), known[place])

    def parse(self, prompt: str) -> Task:
        """Read two functions and run both on the fixed inputs; see the module on what is refused."""
        return self._task(prompt, *self._run(prompt))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run both functions on the answer."""
        try:
            first, second = self._run(task.prompt)
        except MalformedTask:
            return NO_TASK
        if not is_input(answer, first.takes):
            return _NO_INPUT
        try:
            return RIGHT if _telling(results(first, [answer]), results(second, [answer])) else _SAME
        except NoResult as problem:
            return undecided(problem)

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`."""
        runs: list[tuple[Function, Sequence[str]]] = []
        for prompt, answer in pairs:
            with suppress(MalformedTask):
                for function in self._read(prompt):
                    runs.append((function, inputs(function.takes)))
                    runs += [(function, [answer])] if is_input(answer, function.takes) else []
        run_together(runs)

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """Any of the fixed inputs that tells the functions apart."""
        return rng.choice(self._inputs(solved)[0])

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """An input on which both do the same."""
        return rng.choice(self._inputs(solved)[1])

    def _inputs(self, solved: Solved) -> tuple[list[str], list[str]]:
        """The fixed inputs that tell the functions apart, and those that do not."""
        first, second = self._read(solved.task.prompt)
        known = inputs(first.takes)
        places = _telling(compute(first, known), compute(second, known))
        return [known[n] for n in places], [text for n, text in enumerate(known) if n not in places]

    def _read(self, prompt: str) -> tuple[Function, Function]:
        check_length(prompt)
        pair, asks, rest = prompt.rpartition(_ASKS)
        one, between, other = pair.partition("\ndef g")
        if not asks or rest or not between:
            raise MalformedTask("not functions f and g and the line f(?)!=g(?)")
        first = read_task_function(one, self.max_level + 2)
        second = read_task_function(f"def g{other}", self.max_level + 2, "g")
        if first.takes != second.takes:
            raise MalformedTask("the functions take different types")
        if _level(first, second) > self.max_level:
            raise MalformedTask(f"both functions above level {self.max_level}")
        return first, second

    def _run(self, prompt: str) -> tuple[Function, Function]:
        first, second = self._read(prompt)
        known = inputs(first.takes)
        n_tell = len(_telling(task_results(first, known), task_results(second, known)))
        if not 1 <= n_tell <= MOST_TELL:
            raise MalformedTask(f"{n_tell} of {N_INPUTS} known inputs tell the functions apart: not 1 to {MOST_TELL}")
        return first, second

    def _task(self, prompt: str, first: Function, second: Function) -> Task:
        canonical = min(_prompt(first, second), _prompt(second, first))
        return Task(self.name, prompt, _level(first, second), canonical)


def _prompt(first: Function, second: Function) -> str:
    return f"{write(first)}\n{write(second, 'g')}{_ASKS}"


def _level(first: Function, second: Function) -> int:
    return level_of(min(size(first), size(second)))


def _telling(one: Sequence[str], other: Sequence[str]) -> list[int]:
    """Places where two functions do something else; a bound of the subset tells nothing."""
    return [
        place
        for place, pair in enumerate(zip(one, other, strict=True))
        if pair[0] != pair[1] and "!OverflowError" not in pair
    ]


def _limited(chain: Function, limit: int) -> Function:
    """The chain, but the parameter itself above a limit: a chain gives its own argument for one integer at most."""
    x = Name(chain.parameter, "int")
    test = Apply(OPERATIONS["infix", ">", ("int", "int")], (x, Constant(limit, "int")))
    return Function(chain.parameter, "int", "int", (If(test, (Return(x),), ()), *chain.body))


def _planted(function: Function, rng: Random) -> Function:
    """The function, but another return where a test of the parameter holds: 10 nodes more at most."""
    x = Name(function.parameter, function.takes)
    if function.takes == "int":
        return _limited(function, rng.choice(_LIMITS)) if function.gives == "int" else function
    length, digit = apply("call", "len", x), Constant(rng.randint(1, 4), "int")
    assert length is not None
    member = Constant(rng.choice("abc"), "str") if function.takes == "str" else digit
    test = apply("infix", ">", length, digit) if rng.random() < 0.5 else apply("infix", "in", member, x)
    assert test is not None
    values: dict[Type, Expression | None] = {
        "int": length,
        "bool": Constant(rng.random() < 0.5, "bool"),
        "str": x if function.takes == "str" else apply("call", "str", length),
        "list": x if function.takes == "list" else Items((length,)),
    }
    value = values[function.gives]
    assert value is not None
    return replace(function, body=(If(test, (Return(value),), ()), *function.body))
