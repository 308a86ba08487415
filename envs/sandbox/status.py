"""What a sandbox is made of here, for a reader and for a run's record."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

Backend: TypeAlias = Literal["auto", "process", "monty", "off"]


class Layer(NamedTuple):
    """One thing that keeps a program in, as the server reported it.

    Attributes:
        name: See `docs/threat-model.md`.
        active: Whether it is in force.
        mandatory: Whether the sandbox refuses to start without it.
        detail: How it was had, or why it was not.
    """

    name: str
    active: bool
    mandatory: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Status:
    """A sandbox at one moment.

    Attributes:
        backend: What runs the programs.
        safe: False if it was turned off by name.
        layers: Of its servers; all are alike.
        n_workers: Servers side by side.
        n_programs: Programs that were given to it.
        n_batch: Answered from a batch.
        n_alone: Run in a process of their own, second looks included.
        n_restarts: Servers that ended unasked and were started again.
        n_second_looks: Results of a batch that were compared with a run alone.
        n_mismatches: Of these, how many differed.
        n_spoilt_batches: Batches that were thrown away as the canary or their framing was wrong.
    """

    backend: str
    safe: bool
    layers: tuple[Layer, ...] = field(default=())
    n_workers: int = 0
    n_programs: int = 0
    n_batch: int = 0
    n_alone: int = 0
    n_restarts: int = 0
    n_second_looks: int = 0
    n_mismatches: int = 0
    n_spoilt_batches: int = 0

    @property
    def mismatch_rate(self) -> float | None:
        """Share of second looks that differed; None before the first."""
        return self.n_mismatches / self.n_second_looks if self.n_second_looks else None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What this host offers.

    Attributes:
        backend: What `auto` would take; empty if nothing will do.
        status: Of the process backend, if it starts.
        problem: Why it does not; names the layer.
        monty: Version of the installed package; empty if there is none.
    """

    backend: str
    status: Status | None
    problem: str
    monty: str

    @property
    def text(self) -> str:
        """For `selfplay doctor`."""
        lines = [f"sandbox: {self.backend or 'none'} (Python {sys.version.split()[0]}, {sys.platform})"]
        if self.status is not None:
            for layer in self.status.layers:
                mark = "ok     " if layer.active else "MISSING" if layer.mandatory else "without"
                kind = "mandatory" if layer.mandatory else "depth"
                lines.append(f"  {mark} {layer.name:<14} {kind:<10} {layer.detail}")
        if self.problem:
            lines.append(f"  process backend: {self.problem}")
        lines.append(f"  monty backend: {self.monty or 'not installed; pip install pydantic-monty'}")
        if not self.backend:
            lines.append("  programs are not run here; --sandbox off runs them without any protection")
        return "\n".join(lines)
