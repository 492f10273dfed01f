"""Rules that tell people (`/api/alerts`), the incidents of the dashboard (`/api/v1/alerts`), and the watchdogs they listen to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from oracle.sdk.pages import Pages, by_cursor, by_headers
from oracle.sdk.room import Asked, Paged, Room
from oracle.sdk.thing import Thing, at, given

__all__ = ["AlertRule", "AlertState", "Alerts", "Incident", "Incidents", "Watchdog", "Watchdogs"]

K = TypeVar("K")
RULES, INCIDENTS = "api/alerts", "api/v1/alerts"


@attrs.frozen(kw_only=True)
class AlertRule(Thing):
    """A rule: what it waits for, and how it tells of it (its configs are in `raw`, with their secrets masked)."""

    alert_id: str = ""
    name: str = ""
    description: str = ""
    enabled: bool = True
    trigger: dict[str, Any] = attrs.field(factory=dict)
    delivery_methods: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    cooldown_seconds: int | None = None
    created_at: str | None = None
    updated_at: str | None = None
    last_triggered: str | None = None
    trigger_count: int = 0

    @property
    def id(self) -> str:
        """Its `alert_id`."""
        return self.alert_id


@attrs.frozen(kw_only=True)
class AlertState(Thing):
    """Where a rule is between firing and resolved; `allowed` is what may be done with it now."""

    alert_id: str = ""
    name: str = ""
    enabled: bool = True
    phase: str = ""
    since: str | None = None
    comment: str = ""
    trigger_count: int = 0
    held_by: str | None = None
    allowed: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    fault: str | None = None


@attrs.frozen(kw_only=True)
class Incident(Thing):
    """An alert of the dashboard: `severity` is critical, warning or info; `status` active, acknowledged or resolved."""

    command_id: str = ""
    severity: str = ""
    status: str = ""
    title: str = ""
    description: str = ""
    service: str | None = None
    experiment_id: str | None = None
    created_at: str | None = None
    threshold: float | None = None
    current_value: float | None = None


@attrs.frozen(kw_only=True)
class Watchdog(Thing):
    """One that watches, and how it is."""

    name: str = ""
    enabled: bool = True
    running: bool = False
    status: str = ""
    last_check: str | None = None
    consecutive_failures: int = 0
    total_checks: int = 0


class Alerts(Room[K]):
    """Rules. They are given as dicts, whose keys `/openapi.json` has."""

    @Paged
    def list(self, *, enabled_only: bool = False) -> Pages[AlertRule]:
        """All of them."""
        return Pages(self._oracle, RULES, {"enabled_only": str(enabled_only).lower()}, by_headers, AlertRule.of)

    @Paged
    def states(self, *, phase: str | None = None, page_size: int = 100) -> Pages[AlertState]:
        """Where each is between firing and resolved."""
        query = {"phase": phase, "limit": page_size}
        return Pages(self._oracle, "api/oracle/alerts", query, by_cursor(), AlertState.of)

    @Asked
    async def create(self, rule: Mapping[str, Any], *, command_id: str = "") -> AlertRule:
        """A new one. Sent again with its `command_id` it is the same one."""
        return AlertRule.of(await self._oracle.command("POST", RULES, rule, id=command_id))

    @Asked
    async def get(self, alert_id: str) -> AlertRule:
        """One."""
        return AlertRule.of(await self._oracle.get(at(RULES, alert_id)))

    @Asked
    async def replace(self, alert_id: str, rule: Mapping[str, Any]) -> AlertRule:
        """Another one in its place. A secret that is masked stays what it was."""
        return AlertRule.of(await self._oracle.command("PUT", at(RULES, alert_id), rule))

    @Asked
    async def delete(self, alert_id: str) -> Any:
        """Have it gone."""
        return await self._oracle.command("DELETE", at(RULES, alert_id))

    @Asked
    async def enable(self, alert_id: str) -> Any:
        """Let it speak."""
        return await self._oracle.command("POST", at(RULES, alert_id, "enable"))

    @Asked
    async def disable(self, alert_id: str) -> Any:
        """Let it be silent."""
        return await self._oracle.command("POST", at(RULES, alert_id, "disable"))

    @Asked
    async def test(self, alert_id: str, event: Mapping[str, Any] | None = None) -> Any:
        """Have it tell of an event that is made up, and says so."""
        return await self._oracle.command("POST", at(RULES, alert_id, "test"), event)

    @Asked
    async def acknowledge(self, alert_id: str, comment: str = "") -> AlertState:
        """Say that somebody sees to it."""
        return await self._move(alert_id, "acknowledge", comment)

    @Asked
    async def resolve(self, alert_id: str, comment: str = "") -> AlertState:
        """Say that it is over."""
        return await self._move(alert_id, "resolve", comment)

    @Asked
    async def explain(self, alert_id: str, at_time: str | None = None) -> Any:
        """Why it has spoken, or not, at a time (ISO 8601), or now."""
        return await self._oracle.get(at(RULES, alert_id, "explain"), at=at_time)

    async def _move(self, alert_id: str, verb: str, comment: str) -> AlertState:
        said = await self._oracle.command("POST", at(RULES, alert_id, verb), given(comment=comment or None))
        return AlertState.of(said)


class Incidents(Room[K]):
    """Alerts of the dashboard of experiments."""

    @Asked
    async def list(self, *, severity: str | None = None, status: str | None = None, from_time: str | None = None,
                   to_time: str | None = None) -> tuple[Incident, ...]:  # fmt: skip
        """The newest first; times are ISO 8601."""
        query = {"severity": severity, "status": status, "from": from_time, "to": to_time}
        return tuple(map(Incident.of, (await self._oracle.get(INCIDENTS, **query))["alerts"]))

    @Asked
    async def acknowledge(self, id: str, comment: str = "") -> Any:
        """Say that somebody sees to it."""
        return await self._oracle.command("POST", at(INCIDENTS, id, "acknowledge"), {"comment": comment})

    @Asked
    async def resolve(self, id: str, comment: str = "") -> Any:
        """Say that it is over."""
        return await self._oracle.command("POST", at(INCIDENTS, id, "resolve"), {"comment": comment})


class Watchdogs(Room[K]):
    """Those that watch."""

    @Asked
    async def list(self) -> tuple[Watchdog, ...]:
        """All of them."""
        return tuple(map(Watchdog.of, await self._oracle.get("dashboard/watchdogs")))

    @Asked
    async def enable(self, name: str) -> Any:
        """Let it watch."""
        return await self._oracle.command("POST", at("dashboard/watchdogs", name, "enable"))

    @Asked
    async def disable(self, name: str) -> Any:
        """Let it rest."""
        return await self._oracle.command("POST", at("dashboard/watchdogs", name, "disable"))

    @Asked
    async def restart(self, name: str) -> Any:
        """Let it begin anew."""
        return await self._oracle.command("POST", at("dashboard/watchdogs", name, "restart"))
