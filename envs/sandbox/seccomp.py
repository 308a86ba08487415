"""The system call filters: an allow-list for the server and all its children, and a few more refusals for a child.

Written as classic BPF by hand, as no library is loaded that early. What is not listed fails with EPERM, so that a
program sees an ordinary error (a file that cannot be opened); what no honest program does ends it with SIGSYS, which
the parent reads as a violation. Some calls pretend: a sleep returns at once and process ids are 0, so that neither
time nor luck gets into a program's value that way. getrandom fails.

See Documentation/userspace-api/seccomp_filter.rst of the Linux kernel.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable

from envs.sandbox.kernel import prctl
from envs.sandbox.syscalls import table

ALLOWED = (
    "read", "write", "close", "poll", "ppoll", "munmap", "brk", "mremap", "madvise", "futex", "fstat", "lseek",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "clock_gettime", "clock_getres", "gettimeofday",
    "exit", "exit_group", "wait4", "kill", "pipe2", "dup", "dup2", "dup3", "close_range", "pidfd_open",
    "set_robust_list", "rseq", "gettid", "getuid", "geteuid", "getgid", "getegid", "getppid", "getrusage", "times",
    "sched_yield", "sched_getaffinity", "restart_syscall", "prctl", "uname", "sysinfo", "getrlimit", "membarrier",
)  # fmt: skip
"""For server and children; `clone`, `mmap`, `mprotect`, `prlimit64` and `fcntl` are allowed by their arguments."""

HOSTILE = (
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "socket", "socketpair",
    "connect", "bind", "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "bpf", "perf_event_open",
    "keyctl", "add_key", "request_key", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "init_module", "finit_module", "delete_module", "kexec_load", "reboot", "setuid", "setgid", "setreuid",
    "setresuid", "capset", "personality", "memfd_create", "swapon", "iopl", "ioperm", "open_by_handle_at", "shmget",
    "semget", "msgget", "mq_open", "pidfd_getfd", "pidfd_send_signal", "sched_setscheduler", "seccomp",
)  # fmt: skip

PRETENDED = ("nanosleep", "clock_nanosleep", "getpid")

CHILD_HOSTILE = ("clone", "kill", "wait4", "prctl", "pipe2", "pidfd_open")
CHILD_PRETENDED = ("getppid",)

_FORK_FLAGS = 0x01200011  # CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD: what fork() of the C library asks for
_PROT_EXEC = 4
_FCNTL = (1, 2, 3, 1030)  # F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
_X32_BIT = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGS = 0, 4, 16  # offsets into struct seccomp_data

ALLOW, KILL = 0x7FFF0000, 0x80000000


def _errno(code: int) -> int:
    return 0x00050000 | code


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _give(number: int, action: int) -> bytes:
    """`action` for one system call; the number is loaded before and after."""
    return _step(_EQUAL, number, 0, 1) + _step(_RETURN, action)


def _argument(index: int) -> bytes:
    """Load the low half of an argument; both architectures are little-endian."""
    return _step(_LOAD, _ARGS + 8 * index)


def _judge(number: int, index: int, test: bytes, refused: int) -> bytes:
    """For one system call: ALLOW where a test of an argument holds, `refused` otherwise.

    `test` jumps over one instruction where it does not hold.
    """
    body = _argument(index) + test + _step(_RETURN, ALLOW) + _step(_RETURN, refused)
    return _step(_EQUAL, number, 0, len(body) // 8) + body


def _is_one_of(values: Iterable[int]) -> bytes:
    values = list(values)
    last = len(values) - 1
    return b"".join(_step(_EQUAL, value, last - i, 1 if i == last else 0) for i, value in enumerate(values))


def _beginning(audit_arch: int) -> bytes:
    """Another architecture's calls have other numbers, so they end the process; so do x32 calls."""
    start = _step(_LOAD, _ARCH) + _step(_EQUAL, audit_arch, 1, 0) + _step(_RETURN, KILL) + _step(_LOAD, _NUMBER)
    return start + _step(_AT_LEAST, _X32_BIT, 0, 1) + _step(_RETURN, KILL)


def server_filter(machine: str | None = None) -> bytes:
    """For the server, once; its children inherit it."""
    audit_arch, numbers = table(machine)
    no_exec = _step(_ANY_BIT, _PROT_EXEC, 1, 0)
    parts = [_beginning(audit_arch)]
    parts += [_give(numbers[name], ALLOW) for name in ALLOWED if name in numbers]
    parts += [_give(numbers[name], KILL) for name in HOSTILE if name in numbers]
    parts += [_give(numbers[name], _errno(0)) for name in PRETENDED]
    parts += [
        _judge(numbers["clone"], 0, _is_one_of([_FORK_FLAGS]), KILL),
        _give(numbers["clone3"], _errno(errno.ENOSYS)),  # its flags are behind a pointer; ENOSYS makes libc use clone
        _judge(numbers["mmap"], 2, no_exec, KILL),
        _judge(numbers["mprotect"], 2, no_exec, KILL),
        _judge(numbers["prlimit64"], 0, _is_one_of([0]), KILL),  # of itself only
        _judge(numbers["fcntl"], 1, _is_one_of(_FCNTL), _errno(errno.EPERM)),
        _step(_RETURN, _errno(errno.EPERM)),
    ]
    return b"".join(parts)


def child_filter(machine: str | None = None) -> bytes:
    """For each child on top; short, as the kernel walks a new filter once for every system call there is."""
    _, numbers = table(machine)
    hostile = [numbers[name] for name in CHILD_HOSTILE if name in numbers]
    parts = [_step(_LOAD, _NUMBER)]
    for place, number in enumerate(hostile):
        parts.append(_step(_EQUAL, number, len(hostile) - place + 2 * len(CHILD_PRETENDED), 0))
    parts += [_give(numbers[name], _errno(0)) for name in CHILD_PRETENDED]
    parts += [_step(_RETURN, ALLOW), _step(_RETURN, KILL)]
    return b"".join(parts)


class Filter:
    """A program ready to be installed, so that a child has nothing to allocate."""

    def __init__(self, code: bytes) -> None:
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = struct.pack("@HP", len(code) // 8, ctypes.addressof(self._code))
        self._buffer = ctypes.create_string_buffer(self._program, len(self._program))
        self._address = ctypes.addressof(self._buffer)

    def install(self) -> None:
        """For this process and those it forks.

        Raises:
            OSError: The kernel refused.
        """
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, self._address)


def allows(code: bytes, audit_arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What a filter returns for a system call: the kernel's arithmetic in a few lines, to test filters with."""
    data = struct.pack("=IIQ6Q", number, audit_arch, 0, *arguments, *([0] * (6 - len(arguments))))
    steps = list(struct.iter_unpack("=HBBI", code))
    at, accumulator = 0, 0
    while True:
        operation, if_true, if_false, value = steps[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x45:
                at += if_true if accumulator & value else if_false
            case _:
                return int(value)
