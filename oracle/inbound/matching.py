"""Which command a delivery calls. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from oracle.alerts.template import render
from oracle.inbound.conditions import fit
from oracle.inbound.incoming import Incoming

__all__ = ["asked", "called", "matched"]


def matched(webhook: Mapping[str, Any], incoming: Incoming, bot: str) -> Mapping[str, Any] | None:
    """The command that a delivery calls; None for none. What our own account did calls none, or it would answer itself for
    ever. Who mentions our account and calls no command by its words gets the default one, if there is one."""
    if incoming.own:
        return None
    commands: Sequence[Mapping[str, Any]] = sorted(webhook["commands"], key=lambda one: -one["priority"])
    for command in commands:
        if called(command["trigger"], incoming) and fit(command["conditions"], incoming.payload):
            return command
    if webhook["default_command"] and bot and _says(incoming.text, f"@{bot}"):
        return next((one for one in commands if one["name"] == webhook["default_command"]), None)
    return None


def called(trigger: str, incoming: Incoming) -> bool:
    """Whether the event, the words, or both are those of the trigger."""
    event, words = _parts(trigger)
    if event and not any(fnmatchcase(incoming.event_type, pattern) for pattern in (event, f"{event}.*")):
        return False
    return not words or _says(incoming.text, words)


def asked(command: Mapping[str, Any], incoming: Incoming) -> str:
    """What the task is asked."""
    return render(command["template"], incoming.slots)


def _parts(trigger: str) -> tuple[str, str]:
    """The event and the words."""
    if trigger.lstrip().startswith(("@", "/")):
        return "", trigger
    event, _, words = trigger.strip().partition(" ")
    return event, words


def _says(text: str, words: str) -> bool:
    return _pattern(words).search(text) is not None


@lru_cache(maxsize=1024)
def _pattern(words: str) -> re.Pattern[str]:
    """The words in their order, whatever their case and the blanks between them, and not within longer ones."""
    inner = r"\s+".join(map(re.escape, words.split()))
    return re.compile(rf"(?<![\w@/.-]){inner}(?![\w-])", re.IGNORECASE)
