"""Runs that are over, as SQL: sorted pages of the table `run`, one row for each run.

Times are UTC microseconds (`_us`), `duration_s` seconds, `cost_usd` US dollars; accuracy, loss and the tokens are as the run said
them. What nobody said is NULL, and comes last in either direction. Ties are broken by id, in the direction of the page.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oracle.history.page import Filter

__all__ = ["SORTS", "Filter", "count", "newest", "rows_from", "since", "stored", "values"]

SORTS: Mapping[str, str] = {
    "created": "ts_us", "started": "started_us", "finished": "finished_us", "name": "name", "status": "status", "agent": "agent",
    "rounds": "rounds", "rounds_total": "rounds_total", "clients": "clients", "accuracy": "accuracy", "loss": "loss",
    "cost": "cost_usd", "duration": "duration_s", "id": "id",
}  # fmt: skip
"""The column of each key that runs can be sorted by."""

_ONE = "SELECT value FROM run WHERE id = ?"
_COUNT = "SELECT count(*) FROM run WHERE {where}"
# Their values are read of the page's rows alone: they are most of what a row takes.
_PAGE = (
    "SELECT {key}, id, rowid FROM run WHERE {where} ORDER BY {key} {order} NULLS LAST, id {order} LIMIT {limit} OFFSET {offset}"
)
_BY_ID = "SELECT id, id, rowid FROM run WHERE {where} ORDER BY id {order} LIMIT {limit} OFFSET {offset}"
_VALUES = "SELECT rowid, value FROM run WHERE rowid IN (SELECT unnest(?::BIGINT[]))"
_SINCE = "SELECT id, seq FROM run WHERE seq > ? ORDER BY seq"
_KNOWN = "SELECT id FROM run WHERE id IN (SELECT unnest(?::VARCHAR[]))"
_LAST = "SELECT coalesce(max(seq), 0) FROM run"


def newest(at: Any, ident: str) -> str | None:
    """The JSON of one run, None where it is not stored."""
    found = at.execute(_ONE, [ident]).fetchone()
    return found[0] if found else None


def count(at: Any, wanted: Filter) -> int:
    """How many runs there are of those that are wanted."""
    return int(at.execute(_COUNT.format(where=wanted.sql), wanted.parameters).fetchone()[0])


def rows_from(at: Any, wanted: Filter, sort: str, descending: bool, limit: int, offset: int) -> list[tuple[Any, str, int]]:
    """(key, id, place) of one page, for `values`."""
    order = "DESC" if descending else "ASC"
    text = _BY_ID if sort == "id" else _PAGE
    sql = text.format(key=SORTS[sort], where=wanted.sql, order=order, limit=limit, offset=offset)
    return at.execute(sql, wanted.parameters).fetchall()  # type: ignore[no-any-return]


def values(at: Any, places: Sequence[int]) -> dict[int, str]:
    """The JSON of runs by their place, of the same transaction."""
    return dict(at.execute(_VALUES, [list(places)]).fetchall()) if places else {}


def since(at: Any, seq: int) -> tuple[int, set[str]]:
    """The place of the newest row, and the ids of the rows after the place `seq`."""
    rows = at.execute(_SINCE, [seq]).fetchall()
    return (rows[-1][1] if rows else seq), {ident for ident, _ in rows}


def stored(at: Any, idents: Collection[str]) -> tuple[int, set[str]]:
    """The place of the newest row, and those of the ids that have one."""
    found = at.execute(_KNOWN, [list(idents)]).fetchall() if idents else []
    return at.execute(_LAST).fetchone()[0], {ident for (ident,) in found}
