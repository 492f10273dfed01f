"""The part of the tree that tells people, around a real history in a folder, without threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from actors import Child, Runtime, open_runtime, trio_clock
from oracle.alerts import Rule, alert_children
from oracle.alerts.silence import Matchers
from oracle.alerts.unheard import Unheard
from oracle.board import Board
from oracle.border import structure
from oracle.history import Commit, History, Queries, Store, Tape, inline
from oracle.history.lines import Lines
from oracle.http import Http
from oracle.model import Command, Event, Severity, State, Trade, event_id
from oracle.receipts import Receipts
from oracle.settings import Alerts
from oracle.watchdogs.past import past_of

T0_US = 1_700_000_000_000_000
BODY = {
    "alert_id": "a", "name": "Big moves", "description": "d", "trigger": {"type": "watchdog_event"}, "cooldown_seconds": 0,
    "delivery_methods": ["webhook"], "webhook_config": {"url": "http://127.0.0.1:1/"},
}  # fmt: skip


def rule(**more: Any) -> Rule:
    """A rule that fires on every watchdog event, changed by `more`."""
    return structure(Rule, {**BODY, **more}, extras="drop")


def event(number: int = 1, subject: str = "BTC-USD", kind: str = "price_anomaly", source: str = "") -> Event:
    """Something a watchdog saw."""
    source, ts_us = source or f"watchdog:{kind}", T0_US + number
    ident = event_id(kind, subject, source, ts_us)
    return Event(ident, kind, subject, source, Severity.high, f"{subject} rose", {"provider": "test"}, ts_us)


async def at_once(fn: Any, *args: Any) -> Any:
    """In the place of a thread."""
    return fn(*args)


@attrs.define
class Alerting:
    """What a test may look at."""

    runtime: Runtime
    board: Board
    store: Store
    folder: Path

    async def wish(self, verb: str, by: str = "test", id: str = "", **args: Any) -> State:
        """Ask the desk."""
        state: State = await self.runtime.ask("alerts", Command(verb, args, by, id))
        return state

    async def attempts(self) -> list[tuple[int, str, int, str]]:
        """Every attempt on disk: number, outcome, status, error."""
        page = await Queries(self.store, inline).attempts()
        return [(row["number"], row["outcome"], row["status"], row["error"]) for row in page.items]


@asynccontextmanager
async def open_alerts(
    folder: Path, *, http: Http | None = None, settings: Alerts | None = None, channel: Any = None, clock: Any = None,
    history: Any = None, conditions: bool = False, parts: Any = None,
) -> AsyncIterator[Alerting]:
    """History and alerts on `folder`, as a start after whatever ended there; `channel` stands in for the webhook's part,
    `parts` for all of them, `history` for the actor of that name; `conditions` of rules are looked at where that is true."""
    store = Store(folder)
    store.open()
    http = http or Http(allow=("127.0.0.1",))
    boards: list[Board] = []

    def children(runtime: Runtime) -> list[Child]:
        board = Board(runtime.bus)
        boards.append(board)
        board.load(store.states())
        owed, last = store.pending_deliveries(), store.last_attempts()
        receipts = Receipts(runtime.now_us)
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        made = list(alert_children(
            settings=settings or Alerts(), folder=folder, board=board, http=http, now_us=runtime.now_us, pending=owed,
            last_attempts=last, receipts=receipts, run_sync=at_once,
            parts={"webhook": channel} if channel is not None else parts, runtime=runtime if conditions else None,
            past=past_of(Queries(store, inline), Tape(store, inline)),
            unheard=Unheard(Tape(store, inline), Lines(store, inline))))  # fmt: skip
        keep = history or (lambda: History(store, threaded=False))
        return [Child("history", keep, capacity=100_000), *made]

    try:
        async with open_runtime(children, clock=clock or trio_clock(T0_US), seed=1) as runtime:
            yield Alerting(runtime, boards[0], store, folder)
    finally:
        store.close()


# ---- the life of an alert

S = 1_000_000
ABOVE = {"type": "price_threshold", "symbol": "BTC", "price_threshold": 100, "direction": "above"}


@attrs.define
class Keeping:
    """A channel that takes everything."""

    sent: list = attrs.field(factory=list)

    async def send(self, delivery, rule, tools):
        self.sent.append(delivery.payload)
        await trio.lowlevel.checkpoint()
        return 200

    @property
    def ids(self):
        """The delivery ids."""
        return [payload["delivery_id"] for payload in self.sent]

    @property
    def events(self):
        """The ids of the events that were told."""
        return [payload["event"]["event_id"] for payload in self.sent]

    @property
    def statuses(self):
        """What each notice said of the alert."""
        return [payload.get("status", "firing") for payload in self.sent]


async def say(alerting, verb, ident="a", by="me", id="", **args):
    """Somebody's word on an alert; its record after that."""
    return (await alerting.runtime.ask(f"rule:{ident}", Command(verb, args, by, id))).value


async def silence(alerting, for_s, id="", **matchers):
    """A silence for so long."""
    args = {"matchers": Matchers(**matchers), "until_us": alerting.runtime.now_us() + for_s * S, "comment": "works"}
    return (await alerting.runtime.ask("silences", Command("create", args, "me", id))).value


def later(seconds):
    """A clock that begins so long after the first start."""
    return trio_clock(T0_US + seconds * S)


async def settled():
    """Whatever was to be done has been."""
    await trio.testing.wait_all_tasks_blocked()


async def told(alerting, *kinds):
    """The events on disk, the oldest first: kind, by, comment."""
    await alerting.runtime.ask("history", Commit(()))
    rows = (await Queries(alerting.store, inline).events(subject="a", newest_first=False)).items
    return [(row["kind"], row["data"].get("by", "")) for row in rows if not kinds or row["kind"] in kinds]


def seen(alerting):
    """The record of the rule, as the board has it."""
    return alerting.board.get("alert:a")


async def priced(alerting, *prices):
    """Trades, a second apart, and all of it on disk."""
    for price in prices:
        now_us = alerting.runtime.now_us()
        alerting.runtime.publish(Trade("BTC-USD", float(price), 1.0, "buy", str(now_us), now_us, "test"))
        await trio.sleep(1)
    await alerting.runtime.ask("history", Commit(()))
