"""Signatures of every provider: their own documents' examples are believed, and nothing else is."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Refused
from oracle.inbound import PROVIDERS
from tests.soak import rounds

NOW_US = 1_795_737_600_000_000
EVERYBODY = "It's a Secret to Everybody"

# What the providers' documents say of their own signatures: provider, secret, headers, body, seconds.
DOCUMENTED = [
    # docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the webhook payload validation"
    ("github", EVERYBODY, {"x-hub-signature-256":
     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}, b"Hello, World!", 0),
    # developer.atlassian.com/cloud/jira/platform/webhooks, "Secure admin webhooks"
    ("jira", EVERYBODY, {"x-hub-signature":
     "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"}, b"Hello World!", 0),
    # docs.slack.dev/authentication/verifying-requests-from-slack
    ("slack", "8f742231b10e8888abcd99yyyzzz85a5", {"x-slack-request-timestamp": "1531420618", "x-slack-signature":
     "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
     b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
     b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
     b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d"
     b"10d2c447fce8b6703c", 1_531_420_618),
    # github.com/standard-webhooks, the example of its libraries
    ("custom", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
     "webhook-timestamp": "1614265330", "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
     b'{"test": 2432232314}', 1_614_265_330),
]  # fmt: skip


def refusal(provider, secret, headers, body, now_us=NOW_US):
    """Why a delivery is not believed; None where it is."""
    try:
        PROVIDERS[provider].verify(secret, headers, body, now_us)
    except Refused as no:
        assert no.code == "unauthorized"
        return no.reason
    return None


def digest(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sentry(secret, body):
    return {"sentry-hook-signature": digest(secret, body)}


@pytest.mark.parametrize(("provider", "secret", "headers", "body", "seconds"), DOCUMENTED)
def test_the_example_of_each_providers_document_is_believed_and_no_other_secret_or_body(
    provider, secret, headers, body, seconds
):
    now_us = seconds * 1_000_000
    assert refusal(provider, secret, headers, body, now_us) is None
    assert refusal(provider, secret, headers, body + b" ", now_us)
    assert refusal(provider, secret[:-1] + "x", headers, body, now_us)
    assert refusal(provider, secret, {}, body, now_us)


@pytest.mark.parametrize(("provider", "secret", "headers", "body", "seconds"), DOCUMENTED[2:])
@pytest.mark.parametrize(("late_s", "fits"), [(299, True), (-299, True), (301, False), (-301, False), (86_400, False)])
def test_a_signed_time_is_within_five_minutes(provider, secret, headers, body, seconds, late_s, fits):
    assert (refusal(provider, secret, headers, body, (seconds + late_s) * 1_000_000) is None) is fits


@pytest.mark.parametrize("seconds", ["", "soon", "-1", "1e9", "٣", "9" * 13, "1531420618.0"])
def test_a_time_that_is_none_is_refused(seconds):
    headers = {"x-slack-request-timestamp": seconds, "x-slack-signature": "v0=00"}
    assert refusal("slack", "a secret", headers, b"{}")


def test_sentry_signs_the_raw_body_with_the_client_secret():
    assert refusal("sentry", "hush-hush", sentry("hush-hush", b'{"a":1}'), b'{"a":1}') is None
    assert refusal("sentry", "hush-hush", sentry("hush-hush", b'{"a":1}'), b'{"a": 1}')
    assert refusal("sentry", "hush-hush", {"sentry-hook-signature": "sha256=" + digest("hush-hush", b"{}")}, b"{}")


@pytest.mark.parametrize("mark", ["", "sha256="])
def test_anybody_may_sign_the_body_or_the_time_and_the_body(mark):
    seconds = str(NOW_US // 1_000_000)
    plain = {"x-webhook-signature": mark + digest("hush-hush", b"{}")}
    timed = {"x-webhook-signature": mark + digest("hush-hush", f"{seconds}.{{}}".encode()), "x-webhook-timestamp": seconds}
    assert refusal("custom", "hush-hush", plain, b"{}") is None
    assert refusal("custom", "hush-hush", timed, b"{}") is None
    # what was signed without a time is not believed with one, nor the other way round
    assert refusal("custom", "hush-hush", {**plain, "x-webhook-timestamp": seconds}, b"{}")
    assert refusal("custom", "hush-hush", {"x-webhook-signature": timed["x-webhook-signature"]}, b"{}")
    stale = str(NOW_US // 1_000_000 - 301)
    old = {"x-webhook-signature": digest("hush-hush", f"{stale}.{{}}".encode()), "x-webhook-timestamp": stale}
    assert "five minutes" in refusal("custom", "hush-hush", old, b"{}")


def test_what_the_published_library_signs_is_believed_while_secrets_change():
    old, new = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    at = datetime.fromtimestamp(NOW_US / 1e6, UTC)
    signature = standardwebhooks.Webhook(old).sign("msg_1", at, '{"a":1}')
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW_US // 1_000_000), "webhook-signature": signature}
    assert refusal("custom", old, headers, b'{"a":1}') is None
    assert refusal("custom", f"{new} {old}", {**headers, "webhook-signature": f"v1,AAAA v2,x {signature}"}, b'{"a":1}') is None
    assert refusal("custom", new, headers, b'{"a":1}')
    assert refusal("custom", old, {**headers, "webhook-id": "msg_2"}, b'{"a":1}')
    assert refusal("custom", old, {**headers, "webhook-id": ""}, b'{"a":1}')
    assert "secret" in refusal("custom", "no such secret", headers, b'{"a":1}')


NAMES = ("x-hub-signature-256", "x-hub-signature", "x-slack-signature", "x-slack-request-timestamp", "sentry-hook-signature",
         "x-webhook-signature", "x-webhook-timestamp", "webhook-id", "webhook-timestamp", "webhook-signature")  # fmt: skip
LATIN = st.text(st.characters(max_codepoint=255), max_size=80)


@given(st.sampled_from(sorted(PROVIDERS)), st.dictionaries(st.sampled_from(NAMES), LATIN), st.binary(max_size=64))
@settings(max_examples=rounds(100, 5_000))
def test_no_header_of_any_kind_is_believed_or_breaks_anything(provider, headers, body):
    assert refusal(provider, "hush-hush", headers, body)


@given(st.binary(max_size=200), st.integers(0, 63), st.sampled_from("0123456789abcdef"))
@settings(max_examples=rounds(50, 2_000))
def test_a_signature_that_is_wrong_in_one_digit_is_not_believed(body, place, digit):
    right = digest("hush-hush", body)
    wrong = right[:place] + digit + right[place + 1 :]
    fits = refusal("github", "hush-hush", {"x-hub-signature-256": f"sha256={wrong}"}, body) is None
    assert fits is (wrong == right)
