"""Signatures of webhooks, as the published library of Standard Webhooks reads them."""

import base64

import pytest
import standardwebhooks
from alerting import rule
from far_ends import by_http, reference
from sink import open_sink

from actors import wall_clock
from oracle.alerts.configs import signing_keys
from oracle.alerts.sending import DeliveryFailed
from oracle.border import Invalid

OLD, NEW, OTHER = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))


def reader(secret):
    return standardwebhooks.Webhook(secret)


async def sent(secret, now_s=None):
    """What a receiver gets of a webhook that is signed with `secret`."""
    async with open_sink() as sink:
        end = by_http("webhook", sink, ())
        end.secrets[reference(3)] = secret
        end.config["webhook_config"] |= {"signing_secret": reference(3), "headers": {"webhook-signature": "secret:1"}}
        end.now_us = round((now_s or time_now()) * 1e6)
        one = end.rule()
        await end.send(one)
        return sink.calls[0], end.delivery(one)


def time_now():
    """The reference library reads the real clock."""
    return wall_clock() / 1e6


async def test_the_reference_library_believes_it():
    call, delivery = await sent(NEW)
    assert reader(NEW).verify(call.body, call.headers) == delivery.payload
    assert call.headers["webhook-id"] == delivery.id


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_while_keys_rotate_both_are_believed_and_no_other(secret):
    call, delivery = await sent(f"{NEW} {OLD}")
    assert len(call.headers["webhook-signature"].split(" ")) == 2
    assert reader(secret).verify(call.body, call.headers) == delivery.payload
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        reader(OTHER).verify(call.body, call.headers)


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body"])
async def test_id_time_and_body_are_signed(changed):
    call, _ = await sent(NEW)
    headers, body = dict(call.headers), call.body
    if changed == "body":
        body += b" "
    else:
        headers[changed] = headers[changed][:-1] + ("0" if headers[changed][-1] != "0" else "1")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        reader(NEW).verify(body, headers)


async def test_an_old_one_played_again_is_not_believed():
    call, _ = await sent(NEW, now_s=time_now() - 3600)
    with pytest.raises(standardwebhooks.WebhookVerificationError, match="too old"):
        reader(NEW).verify(call.body, call.headers)


@pytest.mark.parametrize("secret", [
    "x", "whsec_", "whsec_!!", "whsec_c2hvcnQ=", "d" * 44, f"{NEW} x", "s3cret", "whsec_" + "A" * 2000,
])
def test_a_key_that_is_none_is_refused_unseen(secret):
    with pytest.raises(Invalid) as caught:
        rule(webhook_config={"url": "https://a.test/", "signing_secret": secret})
    (problem,) = caught.value.problems
    assert problem.where == "webhook_config.signing_secret"
    assert problem.value == "****" or len(secret) > 1000


def test_keys_are_read_as_they_stand():
    assert signing_keys(f"{OLD}  {NEW}") == [b"\x01" * 32, b"\x02" * 32]


async def test_a_key_that_looks_like_a_reference_is_final_and_ends_nobodys_life():
    async with open_sink() as sink:
        end = by_http("webhook", sink, ())
        end.secrets[reference(3)] = reference(7)
        end.config["webhook_config"] |= {"signing_secret": reference(3)}
        with pytest.raises(DeliveryFailed) as caught:
            await end.send()
    assert caught.value.final and "set it again" in caught.value.error
