"""`oracle tail PATTERN`: what a running server publishes, as it happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import attrs

from oracle.bookmark import Frame, Hole, Ready, Told
from oracle.following import follow
from oracle.remote import Remote

__all__ = ["line", "notice", "tail"]


async def tail(find: Callable[[], Remote], pattern: str, *, as_json: bool, count: int | None, since: str = "") -> None:
    """Print each message of `pattern` until `count` were printed, or for ever, over restarts of the server; what happens to
    the stream goes to standard error. Raises RemoteFailed."""
    printed = 0
    async with follow(find, pattern, since) as stream:
        async for told in stream:
            if isinstance(told, Frame):
                print(json.dumps(_said(told)) if as_json else line(told), flush=True)
                printed += 1
                if printed == count:
                    return
            elif said := notice(told):
                print(f"oracle: {said}", file=sys.stderr, flush=True)


def notice(told: Told) -> str:
    """What happened to the stream, for whoever reads it; empty for nothing new."""
    match told:
        case Ready(caught_up=int() as count):
            return f"resumed, {count} messages caught up"
        case Hole(reason, None):
            return f"messages are missing here ({reason}); next comes the newest of each topic"
        case Hole(reason, count):
            return f"{count} messages were skipped ({reason})"
    return ""


def _said(frame: Frame) -> dict[str, Any]:
    """As the server said it."""
    return attrs.asdict(frame, recurse=False, filter=lambda field, _: field.name not in {"snapshot", "place"})


def line(frame: Frame) -> str:
    """One message for people: time, topic, and its facts as `key=value`."""
    data = frame.data
    facts = data if isinstance(data, dict) else {"data": data}
    shown = " ".join(f"{key}={_text(value)}" for key, value in facts.items() if key not in {"ts", "ts_us", "symbol"})
    return f"{frame.ts[11:23]:<12} {frame.topic} {shown}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else json.dumps(value)
    return json.dumps(value)
