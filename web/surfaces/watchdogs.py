"""The watchdogs of our own interface, under `/api/oracle/watchdogs`: how each is and why, what it listens to, what it left out,
and what it is set to, with units and the words of its author."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from actors import NobodyOwns, Refused
from oracle.border import unstructure
from oracle.problems import Bad
from oracle.secret import MASK, sounds_secret
from oracle.watchdogs import watchdog_class
from oracle.watchdogs.manual import Option, manual_of
from web.routes import Auth, Call, Family, Route, Scope
from web.surfaces.fiml import watchdogs_now
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen
class SettingShown:
    """What one thing is set to: `form` is number, whole, switch, text, choice, list or table; `unit` is empty where there is
    none. An `optional` one may be null."""

    name: str
    form: str
    value: Any
    default: Any
    optional: bool
    unit: str
    doc: str
    choices: list[str]


@attrs.frozen
class WatchdogShown:
    """A watchdog: `status` healthy, degraded or unhealthy, and why in `reason` (empty: all is well); its checks and what it said,
    over all lives; the messages it did not take, by reason (`ignored`), in this life."""

    name: str
    kind: str
    doc: str
    enabled: bool
    running: bool
    status: str
    reason: str
    since: datetime | None
    restarts: int
    last_check: datetime | None
    last_event: datetime | None
    consecutive_failures: int
    total_checks: int
    errors: int
    events_emitted: int
    listens: list[str]
    ignored: dict[str, int]
    settings: list[SettingShown]


@attrs.frozen
class WatchdogList:
    """Every watchdog, in the order they were set up."""

    items: list[WatchdogShown]


async def watchdogs(call: Call) -> WatchdogList:
    """Every watchdog: how it is and why, and what it is set to."""
    return WatchdogList([_shown(call, value) for value in watchdogs_now(call.system)])


async def watchdog(call: Call) -> WatchdogShown:
    """One watchdog."""
    name = call.args["name"]
    for value in watchdogs_now(call.system):
        if value["name"] == name:
            return _shown(call, value)
    raise Refused(f"Watchdog '{name[:64]}' not found", code="not_found")


def _shown(call: Call, value: Mapping[str, Any]) -> WatchdogShown:
    system, name = call.system, value["name"]
    table = system.settings.watchdogs.get(name, {})
    kind = str(table.get("kind", name))
    cls = _class(kind)
    manual = manual_of(cls) if cls is not None else None
    restarts, error = _lived(call, name)
    times = {at: value[f"{at}_us"] for at in ("started", "last_check", "last_event")}
    since, checked, spoke = (iso(at_us) if at_us else None for at_us in times.values())
    return WatchdogShown(
        name, kind, manual.doc if manual else "", value["enabled"], value["running"], value["status"], _reason(value, error),
        since, restarts, checked, spoke, value["consecutive_failures"], value["total_checks"], value["errors"],
        value["events_emitted"], _listens(cls, table), {str(why): count for why, count in value["ignored"].items()},
        [_setting(option, table) for option in manual.options] if manual else [],
    )  # fmt: skip


def _class(kind: str) -> type | None:
    try:
        return watchdog_class(kind)
    except Bad:  # of one that was put into the tree by hand, which no settings speak of
        return None


def _lived(call: Call, name: str) -> tuple[int, str]:
    try:
        node = call.system.runtime.node(f"watchdog:{name}")
    except NobodyOwns:
        return 0, ""
    return node.restarts, node.error or ""


def _reason(value: Mapping[str, Any], error: str) -> str:
    if not value["enabled"]:
        return "switched off"
    if not value["running"]:
        return f"it crashed too often: {error}" if error else "it does not run"
    failed = value["consecutive_failures"]
    if failed:
        return f"nothing it listens to was heard in {'its last check' if failed == 1 else f'its last {failed} checks'}"
    return ""


def _listens(cls: type | None, table: Mapping[str, Any]) -> list[str]:
    listens = getattr(cls, "listens", ())
    if isinstance(listens, property):  # of what it is set to
        known = {name: tuple(one) if isinstance(one, list) else one for name, one in table.items() if name != "kind"}
        try:
            return list(cls(**known).listens) if cls is not None else []
        except (TypeError, ValueError):
            return []
    return list(listens)


def _setting(option: Option, table: Mapping[str, Any]) -> SettingShown:
    value = table.get(option.name, option.default)
    if sounds_secret(option.name) and value:
        value = MASK
    return SettingShown(
        option.name, option.form, unstructure(value), unstructure(option.default), option.optional, option.unit, option.doc,
        list(option.choices),
    )  # fmt: skip


_ALL = "/api/oracle/watchdogs"
_READ = {"auth": Auth.token, "scope": Scope.read, "family": Family.error, "tag": "oracle", "head": True}
ROUTES = (
    Route("GET", _ALL, watchdogs, answer=WatchdogList, **_READ),
    Route("GET", f"{_ALL}/{{name}}", watchdog, answer=WatchdogShown, refuses=(404,), **_READ),
)
