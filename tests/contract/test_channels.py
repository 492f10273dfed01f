"""What every channel owes the outbox: it says whether a failure is final, keeps nothing, and leaks no secret."""

import copy
import inspect

import attrs
import msgspec
import pytest
import trio
from alerting import T0_US, event, rule
from sink import answering, open_sink, raw

from oracle.alerts import CHANNELS
from oracle.alerts.decider import Decider, Record
from oracle.alerts.sending import DeliveryFailed, Tools
from oracle.border import Invalid, structure, unstructure
from oracle.http import Http

SECRET = "s3cret"


def tools(*allow):
    return Tools(Http(allow=allow or ("127.0.0.1",)), {"secret:1": SECRET}.__getitem__, lambda: T0_US)


def configured(name, sink):
    """A rule that uses the channel, towards the sink."""
    assert name == "webhook", "say here how a rule is configured for the new channel"
    return rule(delivery_methods=[name], webhook_config={
        "url": sink.url("/T0/hidden?token=hidden"), "auth_token": "secret:1", "headers": {"X-Api-Key": "secret:1"}})


def owed(one):
    return Decider(one, Record(), CHANNELS).update(event(), T0_US).deliveries[0]


async def send(name, sink, part=None, with_tools=None):
    one = configured(name, sink)
    return await (part or CHANNELS[name]()).send(owed(one), one, with_tools or tools())


async def failure(name, sink, part=None, with_tools=None):
    with pytest.raises(DeliveryFailed) as caught:
        await send(name, sink, part, with_tools)
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


# ---- what it sends


@pytest.mark.parametrize("name", CHANNELS)
async def test_it_sends_the_payload_with_the_id_and_the_secrets_and_changes_nothing(name):
    async with open_sink() as sink:
        one = configured(name, sink)
        delivery = owed(one)
        before = copy.deepcopy(delivery.payload)
        assert await CHANNELS[name]().send(delivery, one, tools()) == 200
    (call,) = sink.calls
    assert call.json == before == delivery.payload
    assert call.headers["webhook-id"] == delivery.id
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == f"Bearer {SECRET}"
    assert call.headers["x-api-key"] == SECRET


@pytest.mark.parametrize("name", CHANNELS)
async def test_every_try_is_the_same(name):
    async with open_sink() as sink:
        one = configured(name, sink)
        part, delivery = CHANNELS[name](), owed(one)
        for _ in range(2):
            await part.send(delivery, one, tools())
    first, second = sink.calls
    assert first == second


@pytest.mark.parametrize("name", CHANNELS)
async def test_data_that_json_has_no_word_for_is_written_as_text(name):
    class Odd:
        def __str__(self):
            return "odd"

    async with open_sink() as sink:
        one = configured(name, sink)
        odd = msgspec.structs.replace(event(), data={"a": Odd(), "b": float("nan"), "c": "\u00fc"})
        delivery = Decider(one, Record(), CHANNELS).update(odd, T0_US).deliveries[0]
        await CHANNELS[name]().send(delivery, one, tools())
    assert sink.calls[0].json["event"]["data"] == {"a": "odd", "b": None, "c": "\u00fc"}


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
        assert await send("webhook", sink) == status


@pytest.mark.parametrize(("status", "final"), [
    (203, True), (206, True), (302, True), (304, True), (400, True), (401, True), (403, True), (404, True), (410, True),
    (422, True), (408, False), (425, False), (429, False), (500, False), (502, False), (503, False), (504, False),
])
async def test_not_taken(status, final):
    async with open_sink(answering(status)) as sink:
        failed = await failure("webhook", sink)
    assert (failed.status, failed.final) == (status, final)
    assert str(status) in failed.error


@pytest.mark.parametrize(("text", "waits_s"), [
    ("7", 7.0), ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0), ("Tue, 14 Nov 2000 22:13:30 GMT", 0.0), ("soon", None), ("-1", None),
    ("1e9", None), ("9" * 400, 999_999_999.0),
])
async def test_retry_after_is_read_as_seconds_or_as_a_date(text, waits_s):
    async with open_sink(answering(503, Retry_After=text)) as sink:
        assert (await failure("webhook", sink)).retry_after_s == waits_s


async def test_who_takes_it_and_then_says_too_much_has_taken_it():
    async with open_sink(answering(200, bytes(1_000_000))) as sink:
        assert await send("webhook", sink) == 200
        sink.script = answering(500, bytes(1_000_000))
        failed = await failure("webhook", sink)
    assert (failed.status, failed.final) == (500, False)


async def test_silence_and_garbage_and_closed_doors_are_worth_a_retry():
    async def silent(call, stream):
        await trio.sleep_forever()

    async with open_sink(silent) as sink:
        assert not (await failure("webhook", sink, CHANNELS["webhook"](timeout_s=0.1))).final
        sink.script = raw(b"garbage\r\n\r\n")
        assert not (await failure("webhook", sink)).final
    assert not (await failure("webhook", sink)).final


async def test_what_we_may_not_call_is_final_and_was_not_called():
    async with open_sink() as sink:
        failed = await failure("webhook", sink, with_tools=tools("10.0.0.0/8"))
    assert failed.final and "http.allow" in failed.error
    assert sink.calls == []


async def test_a_secret_that_is_gone_is_final():
    async with open_sink() as sink:
        failed = await failure("webhook", sink, with_tools=Tools(Http(), {}.__getitem__, lambda: T0_US))
    assert failed.final and "set it again" in failed.error
