"""A terminal that is asked over a bridge: what it says is shown, wins, and stays with its age while it says nothing."""

import attrs
import msgspec
import trio
from running import open_house, said
from sink import answering, open_sink

from actors.testing import probe
from oracle.http import Http
from oracle.settings import Auth, Data, Demo, Scheduler, Settings
from oracle.settings import Http as HttpSettings
from oracle.settings_trading import Mt5
from oracle.terminal.bridge import Bridge, Unanswered
from oracle.terminal.state import PROVIDER, TerminalState
from tests.oracle.terminal.test_answer import ACCOUNT, HELD, KNOWN, POSITION
from tests.web.test_mt5 import CYCLE
from web.union import Union

AGE = "x-state-age-seconds"


class Terminal:
    """A bridge's script: it answers what it is told to, from its next answer on."""

    def __init__(self):
        self.account, self.positions, self.status, self.body = dict(ACCOUNT), [POSITION], 200, None

    async def __call__(self, call, stream):
        given = {"/account": self.account, "/positions": self.positions}[call.path]
        body = msgspec.json.encode(given) if self.body is None else self.body
        await answering(self.status, body)(call, stream)


def settings_of(folder, sink=None, **mt5):
    return Settings(auth=Auth(mode="open"), data=Data(folder=folder), demo=Demo(enabled=False),
                    scheduler=Scheduler(enabled=False), http=HttpSettings(allow=("127.0.0.1",)),
                    mt5=Mt5(bridge_url=sink.url("/") if sink else "", every_s=0.1, **mt5))  # fmt: skip


async def turned(heard, reason):
    """The next State of the provider that says this."""
    with trio.fail_after(30):
        while reason not in (state := await heard.next()).value["reason"] or state.value["connected"] != (not reason):
            pass
    return state.value


async def connected(runtime, heard):
    """Its State once it has answered, which it may have done already."""
    known = runtime.bus.last(f"state:{PROVIDER}")
    return known.message.value if known and known.message.value["connected"] else await turned(heard, "")


async def test_the_terminals_account_is_shown_and_told_as_it_changes(tmp_path):
    terminal = Terminal()
    async with open_sink(terminal) as sink, open_house(tmp_path, settings=settings_of(tmp_path, sink, login=7)) as house:
        runtime = house.system.runtime
        await said(runtime, f"state:{PROVIDER}")
        reply = await house.get("/api/account")
        assert (reply.json, (await house.get("/api/positions")).json) == (KNOWN, [HELD])
        assert float(reply.headers[AGE]) >= 0 and AGE in (await house.get("/api/positions")).headers
        told, heard = [], probe(runtime, "state:terminal:positions")
        runtime.listen("state:terminal:*", told.append)
        terminal.account["equity"], terminal.positions = 9_000.0, []
        with trio.fail_after(30):
            await heard.next()
        frames = [frame for one in told if (frame := Union("mt5").frame(one))]
        assert len(frames) == 2
        assert b'"ACCOUNT_UPDATE"' in frames[0] and b"9000.0" in frames[0] and b'"POSITION_UPDATE"' in frames[1]
        assert (await house.get("/api/account")).json == {**KNOWN, "equity": 9_000.0}
        assert (await house.get("/api/state")).json["positions"] == []


async def test_a_terminal_that_fails_is_shown_as_it_was_and_says_why(tmp_path):
    terminal = Terminal()
    async with open_sink(terminal) as sink, open_house(tmp_path, settings=settings_of(tmp_path, sink)) as house:
        runtime = house.system.runtime
        heard = probe(runtime, f"state:{PROVIDER}")
        first_us = (await connected(runtime, heard))["at_us"]
        faults = [
            ({"status": 500}, "status 500"), ({"body": b"<html>"}, "no JSON"), ({"body": b"[" * 100_000}, "no JSON"),
            ({"body": b" " * 1_100_000}, "1048576"), ({"account": {"balance": 1}}, "account.equity"),
            ({"positions": [{}]}, "positions[0].type"),
        ]  # fmt: skip
        for fault, reason in faults:
            whole = dict(vars(terminal))
            vars(terminal).update(fault)
            lost = await turned(heard, reason)
            assert lost["at_us"] >= first_us and (await house.get("/api/account")).json == KNOWN
            assert AGE in (await house.get("/api/positions")).headers
            vars(terminal).update(whole)
            await turned(heard, "")
    async with open_house(tmp_path, settings=settings_of(tmp_path, sink)) as house:  # nobody is there
        await turned(probe(house.system.runtime, f"state:{PROVIDER}"), "127.0.0.1")
        reply = await house.get("/api/account")
        assert reply.json == KNOWN and float(reply.headers[AGE]) > 0
    async with open_house(tmp_path, settings=settings_of(tmp_path)) as house:  # nor is anybody asked
        reply = await house.get("/api/account")
        assert reply.json["balance"] == 100_000.0 and AGE not in reply.headers
        assert (await house.get("/api/positions")).json == []
        assert house.system.board.get(PROVIDER) is None


async def test_where_nothing_was_said_nothing_is_shown(tmp_path):
    terminal = Terminal()
    terminal.account["login"] = 8
    async with open_sink(terminal) as sink, open_house(tmp_path, settings=settings_of(tmp_path, sink, login=7)) as house:
        assert "another account" in (await said(house.system.runtime, f"state:{PROVIDER}")).value["reason"]
        reply = await house.get("/api/account")
        assert (reply.json, (await house.get("/api/positions")).json) == ({}, []) and AGE not in reply.headers
    private = attrs.evolve(settings_of(tmp_path, sink), http=HttpSettings())
    async with open_house(tmp_path, settings=private) as house:
        assert "http.allow" in (await said(house.system.runtime, f"state:{PROVIDER}")).value["reason"]


async def test_a_bot_is_shown_only_while_the_terminal_says_nothing(tmp_path):
    terminal = Terminal()
    async with open_sink(terminal) as sink, open_house(tmp_path, settings=settings_of(tmp_path, sink)) as house:
        heard = probe(house.system.runtime, f"state:{PROVIDER}")
        await connected(house.system.runtime, heard)
        assert (await house.post("/api/push", json=CYCLE)).status == 202
        shown = (await house.get("/api/state")).json
        assert (shown["account"], shown["positions"], shown["events"]) == (KNOWN, [HELD], CYCLE)
        assert len(shown["recent_trades"]) == 1
        terminal.status = 503
        await turned(heard, "503")
        assert (await house.get("/api/account")).json == KNOWN
        await house.post("/api/push", json={"type": "ACCOUNT_UPDATE", "account": {"equity": 1.0}})
        assert (await house.get("/api/account")).json == {**KNOWN, "equity": 1.0}
        assert (await house.get("/api/positions")).json == [HELD]
        await house.ask("DELETE", "/api/push/source")
        assert (await house.get("/api/account")).json == {**KNOWN, "equity": 1.0}  # never our desk's
        terminal.status = 200
        await turned(heard, "")
        assert (await house.get("/api/account")).json == KNOWN


async def test_a_bridge_that_is_slow_is_not_waited_for():
    async def silence(call, stream):
        await trio.sleep_forever()

    async with open_sink(silence) as sink:
        try:
            await Bridge(Http(allow=("127.0.0.1",)), sink.url("/mt5/"), timeout_s=0.05).answer()
        except Unanswered as why:
            assert "within 0.05 s" in str(why)
        else:
            raise AssertionError("it answered")
        assert [one.path for one in sink.calls] == ["/mt5/account"]


def test_what_the_terminal_says_takes_no_bots_place():
    state = TerminalState(asked=True)
    state.hear({"balance": 1.0}, [{"ticket": 1}], 5)
    state.apply({"type": "POSITION_UPDATE", "positions": []})
    assert (state.external, state.positions, state.positions_us) == (True, [{"ticket": 1}], 5)
    state.live = False
    state.apply({"type": "ACCOUNT_UPDATE", "account": {"equity": 2.0}})
    assert state.account == {"balance": 1.0, "equity": 2.0}
    state.apply({"type": "BOT_GONE"})
    assert (state.external, state.ours, state.account["balance"], state.account_us) == (False, False, 1.0, 5)
