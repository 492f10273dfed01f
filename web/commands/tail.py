"""`oracle tail PATTERN`: what a running server publishes, as it happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from web.following import follow
from web.remote import Remote

__all__ = ["line", "notice", "tail"]


async def tail(find: Callable[[], Remote], pattern: str, *, as_json: bool, count: int | None, since: str = "") -> None:
    """Print each message of `pattern` until `count` were printed, or for ever, over restarts of the server; what happens to
    the stream goes to standard error. Raises Unreachable."""
    left = count

    def hear(frame: dict[str, Any]) -> bool:
        nonlocal left
        if "topic" not in frame:
            said = notice(frame)
            if said:
                print(f"oracle: {said}", file=sys.stderr, flush=True)
            return False
        print(json.dumps(frame) if as_json else line(frame), flush=True)
        left = None if left is None else left - 1
        return left == 0

    await follow(find, pattern, hear, since)


def notice(frame: dict[str, Any]) -> str:
    """What the server's word about the stream means for whoever reads it; empty for nothing new."""
    match frame:
        case {"type": "ready", "recovered": True}:
            return f"resumed, {frame['caught_up']} messages caught up"
        case {"type": "ready", "recovered": False}:
            return f"messages are missing here ({frame['reason']}); what came before this line is the newest of each topic"
        case {"type": "skipped"}:
            return f"{frame['count']} messages were skipped ({frame['reason']})"
        case {"type": "error"}:
            return f"the server says: {frame['error']['message']}"
    return ""


def line(frame: dict[str, Any]) -> str:
    """One message for people: time, topic, and its facts as `key=value`."""
    data = frame.get("data")
    facts = data if isinstance(data, dict) else {"data": data}
    shown = " ".join(f"{key}={_text(value)}" for key, value in facts.items() if key not in {"ts", "ts_us", "symbol"})
    return f"{str(frame.get('ts', ''))[11:23]:<12} {frame['topic']} {shown}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else json.dumps(value)
    return json.dumps(value)
