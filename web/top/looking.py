"""One look of `oracle top` at a running server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from oracle.remote import Remote, RemoteFailed
from web.top.seen import Look

__all__ = ["TOPICS", "look", "past"]

TOPICS = "event:*"
PATIENCE_S = 15.0  # with a server that is busy, or takes a connection and says nothing
_MOST = 1_000


async def look(remote: Remote, version: str = "") -> Look:
    """How everything is now; `version` where it is known already. Raises RemoteFailed."""
    with trio.move_on_after(PATIENCE_S):
        tree = await remote.tell("GET", "api/oracle/tree")
        place = (await remote.tell("GET", "api/oracle/snapshot", {"topics": "nothing"}))["next"]
        alerts = (await remote.tell("GET", "api/oracle/alerts", {"limit": _MOST}))["items"]
        silences = (await remote.tell("GET", "api/oracle/silences"))["items"]
        version = version or (await remote.tell("GET", ""))["version"]
        return Look(remote.url, version, place, await _problems(remote), tree, alerts, silences)
    raise RemoteFailed(f"{remote.url} does not answer within {PATIENCE_S:.0f} s")


async def past(remote: Remote, most: int) -> list[Mapping[str, Any]]:
    """The newest events, the oldest of them first. Raises RemoteFailed."""
    found: list[Mapping[str, Any]] = (await remote.tell("GET", "api/oracle/events", {"limit": most}))["items"]
    return found[::-1]


async def _problems(remote: Remote) -> tuple[tuple[str, str], ...]:
    """What isn't ready, by a route that says so with a 503."""
    answer = await remote.ask("GET", "readyz")
    body = RemoteFailed.of("readyz", answer).body
    if not isinstance(body, dict) or "dependencies" not in body:
        raise RemoteFailed.of(f"{remote.url}readyz", answer)
    return tuple((part["name"], part["reason"]) for part in body["dependencies"] if not part["ready"])
