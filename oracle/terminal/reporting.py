"""The actor `terminal_reports`, where an external bot or terminal executes orders: what it pushes goes to the broker as reports.

| pushed | reported |
| --- | --- |
| ACCOUNT_UPDATE, POSITION_UPDATE | the books, once both are known (`books_of`), but none that are older than an execution |
| TRADE_EXECUTION | an execution; its id is the ticket, or that of the event where there is none |
| TRADE_CLOSED | the execution that closes that one, as large as it was |

Quantities are lots, as the bot says them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from actors import Actor, Refused, Timer
from oracle.commit import NOT_NOW
from oracle.history import Queries
from oracle.log import logger
from oracle.model import Command, Event
from oracle.patience import Patience
from oracle.problems import Bad
from oracle.terminal.actor import PUSH
from oracle.terminal.objects import POSITION_UPDATE, TRADE_CLOSED, TRADE_EXECUTION, symbol_of
from oracle.terminal.state import TerminalState

__all__ = ["TerminalReports", "books_of", "execution_of"]

LOG = logger("terminal")
SOURCE = "push:"
EARLIER = 1_000  # executions that are looked at again at a start
AT_ONCE = 100
BROKER_TIMEOUT_S = 30.0
OTHER = {"BUY": "SELL", "SELL": "BUY"}
SIDES = {"BUY": "BUY", "LONG": "BUY", "SELL": "SELL", "SHORT": "SELL"}
Object = dict[str, Any]


class TerminalReports(Actor):
    """`terminal_reports`: has `broker` take what `terminal` has stored, for as long as that takes. At each start the newest of it
    is reported again, so what a crash cut off is not lost; an execution counts once there, by its id."""

    listens = (f"event:{PUSH}:*",)

    def __init__(self, shown: Callable[[], TerminalState], queries: Queries, broker: str = "broker") -> None:
        self._shown = shown
        self._broker = broker
        self._queries = queries
        self._trades: deque[Object] = deque()
        self._opened: dict[str, Object] = {}
        self._news = False  # the books, or only that the bot is there
        self._executed_us = 0
        self._outdated = False  # there was an execution since the positions were told
        self._behind = True  # some of what was stored was not heard
        self._patience = Patience()
        self._again: Timer | None = None

    async def start(self) -> None:
        """Begin with what was pushed before."""
        self._again = self.after(0, "again")

    async def receive(self, message: Any) -> None:
        """Note what is pushed."""
        if isinstance(message, Event):
            if message.source.startswith(SOURCE):
                self._news = True
                self._note(message.id, message.data, message.ts_us)
        else:
            self._again = None

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """What was not heard is in the history."""
        self._behind = True

    async def drained(self) -> None:
        """Report what there is."""
        if self._again is not None:
            return
        if self._behind:
            self._behind = False
            self._news = self._shown().external
            await self._look_back()
            self._again = self.after(0, "again")  # what came meanwhile is noted before anything is reported
            return
        while self._news or self._trades:
            if not await self._report():
                self._again = self.after(self._patience.wait_s(), "again")
                return
            self._patience.reset()

    async def _look_back(self) -> None:
        # the positions first: what is pushed in between makes them older than the executions, never newer
        positions = await self._queries.events(kind=PUSH, subject=POSITION_UPDATE, source_prefix=SOURCE, limit=1)
        page = await self._queries.events(kind=PUSH, subject=[TRADE_EXECUTION, TRADE_CLOSED], source_prefix=SOURCE, limit=EARLIER)
        for row in reversed(page.items):
            self._note(row["id"], row["data"], row["ts_us"])
        # those of one push have one time
        self._outdated = bool(page.items) and any(page.items[0]["ts_us"] >= row["ts_us"] for row in positions.items)

    def _note(self, ident: str, given: Object, ts_us: int) -> None:
        if given.get("type") not in (TRADE_EXECUTION, TRADE_CLOSED):
            self._outdated = self._outdated and given.get("type") != POSITION_UPDATE
            return
        self._outdated, self._executed_us = True, max(self._executed_us, ts_us)
        trade = execution_of(given, self._opened.pop(str(given.get("ticket")), None), ident, ts_us)
        if trade is None:
            LOG.warning("an execution can't be reported to the broker, which needs its symbol, side and lot", event_id=ident)
            return
        if given["type"] == TRADE_EXECUTION and given.get("ticket") is not None:
            self._opened[str(given["ticket"])] = trade
        if all(one["id"] != trade["id"] for one in self._trades):
            self._trades.append(trade)

    async def _report(self) -> bool:
        """Whether the broker has said its word on it; False where it has to be asked again."""
        trades = [self._trades[place] for place in range(min(AT_ONCE, len(self._trades)))]
        shown = self._shown()
        current = (shown.positions_us or 0) > self._executed_us if shown.live else not self._outdated
        books = books_of(shown.account, shown.positions) if shown.external and current else None
        self._news = False
        try:
            await self.ask(self._broker, Command("report", {"trades": trades, **(books or {})}, "terminal"), BROKER_TIMEOUT_S)
        except NOT_NOW as no:
            if not isinstance(no, Refused) or no.code in ("unavailable", "full"):
                self._news = True
                return False
            LOG.error("the broker refuses what was pushed", why=str(no), executions=[one["id"] for one in trades])
        for _ in trades:
            self._trades.popleft()
        return True


def execution_of(given: Mapping[str, Any], opened: Object | None, ident: str, ts_us: int) -> Object | None:
    """A pushed TRADE_EXECUTION as it is reported, or a TRADE_CLOSED by what it closes (`opened`); None where symbol, side or lot
    are not known."""
    ticket, closes = given.get("ticket"), given["type"] == TRADE_CLOSED
    side = SIDES.get(str(given.get("direction", "")).upper())
    symbol, lot, price = given.get("symbol"), given.get("lot"), given.get("exit_price" if closes else "price")
    if closes and opened is not None:  # its own direction, if it says one, is that of the position
        side, symbol, lot = opened["side"], opened["symbol"], opened["quantity"]
    if side is None or not isinstance(symbol, str) or isinstance(lot, bool) or not isinstance(lot, int | float) or lot <= 0:
        return None
    try:
        symbol = symbol_of(symbol)
    except Bad:
        return None
    order_id = given.get("order_id")
    return {
        "id": ident if ticket is None else f"{ticket}-closed" if closes else str(ticket), "symbol": symbol,
        "side": OTHER[side] if closes else side, "quantity": float(lot), "price": price, "ts_us": ts_us,
        "order_id": order_id if isinstance(order_id, str) else "",
    }  # fmt: skip


def books_of(account: Mapping[str, Any], positions: Iterable[Mapping[str, Any]]) -> Object | None:
    """The books as they are reported; None where they are not whole. Positions of a symbol are netted, at the mean entry of the
    larger side. `cash` is what makes the balance with the positions at their entries: balance - sum(quantity x entry)."""
    balance, equity = account.get("balance"), account.get("equity")
    sides: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for one in positions:
        side = SIDES.get(str(one.get("direction", {0: "BUY", 1: "SELL"}.get(one.get("type", -1), ""))).upper())
        lot, entry, symbol = one.get("volume", 0), one.get("entry_price", 0), one.get("symbol")
        if side is None or not _positive(lot) or not _positive(entry) or not isinstance(symbol, str):
            return None
        try:
            sides.setdefault(symbol_of(symbol), {"BUY": [], "SELL": []})[side].append((lot, entry))
        except Bad:
            return None
    if not _number(balance):
        return None
    held = [row for symbol, both in sides.items() if (row := _netted(symbol, both["BUY"], both["SELL"]))]
    cash = balance - sum(one["quantity"] * one["avg_entry_price"] for one in held)
    return {"account": {"cash": cash, "equity": equity if _number(equity) else None}, "positions": held}


def _netted(symbol: str, longs: list[tuple[float, float]], shorts: list[tuple[float, float]]) -> Object | None:
    long, short = sum(lot for lot, _ in longs), sum(lot for lot, _ in shorts)
    larger = longs if long > short else shorts
    if abs(long - short) < 1e-9:
        return None
    entry = sum(lot * price for lot, price in larger) / max(long, short)
    return {"symbol": symbol, "quantity": long - short, "avg_entry_price": entry}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return _number(value) and value > 0
