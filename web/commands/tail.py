"""`oracle tail PATTERN`: what a running server publishes, as it happens."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import attrs

from oracle.bookmark import Frame, Hole, Ready, Told
from oracle.following import follow
from oracle.model import Severity
from oracle.remote import Remote
from web.inks import Ink, inked, severity_ink

__all__ = ["Filter", "line", "notice", "tail"]

TOPIC_WIDTH = 32
_SAID_ALREADY = {"ts", "ts_us", "symbol", "ref", "kind", "id", "subject", "simulated", "source"}


@attrs.frozen
class Filter:
    """Which messages are printed: events at least that severe, and lines in which `grep` is found (any case)."""

    severity: Severity | None = None
    grep: re.Pattern[str] | None = None

    def passes(self, frame: Frame) -> bool:
        """Whether this message is one of them; what has no severity is none where one is asked for."""
        if self.severity is not None:
            said = frame.data.get("severity") if isinstance(frame.data, dict) else None
            if said not in set(Severity) or Severity(said).rank < self.severity.rank:
                return False
        return self.grep is None or self.grep.search(line(frame)) is not None


async def tail(find: Callable[[], Remote], pattern: str, *, as_json: bool, count: int | None, since: str = "",
               only: Filter = Filter()) -> None:  # fmt: skip
    """Print each message of `pattern` that passes until `count` were printed, or for ever, over restarts of the server; what
    happens to the stream goes to standard error. On a terminal it has colours. Raises RemoteFailed."""
    printed, ink = 0, inked(sys.stdout)
    async with follow(find, pattern, since) as stream:
        async for told in stream:
            if isinstance(told, Frame):
                if not only.passes(told):
                    continue
                print(json.dumps(_said(told)) if as_json else line(told, ink), flush=True)
                printed += 1
                if printed == count:
                    return
            elif said := notice(told):
                print(inked(sys.stderr)("yellow", f"oracle: {said}"), file=sys.stderr, flush=True)


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


def _plain(_: str, text: str) -> str:
    return text


def line(frame: Frame, ink: Ink = _plain) -> str:
    """One message for people: time, topic, and what it says: of an event how severe it is and its summary, else `key=value`."""
    data = frame.data if isinstance(frame.data, dict) else {"data": frame.data}
    parts = [ink("dim", f"{frame.ts[11:23].rstrip('Z'):<12}"), ink("cyan", f"{frame.topic:<{TOPIC_WIDTH}}")]
    if frame.type == "event":
        parts += [ink(severity_ink(data["severity"]), f"{data['severity']:<8}"), data["summary"]]
    else:
        value = data.get("value") if frame.type == "state" else data
        facts = value if isinstance(value, dict) else {"value": value}
        parts += [f"{ink('dim', f'{key}=')}{_text(fact)}" for key, fact in facts.items() if key not in _SAID_ALREADY]
    return " ".join([*parts, ink("dim", "(simulated)")] if data.get("simulated") else parts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else json.dumps(value)
    return json.dumps(value)
