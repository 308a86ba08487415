"""What does this program leave on the stack? Programs without jumps for a small stack machine.

Two tasks, at levels 2 and 3:

    34d*+       answer 19
    52so-d      answer 2,3,3

A digit pushes itself; `+`, `-` and `*` take the two top values, the lower one being the left side; `d` doubles the
top entry, `s` swaps the two top ones, `o` copies the one below the top, `x` drops the top. The answer is the stack from
the bottom, joined by commas. Programs that would take what is not there, empty the stack, or pass a bound are refused.

Cost: a solver has to take every step without a slip, and so does the checker, at some tenths of a microsecond a step;
there is no asymmetry beyond that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, Solved, Task, Verdict

_PROMPT = re.compile(r"[0-9dsox*+-]+")
_ANSWER = re.compile(r"(?:0|-?[1-9][0-9]*)(?:,(?:0|-?[1-9][0-9]*))*")
_DIGITS = "0123456789"
_MOST_DEPTH = 5
_MOST_OPERATIONS = 20
_CHANGE = {"+": -1, "-": -1, "*": -1, "d": 1, "s": 0, "o": 1, "x": -1}
"""The operations, and how each changes the depth of the stack."""


_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG = Verdict(Outcome.INCORRECT, "another stack", tier="exact")
_NO_STACK = Verdict(Outcome.MALFORMED, "not integers in their usual spelling joined by commas")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class StackMachine(Env):
    """Give the final stack of a program.

    A task's level is its number of operations, pushes not counted. The stack never has more than five entries.

    Attributes:
        max_operations: Most operations of a program.
        max_value: Largest size of any value on the stack.
    """

    max_operations: int = 6
    max_value: int = 999

    name: ClassVar[str] = "code/stack_machine"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "0123456789dsox*+-,"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: every step in order; checking: the same at machine speed; no shortcut back"

    def __post_init__(self) -> None:
        if not 1 <= self.max_operations <= _MOST_OPERATIONS:
            raise ValueError(f"max_operations={self.max_operations}: use 1 to {_MOST_OPERATIONS}")
        if not 99 <= self.max_value <= 10**9:
            raise ValueError(f"max_value={self.max_value}: use 99 to 10**9")

    @property
    def levels(self) -> range:
        """Number of operations."""
        return range(1, self.max_operations + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: the programs without `*` whose sums cannot pass the bound, since each at most doubles a value.

        Counted by the depth of the stack and the number of sums, one operation after another.
        """
        self.check_level(level)
        most_sums = (self.max_value // 9).bit_length() - 1
        counts = {(2, 0): 100}
        for _ in range(level):
            following: dict[tuple[int, int], int] = {}
            for (depth, sums), count in counts.items():
                for pushed in (0, 1)[: 1 + (depth < _MOST_DEPTH)]:
                    for operation in _possible(depth + pushed):
                        if operation == "*" or (operation in "+-" and sums == most_sums):
                            continue
                        state = (depth + pushed + _CHANGE[operation], sums + (operation in "+-"))
                        following[state] = following.get(state, 0) + count * 10**pushed
            counts = following
        return sum(counts.values())

    def sample(self, rng: Random, level: int) -> Solved:
        """Push two digits, then draw operations that are possible, some with another push before them."""
        self.check_level(level)
        program = [rng.choice(_DIGITS), rng.choice(_DIGITS)]
        stack = [int(digit) for digit in program]
        for _ in range(level):
            if len(stack) < _MOST_DEPTH and rng.random() < (0.7 if len(stack) == 1 else 0.25):
                program.append(rng.choice(_DIGITS))
                stack.append(int(program[-1]))
            operation = rng.choice(_possible(len(stack)))
            if operation in "+-*":
                left, right = stack[-2:]
                fitting = [o for o in "+-*" if abs(_result(left, o, right)) <= self.max_value]
                operation = operation if operation in fitting else "x"
            program.append(operation)
            _apply(stack, operation)
        return Solved(self._task("".join(program)), ",".join(map(str, stack)))

    def parse(self, prompt: str) -> Task:
        """Read a program and run it; refused where it fails or passes a bound."""
        self._run(prompt)
        return self._task(prompt)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Run the program; only the usual spelling of the stack counts."""
        try:
            stack = self._run(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if answer == ",".join(map(str, stack)):
            return _RIGHT
        return _WRONG if len(answer) <= 100 and _ANSWER.fullmatch(answer) else _NO_STACK

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: a stack has one spelling."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One entry off by one, or the stack without its top."""
        stack = [int(entry) for entry in solved.answer.split(",")]
        if len(stack) > 1 and rng.random() < 0.3:
            return ",".join(map(str, stack[:-1]))
        stack[rng.randrange(len(stack))] += rng.choice((-1, 1))
        return ",".join(map(str, stack))

    def _run(self, prompt: str) -> list[int]:
        """The final stack."""
        most = 3 * self.max_operations + _MOST_DEPTH
        if len(prompt) > most or not _PROMPT.fullmatch(prompt):
            raise MalformedTask(f"not a program of at most {most} symbols")
        stack: list[int] = []
        for symbol in prompt:
            if symbol in _DIGITS:
                stack.append(int(symbol))
            elif symbol not in _possible(len(stack)):
                raise MalformedTask(f"{symbol} on a stack of {len(stack)}")
            else:
                _apply(stack, symbol)
            if len(stack) > _MOST_DEPTH or abs(stack[-1]) > self.max_value:
                raise MalformedTask(f"more than {_MOST_DEPTH} entries, or a value beyond {self.max_value}")
        if not 1 <= _n_operations(prompt) <= self.max_operations:
            raise MalformedTask(f"not one to {self.max_operations} operations")
        return stack

    def _task(self, prompt: str) -> Task:
        return Task(self.name, prompt, _n_operations(prompt), canonical=prompt)


def _n_operations(program: str) -> int:
    return sum(symbol in _CHANGE for symbol in program)


def _possible(depth: int) -> str:
    """The operations that a stack allows; none takes the last entry away."""
    if depth < 2:
        return "d" * depth
    return "+-*sxdo" if depth < _MOST_DEPTH else "+-*sx"


def _result(left: int, operation: str, right: int) -> int:
    match operation:
        case "+":
            return left + right
        case "-":
            return left - right
        case _:
            return left * right


def _apply(stack: list[int], operation: str) -> None:
    match operation:
        case "d":
            stack.append(stack[-1])
        case "o":
            stack.append(stack[-2])
        case "s":
            stack[-2:] = [stack[-1], stack[-2]]
        case "x":
            stack.pop()
        case _:
            right = stack.pop()
            stack[-1] = _result(stack[-1], operation, right)
