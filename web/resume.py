"""Where a client that comes back stands, and what it is told: a decision without any waiting or reading.

A place is `EPOCH:OFFSET`: one run of the server, and a message of it. Who was told everything up to a place is told what
came after it: the rest of that run and all of the runs in between from history, of the present one too where the ring does
not reach back far enough, and then the ring.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from oracle.history import Past, Span
from web.errors import invalid

__all__ = ["PLACE", "REPLAY_MOST", "Place", "Plan", "Why", "judge", "plan"]

REPLAY_MOST = 100_000  # messages read from history for one client
EPOCH_CHARS = 64
OFFSET_DIGITS = 18
PLACE = {"pattern": f"^([A-Za-z0-9]{{1,{EPOCH_CHARS}}}:[0-9]{{1,{OFFSET_DIGITS}}})?$"}
"""The shape of a place, as a query says it; an empty text is none."""


class Why(enum.StrEnum):
    """Why a client was not told everything since its place."""

    unknown_epoch = "unknown_epoch"  # no run of this server's is called so
    beyond_end = "beyond_end"  # of what a run that is over has stored
    beyond_present = "beyond_present"  # of the present run
    too_much = "too_much"  # more than REPLAY_MOST messages to read
    incomplete = "incomplete"  # some were never stored, or have been dropped with their month
    unavailable = "unavailable"  # the history can't be read now
    too_slow = "too_slow"  # the client took them more slowly than they came


@attrs.frozen
class Place:
    """Everything up to `offset` of `epoch` is known."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"

    @classmethod
    def parse(cls, text: str, place: str = "query") -> Place | None:
        """`EPOCH:OFFSET`; None for an empty text. Raises Invalid, which names the `place` where it stood."""
        if not text:
            return None
        epoch, colon, offset = text.rpartition(":")
        good = colon and 0 < len(epoch) <= EPOCH_CHARS and epoch.isalnum() and len(offset) <= OFFSET_DIGITS
        if not good or not (offset.isascii() and offset.isdecimal()):
            raise invalid("place", [place, "since"], "Input should be EPOCH:OFFSET of the newest message seen", text[:80])
        return cls(epoch, int(offset))


@attrs.frozen
class Plan:
    """Read these spans of history in order, then the ring from the offset `recent` of the present epoch. Where something
    between the client's place and these is lost, they are everything `after` the beginning of the next run."""

    stored: tuple[Span, ...]
    recent: int
    after: Place | None = None

    @property
    def outcome(self) -> dict[str, Any]:
        """What the client is told about it."""
        if self.after is None:
            return {"recovered": True}
        return {"recovered": False, "reason": Why.beyond_end, "after": str(self.after)}


def plan(since: Place, present: Place, ring_after: int, ends: Mapping[str, tuple[int, str]]) -> Plan | Why:
    """What to read for a client at `since` while the newest message is `present` and the ring holds what came after
    `ring_after`; `ends` gives of each run that is over its last stored offset and the run after it."""
    stored: list[Span] = []
    passed: list[str] = []
    at, after = since, None
    while at.epoch != present.epoch:
        if at.epoch not in ends or len(passed) == len(ends):
            return Why.unknown_epoch
        passed.append(at.epoch)
        until, following = ends[at.epoch]
        if at.offset < until:
            stored.append(Span(at.epoch, at.offset, until))
        if at.offset > until:  # it was killed before it had stored what this client had seen, and perhaps more
            after = Place(following, 0)
        at = Place(following, 0)
    if at.offset > present.offset:
        return Why.beyond_present
    if at.offset < ring_after:
        stored.append(Span(present.epoch, at.offset, ring_after))
    return Plan(tuple(stored), max(at.offset, ring_after), after)


def judge(past: Past, most: int = REPLAY_MOST) -> Why | None:
    """Why what is stored can't be told; None where it can."""
    if not past.whole:
        return Why.incomplete
    return Why.too_much if past.count > most else None
