"""Turns messages into column arrays; the only place in history that knows numpy.

Conversion holds the interpreter lock, so each column is one short step and `pause` is called between steps: the event
loop gets its turn within a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from oracle.history.schema import Table

__all__ = ["BAR_COLUMNS", "Columns", "Unfit", "bar_columns", "to_columns"]

Columns = dict[str, Any]
Pause = Callable[[], object]

_DTYPES: dict[str, Any] = {"BIGINT": np.int64, "DOUBLE": np.float64, "VARCHAR": object, "BOOLEAN": np.bool_}

BAR_COLUMNS: dict[str, Any] = {
    "symbol": object, "interval": object, "ts_us": np.int64, "open": np.float64, "high": np.float64, "low": np.float64,
    "close": np.float64, "volume": np.float64, "trades": np.int64, "source": object,
}


class Unfit(ValueError):
    """A row holds a value its column can't: the row's fault, so trying again is useless."""


def to_columns(table: Table, rows: Sequence[Any], seqs: Sequence[int], pause: Pause) -> Columns:
    """Column arrays of published rows (`offset`, `time_us`, `message`); `seqs` are their places in the queue.

    Raises Unfit.
    """
    messages = [row.message for row in rows]
    lead: list[tuple[str, str, Callable[[], Any]]] = [
        ("seq", "BIGINT", lambda: seqs),
        ("offset", "BIGINT", lambda: [row.offset for row in rows]),
        ("pub_us", "BIGINT", lambda: [row.time_us for row in rows]),
        ("ts_us", "BIGINT", lambda: [m.ts_us for m in messages]),
    ]
    columns: Columns = {}
    lead += [(c.name, c.type, partial(c.of, messages)) for c in table.columns]
    for name, type_, values in lead:
        columns[name] = _array(name, values, _DTYPES[type_])
        pause()
    return columns


def bar_columns(given: Mapping[str, Any]) -> Columns:
    """The arrays of `BAR_COLUMNS`, all of one length; a single text is repeated for each row. Raises Unfit."""
    missing, unknown = BAR_COLUMNS.keys() - given.keys(), given.keys() - BAR_COLUMNS.keys()
    if missing or unknown:
        raise Unfit(f"bars lack {sorted(missing)} and have unknown {sorted(unknown)}")
    length = len(given["ts_us"])
    columns: Columns = {}
    for name, dtype in BAR_COLUMNS.items():
        value = given[name]
        spread = np.full(length, value, dtype=object) if isinstance(value, str) else value
        columns[name] = _array(name, partial(_same, spread), dtype)
        if columns[name].shape != (length,):
            raise Unfit(f"column {name} has {columns[name].shape} values, ts_us has {length}")
    return columns


def _array(name: str, values: Callable[[], Any], dtype: Any) -> Any:
    try:
        return np.array(values(), dtype=dtype)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise Unfit(f"{name}: {error}") from error


def _same(value: Any) -> Any:
    return value
