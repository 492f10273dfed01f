"""How the server is: its numbers, what nobody handled, the settings it runs on."""

import attrs
from running import open_house

from oracle.inbound.webhook import NewWebhook
from oracle.model import Command, Sample
from oracle.secret import Secret
from oracle.settings import Alerts, Auth, Data, Demo, Log, Settings
from oracle.settings_runs import TaskCommand, Tasks
from web.veil import veiled


async def test_the_server_says_how_it_is_and_what_nobody_handled(tmp_path):
    async with open_house(tmp_path) as house:
        before = (await house.get("/api/oracle/vitals")).json
        house.system.runtime.tell("nobody", Sample("load", "x" * 1_000, 1.0, "", 0, "test"))
        after = (await house.get("/api/oracle/vitals")).json
        letters = (await house.get("/api/oracle/dead-letters")).json
        epoch = house.system.runtime.epoch
    assert before["epoch"] == epoch and before["started"] <= before["now"] <= after["now"]
    assert after["dead_letters"] == before["dead_letters"] + 1 == letters["count"] and after["published"] >= before["published"]
    assert before["history"]["state"] == "ok" and before["memory_mb"] > 10
    assert (before["connections"], before["sockets"]) == (None, 0)  # no server runs this app
    assert (before["parts"] > 20, before["not_ready"]) == (True, [])
    newest = letters["items"][0]
    assert (newest["to"], newest["reason"], newest["kind"]) == ("nobody", "nobody has this name", "Sample")
    assert newest["message"].startswith("Sample(name='load', subject='xx") and len(newest["message"]) == 500


async def test_what_nobody_handled_is_shown_without_the_secrets_in_it(tmp_path):
    hook = NewWebhook(name="mine", provider="custom", secret="open sesame")
    async with open_house(tmp_path) as house:
        house.system.runtime.tell("nobody", Command("create", {"webhook": hook, "id": "wh-1", "token": "open sesame"}))
        house.system.runtime.tell("nobody", {"webhook": hook})
        reply = await house.get("/api/oracle/dead-letters")
    assert [(one["kind"], one["message"]) for one in reply.json["items"][:2]] == [("dict", ""), ("Command", "create id='wh-1'")]


async def test_settings_in_force_are_shown_without_their_secrets(tmp_path):
    settings = Settings(
        auth=Auth(mode="open"), data=Data(folder=tmp_path), log=Log(level="debug"), demo=Demo(enabled=False),
        alerts=attrs.evolve(Alerts(), smtp_password=Secret.parse("env:NOWHERE")),
        tasks=Tasks(commands={"critic": TaskCommand(command=("cat", "--api-key=plain1"))}),
        feeds={"status": {"kind": "health", "urls": {"x": "http://127.0.0.1:9/ping?appid=plain2&all=1"}}},
    )  # fmt: skip
    async with open_house(tmp_path, settings=settings) as house:
        told = (await house.get("/api/oracle/settings")).json
    shown = told["settings"]
    assert shown["log"]["level"] == "debug" and shown["alerts"]["smtp_password"] == "env:NOWHERE"
    assert shown["tasks"]["commands"]["critic"]["command"] == ["cat", "********"]
    assert shown["feeds"]["status"]["urls"]["x"] == "http://127.0.0.1:9/ping?appid=********&all=********"
    assert {"log.level", "auth.mode", "alerts.smtp_password"} <= set(told["changed"])
    assert "server.listen" not in told["changed"]


def test_what_a_feed_of_ones_own_calls_a_secret_is_masked_where_it_stands_in_plain():
    odd = {"kind": "mylab.odd:Odd", "password": "plain", "token": "env:ODD", "headers": {"X-Seal": "plain", "X-Key": "env:KEY"}}
    shown = {**odd, "password": "********", "headers": {"X-Seal": "********", "X-Key": "env:KEY"}}
    assert veiled({"feeds": {"odd": odd}}) == {"feeds": {"odd": shown}}
