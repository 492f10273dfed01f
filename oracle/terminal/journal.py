"""The journal: round trips, as a bot pushed them (an execution with a ticket, and the closing that names it) or as our desk made
them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

__all__ = ["Entry", "Today", "confluence", "desk_entries", "pushed_entries", "today"]

Row = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Entry:
    """A trade: `outcome` is OPEN, WIN or LOSS (a profit of nothing is a LOSS); profit in the account's currency, None while it
    is open. `rr` is what it made by what it risked (its stop), None where either is not known; `confluence` the factors that
    spoke for it."""

    ticket: Any
    symbol: str
    direction: str
    lot_size: float
    entry_price: float
    exit_price: float | None
    profit: float | None
    outcome: str
    entry_us: int
    exit_us: int | None = None
    rr: float | None = None
    confluence: tuple[str, ...] = ()


@attrs.frozen
class Today:
    """What was closed in a day; `win_rate` in percent; means None where there is nothing to take them of."""

    total: int
    wins: int
    losses: int
    total_profit: float
    avg_rr: float | None
    avg_confluence: float | None
    win_rate: float | None


def pushed_entries(rows: Iterable[Row]) -> list[Entry]:
    """Of stored objects TRADE_EXECUTION and TRADE_CLOSED, in order of time; newest first. What has no ticket can't be closed."""
    entries: list[Entry] = []
    place: dict[Any, int] = {}
    for row in rows:
        given = row["data"]
        ticket = given.get("ticket")
        if given["type"] == "TRADE_EXECUTION":
            if ticket is not None:
                place[str(ticket)] = len(entries)
            entries.append(_opened(given, row["ts_us"]))
        elif str(ticket) in place:
            entries[place[str(ticket)]] = _closed(entries[place[str(ticket)]], given, row["ts_us"])
    return entries[::-1]


def desk_entries(rows: Iterable[Row]) -> list[Entry]:
    """Of our desk's closed trades, in the order given."""
    return [
        Entry(ticket=data["id"], symbol=data["symbol"], direction=data["side"], lot_size=data["quantity"],
              entry_price=data["entry_price"], exit_price=data["exit_price"], profit=data["pnl"], outcome=_outcome(data["pnl"]),
              entry_us=data["opened_us"], exit_us=data["closed_us"])
        for data in (row["data"] for row in rows)
    ]  # fmt: skip


def today(entries: Iterable[Entry], from_us: int) -> Today:
    """Of what was closed since an instant."""
    closed = [one for one in entries if one.profit is not None and one.exit_us is not None and one.exit_us >= from_us]
    wins = sum(one.outcome == "WIN" for one in closed)
    rrs = [one.rr for one in closed if one.rr is not None]
    factors = [len(one.confluence) for one in closed if one.confluence]
    return Today(
        len(closed), wins, len(closed) - wins, round(sum(one.profit or 0.0 for one in closed), 2), _mean(rrs), _mean(factors),
        100 * wins / len(closed) if closed else None,
    )  # fmt: skip


def confluence(entries: Iterable[Entry]) -> dict[str, dict[str, float]]:
    """Of closed trades, by factor: how many there were, how many won, and the share of these in percent."""
    counts: dict[str, list[int]] = {}
    for one in entries:
        if one.profit is not None:
            for factor in one.confluence:
                count = counts.setdefault(factor, [0, 0])
                count[0] += 1
                count[1] += one.outcome == "WIN"
    return {factor: {"total": total, "wins": wins, "win_rate": 100 * wins / total} for factor, (total, wins) in counts.items()}


def _opened(given: Row, ts_us: int) -> Entry:
    factors = given.get("confluence")
    named = factors if isinstance(factors, list | dict) else ()
    stop = given.get("sl")
    return Entry(
        ticket=given.get("ticket"), symbol=given["symbol"], direction=str(given.get("direction", "")), lot_size=given["lot"],
        entry_price=given["price"], exit_price=None, profit=None, outcome="OPEN", entry_us=ts_us,
        rr=abs(given["price"] - stop) if isinstance(stop, int | float) and stop else None,
        confluence=tuple(str(one) for one in named),
    )  # fmt: skip


def _closed(entry: Entry, given: Row, ts_us: int) -> Entry:
    """`rr` held the distance to the stop while it was open."""
    sign = -1 if entry.direction.upper().startswith(("SELL", "SHORT")) else 1
    made = sign * (given["exit_price"] - entry.entry_price)
    return attrs.evolve(entry, exit_price=given["exit_price"], profit=given["profit"], outcome=_outcome(given["profit"]),
                        exit_us=ts_us, rr=made / entry.rr if entry.rr else None)  # fmt: skip


def _outcome(profit: float) -> str:
    return "WIN" if profit > 0 else "LOSS"


def _mean(numbers: list[Any]) -> float | None:
    return round(sum(numbers) / len(numbers), 4) if numbers else None
