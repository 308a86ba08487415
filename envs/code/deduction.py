"""What does this program compute? Straight-line programs in a small subset of Python, run by Python.

Two tasks, at levels 3 and 2:

    a=7;b=a*2+1;b-a                    answer 8
    a=5;max(a,3) if a>9 else -a%3      answer 1

Cost: a solver has to take every step of the program in order without a slip, and so does the checker, but at a
machine's speed. There is no shortcut from the answer back to the program, so this family has no asymmetry beyond that.

`envs.programs` reads the text, so that only what its grammar admits is ever run, and writes samples; their value, and
that of every program a model writes, is what Python gives in the sandbox.
"""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from envs import sandbox
from envs.core import Env, Executed, MalformedTask, Solved, Task, Verdict
from envs.execution import execute
from envs.numerals import NO_TASK, check_integer, slip
from envs.programs import (
    Binary,
    Choice,
    Expression,
    Integer,
    Program,
    ProgramError,
    Unary,
    Variable,
    evaluate,
    read,
    write,
)

_OPERATORS = {"+": "+", "-": "-", "*": "*", "/": "//", "%": "%"}
_COMPUTE: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
}
_COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")
_ATTEMPTS = 8
_LARGEST_LITERAL = 20
_LARGEST_COUNTED = 200
_LONGEST = 2_000
_VALUES = re.compile(r"\[(-?[0-9]+(?:, -?[0-9]+)*)\]")


@dataclass(frozen=True)
class Deduction(Env, Executed):
    """Give the value of a program's last expression.

    A task's level is its number of statements, the last expression included.

    Attributes:
        max_statements: Most statements of a program.
        max_value: Largest size of the program's value, and of any name's at its end.
        operators: Which of `+`, `-`, `*`, `/` and `%` occur; `/` stands for floor division and is written `//`.
        calls: Whether `min`, `max` and `abs` occur.
        choices: Whether conditional expressions occur.
    """

    max_statements: int = 4
    max_value: int = 999
    operators: str = "+-*/%"
    calls: bool = True
    choices: bool = True

    name: ClassVar[str] = "code/deduction"
    version: ClassVar[int] = 2
    tiers: ClassVar[tuple[str, ...]] = ("executed",)
    asymmetry: ClassVar[str] = "solving: every step of the program in order; checking: the same steps, by machine"

    def __post_init__(self) -> None:
        if not 1 <= self.max_statements <= 20:
            raise ValueError(f"max_statements={self.max_statements}: use 1 to 20")
        if not 20 <= self.max_value <= 10**12:
            raise ValueError(f"max_value={self.max_value}: use 20 to 10**12")
        distinct = set(self.operators)
        if not distinct or not distinct <= set(_OPERATORS) or len(distinct) < len(self.operators):
            raise ValueError(f"operators={self.operators!r}: use one or more of '+', '-', '*', '/' and '%', each once")

    @property
    def alphabet(self) -> str:
        """Only what the configured operators, calls and choices need."""
        names = "abcdefghijklmnopqrstuvwxyz"[: self.max_statements]
        calls = "minmaxabs(),-" if self.calls else ""
        choices = " if else<>=!" if self.choices else ""
        return "".join(sorted({*"0123456789=;()", *names, *self.operators, *calls, *choices}))

    @property
    def levels(self) -> range:
        """Number of statements."""
        return range(1, self.max_statements + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: only programs that apply an operator and a literal to the newest value, at each statement.

        The last statement may be such an operation as the first branch of a choice, too.
        """
        self.check_level(level)
        bound = min(self.max_value, _LARGEST_COUNTED)
        ways = dict.fromkeys(range(_LARGEST_LITERAL + 1), 1)  # value of the newest name -> programs that give it
        for _ in range(max(1, level - 1)):
            following: dict[int, int] = defaultdict(int)
            for value, n_programs in ways.items():
                for sign in self.operators:
                    for right in range(2, 10) if sign in "/%" else range(_LARGEST_LITERAL + 1):
                        result = _COMPUTE[sign](value, right)
                        if abs(result) <= bound:
                            following[result] += n_programs
            ways = following
        n_choices = len(_COMPARISONS) * (_LARGEST_LITERAL + 1) ** 2 if self.choices else 0
        return sum(ways.values()) * (1 + n_choices)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw statements one by one, each again until its value stays within the bound."""
        self.check_level(level)
        assignments: list[tuple[str, Expression]] = []
        for index in range(level):
            names = [name for name, _ in assignments]
            for _ in range(_ATTEMPTS):
                drawn = self._expression(rng, names) if index or level == 1 else _literal(rng)
                program = Program(tuple(assignments), drawn)
                if self._has_value(program):
                    break
            else:
                program = Program(tuple(assignments), Variable(names[-1]) if names else _literal(rng))
            assignments.append((chr(ord("a") + index), program.result))
        return Solved(self._task(write(program), program), str(evaluate(program, self.max_value)))

    def parse(self, prompt: str) -> Task:
        """Read and run a program; refused where it fails or a value leaves the bound."""
        program = self._read(prompt)
        self._value(prompt, program)
        return self._task(prompt, program)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the program; only the usual spelling of an integer counts."""
        try:
            value = self._value(task.prompt, self._read(task.prompt))
        except MalformedTask:
            return NO_TASK
        verdict = check_integer(answer, value)
        return replace(verdict, tier="executed") if verdict.tier else verdict

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """See `Executed.run_ahead`; answers are not run."""
        programs = []
        for prompt, _ in pairs:
            with suppress(MalformedTask):
                programs.append(_runnable(prompt, self._read(prompt)))
        execute(programs)

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: an integer has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer off by one, as after a slip of rounding or counting, or in one digit."""
        return str(slip(int(solved.answer), rng, signed="-" in self.alphabet))

    def _expression(self, rng: Random, names: list[str]) -> Expression:
        """A random expression that begins with the newest name, so that few statements are idle."""
        newest: Expression = Variable(names[-1]) if names else _literal(rng)
        kinds = ["one", "one", "two", "two", *(["call"] if self.calls else []), *(["choice"] if self.choices else [])]
        match rng.choice(kinds):
            case "one":
                return self._operation(rng, newest, names)
            case "two":
                inner = self._operation(rng, _operand(rng, names), names)
                function = _OPERATORS[rng.choice(self.operators)]
                return Binary(function, *((newest, inner) if rng.random() < 0.5 else (inner, newest)))
            case "call":
                if rng.random() < 1 / 3:
                    return Unary("abs", self._operation(rng, newest, names))
                return Binary(rng.choice(("min", "max")), newest, _operand(rng, names))
            case _:
                then, otherwise = self._operation(rng, newest, names), _operand(rng, names)
                return Choice(then, rng.choice(_COMPARISONS), newest, _operand(rng, names), otherwise)

    def _operation(self, rng: Random, left: Expression, names: list[str]) -> Expression:
        function = _OPERATORS[rng.choice(self.operators)]
        right = Integer(rng.randint(2, 9)) if function in ("//", "%") else _operand(rng, names)
        return Binary(function, left, right)

    def _has_value(self, program: Program) -> bool:
        try:
            evaluate(program, self.max_value)
        except ProgramError:
            return False
        return True

    def _read(self, prompt: str) -> Program:
        try:
            program = read(prompt)
        except ProgramError as problem:
            raise MalformedTask(str(problem)) from None
        if not set(prompt) <= set(self.alphabet):
            raise MalformedTask("an operator, call, choice or name that is not configured")
        if len(program.assignments) >= self.max_statements:
            raise MalformedTask(f"more than {self.max_statements} statements")
        return program

    def _value(self, prompt: str, program: Program) -> int:
        (run,) = execute([_runnable(prompt, program)])
        if run.outcome != "ok" or run.value is None:
            raise MalformedTask(f"it gives no value: {run.error or run.outcome}")
        decimal = _VALUES.fullmatch(run.value)  # the largest integers come in hexadecimal
        values = [int(text) for text in decimal[1].split(", ")] if decimal and len(run.value) <= _LONGEST else []
        if not values or max(map(abs, values)) > self.max_value:
            raise MalformedTask(f"a value is larger than {self.max_value}")
        return values[-1]

    def _task(self, prompt: str, program: Program) -> Task:
        return Task(self.name, prompt, level=len(program.assignments) + 1, canonical=write(program))


def _runnable(prompt: str, program: Program) -> sandbox.Program:
    """The program as it is written, but for its end, which gives the value of every name too."""
    *statements, last = prompt.split(";")
    values = [*dict.fromkeys(name for name, _ in program.assignments), f"({last})"]
    return sandbox.Program(";".join([*statements, f"[{','.join(values)}]"]))


def _literal(rng: Random) -> Expression:
    return Integer(rng.randint(0, _LARGEST_LITERAL))


def _operand(rng: Random, names: list[str]) -> Expression:
    return Variable(rng.choice(names)) if names and rng.random() < 0.6 else _literal(rng)
