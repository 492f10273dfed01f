"""Conditions: what a message and an evaluation cost, beside the same written by hand in Python and beside simpleeval.

The hand knows its one symbol and its one window, takes no gap and never forgets a rounding error: what it saves is what the
language costs. simpleeval is given answers that are ready, ours looks into its windows. And what a trade costs where ten thousand
rules have a threshold of its symbol, beside ten.
"""

from __future__ import annotations

import json
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from bench.delivery import compared
from bench.load import CannotMeasure
from bench.servers import PEERS
from oracle.alerts.conditions import Conditions
from oracle.alerts.terms import Terms
from oracle.conditions import Windows, evaluate, parse_condition
from oracle.model import Sample, Trade

TEXT = ('price("BTC-USD") > 1.02 * avg("BTC-USD", "1h") and not absent("trade:BTC-USD", "30s")'
        ' and sample("depth_10bp", "BTC-USD") < 0.5')  # fmt: skip
T0_US = 1_795_449_600_000_000
STEP_US = 100_000  # between trades
WARM = 40_000  # trades, more than an hour
TIMES = 100_000


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """A trade, an evaluation, and an evaluation by simpleeval."""
    ours, hand = _ours(), Hand()
    _feed(hand.update, 0, WARM)
    updates: tuple[list[float], list[float]] = [], []
    values: tuple[list[float], list[float]] = [], []
    peers = []
    for place in range(rounds):
        first = WARM + place * TIMES
        for told, update in zip(updates, (ours.update, hand.update), strict=True):
            told.append(_feed(update, first, TIMES))
        now_us = T0_US + (first + TIMES) * STEP_US
        for told, value in zip(values, (ours.value, hand.value), strict=True):
            told.append(_asked(value, now_us))
        peers.append(_peer())
    yield compared("conditions: CPU us per trade", updates[0], "written by hand", updates[1], "<= 10")
    yield compared("conditions: CPU us per evaluation", values[0], "written by hand", values[1], "<= 20")
    yield compared("conditions: CPU us per evaluation", values[0], "simpleeval, parsed once", peers, "<= 0.5")
    many, few = [[_passed(rules) for _ in range(rounds)] for rules in (10_000, 10)]
    yield compared("rules: CPU us per trade, 10,000 thresholds of its symbol", many, "10 thresholds", few, "<= 2")


def _passed(rules: int) -> float:
    """CPU microseconds per trade of a walk among so many thresholds, of which it passes now and then one."""
    dice, price = Random(rules), 100.0
    decider = Conditions({f"r{number}": _threshold(dice.uniform(90, 110)) for number in range(rules)})
    trades = []
    for number in range(TIMES):
        price *= 1 + dice.gauss(0, 1e-6)
        trades.append(Trade("BTC-USD", price, 1.0, "", str(number), T0_US + number * STEP_US, "x"))
    deque(decider.update(trades[0], trades[0].ts_us), 0)  # the first looks at all
    began_s = process_time()
    for trade in trades[1:]:
        deque(decider.update(trade, trade.ts_us), 0)
    return (process_time() - began_s) / (TIMES - 1) * 1e6


def _threshold(level: float) -> Terms:
    return Terms(f'price("BTC-USD") > {level!r}', f'price("BTC-USD") <= {level!r}')


class Hand:
    """The condition as somebody would write it for this one case."""

    def __init__(self) -> None:
        self.depth = 0.3
        self._price = 0.0
        self._heard_us = 0
        self._sum = 0.0
        self._trades: deque[tuple[int, float]] = deque()

    def update(self, trade: Trade, now_us: int) -> None:
        """Take a trade."""
        self._price, self._heard_us = trade.price, now_us
        self._trades.append((now_us, trade.price))
        self._sum += trade.price
        while self._trades[0][0] <= now_us - 3_600_000_000:
            self._sum -= self._trades.popleft()[1]

    def value(self, now_us: int) -> bool:
        """Whether it holds."""
        mean = self._sum / len(self._trades)
        return self._price > 1.02 * mean and not now_us - self._heard_us >= 30_000_000 and self.depth < 0.5


class _Ours:
    def __init__(self) -> None:
        self._windows, self._expression = Windows(), parse_condition(TEXT)
        self._windows.want(self._expression, T0_US)
        self._windows.update(Sample("depth_10bp", "BTC-USD", 0.3, "", 0, "x"), T0_US)
        self.update = self._windows.update

    def value(self, now_us: int) -> Any:
        return evaluate(self._expression, self._windows, now_us)


def _ours() -> _Ours:
    ours = _Ours()
    _feed(ours.update, 0, WARM)
    return ours


def _feed(update: Callable[[Trade, int], Any], first: int, count: int) -> float:
    """CPU us per trade."""
    trades = [Trade("BTC-USD", 100.0 + place % 7, 1.0, "buy", "1", 0, "x") for place in range(100)]
    # The last one is high, so that no clause decides before the others were looked at.
    trades[-1] = Trade("BTC-USD", 110.0, 1.0, "buy", "1", 0, "x")
    began_s = process_time()
    for place in range(first, first + count):
        update(trades[place % 100], T0_US + place * STEP_US)
    return (process_time() - began_s) / count * 1e6


def _asked(value: Callable[[int], Any], now_us: int) -> float:
    """CPU us per evaluation."""
    if value(now_us) is not True:
        raise CannotMeasure("the condition does not hold")
    began_s = process_time()
    for _ in range(TIMES):
        value(now_us)
    return (process_time() - began_s) / TIMES * 1e6


def _peer() -> float:
    if not PEERS.is_file():
        raise CannotMeasure("the peers have no environment: `make bench` sets it up")
    command = [str(PEERS), "-m", "bench.peers.conditions", TEXT, str(TIMES // 5)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE)
    return float(json.loads(done.stdout))
