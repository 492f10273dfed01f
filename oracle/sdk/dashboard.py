"""The rest of the experiments' dashboard: telemetry, health and configuration (`/api/v1`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from oracle.sdk.room import Asked, Room
from oracle.sdk.thing import Thing

__all__ = ["Dashboard", "Health", "LiveMetrics"]

K = TypeVar("K")


@attrs.frozen(kw_only=True)
class LiveMetrics(Thing):
    """Of each service its `status` and numbers; CPU is percent, memory MB."""

    timestamp: str = ""
    services: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Health(Thing):
    """Of the server, and of each service that it asks."""

    status: str = ""
    version: str = ""
    uptime: str = ""
    services: dict[str, Any] = attrs.field(factory=dict)


class Dashboard(Room[K]):
    """Telemetry, health and configuration."""

    @Asked
    async def metrics(self, *, services: tuple[str, ...] = (), metrics: tuple[str, ...] = (),
                      interval: int | None = None) -> LiveMetrics:  # fmt: skip
        """How the services are right now: these or all, and of each these kinds (cpu, memory, network, custom) or all."""
        query = {"services": ",".join(services) or None, "metrics": ",".join(metrics) or None, "interval": interval}
        return LiveMetrics.of(await self._oracle.get("api/v1/metrics/live", **query))

    @Asked
    async def ingest(self, /, service: str, **numbers: Any) -> Any:
        """For services: say how one is."""
        return await self._oracle.command("POST", "api/v1/metrics/ingest", {"service": service, **numbers})

    @Asked
    async def health(self) -> Health:
        """How the server and its services are."""
        return Health.of(await self._oracle.get("api/v1/health"))

    @Asked
    async def dependencies(self) -> Any:
        """What it depends on."""
        return (await self._oracle.get("api/v1/health/dependencies"))["dependencies"]

    @Asked
    async def config(self) -> Any:
        """Its configuration."""
        return await self._oracle.get("api/v1/config")

    @Asked
    async def configure(self, changes: Mapping[str, Any]) -> Any:
        """Change what is named in there, and nothing else; the whole as it is then."""
        return await self._oracle.command("PUT", "api/v1/config", changes)
