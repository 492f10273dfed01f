"""The live streams, over WebSockets, as server-sent events and by long poll: which is where, and who may listen."""

from __future__ import annotations

from datetime import datetime

import attrs

from actors import Refused
from oracle.patterns import TOPIC
from web.frames import fiml, native
from web.origin import is_simulated
from web.poll import Batch, poll, snapshot
from web.resume import PLACE, Place
from web.routes import WS, Auth, Call, Family, Param, Route, Scope
from web.sockets import fiml_stream, native_stream, patterns_of
from web.wire import iso

__all__ = ["ROUTES", "LastQuote"]


async def dashboard_stream(call: Call) -> None:
    """FIML's dashboard: `stats` first, then `event` and `health` messages. What the client sends is ignored."""
    await fiml_stream(call)


async def oracle_stream(call: Call) -> None:
    """Everything that is published, by topic: `subscribed`, a snapshot of what is retained, `ready`, then each message with
    its epoch and offset.

    A client that comes back says the last place it saw as `since=EPOCH:OFFSET` and is told what came after it instead of
    the snapshot, also of runs of the server that are over. `subscribed` and `ready` then say `recovered`. True: nothing is
    missing, and `caught_up` messages were told between the two. False: `reason` says why, and a snapshot was told: for
    `unknown_epoch`, `beyond_present`, `too_much` (more than 100,000 messages), `incomplete` (some were not stored, or have been
    dropped), `unavailable` (the history can't be read now), `too_slow`. For `beyond_end`, where a run was killed before it had
    stored what this client had seen (and perhaps more), it is told everything `after` the beginning of the next run. If both say
    `recovered`, `ready` is right.

    The client may send `{"action": "subscribe" | "unsubscribe", "topics": [...]}`; while it has no topics also with `since`.
    And it may ask for whatever an unsafe route does: `{"action": "command", "id": ID, "method": "POST", "path": PATH, "body":
    ...}` is told `{"type": "answer", "id", "status", "body", "replayed"}`, once it is on disk. The id is an `Idempotency-Key`:
    sent again, on any socket or over HTTP, the command is not carried out again.
    """
    await native_stream(call, call.args["since"] or "")


async def oracle_events(call: Call) -> None:
    """The same stream as server-sent events, for what can't open a WebSocket: `new EventSource("/api/oracle/sse?topics=*")`.

    The id of an event is its place, so a browser that lost the stream comes back to it by itself (`Last-Event-ID`, which
    counts more than `since`).
    """
    since = call.headers.get("last-event-id", "") or call.args["since"] or ""
    await native_stream(call, since)


async def oracle_poll(call: Call) -> Batch:
    """The same stream for who can only ask: what came after `since`, or as soon as something does; `next` is the `since` of
    the next question. Without it a snapshot."""
    args = call.args
    patterns, since = patterns_of(args["topics"], frozenset(), "query"), Place.parse(args["since"] or "")
    return await poll(call.system, call.desk, patterns, since, args["limit"], args["wait_s"])


async def oracle_snapshot(call: Call) -> Batch:
    """The newest message of each of some topics, and the place to follow them from (`next`)."""
    return snapshot(call.system, patterns_of(call.args["topics"], frozenset(), "query"))


async def oracle_quote(call: Call) -> LastQuote:
    """Best bid and ask of a symbol as the source that is believed told them last."""
    symbol = call.args["symbol"]
    believed, told = call.system.board.believed(symbol, quoting=True), call.system.runtime.bus.last(f"quote:{symbol}")
    if believed is None or believed.quote is None or told is None:
        raise Refused(f"no quote of '{symbol}' is known", code="not_found")
    quote = believed.quote
    return LastQuote(
        quote.symbol, quote.bid, quote.bid_size, quote.ask, quote.ask_size, quote.mid, iso(quote.ts_us), quote.source,
        believed.confidence, is_simulated(quote.source), told.offset,
    )  # fmt: skip


@attrs.frozen
class LastQuote:
    """A quote: prices in the quote currency, sizes in the base unit, `ts` when the venue said it; `confidence` in its source, 0
    to 1 (`oracle.sources`); `offset` of the newest quote of any source on the stream."""

    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    mid: float
    ts: datetime
    source: str
    confidence: float
    simulated: bool
    offset: int


_TOPICS = Param("topics", many=True, shape=TOPIC, doc="quote:BTC-USD, quote:*, event:*, *; comma list, repeated keys, or both")
_SINCE = Param("since", shape=PLACE, doc="EPOCH:OFFSET of the newest message seen; empty: begin with a snapshot")
_LIMIT = Param("limit", "int", default=500, ge=1, le=5_000, doc="most messages")
_WAIT = Param("wait_s", "float", default=25.0, ge=0, le=50, doc="how long to wait for the first message, seconds")
_SYMBOL = Param("symbol", required=True, ge=1, doc="BTC-USD, AAPL")
ROUTES = (
    Route(WS, "/dashboard/stream", dashboard_stream, Auth.token, Scope.read, tag="dashboard", tells=fiml.DASHBOARD),
    Route(WS, "/api/oracle/stream", oracle_stream, Auth.token, Scope.read, Family.error, (_TOPICS, _SINCE), tag="oracle",
          tells=native.TOLD, hears=native.HEARD),
    Route("GET", "/api/oracle/sse", oracle_events, Auth.token, Scope.read, Family.error, (_TOPICS, _SINCE),
          answer="text/event-stream", refuses=(505,), tag="oracle", live=True, tells=native.TOLD),
    Route("GET", "/api/oracle/poll", oracle_poll, Auth.token, Scope.read, Family.error, (_TOPICS, _SINCE, _LIMIT, _WAIT),
          answer=Batch, tag="oracle", head=True, tells=native.PUBLISHED),
    Route("GET", "/api/oracle/snapshot", oracle_snapshot, Auth.token, Scope.read, Family.error, (_TOPICS,), answer=Batch,
          tag="oracle", head=True, quick=True),
    Route("GET", "/api/oracle/quote", oracle_quote, Auth.token, Scope.read, Family.error, (_SYMBOL,), answer=LastQuote,
          refuses=(404,), tag="oracle", head=True, quick=True),
)
