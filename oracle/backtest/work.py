"""A backtest as a run: its parameters checked, its verdict beside what was said live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import trio

from oracle.backtest.job import Ask, Job, Verdict
from oracle.border import structure
from oracle.history import Queries, Tape
from oracle.history.lines import Lines
from oracle.problems import Bad, Invalid, Problem, closest
from oracle.runs import Pace, Work
from oracle.watchdogs import WATCHDOGS, watchdog_class

__all__ = ["Backtest", "backtest_work", "checked", "tables_of", "wrong_span"]

LONGEST_US = 366 * 86_400_000_000
MOST_EVENTS = 100_000
Table = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Backtest:
    """Which watchdogs (all that are set up, if none is named) go through what was stored in from_us <= time < to_us, UTC
    microseconds. `settings` by name change those of the server for this run."""

    from_us: int
    to_us: int
    watchdogs: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = attrs.field(factory=dict)


def checked(ask: Backtest, tables: Mapping[str, Table], now_us: int) -> Ask:
    """What is to be run. `tables` are the settings of the server by name. Raises Invalid, which names the field."""
    problems = list(wrong_span(ask.from_us, ask.to_us, now_us))
    names = ask.watchdogs or tuple(tables)
    problems += _unknown("watchdogs", names, tables, "there is no watchdog")
    problems += _unknown("settings", ask.settings, names, "there are settings of a watchdog that is not run,")
    if problems:
        raise Invalid(problems)
    chosen = {name: _chosen(name, tables[name], ask.settings.get(name)) for name in dict.fromkeys(names)}
    return Ask(chosen, ask.from_us, min(ask.to_us, now_us), frozenset(ask.settings))


def wrong_span(from_us: int, to_us: int, now_us: int) -> Iterator[Problem]:
    """What is wrong with a span of the past that somebody wants to go through; paths begin with `body`."""
    if not from_us < to_us:
        yield Problem(("body", "to"), "value_error", "it has to be later than from", to_us)
    elif to_us - from_us > LONGEST_US:
        yield Problem(("body", "from"), "value_error", "more than 366 days at once are too many", from_us)
    if from_us > now_us:
        yield Problem(("body", "from"), "value_error", "nothing is stored of the future", from_us)


def _unknown(field: str, given: Iterable[str], known: Iterable[str], what: str) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            why = f"{what} {name!r}; there are {', '.join(known)}"
            yield Problem(("body", field, name), "value_error", why, name, closest(name, known))


def backtest_work(
    queries: Queries, tape: Tape, lines: Lines, tables: Mapping[str, Table], now_us: Callable[[], int]
) -> Work:
    """The work of runs of the kind `backtest`."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        began_s = trio.current_time()
        ask = checked(structure(Backtest, params), tables, now_us())
        verdict = await Job(queries, tape, lines, ask, pace).run()
        live = await _said_live(queries, ask)
        rows = [{**_row(event), "live": event.id in live} for event in verdict.events[:MOST_EVENTS]]
        return _summary(verdict, live, trio.current_time() - began_s), rows

    return work


def tables_of(settings: Mapping[str, Table]) -> dict[str, Table]:
    """The watchdogs that are set up, with their settings."""
    return {**{kind: {} for kind in WATCHDOGS}, **settings}


def _chosen(name: str, table: Table, changes: Table | None) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    kind = str(table.get("kind", name))
    if "kind" in (changes or {}):
        why = f"the kind of {name} can't be another for a run; it is {kind}"
        raise Invalid([Problem(("body", "settings", name, "kind"), "value_error", why, (changes or {})["kind"])])
    merged = {key: value for key, value in {**table, **(changes or {})}.items() if key != "kind"}
    make = partial(structure, watchdog_class(kind), merged, path=("body", "settings", name))
    try:
        make()
    except Bad as bad:
        raise Invalid([bad.at(("body", "settings", name), merged)]) from None
    return kind, merged, make


async def _said_live(queries: Queries, ask: Ask) -> set[str]:
    """The ids of the events that the watchdogs said then."""
    found: set[str] = set()
    sources, cursor = [f"watchdog:{name}" for name in ask.watchdogs], None
    while True:
        page = await queries.events(source=sources, from_us=ask.from_us, to_us=ask.to_us, limit=10_000, cursor=cursor)
        found |= {row["id"] for row in page.items}
        cursor = page.next
        if cursor is None:
            return found


def _summary(verdict: Verdict, live: set[str], seconds: float) -> dict[str, Any]:
    ids = {event.id for event in verdict.events}
    return {
        "events": len(ids), "live": len(live), "both": len(ids & live),
        "by_kind": dict(Counter(event.kind for event in verdict.events)),
        "by_severity": dict(Counter(event.severity.value for event in verdict.events)),
        "messages": verdict.messages, "unreadable": verdict.unreadable,
        "seconds": round(seconds, 3), "busy_s": round(verdict.busy_s, 3),
        "crashed": verdict.crashed, "crashed_at": verdict.crashed_at, "cut_off": len(verdict.events) > MOST_EVENTS,
    }  # fmt: skip


def _row(event: Any) -> dict[str, Any]:
    return {
        "id": event.id, "kind": event.kind, "subject": event.subject, "source": event.source,
        "severity": event.severity.value, "summary": event.summary, "data": event.data, "ts_us": event.ts_us,
        "cause": event.cause,
    }  # fmt: skip
