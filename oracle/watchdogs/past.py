"""What a watchdog remembers when its life begins: its own past input, and what it wants to be taught of older times.

It is a function of what was stored up to where the life began, so a replay that begins there remembers the same, whatever has
come in since.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from operator import itemgetter
from typing import Any

import attrs

from oracle.history import Bound, Queries, Tape
from oracle.history.bars import Upto, interval_us
from oracle.model import Bar
from oracle.patterns import Patterns
from oracle.watchdogs.decider import Bars, Mean, Means, Memory
from oracle.watchdogs.plausible import are_plausible

__all__ = ["Past", "Since", "past_of", "remember"]

MOST_MESSAGES = 100_000  # shown at a start; older ones are left out
MOST_BARS = 400_000  # taught at a start, over all symbols; the symbols that come last in the alphabet are left out
NUMBERS = itemgetter("open", "high", "low", "close", "volume")
FIELDS = tuple(name for name in Bar.__struct_fields__ if name != "closed")
_PAGE = 10_000


@attrs.frozen
class Since:
    """Where a life begins: after the message at `offset` of an epoch, at `at_us`, without the `skipped` messages, which crashed
    a life before: the offset and the publish time of each. A life before in the same process watched until `watched_us`; 0 for
    none, then somebody watched until the run before had ended."""

    epoch: str
    offset: int
    at_us: int
    skipped: tuple[tuple[int, int], ...] = ()
    watched_us: int = 0


Past = Callable[[Any, Since], Awaitable[Memory]]


def past_of(queries: Queries, tape: Tape) -> Past:
    """The past of a decider, as it is stored there."""

    async def past(decider: Any, since: Since) -> Memory:
        return await remember(queries, tape, decider, since)

    return past


async def remember(queries: Queries, tape: Tape, decider: Any, since: Since) -> Memory:
    """What `decider` takes in before a life that begins `since`. Raises Refused: `timeout`, `unavailable`."""
    bound = Bound(since.epoch, since.offset)
    from_us = since.at_us - round(decider.memory_s * 1e6)
    lessons: list[Bar | Mean] = []
    wishes = getattr(decider, "lessons", ())
    upto = await tape.upto(bound) if any(isinstance(wish, Bars) for wish in wishes) else Upto(0, 0)
    for wish in wishes:
        match wish:
            case Bars():
                lessons += await _bars(queries, wish, from_us, since.at_us, upto)
            case Means():
                lessons += await _means(tape, wish, from_us, since.at_us, bound)
    messages = await tape.recent(Patterns((*decider.listens, "gap:*")), from_us, bound, MOST_MESSAGES)
    skipped = frozenset(since.skipped)
    told = [(one.time_us, one.message) for one in messages if (one.offset, one.time_us) not in skipped]
    watched_us = since.watched_us or await tape.ended_us_before(since.epoch)
    return Memory(lessons, told, watched_us, cut=len(messages) == MOST_MESSAGES, stored=upto.seq)


async def _bars(queries: Queries, wish: Bars, until_us: int, now_us: int, upto: Upto) -> list[Bar]:
    width_us = interval_us(wish.interval)
    until_us -= until_us % width_us
    rows: list[dict[str, Any]] = []
    for symbol in await queries.bar_symbols(upto):
        if not wish.watches(symbol):
            continue
        cursor: str | None = None
        while len(rows) < MOST_BARS:
            page = await queries.bars(
                symbol, wish.interval, now_us - round(wish.span_s * 1e6), until_us, limit=_PAGE, cursor=cursor, upto=upto
            )
            rows += page.items
            cursor = page.next
            if cursor is None:
                break
    bars = [_bar(row) for row in rows if are_plausible(*NUMBERS(row))]
    return sorted(bars, key=lambda bar: bar.ts_us)


async def _means(tape: Tape, wish: Means, until_us: int, now_us: int, bound: Bound) -> list[Mean]:
    bucket_us = round(wish.bucket_s * 1e6)
    from_us, until_us = (at - at % bucket_us for at in (now_us - round(wish.span_s * 1e6), until_us))
    found = await tape.means(wish.names, bucket_us, from_us, until_us, bound, wish.least, wish.most)
    return [Mean(name, subject, ts_us, wish.bucket_s, count, total) for name, subject, ts_us, count, total in found]


def _bar(row: dict[str, Any]) -> Bar:
    return Bar(closed=True, **{name: row[name] for name in FIELDS})
