"""Everything the server gives up before it forks its first child, layer by layer.

A layer that is mandatory and cannot be had stops the server; the others are depth and recorded as missing. The order
matters: namespaces need privileges, user and capabilities end them, seccomp comes last as it refuses the rest.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Callable, Collection
from typing import NamedTuple

from envs.sandbox import landlock
from envs.sandbox.kernel import libc, prctl, unshare
from envs.sandbox.seccomp import Filter, child_filter, server_filter

NOBODY = 65534

_NEWUSER, _NEWNET, _NEWIPC, _NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 24, 38
_CAPABILITIES_V3 = 0x20080522


class Layer(NamedTuple):
    """One thing that keeps a program in."""

    name: str
    active: bool
    mandatory: bool
    detail: str


class Missing(Exception):
    """A mandatory layer cannot be had here; the message names it and says why."""


def harden(without: Collection[str] = ()) -> list[Layer]:
    """Apply all layers to this process, but for those named in `without`.

    Raises:
        Missing: A mandatory one is refused by this host.
    """
    layers = []
    for name, mandatory, apply in _LAYERS:
        if name in without:
            layers.append(Layer(name, False, mandatory, "left out on request"))
            continue
        try:
            layers.append(Layer(name, True, mandatory, apply()))
        except OSError as problem:
            if mandatory:
                raise Missing(f"{name}: {problem}") from None
            layers.append(Layer(name, False, mandatory, str(problem)))
    return layers


def _namespaces() -> str:
    wanted = _NEWNET | _NEWIPC | _NEWUTS
    try:
        unshare(wanted)
    except OSError:
        unshare(wanted | _NEWUSER)
        return "network, IPC and UTS, by way of a user namespace"
    return "network, IPC and UTS"


def _identity() -> str:
    """Away from root, as RLIMIT_NPROC and file modes do not bind it; then no capability at all."""
    for capability in range(64):
        try:
            prctl(_PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one, or not allowed to; then the sets below still end empty
            break
    detail = f"uid {os.geteuid()}"
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            detail = f"uid {NOBODY}"
        except OSError as problem:  # a user namespace without other users, or root without CAP_SETUID
            detail = f"uid 0, which cannot be changed here ({problem.strerror})"
    _drop_capabilities()
    return f"{detail}, no capabilities"


def _drop_capabilities() -> None:
    header = ctypes.create_string_buffer(struct.pack("=II", _CAPABILITIES_V3, 0), 8)
    sets = ctypes.create_string_buffer(24)
    if libc.capset(header, sets) or libc.capget(header, sets) or any(sets.raw):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")


def _not_dumpable() -> str:
    prctl(_PR_SET_DUMPABLE, 0)
    return "no core, no ptrace by others, /proc entries of root"


def _no_new_privs() -> str:
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return "no setuid program gives anything"


def _landlock() -> str:
    known = landlock.version()
    if not known:
        raise OSError("the kernel has none")
    landlock.deny_all(known)
    return f"interface version {known}"


def _rlimits() -> str:
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        resource.setrlimit(limit, (0, 0))
    return "for the server; a child has its own on top"


def _seccomp() -> str:
    child_filter()
    Filter(server_filter()).install()
    return "allow-list"


_LAYERS: tuple[tuple[str, bool, Callable[[], str]], ...] = (
    ("namespaces", False, _namespaces),
    ("identity", True, _identity),
    ("not dumpable", True, _not_dumpable),
    ("no_new_privs", True, _no_new_privs),
    ("landlock", False, _landlock),
    ("rlimits", True, _rlimits),
    ("seccomp", True, _seccomp),
)
