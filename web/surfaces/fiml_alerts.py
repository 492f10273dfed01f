"""FIML's alert builder: rules of their owners. Secrets come in and never go out; bookkeeping fields are read-only."""

from __future__ import annotations

import contextlib
from datetime import datetime

import attrs

from actors import Refused
from oracle.alerts import MASK, Rule, rule_of, with_secrets
from oracle.alerts.decider import Record
from oracle.alerts.rule import DeliveryMethod
from oracle.border import structure
from oracle.model import Command, State
from oracle.problems import Invalid
from oracle.system import System
from web.alert_door import ask_desk, checked_rule
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES", "AlertConfig", "alert_config"]


@attrs.frozen(kw_only=True)
class AlertConfig(Rule):
    """A rule as its clients see it: every key, defaults filled in, secrets masked, with what it has done so far."""

    created_at: datetime
    updated_at: datetime
    last_triggered: datetime | None = None
    trigger_count: int = 0


@attrs.frozen
class AlertDone:
    """An alert was deleted, enabled or disabled."""

    status: str
    alert_id: str


@attrs.frozen
class Rehearsal:
    """Which delivery method to test; null for all that the alert has, and its actions."""

    method: DeliveryMethod | None = None


@attrs.frozen
class AlertTested:
    """The deliveries that carry the test, by their ids; `/api/oracle/deliveries/ID` says what becomes of each."""

    status: str
    alert_id: str
    deliveries: list[str]


def alert_config(system: System, state: State) -> AlertConfig:
    """What a client may see of a State[Rule]."""
    value = state.value or {}
    rule = with_secrets(rule_of(value), lambda _, __: MASK)
    record = Record.of(system.board.get(f"alert:{rule.alert_id}"))
    last_us = record.last_triggered_us
    return AlertConfig(
        **{field.name: getattr(rule, field.name) for field in attrs.fields(Rule)},
        created_at=iso(value["created_us"]), updated_at=iso(value["updated_us"]),
        last_triggered=None if last_us is None else iso(last_us), trigger_count=record.trigger_count,
    )  # fmt: skip


async def create(call: Call) -> AlertConfig:
    """Store a new alert; an enabled one is at work when this answers."""
    return alert_config(call.system, await ask_desk(call, "create", rule=checked_rule(call.system, call.body)))


async def alerts(call: Call) -> list[AlertConfig]:
    """Every alert, in the order they were created; of those that this version does not understand `/api/oracle/alerts` tells."""
    states = [state for state in call.system.board.kind("rule") if state.value is not None]
    states.sort(key=lambda state: state.value["created_us"] if state.value else 0)
    shown = []
    for state in states:
        with contextlib.suppress(Invalid):
            shown.append(alert_config(call.system, state))
    return [one for one in shown if one.enabled] if call.args["enabled_only"] else shown


async def alert(call: Call) -> AlertConfig:
    """One alert."""
    ident = call.args["alert_id"]
    state = call.system.board.state(f"rule:{ident}")
    if state is None or state.value is None:
        raise Refused(f"Alert '{ident}' not found", code="not_found")
    return alert_config(call.system, state)


async def replace(call: Call) -> AlertConfig:
    """Replace an alert; a masked secret stays what it was, and so do created_at, trigger_count and last_triggered."""
    rule = checked_rule(call.system, call.body)
    return alert_config(call.system, await ask_desk(call, "replace", alert_id=call.args["alert_id"], rule=rule))


async def delete(call: Call) -> AlertDone:
    """Delete an alert with its record and its secrets; what it still owes is cancelled."""
    return await _done(call, "delete", "deleted")


async def enable(call: Call) -> AlertDone:
    """Enable an alert; one that is enabled already stays so."""
    return await _done(call, "enable", "enabled")


async def disable(call: Call) -> AlertDone:
    """Disable an alert; one that is disabled already stays so."""
    return await _done(call, "disable", "disabled")


async def test(call: Call) -> Answer:
    """Deliver a test of an alert, by all its methods or one: real deliveries, marked as a test, on the way of all others. Its
    actions are rehearsed, never done."""
    wish = structure(Rehearsal, {} if call.body is None else call.body, extras="drop", path=("body",))
    ident, method = call.args["alert_id"], wish.method and str(wish.method)
    command = Command("test", {"alert_id": ident, "method": method}, call.who.name, call.command_id)
    return Answer(AlertTested("testing", ident, await call.system.runtime.ask("courier", command)), 202)


async def _done(call: Call, verb: str, done: str) -> AlertDone:
    ident = call.args["alert_id"]
    await ask_desk(call, verb, alert_id=ident)
    return AlertDone(done, ident)


_ENABLED_ONLY = Param("enabled_only", "bool", default=False, doc="leave out disabled ones")
_ONE = "/api/alerts/{alert_id}"
_TAG = "alerts"
_ASKED = (404, 503, 504)
ROUTES = (
    Route("POST", "/api/alerts", create, Auth.token, Scope.operate, body=Rule, answer=AlertConfig,
          refuses=(400, 503, 504), tag=_TAG),
    Route("GET", "/api/alerts", alerts, Auth.token, params=(_ENABLED_ONLY,), answer=list[AlertConfig], tag=_TAG),
    Route("GET", _ONE, alert, Auth.token, answer=AlertConfig, refuses=(404,), tag=_TAG),
    Route("PUT", _ONE, replace, Auth.token, Scope.operate, body=Rule, answer=AlertConfig, refuses=_ASKED, tag=_TAG),
    Route("DELETE", _ONE, delete, Auth.token, Scope.operate, answer=AlertDone, refuses=_ASKED, tag=_TAG),
    Route("POST", f"{_ONE}/enable", enable, Auth.token, Scope.operate, answer=AlertDone, refuses=_ASKED, tag=_TAG),
    Route("POST", f"{_ONE}/disable", disable, Auth.token, Scope.operate, answer=AlertDone, refuses=_ASKED, tag=_TAG),
    Route("POST", f"{_ONE}/test", test, Auth.token, Scope.operate, body=Rehearsal, answer=AlertTested, done=202,
          refuses=(400, *_ASKED), tag=_TAG, bodiless=True),
)  # fmt: skip
