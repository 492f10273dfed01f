"""What one channel still owes, in memory: who is next, and how long to wait after a failure. No clock, no network.

The history is the truth: this is filled from its pending deliveries at start. It outlives the lives of the channel's actor
and of its supervisor, and rules put into it directly, so what is owed can't be lost on the way to an actor that is not there.
"""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence

import attrs

from oracle.alerts.actions import subject_of_action
from oracle.model import Attempt, Delivery

__all__ = ["Debt", "Outbox", "Patience"]

MOST_AT_ONCE = 32
MOST_PER_RULE = 1  # one slow far end can't hold up the others, and a crash repeats at most one delivery of a rule
MOST_WAITING = 10_000
LONGEST_RETRY_AFTER_S = 3600.0


@attrs.define(eq=False)
class Debt:
    """A delivery that nobody has taken yet."""

    delivery: Delivery
    tries: int = 0
    verdict: Attempt | None = None
    """The final attempt, where it is known but not committed yet."""


@attrs.frozen
class Patience:
    """How often to try, and the waits between: doubling from `first_s` to `longest_s`, half of each at random."""

    tries: int = 8
    first_s: float = 1.0
    longest_s: float = 300.0

    def delay_s(self, tries: int, retry_after_s: float | None, chance: random.Random) -> float:
        """The wait after that many tries; what the far end asked for counts where it is longer, up to an hour."""
        full_s: float = min(self.longest_s, self.first_s * 2.0 ** min(tries - 1, 60))
        asked_s = min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        return max(full_s / 2 + chance.random() * full_s / 2, asked_s)


class Outbox:
    """Debts by delivery id. Rules take turns; each has at most one on the way, all together at most 32. What acts on the same
    thing is sent in the order it was owed, each after the one before is settled: a retry must not undo what came later."""

    def __init__(self, pending: Iterable[Delivery] = (), last: Mapping[str, Attempt] | None = None) -> None:
        tries = {ident: attempt.number for ident, attempt in (last or {}).items()}
        self.debts = {one.id: Debt(one, tries.get(one.id, 0)) for one in pending}
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()  # by rule
        self._queued: set[str] = set()
        self._judged: deque[str] = deque()  # what only needs its verdict recorded waits for no turn
        self._on_the_way: dict[str, str] = {}
        self._lanes: dict[str, deque[str]] = {}  # by what is acted on
        for debt in self.debts.values():
            self._line_up(debt.delivery)
        self.begin_life()

    def begin_life(self) -> None:
        """Nothing is on the way any more: whatever was is to be sent again, and all waits are over."""
        self._on_the_way.clear()
        self._waiting.clear()
        self._queued.clear()
        self._judged.clear()
        for ident in self.debts:
            self.ready(ident)

    def owe(self, delivery: Delivery) -> None:
        """Take on a committed delivery; one that is known already changes nothing."""
        if delivery.id not in self.debts:
            self.debts[delivery.id] = Debt(delivery)
            self._line_up(delivery)
            self.ready(delivery.id)

    def surplus(self) -> Sequence[Debt]:
        """What is more than 10,000, to be written off: the oldest of those that nobody is sending."""
        if len(self.debts) <= MOST_WAITING:
            return ()
        undecided = [debt for debt in self.debts.values() if debt.verdict is None]
        untouched = [debt for debt in undecided if debt.delivery.id not in self._on_the_way]
        return untouched[: max(0, len(undecided) - MOST_WAITING)]

    def ready(self, ident: str) -> None:
        """This one may be sent now, once what it must not overtake is settled."""
        debt = self.debts.get(ident)
        if debt is None or ident in self._on_the_way:
            return
        if debt.verdict is not None:
            self._judged.append(ident)
        elif ident not in self._queued and self._lanes.get(subject_of_action(debt.delivery), [ident])[0] == ident:
            self._queued.add(ident)
            self._waiting.setdefault(debt.delivery.rule_id, deque()).append(ident)

    def take(self) -> Debt | None:
        """The next one to send, if there is room; it is on the way until `back` or `settle`."""
        while self._judged:
            ident = self._judged.popleft()
            if ident in self.debts and ident not in self._on_the_way:
                return self._send(ident, "")
        if len(self._on_the_way) >= MOST_AT_ONCE:
            return None
        busy = list(self._on_the_way.values())
        for rule_id, queue in list(self._waiting.items()):
            while queue and busy.count(rule_id) < MOST_PER_RULE:
                self._waiting.move_to_end(rule_id)
                ident = queue.popleft()
                self._queued.discard(ident)
                if ident in self.debts and ident not in self._on_the_way:
                    return self._send(ident, rule_id)
            if not queue:
                del self._waiting[rule_id]
        return None

    def back(self, ident: str) -> None:
        """It was tried in vain and waits for a later `ready`."""
        self._on_the_way.pop(ident, None)

    def settle(self, ident: str) -> None:
        """Nothing is owed any more for one that was taken."""
        self._on_the_way.pop(ident, None)
        debt = self.debts.pop(ident, None)
        if debt is not None and (subject := subject_of_action(debt.delivery)):
            self._step_out(subject, ident)

    def _line_up(self, delivery: Delivery) -> None:
        if subject := subject_of_action(delivery):
            self._lanes.setdefault(subject, deque()).append(delivery.id)

    def _step_out(self, subject: str, ident: str) -> None:
        lane = self._lanes[subject]
        was_first = lane[0] == ident
        lane.remove(ident)
        if not lane:
            del self._lanes[subject]
        elif was_first:
            self.ready(lane[0])

    def _send(self, ident: str, rule_id: str) -> Debt:
        self._on_the_way[ident] = rule_id
        return self.debts[ident]
