"""The live streams: which WebSocket is where, and who may listen."""

from __future__ import annotations

from web.routes import WS, Auth, Call, Family, Param, Route, Scope
from web.sockets import fiml_stream, native_stream

__all__ = ["ROUTES"]


async def dashboard_stream(call: Call) -> None:
    """FIML's dashboard: `stats` first, then `event` and `health` messages. What the client sends is ignored."""
    await fiml_stream(call.system, call.visitor)


async def oracle_stream(call: Call) -> None:
    """Everything that is published, by topic: `subscribed`, a snapshot of what is retained, `ready`, then each message with
    its epoch and offset.

    A client that comes back says the last place it saw as `since=EPOCH:OFFSET` and is told what came after it instead of
    the snapshot, also of runs of the server that are over. `subscribed` and `ready` then say `recovered`. True: nothing is
    missing, and `caught_up` messages were told between the two. False: a snapshot was told, and `reason` says why:
    `unknown_epoch`, `beyond_end` (of what a run that is over has stored), `beyond_present`, `too_much` (more than 100,000
    messages), `incomplete` (some were not stored, or have been dropped), `unavailable` (the history can't be read now),
    `too_slow`. If both say it, `ready` is right.

    The client may send `{"action": "subscribe" | "unsubscribe", "topics": [...]}`; while it has no topics also with `since`.
    """
    await native_stream(call.system, call.visitor, call.args["topics"], call.args["since"] or "")


async def oracle_events(call: Call) -> None:
    """The same stream as server-sent events, for what can't open a WebSocket: `new EventSource("/api/oracle/sse?topics=*")`.

    The id of an event is its place, so a browser that lost the stream comes back to it by itself (`Last-Event-ID`, which
    counts more than `since`).
    """
    since = call.headers.get("last-event-id", "") or call.args["since"] or ""
    await native_stream(call.system, call.visitor, call.args["topics"], since)


_TOPICS = Param("topics", many=True, doc="quote:BTC-USD, quote:*, event:*, *; comma list, repeated keys, or both")
_SINCE = Param("since", doc="EPOCH:OFFSET of the newest message seen; empty: begin with a snapshot")
ROUTES = (
    Route(WS, "/dashboard/stream", dashboard_stream, Auth.token, Scope.read, tag="dashboard"),
    Route(WS, "/api/oracle/stream", oracle_stream, Auth.token, Scope.read, Family.error, (_TOPICS, _SINCE), tag="oracle"),
    Route("GET", "/api/oracle/sse", oracle_events, Auth.token, Scope.read, Family.error, (_TOPICS, _SINCE),
          answer="text/event-stream", refuses=(505,), tag="oracle", live=True),
)
