"""The wiring: settings in, a running tree out. Everything that knows more than its neighbours knows it here.

Children start in this order and stop in reverse: log, history, kill_switch, channels, rules, conditions, alerts, watchdogs,
switchboard, services, incidents, checkups, runs, scheduler, sources, broker, risk, desk, strategies, strategist, scanner,
terminal, feeds, and then whatever the outermost layer adds (hub, sockets, web). The board is rebuilt from history before the
first.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from ssl import SSLContext
from typing import Any

import attrs
import trio

from actors import Child, Clock, Runtime, Supervisor, open_runtime, wall_clock
from oracle.alerts import alert_children
from oracle.alerts.permit import checked_patterns
from oracle.alerts.unheard import Unheard
from oracle.backtest import tables_of
from oracle.board import Board
from oracle.feeds import Feed, FeedStatistics, feed_class
from oracle.feeds.file import File
from oracle.feeds.simulated import Simulated
from oracle.first_start import give_a_past
from oracle.history import KEEP_DAYS, History, Queries, Store, Tape
from oracle.history.answers import Answers
from oracle.history.arrivals import Arrivals
from oracle.history.export import Exports
from oracle.history.lines import Lines
from oracle.history.talks import Talks
from oracle.http import Http
from oracle.inbound.hooks import Hooks, open_hooks
from oracle.model import Delivery
from oracle.plugins import part_of
from oracle.receipts import KEEP_US, MOST, MOST_BYTES, Receipts
from oracle.reporter import Reporter
from oracle.ring import Ring
from oracle.runs import Pool
from oracle.runs.finding import Finder
from oracle.runs.outputs import Outputs
from oracle.runs.records import RunRecords
from oracle.runs.shelf import Shelf
from oracle.runs.wiring import pools_of, run_children
from oracle.schedule.wiring import scheduler_child
from oracle.services.vitals import Vitals
from oracle.services.wiring import service_children
from oracle.settings import Settings
from oracle.sources import Sources, SourceWatch
from oracle.tally import Tally
from oracle.tasks.agents import Agents
from oracle.tasks.budgets import Budgets, budgets_of
from oracle.tasks.runner import commands_of
from oracle.tasks.sequences import Sequences
from oracle.tasks.wiring import talking_children
from oracle.terminal import TerminalState
from oracle.terminal.actor import TerminalMemory
from oracle.terminal.wiring import terminal_children
from oracle.trading import KillSwitch, SwitchMemory
from oracle.trading.risk.day_trades import DayTrades
from oracle.trading.strategy_tree import strategist_children
from oracle.trading.wiring import trading_children
from oracle.watchdogs import watchdog_class
from oracle.watchdogs.actor import PATIENCE_S, watchdog_child
from oracle.watchdogs.past import past_of
from oracle.watchdogs.switchboard import Switchboard, switched_on

__all__ = ["System", "open_system", "parts_of"]

CATCHING_UP = 4
HISTORY_PATIENCE_S = 0.01  # with the 40 ms that a row waits in the queue: on disk within 50 ms and a commit


@attrs.frozen(eq=False)
class System:
    """A running system, as its views see it."""

    settings: Settings
    runtime: Runtime
    board: Board
    store: Store
    queries: Queries
    tape: Tape
    ring: Ring
    http: Http
    tally: Tally
    receipts: Receipts
    shelf: Shelf
    records: RunRecords
    outputs: Outputs
    finder: Finder
    exports: Exports
    answers: Answers
    talks: Talks
    hooks: Hooks
    arrivals: Arrivals
    pools: Mapping[str, Pool]
    budgets: Budgets
    statistics: Mapping[str, FeedStatistics]  # by feed name
    watchdogs: dict[str, Mapping[str, Any]]  # the settings of those there are by name, also of those that were added
    sequences: Sequences = attrs.field(factory=Sequences)
    terminal_memory: TerminalMemory = attrs.field(factory=TerminalMemory)
    day_trades: DayTrades = attrs.field(factory=DayTrades)
    turns: trio.Semaphore = attrs.field(factory=lambda: trio.Semaphore(CATCHING_UP))
    """Of those who are told what they missed; who has none waits, so that those who are told what happens do not."""
    vitals: Vitals = attrs.field(default=attrs.Factory(lambda self: Vitals(self.runtime.now_us()), takes_self=True))

    @property
    def terminal(self) -> TerminalState:
        """What the streaming terminal shows."""
        return self.terminal_memory.shown


@asynccontextmanager
async def open_system(
    settings: Settings, children: Callable[[System], Sequence[Child]] = lambda system: (), *, clock: Clock = wall_clock,
    trust: Mapping[str, SSLContext] | None = None,
) -> AsyncIterator[System]:
    """Open the history in the settings' data folder and run the tree until the block ends; `children` come last;
    `trust` as `oracle.http.Http` takes it.

    Raises Invalid (settings of a part), Refused `locked` (another process has the history), VaultBroken (the secrets of
    alerts), RestartsExhausted.
    """
    feeds, deciders = parts_of(settings)
    clock = await _clock_of(feeds, clock)
    store = Store(settings.data.folder, memory_limit_mb=settings.history.memory_limit_mb)
    await trio.to_thread.run_sync(store.open)
    try:
        queries = Queries(store, deadline_s=settings.history.query_deadline_s)
        await give_a_past(store, queries, feeds.values(), clock())
        counts = await queries.event_counts(source_prefix="watchdog:")
        receipts = await _known_commands(store, clock)
        system: System

        def wire(runtime: Runtime) -> list[Child]:
            nonlocal system
            ring = Ring.of(runtime)  # hears even what the board publishes as it is rebuilt
            system = _assemble(settings, runtime, store, queries, ring, Tally(counts), receipts, feeds, trust)
            return [*_own_children(system, deciders, feeds), *children(system)]

        async with open_runtime(wire, clock=clock) as runtime:
            subscription = runtime.listen("event:*", system.tally.put)
            yield system
            subscription.cancel()
    finally:
        store.close()


def parts_of(settings: Settings) -> tuple[dict[str, Feed], dict[str, Callable[[], Any]]]:
    """The feeds, and a maker of each watchdog's decider, by name. Starts nothing. Raises Invalid."""
    feeds = {name: part_of("feeds", name, table, feed_class) for name, table in settings.wanted_feeds().items()}
    tables = tables_of(settings.watchdogs)
    deciders = {name: partial(part_of, "watchdogs", name, table, watchdog_class) for name, table in tables.items()}
    for make in deciders.values():
        make()  # bad settings are refused before anything starts
    checked_patterns(settings.alerts.actions)
    return feeds, deciders


def _assemble(
    settings: Settings, runtime: Runtime, store: Store, queries: Queries, ring: Ring, tally: Tally,
    receipts: Receipts, feeds: Mapping[str, Feed], trust: Mapping[str, SSLContext] | None,
) -> System:
    order = dict.fromkeys((*settings.sources.priority, *feeds))
    simulated = [name for name, feed in feeds.items() if isinstance(feed, Simulated)]
    sources = Sources([name for name in order if name not in simulated], settings.sources.stale_after_s)
    board = Board(runtime.bus, runtime.now_us, sources)
    board.load(store.states())
    http = Http(settings.http.engine, settings.http.allow, trust)
    tape = Tape(store, deadline_s=settings.history.query_deadline_s)
    statistics = {name: FeedStatistics() for name in feeds}
    shelf = Shelf(settings.data.folder / "runs")
    records = RunRecords(
        board, store, runtime.now_us, settings.history.keep_days.run, deadline_s=settings.history.query_deadline_s
    )
    outputs = Outputs(store, records.reader)
    return System(
        settings, runtime, board, store, queries, tape, ring, http, tally, receipts, shelf, records, outputs,
        Finder(store, records), Exports(store), Answers(store, deadline_s=settings.history.query_deadline_s),
        Talks(records.reader), open_hooks(settings, board),
        Arrivals(store, records.reader), pools_of(settings),
        budgets_of(settings.tasks.budgets, store, board, runtime.now_us), statistics, tables_of(settings.watchdogs),
    )  # fmt: skip


def _own_children(system: System, deciders: Mapping[str, Callable[[], Any]], feeds: Mapping[str, Feed]) -> list[Child]:
    settings, board, store = system.settings, system.board, system.store
    past = past_of(system.queries, system.tape)
    keep_days = {**KEEP_DAYS, **attrs.asdict(settings.history.keep_days)}
    pending: list[Delivery] = store.pending_deliveries()
    switch = SwitchMemory()
    watchdogs = {
        name: partial(watchdog_child, name, make, board, past, system.runtime, PATIENCE_S) for name, make in deciders.items()
    }  # fmt: skip
    feed_children = [feed.child(name, system.statistics[name], system.http) for name, feed in feeds.items()]
    return [
        Child("log", Reporter, capacity=10_000, when_full="drop_oldest"),
        Child(
            "history", lambda: History(store, keep_days=keep_days, earlier=system.ring.everything), grace_s=10.0,
            capacity=100_000, when_full="drop_oldest", patience_s=HISTORY_PATIENCE_S,
        ),
        Child("kill_switch", lambda: KillSwitch(board, system.receipts, settings.risk.kill_switch_cooldown_s, switch)),
        *alert_children(
            settings=settings.alerts, folder=settings.data.folder, board=board, http=system.http,
            now_us=system.runtime.now_us, pending=pending, last_attempts=store.last_attempts(), receipts=system.receipts,
            past=past, runtime=system.runtime, unheard=Unheard(system.tape, Lines(store)),
        ),
        Child("watchdogs", lambda: Supervisor(switched_on(watchdogs, board), exhausted="park")),
        Child("switchboard", lambda: Switchboard(watchdogs, board, system.receipts)),
        *service_children(system),
        *run_children(system),
        Child("agents", lambda: Agents(board, system.receipts, commands_of(settings))),
        *talking_children(system),
        scheduler_child(board, settings.scheduler),
        Child("sources", lambda: SourceWatch(board)),
        *trading_children(system),
        *strategist_children(system),
        *terminal_children(system),
        Child("feeds", lambda: Supervisor(feed_children, exhausted="park")),
    ]  # fmt: skip


async def _clock_of(feeds: Mapping[str, Feed], clock: Clock) -> Clock:
    """The time of the only feed, if that drives one; a file that can't be read says so itself, later."""
    driving = [feed for feed in feeds.values() if isinstance(feed, File)]
    if len(feeds) != 1 or not driving:
        return clock
    with contextlib.suppress(OSError):
        return await trio.to_thread.run_sync(driving[0].clock) or clock
    return clock


async def _known_commands(store: Store, clock: Clock) -> Receipts:
    """What clients had done before this start. A command leaves three events or fewer."""
    read = partial(store.receipts, clock() - KEEP_US, 3 * MOST, MOST_BYTES)
    secret, rows = await trio.to_thread.run_sync(read)
    receipts = Receipts(clock, secret)
    receipts.load(rows)
    return receipts
