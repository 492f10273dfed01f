"""Turns messages into column arrays; the only place in history that knows numpy.

Conversion holds the interpreter lock, so it goes in slices, and `pause` is called after each: the event loop gets its turn
within a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from oracle.history.schema import WORD, Table

__all__ = ["BAR_COLUMNS", "SLICE", "Columns", "Numbers", "Pause", "Unfit", "bar_columns", "to_columns"]

SLICE = 1024  # rows

Columns = dict[str, Any]
Pause = Callable[[], object]
Numbers = Callable[[Sequence[str]], list[int]]

_DTYPES: dict[str, Any] = {"BIGINT": np.int64, "DOUBLE": np.float64, "VARCHAR": object, "BOOLEAN": np.bool_, WORD: np.int32}

_UNFIT = (TypeError, ValueError, OverflowError, AttributeError, RecursionError)

BAR_COLUMNS: dict[str, Any] = {
    "symbol": object, "interval": object, "ts_us": np.int64, "open": np.float64, "high": np.float64, "low": np.float64,
    "close": np.float64, "volume": np.float64, "trades": np.int64, "source": np.int32,
}


class Unfit(ValueError):
    """A row holds a value its column can't: the row's fault, so trying again is useless."""


def to_columns(table: Table, rows: Sequence[Any], seqs: Sequence[int], numbers: Numbers, pause: Pause | None) -> Columns:
    """Column arrays of published rows (`offset`, `time_us`, `message`); `seqs` are their places in the queue, `numbers`
    gives the numbers of words.

    Raises Unfit.
    """
    types = {"seq": "BIGINT", "offset": "BIGINT", "pub_us": "BIGINT", "ts_us": "BIGINT"}
    types |= {column.name: column.type for column in table.columns}
    dtypes = {name: _DTYPES[type_] for name, type_ in types.items()} | {c.name: object for c in table.columns if c.optional}
    columns = {name: np.empty(len(rows), dtype) for name, dtype in dtypes.items()}
    columns["seq"][:] = np.arange(seqs.start, seqs.stop) if isinstance(seqs, range) else seqs
    for start in range(0, len(rows), SLICE):
        place = slice(start, start + SLICE)
        for name, values in _values(table, rows[place]):
            try:
                columns[name][place] = numbers(values()) if types[name] == WORD else values()
            except _UNFIT as error:
                raise Unfit(f"{name}: {error}") from error
        if pause is not None:
            pause()
    return columns


def bar_columns(given: Mapping[str, Any], numbers: Numbers) -> Columns:
    """The arrays of `BAR_COLUMNS`, all of one length; a single text is repeated for each row. Raises Unfit."""
    missing, unknown = BAR_COLUMNS.keys() - given.keys(), given.keys() - BAR_COLUMNS.keys()
    if missing or unknown:
        raise Unfit(f"bars lack {sorted(missing)} and have unknown {sorted(unknown)}")
    length = len(given["ts_us"])
    columns: Columns = {}
    for name, dtype in BAR_COLUMNS.items():
        value = given[name]
        if name == "source":
            value = numbers([value])[0] if isinstance(value, str) else numbers(list(value))
        spread = np.full(length, value, dtype=dtype) if isinstance(value, (str, int)) else value
        columns[name] = _array(name, partial(_same, spread), dtype)
        if columns[name].shape != (length,):
            raise Unfit(f"column {name} has {columns[name].shape} values, ts_us has {length}")
    return columns


def _values(table: Table, rows: Sequence[Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    messages = [row.message for row in rows]
    yield "offset", lambda: [row.offset for row in rows]
    yield "pub_us", lambda: [row.time_us for row in rows]
    timed = hasattr(table.message, "ts_us")  # else it happened when it was published
    yield "ts_us", lambda: [m.ts_us for m in messages] if timed else [row.time_us for row in rows]
    for column in table.columns:
        yield column.name, partial(column.of, messages)


def _array(name: str, values: Callable[[], Any], dtype: Any) -> Any:
    try:
        return np.array(values(), dtype=dtype)
    except _UNFIT as error:
        raise Unfit(f"{name}: {error}") from error


def _same(value: Any) -> Any:
    return value
