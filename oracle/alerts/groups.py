"""Events that belong together: told apart by what the rule says, and gathered for a while to be told in one notice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from oracle.alerts.payload import event_body
from oracle.alerts.record import Record, kept
from oracle.alerts.rule import GroupKey, Rule
from oracle.alerts.trigger import is_about_asset
from oracle.model import Event

__all__ = ["MOST_SHOWN", "gathered", "group_of", "notice", "room", "told"]

SECOND_US = 1_000_000
MOST_GROUPS = 1_000
"""Cooldowns that are kept; of more, whoever was told longest ago may be told again early."""
MOST_AT_ONCE = 100
"""Groups that gather; one more is told at once."""
MOST_SHOWN = 20
"""Events that a notice shows; more are counted."""


def group_of(rule: Rule, event: Event) -> str:
    """The name of the group of an event; all are in one where the rule does not tell them apart."""
    return " ".join(f"{key}={value}" for key, value in _values(rule, event).items())


def room(record: Record) -> bool:
    """Whether one more group may gather."""
    return len(record.gathered) < MOST_AT_ONCE


def gathered(rule: Rule, record: Record, event: Event, now_us: int) -> Record:
    """The record with one more event of its group."""
    name = group_of(rule, event)
    known = record.gathered.get(name) or {
        "since_us": now_us, "count": 0, "event": kept(event), "by": _values(rule, event), "events": []}  # fmt: skip
    shown = list(known["events"])
    if len(shown) < MOST_SHOWN:
        body = event_body(event)
        shown.append({key: body[key] for key in ("event_id", "type", "severity", "asset", "description", "timestamp")})
    group = {**known, "count": known["count"] + 1, "events": shown}
    return attrs.evolve(record, gathered={**record.gathered, name: group})


def told(rule: Rule, record: Record, name: str, now_us: int) -> Record:
    """The record once a group was told."""
    if not rule.group_by:
        return record
    since_us = now_us - rule.cooldown_seconds * SECOND_US
    cooling = {other: at_us for other, at_us in record.groups.items() if at_us > since_us and other != name}
    for other in sorted(cooling, key=cooling.__getitem__)[: max(0, len(cooling) + 1 - MOST_GROUPS)]:
        del cooling[other]
    return attrs.evolve(record, groups={**cooling, name: now_us})


def notice(group: Mapping[str, Any]) -> dict[str, Any]:
    """What a notice says of a gathered group: by what it is told apart, how many events there were, and the first of them."""
    return {"by": dict(group["by"]), "count": group["count"], "events": list(group["events"])}


def _values(rule: Rule, event: Event) -> dict[str, str]:
    found = {
        GroupKey.asset: event.subject if is_about_asset(event) else rule.trigger.symbol or "", GroupKey.kind: event.kind,
        GroupKey.severity: str(event.severity), GroupKey.watchdog: event.source.removeprefix("watchdog:"),
    }  # fmt: skip
    return {str(key): found[key] for key in GroupKey if key in rule.group_by}
