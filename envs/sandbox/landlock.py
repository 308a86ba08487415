"""Landlock: no file, no TCP port, no abstract socket and no signal beyond the sandbox, where the kernel has it.

See Documentation/userspace-api/landlock.rst of the Linux kernel. A ruleset that handles every right and grants none.
"""

from __future__ import annotations

import ctypes
import os
import struct

from envs.sandbox.kernel import syscall
from envs.sandbox.syscalls import table

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Version of the interface, and the number of file rights it knows from there on."""

_TCP_RIGHTS = 0b11  # bind, connect; from version 4
_SCOPES = 0b11  # abstract sockets, signals; from version 6


def ruleset(version: int) -> bytes:
    """All rights that a version of the interface knows, as the kernel's structure."""
    n_rights = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    fields = [(1 << n_rights) - 1]
    fields += [_TCP_RIGHTS] if version >= 4 else []
    fields += [_SCOPES] if version >= 6 else []
    return struct.pack(f"={len(fields)}Q", *fields)


def version() -> int:
    """The kernel's version of the interface; 0 where it has none."""
    _, numbers = table()
    try:
        return syscall(numbers["landlock_create_ruleset"], 0, 0, 1)
    except OSError:
        return 0


def deny_all(known: int) -> None:
    """Give up every right of this process and those it forks; `no_new_privs` must be set.

    Raises:
        OSError: The kernel refused.
    """
    _, numbers = table()
    rules = ctypes.create_string_buffer(data := ruleset(known), len(data))
    fd = syscall(numbers["landlock_create_ruleset"], ctypes.addressof(rules), len(data), 0)
    try:
        syscall(numbers["landlock_restrict_self"], fd, 0)
    finally:
        os.close(fd)
