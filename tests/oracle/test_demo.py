"""The demonstration's rule is at work in the demonstration and nowhere else, and what its owner decides stays decided."""

from contextlib import asynccontextmanager

import attrs
import pytest

from oracle import demo
from oracle.alerts import Rule
from oracle.border import structure
from oracle.model import Command
from oracle.settings import Auth, Data, Demo, Settings
from oracle.system import open_system

HERE = "http://127.0.0.1:8000/"
RULE = f"rule:{demo.RULE_ID}"


@asynccontextmanager
async def started(folder, *, wanted, url=HERE):
    """A system on `folder` as `oracle serve` starts it; without a market, which takes its time to make a past."""
    settings = Settings(data=Data(folder=folder), auth=Auth("open"), demo=Demo(enabled=False))
    async with open_system(settings) as system:
        await demo.settle(attrs.evolve(system, settings=attrs.evolve(settings, demo=Demo(enabled=wanted))), url)
        yield system


async def wish(system, verb, **args):
    return await system.runtime.ask("alerts", Command(verb, {"alert_id": demo.RULE_ID, **args}))


async def replaced(system, **webhook):
    value = system.board.get(RULE)
    known = {field.name: value[field.name] for field in attrs.fields(Rule)}
    await wish(system, "replace", rule=structure(Rule, {**known, "webhook_config": {**known["webhook_config"], **webhook}}))


def test_it_is_wanted_where_nothing_but_the_simulated_market_runs():
    assert demo.wanted(Settings())
    assert not demo.wanted(Settings(feeds={"binance": {}}))
    assert not demo.wanted(Settings(auth=Auth("token")))
    assert not demo.wanted(Settings(demo=Demo(enabled=False)))


async def test_it_rests_on_another_market_and_wakes_in_the_demonstration(tmp_path):
    async with started(tmp_path, wanted=True) as system:
        assert system.runtime.alive(RULE)
    for _ in range(2):
        async with started(tmp_path, wanted=False) as system:
            assert not system.runtime.alive(RULE)
            assert system.board.get(RULE)["enabled"] is False
    async with started(tmp_path, wanted=True, url="http://127.0.0.1:8009/") as system:
        assert system.runtime.alive(RULE)
        assert system.board.get(RULE)["webhook_config"]["url"] == "http://127.0.0.1:8009/api/oracle/inbox"


async def test_what_its_owner_disabled_is_not_enabled(tmp_path):
    async with started(tmp_path, wanted=True) as system:
        await wish(system, "disable")
    for wanted in (False, True):
        async with started(tmp_path, wanted=wanted) as system:
            assert system.board.get(RULE)["enabled"] is False


async def test_what_its_owner_disabled_after_the_demonstration_did_is_not_enabled(tmp_path):
    async with started(tmp_path, wanted=True):
        pass
    async with started(tmp_path, wanted=False) as system:
        await wish(system, "enable")
        await wish(system, "disable")
    async with started(tmp_path, wanted=True) as system:
        assert system.board.get(RULE)["enabled"] is False


async def test_what_its_owner_disabled_once_it_was_awake_again_is_not_enabled(tmp_path):
    for wanted in (True, False):
        async with started(tmp_path, wanted=wanted):
            pass
    async with started(tmp_path, wanted=True) as system:
        await wish(system, "disable")
    async with started(tmp_path, wanted=True) as system:
        assert system.board.get(RULE)["enabled"] is False


@pytest.mark.parametrize("url", ["https://hooks.example.org/api/oracle/inbox", "http://127.0.0.1:9/mine"])
async def test_one_that_goes_elsewhere_is_its_owners(tmp_path, url):
    async with started(tmp_path, wanted=True) as system:
        await replaced(system, url=url)
    for wanted in (False, True):
        async with started(tmp_path, wanted=wanted, url="http://127.0.0.1:8009/") as system:
            assert system.runtime.alive(RULE)
            assert system.board.get(RULE)["webhook_config"]["url"] == url


async def test_its_secrets_are_not_touched_by_a_new_address(tmp_path):
    async with started(tmp_path, wanted=True) as system:
        await replaced(system, auth_token="s3cret")
        before = system.board.get(RULE)
    async with started(tmp_path, wanted=True, url="http://127.0.0.1:8009/") as system:
        assert system.board.get(RULE) == before


async def test_one_without_a_webhook_and_one_that_was_deleted_stay_so(tmp_path):
    async with started(tmp_path, wanted=True) as system:
        known = {field.name: system.board.get(RULE)[field.name] for field in attrs.fields(Rule)}
        await wish(system, "replace", rule=structure(Rule, {**known, "webhook_config": None}))
    for wanted in (False, True):
        async with started(tmp_path, wanted=wanted) as system:
            assert system.runtime.alive(RULE)
    async with started(tmp_path, wanted=True) as system:
        await wish(system, "delete")
    async with started(tmp_path, wanted=True) as system:
        assert system.board.get(RULE) is None
