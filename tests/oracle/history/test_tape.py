"""What was published is read again as it was, in its order, and what is missing is known to be."""

from __future__ import annotations

import pytest
import trio

from actors import DeadLetter, Lifecycle, Published, open_runtime, trio_clock
from oracle.history import Span, Store, Tape, inline
from oracle.history.holes import Holes
from oracle.patterns import Patterns
from oracle.ring import Ring
from web.dialects import Native

from .rows import T0_US, published, state, trade, zoo

EVERY = Patterns(["*"])


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


def told():
    """One message of each kind that is published, as the bus hands it out."""
    messages = [m for m in zoo() if hasattr(m, "topic")]
    messages += [state(2), Lifecycle("feed:x", "crashed", "OSError: no", 3, OSError("no")),
                 Lifecycle("feed:x", "started", None, 3), DeadLetter("hub", "mailbox full", trade(7)), trade(8)]  # fmt: skip
    return [Published(3 * i, T0_US + i, m.topic, m) for i, m in enumerate(messages, 1)]


async def read(store, patterns, after=0, until=10_000, limit=100, epoch="first"):
    return (await Tape(store, run_sync=inline).page(Span(epoch, after, until), patterns, limit))[0]


async def test_every_kind_is_told_again_byte_for_byte(store):
    live, dialect = told(), Native("first")
    store.write(live)
    again = await read(store, EVERY)
    assert [dialect.encode(one) for one in again] == [dialect.encode(one) for one in live]
    assert [(one.offset, one.time_us, one.topic) for one in again] == [(o.offset, o.time_us, o.topic) for o in live]


async def test_it_is_told_in_pages_across_tables_and_from_any_place(store):
    live = told()
    store.write(live)
    for limit in (1, 2, 5):
        found, after = [], 7
        while page := await read(store, EVERY, after, 33, limit):
            found += page
            after = page[-1].offset
        assert [one.offset for one in found] == [one.offset for one in live if 7 < one.offset <= 33]


@pytest.mark.parametrize("patterns", [
    ["quote:*"], ["quote:BTC-USD"], ["quote:ETH-USD"], ["quote"], ["trade:*", "life:feed:*"], ["bar:1m:*"], ["bar:1d:*"],
    ["event:odd:BTC-USD", "state:rule:a"], ["dead:hub", "gap:feed:*", "sample:cpu:*", "attempt:*", "depth:*"], ["other:*"],
    ["quote:*", "*"],
])  # fmt: skip
async def test_a_pattern_finds_in_the_tables_what_it_finds_on_the_bus(store, patterns):
    store.write(told())
    wanted = Patterns(patterns)
    expected = [one.offset for one in told() if wanted.want(one.topic)]
    assert [one.offset for one in await read(store, wanted)] == expected
    assert (await Tape(store, run_sync=inline).measure([Span("first", 0, 999)], wanted)).count == len(expected)


async def test_each_run_knows_the_end_of_the_one_before(store):
    store.write(published(trade(1), trade(2)))
    store.begin("second", T0_US + 10)
    store.begin("third", T0_US + 20)
    assert await Tape(store, run_sync=inline).ends() == {"first": (2, "second"), "second": (0, "third")}


async def test_a_state_that_is_gone_is_told_after_any_number_of_runs(store):
    gone = Published(3, T0_US, "state:rule:a", state(1, "rule:a"))
    gone.message = type(gone.message)("rule:a", None, 2, T0_US)
    store.write([*published(state(1, "rule:a"), state(1, "rule:b")), gone, Published(-1, T0_US, "", state(9, "rule:b"))])
    for epoch in ("second", "third"):
        store.begin(epoch, T0_US)
    again = await read(store, EVERY)
    assert [(one.offset, one.message.ref, one.message.version) for one in again] == [(2, "rule:b", 1), (3, "rule:a", 2)]
    assert [s.version for s in store.states()] == [9]


async def test_holes_are_found_by_place_and_kind_now_and_after_a_restart(store):
    store.holes.note(5, 5)
    store.holes.note(6, 8)
    store.holes.note_kind("rumour", 20)
    store.holes.note_kind("rumour", 22)
    for stored in (False, True, "second"):
        if stored:
            store.write(published(trade(1), first=30))
        if stored == "second":
            store.begin("second", T0_US)

        async def whole(after, until, *patterns):
            return (await Tape(store, run_sync=inline).measure([Span("first", after, until)], Patterns(patterns))).whole

        assert not await whole(4, 5, "*")
        assert not await whole(7, 9, "trade:*")
        assert await whole(0, 4, "*") and await whole(8, 19, "*")
        assert not await whole(8, 20, "*") and not await whole(30, 31, "rumour:*")
        assert await whole(8, 99, "trade:*")
    assert store.connection.execute("SELECT count(*) FROM holes").fetchone() == (2,)


def test_a_hole_whose_transaction_failed_goes_with_the_next():
    class Sees:
        rows = ()

        def execute(self, sql, row):
            self.rows += (tuple(row[1:]),)

    holes, sees = Holes(), Sees()
    holes.note(3, 4)
    with pytest.raises(OSError), holes.writing() as write:
        write(Sees(), 1)
        raise OSError
    holes.note(0, 9)
    holes.note(9, 9)
    with holes.writing() as write:
        write(sees, 1)
    with holes.writing() as write:
        write(sees, 1)
    assert sees.rows == (("", 3, 4), ("", 9, 9))


async def test_dropped_months_are_holes_of_their_kind(store):
    store.write(published(*zoo()))
    assert store.retain(T0_US + 400 * 86_400_000_000, {"quote": 30})
    tape = Tape(store, run_sync=inline)
    assert not (await tape.measure([Span("first", 0, 99)], EVERY)).whole
    assert (await tape.measure([Span("first", 1, 99)], EVERY)).whole
    assert (await tape.measure([Span("first", 0, 99)], Patterns(["event:*"]))).whole


async def test_the_ring_ends_where_the_bus_does_and_forgets_the_oldest(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as runtime:
        runtime.publish(trade(0))
        begun = runtime.bus.offset
        ring = Ring.of(runtime, limit_bytes=20 * 450)
        assert (ring.after, ring.last, list(ring.since(begun))) == (begun, begun, [])
        for number in range(50):
            runtime.publish(trade(number))
        assert ring.last == runtime.bus.offset and len(ring) == 20 and ring.bytes == 20 * 450
        for offset in range(ring.after, ring.last + 1):
            for most in (None, 1, 3, 19, 50):
                expected = list(range(offset + 1, ring.last + 1))[:most]
                assert [one.offset for one in ring.since(offset, most)] == expected
        with pytest.raises(LookupError):
            ring.since(ring.after - 1)
        await trio.lowlevel.checkpoint()


async def test_the_ring_keeps_no_traceback_and_no_secret(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as runtime:
        ring, dialect = Ring.of(runtime), Native("now")
        begun = runtime.bus.offset
        heard = []
        runtime.listen("*", heard.append)
        for one in told():
            runtime.publish(one.message)
        kept = ring.since(begun)
        assert [dialect.encode(one) for one in kept] == [dialect.encode(one) for one in heard]
        assert all(getattr(one.message, "exception", None) is None for one in kept)
        assert not any(isinstance(getattr(one.message, "message", None), type(trade(1))) for one in kept)
        await trio.lowlevel.checkpoint()
