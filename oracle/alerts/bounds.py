"""What may not be said in a rule or a silence that somebody writes now; one that is stored already stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from oracle.alerts.rule import Rule
from oracle.alerts.silence import Matchers
from oracle.alerts.trigger import TriggerType
from oracle.border import unstructure
from oracle.problems import Problem
from oracle.validators import shapes_of

__all__ = ["oversized", "pointless"]

LONGEST_TEXT = 10_000  # characters
MOST_ITEMS = 1_000


def oversized(written: Rule | Matchers) -> Iterator[Problem]:
    """What of it is too long, by its path; the value, which may be a secret, is not shown."""
    fields = attrs.fields(type(written))
    bounds = {one.name: shape["most"] for one in fields for shape in shapes_of(one.validator) if "most" in shape}
    for name, value in unstructure(written).items():
        if isinstance(value, str) and name in bounds:
            yield from _too_long(value, (name,), bounds[name])
        else:
            yield from _oversized(value, (name,))


def pointless(rule: Rule) -> Iterator[Problem]:
    """What of it contradicts the rest, so that nobody would ever be told, or it would mean nothing."""
    resolve_s, gather_s = rule.resolve_after_s, rule.group_wait_s
    if resolve_s is not None and gather_s is not None and resolve_s <= gather_s:
        yield Problem(("resolve_after_s",), "value_error", "Value error, it would be over before group_wait_s is", resolve_s)
    if rule.trigger.type is TriggerType.watchdog_event and rule.trigger.for_s:
        yield Problem(("trigger", "for_s"), "value_error", "Value error, an event lasts no time", rule.trigger.for_s)


def _too_long(text: str, path: tuple[str | int, ...], most: int) -> Iterator[Problem]:
    if len(text) > most:
        yield Problem(path, "string_too_long", f"String should have at most {most} characters", ctx={"max_length": most})


def _oversized(value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    match value:
        case str():
            yield from _too_long(value, path, LONGEST_TEXT)
        case dict() | list() | tuple() if len(value) > MOST_ITEMS:
            yield Problem(path, "too_long", f"There should be at most {MOST_ITEMS} items, not {len(value)}",
                          ctx={"max_length": MOST_ITEMS})  # fmt: skip
        case dict():
            for key, one in value.items():
                yield from _oversized(one, (*path, key))
                if len(key) > LONGEST_TEXT:
                    yield from _oversized(key, path)
        case list() | tuple():
            for place, one in enumerate(value):
                yield from _oversized(one, (*path, place))
