"""Tokens from their making to their end: over HTTP, in the modes, on open streams, and as they lie on the disk."""

import json
from contextlib import suppress
from urllib.parse import quote

import pytest
import trio
from running import AWAY, open_house
from trio_websocket import ConnectionClosed, ConnectionRejected, open_websocket_url

from actors import Refused
from actors.testing import probe
from oracle import settings
from oracle.border import structure
from oracle.problems import Bad, Invalid
from tests.web.test_stream_auth import first_frame, open_server, refused
from web.auth import Doorman, client_of
from web.direct import _shown
from web.jwts import Jwts
from web.minting import TokenWish, lasting_s, make
from web.routes import WS, Auth, Family, Identity, Route, Scope
from web.tokens import MOST_TOKENS, Pass, Tokens, hashed
from web.visitor import offered
from web.wish import Wish, grant

TOKENS = "/api/oracle/tokens"
T0_US = 1_700_000_000_000_000
EXPERIMENTS = Route("GET", "/api/v1/experiments", lambda call: call, Auth.token)
STREAM = Route(WS, "/api/oracle/stream", lambda call: call, Auth.token)
DASHBOARD = Route(WS, "/ws/dashboard", lambda call: call, Auth.token, family=Family.v1)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def admin(house) -> dict[str, str]:
    return bearer(await house.doorman.tokens.mint(Scope.admin, house.system.runtime.now_us(), name="boss"))


async def created(house, headers, **wish):
    reply = await house.post(TOKENS, json={"scope": "read", **wish}, headers=headers)
    assert reply.status == 201, reply.body
    return reply.json


@pytest.mark.parametrize("wish", [{}, {"jwt": True}], ids=["key", "jwt"])
async def test_a_token_is_made_used_listed_and_taken_back(tmp_path, wish):
    async with open_house(tmp_path, auth="token") as house:
        boss = await admin(house)
        told = probe(house.system.runtime, "event:*")
        made = await created(house, boss, name="ci", ttl="12h", **wish)
        assert (made["scope"], made["subject"], made["status"]) == ("read", "ci", "active")
        assert made["kind"] == ("jwt" if wish else "token")
        for headers in (bearer(made["token"]), {"x-api-key": made["token"]}, {"X-API-Key": f" {made['token']} "},
                        {**bearer("null"), "x-api-key": made["token"]}):  # fmt: skip
            assert (await house.get("/api/oracle/tree", headers=headers)).status == 200
        assert (await house.get(TOKENS, headers=bearer(made["token"]))).status == 403
        listed = (await house.get(TOKENS, headers=boss)).json["tokens"]
        assert made["id"] in [one["id"] for one in listed] and not any("token" in one for one in listed)
        assert made["token"] not in (tmp_path / "tokens.json").read_text()

        gone = await house.ask("DELETE", f"{TOKENS}/{made['id']}", headers=boss)
        assert (gone.status, gone.json) == (200, {"id": made["id"], "status": "revoked"})
        assert (await house.get("/api/oracle/tree", headers=bearer(made["token"]))).status == 401
        again = await house.ask("DELETE", f"{TOKENS}/{made['id']}", headers=boss)
        assert again.status == 404
        kinds = [(await told.next()).kind for _ in range(2)]
        assert kinds == ["token_created", "token_revoked"]
    async with open_house(tmp_path, auth="token") as house:  # also after a restart
        assert (await house.get("/api/oracle/tree", headers=bearer(made["token"]))).status == 401


@pytest.mark.parametrize(("wish", "field"), [
    ({}, "scope"), ({"scope": "root"}, "scope"), ({"scope": "read", "ttl": "5"}, "ttl"), ({"scope": "read", "ttl": "0d"}, "ttl"),
    ({"scope": "read", "ttl": "9999d"}, "ttl"), ({"scope": "read", "ttl": "never", "jwt": True}, "ttl"),
    ({"scope": "read", "name": "a/b"}, "name"), ({"scope": "read", "name": "x" * 65}, "name"),
    ({"scope": "read", "name": "local"}, "name"), ({"scope": "read", "jwt": "yes"}, "jwt"),
    ({"scope": "read", "tll": "1d"}, "tll"),
])  # fmt: skip
async def test_a_wish_that_is_none_is_refused_by_its_field(wish, field):
    with pytest.raises(Invalid) as caught:
        structure(TokenWish, wish)
    assert [problem.path for problem in caught.value.problems] == [(field,)]


def test_a_time_is_said_with_its_unit():
    assert [lasting_s(text) for text in ("45s", "90m", "12h", "30d", "2w", "never", "3650d")] == [
        45, 5_400, 43_200, 2_592_000, 1_209_600, 0, 315_360_000]  # fmt: skip
    for text in ("", "1", "d", "1.5h", "-1d", "1 d", "1D", "\u0661d", "3651d", "never ", "99999999999d"):
        with pytest.raises(Bad):
            lasting_s(text)


async def test_a_name_is_held_by_one_until_it_is_free(tmp_path):
    tokens, jwts = Tokens(tmp_path), None
    await make(tokens, jwts, TokenWish(Scope.read, "ci", "1h"), T0_US)
    with pytest.raises(Refused, match="there is a token 'ci' already"):
        await make(tokens, jwts, TokenWish(Scope.read, "ci", "1h"), T0_US + 1)
    later_us = T0_US + 3_600_000_000
    assert tokens.listed(later_us) == []
    assert await make(tokens, jwts, TokenWish(Scope.read, "ci", "never"), later_us)
    assert [one.expires_us for one in Tokens(tmp_path).listed(later_us)] == [0]


async def test_there_are_only_so_many(tmp_path):
    full = [Pass(f"t{n}", "token", Scope.read, f"{n}", T0_US) for n in range(MOST_TOKENS)]
    rows = [{"id": one.id, "kind": one.kind, "scope": "read", "sha256": one.sha256, "created_us": T0_US} for one in full]
    (tmp_path / "tokens.json").write_text(json.dumps(rows))
    tokens = Tokens(tmp_path)
    with pytest.raises(Refused, match="1000 tokens already"):
        await tokens.mint(Scope.read, T0_US)
    await tokens.revoke("t5")
    assert await tokens.mint(Scope.read, T0_US)
    assert await tokens.mint(Scope.read, T0_US, kind="session", lasts_s=9), "sessions do not count"


async def test_a_revoked_jwt_is_remembered_until_it_would_have_ended(tmp_path):
    tokens, now_us = Tokens(tmp_path), T0_US
    jwts = Jwts(tmp_path, settings.Auth(), known=tokens.begun)
    made = await make(tokens, jwts, TokenWish(Scope.read, "ci", "1h", jwt=True), now_us)
    doorman = Doorman("token", tokens, lambda: now_us, jwts=jwts)
    assert doorman.admit(EXPERIMENTS, headers=bearer(made.token), peer="").token == made.id
    await doorman.revoke(made.id)
    with pytest.raises(Refused, match="it was revoked"):
        doorman.admit(EXPERIMENTS, headers=bearer(made.token), peer="")
    assert [one.revoked_us for one in Tokens(tmp_path).listed(now_us)] == [now_us]
    now_us += 3_600_000_000
    await tokens.mint(Scope.read, now_us, name="other")
    assert [one.id for one in Tokens(tmp_path).listed(0)] == ["other"]


async def test_what_a_token_was_changed_for_ends_with_it(tmp_path):
    tokens = Tokens(tmp_path)
    doorman = Doorman("token", tokens, lambda: T0_US)
    secret = await tokens.mint(Scope.read, T0_US, name="ci", lasts_s=60)
    session, who = await doorman.open_session(secret)
    assert tokens.who(session, T0_US).subject == "ci"
    assert tokens.who(session, T0_US + 59_000_000) and not tokens.who(session, T0_US + 60_000_000), "no longer than its token"
    ticket = doorman.tickets.issue(who, T0_US)
    await doorman.revoke("ci")
    assert tokens.who(session, T0_US) is None and doorman.tickets.redeem(ticket, T0_US) is None


# ---- modes


@pytest.mark.parametrize(("mode", "peer", "v1", "elsewhere"), [
    ("local", "127.0.0.1", False, True), ("local", "203.0.113.7", False, False),
    ("open", "127.0.0.1", True, True), ("open", "203.0.113.7", False, False),
    ("token", "127.0.0.1", False, False),
])  # fmt: skip
@pytest.mark.parametrize("headers", [{}, bearer("your_api_key"), {"x-api-key": "your_api_key"}, bearer("eyJ.eyJ.x")])
def test_who_comes_without_a_good_token_gets_what_the_mode_says(tmp_path, mode, peer, v1, elsewhere, headers):
    doorman = Doorman(mode, Tokens(tmp_path), lambda: T0_US)
    for route, let_in in ((EXPERIMENTS, v1), (Route("GET", "/api/tasks", lambda call: call, Auth.token), elsewhere),
                          (DASHBOARD, elsewhere)):  # fmt: skip
        if let_in:
            assert doorman.admit(route, headers=headers, peer=peer) == Identity("local", Scope.admin)
        else:
            with pytest.raises(Refused, match="a token is needed"):
                doorman.admit(route, headers=headers, peer=peer)


async def test_in_mode_local_nobody_gets_a_token_without_one(tmp_path):
    async with open_house(tmp_path, auth="local") as house:
        assert (await house.get("/api/oracle/tree")).status == 200
        wishes = [("GET", TOKENS), ("POST", TOKENS), ("DELETE", f"{TOKENS}/boss")]
        for method, path in wishes:
            assert (await house.ask(method, path, json={"scope": "admin"} if method == "POST" else None)).status == 401
        boss = await admin(house)
        assert (await house.get(TOKENS, headers=boss)).status == 200
        kept = house.app.quick._house
        reader = await house.doorman.tokens.mint(Scope.read, house.system.runtime.now_us(), name="reader")
        for shown, path, status in (({}, "boss", 401), (bearer(reader), "boss", 403), (boss, "nobody", 404)):
            who = house.doorman.admit(STREAM, headers=shown, peer="127.0.0.1")
            assert who.scope is Scope.admin, "on this machine"
            ticket = house.doorman.tickets.issue(who, house.doorman.now_us())
            for way in (who, house.doorman.admit(STREAM, headers={}, peer="127.0.0.1", ticket=ticket)):
                told = await grant(house.system, kept, way, Wish("a", "DELETE", f"{TOKENS}/{path}"))
                assert told.status == status, "what a socket asks for counts as its token's"
        assert (await house.get(TOKENS, headers=boss, scope=AWAY)).status == 200


async def test_a_socket_s_commands_end_with_its_token(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        kept, now_us = house.app.quick._house, house.system.runtime.now_us()
        wish = Wish("a", "POST", "/api/oracle/actors/nobody/kill")
        for expires_us, status in ((0, 404), (now_us + 60_000_000, 404), (now_us, 401)):
            who = Identity("ci", Scope.admin, "ci", "ci", expires_us)
            assert (await grant(house.system, kept, who, wish)).status == status


def test_requests_without_a_subject_are_counted_by_address():
    assert client_of(None, "1.2.3.4") == client_of(Identity("local", Scope.admin), "1.2.3.4") == "address 1.2.3.4"
    assert client_of(Identity("x", Scope.read, "t", "alice"), "1.2.3.4") == "subject alice"


# ---- streams


def test_only_flopy_net_s_socket_takes_a_token_in_its_url():
    query = {"token": ["abc"]}
    native = Route(WS, "/api/oracle/stream", lambda call: call, Auth.token, family=Family.error)
    assert (_shown(DASHBOARD, {}, query), _shown(native, {}, query), _shown(EXPERIMENTS, {}, query)) == ("abc", "", "")
    assert _shown(native, {"sec-websocket-protocol": "bearer, x.y-z"}, {}) == "x.y-z"


def test_a_subprotocol_is_a_token_only_behind_the_word_bearer():
    assert offered("bearer, abc") == offered("bearer,abc") == "abc"
    assert not any(offered(text) for text in ("bearer", "abc, bearer", "", "bearer, a, b", "fiml, abc"))


async def test_a_browser_shows_its_token_as_a_subprotocol_and_is_answered_the_word(tmp_path):
    async with open_server(tmp_path) as (address, doorman):
        token, url = await doorman.first_token(), f"ws://{address}/api/oracle/stream?topics=state:*"
        with trio.fail_after(30):
            async with open_websocket_url(url, subprotocols=["bearer", token]) as stream:
                assert stream.subprotocol == "bearer"
                assert json.loads(await stream.get_message())["type"] == "subscribed"
        assert (await refused(f"{url}&token={token}"))[0] == 401, "no token in a URL but where the seed has it"


async def test_a_stream_ends_when_its_token_is_revoked_and_others_go_on(tmp_path):
    async with open_server(tmp_path) as (address, doorman):
        url, ends = f"ws://{address}/api/oracle/stream?topics=state:nothing:*", []
        ci = await doorman.tokens.mint(Scope.read, doorman.now_us(), name="ci")
        other = await doorman.tokens.mint(Scope.read, doorman.now_us(), name="other")
        session, who = await doorman.open_session(ci)
        ticket = doorman.tickets.issue(who, doorman.now_us())
        cookie = f"oracle_session_{address.rpartition(':')[2]}={session}"
        shown = [(url, bearer(ci)), (url, {"cookie": cookie}), (f"{url}&ticket={ticket}", {})]
        given = [(where, [(name.encode(), value.encode()) for name, value in headers.items()]) for where, headers in shown]
        with trio.fail_after(30):
            async with (
                open_websocket_url(given[0][0], extra_headers=given[0][1]) as first,
                open_websocket_url(given[1][0], extra_headers=given[1][1]) as second,
                open_websocket_url(given[2][0], extra_headers=given[2][1]) as third,
                open_websocket_url(url, extra_headers=[(b"x-api-key", other.encode())]) as spared,
            ):
                for stream in (first, second, third, spared):
                    assert [json.loads(await stream.get_message())["type"] for _ in range(2)] == ["subscribed", "ready"]
                await doorman.revoke("ci")
                for stream in (first, second, third):
                    with pytest.raises(ConnectionClosed) as caught:
                        await stream.get_message()
                    ends.append((caught.value.reason.code, caught.value.reason.reason))
                await spared.send_message("?")
                assert json.loads(await spared.get_message())["type"] == "error"
        assert ends == [(1008, "the token was revoked")] * 3
        assert doorman._inside == {}
        assert (await first_frame(url, (("x-api-key", other),)))["type"] == "subscribed"


async def test_a_stream_ends_as_its_token_expires(tmp_path):
    async with open_server(tmp_path) as (address, doorman):
        url, reason = f"ws://{address}/ws/dashboard", None
        with trio.fail_after(60):
            for lasts_us in (200_000, 1_000_000, 5_000_000, 25_000_000):  # on a busy machine it is over before it is shown
                now_us, secret = doorman.now_us(), f"secret {lasts_us}"
                await doorman.tokens.keep(Pass("brief", "token", Scope.read, hashed(secret), now_us, now_us + lasts_us))
                with suppress(ConnectionRejected):
                    async with open_websocket_url(f"{url}?token={quote(secret)}") as stream:
                        with pytest.raises(ConnectionClosed) as caught:
                            while True:
                                await stream.get_message()
                        reason = caught.value.reason
                        break
        assert (reason.code, reason.reason) == (1008, "the token has expired")
