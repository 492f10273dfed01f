"""The alerts that keep another one from telling anybody: which of them are active, and when that changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from actors import Published, Runtime, Subscription
from oracle.alerts.holds import notice_held
from oracle.alerts.lifecycle import Phase
from oracle.alerts.record import Record, kept_event
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Silence
from oracle.alerts.steps import Held
from oracle.alerts.trigger import CONDITIONS, TriggerType
from oracle.board import Board
from oracle.model import Event, Severity, ref

__all__ = ["Changed", "Inhibitors", "active_among", "circle", "holding"]

_QUIET = (Phase.inactive, Phase.pending)


@attrs.frozen
class Changed:
    """What holds an alert back may have changed."""


class Inhibitors:
    """Of one rule, whose actor `name` is told Changed when the record of one of them does; `close` ends that."""

    def __init__(self, board: Board, runtime: Runtime, name: str) -> None:
        self._board = board
        self._runtime = runtime
        self._name = name
        self._ears: dict[str, Subscription] = {}

    def follow(self, idents: Iterable[str]) -> None:
        """These from now on."""
        wanted = set(idents)
        for ident in self._ears.keys() - wanted:
            self._ears.pop(ident).cancel()
        for ident in wanted - self._ears.keys():
            self._ears[ident] = self._runtime.listen(f"state:{ref('alert', ident)}", self._tell)

    def close(self) -> None:
        """Follow none."""
        self.follow(())

    @property
    def at_work(self) -> list[str]:
        """The names of the actors of those that are enabled."""
        return [name for name in (ref("rule", ident) for ident in sorted(self._ears)) if self._runtime.alive(name)]

    def active(self) -> frozenset[str]:
        """The ids of those that are enabled and firing (or were acknowledged, escalated, muted)."""
        return active_among(self._board, self._ears)

    def _tell(self, _: Published) -> None:
        self._runtime.tell(self._name, Changed())


def active_among(board: Board, idents: Iterable[str]) -> frozenset[str]:
    """Which of these alerts are enabled and firing (or were acknowledged, escalated, muted)."""
    return frozenset(ident for ident in idents if _is_active(board, ident))


def holding(board: Board, rule: Rule, record: Record, now_us: int) -> Held | None:
    """What holds back a notice of what the rule fired on last, or would fire on next, at this instant."""
    last = record.held["event"] if record.held else record.last
    source = rule.ref if rule.trigger.type is TriggerType.watchdog_event else CONDITIONS
    event = kept_event(last) if last else Event("", "", "", source, Severity.medium, "", {}, now_us)
    silences = {state.ref: Silence.of(state.value) for state in board.kind("silence") if state.value is not None}
    return notice_held(rule, record, event, now_us, silences, active_among(board, rule.inhibited_by))


def _is_active(board: Board, ident: str) -> bool:
    rule = board.get(ref("rule", ident))
    phase = Record.of(board.get(ref("alert", ident))).phase
    return rule is not None and bool(rule["enabled"]) and phase not in _QUIET


def circle(ident: str, wanted: Sequence[str], known: Mapping[str, Sequence[str]]) -> list[str]:
    """The alerts by which `ident` would inhibit itself, in order; empty where it does not. `known` says by whom each other one
    is inhibited."""
    trails = [[one] for one in wanted]
    seen: set[str] = set()
    while trails:
        trail = trails.pop(0)
        if trail[-1] == ident:
            return trail
        if trail[-1] not in seen:
            seen.add(trail[-1])
            trails += [[*trail, one] for one in known.get(trail[-1], ())]
    return []
