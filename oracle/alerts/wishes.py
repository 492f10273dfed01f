"""What clients wish of rules: which rule a command is about, and the events that tell of it. Pure."""

from __future__ import annotations

import attrs

from actors import Refused
from oracle.alerts.rule import Rule
from oracle.model import Command, Event, Severity, event_id

__all__ = ["PAST", "OneOfMany", "Settle", "about", "event_of"]

DESK = "alerts"
PAST = {"create": "rule_created", "replace": "rule_replaced", "delete": "rule_deleted", "enable": "rule_enabled",
        "disable": "rule_disabled"}  # fmt: skip


@attrs.frozen
class OneOfMany:
    """A command of several: stored when it is answered, and at work once `Settle`, asked after the last of them, is."""

    command: Command


@attrs.frozen
class Settle:
    """Asked of the desk: answered once everything that was stored is at work."""


def about(command: Command) -> str:
    """The rule a command is about. Raises Refused `invalid`."""
    match command:
        case Command(verb="create", args={"rule": Rule(alert_id=ident)}):
            return ident
        case Command(verb="replace", args={"alert_id": str(ident), "rule": Rule()}):
            return ident
        case Command(verb="delete" | "enable" | "disable", args={"alert_id": str(ident)}):
            return ident
    raise Refused(f"rules can't {command.verb!r} with {sorted(command.args)}", code="invalid")


def event_of(command: Command, ident: str, version: int, now_us: int) -> Event:
    """What tells of a command, which makes `version` of the rule; sent again with its id, it is the same event."""
    kind, why = PAST[command.verb], command.args.get("why")
    salt = (0, command.id) if command.id else (now_us, version)
    return Event(
        id=event_id(kind, ident, DESK, *salt), kind=kind, subject=ident, source=DESK, severity=Severity.low,
        summary=f"Alert '{ident}' {kind.removeprefix('rule_')}" + (f": {why}" if why else ""), ts_us=now_us,
        cause=command.id, data={"by": command.by} | ({"why": why} if why else {}) | _enabled(command),
    )  # fmt: skip


def _enabled(command: Command) -> dict[str, bool]:
    rule = command.args.get("rule")
    return {"enabled": rule.enabled} if isinstance(rule, Rule) else {}
