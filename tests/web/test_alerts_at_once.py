"""Alerts as TOML, out and in again, and what is done to many at once: each answered for by itself, each done once."""

import tomllib

import pytest
import trio
from running import open_house

from actors.testing import probe
from oracle.alerts import MASK
from oracle.alerts.rulebook import rulebook
from oracle.alerts.trigger import CONDITIONS
from oracle.watchdogs.actor import BEGAN, Ready

ALL = "/api/oracle/alerts"
LEAST = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": []}
MAIL = {**LEAST, "alert_id": "mail", "delivery_methods": ["email", "telegram"],
        "trigger": {"type": "watchdog_event", "event_filter": {"event_types": ["price_anomaly"], "severities": ["high"]}},
        "email_config": {"smtp_host": "smtp.a.test", "smtp_user": "u", "smtp_password": "pa55", "from_email": "a@a.test",
                         "to_emails": ["b@a.test"]},
        "telegram_config": {"bot_token": "123456:ABC", "chat_ids": ["1"]}}  # fmt: skip
HOOK = {**LEAST, "alert_id": "hook", "delivery_methods": ["webhook"],
        "webhook_config": {"url": "https://a.test/x", "auth_token": "s3cret",
                           "headers": {"X-Api-Key": "k3y", "Plain": "p"}}}  # fmt: skip


async def make(house, *bodies):
    for body in bodies:
        assert (await house.post("/api/alerts", json=body)).status == 200


async def book(house):
    return (await house.get(f"{ALL}/export")).body.decode()


async def take(house, toml, mode="create", dry_run=False, **options):
    return await house.post(f"{ALL}/import", json={"toml": toml, "mode": mode, "dry_run": dry_run}, **options)


def became(reply):
    assert reply.status == 200, reply.body
    return [(one["alert_id"], one["status"], [(each["field"], each["type"]) for each in one["problems"]])
            for one in reply.json["items"]]  # fmt: skip


def stripped(alert):
    return {name: value for name, value in alert.items() if name not in ("created_at", "updated_at")}


async def alerts(house):
    return [stripped(one) for one in (await house.get("/api/alerts")).json]


# ---- export


async def test_an_export_has_every_alert_and_no_secret(tmp_path):
    async with open_house(tmp_path) as house:
        assert tomllib.loads(await book(house)) == {}
        await make(house, MAIL, HOOK)
        reply = await house.get(f"{ALL}/export")
    assert reply.headers["content-type"].startswith("text/plain")
    first, second = tomllib.loads(reply.body.decode())["alert"]
    assert (first["alert_id"], second["alert_id"]) == ("mail", "hook")
    assert first["trigger"] == {"direction": "crosses", "hysteresis_pct": 0.0, "for_s": 0, **MAIL["trigger"]}
    assert second["webhook_config"]["auth_token"] == second["webhook_config"]["headers"]["X-Api-Key"] == MASK
    assert not [secret for secret in ("s3cret", "k3y", "pa55", "123456:ABC") if secret in reply.body.decode()]


async def test_what_goes_out_comes_in_the_same(tmp_path):
    odd = {**LEAST, "alert_id": "ü b#\"'", "name": "a\nb\t\\ \u0001 \u007f \U0001f514", "description": "", "enabled": False,
           "trigger": {"type": "price_threshold", "symbol": "BTC", "price_threshold": 1e-07}, "cooldown_seconds": 0,
           "templates": {"text": "{{ event.type | default('\"\"\"') }}"}}  # fmt: skip
    async with open_house(tmp_path / "one") as house:
        await make(house, LEAST, odd)
        text, before = await book(house), await alerts(house)
    async with open_house(tmp_path / "two") as house:
        assert became(await take(house, text)) == [("a", "created", []), (odd["alert_id"], "created", [])]
        assert await alerts(house) == before
        assert house.system.runtime.alive("rule:a") and not house.system.runtime.alive(f"rule:{odd['alert_id']}")
        assert await book(house) == text


# ---- import


async def test_each_is_answered_for_by_itself(tmp_path):
    text = """
        [[alert]]
        alert_id = "good"
        name = "n"
        description = "d"
        delivery_methods = ["log"]
        trigger = { type = "custom_condition", condition = 'price("BTC-USD") > 1' }

        [[alert]]
        alert_id = "bad"
        name = 3
        descripton = "d"
        delivery_methods = ["email"]
        trigger = { type = "custom_condition", condition = "prise" }

        [[alert]]
        alert_id = "deaf"
        name = "n"
        description = "d"
        delivery_methods = []
        trigger = { type = "custom_condition", condition = "prise" }

        [[alert]]
        name = "n"

        [[alert]]
        alert_id = "good"
        name = "n"
        description = "d"
        delivery_methods = []
        trigger = { type = "watchdog_event" }
    """
    async with open_house(tmp_path) as house:
        reply = await take(house, text)
        assert [one["alert_id"] for one in (await house.get("/api/alerts")).json] == ["good"]
    good, bad, deaf, nameless, twice = became(reply)
    assert good == ("good", "created", [])
    assert bad[1] == "refused" and {"name", "description", "descripton"} <= {field for field, _ in bad[2]}
    assert deaf == ("deaf", "refused", [("trigger.condition", "value_error")])
    assert nameless[0] is None and ("alert_id", "missing") in nameless[2]
    assert twice == ("good", "refused", [("alert_id", "value_error")])
    assert [reply.json[name] for name in ("created", "replaced", "skipped", "refused")] == [1, 0, 0, 4]
    assert [one["suggestion"] for one in reply.json["items"][1]["problems"] if one["field"] == "descripton"] == ["description"]


@pytest.mark.parametrize("dry_run", [False, True], ids=["done", "said"])
@pytest.mark.parametrize(("mode", "old"), [("create", "refused"), ("replace", "replaced"), ("skip", "skipped")])
async def test_an_alert_that_is_there_is_refused_replaced_or_left(tmp_path, mode, old, dry_run):
    async with open_house(tmp_path) as house:
        await make(house, HOOK)
        before = await alerts(house)
        text = (await book(house)).replace('name = "n"', 'name = "new"') + rulebook([]) + _table("b")
        assert [status for _, status, _ in became(await take(house, text, mode, dry_run))] == [old, "created"]
        after = await alerts(house)
    if dry_run:
        assert after == before
    else:
        assert [one["name"] for one in after] == ["new" if mode == "replace" else "n", "b"]


@pytest.mark.parametrize("dry_run", [False, True], ids=["done", "said"])
async def test_a_masked_secret_is_kept_for_the_same_far_end_only(tmp_path, dry_run):
    async with open_house(tmp_path / "one") as house:
        await make(house, HOOK)
        text = await book(house)
        kept = house.system.board.get("rule:hook")["webhook_config"]
        assert became(await take(house, text, "replace", dry_run)) == [("hook", "replaced", [])]
        assert house.system.board.get("rule:hook")["webhook_config"] == kept
        moved = text.replace("https://a.test/x", "https://evil.test/x")
        (found,) = (await take(house, moved, "replace", dry_run)).json["items"]
        assert found["status"] == "refused" and found["problems"][0]["field"].startswith("webhook_config.")
        assert "another host" in found["problems"][0]["reason"]
        assert house.system.board.get("rule:hook")["webhook_config"] == kept
    async with open_house(tmp_path / "two") as house:
        (found,) = (await take(house, text, "replace", dry_run)).json["items"]
        assert found["status"] == "refused" and "no secret to keep" in found["problems"][0]["reason"]
        assert (await house.get("/api/alerts")).json == []
        given = text.replace(f'"{MASK}"', '"anew"')
        assert became(await take(house, given, "create", dry_run)) == [("hook", "created", [])]


@pytest.mark.parametrize(("toml", "word"), [
    ("alert = [", "TOML"), ("[alert]\nalert_id = 'a'", "two brackets"), ("[[alerts]]", "[[alert]]"),
    ("x = " + "[" * 5_000, "TOML"), ("alert = 3", "two brackets"), ("[[alert]]\n" * 201, "at most 200"),
    ("x = " + "9" * 5_000, "TOML"),
])
def test_what_is_no_book_of_alerts_is_refused_whole(house, toml, word):
    reply = house.post(f"{ALL}/import", json={"toml": toml, "mode": "create", "dry_run": False})
    assert reply.status == 422 and word in reply.json["error"]["message"]
    assert [one["field"].partition(".")[0] for one in reply.json["error"]["details"]] == ["toml"]


async def test_values_that_only_toml_has_are_refused_by_field(tmp_path):
    text = '[[alert]]\nalert_id = 1979-05-27\nname = inf\ndescription = 07:32:00\ncooldown_seconds = nan\n'
    async with open_house(tmp_path) as house:
        ((ident, status, problems),) = became(await take(house, text + "[[alert]]\n"))[:1]
        assert became(await take(house, "alert = [1]"))[0][1] == "refused"
    assert (ident, status) == (None, "refused")
    assert {"alert_id", "name", "description", "cooldown_seconds"} <= {field for field, _ in problems}


# ---- bulk


async def test_many_are_switched_and_deleted_at_once(tmp_path):
    async with open_house(tmp_path) as house:
        await make(house, LEAST, {**LEAST, "alert_id": "b"}, {**LEAST, "alert_id": "c"})
        reply = await house.post(f"{ALL}/bulk", json={"action": "disable", "alert_ids": ["b", "no", "a", "b"]})
        assert [(one["alert_id"], one["status"]) for one in reply.json["items"]] == [
            ("b", "disabled"), ("no", "refused"), ("a", "disabled")]
        assert (reply.json["done"], reply.json["refused"], reply.json["items"][1]["code"]) == (2, 1, "not_found")
        assert [house.system.runtime.alive(f"rule:{ident}") for ident in "abc"] == [False, False, True]
        reply = await house.post(f"{ALL}/bulk", json={"action": "enable", "all": True})
        assert [one["status"] for one in reply.json["items"]] == ["enabled"] * 3
        reply = await house.post(f"{ALL}/bulk", json={"action": "delete", "all": True})
        assert [(one["alert_id"], one["status"]) for one in reply.json["items"]] == [(ident, "deleted") for ident in "abc"]
        assert (await house.get("/api/alerts")).json == []
        assert (await house.post(f"{ALL}/bulk", json={"action": "delete", "all": True})).json["items"] == []


@pytest.mark.parametrize(("body", "field"), [
    ({"action": "enable"}, "alert_ids"), ({"action": "enable", "alert_ids": ["a"], "all": True}, "alert_ids"),
    ({"action": "burn", "all": True}, "action"), ({"action": "enable", "alert_ids": "a"}, "alert_ids"),
    ({"action": "enable", "alert_ids": ["a"] * 3 + [str(n) for n in range(1_000)]}, "alert_ids"),
    ({"action": "enable", "al": True}, "al"),
])
def test_a_wish_for_many_that_does_not_fit_touches_nobody(house, body, field):
    house.post("/api/alerts", json={**LEAST, "enabled": False})
    reply = house.post(f"{ALL}/bulk", json=body)
    assert reply.status == 422 and {one["field"] for one in reply.json["error"]["details"]} == {field}
    assert house.get("/api/alerts/a").json["enabled"] is False


async def test_all_conditions_are_at_work_with_the_answer_and_began_once(tmp_path):
    cross = 'trigger = { type = "price_threshold", symbol = "BTC", price_threshold = 1 }'
    text = "".join(_table(ident).replace('trigger = { type = "watchdog_event" }', cross) for ident in "abc")
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        begun = probe(runtime, f"event:{BEGAN}:conditions:rules")
        assert {status for _, status, _ in became(await take(house, text, dry_run=True))} == {"created"}
        assert begun.took() == []
        assert {status for _, status, _ in became(await take(house, text))} == {"created"}
        assert len(begun.took()) == 1 and sorted((await runtime.ask(CONDITIONS, Ready())).rules) == ["a", "b", "c"]
        await house.post(f"{ALL}/bulk", json={"action": "disable", "alert_ids": ["a", "b"]})
        assert len(begun.took()) == 1 and sorted((await runtime.ask(CONDITIONS, Ready())).rules) == ["c"]


# ---- once


async def test_sent_again_it_is_answered_the_same_and_nothing_is_done_again(tmp_path):
    key = {"headers": {"Idempotency-Key": "k1"}}
    async with open_house(tmp_path) as house:
        first = await take(house, _table("a") + _table("b"), **key)
        again = await take(house, _table("a") + _table("b"), **key)
        assert again.json == first.json and again.headers["idempotent-replayed"] == "true"
        assert (await take(house, _table("a"), **key)).status == 422
        told = await house.get("/api/oracle/events?kind=rule_created")
        assert sorted(one["subject"] for one in told.json["items"]) == ["a", "b"]


async def test_what_was_cut_off_goes_on_where_it_was_over_a_restart(tmp_path):
    """The answer was never stored, as if the process had ended before: only the marks of what was done are there."""
    key, other = {"headers": {"Idempotency-Key": "k1"}}, {"headers": {"Idempotency-Key": "k2"}}
    wish = {"action": "delete", "alert_ids": ["a"]}
    async with open_house(tmp_path) as house:
        first = await take(house, _table("a") + _table("b"), **key)
        bulk = await house.post(f"{ALL}/bulk", json=wish, **other)
        await make(house, {**LEAST, "name": "a later one"})
        await trio.sleep(0.1)
    _forget_answers(tmp_path)
    async with open_house(tmp_path) as house:
        again = await take(house, _table("a") + _table("b"), **key)
        assert again.json == first.json and [one["status"] for one in again.json["items"]] == ["created"] * 2
        assert (await house.post(f"{ALL}/bulk", json=wish, **other)).json == bulk.json
        assert {one["alert_id"]: one["name"] for one in (await house.get("/api/alerts")).json} == {"a": "a later one", "b": "b"}


async def test_who_may_only_read_changes_nothing(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        bearer = {"Authorization": f"Bearer {house.fresh_token}"}
        assert (await house.get(f"{ALL}/export")).status == 401
        assert (await house.get(f"{ALL}/export", headers=bearer)).status == 200
        for path in ("import", "bulk"):
            assert (await house.post(f"{ALL}/{path}", json={})).status == 401


def _table(ident):
    return f"""
[[alert]]
alert_id = "{ident}"
name = "{ident}"
description = "d"
delivery_methods = []
trigger = {{ type = "watchdog_event" }}
"""


def _forget_answers(folder):
    import duckdb

    (file,) = folder.glob("*.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM event WHERE kind = 'command_answered'")




async def test_what_can_not_be_stored_now_is_no_answer_about_the_alerts(tmp_path):
    key = {"headers": {"Idempotency-Key": "k1"}}
    async with open_house(tmp_path) as house:
        house.system.runtime.kill("alerts")
        replies = [await take(house, _table("a"), **key) for _ in range(3)]
        assert {reply.status for reply in replies} <= {200, 500, 503, 504}
        with trio.fail_after(10):
            while (reply := await take(house, _table("a"), **key)).status != 200:
                await trio.sleep(0.1)
        assert became(reply) == [("a", "created", [])]
