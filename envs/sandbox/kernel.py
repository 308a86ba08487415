"""Calls of the kernel that Python does not offer, through the C library."""

from __future__ import annotations

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def _checked(result: int, name: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, *arguments: int) -> int:
    """One operation on this process.

    Raises:
        OSError: The kernel refused.
    """
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(libc.prctl(option, *padded), f"prctl {option}")


def unshare(flags: int) -> None:
    """Leave shared namespaces.

    Raises:
        OSError: Not allowed here.
    """
    _checked(libc.unshare(flags), "unshare")


def syscall(number: int, *arguments: int) -> int:
    """Any system call, with integers or addresses.

    Raises:
        OSError: It failed.
    """
    return _checked(libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, arguments)), f"system call {number}")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends."""
    PR_SET_PDEATHSIG, SIGKILL = 1, 9
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)
