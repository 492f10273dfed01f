"""A real `oracle serve` in a process of its own, for tests that go the whole way."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ORACLE = Path(sys.executable).with_name("oracle")
READY_S = 60.0


def clean_env(**more: str) -> dict[str, str]:
    """This environment without anything that sets oracle up."""
    ours = ("ORACLE", "XDG_DATA_HOME", "PORT", "LOG_LEVEL", "CORS_ORIGINS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def oracle(*args: object, timeout_s: float = 60.0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run([ORACLE, *map(str, args)], capture_output=True, text=True, timeout=timeout_s,
                          env=clean_env(**env), stdin=subprocess.DEVNULL, check=False)


class Serving:
    """A started server: `url` without a slash at the end, `ready` the whole line it said, `said()` its log."""

    def __init__(self, process: subprocess.Popen[str], data: Path, log: Path, ready: str) -> None:
        self.process = process
        self.data = data
        self.ready = ready
        self.url = ready.split()[-1].partition("?")[0].rstrip("/")
        self._log = log

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def said(self) -> str:
        return self._log.read_text()

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 20.0) -> int:
        """Signal it and wait; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)


@contextmanager
def serving(data: Path, *args: object, listen: Sequence[str] = ("127.0.0.1:0",), **env: str) -> Iterator[Serving]:
    """Start a server on `data` and wait until it says that it is ready."""
    log = data.with_name(data.name + ".log")
    flags = [part for address in listen for part in ("--listen", address)]
    with log.open("w") as errors, subprocess.Popen(
        [ORACLE, "serve", "--data", str(data), *flags, *map(str, args)], stdout=subprocess.PIPE, stderr=errors,
        stdin=subprocess.DEVNULL, text=True, env=clean_env(**env),
    ) as process:
        try:
            readable, _, _ = select.select([process.stdout], [], [], READY_S)
            line = process.stdout.readline() if readable else ""
            assert line.startswith("oracle ready "), f"not ready: {line!r}\n{log.read_text()}"
            yield Serving(process, data, log, line.strip())
        finally:
            process.kill()
