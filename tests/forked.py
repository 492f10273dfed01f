"""Real processes that begin with everything imported, for tests of what processes do.

One process per test worker imports the whole of oracle once and then forks a child for each wish. Signals, exit codes, files
and ends are those of any process; what is saved is python's start and the imports, most of what such a test would cost.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import trio

__all__ = ["Forked", "run", "run_beside"]

TESTS = Path(__file__).resolve().parent
REPO = TESTS.parent
COMMANDS = ("alert", "backtest", "config", "doctor", "record", "replay", "serve", "sql", "tail", "top", "tree")
IMPORTED = ("web.cli", "web.failed", *(f"web.{part}.{name}" for part in ("verbs", "commands") for name in COMMANDS),
            "oracle.engines.httpx", "running", "alerting")
MOST_BYTES = 1 << 20  # of a wish: its arguments and its environment
ORACLE = "oracle"


class Forked:
    """A started process: `oracle` with arguments, or a python file with arguments. As far as it goes like subprocess.Popen,
    with a pipe to read its output from; what it writes to its standard error is kept for `errors`."""

    def __init__(self, *args: object, env: Mapping[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        ours, told = os.pipe()
        self._status, status = os.pipe()
        try:
            _ask({"args": list(map(str, args)), "env": dict(env)}, (told, self._errors.fileno(), status))
        finally:
            os.close(told)
            os.close(status)
        self.stdout = os.fdopen(ours, encoding="utf-8")
        self.returncode: int | None = None
        self.pid = self._said()

    def poll(self) -> int | None:
        """Its exit code; negative for the signal that ended it, None while it runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.returncode = self._said()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises TimeoutExpired."""
        if self.returncode is None and not select.select([self._status], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(ORACLE, timeout or 0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def errors(self) -> str:
        """What it has written to its standard error."""
        return os.pread(self._errors.fileno(), MOST_BYTES, 0).decode()

    def communicate(self, timeout: float) -> tuple[str, str]:
        """The rest of its output, and its errors, once it has ended; it is killed after `timeout` seconds."""
        late = threading.Timer(timeout, self.kill)
        late.start()
        try:
            out = self.stdout.read()
            self.wait()
        finally:
            late.cancel()
        return out, self.errors()

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.wait()
        self._errors.close()
        os.close(self._status)

    def _said(self) -> int:
        (line,) = os.read(self._status, 64).split()
        return int(line)


def run(*args: object, timeout_s: float, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one to its end; it is killed after `timeout_s`."""
    with Forked(*args, env=env) as process:
        out, errors = process.communicate(timeout_s)
        return subprocess.CompletedProcess(list(map(str, args)), process.wait(), out, errors)


async def run_beside(*args: object, timeout_s: float, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The same, while the test's own tasks go on."""
    return await trio.to_thread.run_sync(partial(run, *args, timeout_s=timeout_s, env=env))


# ---- the process that forks


@cache
def _parent() -> socket.socket:
    """A line to this process's own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {**os.environ, "PYTHONPATH": f"{REPO}{os.pathsep}{TESTS}", "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}
    with theirs:
        parent = subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], env=env, pass_fds=[theirs.fileno()],
                                  stdin=subprocess.DEVNULL)  # fmt: skip
    atexit.register(parent.wait)
    atexit.register(ours.close)  # which comes first, and ends it
    return ours


_asking = threading.Lock()


def _ask(wish: Any, files: Sequence[int]) -> None:
    with _asking:
        socket.send_fds(_parent(), [json.dumps(wish).encode()], list(files))


def _breed(line: socket.socket) -> tuple[Any, Sequence[int]]:
    """Fork for each wish; returns in the child, with its wish and its files. Ends when nobody can wish any more."""
    living: dict[int, tuple[int, int]] = {}  # by the descriptor that is ready once it has ended: process, where to say so
    with selectors.DefaultSelector() as ready:
        ready.register(line, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is not line:
                    ready.unregister(key.fileobj)
                    process, status = living.pop(key.fd)
                    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                    with contextlib.suppress(BrokenPipeError):
                        os.write(status, f"{code}\n".encode())
                    os.close(status)
                    os.close(key.fd)
                    continue
                wish, files, _, _ = socket.recv_fds(line, MOST_BYTES, 3)
                if not wish:
                    os._exit(0)
                process = os.fork()
                if not process:
                    return json.loads(wish), files
                *given, status = files
                os.write(status, f"{process}\n".encode())
                for descriptor in given:
                    os.close(descriptor)
                end = os.pidfd_open(process)
                living[end] = process, status
                ready.register(end, selectors.EVENT_READ)


def _become(wish: Any, files: Sequence[int]) -> None:
    """What a process that was started with these arguments would be."""
    for number, descriptor in enumerate(files[:2], 1):
        os.dup2(descriptor, number)
    os.closerange(3, 256)
    os.environ.clear()
    os.environ.update(wish["env"])
    sys.path[:0] = [place for place in wish["env"].get("PYTHONPATH", "").split(os.pathsep) if place]
    sys.argv = wish["args"]
    importlib.import_module("oracle.crash").arm(os.environ.get("ORACLE_CRASH_AT", ""))


def _main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what all have in common need not be copied
    line = socket.socket(fileno=int(sys.argv[1]))
    _become(*_breed(line))
    line.detach()
    if sys.argv[0] == ORACLE:
        importlib.import_module("web.cli").main()
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    _main()
