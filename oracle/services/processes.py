"""How busy our own processes are: this one, and the workers that compute for it. Read when somebody asks, else never."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import attrs
import trio

__all__ = ["Load", "Processes"]

MIB = 1024 * 1024
APART_S = 1.0  # readings that are kept are so far apart at least
KEPT = 512


@attrs.frozen
class Load:
    """Of this process (`own`), and of it with its workers (`all`): percent of one processor, so that two which are busy are 200,
    and megabytes held now. `bytes_per_s` is what runs moved. All but memory is None where no time has passed to say it of."""

    own_cpu_pct: float | None
    all_cpu_pct: float | None
    own_memory_mb: float
    all_memory_mb: float
    bytes_per_s: float | None


@attrs.frozen
class _Reading:
    at_s: float
    own_s: float  # processor seconds so far
    all_s: float
    moved: Mapping[str, int] = attrs.field(factory=dict)  # bytes so far, by run


class Processes:
    """Remembers earlier readings, 512 at most, so that each who asks is told over a time of its own. Made inside a running
    trio."""

    def __init__(self) -> None:
        now = os.times()
        own_s = now.user + now.system
        first = _Reading(trio.current_time(), own_s, own_s + now.children_user + now.children_system)
        self._readings = deque([first], KEPT)

    def load(self, interval_s: float, moved: Mapping[str, int], older: AbstractSet[str] = frozenset()) -> Load:
        """How busy they were since the newest reading that is `interval_s` seconds old, the oldest where none is. `moved` are the
        bytes of each run so far; of those that are `older` than this process they count from when they are first seen."""
        (own, own_mb), *workers = _each()
        own_s, all_s = own.user + own.system, sum(map(_with_children_s, (own, *(times for times, _ in workers))))
        now = _Reading(trio.current_time(), own_s, all_s, dict(moved))
        before = self._before(now.at_s - interval_s)
        if now.at_s - self._readings[-1].at_s >= APART_S:
            self._readings.append(now)
        over_s = now.at_s - before.at_s
        all_mb = own_mb + sum(memory_mb for _, memory_mb in workers)
        if over_s <= 0:
            return Load(None, None, own_mb, all_mb, None)
        came = sum(max(0, count - before.moved.get(run, count if run in older else 0)) for run, count in now.moved.items())
        own_pct, all_pct = (100 * max(0.0, spent_s) / over_s for spent_s in (now.own_s - before.own_s, now.all_s - before.all_s))
        return Load(own_pct, all_pct, own_mb, all_mb, came / over_s)

    def _before(self, at_s: float) -> _Reading:
        return next((reading for reading in reversed(self._readings) if reading.at_s <= at_s), self._readings[0])


def _each() -> Iterator[tuple[Any, float]]:
    """Processor times and megabytes of this process, and then of each of its workers that is alive."""
    import psutil  # 40 ms, and nobody asks in most runs

    own = psutil.Process()
    yield own.cpu_times(), own.memory_info().rss / MIB
    for worker in own.children(recursive=True):
        try:
            with worker.oneshot():
                row = worker.cpu_times(), worker.memory_info().rss / MIB
        except psutil.Error:  # it has ended since
            continue
        yield row


def _with_children_s(times: Any) -> float:
    """Processor seconds of a process, and of those of its children that have ended: so the sum never falls as one ends."""
    seconds: float = times.user + times.system + times.children_user + times.children_system
    return seconds
