"""Runs the cells of a study on one machine: long-lived worker processes, a run at a time each.

A run belongs to its folder: what has finished is skipped, what was interrupted goes on from its checkpoint. A
worker that dies takes only its run down, which is tried once more; workers die with their parent.
"""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from selfplay.config import StudyConfig
from selfplay.configfile import holds_run, to_yaml
from selfplay.files import locked, replacing
from selfplay.progress import Progress
from selfplay.ranks import die_with_parent
from selfplay.records import RoundReport, RunResult
from selfplay.study.grid import Cell, Grid, build_grid
from selfplay.study.registration import register
from selfplay.study.table import gather, write_table

MAX_TRIES = 2


def run_study(config: StudyConfig, folder: Path, up_to: int | None = None) -> list[RunResult]:
    """Run every cell that has not finished and write the run table.

    Args:
        config: The study. A folder may be run again with more arms, seeds or budgets; its finished cells stay.
        folder: Takes `study.yaml`, `registration.json`, `cells/`, `trunks/`, `table.parquet` and `table.csv`.
        up_to: Run only cells of at most this budget, in training tokens; the plan that is registered stays whole.

    Raises:
        ValueError: `up_to` is below every budget, the folder is in use or holds runs of other settings, or some runs
            failed; then the others are finished and in the table.
        OSError: The folder cannot be written.
    """
    grid = build_grid(config, folder)
    smallest = min(cell.config.budget_tokens for cell in grid.cells)
    if up_to is not None and up_to < smallest:
        raise ValueError(f"--up-to {up_to}: the smallest budget of the study is {smallest}")
    with locked(folder):
        # What cannot be part of this study is refused now, before anything is written, and not after all runs.
        for cell in grid.cells:
            holds_run(cell.folder, cell.config)
        gather(folder, config)
        register(config, folder)
        with replacing(folder / "study.yaml") as temporary:
            temporary.write_text(to_yaml(config))
        failures = _run_all(grid, config, up_to)
        results = gather(folder, config)
        write_table(results, folder)
    if failures:
        raise ValueError("; ".join(failures) + f" ({len(results)} of {len(grid.cells)} runs finished)")
    return results


@dataclass
class _Worker:
    """A worker process and what it is doing."""

    process: SpawnProcess
    connection: Connection
    cell: Cell | None = None


def _run_all(grid: Grid, config: StudyConfig, up_to: int | None) -> list[str]:
    """Run what is not finished; returns a line per failed run."""
    todo = [cell for cell in grid.cells if not _finished(cell) and cell.config.budget_tokens <= (up_to or math.inf)]
    needed = {cell.trunk for cell in todo}
    trunks = [trunk for trunk in grid.trunks if trunk.folder in needed and not _finished(trunk)]
    # Long runs first, so that no worker is left with a long one at the end; trunks before all, others wait for them.
    queue = trunks + sorted(todo, key=lambda cell: -cell.config.budget_tokens)
    if not queue:
        return []
    n_workers = min(config.n_workers or _n_cores() // config.device.n_threads or 1, len(queue))
    with Progress(sum(cell.config.budget_tokens - _tokens_done(cell) for cell in queue)) as progress:
        return _Scheduler(queue, n_workers, progress).run()


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _finished(cell: Cell) -> bool:
    return (cell.folder / "result.json").exists()


def _tokens_done(cell: Cell) -> int:
    """Training tokens the run need not spend again: its own, or its trunk's."""
    rounds = cell.folder / "rounds.jsonl"
    if rounds.exists() and (lines := rounds.read_text().splitlines()):
        return int(json.loads(lines[-1])["train_tokens"])
    return cell.config.play.start_tokens if cell.trunk else 0


class _Scheduler:
    """Hands cells to workers until all are done or have failed."""

    def __init__(self, queue: Sequence[Cell], n_workers: int, progress: Progress) -> None:
        self._queue = list(queue)
        self._waiting_for = {cell.folder for cell in queue}
        self._tries: dict[Path, int] = {}
        self._failures: list[str] = []
        self._progress = progress
        self._context = multiprocessing.get_context("spawn")
        self._n_workers = n_workers
        self._workers: list[_Worker] = []

    def run(self) -> list[str]:
        """Returns a line per failed run."""
        try:
            for _ in range(self._n_workers):
                with uninterrupted():
                    self._workers.append(_start_worker(self._context))
            self._hand_out()
            while busy := {worker.connection: worker for worker in self._workers if worker.cell}:
                for connection in wait(list(busy)):
                    assert isinstance(connection, Connection)
                    self._listen(busy[connection])
                self._hand_out()
        finally:
            for worker in self._workers:
                worker.process.kill()  # files are replaced whole, so a run can be stopped at any instant
                worker.process.join()
        return self._failures

    def _hand_out(self) -> None:
        for worker in self._workers:
            if worker.cell is None and (cell := self._next()):
                worker.cell = cell
                self._tries[cell.folder] = self._tries.get(cell.folder, 0) + 1
                self._progress.begin(cell.title, cell.config.budget_tokens, _tokens_done(cell))
                worker.connection.send(cell)

    def _next(self) -> Cell | None:
        for index, cell in enumerate(self._queue):
            if cell.trunk not in self._waiting_for:
                return self._queue.pop(index)
        return None

    def _listen(self, worker: _Worker) -> None:
        cell = worker.cell
        assert cell is not None
        try:
            kind, content = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._replace(worker, cell)
            return
        match kind:
            case "round":
                self._progress.round(cell.title, content)
            case "done":
                self._waiting_for.discard(cell.folder)
                self._progress.end(cell.title, f"loss {content.loss:.3f}, accuracy {content.accuracy:.3f}")
                worker.cell = None
            case "failed":
                self._fail(cell, content)
                worker.cell = None

    def _replace(self, worker: _Worker, cell: Cell) -> None:
        """Start another worker for one that died, and try its cell again."""
        worker.process.join()
        with uninterrupted():
            fresh = _start_worker(self._context)
            worker.process, worker.connection, worker.cell = fresh.process, fresh.connection, None
        if self._tries[cell.folder] < MAX_TRIES:
            self._progress.end(cell.title, "its process died; going on from its checkpoint")
            self._queue.insert(0, cell)
        else:
            self._fail(cell, f"its process died {MAX_TRIES} times")

    def _fail(self, cell: Cell, reason: str) -> None:
        self._failures.append(f"{cell.title}: {reason}")
        self._progress.end(cell.title, f"failed: {reason}")
        stranded = [other for other in self._queue if other.trunk == cell.folder]
        self._queue = [other for other in self._queue if other.trunk != cell.folder]
        self._failures += [f"{other.title}: not started, its shared beginning failed" for other in stranded]


def _start_worker(context: SpawnContext) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a Ctrl-C back until the block ends, so that a worker is started whole and known; it never sees one itself.

    The mask is for the worker, which inherits it. For this process it is not enough: a library's thread may take the
    signal, and Python then raises in the main thread all the same, so the handler is exchanged too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # starting it unblocks the signal, so not inside
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if held:
        signal.raise_signal(signal.SIGINT)


def _serve(connection: Connection, parent: int) -> None:
    """A worker's life: receive a cell, run it, report its rounds and its end."""
    die_with_parent(parent)
    from selfplay.play.ensemble import run_job  # imports torch: only workers need it

    def send(kind: str, content: Any) -> None:
        connection.send((kind, content))

    def on_round(report: RoundReport) -> None:
        send("round", report)

    while True:
        try:
            cell: Cell = connection.recv()
        except EOFError:
            return
        try:
            send("done", run_job(cell.config, cell.folder, trunk=cell.trunk, on_round=on_round))
        except (ValueError, OSError) as error:
            send("failed", str(error))
