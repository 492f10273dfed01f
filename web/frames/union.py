"""Frames of `/ws`: what trading, a terminal, and tasks tell. With `since` each of them has its `epoch` and `offset` too."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from web.frames.agent import TaskEvent, TaskOutput, TaskStatus
from web.frames.native import Said
from web.surfaces.mt5 import FullState

__all__ = ["HEARD", "TOLD"]


class Placed(msgspec.Struct, kw_only=True):
    """A frame that says its place to those who asked for that."""

    epoch: str | None = None
    offset: int | None = None


class StateSnapshot(Placed, kw_only=True):
    """All that the terminal shows; the first frame, but for agent-bot's clients."""

    type: Literal["STATE_SNAPSHOT"]
    channel: Literal["state:snapshot"]
    data: FullState


class QuoteData(msgspec.Struct):
    """Best bid and ask, twice: under the names of either client."""

    symbol: str
    bid: float
    ask: float
    bid_price: float
    ask_price: float
    bid_size: float
    ask_size: float
    timestamp: datetime
    source: str


class UnionQuote(Placed, kw_only=True):
    """A quote, on `market:quotes:SYMBOL`."""

    type: Literal["quote"]
    channel: str
    data: QuoteData | None


class TradingNews(Placed, kw_only=True):
    """Something happened in trading; `data` has what the event of that kind says, and its `timestamp`. Fills come on
    `execution:fills`, signals on `execution:signals` and `signal:generated`, orders on `order:status`, trades that are closed on
    `trade:executed`, what risk says on `risk:*`, feeds on `system:feed:*`, drift of models on `ml:drift:alerts`."""

    type: Literal["fill", "signal", "order", "trade", "risk_alert", "feed", "drift"]
    channel: str
    data: dict[str, Any] | None


class AccountUpdate(Placed, kw_only=True):
    """The account, as our desk, a terminal or a bot says it."""

    type: Literal["ACCOUNT_UPDATE"]
    channel: Literal["state:account"]
    account: dict[str, Any]
    timestamp: Any = None


class PositionUpdate(Placed, kw_only=True):
    """All positions."""

    type: Literal["POSITION_UPDATE"]
    channel: Literal["state:positions"]
    positions: list[dict[str, Any]]
    timestamp: Any = None


class Scan(Placed, kw_only=True):
    """Why each symbol is or is not traded; SCAN_START says that a scan begins."""

    type: Literal["SCAN_SUMMARY", "SCAN_START"]
    channel: Literal["state:scan"]


class TradeExecution(Placed, kw_only=True):
    """An execution, as the bot pushed it."""

    type: Literal["TRADE_EXECUTION"]
    channel: Literal["state:trades"]


class PushedNews(Placed, kw_only=True):
    """Whatever else a bot pushed, unchanged but for its channel."""

    type: str
    channel: Literal["state:log"]


class Pong(msgspec.Struct):
    """The answer to a ping."""

    type: Literal["pong"]
    channel: Literal["system:stream"]


class UnionWord(Placed, kw_only=True):
    """Of the stream itself, for who asked for places: what was missed follows (`subscribed`), is complete (`ready`), or is not
    told since this client takes it too slowly (`skipped`). To who subscribes to a task, `subscribed` and `unsubscribed` with its
    channel."""

    type: Literal["subscribed", "unsubscribed", "ready", "skipped"]
    channel: str
    recovered: bool | None = None
    caught_up: int | None = None
    count: int | None = None
    reason: str | None = None
    after: str | None = None


class Ack(msgspec.Struct):
    """The push of that number, counted from 1, is on disk: so many objects, or the piece or status of a task."""

    type: Literal["ack"]
    channel: Literal["system:stream"]
    push: int
    accepted: int | None = None
    epoch: str | None = None
    first: int | None = None
    last: int | None = None
    task_id: str | None = None
    sequence: int | None = None
    duplicate: bool | None = None
    status: str | None = None


class UnionError(msgspec.Struct):
    """What is wrong with what the client sent; `push` is the number of the push that was refused, counted from 1."""

    type: Literal["error"]
    error: Said
    channel: str | None = None
    push: int | None = None


class Ping(msgspec.Struct):
    """alpha-oracle's clients send it, and are known by it."""

    type: Literal["ping"]


class SubscribeTask(msgspec.Struct):
    """Hear what a task puts out, from its beginning, or no more; agent-bot's clients are known by it."""

    type: Literal["subscribe", "unsubscribe"]
    channel: str


class PushedObject(msgspec.Struct):
    """Of a producer: an object as `POST /api/push` takes it, or a list of them, or `task_output` and `task_status` of a task."""

    type: str


TOLD = (
    StateSnapshot, UnionQuote, TradingNews, AccountUpdate, PositionUpdate, Scan, TradeExecution, PushedNews, TaskOutput,
    TaskEvent, TaskStatus, UnionWord, Pong, Ack, UnionError,
)  # fmt: skip
HEARD = (Ping, SubscribeTask, PushedObject)
