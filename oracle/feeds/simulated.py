"""The simulated market as a feed: what an exchange would send at each instant, for as long as somebody listens.

Nothing is remembered between two instants: `Tape.at` is a pure function of the seed, the settings and the time, so two
runs publish the same values at the same instants, and a restart goes on where the market is.
"""

from __future__ import annotations

from typing import Any

import attrs
import trio

from actors import Child
from oracle.facts import BOOK_DEPTH_ASK, BOOK_DEPTH_BID, BOOK_MID, BOOK_SPREAD
from oracle.feeds.anomalies import Anomalies
from oracle.feeds.bulletins import Bulletins
from oracle.feeds.feed import FeedActor
from oracle.feeds.instruments import DAY_US, INSTRUMENTS, Instrument
from oracle.feeds.market import MINUTE_US, SOURCE, Market
from oracle.feeds.minute import Minute
from oracle.feeds.mix import mix, unit
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.turns import Turns
from oracle.feeds.voice import CRASHED, STOPPED
from oracle.http import Http
from oracle.model import Depth, Event, Gap, Quote, Sample, Severity, Trade, event_id, ref
from oracle.problems import Bad, closest

__all__ = ["LEVELS", "Simulated", "SimulatedFeed", "Tape", "usual_depth"]

_TRADE_EACH = 5  # every fifth update of a symbol is a trade, the others are quotes
LEVELS = 10  # of depth, on each side
_SECOND = "simulated:second"  # another venue of the same market
_SECOND_SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD")
_THINNED = ("BTC-USD", "SPY", "ETH-USD", "QQQ", "SOL-USD")
_SECOND_US = 1_000_000
_BEHIND_S = 2.0  # more than this is not caught up with: a machine that slept wants the present, not the past


def _are_known(_: object, field: attrs.Attribute[Any], symbols: tuple[str, ...]) -> None:
    for symbol in symbols:
        if symbol not in INSTRUMENTS:
            raise Bad("value_error", f"{symbol!r} is not traded here; there are {', '.join(INSTRUMENTS)}",
                      suggestion=closest(symbol, INSTRUMENTS))  # fmt: skip


@attrs.frozen(kw_only=True)
class Simulated:
    """A market made up from a seed: quotes, trades, bars and books, the quotes of a second venue, and what is said beside
    prices (funding, transfers, earnings, the health of exchanges). Its sources are `simulated` and `simulated:second`.

    seed: which market; the same seed shows the same prices at the same time.
    symbols: which of its instruments to publish.
    updates_per_s: quotes and trades per second and symbol together; every fifth is a trade.
    depth_every_s: seconds between two order books of a symbol.
    anomalies: whether something happens every minute or so for each of the watchdogs: prices jump by 7 to 14 %, volumes
    burst, books thin, correlations turn, exchanges fail. Without, prices never move 3 % within two minutes, and all is quiet.
    """

    seed: int = attrs.field(default=1, validator=[attrs.validators.ge(0), attrs.validators.lt(2**63)])
    symbols: tuple[str, ...] = attrs.field(
        default=tuple(INSTRUMENTS), validator=[attrs.validators.min_len(1), _are_known]
    )
    updates_per_s: int = attrs.field(default=5, validator=attrs.validators.in_((1, 2, 4, 5, 10, 20)))
    depth_every_s: int = attrs.field(default=5, validator=attrs.validators.in_((1, 2, 5, 10, 30, 60)))
    anomalies: bool = True

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; `statistics` survive its lives."""
        counted = FeedStatistics() if statistics is None else statistics
        return Child(ref("feed", name), lambda: SimulatedFeed(Tape(self), counted))


class Tape:
    """What the market says, step by step; step n is n / updates_per_s seconds after 1970."""

    def __init__(self, settings: Simulated) -> None:
        self.settings = settings
        self.step_us = 1_000_000 // settings.updates_per_s
        self._market = Market(settings.seed, Anomalies() if settings.anomalies else None)
        self._keys = {symbol: mix(settings.seed ^ mix(place)) for place, symbol in enumerate(INSTRUMENTS)}
        self._minutes: dict[tuple[str, int], tuple[Minute, list[float]]] = {}
        key = mix(settings.seed ^ 0xA0)
        self._gaps = Turns(key ^ 1 << 40, _SECOND_SYMBOLS, 60.0, 15.0, 5.0)  # of prices between the venues
        self._thin = Turns(key ^ 2 << 40, _THINNED, 50.0, 25.0, 5.0)
        self._bulletins = Bulletins(settings.seed, settings.anomalies, self._price, self._market.smooth)

    def at(self, step: int) -> list[Any]:
        """All messages of one step."""
        at_us = step * self.step_us
        number, within_us = divmod(at_us, MINUTE_US)
        place = within_us // self.step_us
        symbols = self.settings.symbols
        told: list[Any] = []
        for symbol in symbols:
            make = self._trade if place % _TRADE_EACH == _TRADE_EACH - 1 else self._quote
            told.append(make(INSTRUMENTS[symbol], number, within_us, at_us))
            if within_us % (self.settings.depth_every_s * _SECOND_US) == 0:
                told += self._book(INSTRUMENTS[symbol], number, within_us, at_us)
        if within_us % _SECOND_US == 0:
            told += self._second_venue(at_us)
            told += self._bulletins.at(at_us, symbols)
        # A minute takes a millisecond to make, so no step makes more than one: a bar just closed, or a minute ahead.
        if place < len(symbols):
            told += self._closed(symbols[place], number, at_us)
        elif place < 2 * len(symbols):
            self._minute(symbols[place - len(symbols)], number + 1)
        elif place == 2 * len(symbols):
            self._minutes = {key: value for key, value in self._minutes.items() if key[1] >= number}
        return told

    def _minute(self, symbol: str, number: int) -> tuple[Minute, list[float]]:
        """A minute, and the sizes of its trades, which add up to its volume."""
        found = self._minutes.get((symbol, number))
        if found is None:
            minute = self._market.minute(symbol, number)
            count = 60 * self.settings.updates_per_s // _TRADE_EACH
            parts = [unit(self._keys[symbol] ^ (number * count + i)) ** 3 + 0.05 for i in range(count)]
            whole = sum(parts)
            found = self._minutes[symbol, number] = minute, [minute.volume * part / whole for part in parts]
        return found

    def _middle(self, instrument: Instrument, number: int, within_us: int) -> int:
        """The mid price in ticks."""
        minute, _ = self._minute(instrument.symbol, number)
        return round(minute.price(within_us / 1e6) * instrument.ticks_per_usd)

    def _quote(self, instrument: Instrument, number: int, within_us: int, at_us: int) -> Quote:
        middle, half = self._middle(instrument, number, within_us), instrument.spread_ticks
        bid, ask = (middle - half) / instrument.ticks_per_usd, (middle + half) / instrument.ticks_per_usd
        drawn = mix(self._keys[instrument.symbol] ^ at_us)
        bid_size, ask_size = _size(instrument, drawn & 0xFFFF), _size(instrument, drawn >> 16 & 0xFFFF)
        return Quote(instrument.symbol, bid, bid_size, ask, ask_size, at_us, SOURCE)

    def _trade(self, instrument: Instrument, number: int, within_us: int, at_us: int) -> Trade:
        middle = self._middle(instrument, number, within_us)
        _, sizes = self._minute(instrument.symbol, number)
        side = "buy" if mix(self._keys[instrument.symbol] ^ at_us) & 1 else "sell"
        half = instrument.spread_ticks if side == "buy" else -instrument.spread_ticks
        size = max(instrument.lot, round(sizes[within_us // self.step_us // _TRADE_EACH], instrument.lot_digits))
        ident = str(at_us // self.step_us)
        return Trade(instrument.symbol, (middle + half) / instrument.ticks_per_usd, size, side, ident, at_us, SOURCE)

    def _price(self, symbol: str, at_us: int) -> float:
        """The mid price in USD."""
        instrument, (number, within_us) = INSTRUMENTS[symbol], divmod(at_us, MINUTE_US)
        return self._middle(instrument, number, within_us) / instrument.ticks_per_usd

    def _second_venue(self, at_us: int) -> list[Quote]:
        """What the other venue quotes: the same within a third of the spread, unless the two have come apart."""
        apart = self._gaps.at(at_us) if self.settings.anomalies else None
        told = []
        for symbol in _SECOND_SYMBOLS:
            if symbol not in self.settings.symbols:
                continue
            instrument, price = INSTRUMENTS[symbol], self._price(symbol, at_us)
            half = instrument.spread_ticks / instrument.ticks_per_usd
            drawn = mix(self._keys[symbol] ^ at_us ^ 1 << 50)
            middle = price + half * ((drawn >> 40 & 0xFF) / 256 - 0.5) * 2 / 3
            if apart is not None and apart.who == symbol:
                middle *= 1 + (0.010 + 0.015 * apart.size) * (-1 if apart.number % 2 else 1)
            sizes = _size(instrument, drawn & 0xFFFF), _size(instrument, drawn >> 16 & 0xFFFF)
            bid, ask = round(middle - half, 4), round(middle + half, 4)
            told.append(Quote(symbol, bid, sizes[0], ask, sizes[1], at_us, _SECOND))
        return told

    def _book(self, instrument: Instrument, number: int, within_us: int, at_us: int) -> list[Any]:
        """The book, and what is to be said of it: mid, spread and depth in USD."""
        depth = self._depth(instrument, number, within_us, at_us)
        (bid, _), (ask, _) = depth.bids[0], depth.asks[0]
        sums = (sum(price * size for price, size in side) for side in (depth.bids, depth.asks))
        said = zip((BOOK_MID, BOOK_SPREAD, BOOK_DEPTH_BID, BOOK_DEPTH_ASK), ((bid + ask) / 2, ask - bid, *sums), strict=True)
        subject = f"{instrument.symbol}:{SOURCE}"
        return [depth, *(Sample(name, subject, value, "USD", at_us, SOURCE) for name, value in said)]

    def _depth(self, instrument: Instrument, number: int, within_us: int, at_us: int) -> Depth:
        thin = self._thin.at(at_us) if self.settings.anomalies else None
        share = 0.15 + 0.2 * thin.size if thin is not None and thin.who == instrument.symbol else 1.0
        middle, half = self._middle(instrument, number, within_us), instrument.spread_ticks
        ticks = instrument.ticks_per_usd
        sides: list[list[tuple[float, float]]] = [[], []]
        for level in range(LEVELS):
            drawn = mix(self._keys[instrument.symbol] ^ at_us ^ (level + 1) << 56)
            away = half * (1 + level)
            sides[0].append(((middle - away) / ticks, _resting(instrument, drawn & 0xFFFF, level, share)))
            sides[1].append(((middle + away) / ticks, _resting(instrument, drawn >> 16 & 0xFFFF, level, share)))
        bids, asks = sides
        return Depth(instrument.symbol, tuple(bids), tuple(asks), True, at_us, at_us, at_us, SOURCE)

    def _closed(self, symbol: str, number: int, at_us: int) -> list[Any]:
        """The bar of the minute before, and after midnight that of the day."""
        bars = [self._market.bar(symbol, number - 1)]
        if number % (DAY_US // MINUTE_US) == 1:
            bars += filter(None, [self._market.day_bar(symbol, at_us // DAY_US - 1)])
        return bars


@attrs.define(eq=False)
class SimulatedFeed(FeedActor):
    """Publishes the tape of its settings as time goes by."""

    tape: Tape
    statistics: FeedStatistics

    async def start(self) -> None:
        """Begin with the present step."""
        self.helper(self._run)

    async def _run(self) -> None:
        self.statistics.connects += 1
        self.statistics.connected = True
        self._say("system:feed:connected", f"simulated market, seed {self.tape.settings.seed}")
        end = CRASHED
        try:
            await self._play()
        except trio.Cancelled:
            end = STOPPED
            raise
        finally:
            self.statistics.connected = False
            self._say("system:feed:disconnected", end)

    async def _play(self) -> None:
        step_us = self.tape.step_us
        behind = round(_BEHIND_S * 1e6) // step_us
        done = self.now_us() // step_us - 1
        while True:
            now_us = self.now_us()
            due = now_us // step_us
            if abs(due - done) > behind:
                self._jump(done * step_us, now_us)
                done = due - 1
            for step in range(done + 1, due + 1):
                self._tell(step, now_us)
            done = max(done, due)
            await self.runtime.bus.room()
            # Never long asleep, so that a wall clock that is set back is noticed.
            await trio.sleep(min(1.0, max(0.0, ((done + 1) * step_us - self.now_us()) / 1e6)))

    def _tell(self, step: int, now_us: int) -> None:
        for message in self.tape.at(step):
            self.publish(message)
            self.statistics.count(type(message).__name__.lower(), 1, 0, now_us)
        self.statistics.lag_ms = (now_us - step * self.tape.step_us) / 1000

    def _jump(self, from_us: int, to_us: int) -> None:
        reason = "clock set back" if to_us < from_us else "fell behind the clock"
        self.publish(Gap(self.name, min(from_us, to_us), to_us, reason))

    def _say(self, kind: str, summary: str) -> None:
        now_us = self.now_us()
        ident = event_id(kind, self.name, self.name, now_us, self.statistics.connects)
        self.publish(Event(ident, kind, self.name, self.name, Severity.low, f"{self.name}: {summary}", {}, now_us))


def _size(instrument: Instrument, drawn: int) -> float:
    """A size at the best price, around six usual trades; `drawn` has 16 random bits."""
    return max(instrument.lot, round(instrument.trade_size * (1 + 10 * drawn / 65_536), instrument.lot_digits))


def _resting(instrument: Instrument, drawn: int, level: int, share: float) -> float:
    """A size in the book, more of it deeper: around `usual_depth` at `level`, of which there is a `share`."""
    size = usual_depth(instrument, level) * (0.7 + 0.6 * drawn / 65_536) * share
    return max(instrument.lot, round(size, instrument.lot_digits))


def usual_depth(instrument: Instrument, level: int) -> float:
    """What usually rests at a level of the book, 0 for the best: six trades and more."""
    return instrument.trade_size * 6 * (1 + 0.3 * level)
