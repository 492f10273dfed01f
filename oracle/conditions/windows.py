"""What conditions are evaluated on: the last values, windows and silences that somebody wants, each kept once.

No clock: time is that of the messages and of whoever asks, and never goes back. What was told before a listener or a window
was wanted is not in it; it is watched from then on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import attrs

from oracle.conditions.closures import Run, closure, window_of
from oracle.conditions.foresight import Ahead, Foresight, foresight
from oracle.conditions.listeners import NEVER, Listener, Numbers, Sightings, Silence, topic_of
from oracle.conditions.rolling import Rolling
from oracle.conditions.tree import Absent, Comparison, Events, Expression, Node, Over, Series
from oracle.model import Gap, Quote, Trade

__all__ = ["Windows", "evaluate", "next_change"]

_MOST_ROUTES = 65_536
_FEW_MISSING = re.compile(r"(book|\d+ trades) of ")


_Route = tuple[tuple[Callable[[Any, int], bool], str], ...]  # how each listener is told, and its key


@attrs.define
class _Plan:
    """A wanted expression: how often, how it is evaluated, and what changes by itself."""

    run: Run
    timed: tuple[Any, ...]  # functions of the instant
    foresight: Foresight | None
    rolling: tuple[Rolling, ...]  # where it is a comparison that may be foreseen: none of them known, it is not known
    wants: int = 1


class Windows:
    """Takes messages once for all expressions that were wanted, and answers for these."""

    def __init__(self) -> None:
        self._plans: dict[Expression, _Plan] = {}
        self._listeners: dict[str, dict[str, Listener]] = {}  # by topic or pattern, then by key
        self._routes: dict[str, _Route] = {}
        self._trades: dict[str, _Route] = {}  # the same by symbol
        self._quotes: dict[str, _Route] = {}
        self._now_us = -1

    @property
    def buckets(self) -> int:
        """How many buckets all windows hold: what its memory grows with."""
        return sum(len(window) for one in self._all() for window in one.windows.values())

    @property
    def refused(self) -> int:
        """How many values were no finite numbers, counted once for each series."""
        return sum(one.refused for one in self._all() if isinstance(one, Numbers))

    def want(self, expression: Expression, now_us: int | None = None) -> None:
        """Evaluate this one from now on (without `now_us`: from the last instant that is known of, or the first to come)."""
        plan = self._plans.get(expression)
        if plan is not None:
            plan.wants += 1
            return
        since_us = self._pass(now_us) if now_us is not None else self._now_us
        since_us = NEVER if since_us < 0 else since_us
        for node in expression.nodes:
            self._open(node, since_us)
        self._forget_routes()
        timed = [clock for node in expression.nodes if (clock := self._clock(node))]
        look = foresight(expression.root, self)
        over = [node for node in expression.nodes if isinstance(node, Over)] if look else []
        rolling = [window_of(self, node) for node in over] if isinstance(expression.root, Comparison) else []
        self._plans[expression] = _Plan(closure(expression.root, self), tuple(timed), look, tuple(rolling))

    def drop(self, expression: Expression) -> None:
        """Want it once less; what nobody wants is forgotten. Raises KeyError for one that nobody wanted."""
        plan = self._plans[expression]
        plan.wants -= 1
        if plan.wants:
            return
        del self._plans[expression]
        for node in expression.nodes:
            self._close(node)
        self._forget_routes()

    def update(self, message: Any, now_us: int) -> tuple[str, ...]:
        """Take a message published at `now_us` (UTC microseconds); the keys (`series`) of what has something new by it that is
        of use."""
        if 0 <= self._now_us < now_us:
            self._now_us = now_us  # what `_pass` would do, without a call
        else:
            now_us = self._pass(now_us)
        kind = message.__class__
        ticks = self._trades if kind is Trade else self._quotes if kind is Quote else None
        route = None if ticks is None else ticks.get(message.symbol)  # which is cheaper than its topic
        if route is None:
            route = self._route(message.topic)
            if ticks is not None:
                ticks[message.symbol] = route
        found: tuple[str, ...] = ()
        for update, key in route:
            if update(message, now_us):
                found = (*found, key)
        return found

    def on_gap(self, gap: Gap) -> None:
        """Nobody watched: windows and absences that reach into the gap are not known until they are past it.

        A gap of `watchdog` is one of everything, one of a feed of what that feed alone has told; a few messages of one symbol
        that a feed did miss are none.
        """
        self._pass(gap.to_us)
        feed = gap.who.removeprefix("feed:")
        if gap.who != "watchdog" and (feed == gap.who or _FEW_MISSING.match(gap.reason)):
            return
        for listener in self._all():
            if gap.who == "watchdog" or listener.heard_only(feed):
                listener.restart(gap.to_us, gap.to_us - gap.from_us)

    def value(self, expression: Expression, now_us: int) -> float | bool | None:
        """What it is at an instant; None: not known. Raises KeyError for one that nobody wanted."""
        value: float | bool | None = self._plans[expression].run(self._pass(now_us))
        return value

    def next_change(self, expression: Expression, now_us: int) -> int | None:
        """The earliest instant after `now_us` at which it may be another merely because time passes."""
        plan, now_us = self._plans[expression], self._pass(now_us)
        due = [at_us for clock in plan.timed if (at_us := clock(now_us)) is not None and at_us < NEVER]
        return min(due, default=None)

    def foresees(self, expression: Expression, ahead: Ahead) -> bool:
        """Whether a condition is bound to keep its truth as long as what is assumed holds; False where that can't be said."""
        look = self._plans[expression].foresight
        if look is None:
            return False
        now_us = self._pass(ahead.now_us)
        return look(ahead if now_us == ahead.now_us else attrs.evolve(ahead, now_us=now_us)) is not None

    def unknown_until(self, expression: Expression, now_us: int) -> int | None:
        """Before which instant a condition can't be known, since nobody has watched its windows for long enough; None where it
        may be known now, or that can't be said."""
        known_us = max((window.known_us for window in self._plans[expression].rolling), default=now_us)
        return known_us if known_us > now_us else None

    def listener(self, node: Node) -> Any:
        """What reads a series, events or an absence that is part of a wanted expression."""
        topic, key = _place(node)
        return self._listeners[topic][key]

    def listeners(self, expression: Expression) -> list[Listener]:
        """Who hears what a wanted expression reads, by key."""
        nodes = [node for node in expression.nodes if isinstance(node, Series | Events | Absent)]
        found = {listener.key: listener for listener in map(self.listener, nodes)}
        return [found[key] for key in sorted(found)]

    def _all(self) -> Iterable[Listener]:
        return (listener for listeners in self._listeners.values() for listener in listeners.values())

    def _pass(self, now_us: int) -> int:
        last_us = self._now_us
        if now_us <= last_us:
            return last_us
        self._now_us = now_us
        if last_us < 0:
            for listener in self._all():
                listener.begin(now_us)
        return now_us

    def _open(self, node: Node, since_us: int) -> None:
        if isinstance(node, Series | Events | Absent):
            topic, key = _place(node)
            listeners = self._listeners.setdefault(topic, {})
            listener = listeners.get(key) or _listener(node, since_us)
            listener.wants += 1
            listeners[key] = listener
        elif isinstance(node, Over):
            self._open(node.of, since_us)
            self.listener(node.of).open(node.function, node.window_us, since_us)

    def _close(self, node: Node) -> None:
        if isinstance(node, Series | Events | Absent):
            topic, key = _place(node)
            listener = self._listeners[topic][key]
            listener.wants -= 1
            if not listener.wants:
                del self._listeners[topic][key]
                if not self._listeners[topic]:
                    del self._listeners[topic]
        elif isinstance(node, Over):
            self.listener(node.of).close(node.function, node.window_us)
            self._close(node.of)

    def _clock(self, node: Node) -> Any:
        if isinstance(node, Over):
            return window_of(self, node).next_change
        if isinstance(node, Absent):
            silence = self.listener(node)
            return lambda now_us: silence.next_change(node.window_us, now_us)
        return None

    def _forget_routes(self) -> None:
        for routes in self._routes, self._trades, self._quotes:
            routes.clear()

    def _route(self, topic: str) -> _Route:
        known = self._routes.get(topic)
        if known is not None:
            return known
        if len(self._routes) >= _MOST_ROUTES:
            self._forget_routes()
        found = list(self._listeners.get(topic, {}).values())
        end = topic.find(":")
        while end >= 0:
            found += self._listeners.get(topic[: end + 1] + "*", {}).values()
            end = topic.find(":", end + 1)
        route = self._routes[topic] = tuple((listener.update, listener.key) for listener in found)
        return route


def evaluate(expression: Expression, windows: Windows, now_us: int) -> float | bool | None:
    """The value of an expression that `windows` was told to want: a number, a truth, or None where it is not known."""
    return windows.value(expression, now_us)


def next_change(expression: Expression, windows: Windows, now_us: int) -> int | None:
    """The earliest instant after `now_us` at which the value may change though nothing is heard; None: at none."""
    return windows.next_change(expression, now_us)


@lru_cache(maxsize=8_192)
def _place(node: Node) -> tuple[str, str]:
    return (node.topic, node.topic) if isinstance(node, Absent) else (topic_of(node), str(node))


def _listener(node: Node, since_us: int) -> Listener:
    match node:
        case Series():
            return Numbers(node, since_us)
        case Events():
            return Sightings(node, since_us)
    return Silence(node.topic, since_us)
