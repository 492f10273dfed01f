"""The native API: lists with cursors, errors with codes, commands with scopes."""

import pytest
import trio
from running import open_house, watchdog_event

from actors import Actor, Child, Supervisor
from actors.testing import probe
from oracle.feeds.statistics import FeedStatistics
from oracle.history import Commit
from oracle.model import Quote, Sample, Trade


async def told(house, *messages):
    """Publish, and wait until they are on disk."""
    for message in messages:
        house.system.runtime.publish(message)
    marker = Sample("marker", "test", 1.0, "", 0, "test")
    await house.system.runtime.ask("history", Commit((marker,)))


async def test_the_tree_shows_every_actor_with_its_numbers(tmp_path):
    async with open_house(tmp_path) as house:
        tree = (await house.get("/api/oracle/tree")).json
    names = {child["name"] for child in tree["children"]}
    assert {"history", "rules", "channels", "watchdogs", "switchboard", "feeds"} <= names
    dogs = {dog["name"]: dog for dog in next(c for c in tree["children"] if c["name"] == "watchdogs")["children"]}
    dog = dogs["watchdog:price_anomaly"]
    assert len(dogs) == 11 and dog["state"] == "running"
    assert dog["since"].endswith("Z") and dog["last_error"] is None
    assert set(dog) == {"name", "kind", "state", "restarts", "last_error", "depth", "capacity", "oldest_s", "handled",
                        "dropped", "rate_per_s", "since", "about", "children"}  # fmt: skip


async def test_the_board_lists_a_kind_page_by_page(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        for number in range(5):
            house.system.board.put(f"thing:{number}", {"n": number, "seen_us": now_us}, now_us)
        first = (await house.get("/api/oracle/board?kind=thing&limit=3")).json
        second = (await house.get(f"/api/oracle/board?kind=thing&limit=3&cursor={first['next']}")).json
    assert [row["id"] for row in first["items"] + second["items"]] == ["0", "1", "2", "3", "4"]
    assert second["next"] is None
    assert first["items"][0]["ref"] == "thing:0" and first["items"][0]["version"] == 1
    assert first["items"][0]["value"]["seen"].endswith("Z")


async def test_events_come_newest_first_and_page_without_loss_or_repeat(tmp_path):
    async with open_house(tmp_path) as house:
        events = [watchdog_event(house.system.runtime, ago_s=number, salt=number) for number in range(7)]
        await told(house, *events)
        seen, cursor = [], ""
        while True:
            page = (await house.get(f"/api/oracle/events?kind=price_anomaly&limit=3{cursor}")).json
            seen += [row["id"] for row in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
    assert seen == [event.id for event in events]


async def test_rows_say_where_they_come_from_and_whether_that_is_simulated(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        await told(
            house, Trade("BTC-USD", 100.0, 1.0, "buy", "1", now_us, "simulated"),
            Trade("BTC-USDT", 100.0, 1.0, "buy", "2", now_us, "binance"),
            watchdog_event(house.system.runtime, provider="simulated"),
        )  # fmt: skip
        simulated = (await house.get("/api/oracle/ticks?symbol=BTC-USD")).json["items"]
        real = (await house.get("/api/oracle/ticks?symbol=BTC-USDT&kind=trade")).json["items"]
        event = (await house.get("/api/oracle/events?kind=price_anomaly")).json["items"][0]
    assert [(row["source"], row["simulated"]) for row in simulated + real] == [("simulated", True), ("binance", False)]
    assert event["source"] == "watchdog:price_anomaly" and event["simulated"] is True
    assert simulated[0]["ts"].endswith("Z") and not [name for name in simulated[0] if name.endswith("_us")]


async def test_bars_of_any_interval_come_from_the_trades(tmp_path):
    async with open_house(tmp_path) as house:
        start_us = house.system.runtime.now_us() // 3_600_000_000 * 3_600_000_000
        await told(
            house,
            *(Trade("AAPL", 100.0 + n, 2.0, "", str(n), start_us + n * 60_000_000, "simulated") for n in range(4)),
        )
        bars = (await house.get(f"/api/oracle/bars?symbol=AAPL&interval=2m&from={start_us}")).json["items"]
    assert [(bar["open"], bar["close"], bar["volume"], bar["trades"]) for bar in bars] == [
        (100, 101, 4, 2),
        (102, 103, 4, 2),
    ]
    assert all(bar["simulated"] for bar in bars)


@pytest.mark.parametrize(("path", "field", "kind"), [
    ("bars", "symbol", "missing"),
    ("bars?symbol=", "symbol", "string_too_short"),
    ("bars?symbol=X&limit=0", "limit", "greater_than_equal"),
    ("bars?symbol=X&limit=99999999", "limit", "less_than_equal"),
    ("bars?symbol=X&limit=many", "limit", "int_parsing"),
    ("bars?symbol=X&from=yesterday", "from", "datetime_parsing"),
    ("bars?symbol=X&to=99999999999999999999", "to", "datetime_parsing"),
    ("ticks?symbol=X&kind=quotes", "kind", "enum"),
    ("events?severity=loud", "severity", "enum"),
    ("board?kind=x&cursor=y", "cursor", "cursor"),
    ("board?kind=" + "x" * 600, "kind", "string_too_long"),
    ("bars?symbol=X&interval=7y", "interval", "interval"),
    ("bars?symbol=X&interval=", "interval", "interval"),
    ("bars?symbol=X&cursor=!", "cursor", "cursor"),
    ("bars?symbol=X&cursor=WzEsMl0", "cursor", "cursor"),  # one of events
    ("events?cursor=AAAA", "cursor", "cursor"),
    ("gaps?cursor=", "cursor", "cursor"),
])  # fmt: skip
def test_bad_parameters_are_refused_by_name(house, path, field, kind):
    reply = house.get(f"/api/oracle/{path}")
    assert reply.status == 422
    error = reply.json["error"]
    assert error["code"] == "invalid" and field in error["message"]
    assert [(one["in"], one["field"], one["type"]) for one in error["details"]] == [("query", field, kind)]


async def test_times_are_read_as_iso_and_as_microseconds(tmp_path):
    async with open_house(tmp_path) as house:
        at_us = 1_700_000_000_000_000
        await told(house, Quote("AAPL", 1.0, 1.0, 2.0, 1.0, at_us, "simulated"))
        for text in (str(at_us), "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14T22:13:20"):
            inside = (await house.get(f"/api/oracle/ticks?symbol=AAPL&kind=quote&from={text}")).json["items"]
            before = (await house.get(f"/api/oracle/ticks?symbol=AAPL&kind=quote&to={text}")).json["items"]
            assert (len(inside), len(before)) == (1, 0), text


async def test_a_webhook_becomes_an_event_that_is_on_disk_when_it_is_acknowledged(tmp_path):
    async with open_house(tmp_path) as house:
        heard = probe(house.system.runtime, "event:webhook_received:*")
        reply = await house.post(
            "/api/oracle/inbox", json={"alert_id": "a", "alert_name": "Price spike", "n": [1, None]}
        )
        assert reply.status == 202
        listed = (await house.get("/api/oracle/events?kind=webhook_received")).json["items"]
    assert [row["id"] for row in listed] == [reply.json["event_id"]]
    assert listed[0]["data"] == {"alert_id": "a", "alert_name": "Price spike", "n": [1, None]}
    assert listed[0]["summary"] == "webhook received: Price spike"
    assert [event.id for event in heard.took()] == [reply.json["event_id"]]


@pytest.mark.parametrize(("body", "status", "kind"), [
    (b"[]", 422, "dict_type"), (b"{", 422, "json_invalid"), (b"", 422, "missing"), (b'{"a": NaN}', 422, "json_invalid"),
    (b"[" * 5000, 422, "json_invalid"), (b'"\xff"', 422, "json_invalid"),
])  # fmt: skip
def test_the_inbox_refuses_what_is_no_object(house, body, status, kind):
    reply = house.post("/api/oracle/inbox", data=body, headers={"content-type": "application/json"})
    assert reply.status == status
    assert reply.json["error"]["details"][0]["type"] == kind
    assert reply.json["error"]["details"][0]["field"] in ("", "body")
    assert reply.json["error"]["message"].startswith("body: ")


async def test_the_inbox_is_bounded(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/oracle/inbox", json={"x": "y" * 70_000})
        huge = await house.post("/api/oracle/inbox", json={"x": "y" * 1_100_000})
    assert (reply.status, reply.json["error"]["code"]) == (413, "too_large")
    assert (huge.status, huge.json["error"]["code"]) == (413, "too_large")


async def test_killing_an_actor_restarts_it_and_is_written_down(tmp_path):
    async with open_house(tmp_path) as house:
        lives = probe(house.system.runtime, "life:watchdog:price_anomaly")
        reply = await house.post("/api/oracle/actors/watchdog:price_anomaly/kill")
        assert (reply.status, reply.json) == (200, {"status": "killed", "actor": "watchdog:price_anomaly"})
        with trio.fail_after(30):
            while (await lives.next()).what != "started":
                pass
        restarted = await house.post("/api/oracle/actors/watchdog:price_anomaly/restart")
        assert restarted.json["status"] == "restarted"
        await told(house)
        audit = (await house.get("/api/oracle/events?subject=watchdog:price_anomaly&order=asc")).json["items"]
    said = [(row["kind"], row["data"]["by"]) for row in audit if row["source"] == "api"]
    assert said == [("actor_killed", "local"), ("actor_restarted", "local")]


class Ill(Actor):
    """Never starts."""

    async def start(self):
        raise OSError("ill")


async def test_an_actor_between_two_lives_can_not_be_killed(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        lives = probe(runtime, "life:ill")
        runtime.add(Child("parts", lambda: Supervisor([Child("ill", Ill)], max_restarts=0, exhausted="park")))
        with trio.fail_after(30):
            while (await lives.next()).what != "failed":
                pass
        reply = await house.post("/api/oracle/actors/ill/kill")
        await told(house)
        audit = (await house.get("/api/oracle/events?kind=actor_killed")).json["items"]
    assert (reply.status, reply.json["error"]["code"]) == (409, "not_running")
    assert reply.json["error"]["details"] == {"state": "failed"} and not audit


async def test_nobody_kills_the_root_or_a_stranger(tmp_path):
    async with open_house(tmp_path) as house:
        stranger = await house.post("/api/oracle/actors/nobody/kill")
        root = await house.post("/api/oracle/actors/root/restart")
    assert (stranger.status, stranger.json["error"]["code"]) == (404, "not_found")
    assert (root.status, root.json["error"]["code"]) == (403, "forbidden")


async def test_errors_outside_the_routes_speak_the_native_family(tmp_path):
    async with open_house(tmp_path) as house:
        lost = await house.get("/api/oracle/nothing")
        wrong = await house.ask("DELETE", "/api/oracle/tree")
    assert lost.json == {"error": {"code": "not_found", "message": "Not Found", "details": {}}}
    assert wrong.status == 405 and wrong.headers["allow"] == "GET, HEAD"
    assert wrong.json["error"]["code"] == "method_not_allowed"


async def test_without_its_history_the_api_says_unavailable_and_readiness_is_red(tmp_path):
    async with open_house(tmp_path) as house:
        assert (await house.get("/readyz")).json["status"] == "ready"
        await house.system.runtime.remove("history")  # who would open it again
        house.system.store.close()
        reply = await house.get("/api/oracle/events")
        ready = await house.get("/readyz")
        alive = await house.get("/healthz")
    assert (reply.status, reply.json["error"]) == (
        503, {"code": "unavailable", "message": "the history can't be read now", "details": {}})  # fmt: skip
    assert int(reply.headers["retry-after"]) > 0
    assert ready.status == 503
    assert ready.json["dependencies"][0] == {
        "name": "history",
        "ready": False,
        "reason": "the history actor is not running",
    }
    assert (alive.status, alive.json) == (200, {"status": "ok"})


async def test_metrics_name_feeds_actors_and_history(tmp_path):
    async with open_house(tmp_path) as house:
        statistics = house.system.statistics["binance"] = FeedStatistics()
        statistics.count("aggTrade", 1, 200, 5_000_000)
        statistics.count('odd"kind\n', 0, 10, 5_000_000)
        await told(house, watchdog_event(house.system.runtime))
        reply = await house.get("/metrics")
    text = reply.body.decode()
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'oracle_feed_frames_total{feed="binance",kind="aggTrade"} 1.0' in text
    assert 'kind="odd\\"kind\\n"' in text
    assert 'oracle_actor_up{actor="watchdog:price_anomaly"} 1.0' in text
    assert 'oracle_mailbox_dropped_total{actor="history"} 0.0' in text
    assert 'oracle_watchdog_events_total{severity="high"} 1.0' in text
    for name in (
        "oracle_dead_letters_total",
        "oracle_history_rows_total",
        "oracle_history_watermark",
        "oracle_sockets",
    ):
        assert f"\n{name} " in text
    assert "python_info" not in text


async def test_lists_over_time_come_in_the_order_asked_for(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        await told(house, *(Trade("AAPL", float(n), 1.0, "", str(n), now_us + n, "simulated") for n in range(3)))
        for order, prices in (("asc", [0, 1, 2]), ("desc", [2, 1, 0])):
            rows = (await house.get(f"/api/oracle/ticks?symbol=AAPL&order={order}")).json["items"]
            assert [row["price"] for row in rows] == prices
    assert rows[0]["published"].endswith("Z")
