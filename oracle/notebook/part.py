"""What of a cell is put into the tree: what it is, by what it looks like, and what it is called."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from actors import Actor, Refused
from oracle.border import unstructure
from oracle.problems import Invalid, Problem

__all__ = ["ACTOR", "WATCHDOG", "Added", "Draft", "decider_of", "is_decider", "maker_of", "name_of", "rule_of"]

WATCHDOG, ACTOR, RULE = "watchdog", "actor", "rule"
NEEDED = ("listens", "interval_s", "memory_s")
_NAMES = {WATCHDOG: re.compile(r"[A-Za-z0-9_.-]+"), ACTOR: re.compile(r"[A-Za-z0-9_.:-]+")}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@attrs.frozen
class Added:
    """A part that was put into the tree, in the place of one of its name if it has `replaced` one: how it was then."""

    kind: str
    name: str
    state: str
    replaced: bool = False

    def __repr__(self) -> str:
        return f"{self.kind} {self.name}: {self.state}" + (", in the place of the one before" if self.replaced else "")


@attrs.frozen
class Draft:
    """A watchdog's class that nothing runs, under a name that backtests know; `what` people call it."""

    name: str
    what: str
    cls: type

    def file_of(self, file: str, function: str, first_line: int) -> str:
        """Where a function is that a worker process has run: there the code of cells has no file."""
        known = [vars(cls) for cls in self.cls.__mro__] + [vars(sys.modules["__main__"])]
        for code in (getattr(one, "__code__", None) for names in known for one in tuple(names.values())):
            if code is not None and (code.co_name, code.co_firstlineno) == (function, first_line):
                return str(code.co_filename)
        return file


def rule_of(alert_id: str, when: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as `POST /api/alerts` takes it, with what is left out of it; `when` is a condition, for a whole `trigger`."""
    ident = alert_id.removeprefix("rule:") or str(fields.get("alert_id", ""))
    rule = {"name": ident, "description": "Made in a notebook.", "delivery_methods": [], **fields, "alert_id": ident}
    if when:
        rule["trigger"] = {"type": "custom_condition", "condition": when, **fields.get("trigger", {})}
    return rule


def is_decider(part: Any) -> bool:
    """Whether it is the class of a watchdog, or one of those."""
    return not isinstance(part, Mapping) and callable(getattr(part, "update", None))


def name_of(kind: str, given: str, part: Any) -> str:
    """What it is called: as given, or by its class, `PriceJump` is `price_jump`. Raises Invalid."""
    cls = part if isinstance(part, type) else type(part)
    name = given.removeprefix("watchdog:") or _HUMP.sub("_", cls.__name__).lower().strip("_")
    if not _NAMES[kind].fullmatch(name):
        raise Invalid([Problem(("name",), "name_parsing", "a name has letters, digits and any of . _ - only", name)])
    return name


def decider_of(part: Any, settings: Mapping[str, Any]) -> tuple[type, dict[str, Any]]:
    """The class of a watchdog, and its settings, of an instance those that it has. Raises Refused `no_watchdog`."""
    cls = part if isinstance(part, type) else type(part)
    if not attrs.has(cls):
        why = f"{cls.__name__} is no attrs class, whose fields are its settings: write @attrs.define above it"
        raise Refused(why, "no_watchdog")
    lacks = [name for name in NEEDED if not hasattr(cls, name) and name not in attrs.fields_dict(cls)]
    if lacks:
        what = "what it listens to (bus patterns), its longest silence between checks and the past it wants to see (seconds)"
        raise Refused(f"{cls.__name__} lacks {' and '.join(lacks)}: {what}", "no_watchdog")
    if isinstance(part, type):
        return cls, dict(settings)
    own = {field.alias or field.name: getattr(part, field.name) for field in attrs.fields(cls) if field.init}
    return cls, {**unstructure(own), **settings}


def maker_of(part: Any, settings: Mapping[str, Any]) -> Callable[[], Actor]:
    """What builds each life of an actor anew: the class with its settings, or copies of one that has not lived. Raises Refused
    `no_part`."""
    if isinstance(part, type) and issubclass(part, Actor):
        return partial(part, **settings)
    if not isinstance(part, Actor):
        what = part.__name__ if isinstance(part, type) else type(part).__name__
        may = "a watchdog (a class with `update`), an actor (of actors.Actor) and a rule (a dict with a trigger)"
        raise Refused(f"{what} is no part: {may} are", "no_part")
    if settings:
        raise Refused("settings go with a class; this is an instance, which has its own", "no_part")
    try:
        first = copy.deepcopy(part)
    except TypeError as error:
        raise Refused(f"each life is a copy of this one, which can't be copied ({error}): give its class", "no_part") from error
    return partial(copy.deepcopy, first)
