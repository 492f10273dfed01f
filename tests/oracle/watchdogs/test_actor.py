"""The actor around a decider: what it publishes, its health, and what survives its lives. Virtual time."""

import trio

from actors import Actor, Child, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.model import Finding, Severity, Trade, event_id
from oracle.watchdogs.actor import watchdog_child
from oracle.watchdogs.decider import Memory
from oracle.watchdogs.price_anomaly import PriceAnomaly

T0_US = 1_700_000_000_000_000
NAME = "watchdog:price_anomaly"


def trade(rt, price, symbol="BTC-USD"):
    return Trade(symbol, price, 1.0, "buy", "7", rt.now_us(), "test")



async def start(rt, decider=PriceAnomaly, past=None):
    board = Board(rt.bus)
    rt.add(watchdog_child(NAME.partition(":")[2], decider, board, past, rt))
    await trio.testing.wait_all_tasks_blocked()
    return board


def finds(events):
    """What the watchdog found; that it began is another matter."""
    return [event for event in events.took() if event.kind != "watchdog_began"]


async def test_a_finding_becomes_an_event_with_an_id_of_its_content(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board, events = await start(rt), probe(rt, "event:*")
        rt.publish(trade(rt, 100.0))
        await trio.sleep(61)
        rt.publish(trade(rt, 107.0))
        await trio.testing.wait_all_tasks_blocked()
        (event,) = finds(events)
        assert (event.kind, event.subject, event.source, event.severity) == (
            "price_anomaly", "BTC-USD", NAME, Severity.high,
        )  # fmt: skip
        assert event.id == event_id("price_anomaly", "BTC-USD", NAME, event.ts_us, "trade:BTC-USD:7")
        assert event.data["provider"] == "test"  # whose numbers it is made of, so that a simulated one is known as such
        value = board.get(NAME)
        assert (value["events_emitted"], value["last_event_us"]) == (1, event.ts_us)


async def test_silence_degrades_and_input_heals(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = await start(rt)
        assert board.get(NAME)["status"] == "healthy"
        await trio.sleep(31)
        assert (board.get(NAME)["status"], board.get(NAME)["consecutive_failures"]) == ("degraded", 1)
        await trio.sleep(60)
        assert board.get(NAME)["status"] == "unhealthy"
        rt.publish(trade(rt, 100.0))
        await trio.testing.wait_all_tasks_blocked()
        assert (board.get(NAME)["status"], board.get(NAME)["errors"]) == ("healthy", 3)


async def test_counters_survive_a_crash_and_the_past_is_not_spoken_again(autojump_clock):
    begun = []

    async def past(decider, since):
        begun.append(since)
        assert decider.memory_s == 120
        return Memory((), [(T0_US, Trade("BTC-USD", 100.0, 1, "", "1", T0_US, "test"))])

    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        rt.add(Child("history", Actor))  # answers that all is stored
        board, events = await start(rt, past=past), probe(rt, "event:*")
        await trio.sleep(61)
        rt.publish(trade(rt, 107.0))  # compared with what the past held
        await trio.sleep(6)
        before = board.get(NAME)
        rt.kill(NAME)
        await trio.sleep(1)
        after = board.get(NAME)
        assert len(finds(events)) == 1
        assert (before["events_emitted"], after["events_emitted"]) == (1, 1)
        assert after["total_checks"] > before["total_checks"]
        assert rt.node(NAME).restarts == 1
        assert begun[0].offset < begun[1].offset < rt.bus.offset  # a life's past ends with what the one before it handled


async def test_an_orderly_stop_leaves_the_last_word(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = await start(rt)
        await rt.remove(NAME)
        assert (board.get(NAME)["running"], board.get(NAME)["started_us"]) == (False, None)


async def test_a_deadline_is_met_at_its_instant(autojump_clock):
    class Patient(PriceAnomaly):
        """Speaks ten seconds after the last trade."""

        next_deadline = None

        def update(self, trade, now):
            self.next_deadline = now + 10_000_000
            return iter(())

        def on_gap(self, gap):
            self.next_deadline = None

        def on_time(self, now):
            self.next_deadline = None
            yield Finding("silence", "BTC-USD", Severity.low, "quiet", {}, now)

    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        await start(rt, Patient)
        events = probe(rt, "event:*")
        rt.publish(trade(rt, 1.0))
        await trio.sleep(4)
        rt.publish(trade(rt, 1.0))
        await trio.sleep(60)
        assert [e.ts_us for e in finds(events)] == [T0_US + 14_000_000]


async def test_a_severity_that_is_none_is_the_watchdogs_own_crash(autojump_clock):
    class Odd(PriceAnomaly):
        """Speaks with a severity of its own making."""

        def update(self, trade, now):
            yield Finding("odd", trade.symbol, "urgent", "odd", {}, now)

    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        await start(rt, Odd)
        events, lives = probe(rt, "event:*"), probe(rt, f"life:{NAME}")
        rt.publish(trade(rt, 1.0))
        await trio.sleep(1)
        assert finds(events) == []
        assert lives.took()[0].error == "ValueError: 'urgent' is not a valid Severity"
