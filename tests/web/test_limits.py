"""What must pass before routing: host, origin, pace, content type; and the headers every answer has."""

import pytest
from running import AWAY, LOCAL, open_house

from oracle.settings import Data, Server, Settings
from web.limits import Pace, host_name, is_loopback

T0_US = 1_700_000_000_000_000
STATS = "/dashboard/stats"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1", "localhost.:8000"]
)
def test_our_own_names_are_known(house, host):
    assert house.get(STATS, headers={"host": host}).status == 200


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1",
    "user@localhost", "localhost:8000@evil.example", "localhost:port", "localhost:8000:8000", "[::1]evil",
])  # fmt: skip
def test_a_host_we_do_not_know_never_reaches_a_route(house, host):
    for path in (STATS, "/healthz", "/nothing"):
        assert house.get(path, headers={"host": host}).status == 400
    native = house.get("/api/oracle/tree", headers={"host": host})
    assert native.json["error"]["code"] == "host_not_allowed"


async def test_hosts_of_the_settings_and_of_the_connection_are_known(tmp_path):
    settings = Settings(server=Server(allowed_hosts=("Oracle.Lan",)), data=Data(folder=tmp_path))
    async with open_house(tmp_path, settings=settings) as house:
        assert (await house.get(STATS, headers={"host": "oracle.lan:80"})).status == 200
        there = {**LOCAL, "server": ("192.0.2.1", 8000)}
        assert (await house.get(STATS, headers={"host": "192.0.2.1:8000"}, scope=there)).status == 200
        assert (await house.get(STATS, headers={"host": "192.0.2.2:8000"}, scope=there)).status == 400


async def test_other_pages_can_not_use_a_browser_against_us(tmp_path):
    async with open_house(tmp_path) as house:
        for origin in (
            "https://evil.example",
            "null",
            "http://localhost:4444",
            "http://localhost:8000.evil.example",
            "localhost:8000",
        ):
            headers = {"origin": origin, "host": "localhost:8000"}
            refused = await house.post("/dashboard/watchdogs/price_anomaly/disable", headers=headers)
            assert refused.status == 403, origin
            read = await house.get(STATS, headers=headers)
            assert read.status == 200 and "access-control-allow-origin" not in read.headers
            preflight = await house.ask("OPTIONS", STATS, headers={**headers, "access-control-request-method": "POST"})
            assert preflight.status == 403 and "access-control-allow-origin" not in preflight.headers
        board = house.system.board.get("watchdog:price_anomaly")
    assert board["enabled"]


async def test_known_pages_may_and_are_told_so(tmp_path):
    async with open_house(tmp_path) as house:
        for origin in ("http://localhost:3000", "http://localhost:8000", "https://localhost:8000"):
            headers = {"origin": origin, "host": "localhost:8000"}
            reply = await house.post("/api/oracle/ticket", headers=headers)
            assert reply.status == 200
            assert reply.headers["access-control-allow-origin"] == origin
            assert reply.headers["access-control-allow-credentials"] == "true"
            assert "Origin" in reply.headers["vary"]
        missing = await house.get("/nothing", headers={"origin": "http://localhost:3000"})
        assert (missing.status, missing.headers["access-control-allow-origin"]) == (404, "http://localhost:3000")


async def test_preflights_are_answered_for_every_path(tmp_path):
    async with open_house(tmp_path) as house:
        headers = {
            "origin": "http://localhost:5173",
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-type, authorization",
        }
        reply = await house.ask("OPTIONS", "/api/alerts/a", headers=headers)
        plain = await house.ask("OPTIONS", STATS)
    assert (reply.status, reply.body) == (204, b"")
    assert "PUT" in reply.headers["access-control-allow-methods"]
    assert reply.headers["access-control-allow-headers"] == "content-type, authorization"
    assert plain.status == 405


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 202),
        ("application/json; charset=utf-8", 202),
        ("application/cloudevents+json", 202),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        (None, 415),
        ("application/jsonx", 415),
        ("text/json+json", 415),
    ],
)
def test_bodies_are_json_and_say_so(house, kind, status):
    headers = {"content-type": kind} if kind else {}
    reply = house.post("/api/oracle/inbox", data=b"{}", headers=headers)
    assert reply.status == status


async def test_a_request_without_a_body_needs_no_type(tmp_path):
    async with open_house(tmp_path) as house:
        headers = {"content-type": "application/x-www-form-urlencoded", "content-length": "0"}
        assert (await house.post("/api/oracle/ticket", headers=headers)).status == 200


async def test_too_many_requests_of_one_address_wait_and_others_do_not(tmp_path):
    settings = Settings(server=Server(rate_per_s=1.0, burst=3), data=Data(folder=tmp_path))
    async with open_house(tmp_path, settings=settings) as house:
        seen = [(await house.get("/healthz")).status for _ in range(4)]
        slowed = await house.get("/api/oracle/tree")
        other = await house.get("/healthz", scope=AWAY)
    assert seen == [200, 200, 200, 429]
    assert slowed.json["error"]["code"] == "rate_limited" and int(slowed.headers["retry-after"]) >= 1
    assert other.status == 200


def test_a_bucket_fills_at_its_rate_up_to_the_burst():
    pace = Pace(rate_per_s=2.0, burst=4)
    assert [pace.take("a", T0_US) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert pace.take("a", T0_US + 499_999) > 0
    assert pace.take("a", T0_US + 500_001) == 0
    assert [pace.take("a", T0_US + 60_000_000) > 0 for _ in range(5)] == [False] * 4 + [True]


def test_a_clock_that_jumps_back_gives_nothing_and_takes_nothing():
    pace = Pace(rate_per_s=1.0, burst=2)
    assert [pace.take("a", T0_US - n * 10_000_000) for n in range(3)] == [0, 0, 1.0]


def test_addresses_are_forgotten_oldest_first():
    pace = Pace(rate_per_s=1.0, burst=1, most=2)
    assert [pace.take(name, T0_US) > 0 for name in ("a", "b", "a", "c", "b")] == [False, False, True, False, False]


async def test_every_answer_is_guarded(tmp_path):
    async with open_house(tmp_path) as house:
        replies = [await house.get(path) for path in (STATS, "/nothing", "/healthz", "/api/oracle/bars")]
        replies.append(await house.get(STATS, headers={"host": "evil.example"}))
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"


async def test_sockets_are_refused_before_they_are_accepted(tmp_path):
    async with open_house(tmp_path) as house:
        for headers in ([(b"host", b"evil.example")], [(b"host", b"localhost"), (b"origin", b"https://evil.example")]):
            for extension, first in (
                ({}, "websocket.close"),
                ({"websocket.http.response": {}}, "websocket.http.response.start"),
            ):
                sent = []

                async def send(message, sent=sent):
                    sent.append(message)

                async def receive():
                    return {"type": "websocket.connect"}

                scope = {**LOCAL, "type": "websocket", "path": STATS, "headers": headers, "extensions": extension}
                await house.app(scope, receive, send)
                assert sent[0]["type"] == first
                assert sent[0].get("status", 0) in (0, 400, 403)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("A.b:80", "a.b"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("a", "a"),
        ("a.", "a"),
        ("", ""),
        ("::1", ""),
    ],
)
def test_host_names_are_read_without_port(host, name):
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("::", False),
        ("", False),
        ("local", False),
        ("example.org", False),
    ],
)
def test_loopback_is_this_machine_alone(address, answer):
    assert is_loopback(address) is answer
