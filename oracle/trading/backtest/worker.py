"""The process that goes through bars with a strategy: lines in on standard input, lines out on standard output.

It ends when its input does, so it never outlives who started it; at that end it says what it has found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Any

import attrs
import msgspec

from oracle.border import structure
from oracle.model import Bar, Event, Sample
from oracle.settings_trading import Paper, Risk, Trading
from oracle.trading.backtest.books import Books
from oracle.trading.backtest.engine import Engine
from oracle.trading.backtest.result import Buy, Span, figures, rows_of
from oracle.trading.backtest.wire import Begin, Done, Go, Heard, Series, Told
from oracle.trading.backtest.wishes import as_live, at_market, record_of
from oracle.trading.risk.entry import lot_of, lots
from oracle.trading.risk.gate import assess
from oracle.trading.roster import made
from oracle.trading.signal import Signal
from oracle.trading.sizing import Record, size
from oracle.trading.venue import PaperVenue

__all__ = ["Course", "all_in", "main"]

NICE = 10  # the server goes first


@attrs.define(eq=False)
class Course:
    """An engine and what it is to go through."""

    begin: Begin
    engine: Engine
    series: list[Series] = attrs.field(factory=list)
    beside: list[Sample | Event] = attrs.field(factory=list)
    held: dict[str, Buy] = attrs.field(factory=dict)
    _grown: list[tuple[float, int]] = attrs.field(factory=list)
    _ahead: Iterator[tuple[int, list[Bar]]] | None = None
    _next: tuple[int, list[Bar]] | None = None
    _heard: int = 0

    @classmethod
    def of(cls, begin: Begin) -> Course:
        """What `begin` says. Raises Invalid."""
        paper, trading, risk = (
            structure(kind, table) for kind, table in ((Paper, begin.paper), (Trading, begin.trading), (Risk, begin.risk))
        )
        books = Books.of(begin.capital, trading, risk, shorting=paper.allow_short)
        gate = (lambda order, price, view: assess(order, price, view, risk)) if begin.limits else None
        record = partial(_record, books)
        sized = partial(_half_kelly, trading, risk, record) if begin.sizing == "half_kelly" else all_in
        wish = as_live(trading, risk, record) if begin.orders == "live" else at_market
        return cls(begin, Engine(made(begin.kind, begin.table), PaperVenue(paper), books, sized, gate, wish))

    def go(self, until_us: int) -> None:
        """Go through the bars that begin before then."""
        if self._ahead is None:
            self._ahead = _instants(self.series)
            self._next = next(self._ahead, None)
        width_us = self.series[0].width_us if self.series else 0
        while self._next is not None and self._next[0] < until_us:
            start_us, bars = self._next
            self._instant(start_us, start_us + width_us, bars)
            self._next = next(self._ahead, None)

    def done(self) -> Done:
        """What was found."""
        begin = self.begin
        summary = figures(self.engine, Span(begin.start, begin.end, begin.capital), self.held)
        return Done(summary, rows_of(self.engine, self._benchmark()))

    def _instant(self, start_us: int, now_us: int, bars: list[Bar]) -> None:
        engine, beside = self.engine, self.beside
        while self._heard < len(beside) and beside[self._heard].ts_us < now_us:
            engine.hear(beside[self._heard])
            self._heard += 1
        if start_us < self.begin.from_us:
            for bar in bars:
                engine.hear(bar)
            return
        engine.step(bars, start_us, now_us)
        for bar in bars:
            known = self.held.get(bar.symbol)
            self.held[bar.symbol] = Buy(known.first if known else bar.open, bar.close)
        grown = [one.last / one.first for one in self.held.values() if one.first > 0]
        self._grown.append((sum(grown), len(grown)))

    def _benchmark(self) -> list[float]:
        """What the capital is worth after each instant where it is put in equal parts into each symbol at its first open."""
        parts = max((count for _, count in self._grown), default=0)
        return [self.begin.capital * (total + parts - count) / (parts or 1) for total, count in self._grown]


def all_in(signal: Signal, price: float, equity: float, cash: float) -> float:
    """Whole lots for all the cash there is."""
    return lots(signal.symbol, max(0.0, cash) / price)


def _half_kelly(
    trading: Trading, risk: Risk, record: Callable[[], Record | None], signal: Signal, price: float, equity: float, cash: float,
) -> float:
    return size(signal, price, equity, cash, trading, risk, record(), lot_of(signal.symbol))


def _record(books: Books) -> Record | None:
    return record_of(books.trades)


def _instants(series: list[Series]) -> Iterator[tuple[int, list[Bar]]]:
    """The bars of all symbols, those that begin together in one list."""
    in_order = merge(*map(_bars, series), key=attrgetter("ts_us"))
    for start_us, bars in groupby(in_order, key=attrgetter("ts_us")):
        yield start_us, list(bars)


def _bars(one: Series) -> Iterator[Bar]:
    rows = zip(one.ts_us, one.open, one.high, one.low, one.close, one.volume, one.source, strict=True)
    for ts_us, opened, high, low, close, volume, source in rows:
        yield Bar(one.symbol, one.interval, opened, high, low, close, volume, 0, True, ts_us, source)


def main() -> None:
    """Run until the input ends."""
    os.nice(NICE)
    source, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a stranger's strategy prints is no word of ours
    lines = msgspec.json.Decoder(Begin | Series | Heard | Go)
    course: Course | None = None

    def say(what: Any) -> None:
        out.write(msgspec.json.encode(what) + b"\n")
        out.flush()

    for text in source:
        match lines.decode(text):
            case Begin() as begin:
                course = Course.of(begin)
            case Series() as series if course is not None:
                course.series.append(series)
            case Heard() as heard if course is not None:
                course.beside = sorted([*heard.samples, *heard.events], key=lambda one: one.ts_us)
            case Go() as go if course is not None:
                course.go(go.until_us)
                say(Told())
    if course is not None:
        say(course.done())


if __name__ == "__main__":
    main()
