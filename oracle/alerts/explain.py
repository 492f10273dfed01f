"""Why a rule was met at an instant, or why not, and what kept it from firing: from what is stored, by the live deciders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

import attrs

from oracle.alerts.circumstances import SWITCHES, Then, circumstances, enabled_by
from oracle.alerts.conditions import Conditions
from oracle.alerts.decider import Decider
from oracle.alerts.groups import group_of
from oracle.alerts.holds import notice_held
from oracle.alerts.record import Record
from oracle.alerts.rule import Rule
from oracle.alerts.terms import Terms, terms_of
from oracle.alerts.trigger import CONDITIONS, MET, EventFilter
from oracle.conditions import Clause, why
from oracle.history import Bound, Queries, Tape
from oracle.history.lines import Lines
from oracle.model import Event, Severity
from oracle.patterns import Patterns
from oracle.watchdogs.decider import Course

__all__ = ["Explained", "Past", "explain"]

MOST_MESSAGES = 100_000
SECOND_US = 1_000_000
HELD = ("alert_silenced", "alert_inhibited", "alert_suppressed", "alert_gathering")
ENDS = ("alert_fired", "alert_resolved", "alert_lapsed")


@attrs.frozen
class Explained:
    """`met`: whether the condition held at `at_us`, or `event` (the newest one of a watchdog by then) sets the rule
    off; None: not known. `clauses` is a smallest set that answers for it: were all of them otherwise, `met` would be too, with
    any fewer it would not. `fired`: whether the rule fired on that event, or within a second of that instant. `suppressed_by`:
    what kept it, or would have kept it, from firing: disabled, cooldown, waiting (it has not held for long enough), gap, muted,
    silence, inhibited, quiet_hours, max_per_hour, gathering (it is told with what comes soon)."""

    at_us: int
    met: bool | None
    clauses: tuple[Clause, ...]
    fired: bool
    suppressed_by: tuple[str, ...]
    event: Event | None = None
    cooldown_until_us: int | None = None
    waits: bool = False


@attrs.frozen
class Past:
    """Where the past is read."""

    queries: Queries
    tape: Tape
    lines: Lines

    async def bound(self, at_us: int) -> Bound:
        """Up to the last message that was published at an instant."""
        runs = [run for run in await self.lines.runs() if run.began_us <= at_us]
        return Bound(runs[-1].epoch, await self.lines.offset_before(runs[-1].epoch, at_us + 1)) if runs else Bound("", 0)


async def explain(past: Past, rule: Rule, at_us: int) -> Explained:
    """Why, or why not. Raises Refused `timeout`, `unavailable`; Invalid for a rule that was stored before its condition was
    understood."""
    terms = terms_of(rule.trigger)
    if terms is not None:
        found = await _condition(past, rule, terms, at_us)
    else:
        found = await _event(past, rule, at_us)
    kept = [] if await _was_enabled(past.queries, rule, at_us) else ["disabled"]
    fired, until_us = await _fired(past.queries, rule, found, at_us)
    if until_us is not None and at_us < until_us and not fired:
        kept.append("cooldown")
    kept += ["waiting"] if found.waits else []
    if not fired:
        said = [*await _held(past.queries, rule, found, at_us), *await _would_hold(past.queries, rule, found, at_us)]
        kept += [reason for reason in dict.fromkeys(said) if reason not in kept]
    if found.met is None and terms is not None and await _gap(past.queries, terms, at_us):
        kept.append("gap")
    return attrs.evolve(found, fired=fired, suppressed_by=tuple(kept), cooldown_until_us=until_us)


async def _condition(past: Past, rule: Rule, terms: Terms, at_us: int) -> Explained:
    decider = Conditions({rule.alert_id: terms})
    wanted = Patterns((*decider.listens, "gap:*"))
    messages = await past.tape.recent(wanted, at_us - round(decider.memory_s * 1e6), await past.bound(at_us), MOST_MESSAGES)
    course = Course(decider)
    course.recall((one.time_us, one.message) for one in messages)
    for _ in course.pass_time(at_us):
        pass
    found = why(terms.expressions()[0], decider.windows, at_us)
    met = found.value if found.value is None else bool(found.value)
    return Explained(at_us, met, found.clauses, False, (), waits=decider.waits(rule.alert_id))


async def _event(past: Past, rule: Rule, at_us: int) -> Explained:
    page = await past.queries.events(to_us=at_us + 1, limit=1, source_prefix="watchdog:")
    if not page.items:
        return Explained(at_us, None, (), False, ())
    (row,) = page.items
    event = event_of(row)
    clauses = list(_filtered(rule.trigger.event_filter or EventFilter(), event))
    refused = [clause for clause in clauses if not clause.truth]
    return Explained(at_us, not refused, tuple(refused or clauses[:1]), False, (), event)


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of a stored row."""
    return Event(**{**{name: row[name] for name in Event.__struct_fields__}, "severity": Severity(row["severity"])})


def _filtered(wanted: EventFilter, event: Event) -> Iterator[Clause]:
    """What the filter asks of an event, each part for itself."""
    for field, shown in (("event_types", event.kind), ("severities", str(event.severity)), ("assets", event.subject),
                         ("watchdogs", event.source.removeprefix("watchdog:"))):  # fmt: skip
        names = getattr(wanted, field)
        if names:
            text = f"{shown or 'no asset'} is one of {field}: {', '.join(map(str, names))}"
            yield Clause(text, EventFilter(**{field: names}).passes(event), None, None)


async def _was_enabled(queries: Queries, rule: Rule, at_us: int) -> bool:
    page = await queries.events(kind=SWITCHES, subject=rule.alert_id, to_us=at_us + 1, limit=50)
    for row in page.items:  # the newest first; where a change does not say, the one before counts
        if (on := enabled_by(row)) is not None:
            return on
        if row["kind"] == "rule_created":
            break
    return rule.enabled


async def _fired(queries: Queries, rule: Rule, found: Explained, at_us: int) -> tuple[bool, int | None]:
    """Whether it fired then, and until when what is in the group of the event cools down by its last firing."""
    page = await queries.events(
        kind="alert_fired", subject=rule.alert_id, to_us=at_us + SECOND_US + 1, limit=500 if rule.group_by else 2)
    fired = any(
        row["cause"] == found.event.id if found.event else abs(row["ts_us"] - at_us) <= SECOND_US for row in page.items)
    group = group_of(rule, found.event) if found.event else None
    before = [row["ts_us"] for row in page.items
              if row["ts_us"] <= at_us and group in (None, group_of(rule, _fired_on(row)))]  # fmt: skip
    return fired, before[0] + rule.cooldown_seconds * SECOND_US if before else None


def _fired_on(row: Mapping[str, Any]) -> Event:
    data = row["data"]
    return Event(data["event_id"], data["event_kind"], data["event_subject"], data.get("event_source", ""),
                 Severity(row["severity"]), "", {}, row["ts_us"])  # fmt: skip


async def _held(queries: Queries, rule: Rule, found: Explained, at_us: int) -> list[str]:
    """What it said it was held back by: on that event, or since its condition was met and nobody was told."""
    page = await queries.events(kind=(*HELD, *ENDS), subject=rule.alert_id, to_us=at_us + SECOND_US + 1, limit=50)
    if found.event:
        said = [_reason(row) for row in page.items if row["kind"] in HELD and row["cause"] == found.event.id]
        gathers = not said and at_us < found.event.ts_us + (rule.group_wait_s or 0) * SECOND_US
        return ["gathering"] if gathers and found.met else said
    rows = list(takewhile(lambda row: row["kind"] not in ENDS, page.items))[:1] if found.met else []
    return [_reason(row) for row in rows]


def _reason(row: Mapping[str, Any]) -> str:
    return str(row["data"].get("reason", "gathering"))


async def _would_hold(queries: Queries, rule: Rule, found: Explained, at_us: int) -> list[str]:
    """What would have held back a notice at that instant: of the event, or of its condition, if that was met."""
    page = await queries.events(kind=MET, subject=rule.alert_id, to_us=at_us + 1, limit=1)
    event = found.event or (event_of(page.items[0]) if page.items else None)
    if event is None or not found.met:
        return []
    decider = Decider(rule, Record(), ())
    deque(Then(decider, await circumstances(queries, rule, at_us + 1)).until(at_us), 0)
    held = notice_held(rule, Record(), event, at_us, decider.silences, decider.active)
    return [] if held is None else [held.reason]


async def _gap(queries: Queries, terms: Terms, at_us: int) -> bool:
    """Whether somebody whom the condition may depend on was away while what it needs was to be heard."""
    from_us = at_us - round(Conditions({"": terms}).memory_s * 1e6)
    page = await queries.gaps(from_us=from_us, to_us=at_us + 1, limit=1_000)
    return any(row["who"] in ("history", CONDITIONS) or row["who"].startswith("feed:") for row in page.items)
