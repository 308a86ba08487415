"""Progress of runs and of other long work: bars in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from selfplay.records import RoundReport

LINE_EVERY_S = 15.0


class Progress:
    """Shows training tokens done, tokens a second and time left; use as a context manager.

    Args:
        n_tokens: Training tokens that are left to do, of all runs together.
    """

    def __init__(self, n_tokens: int) -> None:
        self._n_tokens, self._n_done = n_tokens, 0
        self._start = self._last_line = time.monotonic()
        self._bars: dict[str, Any] = {}
        self._rich: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Rich

            self._rich = Rich(
                TextColumn("{task.description:<34}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%  {task.fields[note]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._total = self._rich.add_task("all runs", total=n_tokens, note="")

    def __enter__(self) -> Progress:
        if self._rich:
            self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rich:
            self._rich.stop()

    def begin(self, title: str, n_tokens: int, n_done: int) -> None:
        """A run of `n_tokens` goes on from `n_done`."""
        if self._rich:
            self._bars[title] = self._rich.add_task(title, total=n_tokens, completed=n_done, note="")

    def round(self, title: str, report: RoundReport) -> None:
        """A run has finished a round."""
        self._n_done += report.round_tokens
        rate = self._n_done / max(time.monotonic() - self._start, 1e-9)
        note = f"loss {report.heldout.answer_nats_per_token:.3f}"
        if self._rich:
            self._rich.update(self._bars[title], completed=report.train_tokens, note=note)
            self._rich.update(self._total, completed=self._n_done, note=f"{rate / 1e3:.0f}k tokens/s")
        elif time.monotonic() - self._last_line > LINE_EVERY_S:
            self._last_line = time.monotonic()
            left = (self._n_tokens - self._n_done) / max(rate, 1e-9)
            share = 100 * self._n_done / self._n_tokens
            _print(f"{share:3.0f}%  {rate / 1e3:.0f}k tokens/s, about {left:.0f} s left  ({title}: {note})")

    def end(self, title: str, note: str) -> None:
        """A run is over."""
        if self._rich:
            self._rich.update(self._bars[title], visible=False)
            self._rich.console.print(f"{title}: {note}", highlight=False)
        else:
            _print(f"{title}: {note}")


class Steps:
    """Shows how many of a known number of equal steps are done; use as a context manager.

    Args:
        title: What is being done.
        n_steps: Steps in all.
        unit: What a step is, in the plural.
        n_done: Steps done earlier.
    """

    def __init__(self, title: str, n_steps: int, unit: str, *, n_done: int = 0) -> None:
        self._title, self._n_steps, self._unit, self._n_before = title, n_steps, unit, n_done
        self._start = self._last_line = time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Rich

            self._bar = Rich(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(title, total=n_steps, completed=n_done)

    def __enter__(self) -> Steps:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, n_done: int) -> None:
        """So many are done now."""
        if self._bar:
            self._bar.update(self._task, completed=n_done)
        elif time.monotonic() - self._last_line > LINE_EVERY_S:
            self._last_line = time.monotonic()
            rate = (n_done - self._n_before) / max(self._last_line - self._start, 1e-9)
            left_s = (self._n_steps - n_done) / max(rate, 1e-9)
            done = f"{n_done} of {self._n_steps} {self._unit}"
            _print(f"{self._title}: {done}, {rate:.0f} a second, about {left_s:.0f} s left")


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
