"""An hour of /api/v1: whose requests are counted together, until when, and what every answer says of it."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import AWAY, LOCAL, open_house

from oracle.settings import Auth, Data, Experiments, Scheduler, Server, Settings
from tests.soak import rounds
from web.hourly import Hourly, Hours
from web.routes import Family, Scope
from web.sockets_limit import SocketCount
from web.table import routes

T0_US = 1_700_000_000_250_000
HOUR_US = 3_600_000_000
LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def test_an_hour_begins_with_the_first_request_and_ends_on_a_whole_second():
    hourly = Hourly(2)
    reset_s = 1_700_003_601
    assert attrs.astuple(hourly.take("a", T0_US)) == (2, 1, reset_s, 0)
    assert attrs.astuple(hourly.take("a", T0_US + 1_000_000)) == (2, 0, reset_s, 0)
    assert attrs.astuple(hourly.take("a", T0_US + 1_000_000)) == (2, 0, reset_s, 3_600)
    assert hourly.take("a", reset_s * 1_000_000 - 1).wait_s == 1
    assert attrs.astuple(hourly.take("a", reset_s * 1_000_000)) == (2, 1, reset_s + 3_600, 0)


def test_everybody_has_an_hour_of_their_own_and_looking_costs_nothing():
    hourly = Hourly(1)
    assert hourly.take("a", T0_US).wait_s == 0
    assert [hourly.look("b", T0_US + 5).remaining for _ in range(3)] == [1, 1, 1]
    assert hourly.take("b", T0_US + 5).wait_s == 0
    assert hourly.look("a", T0_US).remaining == 0 and len(hourly) == 2


def test_a_clock_that_is_set_back_locks_nobody_out():
    hourly = Hourly(1)
    hourly.take("a", T0_US)
    assert hourly.take("a", T0_US - 10 * HOUR_US).wait_s == 0


def test_windows_are_bounded_and_those_that_began_first_are_forgotten():
    hourly = Hourly(5, most=2)
    for n, name in enumerate("abab"):
        hourly.take(name, T0_US + n)
    assert (len(hourly), hourly.forgotten) == (2, 0)
    hourly.take("c", T0_US + 9)
    assert (len(hourly), hourly.forgotten) == (2, 1)
    assert [hourly.look(name, T0_US + 9).remaining for name in "abc"] == [5, 3, 4]
    hourly.take("d", T0_US + 2 * HOUR_US)
    assert (len(hourly), hourly.forgotten) == (1, 1), "what is over is no loss"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, HOUR_US // 2)), max_size=60), st.integers(1, 5))
@settings(max_examples=rounds(60, 3_000))
def test_no_hour_of_anybody_has_more_than_its_limit(steps, limit):
    """Against the plain rule: remember every request that was let in, and the window it fell into."""
    hourly, now_us, begun, used = Hourly(limit), T0_US, {}, {}
    for name, pause_us in steps:
        now_us += pause_us
        end_s = begun.get(name)
        if end_s is None or end_s * 1_000_000 <= now_us:
            begun[name], used[name] = -(-(now_us + HOUR_US) // 1_000_000), 0
        before, window = hourly.look(name, now_us), hourly.take(name, now_us)
        assert window.reset_s == begun[name] == before.reset_s
        assert 0 < window.reset_s * 1_000_000 - now_us <= HOUR_US + 1_000_000
        if used[name] < limit:
            used[name] += 1
            assert (window.remaining, window.wait_s) == (limit - used[name], 0) and before.remaining == limit - used[name] + 1
        else:
            assert window.remaining == before.remaining == 0
            # who waits as long as it is told may go on, and nobody is told to wait a second too long
            after_us = now_us + window.wait_s * 1_000_000
            assert after_us >= begun[name] * 1_000_000 > after_us - 1_000_000


def test_only_api_v1_is_counted_and_its_live_metrics_by_themselves():
    hours = Hours(Experiments())
    assert hours.of("/api/v1") is hours.of("/api/v1/nothing") is hours.of("/api/v1/metrics") is hours.ordinary
    assert hours.of("/api/v1/metrics/live") is hours.live
    assert [hours.of(path) for path in ("/api/v10", "/api/tasks", "/", "/ws/dashboard", "/api/oracle/tree")] == [None] * 5


def house_of(folder, mode="open", limit=3, **server):
    return open_house(folder, settings=Settings(
        auth=Auth(mode=mode), data=Data(folder=folder), scheduler=Scheduler(enabled=False), server=Server(**server),
        experiments=Experiments(requests_per_hour=limit, live_requests_per_hour=2 * limit),
    ))  # fmt: skip


def told(reply):
    return tuple(int(reply.headers[name]) for name in LIMITS)


async def test_every_answer_says_where_the_client_stands(tmp_path):
    async with house_of(tmp_path, "token") as house:
        now_s = house.system.runtime.now_us() / 1e6
        seen = [
            await house.get("/api/v1/nothing"),
            await house.get("/api/v1/nothing", headers={"host": "evil.example"}),
            await house.post("/api/v1/nothing", headers={"origin": "https://evil.example"}),
            await house.get("/api/v1/nothing"),
        ]
        live = await house.get("/api/v1/metrics/live")
        elsewhere = await house.get("/healthz")
    assert [reply.status for reply in seen] == [404, 400, 403, 429]
    assert [told(reply)[:2] for reply in seen] == [(3, 2), (3, 1), (3, 0), (3, 0)]
    resets = {told(reply)[2] for reply in seen}
    assert len(resets) == 1 and 0 <= resets.pop() - now_s - 3_600 < 30
    assert told(live)[:2] == (6, 5)
    assert not set(LIMITS) & set(elsewhere.headers)


async def test_too_many_are_told_when_to_go_on_to_the_second(tmp_path):
    async with house_of(tmp_path, limit=1) as house:
        await house.get("/api/v1/nothing")
        before_us = house.system.runtime.now_us()
        reply = await house.get("/api/v1/nothing", headers={"origin": "http://localhost:5173"})
        after_us = house.system.runtime.now_us()
        counts = (await house.get("/metrics")).body
    wait_s, reset_us = int(reply.headers["retry-after"]), told(reply)[2] * 1_000_000
    assert -(-(reset_us - after_us) // 1_000_000) <= wait_s <= -(-(reset_us - before_us) // 1_000_000)
    assert (reply.status, reply.json["error"]["code"], reply.json["error"]["retry_after"]) == (429, "RATE_LIMITED", wait_s)
    assert reply.headers["access-control-allow-origin"] and "X-RateLimit-Reset" in reply.headers["access-control-expose-headers"]
    assert b'oracle_hours_refused_total{kind="ordinary"} 1.0' in counts and b'oracle_hours{kind="ordinary"} 1.0' in counts
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_token_counts_by_whom_it_speaks_for_and_the_rest_by_address(tmp_path):
    async with house_of(tmp_path, limit=1) as house:
        mint = house.doorman.tokens.mint
        one, other = await mint(Scope.read, 1, name="one"), await mint(Scope.read, 1, name="other")
        session, _ = await house.doorman.open_session(one)
        cookie = {"cookie": f"oracle_session_8000={session}", "host": "localhost:8000"}
        asked = [
            ({"authorization": f"Bearer {one}"}, LOCAL), ({"x-api-key": one}, AWAY), (cookie, LOCAL),
            ({"x-api-key": other}, LOCAL), ({}, LOCAL), ({"authorization": "Bearer nonsense"}, LOCAL),
            ({}, {**LOCAL, "client": ("127.0.0.1", 1)}), ({}, AWAY),
        ]  # fmt: skip
        seen = [(await house.get("/api/v1/x", headers=headers, scope=scope)).status for headers, scope in asked]
    assert seen == [404, 429, 429, 404, 404, 429, 429, 404]


async def test_a_browser_s_question_beforehand_counts_nothing(tmp_path):
    async with house_of(tmp_path, limit=1) as house:
        ask = {"origin": "http://localhost:5173", "access-control-request-method": "POST"}
        for _ in range(3):
            preflight = await house.ask("OPTIONS", "/api/v1/x", headers=ask)
            assert preflight.status == 204 and told(preflight)[1] == 1
        await house.get("/api/v1/x")
        assert (await house.ask("OPTIONS", "/api/v1/x", headers=ask)).status == 204


def test_no_route_of_it_takes_the_lane_that_counts_nothing():
    ours = [route for route in routes() if route.path.startswith("/api/v1/")]
    assert not [route.name for route in ours if route.quick or route.family is not Family.v1]


def test_sockets_are_counted_by_client_and_forgotten_when_they_end():
    sockets = SocketCount(2)
    assert [sockets.admit(name) for name in ("a", "a", "a", "b")] == [True, True, False, True]
    sockets.release("a")
    assert sockets.admit("a") and not sockets.admit("a")
    for name in ("a", "a", "b"):
        sockets.release(name)
    assert len(sockets) == 0 and sockets.count("a") == 0
    with pytest.raises(KeyError):
        sockets.release("a")
