"""What was said beside the events, as it is stored: silences, alerts that inhibited, what people said. And a decider that lives
among them once more.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from actors import Refused
from oracle.alerts.decider import WISHES, Decider, Held, Step
from oracle.alerts.lifecycle import Phase
from oracle.alerts.notices import KINDS
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Silence
from oracle.history import Queries
from oracle.model import Command

__all__ = ["SWITCHES", "Then", "circumstances", "enabled_by"]

SILENCES = ("silence_created", "silence_deleted", "silence_ended")
SWITCHES = ("rule_created", "rule_replaced", "rule_enabled", "rule_disabled", "rule_deleted")
PHASES = (*KINDS.values(), "alert_fired", "alert_gathering", "alert_silenced", "alert_inhibited", "alert_suppressed")
_VERBS = {KINDS[step]: verb for verb, step in WISHES.items()}
_QUIET = (Phase.inactive, Phase.pending)
PAGE = 10_000


async def circumstances(queries: Queries, rule: Rule, to_us: int) -> list[dict[str, Any]]:
    """Rows of events before `to_us`, the oldest first. Raises Refused `timeout`, `unavailable`."""
    rows = await _all(queries, to_us, kind=SILENCES)
    rows += await _all(queries, to_us, kind=tuple(_VERBS), subject=rule.alert_id)
    for ident in rule.inhibited_by:
        rows += await _all(queries, to_us, kind=(*PHASES, *SWITCHES), subject=ident)
    return sorted(rows, key=lambda row: row["ts_us"])


def enabled_by(row: Mapping[str, Any]) -> bool | None:
    """Whether a rule was enabled by one of SWITCHES; None for a change that left it as it was, or does not say."""
    said: bool | None = row["data"].get("enabled")
    return {"rule_enabled": True, "rule_disabled": False, "rule_deleted": False}.get(row["kind"], said)


async def _all(queries: Queries, to_us: int, **wanted: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await queries.events(to_us=to_us, limit=PAGE, cursor=cursor, newest_first=False, **wanted)
        rows += page.items
        cursor = page.next
        if cursor is None:
            return rows


@attrs.define(eq=False)
class Then:
    """A decider among the `rows` of its circumstances, the oldest first."""

    decider: Decider
    rows: deque[dict[str, Any]] = attrs.field(converter=deque)
    _silences: dict[str, Silence] = attrs.field(factory=dict)
    _phases: dict[str, Phase] = attrs.field(factory=dict)
    _off: set[str] = attrs.field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.decider.silences = self._silences

    def until(self, now_us: int) -> Iterator[Step | Held | None]:
        """What comes of all that was said up to an instant, and of each deadline before it; call it before an event of then."""
        while True:
            due_us, said_us = self.decider.next_deadline, self.rows[0]["ts_us"] if self.rows else None
            if due_us is not None and due_us < min(now_us, now_us if said_us is None else said_us):
                yield self.decider.on_time(due_us)
            elif said_us is not None and said_us <= now_us:
                yield self._heed(self.rows.popleft())
            else:
                return

    def _heed(self, row: dict[str, Any]) -> Step | None:
        kind, subject, now_us = row["kind"], row["subject"], row["ts_us"]
        if kind == "silence_created":
            self._silences[subject] = Silence.of(row["data"])
        elif kind in SILENCES:
            self._silences.pop(subject, None)
        elif subject == self.decider.rule.alert_id:
            return self._word(_VERBS[kind], row["data"], now_us)
        elif kind in SWITCHES:
            if kind == "rule_deleted":
                self._phases.pop(subject, None)
            on = enabled_by(row)
            if on is not None:
                (self._off.discard if on else self._off.add)(subject)
        else:
            self._phases[subject] = Phase(row["data"].get("to") or row["data"]["phase"])
        self.decider.active = {
            ident for ident, phase in self._phases.items() if phase not in _QUIET and ident not in self._off}
        return self.decider.look(now_us)

    def _word(self, verb: str, data: dict[str, Any], now_us: int) -> Step | None:
        """What somebody said to this alert; nobody says that a condition is over, or that time has passed."""
        if not data["by"]:
            return None
        with contextlib.suppress(Refused):  # it stands otherwise than it stood then
            return self.decider.wish(Command(verb, {"comment": data["comment"]}, data["by"]), now_us)
        return None
