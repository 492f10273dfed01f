"""The streaming terminal of MetaTrader 5 bots: what a bot pushed last, or else our own desk in the same words."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Any

import attrs

from actors import Refused
from oracle.exchange_days import NEW_YORK, exchange_day
from oracle.model import Command
from oracle.terminal import PUSH, objects_of
from oracle.terminal.journal import Entry, Today, confluence, desk_entries, pushed_entries, today
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]

MOST_JOURNAL = 5_000
JOURNALLED = ["TRADE_EXECUTION", "TRADE_CLOSED"]
AGE = "X-State-Age-Seconds"


@attrs.frozen
class TerminalAccount:
    """Money in `currency`. `profit` is floating, `day_pl` the gain since the day began in New York, which our desk knows; a bot's
    account is as the bot said it. What a terminal does not say is null. All are missing before the first word."""

    balance: float
    equity: float
    profit: float | None
    currency: str | None
    leverage: int | None
    day_pl: float | None


@attrs.frozen
class TerminalPosition:
    """`type` 0 is a buy, 1 a sell; `volume` in lots as the bot says, in shares or coins for our desk; a stop or limit of 0 is
    none."""

    ticket: int
    symbol: str
    type: int
    direction: str
    volume: float
    entry_price: float
    price_current: float | None
    sl_price: float | None
    tp_price: float | None
    profit: float | None


@attrs.frozen
class TerminalTrade:
    """An execution."""

    symbol: str
    direction: str
    price: float
    lot: float
    timestamp: str


@attrs.frozen
class ScanSummary:
    """Why each symbol is or is not traded, as of the last scan; empty before the first."""

    symbols: dict[str, str]
    timestamp: str | None
    count: int


@attrs.frozen
class FullState:
    """All that the terminal shows: `recent_trades` the newest 50, newest first, `events` the newest 200, oldest first."""

    account: dict[str, Any]
    positions: list[dict[str, Any]]
    scan_summary: dict[str, Any]
    recent_trades: list[dict[str, Any]]
    events: list[dict[str, Any]]


@attrs.frozen
class TerminalQuote:
    """Best bid and ask; `time` in seconds since 1970."""

    symbol: str
    bid: float
    ask: float
    time: float
    source: str


@attrs.frozen
class JournalTrade:
    """A round trip, or one that is open; `outcome` OPEN, WIN or LOSS."""

    ticket: Any
    symbol: str
    direction: str
    lot_size: float
    entry_price: float
    exit_price: float | None
    profit: float | None
    outcome: str
    entry_time: datetime


@attrs.frozen
class PushDone:
    """`accepted` objects are stored; `first` and `last` are their offsets on the stream of the run `epoch`, None where an earlier
    try had stored them."""

    accepted: int
    epoch: str
    first: int | None
    last: int | None


@attrs.frozen
class HandedBack:
    """Whether an external bot's account is shown."""

    external: bool


async def account(call: Call) -> Answer:
    """The account: that of the MT5 terminal where one is asked, else an external bot's once it has pushed one, else that of our
    own desk; `{}` before it has said anything. `X-State-Age-Seconds` says how long ago terminal or bot said it: a terminal that
    does not answer is shown as it was, or as a bot says it meanwhile."""
    return _aged(call, call.system.terminal.account, call.system.terminal.account_us)


async def positions(call: Call) -> Answer:
    """Open positions, of the same one as the account."""
    return _aged(call, call.system.terminal.positions, call.system.terminal.positions_us)


async def trades(call: Call) -> list[dict[str, Any]]:
    """The newest 50 executions, newest first."""
    return list(call.system.terminal.recent_trades)


async def scan(call: Call) -> dict[str, Any]:
    """The last scan: each symbol with the reason why it is a candidate or not."""
    found: dict[str, Any] = call.system.terminal.scan_summary
    return found


async def state(call: Call) -> dict[str, Any]:
    """Everything at once, of one instant."""
    found: dict[str, Any] = call.system.terminal.view()
    return found


async def quote(call: Call) -> TerminalQuote:
    """Best bid and ask of a symbol as they were told last; 404 where nobody has told them."""
    symbol = call.args["symbol"]
    known = call.system.board.quote(symbol.upper())
    if known is None:
        raise Refused(f"no quote of '{symbol}' is known", "not_found", {"symbol": symbol})
    return TerminalQuote(symbol, known.bid, known.ask, known.ts_us / 1e6, known.source)


async def journal_daily(call: Call) -> Today:
    """What was closed today, New York time: counts, profit, mean reward by risk and factors, and the share won in percent."""
    day = exchange_day(call.system.runtime.now_us())
    begin = dt.datetime.combine(day, dt.time(), NEW_YORK)
    return today(await _entries(call, MOST_JOURNAL), round(begin.timestamp() * 1e6))


async def journal_confluence(call: Call) -> dict[str, dict[str, float]]:
    """Of the newest closed trades, by factor: total, wins, and win_rate in percent."""
    return confluence(await _entries(call, call.args["limit"]))


async def journal_trades(call: Call) -> list[JournalTrade]:
    """The newest trades, newest first, with what came of them."""
    return [_shown(one) for one in await _entries(call, call.args["limit"])]


async def push(call: Call) -> Answer:
    """Take one object that says its `type`, or a list of them, as a bot's stream says them; answers when they are stored.

    ACCOUNT_UPDATE merges into the account, POSITION_UPDATE replaces the positions, SCAN_SUMMARY the scan, TRADE_EXECUTION adds a
    trade, QUOTE is a price like any feed's, TRADE_CLOSED ends a trade of the journal, BOT_GONE hands the account back to our
    desk; any other type is told on and kept among the events. All are taken, or none. With an `Idempotency-Key` they are taken
    once, also over a SIGKILL.
    """
    objects = objects_of(call.body)
    done = await call.system.runtime.ask("terminal", Command("push", {"objects": objects}, call.who.name, call.command_id))
    return Answer(PushDone(**done), 202)


async def hand_back(call: Call) -> HandedBack:
    """Declare the external bot gone: from now on the account of our own desk is shown, until a bot pushes again; that of an MT5
    terminal that is asked stays."""
    return HandedBack(**await call.system.runtime.ask("terminal", Command("hand_back", {}, call.who.name, call.command_id)))


def _aged(call: Call, shown: Any, said_us: int | None) -> Answer:
    if said_us is None:
        return Answer(shown)
    age_s = max(0.0, (call.system.runtime.now_us() - said_us) / 1e6)
    return Answer(shown, headers=((AGE, f"{age_s:.1f}"),))


async def _entries(call: Call, limit: int) -> list[Entry]:
    """The newest trades, newest first: the bot's where one is shown, else our desk's."""
    queries = call.system.queries
    if not call.system.terminal.ours:
        page = await queries.events(kind=PUSH, subject=JOURNALLED, source_prefix="push:", limit=MOST_JOURNAL)
        return pushed_entries(reversed(page.items))[:limit]
    return desk_entries((await queries.events(kind="trade_closed", source="desk", limit=limit)).items)


def _shown(one: Entry) -> JournalTrade:
    return JournalTrade(one.ticket, one.symbol, one.direction, one.lot_size, one.entry_price, one.exit_price, one.profit,
                        one.outcome, iso(one.entry_us))  # fmt: skip


def _limit(default: int) -> tuple[Param, ...]:
    return (Param("limit", "int", default=default, ge=1, le=MOST_JOURNAL, doc="most trades"),)


_SYMBOL = Param("symbol", required=True, ge=1, le=64, doc="AAPL, BTC-USD")
_TAG = "mt5"
ROUTES = (
    Route("GET", "/api/account", account, Auth.token, answer=TerminalAccount, tag=_TAG),
    Route("GET", "/api/positions", positions, Auth.token, answer=list[TerminalPosition], tag=_TAG),
    Route("GET", "/api/trades", trades, Auth.token, answer=list[TerminalTrade], tag=_TAG),
    Route("GET", "/api/scan", scan, Auth.token, answer=ScanSummary, tag=_TAG),
    Route("GET", "/api/state", state, Auth.token, answer=FullState, tag=_TAG),
    Route("GET", "/api/quote", quote, Auth.token, params=(_SYMBOL,), answer=TerminalQuote, refuses=(404,), tag=_TAG),
    Route("GET", "/api/journal/daily", journal_daily, Auth.token, answer=Today, refuses=(503, 504), tag=_TAG),
    Route("GET", "/api/journal/confluence", journal_confluence, Auth.token, params=_limit(200),
          answer=dict[str, dict[str, float]], refuses=(503, 504), tag=_TAG),
    Route("GET", "/api/journal/trades", journal_trades, Auth.token, params=_limit(50), answer=list[JournalTrade],
          refuses=(503, 504), tag=_TAG),
    Route("POST", "/api/push", push, Auth.token, Scope.operate, body=dict, answer=PushDone, done=202, refuses=(503, 504),
          tag=_TAG),
    Route("DELETE", "/api/push/source", hand_back, Auth.token, Scope.operate, answer=HandedBack, refuses=(503, 504), tag=_TAG),
)  # fmt: skip
