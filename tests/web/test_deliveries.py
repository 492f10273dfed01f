"""A test of an alert and a delivery sent again are deliveries like all others, and can be looked at."""

import json
from itertools import chain

import pytest
import trio
from mail import open_mail, read
from running import open_house, watchdog_event
from sink import answering, open_sink

from actors.testing import probe
from oracle.alerts import MASK
from oracle.alerts.vault import FILE
from oracle.secret import Secret
from oracle.settings import Alerts, Auth, Data, Http, Settings

LEAST = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "cooldown_seconds": 0,
         "delivery_methods": ["webhook"]}


def settings_of(folder, **alerts):
    local = Http(allow=("127.0.0.1", "::1"))
    return Settings(auth=Auth(mode="open"), data=Data(folder=folder), http=local, alerts=Alerts(**alerts))


def hooked(sink, **more):
    return {**LEAST, "webhook_config": {"url": sink.url()}, **more}


async def settled(house, ident):
    """A delivery once nothing of it is owed any more."""
    with trio.fail_after(30):
        while True:
            shown = (await house.get(f"/api/oracle/deliveries/{ident}")).json
            if shown["status"] != "pending":
                return shown
            await trio.sleep(0.01)


# ---- the test button


async def test_a_test_is_a_real_delivery_that_says_what_it_is(tmp_path):
    async with open_sink() as sink, open_house(tmp_path, settings=settings_of(tmp_path)) as house:
        await house.post("/api/alerts", json=hooked(sink, enabled=False))
        reply = await house.post("/api/alerts/a/test")
        assert reply.status == 202
        (ident,) = reply.json["deliveries"]
        with trio.fail_after(30):
            call = await sink.next()
        shown = await settled(house, ident)
        told = (await house.get("/api/oracle/events?kind=rule_tested")).json["items"]
        alert = (await house.get("/api/alerts/a")).json
    assert call.json["test"] is True and call.headers["webhook-id"] == ident
    assert "nothing has happened" in call.json["event"]["description"]
    assert (shown["status"], shown["channel"], shown["payload"]) == ("delivered", "webhook", call.json)
    (attempt,) = shown["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["status"], attempt["error"]) == (1, "delivered", 200, "")
    assert attempt["took_ms"] > 0 and attempt["ts"].endswith("Z")
    assert (told[0]["subject"], told[0]["data"]["by"]) == ("a", "local")
    assert alert["trigger_count"] == 0


async def test_a_test_goes_by_one_method_where_one_is_named(tmp_path):
    async with open_sink() as sink, open_house(tmp_path, settings=settings_of(tmp_path)) as house:
        await house.post("/api/alerts", json=hooked(sink, delivery_methods=["webhook", "log", "browser"]))
        assert len((await house.post("/api/alerts/a/test", json={})).json["deliveries"]) == 3
        (ident,) = (await house.post("/api/alerts/a/test", json={"method": "log"})).json["deliveries"]
        assert (await settled(house, ident))["channel"] == "log"
        for body, status in (({"method": "sms"}, 400), ({"method": "pigeon"}, 422), ([], 422), ({"method": 3}, 422)):
            assert (await house.post("/api/alerts/a/test", json=body)).status == status
        assert (await house.post("/api/alerts/none/test")).status == 404


async def test_a_test_with_an_id_is_carried_out_once(tmp_path):
    async with open_sink() as sink, open_house(tmp_path, settings=settings_of(tmp_path)) as house:
        await house.post("/api/alerts", json=hooked(sink))
        headers = {"Idempotency-Key": "k1"}
        first, again = [await house.post("/api/alerts/a/test", headers=headers) for _ in range(2)]
        assert first.json == again.json and again.headers["idempotent-replayed"] == "true"
        await settled(house, first.json["deliveries"][0])
        assert len((await house.get("/api/oracle/deliveries")).json["items"]) == len(sink.calls) == 1


async def test_a_test_of_what_can_not_be_carried_says_why(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json=LEAST)
        (ident,) = (await house.post("/api/alerts/a/test")).json["deliveries"]
        shown = (await house.get(f"/api/oracle/deliveries/{ident}")).json
        await house.post("/api/alerts", json={**LEAST, "alert_id": "b", "delivery_methods": []})
        assert (await house.post("/api/alerts/b/test")).status == 400
    assert (shown["status"], shown["last_error"]) == ("failed", "the rule has no webhook_config")


async def test_the_browser_is_told_by_an_event(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**LEAST, "delivery_methods": ["browser"]})
        heard = probe(house.system.runtime, "event:notification:*")
        (ident,) = (await house.post("/api/alerts/a/test")).json["deliveries"]
        with trio.fail_after(30):
            event = await heard.next()
        assert (await settled(house, ident))["status"] == "delivered"
    assert (event.data["title"], event.data["delivery_id"]) == ("n (test)", ident)
    assert "nothing has happened" in event.data["text"]


# ---- the list, and sending again


async def test_deliveries_are_listed_with_their_attempts_newest_first_by_filters_and_pages(tmp_path):
    async with open_sink(answering(400)) as sink, open_house(tmp_path, settings=settings_of(tmp_path)) as house:
        await house.post("/api/alerts", json=hooked(sink, delivery_methods=["webhook", "log"]))
        idents = [(await house.post("/api/alerts/a/test")).json["deliveries"] for _ in range(2)]
        for ident in chain(*idents):
            await settled(house, ident)

        async def listed(query=""):
            return (await house.get(f"/api/oracle/deliveries?{query}")).json

        everything = (await listed())["items"]
        assert {row["id"] for row in everything[:2]} == set(idents[1]) and len(everything) == 4
        assert {row["attempts"][0]["outcome"] for row in (await listed("channel=log"))["items"]} == {"delivered"}
        failed = (await listed("outcome=failed&rule_id=a"))["items"]
        assert [row["attempts"][0]["error"] for row in failed] == ["the receiver answered 400"] * 2
        assert (await listed("rule_id=b"))["items"] == []
        middle = everything[1]["ts"]
        assert len((await listed(f"to={middle}"))["items"]) + len((await listed(f"from={middle}"))["items"]) == 4
        paged, cursor = [], ""
        while cursor is not None:
            page = await listed(f"limit=3{cursor and '&cursor=' + cursor}")
            paged, cursor = paged + page["items"], page["next"]
        assert paged == everything
        assert (await house.get("/api/oracle/deliveries?outcome=odd")).status == 422
        assert (await house.get("/api/oracle/deliveries/none")).status == 404


async def test_a_delivery_is_sent_again_as_a_new_one_that_names_it(tmp_path):
    async with open_sink(answering(400)) as sink, open_house(tmp_path, settings=settings_of(tmp_path)) as house:
        await house.post("/api/alerts", json=hooked(sink))
        house.system.runtime.publish(watchdog_event(house.system.runtime))
        with trio.fail_after(30):
            first = await sink.next()
        old = await settled(house, first.headers["webhook-id"])
        sink.script = answering(200)
        headers = {"Idempotency-Key": "k1"}
        reply, again = [await house.post(f"/api/oracle/deliveries/{old['id']}/resend", headers=headers) for _ in range(2)]
        assert (reply.status, reply.json, again.json) == (202, {
            "status": "resending", "delivery_id": reply.json["delivery_id"], "resend_of": old["id"]}, reply.json)
        new = await settled(house, reply.json["delivery_id"])
        assert len(sink.calls) == 2
        assert sink.calls[1].json == {**first.json, "delivery_id": new["id"], "resend_of": old["id"]}
        assert (old["status"], new["status"]) == ("failed", "delivered")
        assert (new["event_id"], new["rule_id"]) == (old["event_id"], "a")
        assert (await house.post("/api/oracle/deliveries/none/resend")).status == 404
        await house.ask("DELETE", "/api/alerts/a")
        assert (await house.post(f"/api/oracle/deliveries/{old['id']}/resend")).status == 404


async def test_who_is_gone_disables_the_rule_and_the_event_says_why(tmp_path):
    async with open_sink(answering(410)) as sink:
        async with open_house(tmp_path, settings=settings_of(tmp_path)) as house:
            await house.post("/api/alerts", json=hooked(sink))
            house.system.runtime.publish(watchdog_event(house.system.runtime))
            with trio.fail_after(30):
                call = await sink.next()
            shown = await settled(house, call.headers["webhook-id"])
            assert (shown["status"], shown["attempts"][0]["status"]) == ("failed", 410)
        async with open_house(tmp_path, settings=settings_of(tmp_path)) as house:  # it was committed
            assert (await house.get("/api/alerts/a")).json["enabled"] is False
            (told,) = (await house.get("/api/oracle/events?kind=rule_disabled")).json["items"]
    assert told["data"]["by"] == "channel:webhook" and "410" in told["data"]["why"]
    assert "gone for good" in told["summary"]
    assert len(sink.calls) == 1


# ---- what the settings say for rules that don't


def defaults(monkeypatch, port=587):
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret-mail")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "s3cret-bot")
    return {"smtp_host": "localhost", "smtp_port": port, "smtp_user": "", "smtp_from_email": "alerts@oracle.test",
            "smtp_password": Secret("env", "SMTP_PASSWORD"), "telegram_bot_token": Secret("env", "TELEGRAM_BOT_TOKEN"),
            "default_emails": ("ops@there.test",), "default_chat_ids": ("-1",)}


async def test_a_rule_without_a_config_gets_that_of_the_settings_and_its_secrets_are_kept(tmp_path, monkeypatch):
    settings = settings_of(tmp_path, **defaults(monkeypatch))
    async with open_house(tmp_path, settings=settings) as house:
        shown = (await house.post("/api/alerts", json={**LEAST, "delivery_methods": ["email", "telegram"]})).json
        assert shown["email_config"] == {
            "smtp_host": "localhost", "smtp_port": 587, "smtp_user": "", "smtp_password": MASK, "use_tls": True,
            "from_email": "alerts@oracle.test", "to_emails": ["ops@there.test"]}
        assert shown["telegram_config"] == {"bot_token": MASK, "chat_ids": ["-1"]}
        assert (await house.ask("PUT", "/api/alerts/a", json={**shown, "name": "m"})).status == 200
        own = {**shown["telegram_config"], "chat_ids": ["7"]}
        shown = (await house.ask("PUT", "/api/alerts/a", json={**shown, "telegram_config": own})).json
        assert shown["telegram_config"]["chat_ids"] == ["7"]
    assert sorted(json.loads((tmp_path / FILE).read_text()).values()) == ["s3cret-bot", "s3cret-mail"]


@pytest.mark.parametrize(("left_out", "method", "loc"), [
    ("smtp_host", "email", ["email_config"]), ("default_emails", "email", ["email_config", "to_emails"]),
    ("telegram_bot_token", "telegram", ["telegram_config"]),
    ("default_chat_ids", "telegram", ["telegram_config", "chat_ids"]), ("", "slack", ["slack_config"]),
    ("", "discord", ["discord_config"]), ("", "sms", ["sms_config"]),
])
async def test_where_nobody_would_be_told_the_rule_is_refused_by_the_name_of_what_is_missing(
    tmp_path, monkeypatch, left_out, method, loc
):
    settings = settings_of(tmp_path, **{name: value for name, value in defaults(monkeypatch).items() if name != left_out})
    async with open_house(tmp_path, settings=settings) as house:
        reply = await house.post("/api/alerts", json={**LEAST, "delivery_methods": [method]})
        assert (reply.status, [row["loc"] for row in reply.json["detail"]]) == (422, [["body", *loc]])
        assert (await house.get("/api/alerts")).json == []


async def test_mail_of_a_rule_that_names_no_server_arrives(tmp_path, monkeypatch):
    async with open_mail() as mail:
        settings = settings_of(tmp_path, **defaults(monkeypatch, mail.port))
        async with open_house(tmp_path, settings=settings) as house:
            shown = (await house.post("/api/alerts", json={**LEAST, "delivery_methods": ["email"]})).json
            open_mail_config = {**shown["email_config"], "use_tls": False}
            await house.ask("PUT", "/api/alerts/a", json={**shown, "email_config": open_mail_config})
            (ident,) = (await house.post("/api/alerts/a/test")).json["deliveries"]
            arrival = await mail.next()
            assert (await settled(house, ident))["attempts"][0]["status"] == 250
    message = read(arrival)
    assert (message["Subject"], message["To"]) == ("FIML Alert: n (test)", "ops@there.test")
    assert message["Message-ID"] == f"<{ident}@oracle.test>"


async def test_telegram_and_sms_are_reached_where_the_settings_say(tmp_path):
    async with open_sink() as sink:
        settings = settings_of(tmp_path, telegram_url=sink.url(""), twilio_url=sink.url(""))
        async with open_house(tmp_path, settings=settings) as house:
            await house.post("/api/alerts", json={
                **LEAST, "delivery_methods": ["telegram", "sms"],
                "telegram_config": {"bot_token": "1:s3cret", "chat_ids": ["1", "2", "1"]},
                "sms_config": {"account_sid": "AC1", "auth_token": "s3cret", "from_number": "+1", "to_numbers": ["+2"]}})
            idents = (await house.post("/api/alerts/a/test")).json["deliveries"]
            for ident in idents:
                assert (await settled(house, ident))["status"] == "delivered"
            shown = (await house.get("/api/oracle/deliveries")).body
    assert idents[1] == idents[0].removesuffix("-1") + "-2"
    assert sorted(call.path for call in sink.calls) == [
        "/2010-04-01/Accounts/AC1/Messages.json", "/bot1:s3cret/sendMessage", "/bot1:s3cret/sendMessage"]
    assert b"s3cret" not in shown


async def test_what_one_chat_took_is_not_sent_again_because_another_did_not(tmp_path):
    async def script(call, stream):
        if call.json["chat_id"] == "2" and sum(one.json["chat_id"] == "2" for one in sink.calls) < 3:
            await answering(500)(call, stream)
        await answering(200)(call, stream)

    async with open_sink(script) as sink:
        settings = settings_of(tmp_path, telegram_url=sink.url(""), first_retry_s=0.01)
        async with open_house(tmp_path, settings=settings) as house:
            await house.post("/api/alerts", json={
                **LEAST, "delivery_methods": ["telegram"], "telegram_config": {"bot_token": "t", "chat_ids": ["1", "2", "3"]}})
            for ident in (await house.post("/api/alerts/a/test")).json["deliveries"]:
                assert (await settled(house, ident))["status"] == "delivered"
    assert sorted(call.json["chat_id"] for call in sink.calls) == ["1", "2", "2", "2", "3"]


# ---- secrets


NEW_SECRETS = {
    **LEAST, "delivery_methods": [],
    "webhook_config": {"url": "https://a.test/", "signing_secret": "whsec_" + "c2VjcmV0" * 4},
    "slack_config": {"url": "https://hooks.slack.test/s3cret-1"}, "discord_config": {"url": "https://discord.test/s3cret-2"},
    "sms_config": {"account_sid": "AC1", "auth_token": "s3cret-3", "from_number": "+1", "to_numbers": ["+2"]},
}  # fmt: skip


async def test_the_new_secrets_are_masked_kept_and_nowhere_else(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/alerts", json=NEW_SECRETS)
        shown = reply.json
        board = (await house.get("/api/oracle/board?kind=rule")).body
        again = await house.ask("PUT", "/api/alerts/a", json={**shown, "name": "m"})
        assert again.status == 200
        other = {**shown["sms_config"], "account_sid": "AC2"}
        refused = await house.ask("PUT", "/api/alerts/a", json={**shown, "sms_config": other})
    assert refused.json["detail"][0]["loc"] == ["body", "sms_config", "auth_token"]
    assert shown["slack_config"] == shown["discord_config"] == {"url": MASK}
    assert (shown["sms_config"]["auth_token"], shown["webhook_config"]["signing_secret"]) == (MASK, MASK)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert [name for name, data in files.items() if b"s3cret" in data or b"whsec_" in data] == [FILE]
    assert b"s3cret" not in reply.body + board + again.body and b"whsec_" not in reply.body + board


@pytest.mark.parametrize("wrong", [
    {"slack_config": {"url": "s3cret"}}, {"slack_config": {"url": ["s3cret"]}}, {"discord_config": "https://d.test/s3cret"},
    {"discord_config": {"url": "ftp://d.test/s3cret"}}, {"sms_config": {**NEW_SECRETS["sms_config"], "auth_token": ["s3cret"]}},
    {"webhook_config": {"url": "https://a.test/", "signing_secret": "s3cret"}},
])  # fmt: skip
def test_a_refusal_echoes_none_of_the_new_secrets(house, wrong):
    reply = house.post("/api/alerts", json={**NEW_SECRETS, **wrong})
    assert reply.status == 422 and b"s3cret" not in reply.body


async def test_a_template_that_is_wrong_is_named_with_its_column(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/alerts", json={**LEAST, "templates": {"text": "{{ event.severity | uper }}"}})
        (row,) = reply.json["detail"]
        assert (row["loc"], row["type"], row["ctx"]) == (
            ["body", "templates", "text"], "template_syntax", {"line": 1, "column": 21})
        shown = (await house.post("/api/alerts", json={**LEAST, "templates": {"text": "{{ event.severity | upper }}"}})).json
    assert shown["templates"] == {"subject": None, "text": "{{ event.severity | upper }}", "html": None}
