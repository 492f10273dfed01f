"""The whole table: which surfaces there are. A route that is not reachable from here does not exist."""

from __future__ import annotations

from web.routes import Route
from web.surfaces import fiml, fiml_alerts, front, live, native, push, runs

__all__ = ["routes"]


def routes() -> tuple[Route, ...]:
    """Every route of the server."""
    return (*front.ROUTES, *native.ROUTES, *fiml.ROUTES, *fiml_alerts.ROUTES, *live.ROUTES, *runs.ROUTES, *push.ROUTES)
