"""Servers under measurement: ours as it is shipped, and peers out of an environment of their own.

Each runs on one core, is asked for its CPU time by the kernel (which other processes on a shared machine disturb least),
and ends itself after a deadline if nobody else does.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from bench.load import CannotMeasure, confined

__all__ = ["Ours", "Peer", "Server", "ours", "peer"]

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"
START_S = 30.0
DEADLINE_S = 1_800  # of a server, whatever happens to the process that measures
FILES = 8_192  # a thousand sockets need them open
SETTINGS = """
[server]
connections = 4000
rate_per_s = 1e9
burst = 1000000000
send_timeout_s = 120.0
[feeds.bench]
kind = "bench.delivery_feed:Told"
[watchdogs.price_anomaly]
symbols = ["*"]
[log]
level = "warning"
"""


@attrs.define(eq=False)
class Server:
    """A running process and its port."""

    process: subprocess.Popen[str]
    port: int

    def cpu_s(self) -> float:
        """CPU seconds of all its threads so far."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident_bytes(self) -> int:
        """Memory it holds now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


class Ours(Server):
    """`oracle serve` with the feed of bench.delivery_feed, everything switched on."""

    def tell(self, order: dict[str, Any]) -> None:
        """Have the feed do something: through the inbox, as any program would."""
        body = json.dumps({"bench": order}).encode()
        wish = urllib.request.Request(self.url("/api/oracle/inbox"), body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(wish, timeout=10):
            pass

    def get(self, path: str) -> bytes:
        """The body of a 200. Raises CannotMeasure."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise CannotMeasure(f"GET {path} was answered {error.code}") from error

    def url(self, path: str) -> str:
        """The whole address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def check(self) -> None:
        """Raises CannotMeasure where a mailbox or the history has dropped anything since the start."""
        lost = ("oracle_mailbox_dropped_total", "oracle_history_rows_lost_total")
        lines = self.get("/metrics").decode().splitlines()
        dropped = [line for line in lines if line.startswith(lost) and float(line.split()[-1])]
        if dropped:
            raise CannotMeasure(f"the server dropped messages: {', '.join(dropped)}")


class Peer(Server):
    """A program of this folder that does what it is told on its standard input."""

    def tell(self, order: dict[str, Any]) -> None:
        """Have it do something."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()


@contextmanager
def ours(more: str = "") -> Iterator[Ours]:
    """A server of our own with an empty history, and `more` settings. Raises CannotMeasure."""
    with tempfile.TemporaryDirectory(prefix="oracle-bench-") as folder:
        settings = Path(folder, "settings.toml")
        settings.write_text(SETTINGS + more)
        command = [
            Path(sys.executable).with_name("oracle"), "serve", "--no-demo", "--settings", settings,
            "--data", Path(folder, "data"), "--listen", "127.0.0.1:0",
        ]  # fmt: skip
        with _running(command, Path(folder, "log")) as process:
            assert process.stdout
            readable, _, _ = select.select([process.stdout], [], [], START_S)
            line = process.stdout.readline() if readable else ""
            if not line.startswith("oracle ready "):
                raise CannotMeasure(f"oracle serve is not ready: {Path(folder, 'log').read_text()}")
            yield Ours(process, int(line.strip().rstrip("/").rpartition(":")[2]))


@contextmanager
def peer(module: str, *words: object, python: Path = PEERS) -> Iterator[Peer]:
    """A peer that listens: `python -m bench.peers.MODULE WORDS... PORT`, in the peers' environment unless told otherwise.
    Raises CannotMeasure."""
    if not python.exists():
        raise CannotMeasure("the peers have no environment: `make bench` sets it up")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="oracle-bench-") as folder:
        log = Path(folder, "log")
        with _running([python, "-m", f"bench.peers.{module}", *words, port], log) as process:
            _wait_for(port, process, log)
            yield Peer(process, port)


@contextmanager
def _running(command: list[Any], log: Path) -> Iterator[subprocess.Popen[str]]:
    core = min(os.sched_getaffinity(0))

    def prepare() -> None:
        confined(core)
        signal.alarm(DEADLINE_S)  # outlives exec
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))

    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ORACLE", "XDG_DATA_HOME", "PORT"))}
    with log.open("w") as errors, subprocess.Popen(
        [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        start_new_session=True, preexec_fn=prepare, env={**plain, "PYTHONPATH": str(HERE.parent)}, cwd=HERE.parent,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[str], log: Path) -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise CannotMeasure(f"a peer does not listen: {log.read_text()}")
