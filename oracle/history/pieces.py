"""How far the output of runs goes, as it is stored."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.history.failure import translated
from oracle.history.store import Store

__all__ = ["ends"]


def ends(store: Store, runs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of each of these runs that has put something out: the number of its last piece, and the bytes of all. Raises Broken."""
    months = store.months("output")
    if not runs or not months:
        return {}
    every = " UNION ALL ".join(f"SELECT run, n, text FROM {name}" for name in months)
    sql = (
        f"SELECT run, max(n), sum(strlen(text)) FROM ({every}) WHERE run IN (SELECT unnest(?::VARCHAR[])) GROUP BY run"
    )
    with translated(), store.reading() as cursor:
        return {run: (int(last), int(size)) for run, last, size in cursor.execute(sql, [list(runs)]).fetchall()}
