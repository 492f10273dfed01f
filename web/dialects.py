"""How the families of clients are told what is published: one class each, shared by all their sockets."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

import msgspec

from actors import DeadLetter, Lifecycle, Published
from oracle.model import Event, State
from web.rows import native_message, native_state
from web.surfaces.fiml import fiml_event
from web.wire import iso

__all__ = ["Fiml", "Native", "to_json"]


class Native:
    """`{type, channel, topic, epoch, offset, ts, data}`: `type` is the topic's first segment, `channel` all but its last;
    `data` is the message as REST shows its row."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch

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


class Fiml:
    """`{type: "event", data}` for watchdog events; every other message is not FIML's."""

    def encode(self, published: Published) -> bytes | None:
        """The JSON of a watchdog event, None for anything else."""
        message = published.message
        if not isinstance(message, Event) or not message.source.startswith("watchdog:"):
            return None
        return to_json({"type": "event", "data": fiml_event(message)})

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
