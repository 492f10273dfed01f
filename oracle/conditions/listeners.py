"""Who takes the messages of a topic: one listener for a series, a kind of events or a silence, however many want it."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from oracle.conditions.folds import READS
from oracle.conditions.rolling import TOGETHER, Held, Rolling
from oracle.conditions.tree import Events, Series
from oracle.model import Event, Severity

__all__ = ["NEVER", "Listener", "Numbers", "Sightings", "Silence", "topic_of"]

NEVER = 2**62  # later than every instant
_MOST_SOURCES = 16  # remembered of a listener; with more, no single one was all that was heard
_INF = float("inf")


class Listener:
    """What all have: a `key`, who was heard, and the windows of what was heard."""

    __slots__ = ("_held", "_rolling", "_source", "_sources", "_wants", "key", "since_us", "wants", "windows")

    def __init__(self, key: str, since_us: int) -> None:
        self.key = key
        self.since_us = since_us
        self.wants = 0
        self.windows: dict[tuple[str, int], Rolling | Held] = {}
        self._wants: dict[tuple[str, int], int] = {}
        self._rolling: tuple[Rolling, ...] = ()
        self._held: tuple[Held, ...] = ()
        self._sources: set[str] = set()
        self._source: str | None = None

    def open(self, function: str, window_us: int, now_us: int) -> None:
        """Want a window once more; a new one is watched from now on."""
        fold, _ = place = _place(function, window_us)
        self._wants[place] = self._wants.get(place, 0) + 1
        if place not in self.windows:
            self.windows[place] = Held(window_us) if fold == "held" else Rolling(fold, window_us, now_us)
            self._bind()

    def window(self, function: str, window_us: int) -> Rolling | Held:
        """An open one."""
        return self.windows[_place(function, window_us)]

    def close(self, function: str, window_us: int) -> None:
        """Want it once less; nobody's window is gone."""
        place = _place(function, window_us)
        self._wants[place] -= 1
        if not self._wants[place]:
            del self._wants[place], self.windows[place]
            self._bind()

    def update(self, message: Any, now_us: int) -> bool:
        """Take a message of the topic; whether it was of use."""
        raise NotImplementedError

    def restart(self, since_us: int, gone_us: int) -> None:
        """Nobody watched until then, for `gone_us`."""
        self.since_us = max(self.since_us, since_us)
        for window in self.windows.values():
            window.restart(since_us, gone_us)

    def begin(self, now_us: int) -> None:
        """The first instant that is known of."""
        self.since_us = now_us
        for window in self.windows.values():
            if isinstance(window, Rolling):
                window.since_us = now_us

    def heard_only(self, source: str) -> bool:
        """Whether that source is all that was ever heard here."""
        return self._sources == {source}

    def _bind(self) -> None:
        self._rolling = tuple(window for window in self.windows.values() if isinstance(window, Rolling))
        self._held = tuple(window for window in self.windows.values() if isinstance(window, Held))

    def _hear(self, message: Any) -> None:
        self._source = source = getattr(message, "source", "")
        if len(self._sources) < _MOST_SOURCES:
            self._sources.add(source)


class Numbers(Listener):
    """A series: its last value and its windows. What is no finite number is in no window, and leaves no last value.

    Values between `low` and `high`, both excluded, are of no use to anybody for as many times as `left` says.
    """

    __slots__ = ("_read", "high", "left", "low", "refused", "value")

    def __init__(self, series: Series, since_us: int) -> None:
        super().__init__(str(series), since_us)
        self.value: float | None = None
        self.low, self.high, self.left = _INF, -_INF, 0.0
        self.refused = 0
        self._read = _READERS[series.kind]

    def update(self, message: Any, now_us: int) -> bool:
        if message.source != self._source:
            self._hear(message)
        value = self._read(message)
        is_calm = self.low < value < self.high
        if not is_calm and not -_INF < value < _INF:
            self.value = None
            self.refused += 1
            return True
        self.value = value
        for window in self._rolling:
            if now_us <= window.ends_us and len(window.values) < TOGETHER:
                window.values.append(value)  # what `add` would do, without a call
            else:
                window.add(now_us, value)
        for held in self._held:
            held.add(now_us, value)
        self.left = left = self.left - 1.0
        return not is_calm or left < 0.0


class Sightings(Listener):
    """Events of a kind, as far as subject and severity are as wanted."""

    __slots__ = ("_events", "_severities")

    def __init__(self, events: Events, since_us: int) -> None:
        super().__init__(str(events), since_us)
        self._events = events
        wanted = [one for one in Severity if events.severity in ("", one)]
        if events.min_severity:
            wanted = [one for one in wanted if one.rank >= Severity(events.min_severity).rank]
        self._severities = frozenset(wanted)

    def update(self, message: Any, now_us: int) -> bool:
        if message.source != self._source:
            self._hear(message)
        wanted = self._events
        # The kind may hold colons, so that a topic alone does not tell.
        if message.__class__ is not Event or message.kind != wanted.kind or message.severity not in self._severities:
            return False
        if wanted.subject and message.subject != wanted.subject:
            return False
        for window in self._rolling:
            window.add(now_us, 1.0)
        return True


class Silence(Listener):
    """When a topic, or one of a pattern, was last heard."""

    __slots__ = ("heard_us",)

    def __init__(self, topic: str, since_us: int) -> None:
        super().__init__(topic, since_us)
        self.heard_us: int | None = None

    def update(self, message: Any, now_us: int) -> bool:
        if self._source is None or getattr(message, "source", "") != self._source:
            self._hear(message)
        self.heard_us = now_us
        return True

    def is_silent(self, window_us: int, now_us: int) -> bool | None:
        """Whether nothing was heard for so long; None where nobody watched for so long."""
        if self.heard_us is not None and now_us - self.heard_us < window_us:
            return False
        return True if now_us - self.since_us >= window_us else None

    def next_change(self, window_us: int, now_us: int) -> int | None:
        """When it will be absent if nothing comes, or known to be."""
        heard_us = -NEVER if self.heard_us is None else self.heard_us
        due = [at_us + window_us for at_us in (heard_us, self.since_us) if at_us + window_us > now_us]
        return min(due, default=None)


def topic_of(node: Series | Events) -> str:
    """The topic, or the pattern of topics, that it is read from."""
    match node:
        case Events(kind=kind, subject=subject):
            return f"event:{kind}:{subject or '*'}"
        case Series(kind="sample", names=(name, subject)):
            return f"sample:{name}:{subject}"
        case Series(kind="price" | "size", names=(symbol,)):
            return f"trade:{symbol}"
    return f"quote:{node.names[0]}"


def _place(function: str, window_us: int) -> tuple[str, int]:
    # which window a function reads: some share one
    return ("held" if function == "change_pct" else READS[function][0]), window_us


def _spread_bps(quote: Any) -> float:
    mid = quote.mid
    return (quote.ask - quote.bid) / mid * 10_000.0 if mid else _INF


_READERS: dict[str, Callable[[Any], float]] = {
    "price": attrgetter("price"), "size": attrgetter("size"), "bid": attrgetter("bid"), "ask": attrgetter("ask"),
    "mid": attrgetter("mid"), "spread_bps": _spread_bps, "sample": attrgetter("value"),
}  # fmt: skip
