"""`oracle tail PATTERN`: what a running server publishes, as it happens."""

from __future__ import annotations

import json
from typing import Any

from web.remote import Remote

__all__ = ["line", "tail"]


async def tail(remote: Remote, pattern: str, *, as_json: bool, count: int | None) -> None:
    """Print each message of `pattern` until `count` were printed, or for ever. Raises Unreachable."""
    left = count
    async with remote.stream(pattern) as frames:
        async for frame in frames:
            if "topic" not in frame:
                continue  # the server's own words: welcome, heartbeat, what was skipped
            print(json.dumps(frame) if as_json else line(frame), flush=True)
            if left is not None:
                left -= 1
                if left == 0:
                    return


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
