"""A rule tried on the past: when it would have fired and what it would have sent, by the deciders that are at work live."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from typing import Any

import attrs
import trio

from actors import Published
from oracle.alerts.circumstances import Then, circumstances
from oracle.alerts.conditions import Conditions
from oracle.alerts.decider import Decider, Firing, Record
from oracle.alerts.rule import Rule, rule_of
from oracle.alerts.terms import Terms, terms_of
from oracle.alerts.trigger import CONDITIONS, TOLD
from oracle.backtest.job import Ask, Job
from oracle.backtest.minutes import MINUTE_US, Minutes, minutes_before, symbol_of_bars
from oracle.backtest.work import wrong_span
from oracle.border import structure
from oracle.history import Queries, Span, Tape
from oracle.history.lines import Lines
from oracle.model import Event
from oracle.moments import iso_text
from oracle.patterns import Patterns
from oracle.problems import Invalid
from oracle.runs import Pace, Work

__all__ = ["Preview", "checked_preview", "preview_work"]

MOST_FIRINGS = 10_000  # kept as rows; more are only counted
PAGE = 2_000
DAY_US = 86_400_000_000
BARS = "bars"  # among what it took: how many stood for ticks
_WATCHDOGS = Patterns(["event:*"])


@attrs.frozen(kw_only=True)
class Preview:
    """`rule`: the value of a Rule, without its secrets, as if it had been enabled in from_us <= time < to_us (UTC microseconds)
    and had done nothing before."""

    rule: dict[str, Any]
    from_us: int
    to_us: int


def checked_preview(ask: Preview, now_us: int) -> tuple[Rule, Terms | None]:
    """The rule and the terms of its condition. Raises Invalid, which names the field."""
    problems = list(wrong_span(ask.from_us, ask.to_us, now_us))
    if problems:
        raise Invalid(problems)
    rule = rule_of(ask.rule)
    return rule, terms_of(rule.trigger)


def preview_work(
    queries: Queries, tape: Tape, lines: Lines, channels: Collection[str], now_us: Callable[[], int]
) -> Work:
    """The work of runs of the kind `alert_preview`."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        began_s = trio.current_time()
        ask = structure(Preview, params)
        rule, terms = checked_preview(ask, now_us())
        ask = attrs.evolve(ask, to_us=min(ask.to_us, now_us()))
        took = Counter[str]()
        minutes = None if terms is None else await _minutes(queries, terms, ask)
        events = (_said(tape, lines, ask, pace, took) if terms is None
                  else _met(queries, tape, lines, rule, terms, ask, minutes, pace, took))  # fmt: skip
        decider, rows, days = Decider(rule, Record(), channels), [], Counter[str]()
        then = Then(decider, await circumstances(queries, rule, ask.to_us))
        for _ in then.until(ask.from_us):
            pass
        async for firing in _fired(then, events, ask.to_us):
            days[_day(firing.alert.ts_us)] += 1
            if len(rows) < MOST_FIRINGS:
                rows.append(_row(firing))
        live = await _fired_live(queries, rule, ask)
        summary = _summary(decider.record, rows, days, live, ask)
        bars = took.pop(BARS, 0)
        summary["from_bars"] = {"bars": bars, "until": iso_text(minutes.until_us)} if minutes else None
        return {**summary, "messages": {rule.alert_id: took.total()}, "seconds": round(trio.current_time() - began_s, 3)}, [
            {**row, "live": row["id"] in live} for row in rows]  # fmt: skip

    return work


async def _minutes(queries: Queries, terms: Terms, ask: Preview) -> Minutes | None:
    """The bars that stand for ticks until some are stored; None where they can't, or there are none."""
    symbol = symbol_of_bars(terms.expressions()) if not 0 < terms.for_s < MINUTE_US // 1_000_000 else ""
    return await minutes_before(queries, symbol, ask.from_us, ask.to_us) if symbol else None


async def _fired(then: Then, events: AsyncIterator[tuple[int, Event]], to_us: int) -> AsyncIterator[Firing]:
    async for time_us, event in events:
        for step in (*then.until(time_us), then.decider.update(event, time_us)):
            if isinstance(step, Firing):
                yield step
    for step in then.until(to_us):
        if isinstance(step, Firing):
            yield step


async def _met(
    queries: Queries, tape: Tape, lines: Lines, rule: Rule, terms: Terms, ask: Preview, minutes: Minutes | None, pace: Pace,
    took: Counter[str],
) -> AsyncIterator[tuple[int, Event]]:
    """What would have been said of the condition."""
    rules = {rule.alert_id: terms}
    table = {"rules": {ident: attrs.asdict(one) for ident, one in rules.items()}}
    chosen = {CONDITIONS: ("", table, partial(Conditions, rules))}
    job = Job(queries, tape, lines, Ask(chosen, ask.from_us, ask.to_us, frozenset(chosen), minutes), pace)
    topics = Patterns([f"event:{kind}:{rule.alert_id}" for kind in TOLD])
    said = {one.message.id: one.time_us async for one in _stored(tape, lines, ask, topics, pace)}
    last_us, verdict = 0, await job.run()
    took.update(verdict.messages)
    took[BARS] = verdict.bars
    for event in verdict.events:
        last_us = max(last_us, said.get(event.id, event.ts_us))  # when it was said live, where it was
        yield last_us, event


async def _said(
    tape: Tape, lines: Lines, ask: Preview, pace: Pace, took: Counter[str]
) -> AsyncIterator[tuple[int, Event]]:
    """What watchdogs said, in the order it was published."""
    async for one in _stored(tape, lines, ask, _WATCHDOGS, pace):
        took["event"] += 1
        yield one.time_us, one.message
        pace.note(min(1.0, max(0.0, (one.time_us - ask.from_us) / (ask.to_us - ask.from_us))))


async def _stored(tape: Tape, lines: Lines, ask: Preview, wanted: Patterns, pace: Pace) -> AsyncIterator[Published]:
    for run in await lines.runs():
        if run.ended_us <= ask.from_us or run.began_us >= ask.to_us:
            continue
        after = await lines.offset_before(run.epoch, ask.from_us)
        until = await lines.offset_before(run.epoch, ask.to_us)
        while after < until:
            await pace.turn()
            page, _ = await tape.page(Span(run.epoch, after, until), wanted, PAGE)
            for one in page:
                yield one
            if len(page) < PAGE:
                break
            after = page[-1].offset


async def _fired_live(queries: Queries, rule: Rule, ask: Preview) -> set[str]:
    found: set[str] = set()
    cursor = None
    while True:
        page = await queries.events(
            kind="alert_fired", subject=rule.alert_id, from_us=ask.from_us, to_us=ask.to_us, limit=10_000, cursor=cursor)
        found |= {row["id"] for row in page.items}
        cursor = page.next
        if cursor is None:
            return found


def _row(firing: Firing) -> dict[str, Any]:
    alert, event = firing.alert, firing.event
    lost = {attempt.delivery_id: attempt.error for attempt in firing.hopeless}
    sent = [{"id": one.id, "channel": one.channel, "body": one.payload, "why_not": lost.get(one.id)} for one in firing.deliveries]
    data = {"event": event.id, "event_subject": event.subject, "event_data": event.data, "would_send": sent}
    return {
        "id": alert.id, "kind": alert.kind, "subject": alert.subject, "source": alert.source, "severity": alert.severity.value,
        "summary": alert.summary, "data": data, "ts_us": alert.ts_us,
        "cause": alert.cause,
    }  # fmt: skip


def _summary(record: Record, rows: Sequence[Any], days: Counter[str], live: set[str], ask: Preview) -> dict[str, Any]:
    length_days = (ask.to_us - ask.from_us) / DAY_US
    return {
        "firings": record.trigger_count, "suppressed": record.suppressed,
        "suppressed_by": dict(record.suppressed_by), "per_day": round(record.trigger_count / length_days, 3),
        "by_day": dict(days), "live": len(live), "both": len({row["id"] for row in rows} & live),
        "cut_off": record.trigger_count > len(rows),
    }  # fmt: skip


def _day(time_us: int) -> str:
    return dt.datetime.fromtimestamp(time_us / 1e6, dt.UTC).date().isoformat()
