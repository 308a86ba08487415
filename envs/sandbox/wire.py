"""Messages between the parent, a fork server and its children.

A parent tells its server what to run by `marshal`, which is safe in that direction only: the parent is trusted. All
that comes back is a number of bytes with a fixed header, cut by lengths; it is never evaluated nor unmarshalled.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

LENGTH = struct.Struct("<I")

_FRAME = struct.Struct("<cddHI")
MAX_ERROR_CHARS = 200

OK, ERROR, OUTPUT_LIMIT, NO_RESULT, ALONE, CANARY = b"o", b"e", b"l", b"n", b"a", b"c"
"""Status of a frame. ALONE: this program must not run beside others."""

NO_VALUE = "no value"
"""In place of an error, of a program that ends with no expression."""


class Frame(NamedTuple):
    """What a child says of one program; seconds as the child measured them."""

    status: bytes
    cpu_s: float
    wall_s: float
    error: str
    value: str


def pack_frame(frame: Frame) -> bytes:
    """As bytes; both texts are ASCII."""
    error, value = frame.error.encode("ascii", "backslashreplace")[:MAX_ERROR_CHARS], frame.value.encode("ascii")
    return _FRAME.pack(frame.status, frame.cpu_s, frame.wall_s, len(error), len(value)) + error + value


def unpack_frames(data: bytes) -> tuple[list[Frame], bool]:
    """All whole frames, and whether nothing but whole, well-formed frames was there."""
    frames: list[Frame] = []
    at = 0
    while at + _FRAME.size <= len(data):
        status, cpu_s, wall_s, n_error, n_value = _FRAME.unpack_from(data, at)
        start, middle, end = at + _FRAME.size, at + _FRAME.size + n_error, at + _FRAME.size + n_error + n_value
        known = status in (OK, ERROR, OUTPUT_LIMIT, NO_RESULT, ALONE, CANARY)
        if end > len(data) or not known or not 0 <= cpu_s < 1e6 or not 0 <= wall_s < 1e6:
            return frames, False
        try:
            error, value = data[start:middle].decode("ascii"), data[middle:end].decode("ascii")
        except UnicodeDecodeError:
            return frames, False
        frames.append(Frame(status, cpu_s, wall_s, error, value))
        at = end
    return frames, at == len(data)


_REPLY = struct.Struct("<Icidd")

EXITED, TIMED_OUT, FLOODED = b"x", b"t", b"f"
"""How a child ended: by itself or by a signal, at a time limit, at a limit of bytes."""


class Reply(NamedTuple):
    """What a server says of one child; `signal` is 0 where none ended it."""

    job: int
    end: bytes
    signal: int
    cpu_s: float
    wall_s: float
    data: bytes


def pack_reply(reply: Reply) -> bytes:
    """With its length in front."""
    body = _REPLY.pack(reply.job, reply.end, reply.signal, reply.cpu_s, reply.wall_s) + reply.data
    return LENGTH.pack(len(body)) + body


def unpack_reply(body: bytes) -> Reply:
    """Without its length."""
    job, end, signal, cpu_s, wall_s = _REPLY.unpack_from(body)
    return Reply(job, end, signal, cpu_s, wall_s, body[_REPLY.size :])
