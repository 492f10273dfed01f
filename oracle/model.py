"""The messages that travel, and the names they travel under.

A message is never changed after it is made. Each has a `topic` (segments joined by `:`) and `ts_us`, the time its
source says it happened (UTC microseconds); the publish time and the offset travel beside it (`actors.Published`).
Prices are in the quote currency of the symbol, sizes and volumes in its base unit (shares, coins).
"""

from __future__ import annotations

import enum
import hashlib
from typing import Any, ClassVar

import msgspec

from oracle.run_messages import Chunk, Message, RunRow

__all__ = [
    "Attempt", "Bar", "Chunk", "Command", "Delivery", "Depth", "Event", "Finding", "Gap", "Message", "Quote", "RunRow", "Sample",
    "Severity", "State", "Trade", "event_id", "ref", "split_ref",
]


class Severity(enum.StrEnum):
    """How much an event matters; members are ordered by `rank`."""

    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return _RANK[self]


_RANK = {Severity.low: 0, Severity.medium: 1, Severity.high: 2, Severity.critical: 3}


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask of a symbol; a size is 0 where the venue does not say it."""

    retained: ClassVar[bool] = True
    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    ts_us: int
    source: str

    @property
    def topic(self) -> str:
        return f"quote:{self.symbol}"

    @property
    def mid(self) -> float:
        """Mid price: (bid + ask) / 2."""
        return (self.bid + self.ask) / 2


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One execution on the venue. `side` is the taker's: buy, sell, or empty where the venue does not say."""

    retained: ClassVar[bool] = True
    symbol: str
    price: float
    size: float
    side: str
    trade_id: str
    ts_us: int
    source: str

    @property
    def topic(self) -> str:
        return f"trade:{self.symbol}"


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Open, high, low, close and volume over `interval` (`1m`, `1d`) from `ts_us`; `closed` once it can't change."""

    retained: ClassVar[bool] = True
    symbol: str
    interval: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int
    closed: bool
    ts_us: int
    source: str

    @property
    def topic(self) -> str:
        return f"bar:{self.interval}:{self.symbol}"


class Depth(msgspec.Struct, frozen=True, gc=False):
    """Order book levels as (price, size); size 0 removes a level. A `snapshot` replaces the book, else it is a delta
    with the venue's update ids `first_id`..`last_id`; the next delta of a symbol begins with `last_id` + 1."""

    retained: ClassVar[bool] = False
    symbol: str
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    snapshot: bool
    first_id: int
    last_id: int
    ts_us: int
    source: str

    @property
    def topic(self) -> str:
        return f"depth:{self.symbol}"


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A number about something, in `unit`: a funding rate, CPU, loss, cost."""

    retained: ClassVar[bool] = True
    name: str
    subject: str
    value: float
    unit: str
    ts_us: int
    source: str

    @property
    def topic(self) -> str:
        return f"sample:{self.name}:{self.subject}"


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something happened. `subject` is what it is about, `source` who says so, `cause` the id of what led to it."""

    retained: ClassVar[bool] = False
    id: str
    kind: str
    subject: str
    source: str
    severity: Severity
    summary: str
    data: dict[str, Any]
    ts_us: int
    cause: str = ""

    @property
    def topic(self) -> str:
        return f"event:{self.kind}:{self.subject}"


class State(msgspec.Struct, frozen=True, gc=False):
    """How `ref` (`kind:id`) is now; `version` grows by one with each change; `value` None means it is gone."""

    retained: ClassVar[bool] = True
    ref: str
    value: dict[str, Any] | None
    version: int
    ts_us: int

    @property
    def topic(self) -> str:
        return f"state:{self.ref}"


class Gap(msgspec.Struct, frozen=True, gc=False):
    """`who` saw nothing between two instants: a start, a lost feed, a mailbox that overflowed."""

    retained: ClassVar[bool] = False
    who: str
    from_us: int
    to_us: int
    reason: str

    @property
    def topic(self) -> str:
        return f"gap:{self.who}"

    @property
    def ts_us(self) -> int:
        return self.to_us


class Command(msgspec.Struct, frozen=True, gc=False):
    """Please do `verb`; asked of the owner of a name, never published. Idempotent by `id` where one is given; what comes of
    it has that as its `cause`. Ids that clients gave begin with `client/` (`oracle.receipts`)."""

    verb: str
    args: dict[str, Any] = {}
    by: str = "local"
    id: str = ""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """What a decider saw; its watchdog makes an Event of it."""

    kind: str
    subject: str
    severity: Severity
    summary: str
    data: dict[str, Any]
    ts_us: int
    cause: str = ""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """An obligation to tell somebody: event `event_id` fired rule `rule_id`, and `channel` must carry `payload`."""

    id: str
    rule_id: str
    event_id: str
    channel: str
    payload: dict[str, Any]
    ts_us: int


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try at a delivery. `outcome`: delivered, retry, failed (final), cancelled (final)."""

    retained: ClassVar[bool] = False
    delivery_id: str
    number: int
    outcome: str
    status: int
    error: str
    duration_ms: float
    ts_us: int

    @property
    def topic(self) -> str:
        return f"attempt:{self.delivery_id}"


def event_id(kind: str, subject: str, source: str, ts_us: int, *salt: object) -> str:
    """`evt_` and 24 hex digits of a hash of the content: the same happening has the same id, live and in replay."""
    text = "\x1f".join(map(str, (kind, subject, source, ts_us, *salt)))
    return "evt_" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def ref(kind: str, ident: str) -> str:
    """`kind:id`, the one name of a thing."""
    return f"{kind}:{ident}"


def split_ref(name: str) -> tuple[str, str]:
    """The kind and the id of `kind:id`; the id may hold further colons."""
    kind, _, ident = name.partition(":")
    return kind, ident
