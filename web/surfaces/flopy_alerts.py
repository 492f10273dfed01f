"""FLOPY-NET's alerts: incidents of services and experiments, and what the rules of /api/alerts have fired on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs.validators import and_, in_, matches_re, max_len, min_len, optional

from actors import NobodyOwns, Refused
from oracle.alerts.lifecycle import Phase
from oracle.alerts.record import Record
from oracle.board import Board
from oracle.border import structure
from oracle.model import Command, Severity
from oracle.services import Incident, Wish
from oracle.validators import between
from web.errors import invalid
from web.routes import Answer, Auth, Call, Family, Param, Route, Scope
from web.surfaces.flopy_shapes import iso_second, second

__all__ = ["ROUTES", "SEVERITIES", "STATUSES", "Alert", "incident_shown", "rule_alert"]

SEVERITIES = ("critical", "warning", "info")
STATUSES = ("active", "resolved", "acknowledged")
LONGEST_COMMENT = 2_000
RULE = "rule:"
_SEVERITY = {"critical": "critical", "high": "warning", "medium": "warning", "low": "info"}
_STATUS = {
    Phase.firing: "active", Phase.escalated: "active", Phase.muted: "active", Phase.acknowledged: "acknowledged",
    Phase.inactive: "resolved",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class Alert:
    """Something that somebody should look at. The id of a rule's is `rule:` and the rule's. What does not apply is null."""

    id: str
    severity: str
    status: str
    title: str
    description: str
    service: str | None
    experiment_id: str | None
    created_at: datetime
    threshold: float | None
    current_value: float | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    comment: str | None
    resolved_at: datetime | None


@attrs.frozen
class Alerts:
    """Newest first."""

    alerts: list[Alert]


@attrs.frozen
class Said:
    """What somebody has to say to it."""

    comment: str = attrs.field(default="", validator=max_len(LONGEST_COMMENT))


_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_FIGURE = optional(between(-1e15, 1e15))


@attrs.frozen(kw_only=True)
class NewAlert:
    """What a service raises."""

    title: str = attrs.field(validator=and_(min_len(1), max_len(200)))
    description: str = attrs.field(default="", validator=max_len(2_000))
    severity: str = attrs.field(default="warning", validator=in_(SEVERITIES))
    service: str | None = attrs.field(default=None, validator=optional(matches_re(_NAME)))
    experiment_id: str | None = attrs.field(default=None, validator=optional(matches_re(_NAME)))
    threshold: float | None = attrs.field(default=None, validator=_FIGURE)
    current_value: float | None = attrs.field(default=None, validator=_FIGURE)


async def alerts(call: Call) -> Alerts:
    """Alerts, newest first; `from` and `to` are of `created_at`, both included, and of a day alone all of it counts."""
    args = call.args
    if args["from_us"] is not None and args["to_us"] is not None and args["to_us"] < args["from_us"]:
        raise invalid("value_error", ["query", "to"], "it has to be later than from")
    found = [one for one in _all(call.system.board) if _matches(one, args)]
    found.sort(key=lambda one: (one.created_at, one.id), reverse=True)
    return Alerts(found[args["offset"] : args["offset"] + args["limit"]])


async def raise_alert(call: Call) -> Answer:
    """Raise an alert; it is active until somebody resolves it."""
    said = structure(NewAlert, call.body, path=("body",))
    command = Command("raise", {"wish": Wish(**attrs.asdict(said))}, call.who.name, call.command_id)
    raised: Incident = await call.system.runtime.ask("incidents", command)
    return Answer(_alert(raised), 201)


async def acknowledge(call: Call) -> Alert:
    """Say that somebody looks after an alert. One that is acknowledged already stays as it is; one that is resolved can't be."""
    return await _said(call, "acknowledge")


async def resolve(call: Call) -> Alert:
    """Say that an alert is over. One that is over already stays as it is."""
    return await _said(call, "resolve")


def incident_shown(value: dict[str, Any]) -> Alert:
    """The value of a State `incident:ID` as an alert."""
    return _alert(Incident.of(value))


def rule_alert(board: Board, rule_id: str) -> Alert | None:
    """How the alert of a rule stands; None where there is no such rule, or it has never fired."""
    rule, record = board.get(f"rule:{rule_id}"), Record.of(board.get(f"alert:{rule_id}"))
    began_us, status = record.began_us or record.last_triggered_us, _STATUS.get(record.phase)
    if rule is None or began_us is None or status is None:
        return None
    last, seen = record.last or {}, status == "acknowledged"
    return Alert(
        id=f"{RULE}{rule_id}", severity=_severity(rule, last), status=status, title=rule["name"],
        description=str(last.get("summary") or rule["description"]), service=None, experiment_id=None,
        created_at=iso_second(began_us), threshold=None, current_value=None,
        acknowledged_at=second(record.since_us) if seen else None, acknowledged_by=(record.by or None) if seen else None,
        comment=record.comment or None, resolved_at=second(record.since_us) if status == "resolved" else None,
    )  # fmt: skip


def _severity(rule: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """That of the event it fired on, where that is kept; else the lowest that the rule is about; else warning."""
    wanted = (rule["trigger"].get("event_filter") or {}).get("severities") or ["medium"]
    return _SEVERITY[str(last.get("severity") or min(map(Severity, wanted), key=lambda one: one.rank))]


async def _said(call: Call, verb: str) -> Alert:
    said = structure(Said, {} if call.body is None else call.body, extras="drop", path=("body",))
    ident = call.args["alert_id"]
    if ident.startswith(RULE):
        return await _said_to_rule(call, verb, ident.removeprefix(RULE), said.comment)
    command = Command(verb, {"id": ident, "comment": said.comment}, call.who.name, call.command_id)
    now: Incident = await call.system.runtime.ask("incidents", command)
    return _alert(now)


async def _said_to_rule(call: Call, verb: str, rule_id: str, comment: str) -> Alert:
    board = call.system.board
    known = rule_alert(board, rule_id)
    if known is None:
        raise Refused(f"Alert '{RULE}{rule_id}' not found", "not_found")
    if known.status == _AFTER[verb]:
        return known
    try:
        command = Command(verb, {"comment": comment}, call.who.name, call.command_id)
        await call.system.runtime.ask(f"rule:{rule_id}", command)
    except NobodyOwns:
        raise Refused(f"Alert '{RULE}{rule_id}' is disabled", "disabled") from None
    return rule_alert(board, rule_id) or known


def _all(board: Board) -> Iterator[Alert]:
    for state in board.kind("incident"):
        if state.value is not None:
            yield incident_shown(state.value)
    for state in board.kind("rule"):
        shown = rule_alert(board, state.ref.partition(":")[2])
        if shown is not None:
            yield shown


def _matches(one: Alert, args: Any) -> bool:
    if args["severity"] not in (None, one.severity) or args["status"] not in (None, one.status):
        return False
    at_us = round(one.created_at.timestamp() * 1e6)
    return (args["from_us"] is None or args["from_us"] <= at_us) and (args["to_us"] is None or at_us <= args["to_us"])


def _alert(one: Incident) -> Alert:
    return Alert(
        id=one.ident, severity=one.severity, status=one.status, title=one.title, description=one.description, service=one.service,
        experiment_id=one.experiment_id, created_at=iso_second(one.created_us), threshold=one.threshold,
        current_value=one.current_value, acknowledged_at=second(one.acknowledged_us), acknowledged_by=one.acknowledged_by,
        comment=one.comment, resolved_at=second(one.resolved_us),
    )  # fmt: skip


_AFTER = {"acknowledge": "acknowledged", "resolve": "resolved"}
_PARAMS = (
    Param("severity", choices=SEVERITIES),
    Param("status", choices=STATUSES),
    Param("from", "time", doc="created then or later"),
    Param("to", "until", doc="created then or earlier"),
    Param("limit", "int", default=100, ge=1, le=1_000, doc="most alerts"),
    Param("offset", "int", default=0, ge=0, doc="alerts to leave out first"),
)
_ONE = "/api/v1/alerts/{alert_id}"
_V1: dict[str, Any] = {"auth": Auth.token, "family": Family.v1, "tag": "flopy_net"}
_DO = {**_V1, "scope": Scope.operate, "refuses": (404, 409, 503, 504), "complaint": "Invalid alert"}
ROUTES = (
    Route("GET", "/api/v1/alerts", alerts, params=_PARAMS, answer=Alerts, head=True, **_V1),
    Route("POST", "/api/v1/alerts", raise_alert, body=NewAlert, strict=True, answer=Alert, done=201, **_DO),
    Route("POST", f"{_ONE}/acknowledge", acknowledge, body=Said, answer=Alert, bodiless=True, **_DO),
    Route("POST", f"{_ONE}/resolve", resolve, body=Said, answer=Alert, bodiless=True, **_DO),
)
