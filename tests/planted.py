"""Daily bars with a pattern in them, the same without it, and what a strategy makes of them."""

from __future__ import annotations

import random

from oracle.facts import InsiderTrade, fact_event
from oracle.model import Bar, Sample
from oracle.trading.signal import Direction, Holding

DAY_US = 86_400_000_000
T0_US = 1_700_006_400_000_000 // DAY_US * DAY_US


def at(day):
    return T0_US + day * DAY_US


def bars_of(symbol, returns, volumes=None):
    """A bar for each return, from 100 on; a bar opens where the one before closed."""
    price, found = 100.0, []
    for day, change in enumerate(returns):
        last, price = price, price * (1 + change)
        volume = volumes[day] if volumes else 1_000.0
        found.append(Bar(symbol, "1d", last, max(last, price) * 1.001, min(last, price) * 0.999, price, volume, 10, True, at(day),
                         "planted"))  # fmt: skip
    return found


def trend(seed, days=600):
    """Long runs up and down."""
    rng, found = random.Random(seed), []
    while len(found) < days:
        for sign in (1, -1):
            found += [rng.gauss(sign * 0.004, 0.011) for _ in range(rng.randint(50, 80))]
    return found[:days]


def swings(seed, days=600):
    """Sudden falls that come back, slowly."""
    rng, found = random.Random(seed), []
    while len(found) < days:
        found += [rng.gauss(0, 0.003) for _ in range(rng.randint(30, 50))]
        found += [rng.gauss(-0.02, 0.003) for _ in range(4)] + [rng.gauss(0.008, 0.003) for _ in range(10)]
    return found[:days]


def shuffled(returns, seed):
    found = list(returns)
    random.Random(seed + 1_000).shuffle(found)
    return found


def insider(symbol, day, who, shares, side="buy"):
    fact = InsiderTrade(who, side, shares, 100.0, "2024-01-01")
    return fact_event(fact, symbol, "planted", at(day) + DAY_US // 2, "", who, shares)


def ratio(name, symbol, value, day=0):
    return Sample(f"fundamental_{name}", symbol, value, "", at(day), "planted")


def play(strategy, bars, facts=(), from_day=0):
    """Trades as (symbol, direction, entry price, exit price, bars held) and all signals: an order fills at the next open."""
    days, facts = {}, sorted(facts, key=lambda fact: fact.ts_us)
    for bar in bars:
        days.setdefault(bar.ts_us, []).append(bar)
    held, wishes, trades, signals = {}, {}, [], []
    for ts_us, today in sorted(days.items()):
        for bar in today:
            signal = wishes.pop(bar.symbol, None)
            if signal is None:
                continue
            sign, entry, opened = held.pop(bar.symbol, (0, 0.0, 0))
            if signal.direction is Direction.flat and sign:
                trades.append((bar.symbol, sign, entry, bar.open, opened))
            elif signal.direction is not Direction.flat:
                held[bar.symbol] = (1 if signal.direction is Direction.long else -1), bar.open, -1
        held = {symbol: (sign, entry, count + any(bar.symbol == symbol for bar in today))
                for symbol, (sign, entry, count) in held.items()}  # fmt: skip
        while facts and facts[0].ts_us < ts_us + DAY_US:
            strategy.update(facts.pop(0))
        for bar in today:
            strategy.update(bar)
        holdings = {symbol: Holding(sign, entry, ts_us, count) for symbol, (sign, entry, count) in held.items()}
        said = [strategy.decide(bar.symbol, holdings.get(bar.symbol), ts_us + DAY_US) for bar in today]
        said += strategy.rebalance([bar.symbol for bar in today], holdings, ts_us + DAY_US)
        for signal in said:
            if signal is not None and ts_us >= at(from_day):
                wishes[signal.symbol] = signal
                signals.append(signal)
    last = {bar.symbol: bar.close for bar in bars}
    trades += [(symbol, sign, entry, last[symbol], count) for symbol, (sign, entry, count) in held.items()]
    return trades, signals


def gain(trades):
    """The sum of the trades' returns."""
    return sum(sign * (out / entry - 1) for _, sign, entry, out, _ in trades)
