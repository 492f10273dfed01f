"""What every channel owes the outbox: it says whether a failure is final, keeps nothing, leaks no secret, hurts nobody."""

import base64
import copy
import html
import inspect
import io
import logging
import re
from urllib.parse import parse_qs

import attrs
import msgspec
import pytest
import structlog
import trio
from alerting import T0_US, event, rule
from far_ends import SECRET, SENT, by_http, open_far_end
from mail import read
from sink import answering, open_sink, raw

from oracle.alerts import CHANNELS
from oracle.alerts.actions import COMMAND
from oracle.alerts.decider import Decider, Record
from oracle.alerts.rule import DeliveryMethod
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.border import Invalid, structure, unstructure
from oracle.http import Http
from oracle.log import set_up

HOSTILE = (
    "<!channel> <script>alert(1)</script> *b* _i_ `c` [x](http://evil.test) @everyone <@1> \\ | > # - ~ ! . = + {{ event }}\r\n"
    "Bcc: a@b.test\r\n.\r\n\u2028\u202e\x00\x1b[31m \U0001f468\u200d\U0001f469\u200d\U0001f467 "
)  # fmt: skip


def owed(one):
    return Decider(one, Record(), CHANNELS).update(event(), T0_US).deliveries[0]


def tools(*allow):
    return Tools(Http(allow=allow or ("127.0.0.1",)), {"secret:1": SECRET}.__getitem__, lambda: T0_US)


async def failure(end, **options):
    with pytest.raises(DeliveryFailed) as caught:
        await end.send(**options)
    assert SECRET not in str(caught.value) and "hidden" not in str(caught.value)
    return caught.value


# ---- as a part


@pytest.mark.parametrize("name", CHANNELS)
def test_settings_go_out_and_back_and_unknown_keys_are_refused(name):
    cls = CHANNELS[name]
    assert structure(cls, unstructure(cls())) == cls()
    with pytest.raises(Invalid):
        structure(cls, {"no_such_key": 1})


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_is_frozen_and_documented_and_its_numbers_have_units(name):
    cls = CHANNELS[name]
    assert inspect.getdoc(cls)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        cls().anything = 1
    numbers = [field.name for field in attrs.fields(cls) if field.type in ("float", "int", float, int)]
    assert all(field.endswith(("_s", "_ms", "_bytes", "_pct")) or field == "tries" for field in numbers)


def test_there_is_one_for_each_method_and_one_for_actions():
    assert set(CHANNELS) == {*map(str, DeliveryMethod), COMMAND}


# ---- what every one does


@pytest.mark.parametrize("name", CHANNELS)
async def test_it_takes_a_delivery_says_its_status_and_changes_nothing(name):
    async with open_far_end(name) as end:
        one = end.rule()
        delivery = end.delivery(one)
        before = copy.deepcopy(delivery.payload)
        assert await end.send(one) == {"email": 250, "browser": 0, "log": 0, "command": 0}.get(name, 200)
        assert end.delivery(one).payload == before


@pytest.mark.parametrize("name", sorted(SENT))
async def test_every_try_is_the_same(name):
    async with open_far_end(name) as end:
        for _ in range(2):
            await end.send()
        first, second = [await end.arrived() for _ in range(2)]
    assert first == second


async def test_every_try_at_an_action_is_the_same_command():
    async with open_far_end("command") as end:
        for _ in range(2):
            await end.send()
        ident = end.delivery(end.rule()).id
    first, second = end.asked
    assert first == second
    name, command = first
    assert (name, command.verb, command.by, command.id) == ("kill_switch", "trip", "rule:a", ident)
    assert command.args == {"reason": "Big moves: BTC-USD rose"}


async def test_every_try_in_the_browser_is_the_same_event():
    async with open_far_end("browser") as end:
        for _ in range(2):
            await end.send()
    first, second = end.published
    assert first == second
    assert (first.kind, first.topic, first.data["text"]) == ("notification", "event:notification:a", "BTC-USD rose")


@pytest.mark.parametrize("name", sorted(SENT))
async def test_a_refused_one_is_final(name):
    async with open_far_end(name) as end:
        end.behave("refuses")
        failed = await failure(end)
    assert failed.final and failed.status in (400, 550) and str(failed.status) in failed.error


@pytest.mark.parametrize("name", sorted(SENT))
async def test_a_busy_one_is_asked_again_when_it_said(name):
    async with open_far_end(name) as end:
        end.behave("busy")
        failed = await failure(end)
    assert (failed.final, failed.status) == (False, 451 if name == "email" else 429)
    assert failed.retry_after_s == (None if name == "email" else 7.0)


@pytest.mark.parametrize("name", sorted(SENT))
async def test_a_hanging_one_costs_its_deadline_and_no_more(name):
    async with open_far_end(name) as end:
        end.behave("hangs")
        with trio.fail_after(5):
            assert not (await failure(end, timeout_s=0.3)).final


@pytest.mark.parametrize("name", sorted(SENT))
async def test_nobody_there_is_worth_a_retry(name):
    async with open_far_end(name) as end:
        pass
    assert not (await failure(end)).final


@pytest.mark.parametrize("name", sorted(SENT))
async def test_what_we_may_not_call_is_final(name):
    async with open_far_end(name, "10.0.0.0/8") as end:
        failed = await failure(end)
    assert failed.final and "http.allow" in failed.error


@pytest.mark.parametrize("name", sorted(SENT))
async def test_a_secret_that_is_gone_is_final(name):
    async with open_far_end(name) as end:
        one = end.rule()
        part = CHANNELS[name](**end.options)
        with pytest.raises(DeliveryFailed, match="set it again") as caught:
            await part.send(end.delivery(one), one, Tools(end.http, {}.__getitem__, lambda: T0_US))
    assert caught.value.final


@pytest.mark.parametrize("name", sorted(SENT))
async def test_a_rule_that_lost_its_config_is_final(name):
    async with open_far_end(name) as end:
        one = end.rule()
        bare = attrs.evolve(one, **{f"{name}_config": None})
        with pytest.raises(DeliveryFailed, match=f"no {name}_config") as caught:
            await CHANNELS[name]().send(end.delivery(one), bare, Tools(end.http, {}.__getitem__, lambda: T0_US))
    assert caught.value.final


@pytest.fixture
def log():
    """Everything that is said, at the level that says most."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    told = io.StringIO()
    set_up("debug", "json", told)
    yield told
    root.handlers[:], root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize("name", sorted(SENT))
async def test_no_secret_is_in_the_log_even_where_that_says_everything(name, log):
    async with open_far_end(name) as end:
        await end.send()
        for how in ("refuses", "busy", "hangs"):
            end.behave(how)
            await failure(end, timeout_s=0.3)
    await failure(end)
    assert SECRET not in log.getvalue() and "hidden" not in log.getvalue()


# ---- hostile text


@pytest.mark.parametrize("templates", [None, {"text": "{{ event.description }}", "html": "<b>{{ event.description }}</b>",
                                              "subject": "{{ alert_name }}"}])
@pytest.mark.parametrize("name", CHANNELS)
async def test_hostile_text_arrives_harmless(name, templates, capsys):
    text = HOSTILE * (100_000 // len(HOSTILE))
    async with open_far_end(name) as end:
        one = end.rule(name=HOSTILE, description=text, templates=templates)
        await end.send(one, about=msgspec.structs.replace(event(), summary=text))
        arrival = await end.arrived() if name in SENT else None
        HARMLESS[name](arrival, end, capsys)


def webhook_is_whole(call, *_):
    assert call.json["event"]["description"] == HOSTILE * (100_000 // len(HOSTILE))
    assert call.json["alert_name"] == HOSTILE


def slack_calls_nobody(call, *_):
    text = call.json["text"]
    assert "<" not in text and ">" not in text and not re.search("&(?!amp;|lt;|gt;)", text)
    assert call.json["mrkdwn"] is False and len(html.unescape(text)) <= 3_000


def discord_calls_nobody(call, *_):
    content = call.json["content"]
    assert len(content.encode("utf-16-le")) <= 4_000
    assert call.json["allowed_mentions"] == {"parse": []}
    assert not re.search(r"[*_~`|>\[\]()#<]", re.sub(r"\\.", "", content))


def telegram_is_plain(call, *_):
    body = call.json
    assert len(body["text"].encode("utf-16-le")) <= 2 * 4_096
    assert body["link_preview_options"] == {"is_disabled": True}
    if "parse_mode" in body:
        unescaped = re.sub(r"\\.", "", body["text"])
        assert body["parse_mode"] == "MarkdownV2" and not re.search(r"[_\[\]()~`>#+\-=|{}.!]", unescaped)
        assert len(re.findall(r"\*", unescaped)) == 12  # the name and five labels


def sms_is_short(call, *_):
    form = parse_qs(call.body.decode(), strict_parsing=True)
    assert set(form) == {"To", "From", "Body"} and form["To"] == ["+15550002"]
    assert len(form["Body"][0].encode("utf-16-le")) <= 2 * 480


def mail_has_one_of_each_header(arrival, *_):
    message = read(arrival)
    assert len(message.keys()) == len(set(message.keys())) and "Bcc" not in message
    assert arrival["recipients"] == ["you@there.test"]
    page = message.get_body(("html",)).get_content()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert max(map(len, arrival["data"].split("\r\n"))) <= 998


def browser_says_one_line(_, end, *__):
    (said,) = end.published
    assert len(said.data["text"]) <= 500 and not re.search("[\x00-\x1f\u2028\u202e]", said.summary)


def log_says_one_line(_, __, capsys):
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 1 and "\x1b[31m \U0001f468" not in out and "\u202e" not in out


def command_has_a_reason_of_one_line(_, end, *__):
    ((_, command),) = end.asked
    assert 0 < len(command.args["reason"]) <= 500
    assert not re.search("[\x00-\x1f\u2028\u202e]", command.args["reason"])


HARMLESS = {
    "webhook": webhook_is_whole, "slack": slack_calls_nobody, "discord": discord_calls_nobody, "telegram": telegram_is_plain,
    "sms": sms_is_short, "email": mail_has_one_of_each_header, "browser": browser_says_one_line, "log": log_says_one_line,
    "command": command_has_a_reason_of_one_line,
}  # fmt: skip


# ---- what each sends


async def test_a_webhook_gets_the_payload_with_the_id_and_the_secrets():
    async with open_far_end("webhook") as end:
        one = end.rule()
        await end.send(one)
        call = await end.arrived()
    assert call.json == end.delivery(one).payload
    assert call.headers["webhook-id"] == end.delivery(one).id
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == f"Bearer {SECRET}"
    assert call.headers["x-api-key"] == SECRET
    assert "webhook-signature" not in call.headers


async def test_slack_and_discord_are_told_at_their_own_url():
    for name, key in (("slack", "text"), ("discord", "content")):
        async with open_far_end(name) as end:
            await end.send()
            call = await end.arrived()
        assert (call.method, call.path) == ("POST", "/T0/hidden?token=hidden")
        assert "Big moves" in call.json[key] and "BTC" in call.json[key]


async def test_telegram_is_told_by_its_bot():
    async with open_far_end("telegram") as end:
        await end.send()
        call = await end.arrived()
    assert (call.method, call.path) == ("POST", f"/bot{SECRET}/sendMessage")
    assert (call.json["chat_id"], call.json["parse_mode"]) == ("-100200", "MarkdownV2")
    assert "*Big moves*" in call.json["text"] and "BTC\\-USD rose" in call.json["text"]


async def test_twilio_is_told_as_a_form_with_the_login_of_the_account():
    async with open_far_end("sms") as end:
        await end.send()
        call = await end.arrived()
    assert (call.method, call.path) == ("POST", "/2010-04-01/Accounts/AC7/Messages.json")
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")) == f"AC7:{SECRET}".encode()
    assert parse_qs(call.body.decode()) == {
        "To": ["+15550002"], "From": ["+15550001"], "Body": ["FIML Alert: Big moves\nBTC-USD rose"]}


@pytest.mark.parametrize(("name", "body", "waits_s"), [
    ("telegram", b'{"ok":false,"parameters":{"retry_after":9}}', 9.0), ("discord", b'{"retry_after":1.5}', 1.5),
    ("telegram", b'{"parameters":3}', None), ("discord", b'{"retry_after":true}', None), ("discord", b"[" * 10_000, None),
    ("discord", b'{"retry_after":1e300}', 1e9), ("telegram", b'{"parameters":{"retry_after":-1}}', 0.0),
])
async def test_a_wait_said_in_the_body_is_kept(name, body, waits_s):
    async with open_sink(answering(429, body)) as sink:
        end = by_http(name, sink, ())
        assert (await failure(end)).retry_after_s == waits_s


@pytest.mark.parametrize("name", sorted(SENT - {"email"}))
async def test_gone_says_that_there_will_never_be_anybody(name):
    async with open_sink(answering(410)) as sink:
        failed = await failure(by_http(name, sink, ()))
    assert failed.final and failed.gone


async def test_data_that_json_has_no_word_for_is_written_as_text():
    class Odd:
        def __str__(self):
            return "odd"

    async with open_far_end("webhook") as end:
        odd = msgspec.structs.replace(event(), data={"a": Odd(), "b": float("nan"), "c": "\u00fc"})
        await end.send(about=odd)
        call = await end.arrived()
    assert call.json["event"]["data"] == {"a": "odd", "b": None, "c": "\u00fc"}


async def test_the_method_and_headers_are_the_owners_but_for_the_two_that_are_ours():
    async with open_sink() as sink:
        one = rule(webhook_config={"url": sink.url(), "method": "put", "headers": {
            "content-type": "text/plain", "WEBHOOK-ID": "mine", "X-Plain": "yes"}})
        await CHANNELS["webhook"]().send(owed(one), one, tools())
    (call,) = sink.calls
    assert (call.method, call.headers["x-plain"], call.headers["content-type"]) == ("PUT", "yes", "application/json")
    assert call.headers["webhook-id"] == call.json["delivery_id"]


# ---- what it makes of answers


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_taken(status):
    async with open_sink(answering(status)) as sink:
        assert await by_http("webhook", sink, ()).send() == status


@pytest.mark.parametrize(("status", "final"), [
    (203, True), (206, True), (302, True), (304, True), (400, True), (401, True), (403, True), (404, True), (410, True),
    (422, True), (408, False), (425, False), (429, False), (500, False), (502, False), (503, False), (504, False),
])
async def test_not_taken(status, final):
    async with open_sink(answering(status)) as sink:
        failed = await failure(by_http("webhook", sink, ()))
    assert (failed.status, failed.final) == (status, final)
    assert str(status) in failed.error


@pytest.mark.parametrize(("text", "waits_s"), [
    ("7", 7.0), ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0), ("Tue, 14 Nov 2000 22:13:30 GMT", 0.0), ("soon", None), ("-1", None),
    ("1e9", None), ("9" * 400, 999_999_999.0),
])
async def test_retry_after_is_read_as_seconds_or_as_a_date(text, waits_s):
    async with open_sink(answering(503, Retry_After=text)) as sink:
        assert (await failure(by_http("webhook", sink, ()))).retry_after_s == waits_s


async def test_who_takes_it_and_then_says_too_much_has_taken_it():
    async with open_sink(answering(200, bytes(1_000_000))) as sink:
        assert await by_http("webhook", sink, ()).send() == 200
        sink.script = answering(500, bytes(1_000_000))
        failed = await failure(by_http("webhook", sink, ()))
    assert (failed.status, failed.final) == (500, False)


async def test_garbage_is_worth_a_retry():
    async with open_sink(raw(b"garbage\r\n\r\n")) as sink:
        assert not (await failure(by_http("webhook", sink, ()))).final
