"""How the families of clients are told what is published: one class each, shared by all their sockets."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

import msgspec

from actors import DeadLetter, Lifecycle, Published
from oracle.model import Event, State
from oracle.patterns import Patterns
from web.rows import native_message, native_state
from web.surfaces.fiml import fiml_event
from web.wire import deflated_frame, event_chunk, iso, text_frame

__all__ = ["Deflated", "Fiml", "Native", "ServerSent", "to_json"]

WORTH_DEFLATING_BYTES = 128


class Native:
    """`{type, channel, topic, epoch, offset, ts, data}`: `type` is the topic's first segment, `channel` all but its last;
    `data` is the message as REST shows its row."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch

    def of(self, epoch: str) -> Native:
        """The same dialect for another run of the server."""
        return self if epoch == self.epoch else type(self)(epoch)

    def frame(self, published: Published) -> bytes:
        """One text message."""
        return text_frame(self.encode(published))

    def still(self, published: Published) -> bytes:
        """The same: a client knows by `subscribed` and `ready` what a snapshot is."""
        return self.frame(published)

    def word(self, payload: bytes, place: str = "") -> bytes:
        """One text message."""
        return text_frame(payload)

    def encode(self, published: Published) -> bytes:
        """The JSON of any message; `data` is null where it holds a value that JSON has no word for."""
        kind, channel = _shelf(published.topic)
        ts_us = getattr(published.message, "ts_us", published.time_us)
        row = _Row(kind, channel, published.topic, self.epoch, published.offset, iso(ts_us), None)
        try:
            row.data = _told(published.message)
            return to_json(row)
        except (TypeError, ValueError, OverflowError, RecursionError):
            # one odd value in one event must not end the stream of everybody
            row.data = None
            return to_json(row)

    def skipped(self, count: int, reason: str) -> bytes:
        """`{type: "skipped", channel: "system:stream", epoch, count, reason}`."""
        return to_json({**self.words("skipped"), "count": count, "reason": reason})

    def words(self, kind: str) -> dict[str, Any]:
        """The head of a message about the stream itself."""
        return {"type": kind, "channel": "system:stream", "epoch": self.epoch}


class Deflated(Native):
    """The same for clients that take permessage-deflate: messages of some topics are compressed, once for all of them."""

    def __init__(self, epoch: str, topics: frozenset[str]) -> None:
        super().__init__(epoch)
        self.topics = topics
        self._patterns = Patterns(topics)

    def of(self, epoch: str) -> Native:
        """The same dialect for another run of the server."""
        return self if epoch == self.epoch else Deflated(epoch, self.topics)

    def frame(self, published: Published) -> bytes:
        """One text message, compressed where its topic is one of those and it is long enough to gain."""
        payload = self.encode(published)
        worth = len(payload) >= WORTH_DEFLATING_BYTES and self._patterns.want(published.topic)
        return deflated_frame(payload) if worth else text_frame(payload)


class ServerSent(Native):
    """The same as server-sent events; the id of each is its place."""

    def frame(self, published: Published) -> bytes:
        """One event."""
        return event_chunk(self.encode(published), f"{self.epoch}:{published.offset}")

    def still(self, published: Published) -> bytes:
        """One event without an id: a browser would come back to it."""
        return event_chunk(self.encode(published))

    def word(self, payload: bytes, place: str = "") -> bytes:
        """One event; its id is `place`."""
        return event_chunk(payload, place)


class Fiml:
    """`{type: "event", data}` for watchdog events; every other message is not FIML's."""

    def frame(self, published: Published) -> bytes | None:
        """A watchdog event as one text message, None for anything else."""
        message = published.message
        if not isinstance(message, Event) or not message.source.startswith("watchdog:"):
            return None
        try:
            return text_frame(to_json({"type": "event", "data": fiml_event(message)}))
        except (TypeError, ValueError, OverflowError, RecursionError):
            # one odd value must not end the stream of everybody; what is told without its data is told
            summary = message.summary.encode("utf-8", "replace").decode()
            bare = msgspec.structs.replace(message, data={}, summary=summary)
            return text_frame(to_json({"type": "event", "data": fiml_event(bare)}))

    def still(self, published: Published) -> bytes | None:
        """The same."""
        return self.frame(published)

    def word(self, payload: bytes, place: str = "") -> bytes:
        """One text message."""
        return text_frame(payload)

    def skipped(self, count: int, reason: str) -> bytes:
        """`{type: "skipped", count, reason}`."""
        return to_json({"type": "skipped", "count": count, "reason": reason})


class _Row(msgspec.Struct):
    type: str
    channel: str
    topic: str
    epoch: str
    offset: int
    ts: datetime
    data: Any


def _told(message: Any) -> Any:
    match message:
        case State():
            return native_state(message)
        case Lifecycle():
            return {"name": message.name, "what": message.what, "error": message.error, "restarts": message.restarts}
        case DeadLetter():
            # the letter itself may be a command with a secret in its arguments
            return {"name": message.name, "reason": message.reason, "message": type(message.message).__name__}
        case msgspec.Struct():
            return native_message(message)
    return message


@functools.lru_cache(maxsize=65_536)
def _shelf(topic: str) -> tuple[str, str]:
    return topic.partition(":")[0], topic.rpartition(":")[0] or topic


to_json = msgspec.json.Encoder().encode
"""JSON of builtins, attrs and msgspec values; raises TypeError for others."""
