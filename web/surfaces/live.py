"""The live streams: which WebSocket is where, and who may listen."""

from __future__ import annotations

from web.routes import WS, Auth, Call, Family, Param, Route, Scope
from web.sockets import fiml_stream, native_stream

__all__ = ["ROUTES"]


async def dashboard_stream(call: Call) -> None:
    """FIML's dashboard: `stats` first, then `event` and `health` messages. What the client sends is ignored."""
    await fiml_stream(call.system)


async def oracle_stream(call: Call) -> None:
    """Everything that is published, by topic: a snapshot of what is retained, then each message with its offset.

    The client may send `{"action": "subscribe" | "unsubscribe", "topics": [...]}`.
    """
    await native_stream(call.system, call.args["topics"])


_TOPICS = Param("topics", many=True, doc="quote:BTC-USD, quote:*, event:*, *; comma list, repeated keys, or both")
ROUTES = (
    Route(WS, "/dashboard/stream", dashboard_stream, Auth.token, Scope.read, tag="dashboard"),
    Route(WS, "/api/oracle/stream", oracle_stream, Auth.token, Scope.read, Family.error, (_TOPICS,), tag="oracle"),
)
