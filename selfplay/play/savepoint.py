"""What is finished of the round being played, so that a long one need not be played again.

A round is a function of the state it begins with: its draws come from named streams. So a process that goes on from
the state before the round repeats it to the bit, and of its stages only the dear ones are remembered here: results are
saved as the records they are; learning as weights, optimizer, steps taken and the generator of dropout. The order of
batches is not saved. It is made again from the records, and the batches already learnt are passed over.

Saved at most every `play.save_every_s` seconds, so rounds shorter than that write nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from envs.core import Outcome, Task, Verdict
from selfplay import records
from selfplay.play.checkpoint import load_checkpoint, save_checkpoint
from selfplay.play.exchange import agreed
from selfplay.play.state import RunState
from selfplay.play.worth import Worths
from selfplay.ranks import leads

RECORDS = [Outcome, Task, Verdict, Worths, *(kind for kind in vars(records).values() if is_dataclass(kind))]
"""What a file may hold beside tensors and plain values; no other class is built from it."""

Result = TypeVar("Result")


class Savepoint:
    """One file of a run folder, and the results it holds of the round being played."""

    def __init__(self, path: Path, config_yaml: str, save_every_s: float) -> None:
        self._path, self._config_yaml, self._save_every_s = path, config_yaml, save_every_s
        self._results: dict[str, Any] = {}
        self._learning: dict[str, Any] | None = None
        self._saved_at = 0.0

    def begin(self, state: RunState) -> None:
        """Turn to the round that `state` is about to play, and to what is saved of it."""
        self._state = state
        saved = agreed(self._load() if leads() else None)  # the file may change before another process reads it
        self._results = saved["results"] if saved else {}
        self._learning = saved["learning"] if saved else None
        if saved:
            state.ledger.take_seconds(saved["seconds"])
        self._saved_at = time.monotonic()

    def once(self, stage: str, compute: Callable[[], Result]) -> Result:
        """What `compute` returns, or returned before the round was interrupted."""
        if stage not in self._results:
            self._results[stage] = compute()
            self._save_if_due()
        result: Result = self._results[stage]
        return result

    def resume_learning(self) -> tuple[int, Tensor]:
        """Steps of this round that the weights have behind them, and the sum of their losses."""
        saved, device = self._learning, self._state.device
        if saved is None:
            return 0, torch.zeros((), device=device)
        self._state.load_weights(saved["weights"])
        torch.set_rng_state(saved["cpu_generator"])
        if device.type == "cuda":
            torch.cuda.set_rng_state(saved["device_generator"], device)
        return saved["n_steps"], saved["total_loss"].to(device)

    def step_taken(self, n_steps: int, total_loss: Tensor) -> None:
        """Note that `n_steps` steps of this round are taken; the state's weights are those after them."""
        self._save_if_due(n_steps, total_loss)

    def clear(self) -> None:
        """Forget the round: what it came to is saved elsewhere."""
        self._results, self._learning = {}, None
        if leads():
            self._path.unlink(missing_ok=True)

    def _save_if_due(self, n_steps: int = 0, total_loss: Tensor | None = None) -> None:
        if not leads() or time.monotonic() - self._saved_at < self._save_every_s:
            return
        state, device = self._state, self._state.device
        learning = None
        if total_loss is not None and state.shards is None:  # sharded weights could be gathered by all together only
            learning = {
                "n_steps": n_steps,
                "total_loss": total_loss,
                "weights": state.weights(),
                "cpu_generator": torch.get_rng_state(),
                "device_generator": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            }
        state.ledger.settle()
        found = {"round": state.round, "results": self._results, "learning": learning}
        save_checkpoint(self._path, {**found, "seconds": state.ledger.seconds()}, self._config_yaml)
        self._saved_at = time.monotonic()

    def _load(self) -> dict[str, Any] | None:
        """What the file holds of this round; a damaged one costs the time to play the round again, and says so."""
        if not self._path.exists():
            return None
        try:
            with torch.serialization.safe_globals(RECORDS):
                saved = load_checkpoint(self._path)
        except ValueError as damage:
            reason, number = str(damage).rpartition(";")[0], self._state.round
            print(f"warning: {reason}; playing round {number} from its beginning", file=sys.stderr, flush=True)
            return None
        return saved if saved["round"] == self._state.round else None
