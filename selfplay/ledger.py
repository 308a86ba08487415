"""What a run has spent: tokens, FLOPs and seconds, by phase.

Only `play_round` writes here. Training tokens are what arms are matched on; FLOPs tell what the match cost.
Padding is not charged: it is the engine's waste, not the method's. Evaluation is measured and kept apart,
because an experimenter pays for it, not the method.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    """The phases of a round that cost something."""

    PROPOSE = "propose"
    SOLVE = "solve"
    JUDGE = "judge"
    LEARN = "learn"
    EVALUATE = "evaluate"


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens, FLOPs and wall-clock seconds."""

    tokens: int = 0
    flops: int = 0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.flops + other.flops, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class Totals:
    """The ledger as the run table wants it. `total_flops` is the cost of the method, evaluation excluded."""

    train_tokens: int
    generated_tokens: int
    train_flops: int
    generate_flops: int
    verify_flops: int
    verify_s: float
    method_s: float
    evaluate_s: float

    @property
    def total_flops(self) -> int:
        """Training, generating and verifying together."""
        return self.train_flops + self.generate_flops + self.verify_flops


class Ledger:
    """Adds up spending by phase."""

    def __init__(self, spent: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Start empty, or from what `state` returned."""
        self._spent = {phase: Spent() for phase in Phase}
        self._since: dict[Phase, float] = {}
        for name, amounts in (spent or {}).items():
            self._spent[Phase(name)] = Spent(int(amounts["tokens"]), int(amounts["flops"]), float(amounts["seconds"]))

    def charge(self, phase: Phase, *, tokens: int = 0, flops: int = 0, seconds: float = 0.0) -> None:
        """Add an amount to a phase.

        Raises:
            ValueError: An amount is negative.
        """
        if tokens < 0 or flops < 0 or seconds < 0:
            raise ValueError(f"{phase}: cannot charge {tokens} tokens, {flops} FLOPs, {seconds} s; amounts are >= 0")
        self._spent[phase] += Spent(tokens, flops, seconds)

    def add(self, other: Ledger) -> None:
        """Take over what another run has spent."""
        for phase in Phase:
            self._spent[phase] += other.spent(phase)

    @contextmanager
    def clock(self, phase: Phase) -> Iterator[None]:
        """Charge the wall-clock seconds of a block to a phase."""
        self._since[phase] = time.perf_counter()
        yield
        self.settle()
        del self._since[phase]

    def settle(self) -> None:
        """Charge what the running clocks have come to, before the block they time has ended."""
        now = time.perf_counter()
        for phase, start in self._since.items():
            self.charge(phase, seconds=now - start)
            self._since[phase] = now

    def seconds(self) -> dict[str, float]:
        """Seconds by phase."""
        return {phase.value: spent.seconds for phase, spent in self._spent.items()}

    def take_seconds(self, seconds: Mapping[str, float]) -> None:
        """Set the seconds to those of a process that was interrupted; tokens and FLOPs stay."""
        for phase, spent in self._spent.items():
            self._spent[phase] = replace(spent, seconds=seconds[phase.value])

    def spent(self, phase: Phase) -> Spent:
        """What one phase has cost so far."""
        return self._spent[phase]

    def totals(self) -> Totals:
        """Everything spent so far."""
        of = self._spent
        generated = of[Phase.PROPOSE] + of[Phase.SOLVE]
        return Totals(
            train_tokens=of[Phase.LEARN].tokens,
            generated_tokens=generated.tokens,
            train_flops=of[Phase.LEARN].flops,
            generate_flops=generated.flops,
            verify_flops=of[Phase.JUDGE].flops,
            verify_s=of[Phase.JUDGE].seconds,
            method_s=sum(of[phase].seconds for phase in Phase if phase is not Phase.EVALUATE),
            evaluate_s=of[Phase.EVALUATE].seconds,
        )

    def state(self) -> dict[str, dict[str, float]]:
        """Plain values for a checkpoint."""
        return {phase.value: asdict(spent) for phase, spent in self._spent.items()}
