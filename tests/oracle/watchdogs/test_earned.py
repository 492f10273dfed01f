"""On the simulated market each watchdog earns its events: what they say is worked out again from stored rows. On a quiet market
there are none."""

from collections import defaultdict
from statistics import fmean

import numpy as np
import pytest
import trio
import trio.testing

from oracle.feeds.simulated import Simulated, Tape
from oracle.history import Commit
from oracle.settings import Data, Demo, Settings
from oracle.system import open_system
from oracle.watchdogs import WATCHDOGS
from oracle.watchdogs.actor import Ready

T0_US = 1_795_449_600_000_000 + 3_600_000_000 * 15 + 1_800_000_000  # 2026-11-23 15:30 UTC, a Monday: shares trade
SECOND_US = 1_000_000
SECONDS = 125


class Moved:
    """A clock that is set."""

    now_us = T0_US - 10 * SECOND_US

    def __call__(self):
        return self.now_us


async def market(folder, anomalies):
    """The events of two minutes after a first start, and the stored rows they came from."""
    clock = Moved()
    feeds = {"simulated": {"anomalies": anomalies}}
    async with open_system(Settings(data=Data(folder=folder), feeds=feeds), clock=clock):
        pass  # which leaves a past
    async with open_system(Settings(data=Data(folder=folder), demo=Demo(enabled=False)), clock=clock) as system:
        tape = Tape(Simulated(anomalies=anomalies, updates_per_s=1))
        for step in range(T0_US // tape.step_us, T0_US // tape.step_us + SECONDS):
            clock.now_us = step * tape.step_us
            for message in tape.at(step):
                system.runtime.publish(message)
            if step % 5 == 0:
                await trio.testing.wait_all_tasks_blocked()
        for name in WATCHDOGS:  # answered behind all that it has heard
            await system.runtime.ask(f"watchdog:{name}", Ready())
        await system.runtime.ask("history", Commit(()))
        sources = [f"watchdog:{name}" for name in WATCHDOGS]
        events = (await system.queries.events(source=sources, limit=1000, newest_first=False)).items
        rows = {"facts": (await system.queries.events(kind=["transfer", "earnings"], limit=1000)).items}
        ticks, samples = system.queries.ticks, system.queries.samples
        for kind in ("trade", "quote"):
            rows[kind] = await pages(lambda cursor, kind=kind: ticks(kind, None, T0_US, limit=10_000, cursor=cursor))
        week_us = T0_US - 7 * 86_400 * SECOND_US
        rows["sample"] = await pages(lambda cursor: samples(from_us=week_us, limit=10_000, cursor=cursor))
        for symbol in ("BTC-USD", "ETH-USD", "SPY", "QQQ"):
            begin_us = T0_US - 90 * 86_400 * SECOND_US
            page = await system.queries.bars(symbol, "15m", begin_us, T0_US, limit=10_000)
            rows["bars", symbol] = {row["ts_us"] // 900_000_000: row["close"] for row in page.items}
        return events, rows


async def pages(ask):
    """All rows of a list."""
    found, cursor = [], None
    while True:
        page = await ask(cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


def winsorized(values):
    reach = 4 * 1.4826 * np.median(np.abs(values - np.median(values)))
    return np.clip(values, np.median(values) - reach, np.median(values) + reach)


class Again:
    """Works out again what an event says, from rows: one method for each kind."""

    def __init__(self, rows):
        self.rows = rows

    def samples(self, name, until_us, subject=None, since_us=0):
        """Values by subject, oldest first."""
        found = defaultdict(list)
        for row in self.rows["sample"]:
            if row["name"] == name and since_us <= row["pub_us"] <= until_us and subject in (None, row["subject"]):
                found[row["subject"]].append(row["value"])
        return found

    def price_anomaly(self, event, data):
        trades = [row for row in self.rows["trade"] if row["symbol"] == event["subject"] and row["pub_us"] <= event["ts_us"]]
        past = [row["price"] for row in trades if row["pub_us"] <= event["ts_us"] - 60 * SECOND_US]
        change = (trades[-1]["price"] / past[-1] - 1) * 100
        assert (data["current_price"], data["past_price"]) == (trades[-1]["price"], past[-1])
        assert data["change_pct"] == pytest.approx(change, abs=1e-5) and abs(change) > 5
        assert (event["kind"] == "flash_crash") == (change < -10)

    flash_crash = price_anomaly

    def unusual_volume(self, event, data):
        since = event["ts_us"] // SECOND_US - 60
        trades = [row for row in self.rows["trade"] if row["symbol"] == event["subject"]]
        sizes = [row["size"] for row in trades if since <= row["pub_us"] // SECOND_US < event["ts_us"] // SECOND_US]
        assert data["current_volume"] == pytest.approx(sum(sizes))
        assert data["volume_ratio"] == pytest.approx(sum(sizes) / data["avg_volume"], rel=1e-5) and data["volume_ratio"] > 3

    def whale_movement(self, event, data):
        (fact,) = [row["data"] for row in self.rows["facts"] if row["data"].get("tx_hash") == data["tx_hash"]]
        assert {key: fact[key] for key in ("from", "to", "amount", "usd_value", "tx_hash")}.items() <= data.items()
        assert data["usd_value"] > 1_000_000

    def earnings_anomaly(self, event, data):
        (fact,) = [row["data"] for row in self.rows["facts"] if row["data"].get("report_date") == data["report_date"]]
        surprise = (fact["actual_eps"] - fact["estimated_eps"]) / abs(fact["estimated_eps"]) * 100
        assert data["surprise_pct"] == pytest.approx(surprise, abs=1e-5) and abs(surprise) > 10

    def funding_spike(self, event, data):
        last = self.samples("funding_rate", event["ts_us"])
        for venue, rate in data["by_exchange"].items():  # the rates of one instant come one after the other
            assert rate in last[f"{event['subject']}:{venue}"][-2:]
        mean = fmean(data["by_exchange"].values())
        assert data["avg_funding_rate"] == pytest.approx(mean) and abs(mean) > 0.001

    def liquidity_drop(self, event, data):
        subject = f"{event['subject']}:simulated"
        sides = [self.samples(f"book_depth_{side}", event["ts_us"], subject)[subject] for side in ("bid", "ask")]
        assert data["current_depth"] == pytest.approx(sum(side[-1] for side in sides))
        assert data["avg_depth"] == pytest.approx(sum(fmean(side) for side in sides), rel=0.15)
        ratio = data["current_depth"] / data["avg_depth"]
        assert data["depth_ratio"] == pytest.approx(ratio, rel=1e-4) and ratio < 0.5

    def correlation_break(self, event, data):
        one, two = self.rows["bars", data["asset1"]], self.rows["bars", data["asset2"]]
        slots = [slot for slot in one if {slot, slot - 1} <= one.keys() & two.keys()]
        x, y = (winsorized(np.array([np.log(leg[slot] / leg[slot - 1]) for slot in slots])) for leg in (one, two))
        recent = np.array(slots) > T0_US // 900_000_000 - 7 * 96
        assert data["hist_corr"] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-3)
        assert data["recent_corr"] == pytest.approx(np.corrcoef(x[recent], y[recent])[0, 1], abs=1e-3)
        assert abs(data["change"]) > 0.5

    def exchange_outage(self, event, data):
        (status,), (took_ms,) = ([values[-1] for values in self.samples(name, event["ts_us"], data["exchange"]).values()]
                                 for name in ("http_status", "http_response_ms"))  # fmt: skip
        assert (data["status_code"] or 0, data["response_time_ms"]) == (status, took_ms)
        assert status != 200 or took_ms > 4000

    def arbitrage_opportunity(self, event, data):
        quotes = [row for row in self.rows["quote"] if row["symbol"] == event["subject"] and row["pub_us"] <= event["ts_us"]]
        bought, sold = ([row for row in quotes if row["source"] == data[f"{way}_exchange"]][-2:] for way in ("buy", "sell"))
        (bought,), (sold,) = ([row for row in rows if row[side] == data[f"{way}_price"]]  # of one instant, one was first
                              for rows, side, way in ((bought, "ask", "buy"), (sold, "bid", "sell")))  # fmt: skip
        net = (sold["bid"] * 0.999 / (bought["ask"] * 1.001) - 1) * 100
        assert data["net_pct"] == pytest.approx(net, abs=1e-5) and net > 0.1

    def metric_anomaly(self, event, data):
        name, _, subject = event["subject"].partition(":")
        since_us = event["ts_us"] - 60 * SECOND_US  # a sample at the edge of two rows belongs to the one before, if there is one
        values = self.samples(name, event["ts_us"], subject, since_us + (since_us > T0_US))[subject]
        assert data["value"] == pytest.approx(fmean(values))

    def absence(self, event, data):
        subject = data["topic"].rpartition(":")[2]
        times = [row["pub_us"] for row in self.rows["sample"]
                 if (row["name"], row["subject"]) == ("http_status", subject) and row["pub_us"] <= event["ts_us"]]  # fmt: skip
        assert times[-1] == data["last_seen_us"] == event["ts_us"] - 30 * SECOND_US


async def test_each_watchdog_earns_what_it_says(tmp_path):
    events, rows = await market(tmp_path, anomalies=True)
    assert {event["source"].removeprefix("watchdog:") for event in events} == set(WATCHDOGS)
    again = Again(rows)
    for event in events:
        assert event["data"]["provider"].startswith("simulated")
        getattr(again, event["kind"])(event, event["data"])


async def test_on_a_quiet_market_nobody_says_anything(tmp_path):
    events, _ = await market(tmp_path, anomalies=False)
    assert events == []
