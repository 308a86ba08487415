"""A TensorBoard event file, written where it is asked for.

PyTorch's `SummaryWriter` writes in a thread of its own, which on a full disk prints a traceback of its own too.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard.summary import scalar, text

from selfplay.files import naming

PATTERN = "events.out.tfevents.*"


class Events:
    """The event file of a run folder; a new one replaces those of earlier processes."""

    def __init__(self, folder: Path) -> None:
        for stale in folder.glob(PATTERN):
            stale.unlink()
        self._path = folder / PATTERN.replace("*", f"{int(time.time()):010d}.{platform.node()}.{os.getpid()}")
        self._records = RecordWriter(self._path.open("wb"))
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A point of a curve."""
        self._write(Event(wall_time=time.time(), step=step, summary=scalar(tag, value)))

    def text(self, tag: str, words: str, step: int) -> None:
        """A remark in Markdown."""
        self._write(Event(wall_time=time.time(), step=step, summary=text(tag, words)))

    def flush(self) -> None:
        """Have readers see what was written.

        Raises:
            OSError: The disk is full.
        """
        with naming(self._path):
            self._records.flush()

    def close(self) -> None:
        """Flush and close."""
        with naming(self._path):
            self._records.close()

    def _write(self, event: Any) -> None:
        with naming(self._path):
            self._records.write(event.SerializeToString())
