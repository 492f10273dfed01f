"""What the parent tells the process that computes, and what that says: one JSON line each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from oracle.model import Event, Sample

__all__ = ["Begin", "Done", "Go", "Heard", "Series", "Told"]


class Begin(msgspec.Struct, tag=True):
    """A strategy (its kind and settings) and what it is to begin with. Bars before `from_us` are for it to see only; `start` and
    `end` are what was asked for. `sizing`, `orders` and `limits` as in `ask.Wish`; the last three are sections of the
    settings."""

    strategy: str
    kind: str
    table: dict[str, Any]
    from_us: int
    start: dt.date
    end: dt.date
    capital: float
    sizing: str
    orders: str
    limits: bool
    paper: dict[str, Any]
    trading: dict[str, Any]
    risk: dict[str, Any]


class Series(msgspec.Struct, tag=True):
    """The closed bars of a symbol in order, as columns; each is `width_us` long."""

    symbol: str
    interval: str
    width_us: int
    ts_us: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    source: list[str]


class Heard(msgspec.Struct, tag=True):
    """What is to be seen beside bars, in order."""

    samples: list[Sample]
    events: list[Event]


class Go(msgspec.Struct, tag=True):
    """Go on to the bars that begin at `until_us`, without them."""

    until_us: int


class Told(msgspec.Struct, tag=True):
    """It has gone as far as it was to."""


class Done(msgspec.Struct, tag=True):
    """The end: figures, and rows of the result."""

    summary: dict[str, Any]
    rows: list[dict[str, Any]]
