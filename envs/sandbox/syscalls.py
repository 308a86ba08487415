"""System call numbers of the two architectures the sandbox knows, from the kernel's tables."""

from __future__ import annotations

import platform

_GENERIC = {
    "clone3": 435,
    "close_range": 436,
    "execveat": 281,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446,
    "pidfd_getfd": 438,
    "pidfd_open": 434,
    "pidfd_send_signal": 424,
    "rseq": 293,
}

_X86_64 = _GENERIC | {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
    "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25,
    "shmget": 29, "dup": 32, "dup2": 33, "nanosleep": 35, "getpid": 39, "socket": 41, "connect": 42, "bind": 49,
    "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "exit": 60, "wait4": 61, "kill": 62,
    "semget": 64, "msgget": 68, "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "times": 100, "ptrace": 101,
    "getuid": 102, "getgid": 104, "setuid": 105, "setgid": 106, "geteuid": 107, "getegid": 108, "getppid": 110,
    "setreuid": 113, "setresuid": 117, "capset": 126, "sigaltstack": 131, "personality": 135, "sched_setscheduler": 144,
    "pivot_root": 155, "prctl": 157, "chroot": 161, "mount": 165, "umount2": 166, "swapon": 167, "reboot": 169,
    "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "gettid": 186, "futex": 202,
    "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
    "exit_group": 231, "mq_open": 240, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
    "unshare": 272, "set_robust_list": 273, "dup3": 292, "pipe2": 293, "perf_event_open": 298, "prlimit64": 302,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313,
    "seccomp": 317, "getrandom": 318, "memfd_create": 319, "bpf": 321, "execveat": 322, "userfaultfd": 323,
    "membarrier": 324, "rseq": 334, "madvise": 28, "gettimeofday": 96, "uname": 63, "fcntl": 72, "ppoll": 271,
}  # fmt: skip

_AARCH64 = _GENERIC | {
    "dup": 23, "dup3": 24, "fcntl": 25, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "close": 57,
    "pipe2": 59, "lseek": 62, "read": 63, "write": 64, "ppoll": 73, "fstat": 80, "personality": 92, "exit": 93,
    "exit_group": 94, "unshare": 97, "futex": 98, "set_robust_list": 99, "nanosleep": 101, "kexec_load": 104,
    "init_module": 105, "delete_module": 106, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
    "ptrace": 117, "sched_setscheduler": 119, "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128,
    "kill": 129, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "reboot": 142,
    "setgid": 144, "setreuid": 145, "setuid": 146, "setresuid": 147, "times": 153, "uname": 160, "getrlimit": 163,
    "getrusage": 165, "prctl": 167, "gettimeofday": 169, "getpid": 172, "getppid": 173, "getuid": 174, "geteuid": 175,
    "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179, "mq_open": 180, "msgget": 186, "semget": 190,
    "shmget": 194, "socket": 198, "socketpair": 199, "bind": 200, "connect": 203, "brk": 214, "munmap": 215,
    "mremap": 216, "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221, "mmap": 222,
    "swapon": 224, "mprotect": 226, "madvise": 233, "perf_event_open": 241, "wait4": 260, "prlimit64": 261,
    "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273,
    "seccomp": 277, "getrandom": 278, "memfd_create": 279, "bpf": 280, "userfaultfd": 282, "membarrier": 283,
    "capset": 91,
}  # fmt: skip

ARCHITECTURES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
"""The kernel's audit number of each, and its table."""


class UnknownArchitecture(OSError):
    """No table for this machine."""


def table(machine: str | None = None) -> tuple[int, dict[str, int]]:
    """Audit number and system call numbers of this machine, or of a named one.

    Raises:
        UnknownArchitecture: Neither x86_64 nor aarch64.
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        raise UnknownArchitecture(f"no system call table for {machine}: the sandbox knows {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[machine]
