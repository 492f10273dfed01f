"""Sends what a program says to a server, from a thread of its own, so that the program is not held up.

It knows no actors: it runs in other people's programs, with or without an event loop of whatever kind.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
import trio

from oracle.client import Client
from oracle.patience import Patience
from oracle.problems import Invalid
from oracle.remote import RemoteFailed
from oracle.terminal.objects import objects_of

__all__ = ["Counts", "Forwarder"]

LOG = logging.getLogger("oracle.stream_server")
MOST_WAITING, MOST_WAITING_BYTES = 10_000, 32 * 1024 * 1024
BATCH, BATCH_BYTES = 200, 512 * 1024
LOG_EVERY = 1_000  # objects dropped
NEVER_TAKEN = (400, 413, 422)


@attrs.define
class Counts:
    """How many objects were `sent` and taken, `dropped` for want of room, and `refused`: by the server, or since they are no
    objects that a server takes."""

    sent: int = 0
    dropped: int = 0
    refused: int = 0


class Forwarder:
    """Objects, in the order they were given, each once: what is sent again has the id it had. `client` finds the server each
    time anew; while there is none objects wait, at most `most` of them and 32 MiB, and then the oldest are dropped."""

    def __init__(self, client: Callable[[], Client], most: int = MOST_WAITING) -> None:
        self.counts = Counts()
        self._client = client
        self._most = most
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._in_hand = 0
        self._lost = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def push(self, data: Any) -> bool:
        """Take an object, or a list of them, as they are now; False where one is none that a server takes, and then none is
        sent. Returns at once, and raises nothing."""
        try:
            texts = [_text(one) for one in (data if isinstance(data, list) else [data])]
        except (TypeError, ValueError, RecursionError, Invalid) as wrong:
            with self._changed:
                self.counts.refused += 1
            LOG.error("not sent, since no server would take it: %s", wrong)
            return False
        with self._changed:
            self._waiting.extend(texts)
            self._bytes += sum(map(len, texts))
            self._make_room()
            if self._thread is None or not self._thread.is_alive():
                self._in_hand = 0
                self._thread = threading.Thread(target=self._run, name="oracle-stream", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all that was given is taken, refused or dropped; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._in_hand, timeout_s)

    def _make_room(self) -> None:
        while len(self._waiting) > self._most or self._bytes > MOST_WAITING_BYTES:
            self._bytes -= len(self._waiting.popleft())
            self.counts.dropped += 1
            if self.counts.dropped % LOG_EVERY == 1:
                LOG.error("the server does not keep up or is not there: %d objects dropped", self.counts.dropped)

    def _run(self) -> None:
        """The thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                batch = self._next_batch()
            trio.run(self._deliver, batch)
            with self._changed:
                self._in_hand = 0
                self._changed.notify_all()

    def _next_batch(self) -> list[Any]:
        batch: list[Any] = []
        size = 0
        while self._waiting and len(batch) < BATCH and (not batch or size + len(self._waiting[0]) <= BATCH_BYTES):
            text = self._waiting.popleft()
            size += len(text)
            batch.append(json.loads(text))
        self._bytes -= size
        self._in_hand = len(batch)
        return batch

    async def _deliver(self, batch: list[Any]) -> None:
        """Have it taken, however long that takes; what is refused is looked for, and is left out alone."""
        ident, patience = secrets.token_hex(16), Patience()
        while True:
            try:
                await self._client().command("POST", "api/push", batch, id=ident)
            except (RemoteFailed, Invalid, ValueError) as no:
                if isinstance(no, RemoteFailed) and no.status in NEVER_TAKEN:
                    return await self._without_the_refused(batch, no)
                if not self._lost:
                    self._lost = True
                    LOG.warning("what is pushed waits, since no server takes it: %s", no)
                await trio.sleep(patience.wait_s())
            else:
                self.counts.sent += len(batch)
                if self._lost:
                    self._lost = False
                    LOG.warning("a server takes what is pushed again")
                return None

    async def _without_the_refused(self, batch: list[Any], no: RemoteFailed) -> None:
        if len(batch) == 1:
            self.counts.refused += 1
            LOG.error("refused: %s", no)
            return
        middle = len(batch) // 2
        await self._deliver(batch[:middle])
        await self._deliver(batch[middle:])


def _text(one: Any) -> bytes:
    """An object as JSON. Raises TypeError, ValueError, RecursionError, Invalid."""
    text = json.dumps(one, allow_nan=False, default=_plain).encode()
    objects_of(json.loads(text))
    return text


def _plain(value: Any) -> Any:
    """What JSON has no word for: numpy's numbers and arrays, and times."""
    for way in ("tolist", "isoformat", "_asdict"):
        if hasattr(value, way):
            return getattr(value, way)()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
