"""Rows of files: CSV, Parquet and recordings of exchanges, in the order they stand there, as (time, kind, messages)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from oracle.feeds.binance import Binance
from oracle.feeds.binance_futures import BinanceFutures
from oracle.feeds.coinbase import Coinbase
from oracle.feeds.kraken import Kraken
from oracle.feeds.statistics import Parsed
from oracle.history.database import parquet_rows
from oracle.problems import Invalid
from oracle.pushed.rows import message_of
from oracle.pushed.texts import typed
from oracle.recording import read_recording

__all__ = ["check_regular", "rows_of"]

VENUES: dict[str, type] = {
    "stream.binance.com": Binance, "fstream.binance.com": BinanceFutures, "ws.kraken.com": Kraken,
    "ws-feed.exchange.coinbase.com": Coinbase, "ws-feed.pro.coinbase.com": Coinbase,
}  # fmt: skip
TIMES = ("ts", "ts_us", "timestamp", "time", "datetime", "date")

Row = tuple[int, str, tuple[Any, ...]]


def rows_of(path: Path, kind: str, columns: Mapping[str, str], constants: Mapping[str, str], source: str) -> Iterator[Row]:
    """Time, kind and messages of each row; a row that makes no sense has the kind `bad:FIELD`, and none. Lines of a CSV file that
    are no row of its table are `bad:row`, those that are not UTF-8 `bad:encoding`, those of a recording that are no frame
    `bad:line`. Raises OSError where the file can't be read, or is none that is known."""
    check_regular(path)
    match path.suffix.lower():
        case ".rec":
            yield from _recorded(path, source)
        case ".parquet":
            yield from _tabled(parquet_rows(path), kind, columns, constants, source)
        case ".csv":
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
                yield from _tabled(_records(lines), kind, columns, constants, source)
        case other:
            raise OSError(f"{path.name}: files of {other or 'no'} ending are not known; there are .csv, .parquet and .rec")


def _records(lines: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """The rows of a CSV file by column, or what is wrong with one."""
    rows = csv.DictReader(lines)
    while True:
        try:
            row = next(rows, None)
        except csv.Error:  # a cell of over 128 KiB
            yield "row"
            continue
        if row is None:
            return
        if None in row:  # more cells than the head has columns
            yield "row"
        elif any(cell and "\ufffd" in cell for cell in row.values()):
            yield "encoding"
        else:
            yield row


def _tabled(
    rows: Iterator[dict[str, Any] | str], kind: str, columns: Mapping[str, str], constants: Mapping[str, str], source: str
) -> Iterator[Row]:
    at_us = 0
    for row in rows:
        if isinstance(row, str):
            yield at_us, f"bad:{row}", ()
            continue
        fields = {"kind": kind, **constants}
        wanted = columns or {name: name for name in row if name not in TIMES}
        fields |= {name: row.get(column) for name, column in wanted.items() if row.get(column) not in (None, "")}
        if "ts" not in fields:
            fields["ts"] = next((row[name] for name in TIMES if row.get(name)), None)
        try:
            message = message_of(typed(kind, fields), source, LATEST_US, ())
        except Invalid as invalid:
            yield at_us, f"bad:{invalid.problems[0].where or 'row'}", ()
            continue
        at_us = max(at_us, message.ts_us)
        yield at_us, kind, (message,)


def _recorded(path: Path, source: str) -> Iterator[Row]:
    recording = read_recording(path, strict=False)
    host = _host_of(recording.url)
    if not host:
        raise OSError(f"{path.name} has no line that says of which exchange it is: URL <-> SECONDS")
    venue = VENUES.get(host)
    if venue is None:
        raise OSError(f"{path.name} is of {host}, which is not known")
    feed = venue().child(source).build()
    feed.opening()
    parse: Callable[[str, int], Parsed] = feed.parse
    bad = Counter(recording.bad)
    for place, frame in enumerate(recording.frames):
        yield from repeat((frame.at_us, "bad:line", ()), bad[place])
        yield frame.at_us, *parse(frame.text, frame.at_us)
    yield from repeat((recording.opened_us, "bad:line", ()), bad[len(recording.frames)])


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # half an address in brackets
        return ""


def check_regular(path: Path) -> None:
    """Raises OSError for what is no file to read from its begin to its end: whoever opens a pipe waits until somebody writes, and
    a device may never end."""
    if not path.is_file():
        path.stat()  # which says why, where there is nothing
        raise OSError(f"{path.name or path} is a {_kind_of(path)}, not a regular file")


def _kind_of(path: Path) -> str:
    return "directory" if path.is_dir() else "pipe" if path.is_fifo() else "socket" if path.is_socket() else "device"


LATEST_US = 253_402_300_799_999_999 - 2 * 86_400_000_000  # the rows of a file may be of any time
