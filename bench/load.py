"""The light clients of load.c: compiled once, run on a core of their own."""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["MARKER", "CannotMeasure", "Missing", "Sockets", "confined", "preferred", "requests", "sockets"]

SOURCE = Path(__file__).with_name("load.c")
MARKER = '"trade_id":"'  # before the time stamp, in the frames of all servers
NAP_US = 1_000
TIMEOUT_S = 30.0
PRIORITY = -15


class CannotMeasure(RuntimeError):
    """Something that is needed is not there, or a run was no measurement; says what."""


def confined(core: int) -> None:
    """Keep the process that is about to start, in a session of its own, to one core, and where that is allowed ahead of
    whoever shares it: the wish of one process, and that of its session, which is what counts beside other sessions."""
    os.sched_setaffinity(0, {core})
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        Path("/proc/self/autogroup").write_text(str(PRIORITY))


def preferred(pid: int) -> None:
    """The same wish for a session that another program has begun, and for all that begin below it: where that is allowed."""
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(PRIORITY))
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            preferred(int(child))


class Missing(CannotMeasure):
    """Not every message came."""


class Sockets:
    """Open sockets, each in its subscription. `connect_s`: from the first handshake until the last was ready."""

    def __init__(self, process: subprocess.Popen[str], connect_s: float) -> None:
        self._process = process
        self.connect_s = connect_s

    def result(self) -> dict[str, Any]:
        """Once all messages have come: `messages`, `skipped`, `deflated`, `payload_bytes` (mean), `p50_us`, `p99_us`
        (from stamp to receipt). Raises Missing where some never came."""
        line = _line(self._process, TIMEOUT_S + 5)
        found: dict[str, Any] = json.loads(line)
        if found["messages"] != found["expected"] or found["skipped"]:
            raise Missing(f"messages are missing: {line.strip()}")
        return found


@contextmanager
def sockets(
    port: int, path: str, count: int, messages: int, *, times: int = 1, deflate: bool = False, at_once: bool = False,
    marker: str = MARKER,
) -> Iterator[Sockets]:
    """`count` sockets that were told ready and wait for `messages` each, so many times; with none they read nothing at all.

    `#` in the path becomes the number of the socket. `at_once`: frames are read as they come, for latency; else in rounds
    of a millisecond. `marker` is what stands before the time stamp. Raises CannotMeasure.
    """
    words = ("stream", port, count, messages, times, path, marker, int(deflate), 0 if at_once else NAP_US, TIMEOUT_S)
    with _client(*words) as process:
        line = _line(process, TIMEOUT_S)
        yield Sockets(process, float(line.removeprefix("connected ")))


def requests(port: int, path: str, connections: int, seconds: float) -> int:
    """How many GETs were answered 200 within so many seconds, each connection's next after its last. Raises CannotMeasure."""
    with _client("request", port, connections, seconds, path) as process:
        return int(json.loads(_line(process, seconds + 15))["answers"])


@contextmanager
def _client(*words: object) -> Iterator[subprocess.Popen[str]]:
    core = max(os.sched_getaffinity(0))  # another than the servers', where there are two
    with subprocess.Popen(
        [_program(), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=lambda: confined(core),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str], patience_s: float) -> str:
    assert process.stdout and process.stderr
    readable, _, _ = select.select([process.stdout], [], [], patience_s)
    line = process.stdout.readline() if readable else ""
    if not line:
        process.kill()
        raise CannotMeasure(f"the client gave up: {process.stderr.read().strip() or 'no answer in time'}")
    return line


def _program() -> Path:
    """The compiled client, in the temporary folder under the hash of its source. Raises CannotMeasure without a compiler."""
    name = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    program = Path(tempfile.gettempdir()) / f"oracle-bench-{os.getuid()}" / name
    if not program.exists():
        compiler = os.environ.get("CC") or shutil.which("cc")
        if compiler is None:
            raise CannotMeasure("these measurements need a C compiler, cc, for a client that costs next to nothing")
        program.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = program.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, "-O2", "-o", fresh, SOURCE], check=True)
        fresh.replace(program)  # another run may be doing the same
    return program
