"""The queue and its drainer: order, company, rows that don't fit, a full disk, an end."""

import contextlib
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import ActorCrashed, Published, Refused
from oracle.history import Broken, Store
from oracle.history.owed import Owed
from oracle.history.writer import BATCH, RETRY_S, Writer
from tests.soak import rounds

from .disk import full_disk
from .rows import T0_US, delivery, published, state, trade, trade_ids

OK = ["stored"]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


@pytest.fixture
def writer(store):
    return Writer(store, lambda: T0_US)


def put(writer, *numbers, **parts):
    for number in numbers:
        writer.put(Published(number, T0_US, "", trade(number, **parts)))
    writer.wake()


def owe(writer, *messages):
    """The list gets "stored" or the error once it is settled."""
    heard = []
    rows = tuple(Published(-1, T0_US, "", m) for m in messages)
    writer.owe(Owed(rows, lambda error: heard.append(error or "stored")))
    return heard


def count(store, table):
    return store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_all_that_waits_is_one_transaction(store, writer):
    put(writer, 1, 2)
    heard = owe(writer, state(1))
    put(writer, 3)
    assert (writer.pending, heard) == (4, [])
    assert writer.drain() == 0
    assert (writer.pending, heard, trade_ids(store), store.states()) == (0, OK, [1, 2, 3], [state(1)])
    statistics = store.statistics
    assert (statistics.commits, statistics.rows_written, statistics.watermark, statistics.pending) == (1, 4, 3, 0)


def test_a_transaction_has_at_most_so_many_rows(store, writer):
    put(writer, *range(2 * BATCH + 1))
    writer.drain()
    assert (store.statistics.commits, store.statistics.rows_written) == (3, 2 * BATCH + 1)
    assert trade_ids(store) == list(range(2 * BATCH + 1))


def test_an_empty_obligation_waits_for_all_before_it(store, writer):
    put(writer, 1)
    heard = owe(writer)
    writer.drain()
    assert (heard, trade_ids(store)) == (OK, [1])


@settings(max_examples=rounds(8, 200))
@given(bad=st.sets(st.integers(0, 30)), kind=st.sampled_from(["us", "text"]))
def test_rows_that_do_not_fit_are_left_out_and_the_rest_keeps_its_order(bad, kind):
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.open()
        store.begin("first", T0_US)
        writer = Writer(store, lambda: T0_US)
        for number in range(31):
            wrong = {"us": {"at_us": 2**64}, "text": {"symbol": "\ud800"}}[kind] if number in bad else {}
            put(writer, number, **wrong)
        writer.drain()
        assert trade_ids(store) == [n for n in range(31) if n not in bad]
        assert (store.statistics.rows_unfit, store.statistics.state) == (len(bad), "ok")
        store.close()


def test_an_obligation_that_does_not_fit_is_refused_and_not_half_stored(store, writer):
    good, bad = owe(writer, state(1)), owe(writer, state(2), delivery(2**70))
    late = owe(writer, state(3))
    writer.drain()
    assert (good, late, store.states()) == (OK, OK, [state(3)])
    assert [type(e) for e in bad] == [Refused]
    assert bad[0].code == "invalid"
    assert count(store, "delivery") == 0


# ---- the disk


def test_a_full_disk_refuses_obligations_and_keeps_the_stream(store, writer):
    put(writer, 1)
    writer.drain()
    put(writer, 2)
    refused = owe(writer, state(1))
    with full_disk():
        assert writer.drain() == RETRY_S[0]
        assert store.statistics.state == "down"
        assert store.statistics.last_error
        assert [e.code for e in refused] == ["unavailable"]
        put(writer, 3)
        assert [e.code for e in owe(writer, state(2))] == ["unavailable"], "at once"
        assert [writer.drain() for _ in range(6)] == [0.5, 1.0, 2.0, 5.0, 5.0, 5.0]
        assert writer.pending == 2
    heard = owe(writer, state(3))
    assert [e.code for e in heard] == ["unavailable"], "until it was tried"
    assert writer.drain() == 0
    heard = owe(writer, state(4))
    assert writer.drain() == 0
    assert (trade_ids(store), heard, store.statistics.state) == ([1, 2, 3], OK, "ok")
    assert [s.version for s in store.states()] == [4], "what was refused is not there"


def test_a_short_failure_is_cured_by_reopening_at_once(store, writer):
    put(writer, 1)
    heard = owe(writer, state(1))
    store.close()
    assert writer.drain() == 0
    assert (heard, trade_ids(store), store.statistics.state, store.statistics.reopened) == (OK, [1], "ok", 1)


def test_a_file_that_was_removed_is_waited_for_and_holds_what_it_held(store, writer):
    put(writer, 1)
    assert writer.drain() == 0
    away = store.path.with_name("away")
    store.path.rename(away)
    put(writer, 2)
    heard = owe(writer, state(1))
    assert writer.drain() > 0
    assert [e.code for e in heard] == ["unavailable"]
    assert store.statistics.state == "down" and "removed" in store.statistics.last_error
    assert not store.path.exists(), "none is made in its place"
    away.rename(store.path)
    assert writer.drain() == 0
    assert (trade_ids(store), store.statistics.state) == ([1, 2], "ok")


def test_an_invalidated_database_is_opened_anew(store, writer):
    put(writer, *range(100))
    writer.drain()
    with full_disk(), contextlib.suppress(duckdb.FatalException):
        store.connection.execute("CHECKPOINT")
    with pytest.raises(Broken, match="invalidated"):
        store.write(published(trade(100)))
    put(writer, 101)
    heard = owe(writer, state(1))
    assert writer.drain() == 0
    assert (heard, trade_ids(store), store.statistics.reopened) == (OK, [*range(100), 101], 1)


def test_reopening_waits_for_its_readers_and_interrupts_them(store, writer):
    put(writer, 1)
    writer.drain()
    begun, ended = threading.Event(), []

    def read():
        with store.reading() as cursor:
            begun.set()
            try:
                cursor.execute("SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b WHERE a.range * b.range = 3")
            except duckdb.Error:  # interrupted, or it had not yet begun when the file was lost
                ended.append(True)

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(30)
    with full_disk(), contextlib.suppress(duckdb.FatalException):
        store.connection.execute("CHECKPOINT")
    put(writer, 2)
    assert writer.drain() == 0
    assert ended == [True]
    reader.join(30)
    assert trade_ids(store) == [1, 2]


class FailsAfterCommit(Store):
    """Commits, and then fails once: the failure whose outcome nobody knows."""

    failing = False

    def write(self, rows, pause=None):
        before = self.last_seq
        super().write(rows, pause)
        if self.failing:
            self.failing = False
            self.last_seq = before
            raise Broken("the answer to the commit got lost")


def test_a_commit_that_got_in_before_it_failed_is_not_repeated(tmp_path):
    store = FailsAfterCommit(tmp_path)
    store.open()
    store.begin("first", T0_US)
    writer = Writer(store, lambda: T0_US)
    put(writer, 1, 2)
    heard = owe(writer, state(1))
    store.failing = True
    assert writer.drain() == 0
    put(writer, 3)
    writer.drain()
    assert (trade_ids(store), heard, store.last_seq) == ([1, 2, 3], OK, 4)
    store.close()


def test_nor_is_it_when_the_disk_comes_back_late(tmp_path):
    store = FailsAfterCommit(tmp_path)
    store.open()
    store.begin("first", T0_US)
    writer = Writer(store, lambda: T0_US)
    put(writer, 1, 2)
    store.failing = True
    real, store.reopen = store.reopen, lambda: (_ for _ in ()).throw(Broken("no such file"))
    assert writer.drain() == RETRY_S[0]
    put(writer, 3)
    store.reopen = real
    assert writer.drain() == 0
    assert trade_ids(store) == [1, 2, 3]
    store.close()


def test_while_the_database_is_down_the_oldest_go_first(store, writer):
    with full_disk():
        put(writer, 0)
        writer.drain()
        put(writer, *range(1, 101))
        assert writer.shed(200) is None
        assert writer.shed(10) == (90, T0_US, T0_US)
    writer.drain()
    assert trade_ids(store) == [0, *range(91, 101)]
    assert store.statistics.rows_dropped == 90


def test_shedding_never_drops_an_obligation(store, writer):
    put(writer, 1, 2)
    heard = owe(writer, state(1))
    put(writer, 3, 4)
    second = owe(writer, state(2))
    assert writer.shed(1)[0] == 4
    writer.drain()
    assert (heard, second, trade_ids(store), store.states()) == (OK, OK, [], [state(2)])


def test_an_end_tells_who_still_waits(store, writer):
    put(writer, 1)
    heard = owe(writer, state(1))
    writer.abandon()
    assert [type(e) for e in heard] == [ActorCrashed]
    assert (store.statistics.rows_dropped, writer.pending) == (1, 0)


# ---- its own thread


def test_the_thread_commits_on_demand_after_a_while_and_at_the_end(store):
    writer = Writer(store, lambda: T0_US)
    thread = threading.Thread(target=writer.run)
    thread.start()
    answered = threading.Event()
    writer.put(Published(1, T0_US, "", trade(1)))
    writer.owe(Owed((Published(-1, T0_US, "", state(1)),), lambda error: answered.set()))
    assert answered.wait(30)
    put(writer, 2)
    put(writer, *range(3, 5_000))
    writer.close()
    thread.join(30)
    assert not thread.is_alive()
    assert (trade_ids(store), writer.pending) == (list(range(1, 5_000)), 0)


def test_a_full_disk_does_not_keep_the_thread_from_ending(store):
    writer = Writer(store, lambda: T0_US)
    down = threading.Event()
    thread = threading.Thread(target=writer.run)
    with full_disk():
        thread.start()
        writer.put(Published(1, T0_US, "", trade(1)))
        writer.owe(Owed((Published(-1, T0_US, "", state(1)),), lambda error: down.set()))
        assert down.wait(30)
        writer.close()
        thread.join(30)
        assert not thread.is_alive()
    writer.abandon()
    assert store.statistics.rows_dropped == 1
