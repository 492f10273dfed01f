"""The newest messages of the bus, whole and in order, within a number of bytes: what a client that was away for a moment
has missed.

It hears each message as it is published, so at any instant it ends where the bus does, whatever happens to any actor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

import attrs
import msgspec

from actors import DeadLetter, Lifecycle, Published, Runtime
from oracle.history.schema import stand_in
from oracle.model import Bar, Depth, Quote, Sample, Trade

__all__ = ["LIMIT_BYTES", "Ring"]

LIMIT_BYTES = 32 * 1024 * 1024

# bytes in memory, envelope and texts included, measured and rounded up; one look-up for what comes by the thousand
_WEIGHTS: dict[type, int] = {Quote: 450, Trade: 450, Bar: 550, Sample: 400}
_ENVELOPE = 400
_LEVEL = 128  # of an order book: a tuple of two floats


class Ring:
    """Holds every message published after `after`, at most about `limit_bytes` of them."""

    def __init__(self, after: int = 0, limit_bytes: int = LIMIT_BYTES) -> None:
        self.after = after
        self.limit_bytes = limit_bytes
        self.bytes = 0
        self.evicted = 0
        self._messages: deque[Published] = deque()
        self._weights: deque[int] = deque()

    @classmethod
    def of(cls, runtime: Runtime, limit_bytes: int = LIMIT_BYTES) -> Ring:
        """One that hears everything a runtime publishes from now on."""
        ring = cls(runtime.bus.offset, limit_bytes)
        runtime.listen("*", ring.put)
        return ring

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def last(self) -> int:
        """The offset of the newest message."""
        return self.after + len(self._messages)

    def put(self, published: Published) -> None:
        """Take the next message; the oldest go while there are too many bytes."""
        weight = _WEIGHTS.get(published.message.__class__)
        if weight is None:
            published = _slim(published)
            weight = _weight(published.message)
        self._messages.append(published)
        self._weights.append(weight)
        self.bytes += weight
        while self.bytes > self.limit_bytes:
            self.bytes -= self._weights.popleft()
            self._messages.popleft()
            self.after += 1
            self.evicted += 1

    def everything(self) -> Sequence[Published]:
        """All it holds."""
        return list(self._messages)

    def since(self, offset: int, most: int | None = None) -> Sequence[Published]:
        """Those after `offset`, which must not be before `after`; the first `most` of them. Raises LookupError."""
        if offset < self.after:
            raise LookupError(f"offset {offset} is before {self.after}")
        first, last = offset - self.after, len(self._messages)
        stop = last if most is None else min(last, first + most)
        if first <= last - stop:  # a deque is slow in its middle, so begin at the nearer end
            return list(islice(self._messages, first, stop))
        return list(islice(reversed(self._messages), last - stop, last - first))[::-1]


def _slim(published: Published) -> Published:
    """Without what would be kept alive for nothing: the frames of an exception, a letter that may hold a secret."""
    match published.message:
        case Lifecycle(exception=BaseException()) as life:
            slim: Any = attrs.evolve(life, exception=None)
        case DeadLetter() as letter:
            slim = attrs.evolve(letter, message=stand_in(type(letter.message).__name__))
        case _:
            return published
    return Published(published.offset, published.time_us, published.topic, slim)


def _weight(message: Any) -> int:
    if isinstance(message, Depth):
        return _ENVELOPE + _LEVEL * (len(message.bids) + len(message.asks))
    try:
        # what is decoded takes several times the bytes of its JSON
        return _ENVELOPE + 3 * len(msgspec.json.encode(message, enc_hook=str))
    except (TypeError, ValueError, RecursionError):
        return 10 * _ENVELOPE
