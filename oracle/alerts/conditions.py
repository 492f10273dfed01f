"""The conditions of all rules, looked at once for all of them: what a rule's actor hears is only that its condition is met, or
over. A decider like that of a watchdog, so that a replay finds the same.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from oracle.alerts.calm import Calm
from oracle.alerts.lifecycle import Phase
from oracle.alerts.readings import Readings
from oracle.alerts.terms import Terms
from oracle.alerts.trigger import LAPSED, MET, OVER, PENDING
from oracle.alerts.watch import Watch
from oracle.board import Board
from oracle.conditions import Expression, Windows, can_foresee, clauses, memory_s, topics
from oracle.conditions.listeners import Numbers
from oracle.conditions.tree import Comparison, Number, Series
from oracle.model import Event, Finding, Gap, Severity, ref
from oracle.receipts import CARRIED

__all__ = ["Conditions", "conditions_now"]

SECOND_US = 1_000_000
NEWS_US = SECOND_US  # a wait is said to have begun once it has lasted so long: what flickers is nobody's news
SPARE_S = 60.0  # of the past beside what the windows need, so that what held before a start is known


def conditions_now(board: Board, readings: Readings) -> Conditions:
    """Those of the enabled rules, as they stand now; one that is not understood has none (`fault_of` says why)."""
    rules = readings.terms()
    records = {ident: board.get(ref("alert", ident)) or {} for ident in rules}
    on = (ident for ident, record in records.items() if record.get("on_since_us") is not None)
    waiting = (ident for ident, record in records.items() if record.get("phase") == Phase.pending)
    return Conditions(rules, tuple(on), tuple(waiting))


@attrs.define(eq=False)
class _Rule:
    """One condition and how it stands."""

    ident: str
    terms: Terms
    on: Expression
    off: Expression | None
    is_on: bool | None = None  # of one that crosses: the side; None as long as it is not known
    pending_us: int | None = None  # since when it holds and is not met yet
    waits: bool = False  # somebody has heard so, and not that it is over
    owes: str = ""  # what became of it while nobody spoke of it
    due_us: int | None = None  # when to look again though nothing is heard
    calm: Calm | None = None  # of one that need not be looked at with every price, though it is no plain threshold


@attrs.define
class Conditions:
    """`rules` by id, in the order in which those that are met by the same message are said to be; those in `on` were met before
    it began, and nobody has heard that they are over; those in `waiting` were to be met, and nobody has heard that they ceased
    to hold."""

    rules: dict[str, Terms] = attrs.field(factory=dict)
    on: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    interval_s: float = 60.0
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _rules: dict[str, _Rule] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _watches: dict[str, Watch] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    windows: Windows = attrs.field(factory=Windows, init=False, repr=False, eq=False)
    _ranks: dict[str, int] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _due: list[tuple[int, int, str]] = attrs.field(factory=list, init=False, repr=False, eq=False)
    next_deadline: int | None = attrs.field(default=None, init=False, repr=False, eq=False)
    """When something may be met, or over, though nothing is heard."""

    patient = True  # a quiet market is nothing unusual

    def __attrs_post_init__(self) -> None:
        on_before, waiting = frozenset(self.on), frozenset(self.waiting)
        self._ranks = {ident: number for number, ident in enumerate(self.rules)}
        for ident, terms in self.rules.items():
            on, off = terms.expressions()
            rule = self._rules[ident] = _Rule(ident, terms, on, off)
            rule.is_on = True if ident in on_before and not terms.crosses else None
            rule.waits = ident in waiting
            for one in rule.on, rule.off:
                if one is not None:
                    self.windows.want(one)
            self._file(rule)

    @property
    def listens(self) -> tuple[str, ...]:
        """The topics of all conditions."""
        return tuple(sorted({topic for one in self._expressions() for topic in topics(one)}))

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""
        waits = [float(rule.terms.for_s) for rule in self._rules.values()]
        return SPARE_S + max(waits, default=0.0) + max(map(memory_s, self._expressions()), default=0.0)

    def update(self, message: Any, now: int) -> Iterable[Finding]:
        """Take a message published at `now` (UTC microseconds). What came of an alert's action sets off no alert."""
        if message.__class__ is Event and message.cause.startswith(CARRIED):
            return ()
        keys = self.windows.update(message, now)
        return self._look_at(keys, now, message) if keys else ()

    def on_time(self, now: int) -> Iterator[Finding]:
        """Look at what is due."""
        while (due_us := self.next_deadline) is not None and due_us <= now:
            rule = self._rules[heapq.heappop(self._due)[2]]
            rule.due_us = None
            self._set_deadline()
            yield from self._look(rule, now, None)

    def begun(self, now: int) -> None:
        """Say at once how what it has recalled differs from what was heard of before it began."""
        on, waiting = frozenset(self.on), frozenset(self.waiting)
        for rule in self._rules.values():
            if rule.terms.crosses:
                continue
            heard_on, heard_wait = rule.ident in on, rule.ident in waiting
            if bool(rule.is_on) is not heard_on:
                rule.owes = MET if rule.is_on else OVER
            elif heard_wait and not rule.waits:
                rule.owes = LAPSED
            rule.waits = rule.waits and heard_wait
            if rule.owes or rule.pending_us is not None:
                self._plan(rule, now, now + 1)

    def on_gap(self, gap: Gap) -> None:
        """Nobody watched: what waits begins to wait anew, and windows know what they know."""
        if gap.from_us >= gap.to_us:
            return
        self.windows.on_gap(gap)
        for rule in self._rules.values():
            if rule.pending_us is not None and gap.who == "watchdog":
                rule.pending_us = max(rule.pending_us, gap.to_us)
            if rule.calm is not None:
                rule.calm.end()
            self._plan(rule, gap.to_us)

    def waits(self, ident: str) -> bool:
        """Whether the condition of a rule holds, and has not for long enough."""
        return self._rules[ident].pending_us is not None

    # ---- private

    def _look_at(self, keys: Iterable[str], now: int, message: Any) -> Iterator[Finding]:
        watches = [self._watches[key] for key in keys if key in self._watches]
        touched = {ident for watch in watches for ident in watch.touched()}
        for ident in sorted(touched, key=self._ranks.__getitem__):
            yield from self._look(self._rules[ident], now, message)
        for watch in watches:
            watch.settle()

    def _set_deadline(self) -> None:
        due = self._due
        while due and self._rules[due[0][2]].due_us != due[0][0]:
            heapq.heappop(due)
        self.next_deadline = due[0][0] if due else None

    def _expressions(self) -> Iterator[Expression]:
        for rule in self._rules.values():
            yield rule.on
            if rule.off is not None:
                yield rule.off

    def _file(self, rule: _Rule) -> None:
        """A plain threshold is looked at only where the price passes it, another condition where what it reads may change it."""
        wholes = [one for one in (rule.on, rule.off) if one is not None]
        heard = {one.key: one for whole in wholes for one in self.windows.listeners(whole)}
        levels = [_threshold(one) for one in wholes]
        for key in sorted(heard):
            watch = self._watches.get(key)
            if watch is None:
                numbers = heard[key]
                watch = self._watches[key] = Watch(numbers if isinstance(numbers, Numbers) else None)
            if len(heard) == 1 and None not in levels:
                for level in levels:
                    watch.add(level or 0.0, rule.ident)
            elif len(heard) == 1 and all(can_foresee(one.root) for one in wholes):
                rule.calm = Calm(rule.ident, wholes, watch, self.windows)
            else:
                watch.always(rule.ident)

    def _look(self, rule: _Rule, now: int, message: Any) -> Iterator[Finding]:
        if rule.owes:
            owed, rule.owes = rule.owes, ""
            yield self._finding(rule, owed, now, None)
        holds = self.windows.value(rule.on, now)
        back = None if rule.off is None else self.windows.value(rule.off, now)
        if rule.terms.crosses:
            side = True if holds else False if back else None
            if side is not None and side is not rule.is_on:
                if rule.is_on is not None:
                    yield self._finding(rule, MET, now, message, direction="above" if side else "below")
                rule.is_on = side
        elif rule.is_on:
            if back or (rule.off is None and holds is False):
                rule.is_on = False
                yield self._finding(rule, OVER, now, message)
        elif holds:
            rule.pending_us = now if rule.pending_us is None else rule.pending_us
            waited_us, waits_us = now - rule.pending_us, rule.terms.for_s * SECOND_US
            if waited_us >= waits_us:
                rule.is_on, rule.pending_us, rule.waits = True, None, False
                yield self._finding(rule, MET, now, message)
            elif waited_us >= NEWS_US and not rule.waits:
                rule.waits = True
                yield self._finding(rule, PENDING, now, message)
        elif holds is False:
            if rule.waits:
                yield self._finding(rule, LAPSED, now, message)
            rule.is_on, rule.pending_us, rule.waits = False, None, False
        self._plan(rule, now, rule.calm.seek(now) if rule.calm is not None else None)

    def _plan(self, rule: _Rule, now: int, known_us: int | None = None) -> None:
        """Look again when something may change; `known_us` is when, where that is known without asking the windows."""
        due = [] if known_us is None else [known_us]
        if rule.pending_us is not None:
            due += [rule.pending_us + rule.terms.for_s * SECOND_US] + ([] if rule.waits else [rule.pending_us + NEWS_US])
        for one in (rule.on, rule.off) if known_us is None else ():
            at_us = self.windows.next_change(one, now) if one is not None else None
            if at_us is not None:  # on whole seconds: a busy window changes a hundred times in one
                due.append(-(-at_us // SECOND_US) * SECOND_US)
        due_us = min((at_us for at_us in due if at_us > now), default=None)
        if due_us != rule.due_us:
            rule.due_us = due_us
            if due_us is not None:
                heapq.heappush(self._due, (due_us, self._ranks[rule.ident], rule.ident))
                if len(self._due) > 64 + 2 * len(self._rules):  # most are of times that have moved on
                    live = (one for one in self._rules.values() if one.due_us is not None)
                    self._due = [(one.due_us or 0, self._ranks[one.ident], one.ident) for one in live]
                    heapq.heapify(self._due)
            self._set_deadline()

    def _finding(self, rule: _Rule, kind: str, now: int, message: Any, **more: str) -> Finding:
        expression = rule.on if kind in (MET, PENDING) and more.get("direction") != "below" else rule.off or rule.on
        found = [attrs.asdict(clause) for clause in clauses(expression, self.windows, now)]
        told = ", ".join(_told(clause) for clause in found if clause["truth"]) or str(expression)
        name = "time" if message is None else f"{message.topic}:{getattr(message, 'trade_id', '')}"
        return Finding(
            kind=kind, subject=rule.ident, severity=Severity.medium, summary=_WORDS[kind] + told,
            data={"condition": str(expression), "clauses": found, **more}, ts_us=now,
            cause=":".join((name, kind, *more.values())),
        )  # fmt: skip


_WORDS = {MET: "", OVER: "over: ", PENDING: "not for long enough yet: ", LAPSED: "not any more: "}


def _threshold(expression: Expression) -> float | None:
    """The number of `price(...) > number` and the like; None for any other expression."""
    match expression.root:
        case Comparison(left=Series(), right=Number(value=level)):
            return float(level)
    return None


def _told(clause: dict[str, Any]) -> str:
    sides = [f"{side:.10g}" for side in (clause["left"], clause["right"]) if side is not None]
    return f"{clause['text']} ({' and '.join(sides)})" if sides else str(clause["text"])
