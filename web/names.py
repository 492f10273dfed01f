"""The names a running server knows, for who has begun to type one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from oracle.remote import Remote

__all__ = ["NAMES", "names"]

SOON_S = 2.0  # a person waits before an empty line
MOST = 200


def _items(key: str) -> Callable[[Any], Iterable[str]]:
    return lambda answer: [one[key] for one in answer["items"]]


def _watchdogs(answer: Any) -> Iterator[str]:
    return (name.removeprefix("watchdog:") for name in _actors(answer) if name.startswith("watchdog:"))


def _kinds(answer: Any) -> Iterator[str]:
    return (name.partition(":")[0] for name in _actors(answer) if ":" in name)


def _actors(node: Any) -> Iterator[str]:
    yield node["name"]
    for child in node["children"]:
        yield from _actors(child)


def _tokens(answer: Any) -> Iterator[str]:
    return (token["id"] for token in answer["tokens"])


NAMES: dict[str, tuple[str, dict[str, Any], Callable[[Any], Iterable[str]]]] = {
    "topics": ("api/oracle/snapshot", {"topics": "*"}, _items("topic")),
    "kinds": ("api/oracle/tree", {}, _kinds),
    "watchdogs": ("api/oracle/tree", {}, _watchdogs),
    "alerts": ("api/oracle/alerts", {"limit": 1_000}, _items("alert_id")),
    "tokens": ("api/oracle/tokens", {}, _tokens),
}
"""Where names of a sort are asked for, and how they are found in the answer."""


async def names(remote: Remote, what: str, begun: str = "") -> list[str]:
    """Those that begin so, sorted, at most 200. Raises RemoteFailed, also where the answer does not come soon."""
    path, query, found = NAMES[what]
    answer = await remote.tell("GET", path, query, timeout_s=SOON_S)
    return sorted({name for name in found(answer) if name.startswith(begun)})[:MOST]
