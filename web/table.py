"""The whole table: which surfaces there are. A route that is not reachable from here does not exist."""

from __future__ import annotations

from web.routes import Route

__all__ = ["routes"]


def routes() -> tuple[Route, ...]:
    """Every route of the server, static paths before parameters."""
    return ()
