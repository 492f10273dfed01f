"""What the bars were at some time is found again, whatever has been stored, rolled and tidied since."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.history import Bound, Queries, Store, Tape, inline
from oracle.model import Bar
from tests.soak import rounds

from .rows import MINUTE_US, T0_US, event, published, trade

minutes = st.integers(0, 40)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["trade", "bar", "pushed", "past"]), minutes),
        st.tuples(st.sampled_from(["begin", "begin late", "roll", "tidy", "restart"]), st.just(0)),
    ),
    min_size=2, max_size=40,
)  # fmt: skip


async def seen(store, bound):
    """The bars of each symbol up to a bound, and up to which place that is."""
    upto = await Tape(store, run_sync=inline).upto(bound)
    queries, found = Queries(store, inline), {}
    for symbol in await queries.bar_symbols(upto):
        for interval in ("1m", "15m", "1d"):
            page = await queries.bars(symbol, interval, limit=10_000, upto=upto)
            found[symbol, interval] = page.items
    return found, upto


class Told:
    """A store, what is written into it, and what those who began saw."""

    def __init__(self, folder):
        self.store = Store(folder)
        self.store.open()
        self.runs = self.offset = 0
        self.restart()
        self.begun = []

    def restart(self):
        """A new run of the process."""
        self.store.close()
        self.store.open()
        self.runs, self.offset = self.runs + 1, 0
        self.epoch, self.at_us = f"run {self.runs}", T0_US + self.runs * 60 * MINUTE_US
        self.store.begin(self.epoch, self.at_us)

    def write(self, message):
        """One more message."""
        self.offset += 1
        self.store.write(published(message, first=self.offset, at_us=self.at_us + self.offset))

    def begin(self, late):
        """Somebody begins, maybe after a message that is not the last."""
        bound = Bound(self.epoch, max(0, self.offset - late))
        found, upto = trio.run(seen, self.store, bound)
        self.begun.append((bound, found))
        self.write(event(self.offset, kind="watchdog_began", data={"stored": upto.seq}))

    def step(self, number, what, minute):
        """Go on."""
        at_us = T0_US + minute * MINUTE_US
        match what:
            case "trade":
                self.write(trade(number, at_us + number, float(number + 1), float(number + 1)))
            case "bar" | "pushed":
                price, source = float(number + 1), "push:bot" if what == "pushed" else "venue"
                symbol = "BTC-USD" if number % 3 else "ETH-USD"
                self.write(Bar(symbol, "1m", price, price, price, price, price, 1, True, at_us, source))
            case "past":
                one = np.array([float(number + 1)])
                self.store.roll()  # as it is where a past is given: before anything of a run was published
                self.restart()
                self.store.backfill_bars({
                    "symbol": "BTC-USD", "interval": "1m", "ts_us": np.array([at_us]), "open": one, "high": one, "low": one,
                    "close": one, "volume": one, "trades": np.array([1]), "source": "simulated",
                })  # fmt: skip
            case "begin" | "begin late":
                self.begin(late=0 if what == "begin" else 2)
            case "roll":
                self.store.roll()
            case "tidy":
                self.store.roll()
                self.store.tidy(T0_US + 20 * MINUTE_US * (1 + number % 3))
            case "restart":
                self.restart()


@settings(max_examples=rounds(6, 200))
@given(steps=steps)
def test_what_somebody_saw_who_began_is_seen_again_at_the_end(steps):
    with TemporaryDirectory() as folder:
        told = Told(Path(folder))
        for number, (what, minute) in enumerate(steps):
            told.step(number, what, minute)
        told.begin(late=0)
        told.store.roll()
        told.store.tidy(T0_US + 10_000 * MINUTE_US)
        told.restart()
        for bound, found in told.begun:
            assert trio.run(seen, told.store, bound)[0] == found
        told.store.close()


def test_parts_of_a_minute_stay_apart_where_somebody_began_in_between():
    with TemporaryDirectory() as folder:
        told = Told(Path(folder))
        for number, what in enumerate(["trade", "roll", "begin", "trade", "roll", "trade"]):
            told.step(number, what, 1)
        told.store.roll()
        told.store.tidy(T0_US + 10_000 * MINUTE_US)
        rows = told.store.connection.execute("SELECT volume, trades FROM bars ORDER BY seq").fetchall()
        assert rows == [(1.0, 1), (10.0, 2)]
        told.store.close()
