"""What goes into the sandbox and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

Lane: TypeAlias = Literal["batch", "solo", "monty", "none"]
"""How a program ran: beside others in one process, in a process of its own, in monty, or not at all."""


class Outcome(StrEnum):
    """How a program ended. Only OK comes with a value; none but OK and ERROR says what the program computes."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    VIOLATION = "violation"
    CRASH = "crash"
    OUTPUT_LIMIT = "output_limit"
    NO_RESULT = "no_result"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Program:
    """Untrusted Python.

    Attributes:
        source: The text of a module. Its `__name__` is "solution", so a `__main__` guard does not run.
        call: Name of the function whose value is wanted. None: the value of the module's last statement, if that is
            an expression, as at a prompt; a module that ends otherwise ends OK with value None.
        args: Positional arguments, of the exact builtin types that `canonical` writes.
    """

    source: str
    call: str | None = None
    args: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    Attributes:
        cpu_s: Processor seconds.
        wall_s: Seconds; None means twice `cpu_s` and one more.
        memory_bytes: Address space, the interpreter's own included.
        output_chars: Canonical text of the value.
        source_bytes: Source in UTF-8.
    """

    cpu_s: float = 2.0
    wall_s: float | None = None
    memory_bytes: int = 512 * 2**20
    output_chars: int = 300_000
    source_bytes: int = 64 * 2**10

    def __post_init__(self) -> None:
        if not 0.05 <= self.cpu_s <= 600:
            raise ValueError(f"cpu_s={self.cpu_s}: use 0.05 to 600")
        if self.wall_s is not None and not self.cpu_s <= self.wall_s <= 3_600:
            raise ValueError(f"wall_s={self.wall_s}: use cpu_s to 3600, or None")
        if self.memory_bytes < 128 * 2**20:
            raise ValueError(f"memory_bytes={self.memory_bytes}: use at least {128 * 2**20}")
        if not 100 <= self.output_chars <= 2**26:
            raise ValueError(f"output_chars={self.output_chars}: use 100 to {2**26}")
        if not 1 <= self.source_bytes <= 2**24:
            raise ValueError(f"source_bytes={self.source_bytes}: use 1 to {2**24}")

    @property
    def longest_s(self) -> float:
        """Seconds after which a program is ended, whatever it does."""
        return 2 * self.cpu_s + 1 if self.wall_s is None else self.wall_s


@dataclass(frozen=True, slots=True)
class Execution:
    """How a program ended.

    Attributes:
        outcome: See `Outcome`.
        value: Canonical text of the value; None unless the outcome is OK and there is a value.
        error: Type of the exception, name of the signal or reason; None where the outcome says all.
        cpu_s: Processor seconds it took, as far as known.
        wall_s: Seconds it took, as far as known.
        lane: How it ran.
        unsafe: It ran without a sandbox, as was asked for by name.
    """

    outcome: Outcome
    value: str | None = None
    error: str | None = None
    cpu_s: float = 0.0
    wall_s: float = 0.0
    lane: Lane = "none"
    unsafe: bool = False

    @property
    def answer(self) -> tuple[Outcome, str | None, str | None]:
        """What must not depend on how it ran."""
        return self.outcome, self.value, self.error


@dataclass(frozen=True, slots=True)
class Determinism:
    """Whether a program gives the same value under every hash seed, and twice in one process.

    Attributes:
        deterministic: All runs ended alike. Alike time-outs and crashes are not counted as such.
        executions: Two a seed: the first call and the second.
        reason: What differed; empty if nothing did.
    """

    deterministic: bool
    executions: tuple[Execution, ...] = field(repr=False)
    reason: str = ""
