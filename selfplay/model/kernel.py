"""The attention of a decoding step, compiled from `kernel.cpp` at first use and kept; sampling goes on without it.

One small shared object without PyTorch's headers, so that compiling takes seconds and a compiler is all it needs.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

SOURCE = Path(__file__).with_name("kernel.cpp")
FLAGS = (
    "-O3", "-std=c++17", "-shared", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros",
    "-fassociative-math",
)  # fmt: skip
"""What lets sums vectorise. Not -ffast-math, which would change how the whole process treats small numbers."""
NATIVE = "-march=native"
DTYPES = (torch.float32, torch.bfloat16)


class Kernel:
    """The compiled functions. Rows are shared out among PyTorch's threads; each row's result is its own."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._of: dict[torch.dtype, Callable[..., None]] = {}
        for dtype in DTYPES:
            function = getattr(library, f"attend_{str(dtype).removeprefix('torch.')}")
            function.argtypes = [ctypes.c_void_p] * 10 + [ctypes.c_int64] * 5 + [ctypes.c_float]
            function.restype = None
            self._of[dtype] = function

    def attend(
        self,
        qkv: Tensor,
        keys: Tensor,
        values: Tensor,
        slots: Tensor,
        lengths: Tensor,
        weights: tuple[Tensor | None, Tensor | None],
        tables: tuple[Tensor, Tensor],
        *,
        n_head: int,
        eps: float,
    ) -> Tensor:
        """Attention of one new token a row; its key and value are stored.

        Args:
            qkv: `(R, (H + 2K) * E)` projections.
            keys: `(slots, K, L, E)` of the same dtype, written to.
            values: Likewise.
            slots: `(R,)` int64, where each row's keys and values lie.
            lengths: `(R,)` int64, how many tokens each slot holds; below L.
            weights: `(E,)` fp32 of the norms of queries and keys; None where there are none.
            tables: `(L, E)` fp32 cosines and sines.
            n_head: H.
            eps: Of the norms.

        Returns:
            `(R, H * E)`.
        """
        n_rows = len(qkv)
        _, n_kv_head, length, head_dim = keys.shape
        out = torch.empty(n_rows, n_head * head_dim, dtype=qkv.dtype)
        function, width = self._of[qkv.dtype], qkv.element_size()
        fixed = [None if w is None else w.data_ptr() for w in weights] + [table.data_ptr() for table in tables]

        def part(first: int, last: int) -> None:
            function(
                qkv.data_ptr() + first * qkv.shape[1] * width, keys.data_ptr(), values.data_ptr(),
                slots.data_ptr() + first * 8, lengths.data_ptr() + first * 8, *fixed,
                out.data_ptr() + first * out.shape[1] * width, last - first, n_head, n_kv_head, head_dim, length, eps,
            )  # fmt: skip

        n_threads = torch.get_num_threads()
        if n_threads == 1:
            part(0, n_rows)
        else:
            bounds = [n_rows * i // n_threads for i in range(n_threads + 1)]
            list(_threads(n_threads).map(part, bounds[:-1], bounds[1:]))  # ctypes lets go of the interpreter
        return out


@functools.cache
def _threads(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads)


@functools.cache
def kernel() -> Kernel | None:
    """The kernel of this machine, compiled if it has not been; None, with a line on standard error, without a compiler.

    `SELFPLAY_KERNEL=off` leaves it out. Compiled files are kept in the user's cache folder under a name that holds the
    source, the flags, the compiler and the CPU.
    """
    if os.environ.get("SELFPLAY_KERNEL") == "off":
        return None
    try:
        return Kernel(ctypes.CDLL(str(_compiled())))
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        reason = (detail.strip().splitlines() or [type(error).__name__])[0][:120]
        print(f"no compiled decoding ({reason}); sampling goes on in plain PyTorch, more slowly", file=sys.stderr)
        return None


def _compiled() -> Path:
    found = (shutil.which(name) for name in (os.environ.get("CXX"), "c++", "g++", "clang++") if name)
    compiler = next((path for path in found if path), None)
    if compiler is None:
        raise FileNotFoundError("no C++ compiler: none of $CXX, c++, g++, clang++")
    name = hashlib.sha256(f"{SOURCE.read_text()}{FLAGS}{compiler}{_cpu()}".encode()).hexdigest()[:24]
    path = _cache_folder() / f"attend-{name}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder, path.name)
            command = [compiler, *FLAGS, str(SOURCE), "-o", str(made)]
            if subprocess.run([*command, NATIVE], capture_output=True, timeout=120).returncode:
                subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            made.replace(path)  # whole or not at all: other processes may be compiling too
    return path


def _cpu() -> str:
    """What tells CPUs with other instructions apart."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    said = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"{platform.machine()} {platform.processor()} {torch.backends.cpu.get_cpu_capability()} {said}"


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "selfplay"
