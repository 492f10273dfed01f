"""A market that is a pure function of a seed and of time: any price of any instant, without a history.

The logarithm of a price is a sum of smooth noises, each over four times the time of the one before, from one minute to
two years; weighted so that changes grow with the square root of time, as prices do. Within a minute it runs along 60
seconds of a bridge between the minute's ends, and straight within a second. So a minute's extremes lie on its seconds,
and a bar and the ticks in it cannot disagree. Everything here is numpy over arrays of minutes; one minute is an array
of one.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from oracle.feeds.anomalies import TURNING, Anomalies
from oracle.feeds.instruments import DAY_US, INSTRUMENTS, Instrument, open_minutes, shares_of_day
from oracle.feeds.minute import Minute
from oracle.feeds.mix import key_of
from oracle.model import Bar

__all__ = ["MINUTE_US", "SOURCE", "Market", "backfill"]

Array = Any  # numpy.ndarray

MINUTE_US = 60_000_000
SOURCE = "simulated"

_ANCHOR_S = 1_767_225_600  # 2026-01-01: where each instrument has its nominal level
_FIRST_DAY = 18_993  # 2022-01-01: daily bars begin
_MINUTE_DAYS = 90  # days of 1-minute bars
_STAGED_US = 2 * 60 * MINUTE_US  # anomalies in the backfill: a past full of them would be no baseline to learn from
_CHUNK = 8192  # minutes worked on at once, so that the seconds of all of them stay in the cache
_COARSE = 15  # minutes between the points of daily bars older than the 1-minute bars

_PERIODS_S = tuple(60.0 * 4**k for k in range(11))
_DAMP = (1.0,) * 9 + (0.6, 0.4)  # of the slowest two, which would else take prices to a tenth of their level
_FAST, _SLOW = slice(0, 7), slice(7, None)  # what turns, and what would take a price that turns to another world
_DAY_GAIN = 0.58  # makes the standard deviation of a day's change 1
_SHAPES = 64  # different bridges within a minute
_ROOT3 = 3**0.5
_BLOCK = 14 * 1440  # minutes of the same correlation, on a market with anomalies


class Market:
    """All paths of one seed. `anomalies` None makes a quiet market: never 3 % within two minutes."""

    def __init__(self, seed: int, anomalies: Anomalies | None = None) -> None:
        self._seed = seed
        self._anomalies = anomalies
        self._bridges = _bridges(key_of(seed, "bridges"))

    def minute(self, symbol: str, number: int) -> Minute:
        """A minute (minutes since 1970), with all its seconds."""
        instrument = INSTRUMENTS[symbol]
        minutes = np.array([number], dtype=np.int64)
        volume = float(self._volumes(instrument, minutes, self._lift(instrument, minutes))[0])
        return Minute(np.exp(self._seconds(instrument, minutes)[0]).tolist(), volume)

    def bar(self, symbol: str, number: int) -> Bar:
        """The closed 1-minute bar of a minute."""
        columns = self.bars(symbol, np.array([number], dtype=np.int64), staged_from_us=0)
        return _bar(symbol, "1m", columns)

    def day_bar(self, symbol: str, day: int) -> Bar | None:
        """The closed bar of a day (days since 1970); None where its exchange was closed."""
        minutes = open_minutes(np, INSTRUMENTS[symbol], day, day + 1)
        if not len(minutes):
            return None
        return _bar(symbol, "1d", _by_day(self.bars(symbol, minutes, staged_from_us=0)))

    def bars(self, symbol: str, minutes: Array, *, staged_from_us: int) -> dict[str, Array]:
        """Columns of 1-minute bars; anomalies only from an instant on."""
        instrument = INSTRUMENTS[symbol]
        starts = range(0, max(1, len(minutes)), _CHUNK)
        parts = [self._bars(instrument, minutes[start : start + _CHUNK], staged_from_us) for start in starts]
        return {name: np.concatenate([part[name] for part in parts]) for name in (*_NUMBERS, "ts_us")}

    def coarse_days(self, symbol: str, days: Array) -> dict[str, Array]:
        """Columns of daily bars from a point each quarter of an hour; without anomalies."""
        instrument = INSTRUMENTS[symbol]
        starts = [open_minutes(np, instrument, day, day + 1)[::_COARSE] for day in days.tolist()]
        starts = [minutes for minutes in starts if len(minutes)]
        points = np.stack([np.append(minutes, minutes[-1] + _COARSE) for minutes in starts])
        logs = self._logs(instrument, points.ravel()).reshape(points.shape)
        numbers = points[:, 0] * MINUTE_US // DAY_US
        busy = 0.75 + 0.5 * _uniform(key_of(self._seed, symbol, "days"), numbers)
        volume = np.round(instrument.day_volume * busy, instrument.lot_digits)
        return _columns(instrument, logs, volume, numbers * DAY_US)

    def opens(self, symbol: str, minutes: Sequence[int]) -> list[float]:
        """The mid price at the begin of each minute, without anomalies."""
        return list(np.exp(self._logs(INSTRUMENTS[symbol], np.array(minutes))).tolist())

    def smooth(self, name: str, at_s: float) -> float:
        """A slow noise of standard deviation 1 for numbers that are no prices, such as funding rates."""
        return float(_noise(key_of(self._seed, name), np.array([at_s]), 14_400.0)[0])

    def _bars(self, instrument: Instrument, minutes: Array, staged_from_us: int) -> dict[str, Array]:
        calm = minutes * MINUTE_US < staged_from_us
        logs = self._seconds(instrument, minutes, calm)
        volume = self._volumes(instrument, minutes, np.where(calm, -1.0, self._lift(instrument, minutes)))
        return _columns(instrument, logs, volume, minutes * MINUTE_US)

    def _seconds(self, instrument: Instrument, minutes: Array, calm: Array | None = None) -> Array:
        """Logarithms of the price at the 61 seconds of each minute."""
        alone = np.append(np.diff(minutes) != 1, True)  # whose end is not the begin of the next
        begins = self._logs(instrument, np.append(minutes, minutes[alone] + 1))
        first, last = begins[: len(minutes)], begins[1 : len(minutes) + 1].copy()
        last[alone] = begins[len(minutes) :]
        drawn = _hash(key_of(self._seed, instrument.symbol, "bridge"), minutes)
        shape = (drawn % np.uint64(_SHAPES)).astype(np.intp)
        height = np.where(drawn >> np.uint64(63), 1.0, -1.0) * (instrument.day_pct / 100)
        logs = self._bridges[shape] * height[:, None]
        logs += first[:, None] + (last - first)[:, None] * (np.arange(61) / 60.0)
        staged = np.arange(len(minutes)) if calm is None else np.flatnonzero(~calm)
        if self._anomalies is not None and len(staged):
            seconds = minutes[staged, None] * 60.0 + np.arange(61)
            logs[staged] += np.log1p(self._shift(instrument.symbol, seconds))
        return logs

    def _logs(self, instrument: Instrument, minutes: Array) -> Array:
        """Logarithms of the price at the start of each minute, without anomalies."""
        crypto = instrument.always_open
        shared = self._shared("crypto" if crypto else "shares", instrument, minutes)
        alone = _path(self._seed, instrument.symbol, minutes)
        mixed = instrument.common * shared + (1 - instrument.common**2) ** 0.5 * alone
        return np.log(instrument.level_usd) + instrument.day_pct / 100 * mixed

    def _shared(self, kind: str, instrument: Instrument, minutes: Array) -> Array:
        """The path that a class has in common; with anomalies some run against it every other block of days, without a jump."""
        begin_day = TURNING.get(instrument.symbol)
        if self._anomalies is None or begin_day is None:
            return _path(self._seed, kind, minutes)
        blocks = (minutes - begin_day * 1440) // _BLOCK
        anchor = (_ANCHOR_S // 60 - begin_day * 1440) // _BLOCK
        low, high = min(int(blocks.min()), anchor), max(int(blocks.max()), anchor)
        edges, bases, signs = _turns(self._seed, kind, begin_day, low, high)
        path = _path(self._seed, kind, minutes, _FAST)
        followed = bases[blocks - low] + signs[blocks - low] * (path - edges[blocks - low])
        followed -= bases[anchor - low] - signs[anchor - low] * edges[anchor - low]
        return followed + _path(self._seed, kind, minutes, _SLOW)

    def _shift(self, symbol: str, seconds: Array) -> Array:
        """Relative change of the price by anomalies."""
        timetable = self._anomalies
        found = timetable.cycle(symbol) if timetable else None
        if timetable is None or found is None:
            return np.zeros_like(seconds)
        cycle_s, offset_s, jitter_s, low, high = found
        number = np.floor((seconds - offset_s) / cycle_s)
        cycles = number.astype(np.int64)
        least = int(cycles.min())
        table = np.arange(least, int(cycles.max()) + 1)
        draws = (_uniform(key_of(self._seed, symbol, word), table) for word in ("start", "size", "sign"))
        start, size, sign = (drawn[cycles - least] for drawn in draws)
        shape = timetable.shape(np, seconds - offset_s - number * cycle_s - start * jitter_s)
        return np.where(sign < 0.5, -1.0, 1.0) * (low + (high - low) * size) * shape

    def _lift(self, instrument: Instrument, minutes: Array) -> Array:
        """How far an anomaly has moved the price in the middle of each minute, as a positive share."""
        return np.abs(self._shift(instrument.symbol, minutes * 60.0 + 30.0))

    def _volumes(self, instrument: Instrument, minutes: Array, lift: Array) -> Array:
        noise = _uniform(key_of(self._seed, instrument.symbol, "volume"), minutes)
        share = shares_of_day(np, instrument, minutes) * (0.4 + 1.2 * noise) * (1 + 12 * np.maximum(lift, 0.0))
        if self._anomalies is not None:
            share *= np.where(lift < 0, 1.0, self._anomalies.burst(np, partial(_drawn, self._seed), instrument.symbol, minutes))
        return np.maximum(np.round(instrument.day_volume * share, instrument.lot_digits), instrument.lot)


def backfill(seed: int, now_us: int, *, anomalies: bool = True) -> dict[str, Array]:
    """A past for a market first seen now: columns named like the fields of Bar, ordered by symbol, interval and time.

    Daily bars since 2022-01-01 up to yesterday, 90 days of 1-minute bars up to the last whole minute; anomalies only
    in the last two hours.
    """
    market = Market(seed, Anomalies() if anomalies else None)
    today, now_minute = now_us // DAY_US, now_us // MINUTE_US
    first_day = today - _MINUTE_DAYS
    parts = []
    for symbol, instrument in INSTRUMENTS.items():
        minutes = open_minutes(np, instrument, first_day, today + 1)
        fine = market.bars(symbol, minutes[minutes < now_minute], staged_from_us=now_us - _STAGED_US)
        days = _by_day({name: column[fine["ts_us"] < today * DAY_US] for name, column in fine.items()})
        if first_day > _FIRST_DAY:
            coarse = market.coarse_days(symbol, np.arange(_FIRST_DAY, first_day))
            days = {name: np.concatenate([coarse[name], days[name]]) for name in days}
        parts += [_named(symbol, "1d", days), _named(symbol, "1m", fine)]
    return {name: np.concatenate([part[name] for part in parts]) for name in Bar.__struct_fields__}


# --- columns

_NUMBERS = ("open", "high", "low", "close", "volume", "trades")


def _columns(instrument: Instrument, logs: Array, volume: Array, ts_us: Array) -> dict[str, Array]:
    ticks, half = instrument.ticks_per_usd, instrument.spread_ticks
    opened, high, low, closed = (
        np.rint(np.exp(edge) * ticks) for edge in (logs[:, 0], logs.max(axis=1), logs.min(axis=1), logs[:, -1])
    )
    trades = np.maximum(1, np.rint(volume / instrument.trade_size)).astype(np.int64)
    # Trades happen at the bid and at the ask, so the extremes are half a spread beyond those of the middle.
    numbers = (opened / ticks, (high + half) / ticks, (low - half) / ticks, closed / ticks, volume, trades)
    return {**dict(zip(_NUMBERS, numbers, strict=True)), "ts_us": ts_us}


def _bar(symbol: str, interval: str, columns: dict[str, Array]) -> Bar:
    row = {name: column.tolist()[0] for name, column in columns.items()}
    return Bar(symbol=symbol, interval=interval, closed=True, source=SOURCE, **row)


def _by_day(columns: dict[str, Array]) -> dict[str, Array]:
    days, starts = np.unique(columns["ts_us"] // DAY_US, return_index=True)
    ends = np.append(starts[1:], len(columns["ts_us"])) - 1
    return {
        "open": columns["open"][starts],
        "high": np.maximum.reduceat(columns["high"], starts),
        "low": np.minimum.reduceat(columns["low"], starts),
        "close": columns["close"][ends],
        "volume": np.round(np.add.reduceat(columns["volume"], starts), 8),
        "trades": np.add.reduceat(columns["trades"], starts),
        "ts_us": days * DAY_US,
    }


def _named(symbol: str, interval: str, columns: dict[str, Array]) -> dict[str, Array]:
    rows = len(columns["ts_us"])
    same = {"symbol": symbol, "interval": interval, "closed": True, "source": SOURCE}
    return columns | {name: np.full(rows, value, dtype=object if isinstance(value, str) else bool)
                      for name, value in same.items()}  # fmt: skip


# --- noise


def _path(seed: int, name: str, minutes: Array, which: slice = slice(None)) -> Array:
    """A path, 0 at the anchor; its changes have the standard deviation 1 over a day, and grow with the root of time."""
    seconds = np.append(minutes * 60.0, float(_ANCHOR_S))
    total = np.zeros(len(seconds))
    for period_s, damp in tuple(zip(_PERIODS_S, _DAMP, strict=True))[which]:
        noise = _noise(key_of(seed, name, f"{period_s:g}"), seconds, period_s)
        total += _DAY_GAIN * damp * (period_s / 86_400) ** 0.5 * noise
    return total[:-1] - total[-1]


@functools.lru_cache(maxsize=64)
def _turns(seed: int, name: str, begin_day: int, low: int, high: int) -> tuple[Array, Array, Array]:
    """Of the blocks low..high: the path where each begins, the sum of all signed changes before it, and its sign."""
    blocks = np.arange(low, high + 2)
    edges = _path(seed, name, blocks * _BLOCK + begin_day * 1440, _FAST)
    signs = 1.0 - 2.0 * (blocks % 2)
    bases = np.concatenate([[0.0], np.cumsum(signs[:-1] * np.diff(edges))])
    return edges, bases, signs


def _noise(key: int, seconds: Array, period_s: float) -> Array:
    """Smooth noise of mean 0 and standard deviation 1 at its knots, one knot per period; within the root of 3."""
    place = seconds / period_s + float(_uniform(key, np.array([-1]))[0])  # knots of different noises must not coincide
    knot = np.floor(place)
    part = place - knot
    knot = knot.astype(np.int64)
    least, most = int(knot.min()), int(knot.max())
    if most - least <= 4 * len(knot):  # dense: each knot is drawn once
        drawn = _uniform(key, np.arange(least, most + 2))
        before, after = drawn[knot - least], drawn[knot - least + 1]
    else:
        before, after = _uniform(key, knot), _uniform(key, knot + 1)
    ease = part * part * (3 - 2 * part)
    return ((before + (after - before) * ease) * 2 - 1) * _ROOT3


def _bridges(key: int) -> Array:
    """Shapes of a minute, 0 at both ends, as deep as a path with the day's standard deviation 1 goes."""
    steps = (_uniform(key, np.arange(_SHAPES * 60)).reshape(_SHAPES, 60) * 2 - 1) * _ROOT3
    walks = np.concatenate([np.zeros((_SHAPES, 1)), np.cumsum(steps, axis=1)], axis=1)
    walks -= walks[:, -1:] * (np.arange(61) / 60.0)
    return walks / 86_400**0.5


def _hash(key: int, numbers: Array) -> Array:
    """64 well mixed bits of each number (the finisher of splitmix64)."""
    x = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _drawn(seed: int, name: str, numbers: Array) -> Array:
    return _uniform(key_of(seed, name), numbers)


def _uniform(key: int, numbers: Array) -> Array:
    return (_hash(key, numbers) >> np.uint64(11)) * 2.0**-53
