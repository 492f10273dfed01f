"""How alerts stand, and what people say to them: acknowledge, mute, resolve, and silences."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import attrs

from actors import NobodyOwns, Refused
from oracle.alerts import rule_of
from oracle.alerts.bounds import oversized
from oracle.alerts.decider import Record, can_be_wished, deadlines
from oracle.alerts.inhibitors import holding
from oracle.alerts.lifecycle import Input, Phase
from oracle.alerts.silence import Matchers, Silence
from oracle.alerts.terms import fault_of
from oracle.border import structure
from oracle.model import Command, State
from oracle.problems import Invalid
from web.errors import invalid
from web.params import NUMBERED
from web.routes import Auth, Call, Family, Param, Route, Scope
from web.surfaces.native import Items, page
from web.wire import iso

__all__ = ["ROUTES"]

LONGEST_US = 366 * 86_400_000_000
LONGEST_COMMENT = 2_000


@attrs.frozen
class AlertLife:
    """How an alert stands: its phase, since when, who brought it there and what they said; how often it fired, and how often
    nobody was told, by reason; what would hold a notice back now (`held_by`: silence, inhibited, quiet_hours; null: nothing);
    what comes next by itself, and when; what may be wished of it (`allowed`). `fault` says why this version does not understand
    the alert, which then never fires; where that is so of more than its condition, most is null."""

    alert_id: str
    name: str
    enabled: bool
    phase: Phase
    since: datetime | None
    by: str
    comment: str
    trigger_count: int
    last_triggered: datetime | None
    suppressed: int
    suppressed_by: dict[str, int]
    held_by: str | None
    next_step: str | None
    next_deadline: datetime | None
    allowed: list[str]
    fault: str | None


@attrs.frozen
class Said:
    """What somebody has to say to it."""

    comment: str = attrs.field(default="", validator=attrs.validators.max_len(LONGEST_COMMENT))


@attrs.frozen(kw_only=True)
class SilenceWish:
    """What to silence, and until when: `until` (ISO 8601), or for so many seconds."""

    matchers: Matchers
    until: datetime | None = None
    for_s: float | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.gt(0)))
    comment: str = attrs.field(default="", validator=attrs.validators.max_len(LONGEST_COMMENT))


@attrs.frozen
class SilenceShown:
    """A silence: whom it holds back, from when until when, who said so and why."""

    id: str
    matchers: Matchers
    since: datetime
    until: datetime
    by: str
    comment: str


async def acknowledge(call: Call) -> AlertLife:
    """Say that somebody looks after an alert: it does not escalate any more."""
    return await _wish(call, "acknowledge")


async def unacknowledge(call: Call) -> AlertLife:
    """Take back that an alert was acknowledged or muted: it is firing, and the time to its escalation begins anew."""
    return await _wish(call, "unacknowledge")


async def mute(call: Call) -> AlertLife:
    """Tell nobody of an alert until it is resolved."""
    return await _wish(call, "mute")


async def resolve(call: Call) -> AlertLife:
    """Say that an alert on events is over; one with a condition is resolved when that is over."""
    return await _wish(call, "resolve")


async def alerts(call: Call) -> Items:
    """How each alert stands, in the order of their creation."""
    values = [state.value for state in call.system.board.kind("rule") if state.value is not None]
    phase, enabled = call.args["phase"], call.args["enabled"]
    found = [value for value in values if enabled in (None, value["enabled"]) and phase in (None, _record(call, value).phase)]
    return page(call, sorted(found, key=lambda value: value["created_us"]), partial(_row, call))


async def silences(call: Call) -> Items:
    """The silences that are in force, in the order of their creation."""
    now_us = call.system.runtime.now_us()
    known = [Silence.of(state.value) for state in call.system.board.kind("silence") if state.value is not None]
    return Items([attrs.asdict(_shown(one)) for one in known if one.until_us > now_us], None)


async def silence(call: Call) -> SilenceShown:
    """Hold back, for a while, whatever matches: it is counted, and told to nobody."""
    wish = structure(SilenceWish, call.body, extras="refuse", path=("body",))
    if problems := list(oversized(wish.matchers)):
        raise Invalid(attrs.evolve(one, path=("body", "matchers", *one.path)) for one in problems)
    now_us = call.system.runtime.now_us()
    if (wish.until is None) == (wish.for_s is None):
        raise invalid("missing", ["body", "until"], "give until or for_s, one of both")
    until_us = _us(wish.until) if wish.until is not None else now_us + min(round((wish.for_s or 0) * 1e6), 2 * LONGEST_US)
    if not now_us < until_us <= now_us + LONGEST_US:
        place = "until" if wish.until is not None else "for_s"
        raise invalid("value_error", ["body", place], "it has to end later than now, and within 366 days", call.body[place])
    args = {"matchers": wish.matchers, "until_us": until_us, "comment": wish.comment}
    state = await call.system.runtime.ask("silences", Command("create", args, call.who.name, call.command_id))
    return _shown(Silence.of(state.value))


async def unsilence(call: Call) -> dict[str, Any]:
    """End a silence now."""
    ident = call.args["silence_id"]
    await call.system.runtime.ask("silences", Command("delete", {"id": ident}, call.who.name, call.command_id))
    return {"status": "deleted", "id": ident}


async def _wish(call: Call, verb: str) -> AlertLife:
    said = structure(Said, {} if call.body is None else call.body, extras="drop", path=("body",))
    ident, board = call.args["alert_id"], call.system.board
    value = board.get(f"rule:{ident}")
    if value is None:
        raise Refused(f"Alert '{ident}' not found", code="not_found")
    command = Command(verb, {"comment": said.comment}, call.who.name, call.command_id)
    try:
        state: State = await call.system.runtime.ask(f"rule:{ident}", command)
    except NobodyOwns:
        raise Refused(f"Alert '{ident}' is disabled", code="disabled") from None
    return _life(call, value, Record.of(state.value))


def _life(call: Call, value: dict[str, Any], record: Record | None = None) -> AlertLife:
    rule = rule_of(value)
    record = record or _record(call, value)
    due = min(deadlines(rule, record, value["updated_us"]), default=None) if rule.enabled else None
    held = holding(call.system.board, rule, record, call.system.runtime.now_us())
    last_us, since_us = record.last_triggered_us, record.since_us
    return AlertLife(
        alert_id=rule.alert_id, name=rule.name, enabled=rule.enabled, phase=record.phase,
        since=None if since_us is None else iso(since_us), by=record.by, comment=record.comment,
        trigger_count=record.trigger_count, last_triggered=None if last_us is None else iso(last_us),
        suppressed=record.suppressed, suppressed_by=dict(record.suppressed_by),
        held_by=held.reason if held else None,
        next_step=_STEPS.get(due[1], str(due[1])) if due else None, next_deadline=iso(due[0]) if due else None,
        allowed=can_be_wished(rule, record) if rule.enabled else [], fault=fault_of(value),
    )  # fmt: skip


def _record(call: Call, value: dict[str, Any]) -> Record:
    return Record.of(call.system.board.get(f"alert:{value['alert_id']}"))


def _row(call: Call, value: dict[str, Any]) -> dict[str, Any]:
    try:
        return attrs.asdict(_life(call, value))
    except Invalid as wrong:
        unknown = dict.fromkeys(field.name for field in attrs.fields(AlertLife))
        fault = "; ".join(map(str, wrong.problems))
        return unknown | {name: value.get(name) for name in ("alert_id", "name", "enabled")} | {"fault": fault}


def _shown(one: Silence) -> SilenceShown:
    return SilenceShown(one.id, one.matchers, iso(one.from_us), iso(one.until_us), one.by, one.comment)


_STEPS = {Input.over: "resolve", Input.met: "tell"}


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


_ONE, _NATIVE = "/api/alerts/{alert_id}", "/api/oracle/silences"
_ASKED = (404, 409, 503, 504)


def _said(word: str, view: Any) -> Route:
    return Route("POST", f"{_ONE}/{word}", view, Auth.token, Scope.operate, body=Said, answer=AlertLife, refuses=_ASKED,
                 tag="alerts", bodiless=True)  # fmt: skip


_PHASE = Param("phase", choices=tuple(map(str, Phase)))
_ENABLED = Param("enabled", "bool", doc="only those that are enabled, or only those that are not")
_LIMIT = Param("limit", "int", default=100, ge=1, le=1_000, doc="most rows")
_CURSOR = Param("cursor", shape=NUMBERED, doc="`next` of the page before")
ROUTES = (
    _said("acknowledge", acknowledge),
    _said("unacknowledge", unacknowledge),
    _said("mute", mute),
    _said("resolve", resolve),
    Route("GET", "/api/oracle/alerts", alerts, Auth.token, Scope.read, Family.error,
          (_PHASE, _ENABLED, _LIMIT, _CURSOR), answer=Items, tag="oracle", head=True),
    Route("GET", _NATIVE, silences, Auth.token, Scope.read, Family.error, answer=Items, tag="oracle", head=True),
    Route("POST", _NATIVE, silence, Auth.token, Scope.operate, Family.error, body=SilenceWish, strict=True, answer=SilenceShown,
          refuses=(503, 504), tag="oracle"),
    Route("DELETE", f"{_NATIVE}/{{silence_id}}", unsilence, Auth.token, Scope.operate, Family.error, answer=dict,
          refuses=(404, 503, 504), tag="oracle"),
)  # fmt: skip
