"""The figures of a report as TensorBoard images, beside the scalars of the runs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from selfplay.report.figures import Plate


def write_images(plates: Sequence[Plate], folder: Path) -> None:
    """Write one event file with every figure there is; those of an earlier report in the folder are replaced.

    Args:
        plates: The figures.
        folder: What `tensorboard --logdir` is pointed at, or a folder in it.

    Raises:
        OSError: The folder cannot be written.
    """
    # late: half a second that only a report needs
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    for stale in folder.glob("events.out.tfevents.*"):
        stale.unlink()
    writer = EventFileWriter(str(folder))
    for plate in plates:
        if plate.png:
            width, height = struct.unpack(">II", plate.png[16:24])  # of the PNG's first chunk
            image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=plate.png)
            value = Summary.Value(tag=f"report/{plate.name}", image=image)
            writer.add_event(Event(step=0, summary=Summary(value=[value])))
    writer.close()
