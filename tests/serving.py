"""A real `oracle serve` in a process of its own, for tests that go the whole way.

Where the simulated market runs, its past is made once and copied: making it is most of a first start, and tested elsewhere.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.forked import Forked, run

REPO = Path(__file__).resolve().parents[1]
ORACLE = Path(sys.executable).with_name("oracle")
READY_S = 60.0
SHARED = "SIMULATED_PAST_OF_TESTS"


def clean_env(**more: str) -> dict[str, str]:
    """This environment without anything that sets oracle up, or that keeps python from keeping what it has compiled."""
    ours = ("ORACLE", "XDG_DATA_HOME", "PORT", "LOG_LEVEL", "CORS_ORIGINS", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def oracle(*args: object, timeout_s: float = 60.0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return run("oracle", *args, timeout_s=timeout_s, env=clean_env(**env))


class Serving:
    """A started server: `url` without a slash at the end, `ready` the whole line it said, `said()` its log."""

    def __init__(self, process: Forked, data: Path, ready: str) -> None:
        self.process = process
        self.data = data
        self.ready = ready
        self.url = ready.split()[-1].partition("?")[0].rstrip("/")
        self.said = process.errors

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 20.0) -> int:
        """Signal it and wait; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout_s)


@contextmanager
def serving(data: Path, *args: object, listen: Sequence[str] = ("127.0.0.1:0",), **env: str) -> Iterator[Serving]:
    """Start a server on `data` and wait until it says that it is ready."""
    if not (data / "history.duckdb").exists() and not {"--no-demo", "--feed", "--settings"} & set(args):
        shutil.copytree(simulated_past(), data, dirs_exist_ok=True)
    flags = [part for address in listen for part in ("--listen", address)]
    with Forked("oracle", "serve", "--data", data, *flags, *args, env=clean_env(**env)) as process:
        try:
            readable, _, _ = select.select([process.stdout], [], [], READY_S)
            line = process.stdout.readline() if readable else ""
            assert line.startswith("oracle ready "), f"not ready: {line!r}\n{process.errors()}"
            yield Serving(process, data, line.strip())
        finally:
            process.kill()


def share_a_past() -> None:
    """Where all workers of a run are to find the simulated market's past; called once, before they begin."""
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="oracle-past-")
        atexit.register(shutil.rmtree, os.environ[SHARED], ignore_errors=True)


@cache
def simulated_past() -> Path:
    """A data folder that holds the simulated market's past and nothing else; made by the first worker that needs it."""
    share_a_past()
    folder, new = (Path(os.environ[SHARED], name) for name in ("data", "new"))
    with open(folder.with_name("lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = run(Path(__file__).with_name("past_child.py"), new, timeout_s=READY_S, env=clean_env())
            assert made.returncode == 0, made.stderr
            _learn(new)
            new.rename(folder)
    return folder


def _learn(folder: Path) -> None:
    """Give a past the models that a first start trains beside its work; that they cost each server some seconds is tested
    elsewhere."""
    tried = folder.with_name("tried")
    shutil.copytree(folder, tried)
    strategies = ("tail", "state:strategy:*", "--json", "--data", tried)
    with serving(tried) as server, Forked("oracle", *strategies, env=clean_env()) as tail:
        assert any('"trained_us"' in line for line in tail.stdout)
        tail.kill()
        server.end()
    shutil.copytree(tried / "models", folder / "models")
