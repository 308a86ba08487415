"""Starting the processes that share a run, and ending them together.

Fabric starts the others by running the command again, or torchrun has started all. One that is lost cannot be done
without: the job ends, with one line, and the same command goes on from what is saved.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from subprocess import Popen
from typing import Any

import torch
import torch.distributed as distributed
from lightning.fabric import Fabric
from lightning.fabric.strategies import DDPStrategy, FSDPStrategy, Strategy
from torch.nn.parallel import DistributedDataParallel

from selfplay.config import DeviceConfig
from selfplay.model.gpt import Block
from selfplay.ranks import die_with_parent, leads, n_launched

REMEDY = "the same command goes on from what is saved"
LONGEST_END_S = 10.0

_watchers: list[threading.Thread] = []


def require_devices(device: DeviceConfig) -> None:
    """Refuse what this machine, or the launcher, does not offer, before anything is started.

    Raises:
        ValueError: A device is not there, or torchrun has started another number of processes.
    """
    if device.accelerator == "cuda" and not torch.cuda.is_available():
        raise ValueError("device.accelerator = cuda: PyTorch finds no CUDA device here; use cpu or auto")
    if device.accelerator == "cuda" and torch.cuda.device_count() < device.n_devices:
        n_there = torch.cuda.device_count()
        raise ValueError(f"device.n_devices = {device.n_devices}: PyTorch finds {n_there} CUDA devices here")
    if n_launched() not in (0, device.n_devices):
        raise ValueError(
            f"device.n_devices = {device.n_devices}, but torchrun has started {n_launched()} processes: say "
            f"--device.n_devices {n_launched()}, or torchrun --nproc-per-node {device.n_devices}"
        )


def start_fabric(device: DeviceConfig) -> Fabric:
    """Fabric with its processes started; sets the CPU threads, which change rounding and belong to the experiment."""
    precision: Any = "32-true" if device.precision == "bf16" else device.precision  # bf16 is cast by the model
    for greeting in ("lightning.fabric", "lightning.pytorch"):
        logging.getLogger(greeting).setLevel(logging.WARNING)
    strategy: str | Strategy = "auto"
    n_devices = device.n_devices
    if n_devices > 1 and device.strategy == "fsdp":
        strategy = FSDPStrategy(auto_wrap_policy={Block}, state_dict_type="full")
    elif n_devices > 1:
        # Buffers are constants, and copying them anew in every forward would spoil the graph of the one before.
        known = signature(DistributedDataParallel).parameters
        strategy = DDPStrategy(
            **{"forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers": False}
        )
    fabric = Fabric(accelerator=device.accelerator, devices=n_devices, precision=precision, strategy=strategy)
    fabric.launch()
    torch.set_num_threads(device.n_threads)  # after the launch, which sets them by the number of cores
    if n_devices > 1:
        _end_together(getattr(fabric.strategy.launcher, "procs", []))
    return fabric


@contextmanager
def losses_told() -> Iterator[None]:
    """Turn the failure of an exchange with a process that is gone into one line.

    Raises:
        ValueError: In every process of the run that is left.
    """
    try:
        yield
    except (RuntimeError, distributed.DistError) as error:
        if not distributed.is_initialized() or not _is_loss(error):
            raise
        for watcher in _watchers:
            watcher.join(LONGEST_END_S)  # it knows who is gone, says so, and ends this process
        raise ValueError(f"another process of this run has ended; {REMEDY}") from None


def _is_loss(error: Exception) -> bool:
    words = ("closed by peer", "reset by peer", "Broken pipe", "Timed out", "timed out")
    return isinstance(error, distributed.DistError) or any(word in str(error) for word in words)


def _end_together(processes: list[Popen[bytes]]) -> None:
    if not leads():
        die_with_parent(os.getppid())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that leads, which ends this one
    for number, process in enumerate(processes, start=1):
        _watchers.append(threading.Thread(target=_watch, args=(number, process), daemon=True))
        _watchers[-1].start()


def _watch(number: int, process: Popen[bytes]) -> None:
    code = process.wait()
    if code:  # one that stops because of another ends with 0
        ending = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        print(f"error: process {number} of this run has ended ({ending}); {REMEDY}", file=sys.stderr, flush=True)
        os._exit(1)  # this process may be waiting for that one; what it holds, the system frees
