"""Which runs somebody wants to see, and in which order: for those at work and for those that are stored alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

from oracle.history.page import Filter
from oracle.history.runs import SORTS

__all__ = ["RunFilter", "key_of", "rank"]

_FACTS = ("rounds", "rounds_total", "accuracy", "loss")
_VALUES = {
    "created": "created_us", "started": "started_us", "finished": "finished_us", "cost": "cost_usd", "duration": "duration_s",
}  # fmt: skip


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (str(given),) if given and isinstance(given, str) else tuple(map(str, given))


@attrs.frozen
class RunFilter:
    """What is empty or None asks for nothing. `status` is one or several; `text` is how the name or the id begins, whatever the
    case; times are UTC microseconds, created_from_us <= created < created_to_us."""

    status: tuple[str, ...] = attrs.field(default=(), converter=_several)
    owner: str = ""
    agent: str = ""
    session: str = ""
    conversation: str = ""
    source: str = ""
    text: str = ""
    created_from_us: int | None = None
    created_to_us: int | None = None

    def sql(self) -> Filter:
        """The same as conditions of the table `run`."""
        wanted = Filter().one_of("status", self.status)
        for name in _WORDS:
            wanted.one_of(name, getattr(self, name) or None)
        return wanted.starts(("name", "id"), self.text).between("ts_us", self.created_from_us, self.created_to_us)

    def takes(self, value: Mapping[str, Any]) -> bool:
        """Whether a run is among them, by the value of its State."""
        if self.status and value["status"] not in self.status:
            return False
        if any(asked and value[name] != asked for name in _WORDS if (asked := getattr(self, name))):
            return False
        start = self.text.lower()
        if start and not (value["name"].lower().startswith(start) or value["id"].lower().startswith(start)):
            return False
        created_us = value["created_us"]
        if self.created_from_us is not None and created_us < self.created_from_us:
            return False
        return self.created_to_us is None or created_us < self.created_to_us


_WORDS = ("owner", "agent", "session", "conversation", "source")


def key_of(value: Mapping[str, Any], sort: str) -> Any:
    """What a run is sorted by (`oracle.history.runs.SORTS`), None where nobody said it."""
    if sort in _FACTS:
        return _number(value["facts"].get(sort))
    if sort == "clients":
        clients = value["facts"].get("clients")
        return len(clients) if isinstance(clients, list) else None
    found = value[_VALUES.get(sort, sort)]
    return _number(found) if SORTS[sort].endswith(("_us", "_s", "_usd")) else found


def rank(key: Any, ident: str, descending: bool) -> tuple[bool, Any, str]:
    """Sorts ascending as a page does, or descending with `reverse`: a key that is None comes last either way."""
    return (key is not None) is descending, key, ident


def _number(value: Any) -> float | int | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    return value if fits else None
