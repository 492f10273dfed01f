"""What a question sees: each thing once, under plain names, and as it would be read otherwise."""

import msgspec
import pytest

from actors import Refused
from oracle.history import Queries, Store, inline
from oracle.history.answers import Answers, Ask, clear
from oracle.history.still import open_still
from oracle.history.views import VIEWS
from oracle.model import Bar, Event, Message, Severity
from oracle.moments import iso_text

from .rows import MINUTE_US, T0_US, attempt, delivery, event, published, state, trade, zoo


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


@pytest.fixture
def answers(store):
    return Answers(store, inline)


async def rows(answers, sql, *parameters, limit=10_000):
    """Rows as dictionaries."""
    found = await answers.rows(Ask(sql, parameters, limit))
    return [dict(zip(found.names, msgspec.json.decode(row), strict=True)) for row in found.rows]


async def test_every_view_can_be_asked_for_before_the_first_row_and_with_one(store, answers):
    for name in VIEWS:
        assert await rows(answers, f"SELECT * FROM {name}") == [], name
    store.write(published(*zoo()))
    filled = {name for name in VIEWS if await rows(answers, f"SELECT * FROM {name}")}
    assert filled == {"bars", "quotes", "trades", "depth", "samples", "events", "deliveries", "attempts", "runs", "output",
                      "messages", "gaps"}  # fmt: skip


async def test_types_and_names_are_those_that_the_schema_tells(store, answers):
    store.write(published(*zoo()))
    for view in clear():
        found = await answers.rows(Ask(f"SELECT * FROM {view['name']}", (), 1))
        assert (found.names, found.types) == ([c["name"] for c in view["columns"]], [c["type"] for c in view["columns"]])
        assert all(column["about"] for column in view["columns"])


async def test_instants_and_sources_are_told_in_plain_words(store, answers):
    store.write(published(trade(7, source="simulated:second")))
    (row,) = await rows(answers, "SELECT * FROM trades")
    assert row == {"symbol": "BTC-USD", "ts": iso_text(T0_US), "ts_us": T0_US, "price": 100.0, "size": 1.0, "side": "buy",
                   "trade_id": "7", "source": "simulated:second", "simulated": True}  # fmt: skip
    assert await rows(answers, "SELECT count(*) AS n FROM trades WHERE ts > ?", iso_text(T0_US)) == [{"n": 0}]


async def test_what_was_committed_and_then_published_is_there_once(store, answers):
    store.write([*published(event(1), first=-1), *published(event(1), first=5), *published(event(2), first=6)])
    store.write(published(delivery(1), delivery(1), attempt(1, "retry"), attempt(1, "delivered", 2)))
    assert [row["id"] for row in await rows(answers, "SELECT id FROM events ORDER BY id")] == ["evt_1", "evt_2"]
    (told,) = await rows(answers, "SELECT * FROM deliveries")
    assert (told["status"], told["attempts"]) == ("delivered", 2)
    assert len(await rows(answers, "SELECT * FROM attempts")) == 2


async def test_bars_are_those_that_are_read_otherwise(store, answers):
    """Stored parts, trades that are not yet among them, a venue's own, a pushed one."""
    store.write(published(*(trade(n, T0_US + n * MINUTE_US // 4, 100.0 + n % 7) for n in range(20))))
    store.roll()
    store.write(published(*(trade(n, T0_US + n * MINUTE_US // 4, 90.0 + n % 5) for n in range(10, 30))))
    at = T0_US + 2 * MINUTE_US
    for source in ("push:bot", "venue"):
        store.write(published(Bar("BTC-USD", "1m", 1.0, 4.0, 0.5, 2.0, 9.0, 3, True, at, source)))
    store.write(published(Bar("BTC-USD", "1d", 1.0, 4.0, 0.5, 2.0, 9.0, 3, True, T0_US - T0_US % 86_400_000_000, "venue")))
    names = ("ts_us", "open", "high", "low", "close", "volume", "trades", "source", "origin")
    for interval in ("1m", "1d"):
        wanted = await Queries(store, inline).bars("BTC-USD", interval)
        found = await rows(answers, f"SELECT {', '.join(names)} FROM bars WHERE interval = ? ORDER BY ts", interval)
        assert found == [{name: row[name] for name in names} for row in wanted.items] and found


async def test_no_secret_can_be_seen(store, answers):
    """The receipts' own, what rules, webhooks and settings hold, and what commands were answered."""
    store.receipts(0, 1, 1)
    (secret,) = store.connection.execute("SELECT value FROM meta WHERE name = 'receipts'").fetchone()
    hidden = [state(1, f"{kind}:a", {"word": "hush"}) for kind in ("rule", "webhook", "settings", "conversation")]
    answered = Event("evt_a", "command_answered", "x", "receipts", Severity.low, "hush", {"body": "hush"}, T0_US)
    store.write(published(*hidden, answered, state(1, "position:AAPL")))
    seen = [str(await rows(answers, f"SELECT * FROM {name}")) for name in VIEWS]
    assert "position:AAPL" in str(seen)
    assert not [text for text in seen if secret in text or "hush" in text]


async def test_what_was_said_in_a_conversation_that_is_gone_is_not_there(store, answers):
    said = [Message(f"m{n}", f"c{n}", "user", "hush", "", {}, T0_US) for n in (1, 2)]
    gone = Event("evt_d", "conversation_deleted", "conversation:c1", "api", Severity.low, "", {}, T0_US + 1)
    store.write(published(*said, gone))
    assert await rows(answers, "SELECT id, content FROM messages") == [{"id": "m2", "content": "hush"}]


async def test_orders_fills_and_what_was_taken_back(store, answers):
    def told(n, kind, **data):
        return Event(f"evt_{n}", kind, "AAPL", "desk", Severity.low, "", {"symbol": "AAPL", **data}, T0_US + n)

    store.write([*published(told(1, "order_submitted", id="o1", quantity=2.0, created_us=T0_US), first=-1),
                 *published(told(2, "order_filled", id="o1", quantity=2.0, filled_price=9.5, created_us=T0_US), first=-1),
                 *published(told(3, "fill", id="f1", order_id="o1", quantity=2.0, price=9.5, late=False), first=-1),
                 *published(told(4, "fill", id="f2", order_id="o1", quantity=2.0, price=9.5, late=False), first=-1),
                 *published(told(5, "command_undone", event_id="evt_4"), first=-1)])  # fmt: skip
    (order,) = await rows(answers, "SELECT id, filled_price, created FROM orders")
    assert order == {"id": "o1", "filled_price": 9.5, "created": iso_text(T0_US)}
    (fill,) = await rows(answers, "SELECT id, price, late FROM fills")
    assert fill == {"id": "f1", "price": 9.5, "late": False}


async def test_names_that_are_not_in_force_lead_nowhere(answers):
    for sql in ("SELECT * FROM (WITH meta AS (SELECT 1) FROM meta), meta", "FROM words, (WITH words AS (SELECT 1) FROM words)"):
        with pytest.raises(Refused, match="does not exist") as no:
            await rows(answers, sql)
        assert no.value.code == "invalid"


async def test_values_of_every_type_have_their_json(answers):
    sql = ("SELECT 1.5 AS d, 170141183460469231731687303715884105727 AS h, 'nan'::DOUBLE AS n, DATE '2026-01-02' AS t, "
           "INTERVAL 90 SECOND AS i, [1, 2] AS l, {'a': 1} AS s, uuid() IS NULL AS u, TIME '10:00' AS o, 2 AS d")  # fmt: skip
    (row,) = await rows(answers, sql)
    assert row == {"d": 1.5, "h": 2**127 - 1, "n": None, "t": "2026-01-02", "i": "PT90S", "l": [1, 2], "s": {"a": 1}, "u": False,
                   "o": "10:00:00", "d_1": 2}  # fmt: skip


async def test_a_file_that_nobody_has_open_is_read_and_left_as_it_was(tmp_path):
    with pytest.raises(Refused, match="no history"), open_still(tmp_path, 64):
        pass
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    store.write(published(trade(1)))
    store.close()
    before = store.path.read_bytes()
    with open_still(tmp_path, 64) as still:
        assert await rows(Answers(still, inline), "SELECT symbol FROM trades") == [{"symbol": "BTC-USD"}]
        with pytest.raises(Refused):
            await rows(Answers(still, inline), "SELECT * FROM meta")
        found = await Answers(still, inline).file(Ask("SELECT * FROM trades", (), 5), "parquet")
        assert found.file.read(4) == b"PAR1"
    assert store.path.read_bytes() == before
