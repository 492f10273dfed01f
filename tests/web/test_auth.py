"""Who may do what: modes, tokens, sessions, tickets, scopes."""

import json
import stat

import pytest
import trio
from running import AWAY, LOCAL, open_house

from actors import Refused
from oracle.secret import Secret
from oracle.settings import Auth, Data, Settings
from web.auth import TICKET_S, Doorman, Tickets, Tokens, cookie_name
from web.failures import CannotStart
from web.routes import Auth as Access
from web.routes import Identity, Route, Scope
from web.table import routes

T0_US = 1_700_000_000_000_000
KILL = "/api/oracle/actors/nobody/kill"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_on_this_machine_mode_open_asks_for_nothing(tmp_path):
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/oracle/tree")).status == 200
        assert (await house.post(KILL)).status == 404
        assert (await house.get("/api/oracle/tree", headers=bearer("nonsense"))).status == 200
        assert (await house.get("/api/oracle/tree", headers=bearer("null"))).status == 200
        assert not (tmp_path / "tokens.json").exists()


async def test_mode_open_trusts_nobody_from_elsewhere(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.get("/api/oracle/tree", scope=AWAY)
        mapped = await house.get("/api/oracle/tree", scope={**LOCAL, "client": ("::ffff:127.0.0.1", 1)})
        unknown = await house.get("/api/oracle/tree", scope={**LOCAL, "client": None})
    assert (reply.status, reply.json["error"]["code"]) == (401, "unauthorized")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert (mapped.status, unknown.status) == (200, 401)


async def test_mode_token_makes_one_token_and_shows_it_once(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        token = house.fresh_token
        assert len(token) >= 43
        assert (await house.get("/api/oracle/tree")).status == 401
        assert (await house.get("/dashboard/stats", headers=bearer(token))).status == 200
        assert (await house.get("/dashboard/stats", headers=bearer(token + "x"))).json["detail"]
    async with open_house(tmp_path, auth="token") as house:
        assert house.fresh_token == ""
        assert (await house.post(KILL, headers=bearer(token))).status == 404
    stored = tmp_path / "tokens.json"
    assert token not in stored.read_text()
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600


async def test_a_token_of_the_settings_is_used_and_none_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_TOKEN", "from-the-environment")
    settings = Settings(auth=Auth("token", Secret("env", "TEST_TOKEN")), data=Data(folder=tmp_path))
    async with open_house(tmp_path, settings=settings) as house:
        assert house.fresh_token == ""
        assert (await house.get("/api/oracle/tree", headers=bearer("from-the-environment"))).status == 200
        assert (await house.get("/api/oracle/tree", headers=bearer("from-the-environmen"))).status == 401


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        (Scope.read, (200, 403, 403)),
        (Scope.operate, (200, 404, 403)),
        (Scope.admin, (200, 404, 404)),
    ],
)
async def test_scopes_include_the_lesser_ones(tmp_path, scope, statuses):
    async with open_house(tmp_path, auth="token") as house:
        token = await house.doorman.tokens.mint(scope, house.system.runtime.now_us())
        seen = (
            (await house.get("/api/oracle/tree", headers=bearer(token))).status,
            (await house.post("/dashboard/watchdogs/nobody/enable", headers=bearer(token))).status,
            (await house.post(KILL, headers=bearer(token))).status,
        )
    assert seen == statuses


async def test_public_routes_stay_public_and_the_rest_does_not(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        for path in ("/", "/healthz", "/readyz", "/openapi.json"):
            assert (await house.get(path)).status == 200, path
        for path in ("/metrics", "/api/oracle/tree", "/dashboard/stats", "/api/oracle/events"):
            assert (await house.get(path)).status == 401, path


async def test_the_page_url_changes_its_token_for_a_session_cookie(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        token = house.fresh_token
        there = await house.get(f"/?token={token}", headers={"host": "localhost:8000", "accept": "text/html"})
        assert (there.status, there.headers["location"]) == (303, "/")
        cookie = there.headers["set-cookie"]
        assert cookie.startswith("oracle_session_8000=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert token not in cookie
        pair = cookie.partition(";")[0]
        assert (await house.get("/api/oracle/tree", headers={"host": "localhost:8000", "cookie": pair})).status == 200
        assert (await house.get("/api/oracle/tree", headers={"host": "localhost:8001", "cookie": pair})).status == 401
        assert (await house.get("/?token=wrong")).status == 401
    async with open_house(tmp_path, auth="token") as house:  # sessions outlive a restart
        assert (await house.get("/api/oracle/tree", headers={"host": "localhost:8000", "cookie": pair})).status == 200
        broken = await house.get("/api/oracle/tree", headers={"host": "localhost:8000", "cookie": 'a"=;;\x01=1'})
        assert broken.status == 401


async def test_a_ticket_is_asked_for_with_a_token(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        assert (await house.post("/api/oracle/ticket")).status == 401
        reply = await house.post("/api/oracle/ticket", headers=bearer(house.fresh_token))
        who = house.doorman.tickets.redeem(reply.json["ticket"], house.system.runtime.now_us())
    assert (reply.status, reply.json["expires_s"]) == (200, TICKET_S)
    assert who is not None and who.scope is Scope.admin


async def test_many_logins_at_once_each_get_a_session_that_is_stored(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        cookies = []

        async def login():
            reply = await house.get(f"/?token={house.fresh_token}", headers={"host": "localhost:8000"})
            assert reply.status == 303, reply.body
            cookies.append(reply.headers["set-cookie"].partition(";")[0])

        async with trio.open_nursery() as nursery:
            for _ in range(40):
                nursery.start_soon(login)
    async with open_house(tmp_path, auth="token") as house:
        for pair in cookies:
            reply = await house.get("/api/oracle/tree", headers={"host": "localhost:8000", "cookie": pair})
            assert reply.status == 200
    assert {path.name for path in tmp_path.iterdir()} <= {"tokens.json", "history.duckdb", "history.duckdb.wal"}


async def test_a_login_that_can_not_be_stored_is_told_so_and_leaves_nothing(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        (tmp_path / "tokens.json").unlink()
        (tmp_path / "tokens.json").mkdir()
        reply = await house.get(f"/?token={house.fresh_token}")
        assert (reply.status, reply.json) == (503, {"detail": "a session can't be stored now"})
        assert "set-cookie" not in reply.headers
        (tmp_path / "tokens.json").rmdir()
        assert (await house.get(f"/?token={house.fresh_token}")).status == 303
    assert json.loads((tmp_path / "tokens.json").read_text())[0]["kind"] == "token"
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize("text", [
    "", "{", "null", '{"id": "x"}', "[1]", '[{"id": "x"}]', "\xff", "[" * 100_000,
    '[{"id": "x", "kind": "token", "scope": "god", "sha256": "", "created_us": 0, "expires_us": 0}]',
])  # fmt: skip
def test_damaged_tokens_are_refused_with_the_name_of_their_file(tmp_path, text):
    (tmp_path / "tokens.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CannotStart, match=r"tokens\.json is damaged \(.+\); .*delete it"):
        Tokens(tmp_path)


async def test_in_mode_open_a_token_nobody_knows_leads_to_the_page(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.get("/?token=abc", headers={"accept": "text/html"})
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert "set-cookie" not in reply.headers


def test_tickets_open_once_and_for_thirty_seconds():
    tickets, who = Tickets(), Identity("me", Scope.read)
    once = tickets.issue(who, T0_US)
    assert tickets.redeem(once, T0_US + 29_999_999) == who
    assert tickets.redeem(once, T0_US) is None
    assert tickets.redeem(tickets.issue(who, T0_US), T0_US + 30_000_000) is None
    assert tickets.redeem("never made", T0_US) is None


def test_open_tickets_are_bounded_by_forgetting_the_oldest():
    tickets, who = Tickets(), Identity("me", Scope.read)
    made = [tickets.issue(who, T0_US) for _ in range(1_001)]
    assert tickets.redeem(made[0], T0_US) is None
    assert tickets.redeem(made[1], T0_US) == who


async def test_a_pass_ends_at_its_time_and_a_name_is_held_by_one(tmp_path):
    tokens = Tokens(tmp_path)
    short = await tokens.mint(Scope.read, T0_US, lasts_s=10)
    first = await tokens.mint(Scope.operate, T0_US, name="local")
    second = await tokens.mint(Scope.operate, T0_US, name="local")
    assert tokens.who(short, T0_US + 9_999_999) and tokens.who(short, T0_US + 10_000_000) is None
    assert tokens.who(first, T0_US) is None
    assert Tokens(tmp_path).who(second, T0_US) == Identity("local", Scope.operate)
    await tokens.revoke("local")
    assert Tokens(tmp_path).who(second, T0_US) is None
    with pytest.raises(Refused, match="no token 'local'"):
        await tokens.revoke("local")


async def test_sessions_are_bounded_and_tokens_are_not_pushed_out_by_them(tmp_path):
    tokens = Tokens(tmp_path)
    token = await tokens.mint(Scope.admin, T0_US)
    sessions = [await tokens.mint(Scope.admin, T0_US + n, kind="session", lasts_s=60) for n in range(101)]
    assert tokens.who(sessions[0], T0_US + 200) is None
    assert tokens.who(sessions[1], T0_US + 200) and tokens.who(token, T0_US)


async def test_an_expired_session_is_no_reason_to_make_a_new_token(tmp_path):
    tokens = Tokens(tmp_path)
    await tokens.mint(Scope.admin, T0_US, kind="session", lasts_s=1)
    assert await Doorman("token", tokens, lambda: T0_US).first_token()  # only sessions: there is no token yet
    assert not await Doorman("token", Tokens(tmp_path), lambda: T0_US).first_token()


def test_the_cookie_is_named_after_the_port():
    assert [cookie_name(host) for host in ("localhost:8000", "[::1]:81", "example.org", "[::1]")] == [
        "oracle_session_8000", "oracle_session_81", "oracle_session", "oracle_session"]  # fmt: skip


def test_whatever_changes_something_wants_more_than_reading():
    writers: list[Route] = [route for route in routes() if route.unsafe]
    reading = {route.name for route in writers if route.scope is Scope.read}
    signed = {f"POST /webhooks/{name}" for name in ("{provider}", "{provider}/{id}")}  # by their senders, who have no token
    assert reading == {"POST /api/oracle/ticket", *signed}  # the ticket gives no more than its caller has
    assert {route.name for route in writers if route.auth is Access.public} == signed


async def test_in_mode_local_the_page_is_let_in_where_programs_want_a_token(tmp_path):
    browser = {"accept": "text/html"}
    async with open_house(tmp_path, auth="local") as house:
        assert (await house.get("/api/v1/experiments")).status == 401
        assert "set-cookie" not in (await house.get("/")).headers
        assert "set-cookie" not in (await house.get("/", headers=browser, scope=AWAY)).headers
        given = (await house.get("/", headers=browser)).headers["set-cookie"]
        assert "HttpOnly; SameSite=Strict" in given
        cookie = {"cookie": given.partition(";")[0]}
        assert (await house.get("/api/v1/experiments", headers=cookie)).status == 200
        assert (await house.get("/api/oracle/tree", headers=cookie)).status == 200
        change = {"dashboard": {"max_experiments": 3}}
        assert (await house.ask("PUT", "/api/v1/config", json=change, headers=cookie)).status == 200
        # and makes nobody else's way in
        assert (await house.post("/api/oracle/tokens", json={"scope": "admin"}, headers=cookie)).status == 403
        assert "set-cookie" not in (await house.get("/", headers=browser | cookie)).headers
        assert (await house.get("/", headers=browser | {"cookie": cookie["cookie"] + "x"})).headers["set-cookie"] == given


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
async def test_in_mode_local_nobody_is_let_in_by_a_proxy_on_this_machine(tmp_path, header):
    passed_on = {header.lower(): "203.0.113.7", "accept": "text/html"}
    async with open_house(tmp_path, auth="local") as house:
        assert (await house.get("/api/oracle/tree", headers=passed_on)).status == 401
        assert "set-cookie" not in (await house.get("/", headers=passed_on)).headers
        token = await house.doorman.tokens.mint(Scope.read, T0_US)
        shown = passed_on | {"authorization": f"Bearer {token}"}
        assert (await house.get("/api/oracle/tree", headers=shown)).status == 200
        assert (await house.get("/api/oracle/settings", headers=shown)).status == 403
