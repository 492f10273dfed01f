"""The paper venue: what becomes of orders in a market that does not know of them. Pure, and the same live and in backtests; it
has no clock and knows no desk.

Live it is driven by quotes, trades and order books. An order is at work `latency_ms` after it was placed. A market order takes
what is shown, at `slippage_bps` beside it; a limit order what is shown at its limit or better, and what of it then rests is
filled at its limit once the other side's touch has reached that, or a trade has printed through it. A stop becomes a market order
(or a limit order) once the touch it would take, or a trade, is at its price or beyond. Of each price an order takes at most
`participation` of the size shown there, and all together no more than it; the rest waits until something else is shown.

In backtests it is driven by closed bars, and an order works from the next bar of its symbol on: market orders at its open, beside
it by the slippage; a limit order at the open where that is better, else at its limit where the range reaches it; a stop at the
open where that is beyond it, else at its price, both beside it by the slippage. Nothing else is read from a bar. `participation`
is then that of the bar's volume, where it has any. Of what belongs to one bracket, stops come first, and no limit follows in the
same bar.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import attrs

from oracle.model import Bar, Depth, Quote, Trade
from oracle.settings_trading import Paper
from oracle.trading.costs import fee_of, slipped
from oracle.trading.job import STOPS, Job, job_of
from oracle.trading.ledger import DUST, Fill
from oracle.trading.order import Order, OrderStatus, OrderType, Side
from oracle.trading.reports import Ended, Filled
from oracle.trading.shown import Level, Shown

__all__ = ["PaperVenue"]

REMEMBERED = 10_000  # orders that have ended, which are not worked again


@attrs.define(eq=False)
class _Market:
    shown: Shown = attrs.field(factory=Shown)
    jobs: dict[str, Job] = attrs.field(factory=dict)  # by order id, the first placed first


class PaperVenue:
    """Takes orders and tells what becomes of them; `update` and `on_time` yield it. It is to be acted on one by one: a `cancel`
    between two of them counts. Working orders are known by their ids; one that has ended here is not worked again."""

    def __init__(self, settings: Paper) -> None:
        self._settings = settings
        self._latency_us = round(settings.latency_ms * 1000)
        self._markets: dict[str, _Market] = {}
        self._jobs: dict[str, Job] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    @property
    def symbols(self) -> frozenset[str]:
        """Those with working orders."""
        return frozenset(job.order.symbol for job in self._jobs.values())

    @property
    def working(self) -> tuple[str, ...]:
        """Ids of working orders, the first placed first."""
        return tuple(self._jobs)

    @property
    def next_deadline_us(self) -> int | None:
        """When `on_time` is due: an order gets to work, or its time is over; None for never."""
        times = [job.at_us for job in self._jobs.values() if not job.begun]
        times += [job.ends_us for job in self._jobs.values() if job.ends_us is not None]
        return min(times, default=None)

    def place(self, order: Order, now_us: int, ends_us: int | None = None) -> bool:
        """Work an order, or what remains of it, until `ends_us`; False where it is known already. Raises Refused `rejected` for
        one that can't be worked."""
        if order.id in self._jobs or order.id in self._ended:
            return False
        job = job_of(order, now_us, now_us + self._latency_us, ends_us)
        self._jobs[order.id] = job
        self._markets.setdefault(order.symbol, _Market()).jobs[order.id] = job
        return True

    def cancel(self, order_id: str) -> bool:
        """Work it no more; False where it is not worked. It may be placed again."""
        job = self._jobs.pop(order_id, None)
        if job is not None:
            del self._markets[job.order.symbol].jobs[order_id]
        return job is not None

    def learn(self, symbol: str, message: Quote | Trade | Depth | None, now_us: int) -> None:
        """What is shown of a symbol that nothing has worked in yet, or that was not followed: None where that is not known."""
        market = self._markets.setdefault(symbol, _Market())
        if message is None:
            market.shown = Shown()
        else:
            _see(market.shown, message, now_us)

    def update(self, message: Quote | Trade | Depth | Bar, now_us: int) -> Iterable[Filled | Ended]:
        """What comes of it; it happens as it is gone through."""
        market = self._markets.get(message.symbol)
        if market is None:
            return ()
        if not market.jobs:
            if not isinstance(message, Bar):
                _see(market.shown, message, now_us)
            return ()
        return self._bar(market, message, now_us) if isinstance(message, Bar) else self._shown(market, message, now_us)

    def on_time(self, now_us: int) -> Iterator[Filled | Ended]:
        """What comes of time having passed."""
        for job in list(self._jobs.values()):
            yield from self._pass_time(job, now_us)

    # ---- live

    def _shown(self, market: _Market, message: Quote | Trade | Depth, now_us: int) -> Iterator[Filled | Ended]:
        for job in list(market.jobs.values()):  # those that got to work by now did so before this came
            yield from self._pass_time(job, now_us)
        printed = _see(market.shown, message, now_us)
        for job in list(market.jobs.values()):
            if job.begun and job.order.id in self._jobs:
                yield from self._work(job, market.shown, printed, now_us)

    def _pass_time(self, job: Job, now_us: int) -> Iterator[Filled | Ended]:
        if job.order.id not in self._jobs:
            return
        if not job.begun and job.at_us <= now_us:
            job.begun = True
            yield from self._work(job, self._markets[job.order.symbol].shown, None, now_us)
        if job.ends_us is not None and job.ends_us <= now_us and job.order.id in self._jobs:
            yield self._expire(job)

    def _work(self, job: Job, shown: Shown, printed: Level | None, now_us: int) -> Iterator[Filled]:
        touch = shown.touch(job.side)
        if job.waits:
            if not (job.stopped_at(touch) or (printed is not None and job.stopped_at(printed.price))):
                return
            job.waits = False
        for level in shown.levels(job.side, now_us):
            if not job.may_pay(level.price):
                break
            yield from self._take(job, level, self._price(job, level.price), now_us)
        limit = job.limit
        if limit is None or touch is None or job.order.id not in self._jobs:
            return
        if job.rests and printed is not None and printed.price != limit and job.may_pay(printed.price):
            yield from self._take(job, printed, limit, now_us)
        job.rests = job.rests or not job.may_pay(touch)

    def _price(self, job: Job, price: float) -> float:
        """What a job gets where `price` is shown."""
        if job.limit is None:
            return slipped(self._settings, job.side, price)
        return job.limit if job.rests else price

    # ---- bars

    def _bar(self, market: _Market, bar: Bar, now_us: int) -> Iterator[Filled | Ended]:
        if not bar.closed:
            return
        for job in list(market.jobs.values()):
            if job.ends_us is not None and job.ends_us <= bar.ts_us:
                yield self._expire(job)
        volume = Level(bar.open, bar.volume)
        done: dict[str, OrderType] = {}  # by the bracket they belong to: what was filled first of it
        jobs = list(market.jobs.values())
        for job in jobs:
            price = self._at_open(job, bar)
            if price is not None:
                yield from self._settle(job, volume, price, max(job.placed_us, bar.ts_us), done)
        for job in sorted(jobs, key=lambda job: job.kind not in STOPS):
            price = self._within(job, bar)
            if price is not None:
                yield from self._settle(job, volume, price, now_us, done)

    def _settle(self, job: Job, volume: Level, price: float, now_us: int, done: dict[str, OrderType]) -> Iterator[Filled]:
        bracket = job.order.parent_id
        if job.order.id not in self._jobs or (bracket and done.get(bracket, job.kind) is not job.kind):
            return
        job.rests = True  # what remains of it was in this bar, and is not looked at again in it
        for filled in self._take(job, volume, price, now_us):
            done.setdefault(bracket, job.kind)
            yield filled

    def _at_open(self, job: Job, bar: Bar) -> float | None:
        job.begun, job.rests = True, False
        if job.waits and job.stopped_at(bar.open):
            job.waits = False
        if job.waits or not job.may_pay(bar.open):
            return None
        return self._price(job, bar.open)

    def _within(self, job: Job, bar: Bar) -> float | None:
        """Its price within the range of a bar that did not fill it at its open."""
        buys, stop = job.side is Side.buy, job.order.stop_price
        if job.waits:
            if stop is None or not job.stopped_at(bar.high if buys else bar.low):
                return None
            job.waits = False
            # Whether the range reached its limit after its stop, nobody knows: that is for the next bar.
            return self._price(job, stop) if job.may_pay(stop) else None
        if job.rests or job.limit is None:
            return None
        return job.limit if job.may_pay(bar.low if buys else bar.high) else None

    # ---- both

    def _take(self, job: Job, level: Level, price: float, now_us: int) -> Iterator[Filled]:
        order, settings = job.order, self._settings
        quantity = min(job.remaining, level.room(order.id, settings.participation))
        if order.id not in self._jobs or quantity <= DUST:
            return
        level.take(order.id, quantity)
        fill = Fill(
            id=_fill_id(order.id, job.filled), order_id=order.id, symbol=order.symbol, side=order.side, quantity=quantity,
            price=price, fee=fee_of(settings, price, quantity), ts_us=now_us, strategy_name=order.strategy_name,
        )  # fmt: skip
        job.filled += quantity
        if job.remaining <= DUST:
            self._end(order.id)
        yield Filled(fill)

    def _expire(self, job: Job) -> Ended:
        self._end(job.order.id)
        return Ended(job.order.id, OrderStatus.expired, "its time is over", job.ends_us or 0)

    def _end(self, order_id: str) -> None:
        self.cancel(order_id)
        self._ended[order_id] = None
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)


def _see(shown: Shown, message: Quote | Trade | Depth, now_us: int) -> Level | None:
    """What was traded, where it is a trade."""
    match message:
        case Quote():
            shown.quote(message)
        case Trade():
            return shown.trade(message)
        case _:
            shown.depth(message, now_us)
    return None


def _fill_id(order_id: str, filled: float) -> str:
    """A fill is told from others of its order by where in it it begins: one that was told before a crash and is not in the books
    has the same id as the one that takes its place, and one that is in them never has."""
    return "fil_" + hashlib.blake2b(f"{order_id}\x1f{filled!r}".encode(), digest_size=12).hexdigest()
