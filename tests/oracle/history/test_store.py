"""The file: what goes in comes out, batches are whole, starts know where the last run ended."""

import stat
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from actors import Published, Refused
from oracle.history import Broken, End, Store, Unfit
from oracle.history.retention import DAY_US, expired
from oracle.history.schema import TABLES, month_end_us, month_of
from oracle.model import RunRow
from oracle.receipts import Answered, Key, Receipts, answered_event

from .rows import T0_US, attempt, delivery, event, published, state, trade, trade_ids, zoo


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data")
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


def reopened(store):
    store.close()
    other = Store(store.path.parent)
    other.open()
    return other


def us(year, month, day=1):
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1_000_000


def test_every_kind_comes_back_as_it_went_in(store):
    store.write(published(*zoo()))
    for table, message in zip([t for t in TABLES if hasattr(t.message, "ts_us")], zoo(), strict=True):
        name = f"{table.kind}_{month_of(T0_US)}" if table.monthly else table.kind
        columns = ", ".join(f'"{c.name}"' for c in table.columns)
        (row,) = store.connection.execute(f"SELECT {columns} FROM {name}").fetchall()
        stored = dict(zip([c.name for c in table.columns], row, strict=True))
        for name_, value in stored.items():
            original = getattr(message, name_)
            if name_ in table.words:
                value = store.words.text(value)
            if not isinstance(original, (str, int, float, bool, type(None))):
                value, original = msgspec.json.decode(value), msgspec.to_builtins(original)
            assert value == original or list(value) == [list(level) for level in original], (table.kind, name_)


def test_a_file_of_ours_is_for_its_owner_and_another_s_mode_is_left_alone(store):
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    store.path.chmod(0o640)
    assert stat.S_IMODE(reopened(store).path.stat().st_mode) == 0o640


def test_rows_of_all_tables_share_one_numbering(store):
    store.write(published(*zoo()))
    store.write(published(*zoo(), first=14))
    names = [t.kind for t in TABLES if not t.monthly] + [n for t in TABLES if t.monthly for n in store.months(t.kind)]
    union = " UNION ALL ".join(f"SELECT seq FROM {name}" for name in names)
    seqs = [seq for (seq,) in store.connection.execute(f"SELECT seq FROM ({union}) ORDER BY seq").fetchall()]
    replaced = [type(message) for message in zoo()].index(RunRow) + 1
    assert seqs == [number for number in range(1, 27) if number != replaced], "a run has one row, the newest"
    assert reopened(store).last_seq == store.last_seq == 26


def test_the_database_is_set_up_for_a_loop_beside_it(store):
    wanted = {"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False,
              "enable_external_access": False, "TimeZone": "UTC"}
    assert {name: store.connection.execute(f"SELECT current_setting('{name}')").fetchone()[0] for name in wanted} == wanted
    (version,) = store.connection.execute("SELECT tags['storage_version'] FROM duckdb_databases() "
                                          "WHERE database_name = 'history'").fetchone()
    assert version.startswith("v1.4")


def test_one_bad_row_leaves_the_whole_batch_out(store):
    for bad in (trade(2, at_us=2**70), trade(2, symbol="half\ud800"), trade(2, price="dear"), trade(2, source=None)):
        with pytest.raises(Unfit):
            store.write([*published(trade(1)), Published(2, T0_US, "", bad)])
    assert (trade_ids(store), store.last_seq) == ([], 0)
    store.write(published(trade(3)))
    assert trade_ids(store) == [3]


def test_a_batch_across_the_end_of_a_month_fills_both_tables(store):
    boundary = us(2026, 10)
    store.write(published(*(trade(i, boundary - 2 + i) for i in range(4))))
    assert store.months("trade") == ["trade_202609", "trade_202610"]
    assert trade_ids(store) == [0, 1, 2, 3]


def test_the_month_is_that_of_publishing_so_that_a_replay_is_not_old_at_once(store):
    store.write(published(trade(1, us(2021, 5)), at_us=us(2026, 11)))
    assert store.months("trade") == ["trade_202611"]


def test_a_start_knows_where_the_run_before_ended(store):
    store.write(published(*zoo(), first=5))
    again = reopened(store)
    assert again.begin("second", T0_US + 99) == End("first", 17, T0_US + 2)
    assert again.begin("second", T0_US + 99) is None, "an epoch begins once"
    third = reopened(again)
    assert third.begin("third", T0_US + 500) == End("second", 0, T0_US + 99), "nothing stored: it ended where it began"


def test_the_very_first_start_has_nothing_before_it(tmp_path):
    store = Store(tmp_path)
    store.open()
    assert store.begin("first", T0_US) is None
    store.close()


def test_states_are_the_newest_of_each_and_the_gone_are_gone(store):
    store.write(published(state(1), state(1, "rule:b"), state(2), state(1, "rule:c")))
    gone = state(2, "rule:b")
    store.write([Published(9, T0_US, "", msgspec.structs.replace(gone, value=None))])
    assert [(s.ref, s.version, s.value) for s in store.states()] == [
        ("rule:a", 2, {"version": 2}), ("rule:c", 1, {"version": 1})]
    again = reopened(store)
    again.begin("second", T0_US)
    assert again.connection.execute("SELECT count(*) FROM state").fetchone() == (3,), "compacted at start; one is gone"
    assert again.states()[0] == state(2)


def test_a_delivery_is_pending_until_its_final_attempt(store):
    store.write([Published(-1, T0_US, "", m) for m in (delivery(1), delivery(2), delivery(3), delivery(4))])
    store.write([Published(-1, T0_US, "", m) for m in (attempt(1, "delivered"), attempt(2, "retry"), attempt(2, "retry", 2),
                                                       attempt(3, "failed"))])
    again = reopened(store)
    assert again.pending_deliveries() == [delivery(2), delivery(4)]
    assert again.last_attempts() == {"d2": attempt(2, "retry", 2)}


def test_a_second_process_is_told_that_the_file_is_taken(store):
    program = "import sys, pathlib; from oracle.history import Store; Store(pathlib.Path(sys.argv[1])).open()"
    done = subprocess.run([sys.executable, "-c", program, str(store.path.parent)], capture_output=True, text=True, timeout=60)
    assert "Refused: another process has" in done.stderr


def test_at_a_prompt_nothing_is_drawn_into_what_is_printed(tmp_path):
    # -c is a program without a file, as those of a notebook are
    program = ("import sys, pathlib; from oracle.history.database import connect; "
               "root = connect(pathlib.Path(sys.argv[1]) / 'x.duckdb', 64, pathlib.Path(sys.argv[1])); "
               "print(root.execute(\"SELECT current_setting('enable_progress_bar')\").fetchone()[0])")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


def test_a_file_of_a_newer_program_is_refused(store):
    store.connection.execute("INSERT INTO meta VALUES ('version', '99')")
    with pytest.raises(Refused, match="layout 99") as refused:
        reopened(store)
    assert refused.value.code == "version"


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(Broken):
        store.write(published(trade(1)))
    with pytest.raises(Broken), store.reading():
        pass


def test_retention_drops_months_and_keeps_their_bars(store):
    for month in (7, 8, 9, 10):
        store.write(published(trade(month, us(2026, month, 15))))
    assert store.retain(us(2026, 10, 5), {"trade": 30}) == ["trade_202607", "trade_202608"]
    assert store.months("trade") == ["trade_202609", "trade_202610"]
    assert store.connection.execute("SELECT count(*) FROM bars").fetchone() == (4,), "bars outlive their trades"
    again = reopened(store)
    assert again.last_seq == 4
    assert again.retain(us(2027, 6), {"trade": 30}) == ["trade_202609", "trade_202610"]
    assert reopened(again).last_seq == 4, "numbers are not given twice though their rows are gone"


def test_a_value_that_is_nested_too_deeply_is_the_fault_of_its_row(store):
    deep: dict = {}
    for _ in range(5_000):
        deep = {"a": deep}
    with pytest.raises(Unfit, match="data"):
        store.write(published(event(1, data=deep)))
    store.write(published(event(2)))


def test_what_clients_commanded_is_read_again_newest_first_to_go_without(store):
    key, answer = Key("ada", "k", "d"), Answered(200, '"done"')
    mark = event(1, kind="rule_created", cause=key.command_id)
    said = answered_event(key, "POST", "/x", answer, T0_US)
    store.write(published(mark, event(2), event(3, cause="evt_1"), said, at_us=T0_US + 5))
    store.write(published(event(4, kind="rule_deleted", cause="client/ada/l/d"), first=9, at_us=T0_US + 6))
    secret, rows = store.receipts(T0_US, 10, 1_000)
    assert [row[:2] for row in rows] == [
        ("rule_created", key.command_id), ("command_answered", key.command_id), ("rule_deleted", "client/ada/l/d")]  # fmt: skip
    assert [row[2] is None for row in rows] == [True, False, True] and rows[0][3] == T0_US + 5
    known = Receipts(lambda: T0_US)
    known.load(rows)
    assert known.find(key) == answer
    assert [row[0] for row in store.receipts(T0_US, 1, 1_000)[1]] == ["rule_deleted"]
    assert [row[0] for row in store.receipts(T0_US, 10, 50)[1]] == ["rule_deleted"]
    assert [row[0] for row in store.receipts(T0_US + 6, 10, 1_000)[1]] == ["rule_deleted"]
    assert len(secret) == 32 and reopened(store).receipts(T0_US, 10, 1_000) == (secret, rows)


def test_what_has_no_limit_is_kept():
    tables = {"trade_202001", "quote_202001"}
    assert expired(tables, us(2026, 1), {"quote": 10}) == ["quote_202001"]
    last = month_end_us("202001") + 10 * DAY_US
    assert (expired(tables, last, {"quote": 10}), expired(tables, last + 1, {"quote": 10})) == ([], ["quote_202001"])


def bars(count, **changes):
    flat = np.ones(count)
    return {
        "symbol": "AAPL", "interval": "1m", "ts_us": T0_US + 60_000_000 * np.arange(count), "open": flat, "high": flat,
        "low": flat, "close": flat, "volume": flat, "trades": np.ones(count, dtype=np.int64), "source": "simulated", **changes,
    }


def test_a_backfill_adds_only_what_is_not_there(store):
    assert store.backfill_bars(bars(250_000)) == 250_000
    assert store.backfill_bars(bars(250_001)) == 1
    assert store.backfill_bars(bars(10, interval="1d")) == 10
    assert store.backfill_bars(bars(10, symbol=np.array(["AAPL", "MSFT"] * 5, dtype=object))) == 5


@pytest.mark.parametrize("changes", [
    {"open": np.ones(2)}, {"volume": ["much"] * 3}, {"colour": "red"}, {"source": [1, 2, 3]}, {"ts_us": ["now"] * 3},
])
def test_a_backfill_that_does_not_fit_adds_nothing(store, changes):
    with pytest.raises(Unfit):
        store.backfill_bars(bars(3, **changes))
    assert store.connection.execute("SELECT count(*) FROM bars").fetchone() == (0,)
