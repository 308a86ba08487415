"""What a child must not be able to do, tried by children before the first program runs."""

from __future__ import annotations

import ctypes
import os
import select
import signal
from collections.abc import Callable

from envs.sandbox.child import RESULT_FD, Settings, confine
from envs.sandbox.kernel import syscall
from envs.sandbox.syscalls import table

_TIME_LIMIT_MS = 5_000


def refusal(settings: Settings) -> str:
    """Why the server must not start; empty if every attempt failed, as it should."""
    for name, layer, attempt in _ATTEMPTS:
        if problem := _try(settings, attempt):
            return f"self-test: {problem} {name}; the layer that should stop it is {layer}"
    return ""


def _try(settings: Settings, attempt: Callable[[], None]) -> str:
    """Run one attempt in a child; silence is what is wanted, and a signal for a violation is silence too."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            confine(settings, theirs)
            os.write(RESULT_FD, b"?")
            attempt()
            os.write(RESULT_FD, b"!")
        except (OSError, MemoryError):
            pass
        finally:
            os._exit(0)
    os.close(theirs)
    said = b""
    poll = select.poll()
    poll.register(ours, select.POLLIN)
    while poll.poll(_TIME_LIMIT_MS) and (part := os.read(ours, 16)):
        said += part
    os.close(ours)
    _, status = os.waitpid(pid, 0)
    if said == b"?":
        expected = os.WIFEXITED(status) or os.WTERMSIG(status) in (signal.SIGSYS, signal.SIGSEGV)
        return "" if expected else f"a child ended by signal {os.WTERMSIG(status)} when it tried to"
    return "a child could" if said == b"?!" else "a child could not be confined to try to"


def _open() -> None:
    os.open("/", os.O_RDONLY)


def _pipe() -> None:
    os.pipe()


def _socket() -> None:
    syscall(table()[1]["socket"], 2, 1, 0)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _kill() -> None:
    os.kill(os.getppid() or os.getpid(), 0)


def _ptrace() -> None:
    syscall(table()[1]["ptrace"], 0, 0, 0, 0)


def _execve() -> None:
    os.execv("/proc/self/exe", ["x", "-c", "import os; os.write(3, b'!')"])


def _executable_memory() -> None:
    PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS = 7, 0x22
    syscall(table()[1]["mmap"], 0, 4096, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, 2**64 - 1, 0)


def _namespace() -> None:
    CLONE_NEWUSER = 0x10000000
    syscall(table()[1]["unshare"], CLONE_NEWUSER)


def _much_memory() -> None:
    ctypes.create_string_buffer(2**40)


_ATTEMPTS: tuple[tuple[str, str, Callable[[], None]], ...] = (
    ("open a directory", "seccomp", _open),
    ("make a pipe", "rlimits", _pipe),
    ("make a socket", "seccomp", _socket),
    ("fork", "seccomp", _fork),
    ("send a signal", "seccomp", _kill),
    ("be traced", "seccomp", _ptrace),
    ("execute a program", "seccomp", _execve),
    ("map executable memory", "seccomp", _executable_memory),
    ("make a namespace", "seccomp", _namespace),
    ("take a terabyte of memory", "rlimits", _much_memory),
)
