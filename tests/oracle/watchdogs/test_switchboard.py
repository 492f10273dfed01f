"""Switching watchdogs: what is answered is true by then, and a supervisor that begins anew has its watchdogs again."""

from functools import partial

import pytest
import trio

from actors import ActorCrashed, Refused
from actors.testing import probe
from oracle.model import Command
from oracle.settings import Data, Demo, Settings
from oracle.system import open_system
from oracle.watchdogs import PriceAnomaly
from oracle.watchdogs.actor import Ready, watchdog_child
from oracle.watchdogs.switchboard import Dismiss, Enlist
from web.surfaces.fiml import dashboard_health

NAME = "watchdog:price_anomaly"


def settings(folder):
    return Settings(data=Data(folder=folder), demo=Demo(enabled=False))


async def ask(system, verb, name="price_anomaly", ident=""):
    return await system.runtime.ask("switchboard", Command(verb, {"name": name}, id=ident))


def seen(system):
    """Enabled, running and status as a client is told them."""
    value = next(one for one in dashboard_health(system).watchdogs if one.name == "price_anomaly")
    return value.metadata["enabled"], system.runtime.alive(NAME), value.status


@pytest.mark.parametrize("act", ["kill", "restart"])
async def test_watchdogs_come_back_with_their_supervisor(tmp_path, act):
    async with open_system(settings(tmp_path)) as system:
        lives = probe(system.runtime, f"life:{NAME}")
        getattr(system.runtime, act)("watchdogs")
        with trio.fail_after(30):
            while (await lives.next()).what != "started":
                pass
        assert seen(system) == (True, True, "healthy")


async def test_one_that_is_off_stays_off_when_its_supervisor_begins_anew(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        await ask(system, "disable")
        lives = probe(system.runtime, "life:watchdogs")
        system.runtime.kill("watchdogs")
        with trio.fail_after(30):
            while (await lives.next()).what != "started":
                pass
        assert seen(system)[:2] == (False, False)


async def test_what_is_answered_is_true_by_then(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        for _ in range(3):
            assert await ask(system, "disable") == "disabled"
            assert seen(system)[:2] == (False, False)
            assert await ask(system, "enable") == "enabled"
            assert seen(system) == (True, True, "healthy")
            since_us = system.runtime.node(NAME).since_us
            assert await ask(system, "restart") == "restarted"
            assert system.runtime.node(NAME).since_us > since_us
            assert seen(system) == (True, True, "healthy")


async def test_a_restart_of_one_that_is_off_and_of_nobody_is_refused(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        await ask(system, "disable")
        with pytest.raises(Refused, match="disabled"):
            await ask(system, "restart")
        with pytest.raises(Refused, match="not found"):
            await ask(system, "enable", "nobody")


async def test_a_switch_that_is_sent_again_does_not_undo_what_somebody_did_since(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        assert await ask(system, "disable", ident="client/ada/1/d1") == "disabled"
        await ask(system, "enable")
        since_us = system.runtime.node(NAME).since_us
        said = probe(system.runtime, "event:*")
        assert await ask(system, "disable", ident="client/ada/1/d1") == "disabled"
        assert seen(system) == (True, True, "healthy")
        assert await ask(system, "restart", ident="client/ada/2/d2") == "restarted"
        again_us = system.runtime.node(NAME).since_us
        assert await ask(system, "restart", ident="client/ada/2/d2") == "restarted"
        assert system.runtime.node(NAME).since_us == again_us > since_us
        told = [event.kind for event in said.took() if event.source == "switchboard"]
        assert told == ["watchdog_restarted"]
    async with open_system(settings(tmp_path)) as system:
        assert await ask(system, "disable", ident="client/ada/1/d1") == "disabled"
        assert seen(system)[:2] == (True, True)
        page = await system.queries.events(kind="watchdog_disabled")
        assert [row["cause"] for row in page.items] == ["client/ada/1/d1"]


async def test_a_switchboard_that_was_killed_after_the_commit_knows_what_it_did(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        kill = system.runtime.listen("state:switch:*", lambda _: system.runtime.kill("switchboard"))
        with pytest.raises(ActorCrashed):
            await ask(system, "disable", ident="client/ada/1/d1")
        kill.cancel()
        assert len((await system.queries.events(kind="watchdog_disabled")).items) == 1
        assert await ask(system, "disable", ident="client/ada/1/d1") == "disabled"
        assert not system.runtime.alive(NAME)
        assert len((await system.queries.events(kind="watchdog_disabled")).items) == 1


def enlisting(system, window_s):
    """A watchdog more, named extra."""
    make = partial(PriceAnomaly, window_s=window_s)
    return Enlist("extra", partial(watchdog_child, "extra", make, system.board, None, system.runtime))


async def window_s(system):
    (cell,) = [one for one in system.runtime.node("watchdogs").children if one.name == "watchdog:extra"]
    assert cell.state == "running"
    return (await system.runtime.ask("watchdog:extra", Ready())).window_s


async def test_one_that_is_enlisted_is_like_the_others_until_it_is_dismissed(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        lives = probe(system.runtime, "life:watchdog:extra")
        assert await system.runtime.ask("switchboard", enlisting(system, 1.0)) == "enlisted"
        assert await system.runtime.ask("switchboard", enlisting(system, 2.0)) == "enlisted"
        assert await window_s(system) == 2.0
        assert [one.what for one in lives.took()] == ["started", "stopped", "started"], "the one before has ended in order"
        assert await ask(system, "disable", "extra") == "disabled"
        assert await system.runtime.ask("switchboard", enlisting(system, 3.0)) == "enlisted"
        assert not system.runtime.alive("watchdog:extra"), "who switched it off meant it"
        assert await ask(system, "enable", "extra") == "enabled"
        system.runtime.restart("watchdogs")
        with trio.fail_after(30):
            while not system.runtime.alive("watchdog:extra") or await window_s(system) != 3.0:
                await lives.next()
        assert await system.runtime.ask("switchboard", Dismiss("extra")) == "dismissed"
        assert system.board.get("watchdog:extra") is None and not system.runtime.alive("watchdog:extra")
        with pytest.raises(Refused, match="not found"):
            await ask(system, "enable", "extra")
        assert await system.runtime.ask("switchboard", Dismiss("extra")) == "dismissed", "again it does nothing"


async def test_one_that_died_with_its_process_is_not_said_to_run(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        await system.runtime.ask("switchboard", enlisting(system, 1.0))
        left = dict(system.board.get("watchdog:extra"), running=True)
        await system.runtime.remove("watchdog:extra")
        system.board.put("watchdog:extra", left, system.runtime.now_us())
    async with open_system(settings(tmp_path)) as system:
        assert system.board.get("watchdog:extra") is None
        assert "extra" not in [one.name for one in dashboard_health(system).watchdogs]
