"""When a watchdog was alive: from where each of its lives began until it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from oracle.history.lines import RunOf
from oracle.watchdogs.past import Since

__all__ = ["Life", "lives_of", "virtual_life"]


@attrs.frozen
class Life:
    """It took the messages `since.offset` < offset <= `until` of its epoch; at `ended_us` its time was over."""

    since: Since
    until: int
    ended_us: int


def lives_of(began: Iterable[Since], ended: Iterable[tuple[str, int, int]], runs: Sequence[RunOf]) -> list[Life]:
    """All lives in order. `ended`: (epoch, offset, publish time) of each stop, crash or failure. A life that a SIGKILL ended
    goes as far as its run was stored."""
    order = {run.epoch: place for place, run in enumerate(runs)}
    starts = sorted((one for one in began if one.epoch in order), key=lambda one: (order[one.epoch], one.at_us))
    ends = sorted(ended, key=lambda one: (order.get(one[0], -1), one[1]))
    lives = []
    for place, since in enumerate(starts):
        run = runs[order[since.epoch]]
        until, ended_us = run.last_offset, run.ended_us
        for epoch, offset, time_us in ends:
            if epoch == since.epoch and time_us >= since.at_us:
                until, ended_us = min((until, ended_us), (offset, time_us))
                break
        following = starts[place + 1] if place + 1 < len(starts) else None
        if following is not None and following.epoch == since.epoch and following.offset < until:
            until, ended_us = following.offset, following.at_us  # what it had not handled yet is its successor's
        lives.append(Life(since, until, ended_us))
    return lives


def virtual_life(runs: Sequence[RunOf], offset: int, from_us: int) -> list[Life]:
    """The life of one that begins at `from_us`, after `offset` of the run of then, and goes through all later runs."""
    lives = []
    for run in runs:
        if run.ended_us <= from_us:
            continue
        first = run.began_us <= from_us or not lives
        since = Since(run.epoch, offset if run.began_us <= from_us else 0, max(from_us, run.began_us) if first else run.began_us)
        lives.append(Life(since, run.last_offset, run.ended_us))
    return lives
