"""`oracle backtest`: watchdogs over stored history, by the running server, or, where none runs, by this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import attrs
import trio

from actors import Refused, wall_clock
from oracle.backtest import Backtest, backtest_work, checked, tables_of
from oracle.history import Queries, Store, Tape
from oracle.history.lines import Lines
from oracle.moments import time_us
from oracle.problems import Invalid, Problem
from oracle.remote import Remote
from oracle.runs import Pace, Status
from oracle.settings import Settings
from web.terminal import bar, show_table
from web.wire import iso

__all__ = ["Bench", "Here", "There", "backtest", "followed", "show_events", "wish_of"]

LOOK_S = 0.25  # between two looks at a run that goes on elsewhere
PAGE = 1_000
DAY_US = 86_400_000_000
LONGEST_LINE = 100

Report = Callable[[float, str], None]
"""Hears how far a run is, 0 to 1, and its status."""


class Bench(Protocol):
    """Where a backtest is done."""

    async def run(self, wish: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The summary and the events."""


def wish_of(from_: str | None, to: str | None, watchdogs: tuple[str, ...], changes: tuple[str, ...]) -> dict[str, Any]:
    """The body of the request: times as people write them, the last day where there is none; changes NAME.KEY=VALUE, the value
    in JSON or a text. Raises Invalid."""
    to_us = time_us(to, ["to"]) if to else wall_clock()
    from_us = time_us(from_, ["from"]) if from_ else to_us - DAY_US
    settings: dict[str, dict[str, Any]] = {}
    for change in changes:
        place, equals, text = change.partition("=")
        name, dot, key = place.partition(".")
        if not (equals and dot and name and key):
            raise Invalid([Problem(("set",), "value_error", "a change is NAME.KEY=VALUE", change)])
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        settings.setdefault(name, {})[key] = value
    return {"from": from_us, "to": to_us, "watchdogs": list(watchdogs), "settings": settings}


@attrs.frozen
class There:
    """On a running server, whose route `path` starts the run; interrupted, the run is called off there."""

    remote: Remote
    path: str = "/api/oracle/backtest"

    async def run(self, wish: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Start the run there, follow it, and fetch what it found. Raises RemoteFailed, Refused."""
        run = await self.remote.tell("POST", self.path, body=json.dumps(wish).encode())
        try:
            while run["finished"] is None:
                report(run["progress"], run["status"])
                await trio.sleep(LOOK_S)
                run = await self.remote.tell("GET", run["url"])
        except trio.Cancelled:
            with trio.move_on_after(2, shield=True):
                await self.remote.tell("POST", f"{run['url']}/cancel")
            raise
        if run["status"] != "completed":
            raise Refused(run["error"] or f"the run was {run['status']}", "failed")
        events: list[dict[str, Any]] = []
        cursor: str | None = "0"
        while cursor is not None:
            page = await self.remote.tell("GET", f"{run['url']}/events", {"limit": PAGE, "cursor": cursor})
            events += page["items"]
            cursor = page["next"]
        return run["result"], events


@attrs.frozen
class Here:
    """In this process, on a data folder that nobody else has open."""

    settings: Settings

    async def run(self, wish: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Open the history for it. Raises Refused `locked` where another process has it, Invalid."""
        store = Store(self.settings.data.folder, memory_limit_mb=self.settings.history.memory_limit_mb)
        await trio.to_thread.run_sync(store.open)
        try:
            tables = tables_of(self.settings.watchdogs)
            work = backtest_work(Queries(store), Tape(store), Lines(store), tables, wall_clock)
            given = {**wish, "watchdogs": tuple(wish["watchdogs"])}
            ask = Backtest(from_us=given.pop("from"), to_us=given.pop("to"), **given)
            checked(ask, tables, wall_clock())
            summary, rows = await work(attrs.asdict(ask), Pace(lambda done: report(done, Status.running)))
            return summary, list(rows)
        finally:
            store.close()


async def followed(bench: Bench, wish: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What came out, after a bar on a terminal. Raises as the run does."""
    with bar("backtest") as shown:
        return await bench.run(
            wish, lambda done, status: shown(done, "backtest" if status == Status.running else f"backtest ({status})"))


def show_events(events: list[dict[str, Any]]) -> None:
    """A line for each."""
    rows = [
        (str(event.get("ts") or iso(event["ts_us"]))[:19], event["severity"], event["kind"], "live" if event["live"] else "",
         event["summary"][:LONGEST_LINE]) for event in events
    ]  # fmt: skip
    show_table(("time", "severity", "kind", "", "what"), rows)


async def backtest(bench: Bench, wish: dict[str, Any], *, as_json: bool) -> None:
    """Run it, with a bar on a terminal, and print what was found. Raises Refused, Invalid, RemoteFailed."""
    summary, events = await followed(bench, wish)
    if as_json:
        print(json.dumps({"summary": summary, "events": events}))
        return
    show_events(events)
    messages = sum(summary["messages"].values())
    print(f"{summary['events']} events in {messages} messages; live there were {summary['live']}, both: {summary['both']}")
