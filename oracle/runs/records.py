"""All runs, those on the board and those in the history, as one: one of them, or a page of a sorted list.

Those that are not over are on the board alone, and few; those that are over are rows of the table `run`, also while they are
still on the board. So a list is made of what the database sorts and of what is sorted here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import attrs
import msgspec
import trio

from actors import Refused
from oracle.board import Board
from oracle.history import Store
from oracle.history import runs as table
from oracle.history.page import MAX_LIMIT
from oracle.history.reader import Reader, RunSync
from oracle.history.retention import DAY_US, EXPERIMENT_DAYS, KEEP_DAYS, experiment_days
from oracle.model import State
from oracle.runs.run import OVER, Run, run_of
from oracle.runs.wanted import RunFilter, key_of, rank

__all__ = ["EVERYTHING", "RunFilter", "RunRecords"]

T = TypeVar("T")

EVERYTHING = RunFilter()
"""Asks for every run."""


@attrs.frozen
class _Mark:
    """Of the runs on the board: which have a row, up to `seq`, though they are at work (it is on disk before the board says that
    its run is over, and for long where an answer was lost); and which are over without one, from before there were rows."""

    seq: int
    stored: frozenset[str]
    unstored: frozenset[str]


@attrs.frozen
class _Ask:
    """What is asked for, with the states of the moment."""

    states: list[State]
    mark: _Mark | None
    kinds: frozenset[str]
    where: RunFilter
    oldest_us: Mapping[str, int]
    sort: str = "created"
    descending: bool = True
    limit: int = 0
    offset: int = 0


class RunRecords:
    """Reads beside the writer, each in a thread, within `deadline_s` seconds. Refused: `invalid`, `timeout`, `unavailable`.

    Of what has been over for longer than it is kept nothing is shown: experiments for the days that the dashboard's configuration
    says, others for `keep_days`.
    """

    def __init__(
        self, board: Board, store: Store, now_us: Callable[[], int], keep_days: int = KEEP_DAYS["run"],
        run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0,
    ) -> None:
        self._board = board
        self._now_us = now_us
        self._keep_days = keep_days
        self._reader = Reader(store, run_sync, deadline_s)
        self._mark: _Mark | None = None

    @property
    def reader(self) -> Reader:
        """For further questions about runs, so that all of them together take no more threads."""
        return self._reader

    async def one(self, ident: str) -> Run | None:
        """A run as it is now; None where there is none, or where it has been over for too long."""
        value = self._board.get(f"run:{ident}")
        if value is None:
            found = await self._reader.read(lambda at: table.newest(at, ident))
            value = None if found is None else msgspec.json.decode(found)
        return None if value is None or _is_past(value, self.oldest_us()) else run_of(value)

    async def page(
        self, kinds: Collection[str] = (), where: RunFilter = EVERYTHING, sort: str = "created", descending: bool = True,
        limit: int = 50, offset: int = 0,
    ) -> tuple[list[Run], int]:
        """Runs `offset`.. of the sorted list of these kinds (none: of all), `limit` of them, and how many there are in it.

        `sort` is one of `oracle.history.runs.SORTS`. What nobody said comes last; those that are equal are sorted by id, in the
        same direction.
        """
        if sort not in table.SORTS:
            raise Refused(f"{sort!r} is none of {', '.join(table.SORTS)}", "invalid", {"sort": sort})
        if not (0 <= limit <= MAX_LIMIT and 0 <= offset < 2**53):
            raise Refused(f"{limit} runs from {offset} on are no page", "invalid", {"limit": limit, "offset": offset})
        ask = self._ask(kinds, where, sort, descending, limit, offset)
        chosen, total = await self._read(ask, lambda at, live: _chosen(at, ask, live))
        return [run_of(value) for value in chosen], total

    def oldest_us(self) -> dict[str, int]:
        """By kind, the first end that is still shown; "" stands for the other kinds."""
        days = experiment_days(self._board.get("config:dashboard"), EXPERIMENT_DAYS)
        now_us = self._now_us()
        return {"experiment": now_us - days * DAY_US, "": now_us - self._keep_days * DAY_US}

    async def measured(
        self, kinds: Collection[str], where: RunFilter, work: Callable[[Any, table.Filter, list[dict[str, Any]]], T]
    ) -> T:
        """What `work(cursor, wanted, live)` returns: `wanted` are conditions of the table `run`, `live` the values of those that
        the table does not have; both together are all runs of these kinds that are asked for, each once."""
        ask = self._ask(kinds, where)
        return await self._read(ask, lambda at, live: work(at, _kept(ask), live))

    def _ask(self, kinds: Collection[str], where: RunFilter, *page: Any) -> _Ask:
        return _Ask(self._board.kind("run"), self._mark, frozenset(kinds), where, self.oldest_us(), *page)

    async def _read(self, ask: _Ask, work: Callable[[Any, list[dict[str, Any]]], T]) -> T:
        def read(at: Any) -> tuple[_Mark, T]:
            mark = _look(at, ask)
            return mark, work(at, _on_board(ask, mark))

        mark, found = await self._reader.read(read)
        if self._mark is None or self._mark.seq < mark.seq:
            self._mark = mark
        return found


# ---- in the thread


def _look(at: Any, ask: _Ask) -> _Mark:
    alive = {state.value["id"] for state in ask.states if state.value and state.value["status"] not in OVER}
    if ask.mark is None:
        over = {state.value["id"] for state in ask.states if state.value} - alive
        seq, stored = table.stored(at, alive | over)
        return _Mark(seq, frozenset(stored & alive), frozenset(over - stored))
    seq, fresh = table.since(at, ask.mark.seq)
    return _Mark(seq, frozenset(ask.mark.stored & alive | fresh), ask.mark.unstored)


def _on_board(ask: _Ask, mark: _Mark) -> list[dict[str, Any]]:
    """The values of those that the board alone has."""
    found = [
        v for state in ask.states if (v := state.value) and (not ask.kinds or v["kind"] in ask.kinds)
        and v["id"] not in mark.stored
        and (v["status"] not in OVER or (v["id"] in mark.unstored and not _is_past(v, ask.oldest_us)))
    ]  # fmt: skip
    return found if ask.where == EVERYTHING else [value for value in found if ask.where.takes(value)]


def _chosen(at: Any, ask: _Ask, live: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    wanted = _kept(ask)
    total = len(live) + table.count(at, wanted)
    # as many of the stored ones come before the page, at least, as are before it without those at work
    skip = max(0, ask.offset - len(live))
    stored = table.rows_from(at, wanted, ask.sort, ask.descending, ask.limit + ask.offset - skip, skip)
    ours = [(*rank(key_of(v, ask.sort), v["id"], ask.descending), v) for v in live]
    theirs = [(*rank(key, ident, ask.descending), place) for key, ident, place in stored]
    first = heapq.nlargest if ask.descending else heapq.nsmallest  # no two have one id, so what is behind it is not compared
    both: list[Any] = sorted([*first(ask.offset + ask.limit, ours), *theirs], reverse=ask.descending)
    lot = both[ask.offset - skip :][: ask.limit]
    texts = table.values(at, [one for *_, one in lot if isinstance(one, int)])
    return [msgspec.json.decode(texts[one]) if isinstance(one, int) else one for *_, one in lot], total


def _kept(ask: _Ask) -> table.Filter:
    return ask.where.sql().one_of("kind", ask.kinds).not_past(ask.kinds, ask.oldest_us)


def _is_past(value: Mapping[str, Any], oldest_us: Mapping[str, int]) -> bool:
    oldest = oldest_us.get(value["kind"], oldest_us[""])
    return value["status"] in OVER and (value["finished_us"] or value["created_us"]) < oldest
