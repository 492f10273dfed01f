"""What the desk has done, by named SQL: orders, fills, closed trades, how well orders were filled.

Times are UTC microseconds. An event that was committed and then published is stored twice and counts once; one that was taken
back (`command_undone`) does not count. Refused codes: `invalid` (a bad limit), `timeout`, `unavailable`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import trio

from oracle.board import Board
from oracle.history import Store
from oracle.history.page import checked_limit
from oracle.history.reader import Reader, RunSync
from oracle.receipts import UNDONE
from oracle.trading.bookkeeping import KIND, SOURCE, Books
from oracle.trading.order import Order, OrderStatus

__all__ = ["Quality", "Records"]

_ENDS = tuple(KIND.values())
_UNDONE = f"(SELECT json_extract_string(data, '$.event_id') FROM event WHERE kind = '{UNDONE}' AND source = '{SOURCE}')"


def _told(*kinds: str, more: str = "TRUE") -> str:
    """Whatever the desk tells is committed before it is published, so the rows without an offset are all of it, in the order of
    the commits. One that was committed twice counts once, and one that was taken back not at all."""
    wanted = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        f"(SELECT * FROM event WHERE source = '{SOURCE}' AND \"offset\" IS NULL AND kind IN ({wanted}) AND {more} "
        f"AND id NOT IN {_UNDONE} "
        "QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq DESC) = 1)"
    )


_KINDS = ", ".join(f"'{kind}'" for kind in _ENDS)
# An order is what was told of it last. What was told is long: it is read of those that are wanted alone.
ORDERS = (
    "WITH told AS (SELECT seq, kind, subject, json_extract_string(data, ['$.id', '$.created_us']) AS known FROM event "
    f"WHERE source = '{SOURCE}' AND \"offset\" IS NULL AND kind IN ({_KINDS}) AND ts_us >= $from AND id NOT IN {_UNDONE}), "
    "last AS (SELECT max(seq) AS seq, arg_max(kind, seq) AS kind, any_value(subject) AS subject, "
    "CAST(any_value(known[2]) AS BIGINT) AS created_us FROM told GROUP BY known[1]), "
    "wanted AS (SELECT seq, created_us FROM last WHERE created_us >= $from AND created_us < $to "
    "AND ($symbol = '' OR subject = $symbol) AND ($kind = '' OR kind = $kind) ORDER BY created_us DESC, seq DESC LIMIT $limit) "
    "SELECT data FROM event JOIN wanted USING (seq) ORDER BY created_us DESC, seq DESC"
)
_OF_ONE = "starts_with(data, ?)"  # an order says its id first; to read all of it as JSON takes ten times as long
ORDER = f"SELECT data FROM {_told(*_ENDS, more=_OF_ONE)} ORDER BY seq DESC LIMIT 1"
TOLD = "SELECT data FROM {told} WHERE ts_us >= $from AND ts_us < $to ORDER BY ts_us DESC, seq DESC LIMIT $limit"
REFUSAL = f"SELECT data FROM {_told('order_refused', more='cause = ?')} LIMIT 1"
LEDGER = (
    f"SELECT seq, kind, data FROM event WHERE source = '{SOURCE}' AND kind IN ('fill', 'account_opened') "
    'AND "offset" IS NULL AND seq > ? ORDER BY seq'
)
_FOREVER = 2**62


@attrs.frozen
class Quality:
    """How well an order was filled. Slippages are in basis points of what was expected and of the mid at arrival, positive where
    that was worse for us, None where it was not known; `fill_latency_ms` is from its being taken to its last fill."""

    order: Order
    slippage_bps: float | None
    arrival_slippage_bps: float | None
    fill_latency_ms: float


class Records:
    """Reads beside the writer, each in a thread, within `deadline_s` seconds; what is open comes from the board."""

    def __init__(
        self, store: Store, board: Board, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0
    ) -> None:
        self._books = Books(board)
        self._reader = Reader(store, run_sync, deadline_s)

    async def orders(
        self, from_us: int | None = None, to_us: int | None = None, status: OrderStatus | None = None, symbol: str = "",
        limit: int = 100,
    ) -> list[Order]:
        """Orders taken in from_us <= time < to_us, newest first."""
        asked = {"from": from_us or 0, "to": to_us or _FOREVER, "symbol": symbol, "kind": KIND[status] if status else "",
                 "limit": checked_limit(limit)}  # fmt: skip
        stored = [Order(**data) for data in await self._data(ORDERS, asked)]
        open_ones = {order.id: order for order in self._books.orders()}  # what is known of these is newer than what was told
        wanted = [one for one in open_ones.values() if _wanted(one, asked) and status in (None, one.status)]
        found = [*wanted, *(order for order in stored if order.id not in open_ones)]
        return sorted(found, key=lambda one: one.created_us, reverse=True)[:limit]

    async def order(self, ident: str) -> Order | None:
        """One order; None where there never was one."""
        open_one = self._books.order(ident)
        if open_one is not None:
            return open_one
        first = msgspec.json.encode({"id": ident}).decode().removesuffix("}")
        found = await self._data(ORDER, [first])
        return Order(**found[0]) if found else None

    async def trades(self, from_us: int | None = None, to_us: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Closed trades, newest first: the fields of ClosedTrade, pnl_pct, is_day_trade and hold_duration_days."""
        return await self._newest("trade_closed", from_us, to_us, limit)

    async def fills(self, from_us: int | None = None, to_us: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Fills, newest first: the fields of Fill, order_type, and `late` where their order had ended."""
        return await self._newest("fill", from_us, to_us, limit)

    async def quality(self, from_us: int | None = None, to_us: int | None = None, limit: int = 100) -> list[Quality]:
        """Of the orders that were filled in that time, newest first."""
        return [quality_of(Order(**data)) for data in await self._newest("order_filled", from_us, to_us, limit)]

    async def refusal(self, command_id: str) -> list[str] | None:
        """Why the gate refused what a command asked for; None where it did not."""
        found = await self._data(REFUSAL, [command_id])
        return list(found[0]["reasons"]) if found else None

    async def ledger(self, after_seq: int) -> list[tuple[int, str, dict[str, Any]]]:
        """(place, kind, data) of each `account_opened` and `fill` beyond a place, in the order of their commits. One that was
        committed twice is there twice."""
        rows = await self._rows(LEDGER, [after_seq])
        return [(seq, kind, msgspec.json.decode(data)) for seq, kind, data in rows]

    # ---- private

    async def _newest(self, kind: str, from_us: int | None, to_us: int | None, limit: int) -> list[dict[str, Any]]:
        asked = {"from": from_us or 0, "to": to_us or _FOREVER, "limit": checked_limit(limit)}
        return await self._data(TOLD.format(told=_told(kind)), asked)

    async def _data(self, sql: str, parameters: Any) -> list[dict[str, Any]]:
        return [msgspec.json.decode(data) for (data,) in await self._rows(sql, parameters)]

    async def _rows(self, sql: str, parameters: Any) -> list[tuple[Any, ...]]:
        work: Callable[[Any], list[tuple[Any, ...]]] = lambda at: at.execute(sql, parameters).fetchall()  # noqa: E731
        return await self._reader.read(work)


def quality_of(order: Order) -> Quality:
    """How well a filled order was filled."""
    ended_us = order.filled_us or order.updated_us
    return Quality(order, _slippage_bps(order, order.expected_price), _slippage_bps(order, order.arrival_price),
                   (ended_us - order.created_us) / 1_000)  # fmt: skip


def _slippage_bps(order: Order, expected: float | None) -> float | None:
    if not expected or order.filled_price is None:
        return None
    return order.side.sign * (order.filled_price - expected) / expected * 10_000


def _wanted(order: Order, asked: dict[str, Any]) -> bool:
    return asked["from"] <= order.created_us < asked["to"] and asked["symbol"] in ("", order.symbol)
