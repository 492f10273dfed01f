"""One backtest of a strategy: what was stored, sent to a process, and what that found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import msgspec

from actors import Refused
from oracle.border import unstructure
from oracle.feeds.market import SOURCE
from oracle.history import Queries
from oracle.runs import Pace
from oracle.settings_trading import Paper, Risk, Trading
from oracle.trading.backtest.ask import Ask
from oracle.trading.backtest.past import Past
from oracle.trading.backtest.result import DAY_US
from oracle.trading.backtest.wire import Begin, Done, Go, Heard, Series, Told
from oracle.work_process import DIED, WorkProcess

__all__ = ["NO_BARS", "StrategyJob"]

PIECE_US = 60 * DAY_US  # of bars gone through between two turns
READ = 0.2  # of the work is to read what was stored, as far as progress tells
NO_BARS = "no daily bars are stored of what was asked for"
COSTS = ("slippage_bps", "fee_bps", "fee_per_unit", "least_fee", "participation")
_SAID = msgspec.json.Decoder(Told | Done)


@attrs.define
class StrategyJob:
    """Carries out an Ask at a pace, with the sections of the settings it goes by; `symbols` are those to look at."""

    queries: Queries
    ask: Ask
    symbols: Sequence[str]
    paper: Paper
    trading: Trading
    risk: Risk
    now_us: int
    pace: Pace = attrs.field(factory=Pace)

    async def run(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The summary and the rows. Raises Refused: `failed` with what the process died of, `invalid` where there are no bars,
        `timeout`, `unavailable`."""
        series = await self._read()
        process = await WorkProcess.begun("oracle.trading.backtest.worker", _SAID)
        try:
            done = await self._through(process, series)
        except DIED:
            raise await process.failure() from None
        finally:
            await process.close()
        return self._told(done.summary, series), done.rows

    async def _read(self) -> list[Series]:
        past, found = Past(self.queries, self.ask.since_us, self.ask.to_us), []
        for place, symbol in enumerate(self.symbols):
            await self.pace.turn()
            found.append(await past.series(symbol, self.now_us))
            self.pace.note(READ * (place + 1) / len(self.symbols))
        if not any(one.ts_us and one.ts_us[-1] >= self.ask.wish.start_us for one in found):
            raise Refused(NO_BARS, "invalid")
        return [one for one in found if one.ts_us]

    async def _through(self, process: WorkProcess, series: Sequence[Series]) -> Done:
        await process.send(self._begin())
        for one in series:
            await process.send(one)
        await process.send(await self._beside())
        first, last = min(one.ts_us[0] for one in series), max(one.ts_us[-1] for one in series) + 1
        at_us = first
        while at_us < last:
            await self.pace.turn()
            at_us = min(at_us + PIECE_US, last)
            await process.send(Go(at_us))
            await process.hear()
            self.pace.note(READ + (1 - READ) * (at_us - first) / (last - first))
        await process.said_all()
        done = await process.hear()
        if not isinstance(done, Done):
            raise EOFError
        return done

    async def _beside(self) -> Heard:
        past, needs = Past(self.queries, 0, self.ask.to_us), self.ask.required_data
        fundamentals = await past.fundamentals(self.symbols) if "fundamentals" in needs else []
        insiders = await past.insider_trades(self.symbols) if "insider_transactions" in needs else []
        return Heard(fundamentals, insiders)

    def _begin(self) -> Begin:
        ask, wish = self.ask, self.ask.wish
        return Begin(
            ask.listed.name, ask.listed.kind, ask.listed.table, wish.start_us, ask.start, ask.end, wish.initial_capital,
            wish.sizing, wish.orders, wish.limits, unstructure(self.paper), unstructure(self.trading), unstructure(self.risk),
        )  # fmt: skip

    def _told(self, summary: dict[str, Any], series: Sequence[Series]) -> dict[str, Any]:
        """The figures, with where they come from."""
        wish, listed = self.ask.wish, self.ask.listed
        sources = sorted({source for one in series for source in one.source})
        about = {
            "symbols": [one.symbol for one in series],
            "without_data": sorted(set(self.symbols) - {one.symbol for one in series}),
            "sources": sources, "simulated": SOURCE in sources, "params": listed.table,
            "sizing": wish.sizing, "orders": wish.orders, "limits": wish.limits,
            "costs": {name: getattr(self.paper, name) for name in COSTS}, "plain": wish.plain,
        }  # fmt: skip
        return {"strategy_name": listed.name, **summary, "metadata": {**summary["metadata"], **about}}
