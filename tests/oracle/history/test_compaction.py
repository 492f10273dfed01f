"""What a start takes out of the file, and that nobody is told less for it than they believe."""

import msgspec
import pytest

from actors import Published
from oracle.history import Past, Span, Store, Tape, inline
from oracle.model import RunRow, State
from oracle.patterns import Patterns

from .rows import T0_US, published, state, trade

DAY_US = 86_400_000_000


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


def gone(ref, version=2, at_us=T0_US):
    return State(ref, None, version, at_us)


def row(ident, finished_us, kind="task"):
    known = dict.fromkeys(RunRow.__struct_fields__) | dict.fromkeys(("name", "owner", "agent", "model"), "")
    words = {"session": "", "conversation": "", "source": "", "status": "completed", "failed": False, "value": {"id": ident}}
    return RunRow(**{**known, **words, "id": ident, "revision": 0, "kind": kind, "ts_us": T0_US, "finished_us": finished_us})


def seen(store, table, column):
    return [value for (value,) in store.connection.execute(f"SELECT {column} FROM {table} ORDER BY seq").fetchall()]


async def test_what_is_long_gone_is_forgotten_and_who_stands_before_it_is_not_told_the_rest(store):
    store.write(published(state(1, "rule:a"), state(1, "rule:b"), gone("rule:a"), state(1, "rule:c"), first=1))
    store.write([Published(-1, T0_US, "", gone("rule:b")), *published(trade(1), first=5)])
    store.write(published(gone("rule:b"), state(1, "rule:d"), first=6))
    last = store.last_seq
    store.begin("second", T0_US + 29 * DAY_US)
    assert seen(store, "state", "ref") == ["rule:a", "rule:c", "rule:b", "rule:b", "rule:d"], "still told"
    store.begin("third", T0_US + 31 * DAY_US)
    assert seen(store, "state", "ref") == ["rule:c", "rule:d"]

    async def past(after, pattern):
        return await Tape(store, run_sync=inline).measure([Span("first", after, 7)], Patterns([pattern]))

    assert not (await past(0, "*")).whole and not (await past(4, "state:*")).whole
    assert await past(6, "*") == Past(1, True), "who heard of it is told what came after"
    assert await past(0, "trade:*") == Past(1, True)
    store.reopen()
    assert store.last_seq == last, "by its number the writer knows what got in"


async def test_the_newest_row_stays_though_it_says_that_something_is_gone(store):
    store.write(published(state(1, "rule:a"), gone("rule:a")))
    for epoch in ("second", "third"):
        store.begin(epoch, T0_US + 99 * DAY_US)
    store.reopen()
    assert (store.last_seq, store.states()) == (2, [])
    store.write(published(state(1, "rule:b")))
    store.begin("fourth", T0_US + 99 * DAY_US)
    assert seen(store, "state", "ref") == ["rule:b"]


async def test_runs_are_kept_for_their_days_after_their_end(store):
    later_us = T0_US + 40 * DAY_US
    store.write([Published(-1, T0_US, "", one) for one in (
        row("old", T0_US), row("new", later_us), row("e-old", T0_US, "experiment"), row("e-new", later_us, "experiment"),
        row("last", T0_US),
    )])  # fmt: skip
    last = store.last_seq
    store.begin("second", T0_US + 50 * DAY_US)
    assert seen(store, "run", "id") == ["old", "new", "e-new", "last"]
    store.begin("third", T0_US + 50 * DAY_US, 45)
    assert seen(store, "run", "id") == ["new", "e-new", "last"], "the newest row stays, whatever it is"
    store.reopen()
    assert store.last_seq == last
    config = msgspec.structs.replace(state(1, "config:dashboard"), value={"dashboard": {"retention_days": 5}})
    store.write(published(config))
    store.begin("fourth", T0_US + 50 * DAY_US)
    assert seen(store, "run", "id") == ["new", "last"]
