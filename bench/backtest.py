"""Replay: what going through stored messages costs a tick, beside the bare loop over the same decider and ready-made ticks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from time import process_time
from typing import Any

from bench.delivery import compared
from oracle.backtest.wire import Begin, Cut, Order, Piece
from oracle.backtest.worker import Replay, cpu_seconds
from oracle.feeds.simulated import Simulated, Tape
from oracle.model import Trade
from oracle.watchdogs.price_anomaly import PriceAnomaly

T0_US = 1_795_449_600_000_000
TICKS = 100_000
PAGE = 20_000
TARGET = "<= 3"


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """One row: microseconds of CPU for a tick."""
    trades = _trades()
    pages = [_page(trades[first : first + PAGE], first) for first in range(0, len(trades), PAGE)]
    ours, bare = zip(*((_replayed(pages), _bare(trades)) for _ in range(rounds)), strict=True)
    yield compared("backtest: CPU us per tick", list(ours), "the bare decider over ready ticks", list(bare), TARGET)


def _trades() -> list[tuple[int, Trade]]:
    tape, found = Tape(Simulated(updates_per_s=20)), []
    step = T0_US // tape.step_us
    while len(found) < TICKS:
        found += [(step * tape.step_us, message) for message in tape.at(step) if isinstance(message, Trade)]
        step += 1
    return found[:TICKS]


def _page(trades: list[tuple[int, Trade]], first: int) -> str:
    """The text that the database would give."""
    return json.dumps([
        [first + place, now, [t.symbol, t.price, t.size, t.side, t.trade_id, t.ts_us, t.source]]
        for place, (now, t) in enumerate(trades)
    ], separators=(",", ":"))  # fmt: skip


def _replayed(pages: list[str]) -> float:
    order = Order({"price_anomaly": ("price_anomaly", {})}, 0, 2**62)
    replay = Replay(order, lambda said: None, cpu_seconds)
    replay.take(Begin("price_anomaly", T0_US, [], [], []))
    began_s = process_time()
    for page in pages:
        replay.take(Piece("trade", page, ["price_anomaly"]))
        replay.take(Cut(0.5))
    return (process_time() - began_s) / TICKS * 1e6


def _bare(trades: list[tuple[int, Trade]]) -> float:
    decider = PriceAnomaly()
    began_s = process_time()
    for now, trade in trades:
        for _ in decider.update(trade, now):
            pass
    return (process_time() - began_s) / TICKS * 1e6
