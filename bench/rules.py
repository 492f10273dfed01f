"""The rules of alerts: what a tick costs where ten thousand rules are watched, what those on other symbols add to it, and how
long it takes from an event to the receipt of a webhook.

A tick goes through the door that the live actor uses, deadlines included, and is judged for the ten rules of its symbol: nine
thresholds, and a condition on the mean of the last hour. What was found is compared with what a look at each rule finds, at
each tick and at each second, or nothing is measured. CPU time, but for the webhook.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator, Sequence
from random import Random
from time import process_time
from typing import Any

from bench.delivery import compared
from bench.load import CannotMeasure
from bench.rules_webhook import webhook
from oracle.alerts.conditions import Conditions
from oracle.alerts.terms import Terms
from oracle.alerts.trigger import MET, OVER
from oracle.model import Trade
from oracle.watchdogs.decider import Course, Memory

SYMBOLS = [f"S{number:04}-USD" for number in range(1_000)]
THRESHOLDS = 9  # of each symbol, beside a custom condition
TICKS = 100_000  # of a round
TICK_US = 100  # between two: 10,000 a second
T0_US = 1_795_449_600_000_000
SECOND_US, HOUR_US = 1_000_000, 3_600_000_000
CENTS = 10_000  # prices are whole numbers of this part of a unit, so that sums of them are exact
STEP = 5e-5  # of the price, from a tick to the next of its symbol
JUMP, JUMPS = 0.01, 2_000  # so much, once in so many ticks

Found = tuple[int, str, str]  # when, which rule, what
Tick = tuple[Trade, int]


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Four rows; see the module."""
    yield from _judged(rounds)
    yield _beside_others(rounds)
    yield from webhook(rounds)


# ---- ten thousand rules


def _judged(rounds: int) -> Iterator[dict[str, Any]]:
    market, naive = Market(1), Naive(SYMBOLS)
    course = _course(naive.terms())
    bare = {symbol: naive.bare(symbol) for symbol in SYMBOLS}
    for tick in market.hour():
        _said(course, [tick])
        naive.told([tick])
    spent: tuple[list[float], list[float]] = [], []
    ours: list[Found] = []
    expected: list[Found] = []
    for _ in range(rounds):
        ticks = market.ticks(TICKS)
        gc.collect()
        gc.freeze()  # what is prepared here is nobody's garbage
        began_s = process_time()
        found = _said(course, ticks)
        spent[0].append((process_time() - began_s) / TICKS * 1e6)
        began_s = process_time()
        _compare(bare, ticks)
        spent[1].append((process_time() - began_s) / TICKS * 1e6)
        gc.unfreeze()
        ours += found
        expected += naive.told(ticks)
    if ours != expected:
        raise CannotMeasure(f"{len(ours)} findings are not the {len(expected)} of a look at each rule at each tick")
    edges = len(ours) / (rounds * TICKS) * 1e3
    name = f"rules: CPU us per tick, 10,000 on 1,000 symbols, {edges:.1f} edges in 1,000 ticks"
    yield compared(name, spent[0], "a dict lookup and 10 comparisons", spent[1], "<= 5")


def _course(rules: dict[str, Terms]) -> Course:
    course = Course(Conditions(rules))
    course.begin(Memory(), T0_US)
    return course


def _said(course: Course, ticks: list[Tick]) -> list[Found]:
    take, found = course.take, []
    for trade, now_us in ticks:
        for one in take(trade, now_us):
            found.append((one.ts_us, one.subject, one.kind))
    return found


def _compare(bare: dict[str, tuple[float, ...]], ticks: list[Tick]) -> int:
    above = 0
    for trade, _ in ticks:
        price = trade.price
        for level in bare[trade.symbol]:
            if price > level:
                above += 1
    return above


# ---- rules on other symbols


def _beside_others(rounds: int) -> dict[str, Any]:
    """A symbol of ten rules, where there are 10,000 on others, which nothing is heard of, and where there are 100."""
    watched, courses = SYMBOLS[:1], []
    mine = Naive(watched).terms()
    for others in (1_000, 10):
        rules = Naive([f"X{number:04}-USD" for number in range(others)]).terms()
        courses.append(_course({**rules, **mine}))
    markets = [Market(2), Market(2)]
    spent: tuple[list[float], list[float]] = [], []
    for number in range(rounds + 1):
        for told, course, market in zip(spent, courses, markets, strict=True):
            ticks = market.ticks(TICKS, watched)
            began_s = process_time()
            _said(course, ticks)
            if number:  # the first warms up
                told.append((process_time() - began_s) / TICKS * 1e6)
    return compared("rules: CPU us per tick, 10,000 on other symbols", spent[0], "100 on other symbols", spent[1], "<= 1.2")


class Market:
    """Prices that wander around 100, with a jump now and then."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self._prices = dict.fromkeys(SYMBOLS, 100.0)
        self.now_us = T0_US

    def hour(self) -> Iterator[Tick]:
        """One tick of each symbol in every five seconds, a little more than an hour long."""
        for second in range(0, 3_610, 5):
            for place, symbol in enumerate(SYMBOLS):
                self.now_us = T0_US + second * SECOND_US + place * 1_000
                yield self._tick(symbol)

    def ticks(self, count: int, symbols: Sequence[str] = SYMBOLS) -> list[Tick]:
        """So many more, each of any of the symbols."""
        found = []
        for _ in range(count):
            self.now_us += TICK_US
            found.append(self._tick(symbols[int(self._dice.random() * len(symbols))]))
        return found

    def _tick(self, symbol: str) -> Tick:
        dice, price = self._dice, self._prices[symbol]
        move = dice.gauss(0.0, STEP) if dice.random() > 1 / JUMPS else dice.choice((JUMP, -JUMP))
        self._prices[symbol] = price = price * (1 + move) + (100.0 - price) * 1e-4
        return Trade(symbol, round(price * CENTS) / CENTS, 1.0, "", "", self.now_us, "bench"), self.now_us


class Naive:
    """The same rules by hand: each of a symbol is looked at with every tick of it and with every second."""

    def __init__(self, symbols: list[str]) -> None:
        dice = Random(7)
        self._books = {symbol: _Book(symbol, dice) for symbol in symbols}
        self._second_us = T0_US

    def terms(self) -> dict[str, Terms]:
        """All rules, by id."""
        return {ident: terms for book in self._books.values() for ident, terms in book.terms()}

    def bare(self, symbol: str) -> tuple[float, ...]:
        """The numbers that a price of the symbol is compared with; for the mean one stands that is near it."""
        book = self._books[symbol]
        return (*(level for _, level in book.levels), 100.0 * book.share)

    def told(self, ticks: list[Tick]) -> list[Found]:
        """What is found."""
        found: list[Found] = []
        for trade, now_us in ticks:
            while self._second_us + SECOND_US < now_us:
                self._second_us += SECOND_US
                for book in self._books.values():
                    found += book.look_at_mean(self._second_us)
            found += self._books[trade.symbol].told(trade.price, now_us)
        return found


class _Book:
    """The rules of a symbol: thresholds, and one on the mean of the last hour, which knows of whole seconds."""

    def __init__(self, symbol: str, dice: Random) -> None:
        self._symbol = symbol
        self.levels = sorted((f"{symbol}/{n}", round(dice.uniform(90, 110), 3)) for n in range(THRESHOLDS))
        self.share = dice.choice((0.99, 0.995, 1.005, 1.01))
        self._sign = ">" if self.share > 1 else "<"
        self._on: dict[str, bool] = {}
        self._window: deque[tuple[int, int]] = deque()
        self._sum = 0
        self._price = 0.0

    def terms(self) -> Iterator[tuple[str, Terms]]:
        price = f'price("{self._symbol}")'
        for ident, level in self.levels:
            yield ident, Terms(f"{price} > {level!r}", f"{price} <= {level!r}")
        yield f"{self._symbol}/mean", Terms(f'{price} {self._sign} {self.share} * avg("{self._symbol}", "1h")')

    def told(self, price: float, now_us: int) -> Iterator[Found]:
        self._price = price
        self._window.append((-(-now_us // SECOND_US), round(price * CENTS)))
        self._sum += self._window[-1][1]
        for ident, level in self.levels:
            if (price > level) is not self._on.get(ident, False):
                yield from self._edge(ident, now_us)
        yield from self.look_at_mean(now_us)

    def look_at_mean(self, now_us: int) -> Iterator[Found]:
        window = self._window
        while window and window[0][0] <= (now_us - HOUR_US) // SECOND_US:
            self._sum -= window.popleft()[1]
        if now_us < T0_US + HOUR_US or not window:
            return
        bound = self.share * (self._sum / len(window) / CENTS)
        ident = f"{self._symbol}/mean"
        if (self._price > bound if self._sign == ">" else self._price < bound) is not self._on.get(ident, False):
            yield from self._edge(ident, now_us)

    def _edge(self, ident: str, now_us: int) -> Iterator[Found]:
        self._on[ident] = not self._on.get(ident, False)
        yield now_us, ident, MET if self._on[ident] else OVER
