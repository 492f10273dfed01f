"""Who may open a live stream, against the real server."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
import trio
from trio_websocket import ConnectionRejected, open_websocket_url

from oracle.listen import Listen
from oracle.settings import Auth, Data, Demo, Settings
from oracle.system import open_system
from web import hub, visitor
from web import server as web_server
from web.app import make_app
from web.auth import Doorman
from web.desk import Bounds
from web.routes import Scope

STREAMS = ["/dashboard/stream", "/api/oracle/stream?topics=state:*"]


@asynccontextmanager
async def open_server(folder, mode="token"):
    """(address, doorman) of a whole server."""
    settings = Settings(auth=Auth(mode), data=Data(folder=folder), demo=Demo(enabled=False))
    listeners = web_server.bind([Listen("127.0.0.1", 0)], Bounds())
    held = {}

    def children(system):
        held["doorman"] = Doorman.of(settings, system.runtime.now_us)
        app = make_app(system, held["doorman"])
        return [hub.child(), visitor.child(), web_server.child(app, listeners)]

    async with open_system(settings, children=children):
        yield f"127.0.0.1:{listeners[0].port}", held["doorman"]


async def first_frame(url: str, headers: tuple[tuple[str, str], ...] = ()) -> dict:
    """What a stream says first."""
    given = [(name.encode(), value.encode()) for name, value in headers]
    with trio.fail_after(30):
        async with open_websocket_url(url, extra_headers=given) as stream:
            return json.loads(await stream.get_message())


async def refused(url: str, headers: tuple[tuple[str, str], ...] = ()) -> tuple[int, dict]:
    """The status and body with which a stream was refused."""
    with pytest.raises(BaseException) as caught:
        await first_frame(url, headers)
    error = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ConnectionRejected), error
    return error.status_code, json.loads(error.body)


@pytest.mark.parametrize("path", STREAMS)
async def test_in_mode_token_a_stream_wants_a_token_a_cookie_or_a_ticket(tmp_path, path):
    async with open_server(tmp_path) as (address, doorman):
        url, token = f"ws://{address}{path}", await doorman.first_token()
        status, body = await refused(url)
        assert status == 401 and ("detail" in body or body["error"]["code"] == "unauthorized")
        assert (await refused(url, (("authorization", "Bearer nonsense"),)))[0] == 401
        assert (await first_frame(url, (("authorization", f"Bearer {token}"),)))["type"] in ("stats", "subscribed")

        ticket = doorman.tickets.issue(doorman.tokens.who(token, doorman.now_us()), doorman.now_us())
        with_ticket = f"{url}{'&' if '?' in url else '?'}ticket={ticket}"
        assert (await first_frame(with_ticket))["type"] in ("stats", "subscribed")
        assert (await refused(with_ticket))[0] == 401

        session, _ = await doorman.open_session(token)
        cookie = f"oracle_session_{address.rpartition(':')[2]}={session}"
        assert (await first_frame(url, (("cookie", cookie),)))["type"] in ("stats", "subscribed")


@pytest.mark.parametrize("path", STREAMS)
async def test_in_mode_open_a_stream_wants_only_an_origin_we_know(tmp_path, path):
    async with open_server(tmp_path, "open") as (address, _):
        url = f"ws://{address}{path}"
        assert (await first_frame(url))["type"] in ("stats", "subscribed")
        for origin in (f"http://{address}", "http://localhost:5173"):
            assert (await first_frame(url, (("origin", origin),)))["type"] in ("stats", "subscribed")
        for origin in ("https://evil.example", "null", f"http://{address}.evil.example"):
            assert (await refused(url, (("origin", origin),)))[0] == 403


async def test_a_reading_token_may_listen(tmp_path):
    async with open_server(tmp_path) as (address, doorman):
        token = await doorman.tokens.mint(Scope.read, doorman.now_us())
        frame = await first_frame(f"ws://{address}/dashboard/stream", (("authorization", f"Bearer {token}"),))
    assert frame["type"] == "stats"


async def test_a_socket_to_a_place_that_is_none_is_refused_with_its_status(tmp_path):
    async with open_server(tmp_path, "open") as (address, _):
        assert (await refused(f"ws://{address}/nowhere"))[0] == 404
        assert (await refused(f"ws://{address}/dashboard/stats"))[0] == 404
        status, body = await refused(f"ws://{address}/api/oracle/stream?topics=a*b")
    assert (status, body["error"]["code"]) == (422, "invalid")
    assert [(one["in"], one["field"], one["type"]) for one in body["error"]["details"]] == [("query", "topics", "topics")]
