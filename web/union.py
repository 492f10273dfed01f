"""How `/ws` tells what happens: the own frames of alpha-oracle, the terminal and agent-bot on one stream.

| published | channel | type |
| --- | --- | --- |
| fill | `execution:fills` | fill |
| signal | `execution:signals`, `signal:generated` | signal |
| quote | `market:quotes:SYMBOL` | quote |
| risk_breach | `risk:alerts`, `risk:alert` | risk_alert |
| breaker_tripped, breaker_reset | `risk:circuit_breaker`; `risk:alerts` too for one that trips | risk_alert |
| kill_switch_tripped, kill_switch_resumed | `risk:kill_switch` | risk_alert |
| system:feed:connected, system:feed:disconnected | the same | feed |
| ml_drift | `ml:drift:alerts` | drift |
| order_* | `order:status`; `trade:pending_approval` too for one that waits | order |
| trade_closed | `trade:executed` | trade |
| output of a task, where a client asked for it, and its status | `task:ID` | task_output, task_event, task_status |
| what a bot pushed, or our desk or an MT5 terminal says | `state:account`, `:positions`, `:scan`, `:trades`, `:log` | its own |
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import msgspec

from actors import Published
from oracle.model import Chunk, Event, Quote, State
from oracle.patterns import Patterns
from oracle.terminal import ACCOUNT, POSITIONS, PUSH
from oracle.terminal.objects import QUOTE
from web.agent_frames import STATUS_TOPICS, frame_of, line_frame, task_topics
from web.wire import iso, text_frame

__all__ = ["AGENT", "ALPHA", "FAMILIES", "MT5", "TASKS", "Union", "channel_patterns", "encoded", "quote_frame"]

FAMILIES = ALPHA, MT5, AGENT = "alpha_oracle", "mt5", "agent_bot"
"""Whose stream it is."""
TASKS = "task:"
QUOTES = "market:quotes:"
Frame = dict[str, Any]

_STATES = {"ACCOUNT_UPDATE": "state:account", "POSITION_UPDATE": "state:positions", "SCAN_SUMMARY": "state:scan",
           "SCAN_START": "state:scan", "TRADE_EXECUTION": "state:trades"}  # fmt: skip
_ORDERS = tuple(f"order_{what}" for what in (
    "submitted", "pending_approval", "partially_filled", "filled", "cancelled", "rejected", "expired"))  # fmt: skip
_TERMINAL = (f"event:{PUSH}:*", f"state:{ACCOUNT}", f"state:{POSITIONS}")
_TOPICS: Mapping[str, tuple[str, ...]] = {
    "execution:fills": ("event:fill:*",),
    "execution:signals": ("event:signal:*",),
    "signal:generated": ("event:signal:*",),
    f"{QUOTES}*": ("quote:*",),
    "risk:alerts": ("event:risk_breach:*", "event:breaker_tripped:*"),
    "risk:alert": ("event:risk_breach:*",),
    "risk:circuit_breaker": ("event:breaker_tripped:*", "event:breaker_reset:*"),
    "risk:kill_switch": ("event:kill_switch_tripped:*", "event:kill_switch_resumed:*"),
    "system:feed:connected": ("event:system:feed:connected:*",),
    "system:feed:disconnected": ("event:system:feed:disconnected:*",),
    "ml:drift:alerts": ("event:ml_drift:*",),
    "order:status": tuple(f"event:{kind}:*" for kind in _ORDERS),
    "trade:pending_approval": ("event:order_pending_approval:*",),
    "trade:executed": ("event:trade_closed:*",),
    **dict.fromkeys(("state:account", "state:positions", "state:scan", "state:trades", "state:log"), _TERMINAL),
}  # fmt: skip


def channel_patterns(channels: frozenset[str], surface: str) -> frozenset[str]:
    """The topics that the wanted channels of a surface ("" for all) are made of."""
    found = {topic for channel, topics in _TOPICS.items() if surface in ("", _family(channel))
             and _patterns(channels).want(channel.removesuffix("*")) for topic in topics}  # fmt: skip
    if surface in ("", ALPHA):
        single = (name.removeprefix(QUOTES) for name in channels if name.startswith(QUOTES) and not name.endswith("*"))
        found.update(f"quote:{symbol}" for symbol in single)
    if surface in ("", AGENT):
        found.update(*(task_topics(name.removeprefix(TASKS)) for name in channels if name.startswith(TASKS)))
        if "*" in channels:
            found |= STATUS_TOPICS  # output is for those who ask for it
    return frozenset(found)


@functools.lru_cache(maxsize=256)
def _patterns(channels: frozenset[str]) -> Patterns:
    return Patterns(channels)


def _family(channel: str) -> str:
    if channel.startswith(TASKS):
        return AGENT
    return MT5 if channel.startswith("state:") else ALPHA


@attrs.frozen
class Union:
    """One dialect per surface ("" for who has not said), set of channels, and epoch; the epoch is told, with the offset, only
    to clients that asked for a place to come back to."""

    surface: str = ""
    channels: frozenset[str] = frozenset({"*"})
    placed: bool = False
    epoch: str = ""

    def of(self, epoch: str) -> Union:
        """The same dialect for another run of the server."""
        return attrs.evolve(self, epoch=epoch)

    def frame(self, published: Published) -> bytes | None:
        """Its frames, one after the other; None where this stream does not tell it."""
        if published.message.__class__ is Chunk and not self.placed:
            line = line_frame(published.message)  # only who asked for it hears of it
            if line is not None:
                return line
        place = {"epoch": self.epoch, "offset": published.offset} if self.placed else {}
        made = b"".join(encoded({**one, **place}) for one in self._frames(published.message))
        return made or None

    def still(self, published: Published) -> bytes | None:
        """Nothing: what there is stands in STATE_SNAPSHOT."""
        return None

    def word(self, payload: bytes, place: str = "") -> bytes:
        """One text message."""
        return text_frame(payload)

    def skipped(self, count: int, reason: str) -> bytes:
        """`{type: "skipped", channel: "system:stream", count, reason}`."""
        return _json({**self.words("skipped"), "count": count, "reason": reason})

    def words(self, kind: str) -> Frame:
        """The head of a message about the stream itself."""
        return {"type": kind, "channel": "system:stream", **({"epoch": self.epoch} if self.placed else {})}

    def _frames(self, message: Any) -> Iterator[Frame]:
        wanted = _patterns(self.channels).want
        for one in _frames_of(message):
            if self.surface in ("", _family(one["channel"])) and wanted(one["channel"]):
                yield one


def quote_frame(quote: Quote) -> Frame:
    """A quote as alpha-oracle's clients are told it."""
    return {
        "channel": f"{QUOTES}{quote.symbol}", "type": "quote",
        "data": {"symbol": quote.symbol, "bid": quote.bid, "ask": quote.ask, "bid_price": quote.bid, "ask_price": quote.ask,
                 "bid_size": quote.bid_size, "ask_size": quote.ask_size, "timestamp": iso(quote.ts_us), "source": quote.source},
    }  # fmt: skip


def _frames_of(message: Any) -> Iterator[Frame]:
    match message:
        case Quote():
            yield quote_frame(message)
        case Event(kind=kind, subject=subject) if kind == PUSH and subject != QUOTE:  # these are told as quotes
            yield {**message.data, "type": message.subject, "channel": _STATES.get(message.subject, "state:log")}
        case Event(kind=kind) if kind in _EVENTS:
            for channel, kind_of, data in _EVENTS[kind](message):
                yield {"channel": channel, "type": kind_of, "data": {**data, "timestamp": iso(message.ts_us)}}
        case State(ref=ref, value={"by": "desk" | "terminal:mt5", "account": account}) if ref == ACCOUNT:
            yield {"type": "ACCOUNT_UPDATE", "channel": "state:account", "account": account,
                   "timestamp": iso(message.ts_us)}  # fmt: skip
        case State(ref=ref, value={"by": "desk" | "terminal:mt5", "positions": positions}) if ref == POSITIONS:
            yield {"type": "POSITION_UPDATE", "channel": "state:positions", "positions": positions,
                   "timestamp": iso(message.ts_us)}  # fmt: skip
        case _:
            told = frame_of(message)
            if told is not None:
                yield told


Rows = Iterator[tuple[str, str, Mapping[str, Any]]]


def _fill(event: Event) -> Rows:
    yield "execution:fills", "fill", event.data


def _signal(event: Event) -> Rows:
    yield "execution:signals", "signal", event.data
    yield "signal:generated", "signal", event.data


def _breach(event: Event) -> Rows:
    data = {"severity": event.severity, "reason": event.summary, **event.data}
    yield "risk:alerts", "risk_alert", data
    yield "risk:alert", "risk_alert", data


def _breaker(event: Event) -> Rows:
    on = event.kind == "breaker_tripped"
    data = {"type": event.subject, "severity": event.severity, "breaker": event.subject, **event.data,
            "reason": event.data.get("reason") or event.summary, "action": "activated" if on else "deactivated"}  # fmt: skip
    if on:
        yield "risk:alerts", "risk_alert", data
    yield "risk:circuit_breaker", "risk_alert", data


def _kill(event: Event) -> Rows:
    on = event.kind == "kill_switch_tripped"
    yield "risk:kill_switch", "risk_alert", {"action": "activate" if on else "deactivate", "reason": event.data.get("reason", ""),
                                             "operator": event.data.get("by", "")}  # fmt: skip


def _feed(event: Event) -> Rows:
    yield event.kind, "feed", {"feed": event.subject.removeprefix("feed:"), "reason": event.summary}


def _drift(event: Event) -> Rows:
    about = {"strategy_name": event.subject, "severity": event.severity, "reason": event.summary}
    yield "ml:drift:alerts", "drift", {**about, **event.data}


def _order(event: Event) -> Rows:
    yield "order:status", "order", event.data
    if event.kind == "order_pending_approval":
        yield "trade:pending_approval", "order", event.data


def _closed(event: Event) -> Rows:
    yield "trade:executed", "trade", event.data


_EVENTS: Mapping[str, Callable[[Event], Rows]] = {
    "fill": _fill, "signal": _signal, "risk_breach": _breach, "breaker_tripped": _breaker, "breaker_reset": _breaker,
    "kill_switch_tripped": _kill, "kill_switch_resumed": _kill, "system:feed:connected": _feed,
    "system:feed:disconnected": _feed, "ml_drift": _drift, "trade_closed": _closed, **dict.fromkeys(_ORDERS, _order),
}  # fmt: skip

_json = msgspec.json.Encoder().encode


def encoded(frame: Frame) -> bytes:
    """A frame as one text message."""
    try:
        return text_frame(_json(frame))
    except (TypeError, ValueError, OverflowError, RecursionError):
        # one odd value must not end the stream of everybody; what is told without its data is told
        return text_frame(_json({"type": frame["type"], "channel": frame["channel"], "data": None}))
