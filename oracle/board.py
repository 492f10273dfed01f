"""How everything is now: a typed, versioned view of what the bus retains. Each State has one writer.

Observed states are `put` and logged lazily. Obligations are `draft`ed, committed to history, and only then `apply`ed,
so that what anybody was told survives a crash in between.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from actors import Bus, wall_clock
from oracle.model import Quote, State
from oracle.sources import Believed, Sources

__all__ = ["Board"]

GONE = 10_000  # versions that are remembered of what is gone


class Board:
    """Reads are synchronous and always of one instant."""

    def __init__(self, bus: Bus, now_us: Callable[[], int] = wall_clock, sources: Sources | None = None) -> None:
        self._bus = bus
        self._now_us = now_us
        self.sources = sources or Sources()
        for pattern in ("quote:*", "trade:*"):
            bus.listen(pattern, self.sources.put)
        self._states: dict[str, State] = {}
        self._kinds: dict[str, dict[str, State]] = {}  # the same ones; there may be ten thousands of one kind
        self._gone: OrderedDict[str, int] = OrderedDict()  # by ref, for the versions of what comes again

    def load(self, states: Iterable[State]) -> None:
        """Take over the newest states of the log; older versions than what is known are ignored."""
        for state in states:
            if self._version(state.ref) < state.version:
                self.apply(state)

    def draft(self, ref: str, value: dict[str, Any] | None, now_us: int) -> State:
        """The next version of a state, not yet in force; `None` says it is gone."""
        return State(ref, value, self._version(ref) + 1, now_us)

    def apply(self, state: State) -> State:
        """Put a state in force and publish it."""
        self._gone.pop(state.ref, None)
        alike = self._kinds.setdefault(state.ref.partition(":")[0], {})
        if state.value is not None:
            self._states[state.ref] = alike[state.ref] = state
        else:
            self._states.pop(state.ref, None)
            alike.pop(state.ref, None)
            self._gone[state.ref] = state.version
            if len(self._gone) > GONE:
                self._gone.popitem(last=False)
        self._bus.publish(state)
        return state

    def put(self, ref: str, value: dict[str, Any] | None, now_us: int) -> State:
        """Draft and apply in one step, for what is only observed."""
        return self.apply(self.draft(ref, value, now_us))

    def get(self, ref: str) -> dict[str, Any] | None:
        """The value of a state, None where it never was or is gone."""
        known = self._states.get(ref)
        return known.value if known else None

    def state(self, ref: str) -> State | None:
        """The state with its version and time; None where it never was or is gone."""
        return self._states.get(ref)

    def kind(self, kind: str) -> list[State]:
        """All present states of a kind (`rule`, `watchdog`), in the order they were first seen."""
        return list(self._kinds.get(kind, {}).values())

    def believed(self, symbol: str, quoting: bool = False) -> Believed | None:
        """Who is believed about the price of a symbol now (`quoting`: of those who have quoted it), and what that one said last;
        None where nobody has."""
        return self.sources.believed(symbol, self._now_us(), quoting)

    def quote(self, symbol: str) -> Quote | None:
        """The newest quote of the source that is believed, of those who quote it."""
        believed = self.believed(symbol, quoting=True)
        return believed.quote if believed else None

    def price(self, symbol: str) -> tuple[float, int, str] | None:
        """(price, ts_us, source) of the newest of last trade and mid quote of the source that is believed; None where neither
        is known."""
        believed = self.believed(symbol)
        if believed is None:
            return None
        quote, trade = believed.quote, believed.trade
        if trade is not None and (quote is None or trade.ts_us >= quote.ts_us):
            return trade.price, trade.ts_us, trade.source
        return (quote.mid, quote.ts_us, quote.source) if quote is not None else None

    def _version(self, ref: str) -> int:
        known = self._states.get(ref)
        return known.version if known else self._gone.get(ref, 0)
