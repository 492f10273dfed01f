"""The alerts that keep another one from telling anybody: which of them are active, and when that changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from graphlib import CycleError, TopologicalSorter

import attrs

from actors import Published, Runtime, Subscription
from oracle.alerts.holds import notice_held
from oracle.alerts.record import Record, kept_event
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Silence
from oracle.alerts.steps import Held
from oracle.alerts.trigger import CONDITIONS, TriggerType
from oracle.board import Board
from oracle.model import Event, Severity, ref

__all__ = ["Changed", "Inhibitors", "circle", "holding", "in_order"]

MOST_EDGES = 64  # of one alert: who lags behind by more of them takes the first that is known
LAST_US = 2**63


@attrs.frozen
class Changed:
    """What holds an alert back may have changed."""


class Inhibitors:
    """Of one rule, whose actor `name` is told Changed when one of them or its record does; `close` ends that."""

    def __init__(self, board: Board, runtime: Runtime, name: str) -> None:
        self._board = board
        self._runtime = runtime
        self._name = name
        self._ears: dict[str, tuple[Subscription, Subscription]] = {}
        self._edges: dict[str, deque[tuple[int, bool]]] = {}  # when each began to be active, and ceased to, the oldest first

    def follow(self, idents: Iterable[str]) -> None:
        """These from now on."""
        wanted = set(idents)
        for ident in self._ears.keys() - wanted:
            for ear in self._ears.pop(ident):
                ear.cancel()
            del self._edges[ident]
        for ident in wanted - self._ears.keys():
            self._edges[ident] = deque(maxlen=MOST_EDGES)
            self._note(ident, Record.of(self._board.get(ref("alert", ident))))
            listen = self._runtime.listen
            self._ears[ident] = (
                listen(f"state:{ref('alert', ident)}", partial(self._hear, ident)),
                listen(f"state:{ref('rule', ident)}", self._tell),  # one that is switched off or deleted inhibits nobody
            )

    def close(self) -> None:
        """Follow none."""
        self.follow(())

    @property
    def at_work(self) -> list[str]:
        """The names of the actors of those that are enabled."""
        return [name for name in (ref("rule", ident) for ident in sorted(self._ears)) if self._runtime.alive(name)]

    def active(self, at_us: int) -> frozenset[str]:
        """The ids of those that are enabled, and were firing at that instant (or were acknowledged, escalated, muted)."""
        known = ((ident, [active for since_us, active in edges if since_us <= at_us]) for ident, edges in self._edges.items())
        return frozenset(ident for ident, past in known if past and past[-1] and _enabled(self._board, ident))

    def _hear(self, ident: str, published: Published) -> None:
        self._note(ident, Record.of(published.message.value))
        self._tell(published)

    def _tell(self, _: Published) -> None:
        self._runtime.tell(self._name, Changed())

    def _note(self, ident: str, record: Record) -> None:
        edges, is_active = self._edges[ident], record.active_at(LAST_US)
        if is_active is not (edges[-1][1] if edges else False):
            edges.append(((record.began_us if is_active else record.since_us) or 0, is_active))


def holding(board: Board, rule: Rule, record: Record, now_us: int) -> Held | None:
    """What holds back a notice of what the rule fired on last, or would fire on next, at this instant."""
    last = record.held["event"] if record.held else record.last
    source = rule.ref if rule.trigger.type is TriggerType.watchdog_event else CONDITIONS
    event = kept_event(last) if last else Event("", "", "", source, Severity.medium, "", {}, now_us)
    silences = {state.ref: Silence.of(state.value) for state in board.kind("silence") if state.value is not None}
    active = [ident for ident in rule.inhibited_by
              if _enabled(board, ident) and Record.of(board.get(ref("alert", ident))).active_at(now_us)]  # fmt: skip
    return notice_held(rule, record, event, now_us, silences, active)


def _enabled(board: Board, ident: str) -> bool:
    return bool((board.get(ref("rule", ident)) or {}).get("enabled"))


def in_order(inhibited: Mapping[str, Sequence[str]]) -> list[str]:
    """The ids, by whom each is inhibited given: whoever inhibits comes first; the order stays where nobody does."""
    try:
        first = list(TopologicalSorter({ident: [one for one in by if one in inhibited] for ident, by in inhibited.items() if by})
                     .static_order())  # fmt: skip
    except CycleError:  # of rules that an earlier version has stored
        first = []
    return list(dict.fromkeys((*(ident for ident in first if ident in inhibited), *inhibited)))


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
