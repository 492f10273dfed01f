"""Backtests from a notebook: begun on the server, followed to their end, and fetched whole; called off when interrupted."""

from __future__ import annotations

import datetime as dt
import re
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import trio

from oracle.moments import time_us
from oracle.notebook.part import Draft
from oracle.notebook.results import BacktestCrashed, Events, Performance
from oracle.remote import RemoteFailed
from oracle.sdk.room import Caller
from oracle.sdk.thing import at
from oracle.sdk.trade import Backtest

__all__ = ["Report", "rule_backtest", "strategy_backtest", "watchdog_backtest"]

Report = Callable[[float, str], object]
"""Hears how far it is, 0 to 1, and its status."""

LOOK_S = 0.1  # between two looks at a run, and twice as long as the one before at most
LONGEST_LOOK_S = 1.0
PAGE = 1_000
MOST_SYMBOLS = 3  # whose prices are fetched unasked
POINTS = 1_500  # bars of a picture, about
WIDTHS_S = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
SYMBOL = re.compile(r'"([A-Z][A-Z0-9.]*(?:[-/][A-Z0-9]+)?)"')  # in a condition
Span = tuple[Any, Any]


async def watchdog_backtest(caller: Caller, name: str, span: Span, settings: Mapping[str, Any], symbols: Sequence[str],
                            report: Report, draft: Draft | None = None) -> Events:  # fmt: skip
    """What a watchdog of the server would have said. Raises RemoteFailed, BacktestCrashed."""
    wish = {**_span(span), "watchdogs": [name], "settings": {name: dict(settings)} if settings else {}}
    run, rows = await _through(caller, "api/oracle/backtest", wish, report)
    what, result = draft.what if draft else name, run["result"] or {}
    events = await _events(caller, what, run, rows, symbols)
    if name in result.get("crashed", {}):
        error = BacktestCrashed(f"{what} crashed: {result['crashed'][name]}", events)
        error.add_note("in the worker process:\n" + _trace(result.get("crashed_at", {}).get(name, ()), draft))
        raise error
    return events


async def rule_backtest(caller: Caller, rule: str | Mapping[str, Any], span: Span, symbols: Sequence[str],
                        report: Report) -> Events:  # fmt: skip
    """When a rule, one there is by its id or one to be, would have fired. Raises RemoteFailed."""
    which = {"alert_id": rule.removeprefix("rule:")} if isinstance(rule, str) else {"rule": dict(rule)}
    run, rows = await _through(caller, "api/alerts/preview", {**_span(span), **which}, report)
    stored = run["params"]["rule"]
    return await _events(caller, stored["alert_id"], run, rows, symbols or _symbols(stored["trigger"]))


async def strategy_backtest(caller: Caller, strategy: str, start: Any, end: Any, fields: Mapping[str, Any],
                            report: Report) -> Performance:  # fmt: skip
    """What a strategy would have made. Raises RemoteFailed."""
    body = {"start": _day(start), "end": _day(end), **fields}
    said = await caller.command("POST", at("api/strategies", strategy, "backtest"), body)
    if "url" in said:  # it goes on, as a run
        run = await _ended(caller, said, report)
        said = await caller.get(at("api/strategies/backtests", run["id"]))
    return Performance.of(Backtest.of(said))


async def _through(caller: Caller, path: str, wish: Mapping[str, Any], report: Report) -> tuple[Any, list[dict[str, Any]]]:
    run = await _ended(caller, await caller.command("POST", path, wish), report)
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await caller.get(at("api/oracle/runs", run["id"], "events"), limit=PAGE, cursor=cursor)
        rows += [{**row, "ts_us": time_us(row["ts"], ["ts"])} for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return run, rows


async def _ended(caller: Caller, run: Any, report: Report) -> Any:
    look_s, place = LOOK_S, at("api/oracle/runs", run["id"])
    try:
        while run["finished"] is None:
            report(run["progress"], run["status"])
            await trio.sleep(look_s)
            look_s = min(LONGEST_LOOK_S, 1.2 * look_s)
            run = await caller.get(place)
    except trio.Cancelled:
        with trio.move_on_after(2, shield=True):
            await caller.command("POST", f"{place}/cancel", once=False)
        raise
    if run["status"] != "completed":
        raise RemoteFailed(f"the backtest {run['id']} is {run['status']}: {run['error']}", 0, run, passing=False)
    report(1.0, run["status"])
    return run


async def _events(caller: Caller, what: str, run: Any, rows: list[dict[str, Any]], symbols: Sequence[str]) -> Events:
    """With the prices of the symbols that are asked for, or of those that most is said of."""
    params = run["params"]
    from_us, to_us = (time_us(str(params[name]), [name]) for name in ("from", "to"))
    interval = next((one for one, width_s in WIDTHS_S.items() if (to_us - from_us) / 1e6 <= width_s * POINTS), "1d")
    wanted = symbols or [one for one, _ in Counter(row["subject"] for row in rows).most_common(MOST_SYMBOLS)]
    prices = {}
    for symbol in wanted:
        query = {"symbol": symbol, "interval": interval, "from": from_us, "to": to_us, "limit": 10_000}
        points = [(time_us(bar["ts"], ["ts"]), bar["close"]) for bar in (await caller.get("api/oracle/bars", **query))["items"]]
        if points:
            prices[symbol] = points
    return Events(what, run["result"] or {}, rows, prices, any(_provider(row["data"]) == "simulated" for row in rows))


def _symbols(trigger: Mapping[str, Any]) -> list[str]:
    """Those that a rule looks at."""
    named = [trigger.get("symbol") or "", *SYMBOL.findall(trigger.get("condition") or "")]
    return list(dict.fromkeys(filter(None, named)))[:MOST_SYMBOLS]


def _trace(frames: Sequence[tuple[str, int, str, int]], draft: Draft | None) -> str:
    """As a traceback says it, with the lines of cells as this process knows them."""
    shown = []
    for file, line, function, first_line in frames:
        if draft is not None and file.startswith("<"):
            file = draft.file_of(file, function, first_line)
        shown.append(traceback.FrameSummary(file, line, function))
    return "".join(traceback.format_list(shown)).rstrip()


def _provider(data: Mapping[str, Any]) -> str:
    """Who said what led to it; of a rule's firing that is in its event."""
    return str(data.get("provider") or data.get("event_data", {}).get("provider", ""))


def _span(span: Span) -> dict[str, Any]:
    return {name: _moment(value) for name, value in zip(("from", "to"), span, strict=True) if value is not None}


def _moment(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime | dt.date) else value


def _day(value: Any) -> Any:
    return value.date().isoformat() if isinstance(value, dt.datetime) else _moment(value)
