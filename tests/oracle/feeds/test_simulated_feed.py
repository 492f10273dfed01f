"""The simulated market as an actor: on time, whatever the clock does."""

import trio

from actors import open_runtime, trio_clock
from actors.testing import probe
from oracle.feeds import FeedStatistics
from oracle.feeds.simulated import Simulated
from oracle.model import Event, Gap, Quote, Trade

T0_US = 1_795_449_600_000_000


async def told(seconds, seed=1, start_us=T0_US):
    """What a market says in its first seconds of virtual time."""
    statistics = FeedStatistics()
    async with open_runtime([], clock=trio_clock(start_us)) as runtime:
        seen = probe(runtime, "*")
        runtime.add(Simulated(seed=seed, symbols=("BTC-USD", "AAPL")).child("simulated", statistics))
        await trio.sleep(seconds - 0.05)
        messages = seen.took()
    return messages, statistics


async def test_two_runs_say_the_same_at_the_same_instants(autojump_clock):
    def ticks(messages):
        return [m for m in messages if isinstance(m, Quote | Trade) and m.source == "simulated"]

    one, statistics = await told(10)
    two, _ = await told(10)
    later, _ = await told(5, start_us=T0_US + 5_000_000)
    other, _ = await told(10, seed=2)
    assert len(ticks(one)) == 2 * 5 * 10
    assert ticks(two) == ticks(one)
    assert ticks(later) == ticks(one)[50:]
    assert ticks(other) != ticks(one)
    assert statistics.frames["quote"] == 80 + 10  # and one a second of the other venue
    assert statistics.frames["trade"] == 20
    assert statistics.messages == sum(statistics.frames.values())


async def test_each_tick_is_told_at_its_instant(autojump_clock):
    async with open_runtime([], clock=trio_clock(T0_US + 123_456)) as runtime:
        seen = probe(runtime, "quote:*")
        runtime.add(Simulated(symbols=("BTC-USD",)).child("simulated"))
        await trio.sleep(3)
        late_us = [p.time_us - p.message.ts_us for p in seen.envelopes() if p.message.source == "simulated"]
    assert late_us[0] == 123_456  # the present step, at the start
    assert all(0 <= late < 10 for late in late_us[1:])


async def test_it_says_when_it_comes_and_goes(autojump_clock):
    async with open_runtime([], clock=trio_clock(T0_US)) as runtime:
        seen = probe(runtime, "event:system:feed:*")
        runtime.add(Simulated().child("market"))
        await trio.sleep(1)
        await runtime.remove("feed:market")
        events = [m for m in seen.took() if isinstance(m, Event)]
    assert [(e.kind, e.subject) for e in events] == [
        ("system:feed:connected", "feed:market"), ("system:feed:disconnected", "feed:market"),
    ]  # fmt: skip


async def test_a_killed_feed_goes_on_where_the_market_is_and_its_numbers_live_on(autojump_clock):
    statistics = FeedStatistics()
    async with open_runtime([], clock=trio_clock(T0_US)) as runtime:
        runtime.add(Simulated(symbols=("BTC-USD",)).child("simulated", statistics))
        await trio.sleep(2.05)
        before = statistics.messages
        shown = runtime.node("feed:simulated").about
        assert (shown["connected"], shown["messages"], shown["last_error"]) == (True, before, None)
        assert shown["last_frame"].startswith("2026-11-23T16:00:0")
        runtime.kill("feed:simulated")
        seen = probe(runtime, "quote:*")
        await trio.sleep(2)
        quotes = seen.took()
    assert quotes[-1].ts_us == T0_US + 4_000_000
    assert statistics.messages > before
    assert (statistics.connects, statistics.reconnects) == (2, 1)


async def test_a_clock_set_back_is_followed_and_noted(autojump_clock):
    shift_us = 0
    virtual = trio_clock(T0_US)
    async with open_runtime([], clock=lambda: virtual() + shift_us) as runtime:
        seen = probe(runtime, "*")
        runtime.add(Simulated(symbols=("BTC-USD",)).child("simulated"))
        await trio.sleep(5)
        seen.took()
        shift_us = -3_600_000_000
        await trio.sleep(5)
        messages = seen.took()
    gaps = [m for m in messages if isinstance(m, Gap)]
    ticks = [m for m in messages if isinstance(m, Quote | Trade)]
    assert [gap.reason for gap in gaps] == ["clock set back"]
    assert gaps[0].from_us <= gaps[0].to_us
    assert len(ticks) > 20
    assert all(tick.ts_us < T0_US for tick in ticks)


async def test_a_machine_that_slept_wants_the_present(autojump_clock):
    shift_us = 0
    virtual = trio_clock(T0_US)
    async with open_runtime([], clock=lambda: virtual() + shift_us) as runtime:
        seen = probe(runtime, "*")
        runtime.add(Simulated(symbols=("BTC-USD",)).child("simulated"))
        await trio.sleep(1.05)
        seen.took()
        shift_us = 3_600_000_000
        await trio.sleep(1)
        messages = seen.took()
    gaps = [m for m in messages if isinstance(m, Gap)]
    assert [(gap.who, gap.from_us, gap.reason) for gap in gaps] == [
        ("feed:simulated", T0_US + 1_000_000, "fell behind the clock")
    ]
    assert len([m for m in messages if isinstance(m, Quote | Trade)]) <= 7


async def test_it_waits_for_room(autojump_clock):
    async with open_runtime([], clock=trio_clock(T0_US)) as runtime:
        seen = probe(runtime, "quote:*")
        runtime.add(Simulated(symbols=("BTC-USD",)).child("simulated"))
        await trio.sleep(1)
        runtime.bus.close_gate()
        seen.took()
        await trio.sleep(1)
        held = len(seen.took())
        runtime.bus.open_gate()
        await trio.sleep(0.5)
        assert held <= 2  # one step: a quote of each venue
        assert len(seen.took()) >= 4
