"""`push_update` and `start_server` for trading bots: the server they used to start in their own process is this one.

    from oracle.shims.stream_server import push_update, start_server

    port = start_server()
    push_update({"type": "ACCOUNT_UPDATE", "account": {...}})

ORACLE_URL (with ORACLE_TOKEN, where it wants one) names the server; without it that is the one that runs on the data folder of
this machine. Both functions are for any thread, also one that runs an asyncio loop.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from oracle.client import Client
from oracle.exchange import DEFAULT_PORT
from oracle.listen import Listen
from oracle.presence import find
from oracle.settings import load
from oracle.shims.forwarder import Counts, Forwarder

__all__ = ["counts", "flush", "push_update", "start_server"]

LOG = logging.getLogger("oracle.stream_server")
PORTS = 10  # tried, one after the other
READY_S = 60.0
FLUSH_S = 5.0
END_S = 10.0
DEADLINE_S = 6.0  # of one try; then it is said that nobody takes it


@attrs.define
class _Own:
    """What this process has: the data folder that was named, and the server that it started."""

    data: Path | None = None
    child: subprocess.Popen[str] | None = None
    turn: threading.Lock = attrs.field(factory=threading.Lock)


_own = _Own()


def _client() -> Client:
    url = os.environ.get("ORACLE_URL")
    if url:
        return Client(url, os.environ.get("ORACLE_TOKEN", ""), deadline_s=DEADLINE_S)
    return Client(data=_folder(), deadline_s=DEADLINE_S)


_forwarder = Forwarder(_client)


def push_update(data: dict[str, Any] | list[dict[str, Any]]) -> bool:
    """Have an object, or a list of them, told to everybody who watches; it has a `type`, as `POST /api/push` takes it. It is sent
    from another thread, and this returns at once: False where no server would take it, which is logged, as is what is dropped
    where no server is there for long (the oldest of 10,000). Raises nothing."""
    return _forwarder.push(data)


def flush(timeout_s: float | None = None) -> bool:
    """Wait until all that was pushed has been taken; whether it has. The process does so by itself when it ends, for 5 s."""
    return _forwarder.flush(timeout_s)


def counts() -> Counts:
    """How many objects were sent, dropped and refused so far."""
    return attrs.evolve(_forwarder.counts)


def start_server(host: str = "127.0.0.1", port: int = 8000, *, data: Path | str | None = None) -> int:
    """The port of the server that takes what is pushed: the one ORACLE_URL names, or that runs on the data folder (`data`; else
    that of the `oracle` command), or else one that is started here, on the first free port of ten from `port` on (0: any), and
    that ends with this process. Returns once it is ready, for which a new one takes some seconds.

    Any other host than loopback wants a token, which is made then, and stands in the log. Raises OSError where none can be
    started, Invalid for settings in the environment that are refused.
    """
    if url := os.environ.get("ORACLE_URL"):
        return _port(url)
    with _own.turn:
        _own.data = _own.data if data is None else Path(data)
        folder = _folder()
        running = find(folder)
        if running is None:
            url = _start(folder, Listen(host, _free(host, port) if port else 0))
            LOG.warning("the terminal is served at %s", url)
        else:
            url = running.url
        return _port(url)


def _folder() -> Path:
    return load(None, os.environ).data.folder if _own.data is None else _own.data


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or DEFAULT_PORT.get(parts.scheme, 80)


def _free(host: str, first: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, first + PORTS):
        with closing(socket.socket(family, socket.SOCK_STREAM)) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"none of the ports {first} to {first + PORTS - 1} of {host} is free")


def _start(folder: Path, where: Listen) -> str:
    """Start a server as a child of this process; its URL, once it is ready. Raises OSError."""
    command = [sys.executable, "-c", "from web.cli import main; main()", "serve", "--data", str(folder), "--listen", str(where),
               "--no-demo", *(() if where.loopback else ("--auth", "token"))]  # fmt: skip
    # in a session of its own: Ctrl-C is the bot's, which has something to tell before the server ends
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(child.stdout.readline() if child.stdout else ""), daemon=True)
    reader.start()
    reader.join(READY_S)
    line = said[0] if said else ""
    if not line.startswith("oracle ready "):
        child.kill()
        raise OSError(f"oracle serve did not become ready; it ended with {child.wait()}")
    _own.child = child
    return line.split()[-1]


@atexit.register
def _end() -> None:
    """Tell what is still to be told, then end the server that was started here."""
    if not _forwarder.flush(FLUSH_S):
        LOG.error("the process ends, and not all that was pushed was taken")
    child = _own.child
    if child is not None and child.poll() is None:
        child.terminate()
        try:
            child.wait(END_S)
        except subprocess.TimeoutExpired:
            child.kill()
