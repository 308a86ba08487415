"""The parent's end of one fork server: start it, talk to it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from envs.sandbox import wire
from envs.sandbox.status import Layer

_START_S, _END_S = 30.0, 1.0

_BOOTSTRAP = """
import sys, types
for name, folder in (("envs", sys.argv[2]), ("envs.sandbox", sys.argv[3])):
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [folder]
from envs.sandbox.server import main
main(sys.argv[1])
"""
"""Finds our modules by path without running the packages' own code, which is for the parent."""


class SandboxUnavailable(ValueError):
    """No sandbox can be had on this host; the message names the layer that is missing."""


class Gone(Exception):
    """The server ended, or answers no more."""


class Worker:
    """One fork server.

    Raises:
        SandboxUnavailable: It refused to start.
    """

    def __init__(self, config: dict[str, Any], hash_seed: int) -> None:
        self.layers: tuple[Layer, ...] = ()
        self._out = bytearray()
        self._in = bytearray()
        self._process, self._socket = _start(config, hash_seed)
        self._socket.setblocking(False)
        self.pid = self._process.pid

    def greet(self) -> None:
        """Wait until it is ready and learn its layers.

        Raises:
            SandboxUnavailable: It refused to start, or did not within a time.
        """
        deadline = time.monotonic() + _START_S
        while (body := self._message()) is None:
            left_s = deadline - time.monotonic()
            try:
                if left_s <= 0 or not self._wait(left_s):
                    raise SandboxUnavailable(f"the sandbox's server did not start within {_START_S:.0f} s")
                self._receive()
            except Gone:
                raise SandboxUnavailable("the sandbox's server ended while it started") from None
        hello = json.loads(body)
        self.layers = tuple(Layer(*layer) for layer in hello["layers"])
        if hello["refused"]:
            raise SandboxUnavailable(f"no sandbox on this host: {hello['refused']}")

    def fileno(self) -> int:
        """Of the socket, for `select.poll`."""
        return self._socket.fileno()

    @property
    def wants_to_send(self) -> bool:
        """Whether bytes are left that the socket did not take yet."""
        return bool(self._out)

    def ask(self, message: bytes) -> None:
        """Queue a job for it; both sides may be writing, so nothing blocks.

        Raises:
            Gone: It ended.
        """
        self._out += wire.LENGTH.pack(len(message)) + message
        self.push()

    def push(self) -> None:
        """Send what the socket takes.

        Raises:
            Gone: It ended.
        """
        try:
            while self._out:
                del self._out[: self._socket.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:
            raise Gone from None

    def replies(self) -> list[wire.Reply]:
        """All answers that have come.

        Raises:
            Gone: It ended.
        """
        self._receive()
        found = []
        while (body := self._message()) is not None:
            found.append(wire.unpack_reply(body))
        return found

    def close(self) -> None:
        """End it and its child; nothing is left afterwards. May be called again."""
        self._socket.close()  # it ends its child first, and is waited for that long
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """End it at once; the kernel ends its child."""
        self._process.kill()
        self.close()

    def _wait(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1e3))

    def _receive(self) -> None:
        try:
            while part := self._socket.recv(2**20):
                self._in += part
        except BlockingIOError:
            return
        except OSError:
            raise Gone from None
        raise Gone

    def _message(self) -> bytes | None:
        size = wire.LENGTH.size
        if len(self._in) < size:
            return None
        end = size + wire.LENGTH.unpack_from(self._in)[0]
        if len(self._in) < end:
            return None
        body = bytes(self._in[size:end])
        del self._in[:end]
        return body


def _start(config: dict[str, Any], hash_seed: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A bare interpreter that reads nothing: no site, no user folder, no path of its own, no variable but one.

    `-I` would ignore that one too: the hash seed, on which the order of sets depends. The rest of `-I` is here.
    """
    folder = Path(__file__).resolve().parent
    ours, theirs = socket.socketpair()
    parent = _pidfd_of_this()
    command = [sys.executable, "-s", "-S", "-P", "-B", "-c", _BOOTSTRAP]
    passed = [theirs.fileno(), *([] if parent is None else [parent])]
    try:
        process = subprocess.Popen(
            [*command, json.dumps(config | {"fds": passed}), str(folder.parent), str(folder)],
            env={"PYTHONHASHSEED": str(hash_seed)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is for the parent, which ends its servers itself
            pass_fds=passed,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        if parent is not None:
            os.close(parent)
    return process, ours


def _pidfd_of_this() -> int | None:
    """A descriptor that tells when this process ends; a signal at a parent's death is tied to one of its threads."""
    try:
        return os.pidfd_open(os.getpid())
    except (OSError, AttributeError):
        return None


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a Ctrl-C back until the block ends, so that a server is started whole and known.

    The signal is blocked for the server, which inherits that, and its handler exchanged, as another thread may take
    the signal and Python then raises in the main thread all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
    if held:
        signal.raise_signal(signal.SIGINT)
